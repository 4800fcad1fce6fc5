"""Log loss, or cross-entropy: of each label on its own, and of one class out of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit

from sknn_actloss import kernels
from sknn_actloss._calls import Call, run
from sknn_actloss._numeric import softmax_calls
from sknn_actloss._sklearn import number
from sknn_actloss.losses._bound import BoundLoss, GradientByCalls
from sknn_actloss.losses._numerics import row_dot, row_sum
from sknn_actloss.losses._probability import (
    BoundProbabilityLoss,
    ProbabilityLoss,
    clipped,
    is_categorical,
)


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

    Examples
    --------
    >>> from sknn_actloss.losses import LogLoss
    >>> round(LogLoss()([0, 1, 1], [0.1, 0.6, 0.9]), 3)
    0.241
    """

    label_smoothing: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {"label_smoothing": [number(0, 1, "left")]}
    formula: ClassVar[str] = "−log p of the class"
    advice: ClassVar[str] = "the default: calibrated probabilities"

    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return the categorical or the Bernoulli log loss."""
        form = _Categorical if is_categorical(target_kind, output) else _Bernoulli
        return form(self.label_smoothing)


@dataclass(repr=False)
class LogLossForm(BoundProbabilityLoss, GradientByCalls):
    """Base of the two formulas of :class:`LogLoss`."""

    label_smoothing: float

    def _smooth(self, y: np.ndarray, n_classes: int) -> np.ndarray:
        if _is_off(self.label_smoothing):
            return y
        return y * (1 - self.label_smoothing) + self.label_smoothing / n_classes

    def _residual_calls(self, y: np.ndarray, out: np.ndarray, n_classes: int) -> list[Call]:
        """Return the calls that subtract targets from the probabilities in ``out``."""
        if _is_off(self.label_smoothing):
            return kernels.residual(out, y, out)
        return [(lambda: np.subtract(out, self._smooth(y, n_classes), out), ())]


class _Bernoulli(LogLossForm):
    """Log loss of each output on its own."""

    link: ClassVar[str] = "logistic"

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        return _losses_by(kernels.binary_log_loss, self._smooth(y, 2), raw)

    def value_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls of :meth:`value`."""
        if _is_off(self.label_smoothing):
            return kernels.binary_log_loss(raw, y, out)
        return super().value_calls(y, raw, out)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls of :meth:`gradient`."""
        return [(expit, (raw, out)), *self._residual_calls(y, out, 2)]

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from probabilities."""
        y, p = self._smooth(y, 2), clipped(prediction)
        return -row_sum(y * np.log(p) + (1 - y) * np.log1p(-p))

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative with respect to ``prediction`` to ``out``."""
        y, p = self._smooth(y, 2), clipped(prediction)
        np.divide(p - y, p * (1 - p), out=out)


class _Categorical(LogLossForm):
    """Log loss of one class out of several."""

    link: ClassVar[str] = "softmax"

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        return _losses_by(kernels.log_loss, self._smooth(y, y.shape[-1]), raw)

    def value_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls of :meth:`value`."""
        if _is_off(self.label_smoothing):
            return kernels.log_loss(raw, y, out)
        return super().value_calls(y, raw, out)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls of :meth:`gradient`."""
        return self.noting_calls(y, raw, np.empty_like(raw, shape=raw.shape[:-1]), out)

    def noting_calls(
        self, y: np.ndarray, raw: np.ndarray, notes: np.ndarray, out: np.ndarray
    ) -> list[Call]:
        """Return the calls of :meth:`gradient`, which note the sums of exponentials."""
        if _is_off(self.label_smoothing):
            return kernels.softmax_residual(raw, y, notes, out)
        return [*softmax_calls(raw, out), *self._residual_calls(y, out, y.shape[-1])]

    def noted_value_calls(
        self, y: np.ndarray, raw: np.ndarray, notes: np.ndarray, out: np.ndarray
    ) -> list[Call]:
        """Return the calls of :meth:`value`, given the sums of exponentials."""
        if _is_off(self.label_smoothing):
            return kernels.log_loss_by_totals(raw, y, notes, out)
        return self.value_calls(y, raw, out)

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from probabilities."""
        return -row_dot(np.log(clipped(prediction)), self._smooth(y, y.shape[-1]))

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative with respect to ``prediction`` to ``out``."""
        np.divide(-self._smooth(y, y.shape[-1]), clipped(prediction), out=out)


def _losses_by(kernel: Callable[..., list[Call]], y: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """Return the losses of rows by a kernel, which spoils a copy of raw outputs."""
    losses = np.empty_like(raw, shape=raw.shape[:-1])
    run(kernel(raw.copy(), y, losses))
    return losses


def _is_off(strength: float | np.ndarray) -> bool:
    return not isinstance(strength, np.ndarray) and strength == 0
