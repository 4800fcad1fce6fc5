"""Predictions in blocks of rows, so that memory beyond the result stays small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from sknn_actloss.activations import Activation
from sknn_actloss.core.model import Hidden
from sknn_actloss.core.program import sparse_product
from sknn_actloss.core.rows import gather, gather_csr

#: Bytes that the signals of one block of rows may take: about the size of a second-level cache.
BLOCK_BYTES = 1 << 20


def raw_outputs(
    X: np.ndarray | sparse.csr_array,
    weights: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    hidden: Hidden,
    rows: np.ndarray | None = None,
    output: Activation | None = None,
) -> np.ndarray:
    """Return the outputs of the last linear layer.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
        Rows to predict; cast to the data type of the weights block by block.
    weights : sequence of ndarray of shape (n_members, n_in, n_out)
        Weights by layer.
    biases : sequence of ndarray of shape (n_members, 1, n_out)
        Biases by layer.
    hidden : list of list of (slice, (Activation,))
        Activations of the hidden layers.
    rows : ndarray of int, optional
        Predict these rows of ``X`` only.
    output : Activation, optional
        Passed through on the way out, so that predictions are returned instead.

    Returns
    -------
    raw : ndarray of shape (n_members, n_rows, n_outputs)
    """
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
            np.add(z, biases[layer], z)
            for members, (activation,) in hidden[layer] if layer < len(hidden) else ():
                part = z[members]
                activation.forward(part, part)
            a = z
        if output is not None:
            _activate(output, a)
    return raw


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
