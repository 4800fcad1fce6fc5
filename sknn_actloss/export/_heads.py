"""What heads read from activated outputs, one class for each of theirs."""

from __future__ import annotations

from typing import Any

import numpy as np

from sknn_actloss.export._refusal import refusal
from sknn_actloss.export._values import (
    Value,
    columns,
    exp,
    hypot,
    logistic,
    minimum,
    sort,
)
from sknn_actloss.losses import (
    GaussianHead,
    Head,
    Loss,
    ProbabilityHead,
    QuantileHead,
)
from sknn_actloss.losses._base import OwnHead, OwnProbabilityHead
from sknn_actloss.losses._margin import HalfLogOddsHead


class PlainReading:
    """Predictions and probabilities that are the outputs.

    Parameters
    ----------
    head : Head
    """

    def __init__(self, head: Any) -> None:
        self.head = head

    def point(self, outputs: Value) -> Value:
        """Return the prediction of each target."""
        return outputs

    def deviation(self, outputs: Value) -> Value | None:
        """Return the standard deviation of each target, ``None`` where it is unknown."""
        return None

    def probabilities(self, outputs: Value) -> Value:
        """Return the probability of each output's positive state."""
        return outputs


class HalfLogOddsReading(PlainReading):
    """Probabilities from outputs that are half the logarithm of the odds."""

    def probabilities(self, outputs: Value) -> Value:
        """Return the probability of each output's positive state."""
        return logistic(2.0 * outputs)


class QuantileReading(PlainReading):
    """Several quantiles of each target."""

    @property
    def n_levels(self) -> int:
        """Number of quantiles of a target."""
        return len(self.head.levels)

    def quantiles(self, outputs: Value) -> Value:
        """Return the quantiles of each target, ascending."""
        return sort(outputs, self.n_levels)

    def point(self, outputs: Value) -> Value:
        """Return the medians."""
        median = int(np.abs(np.array(self.head.levels) - 0.5).argmin())
        return columns(self.quantiles(outputs), np.arange(median, outputs.width, self.n_levels))


class GaussianReading(PlainReading):
    """Mean and variance of each target."""

    def point(self, outputs: Value) -> Value:
        """Return the means."""
        return columns(outputs, np.arange(0, outputs.width, 2))

    def deviation(self, outputs: Value) -> Value:
        """Return the standard deviations, the largest number at most."""
        halves = columns(outputs, np.arange(1, outputs.width, 2)) / 2.0
        highest = np.log(np.finfo(outputs.dtype).max) - 1
        return hypot(exp(minimum(halves, highest)), np.sqrt(self.head.min_variance))


class OwnReading(PlainReading):
    """What the methods of a loss read, as long as they are those of its base."""

    def point(self, outputs: Value) -> Value:
        """Return the outputs."""
        self._check("point")
        return outputs

    def deviation(self, outputs: Value) -> None:
        """Return ``None``."""
        self._check("variance")
        self._check("deviation")

    def probabilities(self, outputs: Value) -> Value:
        """Return the outputs."""
        self._check("probabilities")
        return outputs

    def _check(self, name: str) -> None:
        loss = self.head.loss
        if getattr(type(loss), name, None) is not getattr(Loss, name, None):
            raise refusal(f"The method {name} of the loss {loss!r}", "a loss of the package")


READINGS: dict[type[Head], type[PlainReading]] = {
    Head: PlainReading,
    ProbabilityHead: PlainReading,
    HalfLogOddsHead: HalfLogOddsReading,
    QuantileHead: QuantileReading,
    GaussianHead: GaussianReading,
    OwnHead: OwnReading,
    OwnProbabilityHead: OwnReading,
}


def reading_of(head: Head) -> Any:
    """Return what reads values as a head reads outputs.

    Raises
    ------
    NotImplementedError
        If the head is a user's own.
    """
    reading = READINGS.get(type(head))
    if reading is None:
        raise refusal(f"The head {head!r}", "a loss of the package")
    return reading(head)
