"""The contract of a loss bound to its targets: value, derivative, and what goes with them."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss._component import Component
from sknn_actloss._interval import REALS, Interval
from sknn_actloss.losses._heads import Head


class BoundLoss(Component):
    """Base of what training minimises.

    Encoded targets ``y`` have shape ``(batch, n_targets)``, raw outputs and predictions
    ``(n_members, batch, n_outputs)``, with ``outputs_per_target`` outputs for each column of the
    targets; every method also takes ``raw`` without the axis of members, and reduces over the
    last axis only. Losses sum over outputs; their callers average over rows. Hyperparameters are
    numbers, or arrays of shape ``(n_members, 1, 1)`` where the members of a stack differ. Arrays
    may be stored in any order; training stores them output by output.

    *Raw* outputs are those of the last linear layer; a *prediction* is the output activation of
    them. :meth:`value` and :meth:`gradient` take raw outputs through the activation named by
    ``link``, fused and stable; :meth:`value_of_prediction` and :meth:`gradient_of_prediction`
    serve every other output activation by the chain rule. A loss whose link is the identity
    defines the first pair only.

    Attributes
    ----------
    link : {"identity", "logistic", "softmax", "exp", "softplus"}
        Canonical name of the output activation that :meth:`value` and :meth:`gradient` include.
    encoding : (float, float)
        How training encodes the two states of a class or label: (0, 1) or (-1, 1).
    outputs_per_target : int
        How many raw outputs a column of the targets needs; the head says which of them, or what
        of them, is the prediction.
    target_domain : Interval
        Where targets may lie.
    prediction_domain : Interval
        Where predictions must lie; the range of the output activation has to be within.
    head : Head
        Reads predictions, probabilities, quantiles or variances from activated outputs.
    takes_shifts : bool
        Whether targets may be shifted and scaled, as ``target_scaling`` does: not where a loss
        goes by their zero.

    See Also
    --------
    LossSpec : What is bound to targets.
    """

    link: ClassVar[str] = "identity"
    encoding: ClassVar[tuple[float, float]] = (0.0, 1.0)
    outputs_per_target: ClassVar[int] = 1

    @property
    def target_domain(self) -> Interval:
        """Where targets may lie."""
        return REALS

    @property
    def prediction_domain(self) -> Interval:
        """Where predictions must lie."""
        return REALS

    @property
    def head(self) -> Head:
        """What reads predictions from activated outputs."""
        return Head()

    @property
    def takes_shifts(self) -> bool:
        """Whether targets may be shifted and scaled."""
        return self.link == "identity" and self.target_domain == REALS

    @abstractmethod
    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row, shape ``(n_members, batch)``.

        Parameters
        ----------
        y : ndarray of shape (batch, n_targets)
            Encoded targets.
        raw : ndarray of shape (n_members, batch, n_outputs)
            Raw outputs.

        Returns
        -------
        losses : ndarray of shape (n_members, batch)
            Summed over outputs.
        """

    def value_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return :meth:`value` for these arrays as calls bound to them.

        Parameters
        ----------
        y : ndarray of shape (batch, n_targets)
            Encoded targets.
        raw : ndarray of shape (n_members, batch, n_outputs)
            Raw outputs, which the calls may spoil.
        out : ndarray of shape (n_members, batch)
            Receives the loss of each row.

        Returns
        -------
        calls : list of (callable, tuple)
            Functions and their arguments, in the order of the calls.
        """
        return [(lambda: np.copyto(out, self.value(y, raw)), ())]

    @abstractmethod
    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative of :meth:`value` with respect to ``raw`` to ``out``.

        Parameters
        ----------
        y : ndarray of shape (batch, n_targets)
            Encoded targets.
        raw : ndarray of shape (n_members, batch, n_outputs)
            Raw outputs.
        out : ndarray of shape (n_members, batch, n_outputs)
            Receives the derivative.
        """

    @abstractmethod
    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return :meth:`gradient` for these arrays as calls bound to them.

        Parameters
        ----------
        y : ndarray of shape (batch, n_targets)
            Encoded targets.
        raw : ndarray of shape (n_members, batch, n_outputs)
            Raw outputs.
        out : ndarray of shape (n_members, batch, n_outputs)
            Receives the derivative.

        Returns
        -------
        calls : list of (callable, tuple)
            Functions and their arguments, in the order of the calls.
        """

    def noting_calls(
        self, y: np.ndarray, raw: np.ndarray, notes: np.ndarray, out: np.ndarray
    ) -> list[Call]:
        """Return :meth:`gradient_calls`, which may leave to the losses what both of them need.

        Parameters
        ----------
        y : ndarray of shape (batch, n_targets)
            Encoded targets.
        raw : ndarray of shape (n_members, batch, n_outputs)
            Raw outputs.
        notes : ndarray of shape (n_members, batch)
            Receives a number of each row for :meth:`noted_value_calls`, or stays as it is.
        out : ndarray of shape (n_members, batch, n_outputs)
            Receives the derivative.

        Returns
        -------
        calls : list of (callable, tuple)
            Functions and their arguments, in the order of the calls.
        """
        return self.gradient_calls(y, raw, out)

    def noted_value_calls(
        self, y: np.ndarray, raw: np.ndarray, notes: np.ndarray, out: np.ndarray
    ) -> list[Call]:
        """Return :meth:`value_calls`, given what :meth:`noting_calls` have left for the rows.

        Parameters
        ----------
        y : ndarray of shape (batch, n_targets)
            Encoded targets.
        raw : ndarray of shape (n_members, batch, n_outputs)
            Raw outputs, which the calls may spoil.
        notes : ndarray of shape (n_members, batch)
            A number of each row.
        out : ndarray of shape (n_members, batch)
            Receives the loss of each row.

        Returns
        -------
        calls : list of (callable, tuple)
            Functions and their arguments, in the order of the calls.
        """
        return self.value_calls(y, raw, out)

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from activated outputs.

        Parameters
        ----------
        y : ndarray of shape (batch, n_targets)
            Encoded targets.
        prediction : ndarray of shape (n_members, batch, n_outputs)
            Activated outputs.

        Returns
        -------
        losses : ndarray of shape (n_members, batch)
            Summed over outputs.
        """
        return self.value(y, prediction)

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative of :meth:`value_of_prediction` with respect to ``prediction``.

        Parameters
        ----------
        y : ndarray of shape (batch, n_targets)
            Encoded targets.
        prediction : ndarray of shape (n_members, batch, n_outputs)
            Activated outputs.
        out : ndarray of shape (n_members, batch, n_outputs)
            Receives the derivative.
        """
        self.gradient(y, prediction, out)

    def check(self, y: np.ndarray, prediction: np.ndarray) -> None:
        """Check the formulas on a few encoded targets and predictions, before training.

        Parameters
        ----------
        y, prediction : ndarray of shape (n_probes, n_outputs), float64
            Encoded targets and predictions that the output activation can give.

        Raises
        ------
        ValueError
            If a formula does not meet the contract; the message says how to mend it.
        """
        shape = np.shape(self.value_of_prediction(y, prediction[None]))
        if shape != (1, len(y)):
            raise ValueError(
                f"{type(self).__name__} must give one value for each row, shape (n_members, "
                f"n_rows) = {(1, len(y))}; got {shape}. Sum over the last axis only."
            )

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray | None:
        """Return the constant prediction of each output to start from, shape ``(n_outputs,)``.

        ``None`` leaves the output biases as the initializer drew them.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_targets)
            Encoded targets of all rows to learn from.
        sample_weight : ndarray of shape (n_samples,)
            Their weights.

        Returns
        -------
        prediction : ndarray of shape (n_outputs,) or None
            The constants.
        """
        return None


class PlainGradient(
    BoundLoss, final=("gradient_calls",), instead="write gradient, or extend GradientByCalls"
):
    """Base of losses whose derivative is given by :meth:`gradient`."""

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return :meth:`gradient` for these arrays as one call."""
        return [(self.gradient, (y, raw, out))]


class GradientByCalls(
    BoundLoss, final=("gradient",), instead="extend Loss and write value and gradient"
):
    """Base of losses whose derivative is given by calls bound to their arrays in advance."""

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Make the calls of :meth:`gradient_calls`."""
        run(self.gradient_calls(y, raw, out))
