"""A forward and a backward pass as lists of calls whose operands are bound in advance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss.activations import Activation
from sknn_actloss.core.parameters import Views
from sknn_actloss.core.workspace import Workspace

#: Hidden layers, each as runs of members that share a stacked activation.
Hidden = list[list[tuple[slice, tuple[Activation]]]]

#: A function and its arguments.
Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Pass:
    """Forward and backward through all layers, for batches at one place of their group.

    Where batches are small, slices, transposes and look-ups take as long as the arithmetic. They
    are done once, here: what is left of a pass is to run through a list of calls.

    Parameters
    ----------
    params, gradient : Views
        Weights and biases by layer, and where their derivatives go.
    hidden : list of list of (slice, (Activation,))
        Activations of the hidden layers.
    space : Workspace
        Room for the signals.
    rows : slice
        Rows of the group that are the batch.
    is_sparse : bool
        Whether the batches are CSR.

    Attributes
    ----------
    raw, delta, prediction : ndarray of shape (n_members, batch, n_outputs)
        Raw outputs, the derivative of the loss by them, and room for activated outputs.
    signs : ndarray of shape (batch, n_outputs)
        Room for targets encoded as -1/+1.
    squares : ndarray of shape (n_members,)
        Room for the sum of squared weights.
    """

    def __init__(
        self,
        params: Views,
        gradient: Views,
        hidden: Hidden,
        space: Workspace,
        rows: slice,
        is_sparse: bool,
    ) -> None:
        n_rows = rows.stop - rows.start
        self.raw = space.raw[:, rows]
        self.delta, self.prediction = space.raw_delta[:, :n_rows], space.prediction[:, :n_rows]
        self.signs = space.signs[:n_rows]
        self.squares = space.squares[rows.start // space.batch_size]
        # dot starts sooner than matmul, but takes matrices only.
        self._product = np.dot if len(self.raw) == 1 else np.matmul
        self._first_product = sparse_product if is_sparse else self._product
        self._ones = space.ones[:n_rows]
        self._inputs = [z[:, :n_rows] for z in space.inputs]
        self._outputs = [a[:, :n_rows] for a in space.outputs]
        self._deltas = [*(delta[:, :n_rows] for delta in space.deltas), self.delta]
        self._first = _matrices(params.weights[0], self._inputs[0])
        self._last = _matrices(self._deltas[0], gradient.weights[0])
        self._forward = list(self._forward_calls(params, hidden))
        self._backward = list(self._backward_calls(params, gradient, hidden))

    def forward(self, X: np.ndarray | sparse.csr_array) -> None:
        """Compute the raw outputs of a batch."""
        self._first_product(X, *self._first)
        for function, arguments in self._forward:
            function(*arguments)

    def backward(self, X: np.ndarray | sparse.csr_array) -> None:
        """Compute the gradient from the derivative by raw outputs."""
        for function, arguments in self._backward:
            function(*arguments)
        self._first_product(X.T, *self._last)

    def _forward_calls(self, params: Views, hidden: Hidden) -> Iterator[Call]:
        for layer, (z, bias) in enumerate(zip(self._inputs, params.biases, strict=True)):
            if layer:
                below = self._outputs[layer - 1]
                yield self._product, _matrices(below, params.weights[layer], z)
            yield np.add, _matrices(z, bias, z)
            if layer < len(hidden):
                for members, (activation,) in hidden[layer]:
                    yield activation.forward, (z[members], self._outputs[layer][members])
        # Stored output by output.
        yield np.copyto, _matrices(self.raw, z)

    def _backward_calls(self, params: Views, gradient: Views, hidden: Hidden) -> Iterator[Call]:
        for layer in reversed(range(len(params.weights))):
            delta = self._deltas[layer]
            yield self._product, (self._ones, *_matrices(delta, gradient.biases[layer][:, 0]))
            if layer == 0:
                return
            z, a, below = self._inputs[layer - 1], self._outputs[layer - 1], self._deltas[layer - 1]
            yield self._product, _matrices(a.swapaxes(-1, -2), delta, gradient.weights[layer])
            yield self._product, _matrices(delta, params.weights[layer].swapaxes(-1, -2), below)
            for members, (activation,) in hidden[layer - 1]:
                kept = None if z is a else z[members]
                yield activation.backward, (kept, a[members], below[members])


def sparse_product(
    X: sparse.csr_array | sparse.csc_array, weights: np.ndarray, out: np.ndarray
) -> None:
    """Write ``X @ weights`` to ``out``, for one matrix of weights or one for each member."""
    if out.ndim == 2:
        out[...] = X @ weights
    else:
        for member, target in zip(weights, out, strict=True):
            target[...] = X @ member


def _matrices(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Drop the axis of members where there is a single one."""
    return tuple(array[0] if len(array) == 1 else array for array in arrays)
