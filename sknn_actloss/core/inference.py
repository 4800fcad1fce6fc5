"""Predictions in blocks of rows, so that memory beyond the result stays small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from sknn_actloss.core.network import Hidden, matmul

#: Bytes that the signals of one block of rows may take: about the size of a second-level cache.
BLOCK_BYTES = 1 << 20


def raw_outputs(
    X: np.ndarray | sparse.csr_array,
    weights: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    hidden: Hidden,
) -> np.ndarray:
    """Return the outputs of the last linear layer.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
        Rows to predict, in the data type of the weights.
    weights : sequence of ndarray of shape (n_members, n_in, n_out)
        Weights by layer.
    biases : sequence of ndarray of shape (n_members, 1, n_out)
        Biases by layer.
    hidden : Hidden
        Activations of the hidden layers.

    Returns
    -------
    raw : ndarray of shape (n_members, n_samples, n_outputs)
    """
    n_members, n_rows, dtype = len(weights[0]), X.shape[0], weights[0].dtype
    widths = [layer.shape[2] for layer in weights]
    raw = np.empty((n_members, n_rows, widths[-1]), dtype)
    block = min(n_rows, max(1, BLOCK_BYTES // (dtype.itemsize * n_members * max(widths))))
    buffers = [np.empty((n_members, block, width), dtype) for width in widths[:-1]]
    for start in range(0, n_rows, block):
        rows = slice(start, min(start + block, n_rows))
        a = X[rows]
        for layer, buffer in enumerate(buffers):
            z = buffer[:, : a.shape[-2]]
            matmul(a, weights[layer], z)
            z += biases[layer]
            for members, (activation,) in hidden[layer]:
                activation.forward(z[members], z[members])
            a = z
        matmul(a, weights[-1], raw[:, rows])
    raw += biases[-1]
    return raw
