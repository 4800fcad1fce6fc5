"""Heads: what predictions, probabilities, quantiles and variances are read from outputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sknn_actloss._docs import inherit_docs
from sknn_actloss._numeric import constant

MEDIAN = 0.5


@dataclass(frozen=True)
class Head:
    """Reads a prediction for each target from activated outputs, which it is by itself.

    Outputs have shape ``(n_members, n_rows, n_outputs)`` or come without the axis of members;
    only the last axis is worked on. What else a head gives is told by its class.

    See Also
    --------
    sknn_actloss.losses.BoundLoss : Has a head.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.losses import Head
    >>> Head().point(np.array([[1.0], [2.0]])).tolist()
    [[1.0], [2.0]]
    """

    def point(self, outputs: np.ndarray) -> np.ndarray:
        """Return predicted targets, (..., n_targets).

        Parameters
        ----------
        outputs : ndarray of shape (..., n_outputs)
            Activated outputs.

        Returns
        -------
        prediction : ndarray of shape (..., n_targets)
            Predicted targets.
        """
        return outputs

    def variance(self, outputs: np.ndarray) -> np.ndarray | None:
        """Return the variance of each target, (..., n_targets), ``None`` where it is unknown.

        Parameters
        ----------
        outputs : ndarray of shape (..., n_outputs)
            Activated outputs.

        Returns
        -------
        variance : ndarray of shape (..., n_targets) or None
            Variance of each target.
        """
        return None

    def deviation(self, outputs: np.ndarray) -> np.ndarray | None:
        """Return the root of the variance, which a head may know where that overflows.

        Parameters
        ----------
        outputs : ndarray of shape (..., n_outputs)
            Activated outputs.

        Returns
        -------
        deviation : ndarray of shape (..., n_targets) or None
            Standard deviation of each target.
        """
        variance = self.variance(outputs)
        return None if variance is None else np.sqrt(variance)


@inherit_docs
class ProbabilityHead(Head):
    """Gives the probability of the positive state of each class or label.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.losses import ProbabilityHead
    >>> ProbabilityHead().probabilities(np.array([[0.2], [0.9]])).tolist()
    [[0.2], [0.9]]
    """

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return probabilities, (..., n_outputs).

        Parameters
        ----------
        outputs : ndarray of shape (..., n_outputs)
            Activated outputs.

        Returns
        -------
        probabilities : ndarray of shape (..., n_outputs)
            Of the positive state of each output.
        """
        return outputs


@inherit_docs
@dataclass(frozen=True)
class QuantileHead(Head):
    """Gives several quantiles of each target, and their median as the prediction.

    Parameters
    ----------
    levels : tuple of float
        Levels of the outputs of a target, ascending, with the median among them.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.losses import QuantileHead
    >>> QuantileHead((0.1, 0.5, 0.9)).point(np.array([[1.0, 3.0, 2.0]])).tolist()
    [[2.0]]
    """

    levels: tuple[float, ...]

    def quantiles(self, outputs: np.ndarray) -> np.ndarray:
        """Return sorted quantiles of each target, (..., n_targets, n_levels).

        Parameters
        ----------
        outputs : ndarray of shape (..., n_outputs)
            Activated outputs.

        Returns
        -------
        quantiles : ndarray of shape (..., n_targets, n_levels)
            In ascending order.
        """
        return np.sort(by_target(outputs, len(self.levels)), axis=-1)

    def point(self, outputs: np.ndarray) -> np.ndarray:
        """Return the medians, (..., n_targets)."""
        return self.quantiles(outputs)[..., int(np.argmax(is_median(np.array(self.levels))))]


@inherit_docs
@dataclass(frozen=True)
class GaussianHead(Head):
    """Gives mean and variance of each target, whose outputs are the mean and ``log(variance)``.

    Parameters
    ----------
    min_variance : float
        What is added to the variance.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.losses import GaussianHead
    >>> GaussianHead(0.0).deviation(np.array([[1.0, 0.0]])).tolist()
    [[1.0]]
    """

    min_variance: float

    def point(self, outputs: np.ndarray) -> np.ndarray:
        """Return the means, (..., n_targets)."""
        return outputs[..., ::2]

    def variance(self, outputs: np.ndarray) -> np.ndarray:
        """Return the variances, (..., n_targets)."""
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(outputs[..., 1::2]) + constant(self.min_variance, outputs.dtype)

    def deviation(self, outputs: np.ndarray) -> np.ndarray:
        """Return the standard deviations, the largest number at most."""
        highest = np.log(np.finfo(outputs.dtype).max) - 1
        floor = constant(np.sqrt(self.min_variance), outputs.dtype)
        with np.errstate(under="ignore"):
            return np.hypot(np.exp(np.minimum(outputs[..., 1::2] / 2, highest)), floor)


def by_target(outputs: np.ndarray, outputs_per_target: int) -> np.ndarray:
    """Return a view of outputs of shape (..., n_targets, outputs_per_target)."""
    return outputs.reshape(*outputs.shape[:-1], -1, outputs_per_target)


def is_median(levels: np.ndarray) -> np.ndarray:
    """Return which of the levels is the median, up to rounding."""
    return np.isclose(levels, MEDIAN, rtol=0, atol=1e-9)
