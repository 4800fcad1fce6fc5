"""Linear layers: weights times what comes from below, plus biases."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import Call
from sknn_actloss._numeric import transposed
from sknn_actloss.core.layers._base import Bound, Frame, Layer, Step
from sknn_actloss.core.layout import Slot, Views
from sknn_actloss.core.rows import Rows


class Linear(Layer):
    r"""A linear layer on what units of another layer put out.

    .. math:: z = a W + b

    Parameters
    ----------
    index : int
    n_inputs, n_units : int
    is_last : bool
        Whether it puts out the raw outputs of the network.
    """

    attributes: ClassVar[tuple[str, ...]] = ("coefs_", "intercepts_")
    is_linear = True

    def __init__(self, index: int, n_inputs: int, n_units: int, is_last: bool) -> None:
        super().__init__(index)
        self.n_units, self._is_last = n_units, is_last
        weights = Slot("coefs_", index, (n_inputs, n_units), decays=True)
        biases = Slot("intercepts_", index, (n_units,), leads=index == 0)
        self.slots = weights, biases
        self._weights, self._biases = weights.key, biases.key

    def bind(self, below: Bound, frame: Frame) -> Bound:
        a, z = below.value, frame.room.array("pre-activations", self.index, self.n_units)
        weights = frame.params[self._weights]
        out = self._out(z, frame)
        forward = [
            *kernels.product(a, weights, z),
            *kernels.add_row(z, frame.params[self._biases], out),
        ]
        if not frame.is_training:
            return Bound(out, None, forward)
        delta = self._delta(frame)
        backward = [
            *kernels.product(transposed(a), delta, frame.gradient[self._weights]),
            *kernels.row_sum(delta, frame.room.ones, frame.gradient[self._biases]),
            *kernels.product(delta, transposed(weights), below.grad),
        ]
        return Bound(out, delta, forward, backward)

    def _out(self, z: np.ndarray, frame: Frame) -> np.ndarray:
        """Return where biases are added: in place, or on the way to the losses of a group."""
        return frame.room.placed("raw outputs", self.index, z) if self._is_last else z

    def describe(self, params: Views) -> Step:
        arrays = {"weights": params[self._weights], "biases": params[self._biases]}
        return Step("linear", arrays=arrays)

    def _delta(self, frame: Frame) -> np.ndarray:
        """Return room for the derivative with respect to the pre-activations."""
        if self._is_last:
            return frame.room.outputs("derivatives", self.n_units)
        return frame.room.array("derivatives", self.index, self.n_units)


class InputLinear(Linear):
    """The first linear layer, which takes in the rows of X.

    Where rows begin with a one, its biases are one more row of weights: one product less on the
    way back, and one sum less each way.
    """

    def bind(self, below: Bound, frame: Frame) -> Bound:
        X, z = below.value, frame.room.array("pre-activations", self.index, self.n_units)
        prepare, weights = self._operand(X, frame)
        out = self._out(z, frame)
        forward = [*prepare, *X.product(weights, z)]
        if not X.has_ones:
            forward += kernels.add_row(z, frame.params[self._biases], out)
        elif out is not z:
            forward.append((np.copyto, (out, z)))
        if not frame.is_training:
            return Bound(out, None, forward)
        delta = self._delta(frame)
        backward = X.gradient(delta, self._with_biases(X, frame.gradient))
        if not X.has_ones:
            backward += kernels.row_sum(delta, frame.room.ones, frame.gradient[self._biases])
        return Bound(out, delta, forward, [*backward, *self._finish(frame)])

    def gradient_of_rows(self, delta: np.ndarray, params: Views) -> np.ndarray:
        """Return the derivative with respect to the rows, (n_rows, n_features).

        Parameters
        ----------
        delta : ndarray of shape (n_members, n_rows, units)
            Derivative of a sum over members with respect to the pre-activations.
        params : Views
            Parameters by slot.
        """
        return np.matmul(delta, transposed(self._weights_of_rows(params))).sum(axis=0)

    def _weights_of_rows(self, params: Views) -> np.ndarray:
        """Return what rows are multiplied by, (n_members, n_features, units)."""
        return params[self._weights]

    def _operand(self, X: Rows, frame: Frame) -> tuple[list[Call], np.ndarray]:
        """Return the calls that prepare what rows are multiplied by, and the array."""
        return [], self._with_biases(X, frame.params)

    def _finish(self, frame: Frame) -> list[Call]:
        """Return the calls from the gradient of that array to those of the slots."""
        return []

    def _with_biases(self, X: Rows, views: Views) -> Any:
        return views.joint if X.has_ones else views[self._weights]
