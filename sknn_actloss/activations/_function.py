"""A plain function as an activation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss._probes import check_elementwise, check_shape, complex_step
from sknn_actloss.activations._base import Activation

# From about -8.5 to 8.5, denser near zero, and off the integers, where kinks usually are.
_PROBES = math.e * math.pi * np.linspace(-1.0, 1.0, 20).reshape(2, 5, 2) ** 3


@dataclass(repr=False)
class FunctionActivation(Activation):
    """A user's own elementwise function.

    Parameters
    ----------
    func : callable
        Takes an array and returns one of the same shape, each element from the one at its index.
    derivative : callable or None, default=None
        The derivative of ``func``, as a function of the same input. ``None`` takes it by complex
        step, for which ``func`` must be analytic and take complex numbers: NumPy's arithmetic,
        ``exp``, ``tanh``, ``where`` and ``maximum`` are fine, ``abs`` is not. :meth:`check`
        tells.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.activations import FunctionActivation
    >>> def snake(z):
    ...     return z + np.sin(z) ** 2
    >>> FunctionActivation(snake)(np.array([0.0, np.pi / 2]))
    array([0.        , 2.57079633])
    """

    func: Callable[[np.ndarray], np.ndarray]
    derivative: Callable[[np.ndarray], np.ndarray] | None = None

    reads_input: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    formula: ClassVar[str] = "func(z)"
    advice: ClassVar[str] = "whatever the others are not"

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "func": [callable],
        "derivative": [callable, None],
    }

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        # The function gets a copy, in case that it works in place.
        np.copyto(out, z)
        value = self.func(out)
        check_shape(value, z.shape, self._name)
        np.copyto(out, value)

    def backward(self, z: np.ndarray, a: np.ndarray, grad: np.ndarray) -> None:
        if self.derivative is None:
            grad *= complex_step(self.func, z)
        else:
            grad *= self.derivative(z)

    def check(self) -> None:
        """Compare the function with its derivative by central differences at a few points.

        Raises
        ------
        ValueError
            If the function is not elementwise, changes the shape, is not finite, or the complex
            step does not give its derivative.
        """
        remedy = f"FunctionActivation({self._function}, derivative=...)"
        check_elementwise(self.func, _PROBES, self.derivative, self._name, remedy)

    @property
    def _name(self) -> str:
        return f"activation {self._function}"

    @property
    def _function(self) -> str:
        return getattr(self.func, "__name__", repr(self.func))
