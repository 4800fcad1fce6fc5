"""Losses of probabilities: log loss and focal loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit, logit

from sknn_actloss._calls import Call, run
from sknn_actloss._interval import OPEN_UNIT, UNIT, Interval
from sknn_actloss._numeric import softmax_calls
from sknn_actloss._sklearn import number
from sknn_actloss.losses._base import PROBABILITY_OUTPUT, Loss, LossFamily
from sknn_actloss.losses._numerics import row_dot, row_max, row_sum, softplus


class ProbabilityLoss(LossFamily):
    """Base of losses of probabilities, with formulas for one label and for several classes."""

    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})
    probabilistic: ClassVar[bool] = True

    @property
    def target_domain(self) -> Interval:
        """Zero and one, and probabilities between."""
        return UNIT

    @property
    def prediction_domain(self) -> Interval:
        """Probabilities other than zero and one."""
        return OPEN_UNIT

    def natural_output(self, target_kind: str) -> str:
        """Return the logistic for labels, the softmax for classes."""
        return PROBABILITY_OUTPUT[target_kind]


def _is_categorical(target_kind: str, output: str) -> bool:
    return target_kind == "multiclass" and output != "logistic"


def _is_off(strength: float | np.ndarray) -> bool:
    return not isinstance(strength, np.ndarray) and strength == 0


def _clip(probability: np.ndarray) -> np.ndarray:
    eps = np.finfo(probability.dtype).eps
    return np.clip(probability, eps, 1 - eps)


@dataclass(repr=False)
class LogLoss(ProbabilityLoss):
    r"""Negative log-likelihood of the classes, also known as cross-entropy.

    .. math:: \ell(y, p) = -\log p_y

    for several classes with a softmax output, and for two classes and each label, or each class
    against the rest with a logistic output,

    .. math:: \ell(y, p) = -y \log p - (1 - y) \log(1 - p).

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Share of the target that is spread evenly over the classes, in [0, 1); a label counts as
        two classes.

    References
    ----------
    C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, "Rethinking the Inception
    architecture for computer vision", CVPR 2016, section 7, for label smoothing.
    """

    label_smoothing: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {"label_smoothing": [number(0, 1, "left")]}
    formula: ClassVar[str] = "−log p of the class"
    advice: ClassVar[str] = "the default: calibrated probabilities"

    def for_targets(self, target_kind: str, output: str) -> Loss:
        """Return the categorical or the Bernoulli log loss."""
        form = _Categorical if _is_categorical(target_kind, output) else _Bernoulli
        return form(self.label_smoothing)

    def _smooth(self, y: np.ndarray, n_classes: int) -> np.ndarray:
        if _is_off(self.label_smoothing):
            return y
        return y * (1 - self.label_smoothing) + self.label_smoothing / n_classes

    def _residual_calls(self, y: np.ndarray, out: np.ndarray, n_classes: int) -> list[Call]:
        """Return the calls that subtract targets from the probabilities in ``out``."""
        if _is_off(self.label_smoothing):
            return [(np.subtract, (out, y, out))]
        return [(lambda: np.subtract(out, self._smooth(y, n_classes), out), ())]


class _Bernoulli(LogLoss):
    """Log loss of each output on its own."""

    link: ClassVar[str] = "logistic"

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        y = self._smooth(y, 2)
        # The linear part comes first: what is left of it is exact, and log1p keeps the tail.
        return row_sum(np.maximum(raw, 0) - y * raw + np.log1p(np.exp(-np.abs(raw))))

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative by ``raw`` to ``out``."""
        run(_Bernoulli.gradient_calls(self, y, raw, out))

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls of :meth:`gradient`."""
        return [(expit, (raw, out)), *self._residual_calls(y, out, 2)]

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from probabilities."""
        y, p = self._smooth(y, 2), _clip(prediction)
        return -row_sum(y * np.log(p) + (1 - y) * np.log1p(-p))

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative by ``prediction`` to ``out``."""
        y, p = self._smooth(y, 2), _clip(prediction)
        np.divide(p - y, p * (1 - p), out=out)


class _Categorical(LogLoss):
    """Log loss of one class out of several."""

    link: ClassVar[str] = "softmax"

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        shifted, _, total = _exponentials(raw)
        return np.log(total[..., 0]) - row_dot(shifted, self._smooth(y, y.shape[-1]))

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative by ``raw`` to ``out``."""
        run(_Categorical.gradient_calls(self, y, raw, out))

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls of :meth:`gradient`."""
        return [*softmax_calls(raw, out), *self._residual_calls(y, out, y.shape[-1])]

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from probabilities."""
        return -row_dot(np.log(_clip(prediction)), self._smooth(y, y.shape[-1]))

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative by ``prediction`` to ``out``."""
        np.divide(-self._smooth(y, y.shape[-1]), _clip(prediction), out=out)


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
        if self._has_class_weights:
            weights = np.asarray(self.alpha, dtype=float)
            if not (np.all(weights >= 0) and np.all(np.isfinite(weights))):
                raise ValueError(
                    f"The 'alpha' parameter of Focal must hold weights in [0, inf); "
                    f"got {self.alpha!r}."
                )

    def for_targets(self, target_kind: str, output: str) -> Loss:
        """Return the categorical or the Bernoulli focal loss."""
        if _is_categorical(target_kind, output):
            return _CategoricalFocal(self.gamma, self.alpha)
        if self._has_class_weights:
            raise ValueError(
                f"Focal(alpha={self.alpha!r}) has a weight for each class, which takes more than "
                "two classes and a softmax output. Give the weight of positives as a number."
            )
        return _BernoulliFocal(self.gamma, self.alpha)

    @property
    def _has_class_weights(self) -> bool:
        return np.ndim(self.alpha) == 1


class _BernoulliFocal(Focal):
    """Focal loss of each output on its own, a function of ``sign * raw``."""

    link: ClassVar[str] = "logistic"

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        margin = (2 * y - 1) * raw
        return row_sum(self._weight(y) * expit(-margin) ** self.gamma * softplus(-margin))

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative by ``raw`` to ``out``."""
        sign = 2 * y - 1
        margin = sign * raw
        wrong = expit(-margin)
        slope = wrong**self.gamma * (self.gamma * expit(margin) * softplus(-margin) + wrong)
        np.multiply(-sign * self._weight(y), slope, out=out)

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from probabilities."""
        return self.value(y, logit(_clip(prediction)))

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative by ``prediction`` to ``out``."""
        p = _clip(prediction)
        self.gradient(y, logit(p), out)
        out /= p * (1 - p)

    def _weight(self, y: np.ndarray) -> np.ndarray | float:
        return 1.0 if self.alpha is None else y * (2 * self.alpha - 1) + (1 - self.alpha)


