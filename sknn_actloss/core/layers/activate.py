"""Activations of hidden units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sknn_actloss.activations import Activation
from sknn_actloss.core.layers._base import Bound, Frame, Layer, Step
from sknn_actloss.core.layout import Views


class Activate(Layer):
    """The activation of a hidden layer.

    Parameters
    ----------
    index : int
    runs : list of (slice, (Activation,))
        Runs of members that share a stacked activation.
    """

    is_activation = True

    def __init__(self, index: int, runs: Sequence[tuple[slice, tuple[Activation]]]) -> None:
        super().__init__(index)
        self._runs = [(members, activation) for members, (activation,) in runs]
        self._keeps_input = any(activation.reads_input for _, activation in self._runs)

    def bind(self, below: Bound, frame: Frame) -> Bound:
        z, grad = below.value, below.grad
        a, forward, backward = self._out(z, frame), [], []
        for members, activation in self._runs:
            own = _part(z, members)
            out = own if a is z else _part(a, members)
            forward += activation.forward_calls(own, out)
            if frame.is_training:
                kept = None if a is z else own
                backward += activation.backward_calls(kept, out, _part(grad, members))
        return Bound(a, grad, forward, backward)

    def describe(self, params: Views) -> Step:
        ((_, activation),) = self._runs
        return Step("activation", activation)

    def _out(self, z: np.ndarray, frame: Frame) -> np.ndarray:
        """Return room for the outputs: over the inputs, unless those are needed afterwards."""
        if frame.is_training and self._keeps_input:
            return frame.room.array("outputs", self.index, z.shape[2])
        return z


def _part(array: np.ndarray, members: slice) -> np.ndarray:
    """Return the rows of some members, of all of them the very array."""
    return array if members == slice(None) else array[members]
