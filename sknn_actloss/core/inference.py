"""Predictions in blocks of rows, so that memory beyond the result stays small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import run
from sknn_actloss._config import config_context
from sknn_actloss.activations import Activation
from sknn_actloss.core.layers import Bound, Frame, Layer
from sknn_actloss.core.layout import Views
from sknn_actloss.core.rows import Rows
from sknn_actloss.core.workspace import Room

#: Bytes that the signals of one block of rows may take: about the size of a second-level cache.
BLOCK_BYTES = 1 << 20

#: Outputs of a layer that NumPy goes through in less time than it takes to bind a compiled loop.
FEW_NUMBERS = 1 << 16


def raw_outputs(
    X: Rows,
    layers: Sequence[Layer],
    params: Views,
    rows: np.ndarray | None = None,
    output: Activation | None = None,
) -> np.ndarray:
    """Return the outputs of the last linear layer.

    Parameters
    ----------
    X : Rows
        Rows to predict; cast to the data type of the weights block by block.
    layers : sequence of Layer
        Those of the networks.
    params : Views
        Parameters by slot.
    rows : ndarray of int, optional
        Predict these rows of ``X`` only.
    output : Activation, optional
        Passed through on the way out, so that predictions are returned instead.

    Returns
    -------
    raw : ndarray of shape (n_members, n_rows, n_outputs)
    """
    X, like, last = X.bare(), params["coefs_", 0], layers[-1]
    n_rows = X.n_rows if rows is None else len(rows)
    raw = np.empty((len(like), n_rows, last.n_units), like.dtype)  # type: ignore[attr-defined]
    store: dict[Any, np.ndarray] = {}
    row_numbers = len(like) * max(layer.shape[2] for layer in params.of("coefs_"))
    size = max(1, min(n_rows, BLOCK_BYTES // (like.itemsize * row_numbers)))
    with _kernels_for(size * row_numbers):
        for start in range(0, n_rows, size):
            block = slice(start, min(start + size, n_rows))
            out, room = raw[:, block], Room(store, len(like), like.dtype, size, block.stop - start)
            room.place("pre-activations", last.index, out)
            below = X.block(block if rows is None else rows[block], like.dtype)
            _run_forward(below, layers, Frame(params, None, room))
            if output is not None:
                _activate(output, out)
    return raw


def hidden_outputs(
    X: Rows, layers: Sequence[Layer], params: Views, rows: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what the hidden layers make of rows, layer by layer.

    Parameters
    ----------
    X, layers, params
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
    outputs: Any = None
    passed: Any = None
    below, frame = _whole(X, params, rows)
    for layer, bound in zip(layers, bind(below, layers, frame), strict=True):
        if layer.is_linear and outputs is not None:
            yield outputs, passed
        run(bound.forward)
        passed = bound.value
        outputs = passed if layer.is_activation else outputs


def forward(
    X: Rows, layers: Sequence[Layer], params: Views, rows: np.ndarray | slice | None = None
) -> np.ndarray:
    """Return what layers put out, all rows at once.

    Parameters
    ----------
    X, params, rows
        As in :func:`hidden_outputs`.
    layers : sequence of Layer
        The layers of the networks up to one of them.

    Returns
    -------
    value : ndarray of shape (n_members, n_rows, units)
    """
    below, frame = _whole(X, params, rows)
    return _run_forward(below, layers, frame)


def bind(X: Rows, layers: Sequence[Layer], frame: Frame) -> Iterator[Bound]:
    """Yield layers bound one to the outputs of another, from the rows on."""
    bound = Bound(X)
    for layer in layers:
        bound = layer.bind(bound, frame)
        yield bound


def _run_forward(X: Rows, layers: Sequence[Layer], frame: Frame) -> np.ndarray:
    """Bind layers, run each at once, and return what the last one puts out."""
    bound = Bound(X)
    for layer in layers:
        bound = layer.bind(bound, frame)
        run(bound.forward)
    return bound.value


def _whole(X: Rows, params: Views, rows: np.ndarray | slice | None) -> tuple[Rows, Frame]:
    """Return rows and a frame for all of them at once."""
    like = params["coefs_", 0]
    below = X.bare().block(slice(0, X.n_rows) if rows is None else rows, like.dtype)
    return below, Frame(params, None, Room({}, len(like), like.dtype, below.n_rows, below.n_rows))


def _kernels_for(n_numbers: int) -> AbstractContextManager[None]:
    """Return the context of kernels that are bound to arrays for a single use."""
    is_compiled = kernels.chosen() is not kernels.reference
    few = is_compiled and n_numbers < FEW_NUMBERS
    return config_context(kernels="numpy") if few else nullcontext()


def _activate(output: Activation, raw: np.ndarray) -> None:
    if raw.shape[1] == 1 or raw.shape[2] == 1:
        output.forward(raw, raw)
        return
    # NumPy reduces over a short last axis slowly unless rows are what lies together in memory.
    columns = raw.swapaxes(1, 2).copy().swapaxes(1, 2)
    output.forward(columns, columns)
    np.copyto(raw, columns)
