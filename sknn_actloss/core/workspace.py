"""Arrays that a training step writes to, made once and reused by every step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sknn_actloss.core.parameters import Layout


class Workspace:
    """The signals of every layer for the rows of a batch.

    Parameters
    ----------
    layout : Layout
        Sizes of the layers.
    n_members, n_rows : int
        Networks in the stack and rows of the largest batch.
    keeps_input : sequence of bool
        For each hidden layer whether the activation's input is kept beside its output; the
        output is written over the input otherwise.
    dtype : dtype
        Data type of the arrays.

    Attributes
    ----------
    inputs, outputs, deltas : list of ndarray of shape (n_members, n_rows, units)
        Input and output of the activation, and the derivative of the loss by the input, for
        the hidden layers and the output layer.
    signs : ndarray of shape (n_rows, n_outputs)
        Room for targets encoded as -1/+1.
    ones : ndarray of shape (1, n_rows)
        A product with it sums over rows, several times faster than a reduction.
    """

    def __init__(
        self,
        layout: Layout,
        n_members: int,
        n_rows: int,
        keeps_input: Sequence[bool],
        dtype: np.dtype,
    ) -> None:
        shapes = [(n_members, n_rows, units) for units in layout.layer_sizes[1:]]
        self.inputs = [np.empty(shape, dtype) for shape in shapes]
        self.outputs = [
            np.empty_like(z) if kept else z
            for z, kept in zip(self.inputs, [*keeps_input, True], strict=True)
        ]
        self.deltas = [np.empty(shape, dtype) for shape in shapes]
        self.signs = np.empty(shapes[-1][1:], dtype)
        self.ones = np.ones((1, n_rows), dtype)
        self._by_rows: dict[int, Workspace] = {n_rows: self}

    def rows(self, n_rows: int) -> Workspace:
        """Return views of the first ``n_rows`` rows, the same object for the same number."""
        if n_rows not in self._by_rows:
            self._by_rows[n_rows] = self._view(n_rows)
        return self._by_rows[n_rows]

    def _view(self, n_rows: int) -> Workspace:
        view = object.__new__(Workspace)
        view.inputs = [z[:, :n_rows] for z in self.inputs]
        view.outputs = [a[:, :n_rows] for a in self.outputs]
        view.deltas = [delta[:, :n_rows] for delta in self.deltas]
        view.signs = self.signs[:n_rows]
        view.ones = self.ones[:, :n_rows]
        view._by_rows = self._by_rows
        return view
