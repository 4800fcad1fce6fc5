"""Predictions in blocks of rows, so that memory beyond the result stays small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sknn_actloss._calls import run
from sknn_actloss.activations import Activation
from sknn_actloss.core.layers import Bound, Frame, Layer, Signal
from sknn_actloss.core.layout import Views
from sknn_actloss.core.rows import Rows
from sknn_actloss.core.workspace import Room

#: Bytes that the signals of one block of rows may take: about the size of a second-level cache.
BLOCK_BYTES = 1 << 20


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
    X, like, widths = X.bare(), params["coefs_", 0], _widths(params)
    n_rows = X.n_rows if rows is None else len(rows)
    raw = np.empty_like(like, shape=(len(like), n_rows, widths[-1]))
    size = min(n_rows, max(1, BLOCK_BYTES // (like.itemsize * len(like) * max(widths))))
    store: dict = {}
    for start in range(0, n_rows, size):
        block = slice(start, min(start + size, n_rows))
        room = Room(store, like, len(like), size, block.stop - block.start)
        room.place("pre-activations", len(widths) - 1, raw[:, block])
        below = X.block(block if rows is None else rows[block], like.dtype)
        for bound in bind(below, layers, Frame(params, None, room)):
            run(bound.forward)
        if output is not None:
            _activate(output, raw[:, block])
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
    outputs = passed = None
    for layer, bound in zip(layers, _bind_all(X, layers, params, rows), strict=True):
        if layer.is_linear and passed is not None:
            yield outputs, passed
        run(bound.forward)
        passed = bound.out.value
        outputs = passed if layer.is_activation else outputs


def forward(
    X: Rows, layers: Sequence[Layer], params: Views, rows: np.ndarray | None = None
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
    for bound in _bind_all(X, layers, params, rows):
        run(bound.forward)
    return bound.out.value


def bind(X: Rows, layers: Sequence[Layer], frame: Frame) -> Iterator[Bound]:
    """Yield layers bound one to the outputs of another, from the rows on."""
    signal = Signal(X)
    for layer in layers:
        bound = layer.bind(signal, frame)
        signal = bound.out
        yield bound


def _bind_all(
    X: Rows, layers: Sequence[Layer], params: Views, rows: np.ndarray | None
) -> Iterator[Bound]:
    like = params["coefs_", 0]
    below = X.bare().block(slice(0, X.n_rows) if rows is None else rows, like.dtype)
    room = Room({}, like, len(like), below.n_rows, below.n_rows)
    return bind(below, layers, Frame(params, None, room))


def _widths(params: Views) -> list[int]:
    """Return the units of each layer."""
    return [weights.shape[2] for weights in params.of("coefs_")]


def _activate(output: Activation, raw: np.ndarray) -> None:
    if raw.shape[1] == 1 or raw.shape[2] == 1:
        output.forward(raw, raw)
        return
    # NumPy reduces over a short last axis slowly unless rows are what lies together in memory.
    columns = raw.swapaxes(1, 2).copy().swapaxes(1, 2)
    output.forward(columns, columns)
    np.copyto(raw, columns)