class _CategoricalFocal(Focal):
    """Focal loss of one class out of several."""

    link: ClassVar[str] = "softmax"

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        _, wrong, surprise = _true_class(y, raw)
        return row_sum(self._weight(y) * wrong**self.gamma * surprise)

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative by ``raw`` to ``out``."""
        p, wrong, surprise = _true_class(y, raw)
        tiny = np.finfo(p.dtype).tiny
        right = row_dot(y, p)[..., np.newaxis]
        slope = wrong**self.gamma * (1 + self.gamma * right * surprise / np.maximum(wrong, tiny))
        np.multiply(p - y, self._weight(y) * slope, out=out)

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from probabilities."""
        p = _clip(prediction)
        return -row_sum(self._weight(y) * y * (1 - p) ** self.gamma * np.log(p))

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative by ``prediction`` to ``out``."""
        p = _clip(prediction)
        slope = (1 - p) ** self.gamma * (self.gamma * np.log(p) / (1 - p) - 1 / p)
        np.multiply(self._weight(y) * y, slope, out=out)

    def _weight(self, y: np.ndarray) -> np.ndarray | float:
        if self.alpha is None:
            return 1.0
        if self._has_class_weights and len(self.alpha) != y.shape[-1]:
            raise ValueError(
                f"Focal(alpha={self.alpha!r}) has {len(self.alpha)} weights for "
                f"{y.shape[-1]} classes; give one for each."
            )
        return row_sum(y * np.asarray(self.alpha, dtype=y.dtype))[..., np.newaxis]


def _true_class(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the softmax; for the true class, one minus its probability and minus its logarithm."""
    shifted, exponentials, total = _exponentials(raw)
    p = exponentials / total
    wrong = row_dot(1 - y, p)[..., np.newaxis]
    likely = -np.log1p(-np.minimum(wrong, 0.5))
    unlikely = np.log(total) - row_dot(y, shifted)[..., np.newaxis]
    return p, wrong, np.where(wrong < 0.5, likely, unlikely)


def _exponentials(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``raw`` less its maximum, the exponential of that, and the sum of it by rows."""
    shifted = raw - row_max(raw)
    exponentials = np.exp(shifted)
    return shifted, exponentials, row_sum(exponentials)[..., np.newaxis]
