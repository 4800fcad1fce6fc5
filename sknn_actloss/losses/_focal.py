"""Focal loss: of each label on its own, and of one class out of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, logit

from sknn_actloss._numeric import as_floats
from sknn_actloss._sklearn import number
from sknn_actloss.losses._bound import BoundLoss, PlainGradient
from sknn_actloss.losses._numerics import row_dot, row_sum, softplus
from sknn_actloss.losses._probability import (
    BoundProbabilityLoss,
    ProbabilityLoss,
    clipped,
    is_categorical,
    shifted_exponentials,
)


@dataclass(repr=False)
class Focal(ProbabilityLoss):
    r"""Log loss with little weight for what is already predicted well.

    .. math:: \ell(y, p) = -\alpha_y (1 - p_y)^\gamma \log p_y

    for several classes with a softmax output; for two classes and each label, or each class
    against the rest with a logistic output, :math:`p_y` is :math:`p` for positives and
    :math:`1 - p` for negatives. Probabilities are drawn towards one half compared with
    :class:`LogLoss`, which is the case :math:`\gamma = 0`.

    Parameters
    ----------
    gamma : float, default=2.0
        How fast the weight falls with the probability of the true class, in [0, inf).
    alpha : float or sequence of float, default=None
        Weight of positives, in [0, 1]; negatives have one minus that. For several classes with a
        softmax output a number weighs all alike, a sequence has one weight for each class.
        ``None`` is a weight of one throughout.

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár, "Focal loss for dense object
    detection", ICCV 2017.

    Examples
    --------
    >>> from sknn_actloss.losses import Focal
    >>> round(Focal()([0, 1, 1], [0.1, 0.6, 0.9]), 3)
    0.028
    """

    gamma: float = 2.0
    alpha: float | Sequence[float] | None = None

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "gamma": [number(0, None, "left")],
        "alpha": [number(0, 1, "both"), "array-like", None],
    }
    formula: ClassVar[str] = "−α (1 − p)ᵞ log p of the class"
    advice: ClassVar[str] = "rare classes among many easy rows"

    def validate(self) -> None:
        """Check the values of all fields."""
        super().validate()
        if self.alpha is None:
            return
        weights = as_floats(self.alpha)
        if weights is None or weights.ndim > 1 or not np.all((weights >= 0) & (weights < np.inf)):
            raise ValueError(
                f"The 'alpha' parameter of Focal must hold weights in [0, inf); got {self.alpha!r}."
            )

    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return the categorical or the Bernoulli focal loss.

        Raises
        ------
        ValueError
            If there is a weight for each class, but no more than two classes or no softmax.
        """
        if is_categorical(target_kind, output):
            return _CategoricalFocal(self.gamma, self.alpha)
        if self._has_class_weights:
            raise ValueError(
                f"Focal(alpha={self.alpha!r}) has a weight for each class, which takes more than "
                "two classes and a softmax output. Give the weight of positives as a number."
            )
        return _BernoulliFocal(self.gamma, self.alpha)

    @property
    def _has_class_weights(self) -> bool:
        return self.alpha is not None and np.ndim(self.alpha) == 1


@dataclass(repr=False)
class FocalForm(BoundProbabilityLoss, PlainGradient):
    """Base of the two formulas of :class:`Focal`."""

    gamma: float
    alpha: Any


class _BernoulliFocal(FocalForm):
    """Focal loss of each output on its own, a function of ``sign * raw``."""

    link: ClassVar[str] = "logistic"

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        margin = (2 * y - 1) * raw
        return row_sum(self._weight(y) * expit(-margin) ** self.gamma * softplus(-margin))

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        sign = 2 * y - 1
        margin = sign * raw
        wrong = expit(-margin)
        slope = wrong**self.gamma * (self.gamma * expit(margin) * softplus(-margin) + wrong)
        np.multiply(-sign * self._weight(y), slope, out=out)

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from probabilities."""
        return self.value(y, logit(clipped(prediction)))

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative with respect to ``prediction`` to ``out``."""
        p = clipped(prediction)
        self.gradient(y, logit(p), out)
        out /= p * (1 - p)

    def _weight(self, y: np.ndarray) -> np.ndarray | float:
        return 1.0 if self.alpha is None else y * (2 * self.alpha - 1) + (1 - self.alpha)


class _CategoricalFocal(FocalForm):
    """Focal loss of one class out of several."""

    link: ClassVar[str] = "softmax"

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        _, wrong, surprise = _true_class(y, raw)
        return row_sum(self._weight(y) * wrong**self.gamma * surprise)

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        p, wrong, surprise = _true_class(y, raw)
        tiny = np.finfo(p.dtype).tiny
        right = row_dot(y, p)[..., np.newaxis]
        slope = wrong**self.gamma * (1 + self.gamma * right * surprise / np.maximum(wrong, tiny))
        np.multiply(p - y, self._weight(y) * slope, out=out)

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from probabilities."""
        p = clipped(prediction)
        return -row_sum(self._weight(y) * y * (1 - p) ** self.gamma * np.log(p))

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative with respect to ``prediction`` to ``out``."""
        p = clipped(prediction)
        slope = (1 - p) ** self.gamma * (self.gamma * np.log(p) / (1 - p) - 1 / p)
        np.multiply(self._weight(y) * y, slope, out=out)

    def _weight(self, y: np.ndarray) -> np.ndarray | float:
        if self.alpha is None:
            return 1.0
        if np.ndim(self.alpha) == 1 and len(self.alpha) != y.shape[-1]:
            raise ValueError(
                f"Focal(alpha={self.alpha!r}) has {len(self.alpha)} weights for "
                f"{y.shape[-1]} classes; give one for each."
            )
        return row_sum(y * np.asarray(self.alpha, dtype=y.dtype))[..., np.newaxis]


def _true_class(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the softmax; for the true class, one minus its probability and minus its logarithm."""
    shifted, exponentials, total = shifted_exponentials(raw)
    p = exponentials / total
    wrong = row_dot(1 - y, p)[..., np.newaxis]
    likely = -np.log1p(-np.minimum(wrong, 0.5))
    unlikely = np.log(total) - row_dot(y, shifted)[..., np.newaxis]
    return p, wrong, np.where(wrong < 0.5, likely, unlikely)
