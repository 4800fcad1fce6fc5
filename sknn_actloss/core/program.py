"""The forward and the backward pass as lists of calls bound to their operands in advance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sknn_actloss._calls import Call
from sknn_actloss.core.dropout import Dropout
from sknn_actloss.core.model import Hidden
from sknn_actloss.core.parameters import Views
from sknn_actloss.core.workspace import Signals
from sknn_actloss.normalization import Pass


class Between(NamedTuple):
    """What stands between the layers in training: dropout and normalisation of a batch.

    Attributes
    ----------
    dropout : sequence of Dropout or None
        That of the inputs and of each hidden layer.
    dropped : ndarray of shape (n_members or 1, batch, n_inputs), list of CSR, or None
        Room for the inputs that are left, where some are left out; one CSR table for each
        member, or one for all.
    norms : sequence of list of Pass
        For each hidden layer the normalisations of runs of members.
    """

    dropout: Sequence[Dropout | None]
    dropped: np.ndarray | list[sparse.csr_array] | None
    norms: Sequence[list[Pass]]

    @classmethod
    def nothing(cls, n_hidden: int) -> Between:
        """Return what stands between the layers where nothing does."""
        return cls([None] * (1 + n_hidden), None, [[]] * n_hidden)


def forward_calls(
    X: np.ndarray | sparse.csr_array,
    params: Views,
    hidden: Hidden,
    signals: Signals,
    between: Between,
) -> Iterator[Call]:
    """Yield the calls that turn the rows of a batch into raw outputs.

    Parameters
    ----------
    X : ndarray of shape (batch, n_features) or (batch, 1 + n_features), or CSR
        Rows of the batch. A column of ones in front takes the biases of the first layer into
        its product.
    params : Views
        Weights and biases by layer.
    hidden : Hidden
        The hidden layers.
    signals : Signals
        Receives what is computed.
    between : Between
        Dropout and normalisation.
    """
    below, biased = X, params.takes(X)
    if between.dropped is not None:
        below = between.dropped
        yield from _input_dropout_calls(X, int(biased), between)
    for layer, z in enumerate(signals.inputs):
        weights = params.weights[layer] if layer or not biased else params.first
        yield _product(below, weights, z)
        if layer or not biased:
            yield np.add, _matrices(z, params.biases[layer], z)
        if layer < len(hidden):
            yield from _hidden_calls(layer, below, params, hidden, signals, between)
            below = signals.passed[layer]
    yield np.copyto, (signals.raw, z)


def _input_dropout_calls(
    X: np.ndarray | sparse.csr_array, first: int, between: Between
) -> Iterator[Call]:
    """Yield the calls that leave out features, which are the columns from ``first`` on."""
    (dropout, *_), n_rows = between.dropout, X.shape[0]
    if not isinstance(X, np.ndarray):
        yield dropout.drop_entries, (X, between.dropped)
        return
    yield from dropout.draw_calls(n_rows)
    yield np.multiply, (X[:, first:], dropout.mask[:, :n_rows], between.dropped[:, :, first:])


def _hidden_calls(
    layer: int,
    below: np.ndarray,
    params: Views,
    hidden: Hidden,
    signals: Signals,
    between: Between,
) -> Iterator[Call]:
    """Yield the calls from the product of a hidden layer to what it passes on."""
    z, a, passed = signals.inputs[layer], signals.outputs[layer], signals.passed[layer]
    for norm in between.norms[layer]:
        yield norm.forward, ()
    if between.norms[layer]:
        yield np.multiply, (signals.normalized[layer], params.scales[layer], z)
        yield np.add, (z, params.offsets[layer], z)
    for members, (activation,) in hidden.activations[layer]:
        yield from activation.forward_calls(z[members], a[members])
    dropout = between.dropout[1 + layer]
    if dropout is not None:
        yield from dropout.draw_calls(a.shape[1])
        yield np.multiply, (a, dropout.mask[:, : a.shape[1]], passed)
    if signals.skipped[layer] is not None:
        yield np.add, (a if dropout is None else passed, below, passed)


def backward_calls(
    X: np.ndarray | sparse.csr_array,
    params: Views,
    gradient: Views,
    hidden: Hidden,
    signals: Signals,
    between: Between,
) -> Iterator[Call]:
    """Yield the calls that turn the derivative by raw outputs into the gradient.

    Parameters
    ----------
    X, params, hidden, signals, between
        As in :func:`forward_calls`.
    gradient : Views
        Receives the derivatives by weights and biases.
    """
    for layer in range(len(hidden), 0, -1):
        delta, grad = signals.deltas[layer], signals.deltas[layer - 1]
        yield _product(_transposed(signals.passed[layer - 1]), delta, gradient.weights[layer])
        yield _row_sum(delta, gradient.biases[layer], signals)
        yield _product(delta, _transposed(params.weights[layer]), grad)
        yield from _hidden_backward_calls(layer - 1, params, gradient, hidden, signals, between)
    delta, rows = signals.deltas[0], X if between.dropped is None else between.dropped
    if params.takes(X):
        yield _product(_transposed(rows), delta, gradient.first)
        return
    if isinstance(X, np.ndarray):
        yield _product(_transposed(rows), delta, gradient.weights[0])
    else:
        yield _sparse_gradient, (rows, delta, gradient.weights[0])
    yield _row_sum(delta, gradient.biases[0], signals)


def _hidden_backward_calls(
    layer: int,
    params: Views,
    gradient: Views,
    hidden: Hidden,
    signals: Signals,
    between: Between,
) -> Iterator[Call]:
    """Yield the calls from the derivative by what a layer passes on to that by its product."""
    grad, z, a = signals.deltas[layer], signals.inputs[layer], signals.outputs[layer]
    if layer + 1 < len(hidden) and signals.skipped[layer + 1] is not None:
        yield np.add, (grad, signals.skipped[layer + 1], grad)
    if signals.skipped[layer] is not None:
        yield np.copyto, (signals.skipped[layer], grad)
    dropout = between.dropout[1 + layer]
    if dropout is not None:
        yield np.multiply, (grad, dropout.mask[:, : grad.shape[1]], grad)
    for members, (activation,) in hidden.activations[layer]:
        kept = None if z is a else z[members]
        yield from activation.backward_calls(kept, a[members], grad[members])
    if between.norms[layer]:
        normalized = signals.normalized[layer]
        yield _row_sum(grad, gradient.offsets[layer], signals)
        yield np.multiply, (grad, normalized, z)
        yield _row_sum(z, gradient.scales[layer], signals)
        yield np.multiply, (grad, params.scales[layer], grad)
        for (members, _), norm in zip(hidden.normalizations, between.norms[layer], strict=True):
            yield norm.backward, (grad[members],)


def _product(a: np.ndarray | sparse.csr_array, b: np.ndarray, out: np.ndarray) -> Call:
    if not isinstance(a, np.ndarray):
        return sparse_product, (a, b, out)
    if len(out) == 1:
        # dot starts sooner than matmul, but takes matrices only.
        return np.dot, (*_matrices(a, b), out[0])
    return _outer_product(a, b, out) if b.shape[-2] == 1 else (np.matmul, (a, b, out))


def _outer_product(column: np.ndarray, row: np.ndarray, out: np.ndarray) -> Call:
    """Return the product of columns and rows, which matmul leaves to BLAS with a second one only.

    Zeros beside both of them leave the numbers as they are, and take a third of the time of a
    multiplication.
    """
    columns = np.zeros_like(column, shape=(*column.shape[:-1], 2))
    rows = np.zeros_like(row, shape=(len(row), 2, row.shape[2]))

    def multiply() -> None:
        np.copyto(columns[..., :1], column)
        np.copyto(rows[:, :1], row)
        np.matmul(columns, rows, out)

    return multiply, ()


def _row_sum(delta: np.ndarray, bias_gradient: np.ndarray, signals: Signals) -> Call:
    if len(delta) == 1:
        return np.dot, (signals.ones, delta[0], bias_gradient[0, 0])
    return np.matmul, (signals.ones, delta, bias_gradient[:, 0])


def _matrices(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Drop the axis of members where there is a single one."""
    return tuple(array[0] if array.ndim == 3 and len(array) == 1 else array for array in arrays)


def _transposed(array: np.ndarray) -> np.ndarray:
    return array.swapaxes(-1, -2)


def sparse_product(
    X: sparse.csr_array | list[sparse.csr_array], weights: np.ndarray, out: np.ndarray
) -> None:
    """Write ``X @ weights`` for each member to ``out`` (n_members, batch, units).

    ``X`` may be a list with a table for each member, or with one for all.
    """
    tables = X if isinstance(X, list) else [X]
    for table, member, target in zip(cycle(tables), weights, out, strict=False):
        target[...] = table @ member


def _sparse_gradient(
    X: sparse.csr_array | list[sparse.csr_array], delta: np.ndarray, out: np.ndarray
) -> None:
    tables = X if isinstance(X, list) else [X]
    sparse_product([table.T for table in tables], delta, out)
