"""Losses with one formula for all targets: the base of users' own losses, and its head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss.losses._bound import BoundLoss, PlainGradient
from sknn_actloss.losses._heads import Head, ProbabilityHead
from sknn_actloss.losses._spec import LossSpec


class SelfBoundLoss(LossSpec, BoundLoss):
    """Base of losses with one formula for all targets: each is its own bound loss."""

    @property
    def head_kind(self) -> type[Head]:  # type: ignore[override]
        """Class of :attr:`head`."""
        return type(self.head)

    def natural_output(self, target_kind: str) -> str:
        """Return the link."""
        return self.link

    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return the loss itself."""
        return self


class Loss(SelfBoundLoss, PlainGradient):
    """Base of users' own losses, given by ``value`` and ``gradient``.

    Both take encoded targets ``(batch, n_targets)`` and raw outputs ``(n_members, batch,
    n_outputs)`` or ``(batch, n_outputs)``; see :class:`BoundLoss` for what else may be defined.
    :meth:`point`, :meth:`variance` and :meth:`probabilities` say how to read activated outputs;
    a loss of several quantiles returns a :class:`QuantileHead` from ``head`` instead.

    Attributes
    ----------
    probabilistic : bool
        Whether :meth:`probabilities` turns predictions into probabilities.
    """

    probabilistic: ClassVar[bool] = False

    @property
    def head(self) -> Head:
        """What reads predictions from activated outputs by the methods of this loss."""
        return OwnProbabilityHead(self) if self.probabilistic else OwnHead(self)

    def point(self, prediction: np.ndarray) -> np.ndarray:
        """Turn activated outputs (..., n_outputs) into predicted targets (..., n_targets).

        Parameters
        ----------
        prediction : ndarray of shape (..., n_outputs)
            Activated outputs.

        Returns
        -------
        prediction : ndarray of shape (..., n_targets)
            Predicted targets.
        """
        return prediction

    def variance(self, prediction: np.ndarray) -> np.ndarray | None:
        """Return the variance of each target, (..., n_targets), ``None`` where it is unknown.

        Parameters
        ----------
        prediction : ndarray of shape (..., n_outputs)
            Activated outputs.

        Returns
        -------
        variance : ndarray of shape (..., n_targets) or None
            Variance of each target.
        """
        return None

    def probabilities(self, prediction: np.ndarray) -> np.ndarray:
        """Turn predictions into the probability of each output's positive state.

        Parameters
        ----------
        prediction : ndarray of shape (..., n_outputs)
            Activated outputs.

        Returns
        -------
        probabilities : ndarray of shape (..., n_outputs)
            Of the positive state of each output.
        """
        return prediction


@dataclass(frozen=True)
class OwnHead(Head):
    """Reads outputs by the methods of a user's loss.

    Parameters
    ----------
    loss : Loss
        The loss.
    """

    loss: Loss

    def point(self, outputs: np.ndarray) -> np.ndarray:
        """Return predicted targets, (..., n_targets)."""
        return self.loss.point(outputs)

    def variance(self, outputs: np.ndarray) -> np.ndarray | None:
        """Return the variance of each target, (..., n_targets), ``None`` where it is unknown."""
        return self.loss.variance(outputs)


class OwnProbabilityHead(OwnHead, ProbabilityHead):
    """Reads probabilities as well."""

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return probabilities, (..., n_outputs)."""
        return self.loss.probabilities(outputs)
