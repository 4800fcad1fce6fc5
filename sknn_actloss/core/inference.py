"""Predictions in blocks of rows, so that memory beyond the result stays small."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss.activations import Activation
from sknn_actloss.core.model import Hidden
from sknn_actloss.core.parameters import Views
from sknn_actloss.core.program import sparse_product
from sknn_actloss.core.rows import gather, gather_csr

#: Bytes that the signals of one block of rows may take: about the size of a second-level cache.
BLOCK_BYTES = 1 << 20


def raw_outputs(
    X: np.ndarray | sparse.csr_array,
    params: Views,
    hidden: Hidden,
    rows: np.ndarray | None = None,
    output: Activation | None = None,
) -> np.ndarray:
    """Return the outputs of the last linear layer.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
        Rows to predict; cast to the data type of the weights block by block.
    params : Views
        Weights, biases and normalisation by layer.
    hidden : Hidden
        The hidden layers.
    rows : ndarray of int, optional
        Predict these rows of ``X`` only.
    output : Activation, optional
        Passed through on the way out, so that predictions are returned instead.

    Returns
    -------
    raw : ndarray of shape (n_members, n_rows, n_outputs)
    """
    weights = params.weights
    n_members, dtype = len(weights[0]), weights[0].dtype
    n_rows = X.shape[0] if rows is None else len(rows)
    widths = [layer.shape[2] for layer in weights]
    raw = np.empty((n_members, n_rows, widths[-1]), dtype)
    block = min(n_rows, max(1, BLOCK_BYTES // (dtype.itemsize * n_members * max(widths))))
    buffers = [np.empty((n_members, block, width), dtype) for width in widths[:-1]]
    product = np.matmul if isinstance(X, np.ndarray) else sparse_product
    for start in range(0, n_rows, block):
        stop = min(start + block, n_rows)
        a = _block(X, slice(start, stop) if rows is None else rows[start:stop], dtype)
        targets = [*(buffer[:, : stop - start] for buffer in buffers), raw[:, start:stop]]
        for layer, z in enumerate(targets):
            (np.matmul if layer else product)(a, weights[layer], z)
            np.add(z, params.biases[layer], z)
            if layer < len(hidden):
                pass_on(layer, z, a, params, hidden)
            a = z
        if output is not None:
            _activate(output, a)
    return raw


def layer_products(
    X: np.ndarray | sparse.csr_array, params: Views, hidden: Hidden, last: int
) -> np.ndarray:
    """Return what a layer makes of rows before it is normalised and activated.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features) or (n_rows, 1 + n_features), or CSR
        Rows, with or without a column of ones in front.
    params, hidden
        As in :func:`raw_outputs`.
    last : int
        The layer, from 0.

    Returns
    -------
    z : ndarray of shape (n_members, n_rows, units)
    """
    below = X[:, 1:] if params.takes(X) else X
    for _, passed in islice(hidden_outputs(below, params, hidden), last):
        below = passed
    return _linear(below, params, last)


def hidden_outputs(
    X: np.ndarray | sparse.csr_array,
    params: Views,
    hidden: Hidden,
    rows: np.ndarray | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what the hidden layers make of rows, layer by layer.

    Parameters
    ----------
    X, params, hidden
        As in :func:`raw_outputs`.
    rows : ndarray of int, optional
        Take these rows of ``X`` only.

    Yields
    ------
    outputs : ndarray of shape (n_members, n_rows, units)
        Outputs of the activation.
    passed : ndarray of shape (n_members, n_rows, units)
        What the layer passes on: the very outputs without a skip connection.
    """
    passed = X if rows is None else _block(X, rows, params.weights[0].dtype)
    for layer in range(len(hidden)):
        outputs = _linear(passed, params, layer)
        activate(layer, outputs, params, hidden)
        skips = hidden.skips(layer, *params.weights[layer].shape[1:])
        passed = outputs + passed if skips else outputs
        yield outputs, passed


def pass_on(layer: int, z: np.ndarray, below: Any, params: Views, hidden: Hidden) -> None:
    """Turn the products of a hidden layer into what it passes on, in place."""
    activate(layer, z, params, hidden)
    if hidden.skips(layer, *params.weights[layer].shape[1:]):
        np.add(z, below, z)


def activate(layer: int, z: np.ndarray, params: Views, hidden: Hidden) -> None:
    """Normalise and activate the products of a hidden layer, in place."""
    for members, (norm,) in hidden.normalizations:
        norm.predict(z[members], params.moments(layer, members))
    if hidden.normalizations:
        np.multiply(z, params.scales[layer], z)
        np.add(z, params.offsets[layer], z)
    for members, (activation,) in hidden.activations[layer]:
        part = z[members]
        activation.forward(part, part)


def _linear(below: np.ndarray | sparse.csr_array, params: Views, layer: int) -> np.ndarray:
    """Return the products of a layer for each member, with its biases."""
    weights = params.weights[layer]
    z = np.empty((len(weights), below.shape[-2], weights.shape[2]), weights.dtype)
    (np.matmul if isinstance(below, np.ndarray) else sparse_product)(below, weights, z)
    return np.add(z, params.biases[layer], z)


def _activate(output: Activation, raw: np.ndarray) -> None:
    if raw.shape[1] == 1 or raw.shape[2] == 1:
        output.forward(raw, raw)
        return
    # NumPy reduces over a short last axis slowly unless rows are what lies together in memory.
    columns = raw.swapaxes(1, 2).copy().swapaxes(1, 2)
    output.forward(columns, columns)
    np.copyto(raw, columns)


def _block(
    X: np.ndarray | sparse.csr_array, rows: slice | np.ndarray, dtype: np.dtype
) -> np.ndarray | sparse.csr_array:
    if isinstance(X, np.ndarray) and isinstance(rows, slice):
        return X[rows].astype(dtype, copy=False)
    n_rows = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
    if isinstance(X, np.ndarray):
        out = np.empty((n_rows, X.shape[1]), dtype)
        gather(X, rows, out)
    else:
        out = sparse.csr_array((n_rows, X.shape[1]), dtype=dtype)
        gather_csr(X, rows, out)
    return out
