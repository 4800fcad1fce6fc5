"""The forward and the backward pass as lists of calls bound to their operands in advance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from sknn_actloss._calls import Call
from sknn_actloss.core.model import Hidden
from sknn_actloss.core.parameters import Views
from sknn_actloss.core.workspace import Signals


def forward_calls(
    X: np.ndarray | sparse.csr_array, params: Views, hidden: Hidden, signals: Signals
) -> Iterator[Call]:
    """Yield the calls that turn the rows of a batch into raw outputs.

    Parameters
    ----------
    X : ndarray of shape (batch, n_features) or (batch, 1 + n_features), or CSR
        Rows of the batch. A column of ones in front takes the biases of the first layer into
        its product.
    params : Views
        Weights and biases by layer.
    hidden : list of list of (slice, (Activation,))
        Activations of the hidden layers.
    signals : Signals
        Receives what is computed.
    """
    below, biased = X, params.takes(X)
    for layer, z in enumerate(signals.inputs):
        weights = params.weights[layer] if layer or not biased else params.first
        yield _product(below, weights, z)
        if layer or not biased:
            yield np.add, _matrices(z, params.biases[layer], z)
        if layer < len(hidden):
            below = signals.outputs[layer]
            for members, (activation,) in hidden[layer]:
                yield from activation.forward_calls(z[members], below[members])
    yield np.copyto, (signals.raw, z)


def backward_calls(
    X: np.ndarray | sparse.csr_array,
    params: Views,
    gradient: Views,
    hidden: Hidden,
    signals: Signals,
) -> Iterator[Call]:
    """Yield the calls that turn the derivative by raw outputs into the gradient.

    Parameters
    ----------
    X, params, hidden, signals
        As in :func:`forward_calls`.
    gradient : Views
        Receives the derivatives by weights and biases.
    """
    for layer in range(len(hidden), 0, -1):
        delta, grad = signals.deltas[layer], signals.deltas[layer - 1]
        z, a = signals.inputs[layer - 1], signals.outputs[layer - 1]
        yield _product(_transposed(a), delta, gradient.weights[layer])
        yield _row_sum(delta, gradient.biases[layer], signals)
        yield _product(delta, _transposed(params.weights[layer]), grad)
        for members, (activation,) in hidden[layer - 1]:
            kept = None if z is a else z[members]
            yield from activation.backward_calls(kept, a[members], grad[members])
    delta = signals.deltas[0]
    if params.takes(X):
        yield _product(X.T, delta, gradient.first)
        return
    if isinstance(X, np.ndarray):
        yield _product(X.T, delta, gradient.weights[0])
    else:
        yield _sparse_gradient, (X, delta, gradient.weights[0])
    yield _row_sum(delta, gradient.biases[0], signals)


def _product(a: np.ndarray | sparse.csr_array, b: np.ndarray, out: np.ndarray) -> Call:
    if not isinstance(a, np.ndarray):
        return sparse_product, (a, b, out)
    if len(out) == 1:
        # dot starts sooner than matmul, but takes matrices only.
        return np.dot, (*_matrices(a, b), out[0])
    # The product of a column and a row, which matmul does not leave to BLAS.
    return np.multiply if b.shape[-2] == 1 else np.matmul, (a, b, out)


def _row_sum(delta: np.ndarray, bias_gradient: np.ndarray, signals: Signals) -> Call:
    if len(delta) == 1:
        return np.dot, (signals.ones, delta[0], bias_gradient[0, 0])
    return np.matmul, (signals.ones, delta, bias_gradient[:, 0])


def _matrices(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Drop the axis of members where there is a single one."""
    return tuple(array[0] if array.ndim == 3 and len(array) == 1 else array for array in arrays)


def _transposed(array: np.ndarray) -> np.ndarray:
    return array.swapaxes(-1, -2)


def sparse_product(X: sparse.csr_array, weights: np.ndarray, out: np.ndarray) -> None:
    """Write ``X @ weights`` for each member to ``out`` (n_members, batch, units)."""
    for member, target in zip(weights, out, strict=True):
        target[...] = X @ member


def _sparse_gradient(X: sparse.csr_array, delta: np.ndarray, out: np.ndarray) -> None:
    sparse_product(X.T, delta, out)
