"""What losses of probabilities share: domains, head, clipping and stable logarithms."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sknn_actloss._interval import OPEN_UNIT, UNIT, Interval
from sknn_actloss.losses._bound import BoundLoss
from sknn_actloss.losses._heads import Head, ProbabilityHead
from sknn_actloss.losses._numerics import row_max, row_sum
from sknn_actloss.losses._spec import PROBABILITY_OUTPUT, LossSpec


class ProbabilityLoss(LossSpec):
    """Base of losses of probabilities, with formulas for one label and for several classes."""

    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})
    head_kind: ClassVar[type[Head]] = ProbabilityHead

    def natural_output(self, target_kind: str) -> str:
        """Return the logistic for labels, the softmax for classes."""
        return PROBABILITY_OUTPUT[target_kind]


class BoundProbabilityLoss(BoundLoss):
    """Base of their formulas for one label or for several classes."""

    @property
    def head(self) -> Head:
        """What reads probabilities."""
        return ProbabilityHead()

    @property
    def target_domain(self) -> Interval:
        """Zero and one, and probabilities between."""
        return UNIT

    @property
    def prediction_domain(self) -> Interval:
        """Probabilities other than zero and one."""
        return OPEN_UNIT


def is_categorical(target_kind: str, output: str) -> bool:
    """Whether probabilities are those of one class out of several."""
    return target_kind == "multiclass" and output != "logistic"


def clipped(probability: np.ndarray) -> np.ndarray:
    """Return probabilities whose logarithms are finite, also of one minus them."""
    eps = np.finfo(probability.dtype).eps
    return np.clip(probability, eps, 1 - eps)


def shifted_exponentials(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``raw`` less its maximum, the exponential of that, and the sum of it by rows."""
    shifted = raw - row_max(raw)
    exponentials = np.exp(shifted)
    return shifted, exponentials, row_sum(exponentials)[..., np.newaxis]
