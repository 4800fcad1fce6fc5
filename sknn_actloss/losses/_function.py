"""A user's own function as a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss._probes import check_elementwise, check_shape, complex_step
from sknn_actloss.losses._bound import BoundLoss, PlainGradient
from sknn_actloss.losses._numerics import row_sum
from sknn_actloss.losses._spec import PROBABILITY_OUTPUT, LossSpec

Elementwise = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(repr=False)
class FunctionLoss(LossSpec):
    """A loss from a plain function of targets and predictions.

    Parameters
    ----------
    value : callable
        ``value(y, p)`` takes encoded targets and activated outputs, both of shape
        ``(n_rows, n_outputs)``, and returns the loss of each element in the same shape. Classes
        are encoded as zeros and ones, one column each unless there are two.
    gradient : callable, default=None
        The derivative of ``value`` with respect to ``p``, element by element and with the same
        arguments.
        ``None`` takes it by complex step, for which ``value`` must be analytic and take complex
        numbers: NumPy's arithmetic, ``exp``, ``log``, ``where`` and ``maximum`` are fine, ``abs``
        is not. Estimators check it before they train.

    Notes
    -----
    Targets are read-only for the functions. To be pickled with a fitted estimator, the functions
    have to be importable: lambdas are not.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.losses import FunctionLoss
    >>> def cauchy(y, p):
    ...     return np.log1p((p - y) ** 2)
    >>> FunctionLoss(cauchy)([0.0, 1.0], [0.0, 2.0])
    0.34657359027997264
    """

    value: Elementwise
    gradient: Elementwise | None = None

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "value": [callable],
        "gradient": [callable, None],
    }
    tasks: ClassVar[frozenset[str]] = frozenset({"regression", "classification"})
    formula: ClassVar[str] = "value(y, p)"
    advice: ClassVar[str] = "whatever the others lack"

    def natural_output(self, target_kind: str) -> str:
        """Return the identity for numbers, the logistic or softmax for classes."""
        return PROBABILITY_OUTPUT[target_kind]

    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return the loss that applies the functions."""
        return _ElementwiseLoss(self.value, self.gradient)


@dataclass(repr=False)
class _ElementwiseLoss(PlainGradient):
    """Runs a user's functions on the rows of all members at once."""

    function: Elementwise
    derivative: Elementwise | None

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        return row_sum(self._apply(self.function, "value", y, raw))

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        if self.derivative is None:
            out[...] = self._apply(self._complex_step, "value", y, raw)
        else:
            out[...] = self._apply(self.derivative, "gradient", y, raw)

    def check(self, y: np.ndarray, prediction: np.ndarray) -> None:
        """Check that the functions are elementwise, and the complex step of ``value``."""
        y = np.broadcast_to(y, prediction.shape)
        check_elementwise(
            lambda p: self.function(y, p),
            prediction,
            self.derivative and (lambda p: self.derivative(y, p)),
            f"The loss {getattr(self.function, '__name__', self.function)}",
            "FunctionLoss(value, gradient=...)",
        )

    def _complex_step(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        return complex_step(lambda p: self.function(y, p), prediction)

    def _apply(
        self, function: Elementwise, name: str, y: np.ndarray, prediction: np.ndarray
    ) -> np.ndarray:
        shape = (-1, prediction.shape[-1])
        # The function gets a copy, in case that it works in place.
        rows = prediction.reshape(shape).copy()
        targets = np.broadcast_to(y, prediction.shape).reshape(shape)
        result = np.asarray(function(targets, rows))
        check_shape(result, rows.shape, f"{name}(y, p) of FunctionLoss")
        return result.astype(prediction.dtype, copy=False).reshape(prediction.shape)
