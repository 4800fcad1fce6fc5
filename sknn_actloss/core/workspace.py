"""Arrays that training steps write to, made once and reused by every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from sknn_actloss.core.layout import Layout

T = TypeVar("T")


class OutputRoom(NamedTuple):
    """Room for what the loss of a batch needs.

    Attributes
    ----------
    raw : ndarray of shape (n_members, batch, n_outputs)
        Outputs of the last linear layer.
    grad : ndarray of shape (n_members, batch, n_outputs)
        Derivative of the loss with respect to them.
    prediction, scratch : ndarray of shape (n_members, batch, n_outputs)
        Room for activated outputs, and for what is overwritten on the way back through them.
    signs : ndarray of shape (batch, n_outputs)
        Room for targets encoded as -1/+1.
    """

    raw: np.ndarray
    grad: np.ndarray
    prediction: np.ndarray
    scratch: np.ndarray
    signs: np.ndarray


class Room:
    """Named arrays for the rows of a batch, made when they are first asked for.

    Parameters
    ----------
    store : dict
        Arrays for the largest batch, which rooms share.
    n_members : int
    dtype : dtype
    batch_size, n_rows : int
        Rows of the largest batch, and of this one.
    """

    def __init__(
        self,
        store: dict[Any, Any],
        n_members: int,
        dtype: np.dtype,
        batch_size: int,
        n_rows: int,
    ) -> None:
        self._store, self._n_members, self._dtype = store, n_members, dtype
        self._batch_size, self.n_rows = batch_size, n_rows
        self._views: dict[tuple[str, int], np.ndarray] = {}

    def array(self, name: str, index: int, width: int) -> np.ndarray:
        """Return the array (n_members, n_rows, width) of this name, always the same one."""
        key = name, index
        view = self._views.get(key)
        if view is None:
            array = self._store.get(key)
            if array is None:
                shape = self._n_members, self._batch_size, width
                array = self._store[key] = np.empty(shape, self._dtype)
            view = self._views[key] = array[:, : self.n_rows]
        return view

    def outputs(self, name: str, width: int) -> np.ndarray:
        """Return such an array stored output by output.

        NumPy reduces over a short last axis slowly unless the rows are what lies together in
        memory.
        """
        shape = self._n_members, width, self._batch_size
        stored = self.keep(name, lambda: np.empty(shape, self._dtype))
        return stored.swapaxes(1, 2)[:, : self.n_rows]

    def place(self, name: str, index: int, array: np.ndarray) -> None:
        """Give an array of another owner a name in this room."""
        self._views[name, index] = array

    def placed(self, name: str, index: int, default: np.ndarray) -> np.ndarray:
        """Return what has been given this name, ``default`` where nothing has."""
        return self._views.get((name, index), default)

    def parameters(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return room (n_members, *shape) for what has no axis of rows."""
        return self.keep((name, shape), lambda: np.empty((self._n_members, *shape), self._dtype))

    def keep(self, key: Any, make: Callable[[], T]) -> T:
        """Return what is kept under a key, made now if there is nothing."""
        if key not in self._store:
            self._store[key] = make()
        return self._store[key]

    @property
    def ones(self) -> np.ndarray:
        """As many ones as there are rows."""
        ones = self.keep("ones", lambda: np.ones(self._batch_size, self._dtype))
        return ones[: self.n_rows]


class Workspace:
    """Room for the signals of a group of batches.

    Batches come one by one and share their arrays, except for ``raw``, ``notes``, ``squares`` and
    ``magnitudes``, which last until the losses of the group are added up.

    Parameters
    ----------
    layout : Layout
        Shape of the networks.
    params : ndarray of shape (n_members, row_size)
        The parameters, for the number of members and the data type.
    batch_size, group_size : int
        Rows of the largest batch and of the largest group.

    Attributes
    ----------
    raw : ndarray of shape (n_members, group_size, n_outputs)
        Raw outputs of the group.
    notes : ndarray of shape (n_members, group_size)
        What the derivatives of the losses of rows have left for these.
    squares, magnitudes : ndarray of shape (n_batches, n_members)
        Sums of squares and of absolute values of the weights before the step of each batch.
    """

    def __init__(
        self, layout: Layout, params: np.ndarray, batch_size: int, group_size: int
    ) -> None:
        self._key = self._key_of(layout, params, batch_size, group_size)
        self.batch_size, self._n_outputs = batch_size, layout.layer_sizes[-1]
        self._store: dict[Any, Any] = {}
        self._n_members, self._dtype = len(params), params.dtype
        raw = np.empty((len(params), self._n_outputs, group_size), params.dtype)
        self.raw = raw.swapaxes(1, 2)
        self.notes = np.empty((len(params), group_size), params.dtype)
        n_batches = -(-group_size // batch_size)
        self.squares, self.magnitudes = np.empty((2, n_batches, len(params)), params.dtype)

    @staticmethod
    def _key_of(layout: Layout, params: np.ndarray, batch_size: int, group_size: int) -> tuple:
        return layout, len(params), params.dtype, batch_size, group_size

    def serves(self, *arguments: Any) -> bool:
        """Whether a new workspace made with these arguments would be like this one."""
        return self._key == self._key_of(*arguments)

    def room(self, n_rows: int) -> Room:
        """Return room for the layers on a batch."""
        return Room(self._store, self._n_members, self._dtype, self.batch_size, n_rows)

    def output_room(self, room: Room, grad: np.ndarray, rows: slice) -> OutputRoom:
        """Return room for the loss of the batch that is these rows of its group."""
        prediction, scratch = (
            room.outputs(name, self._n_outputs) for name in ("prediction", "scratch")
        )
        shape = self._n_outputs, self.batch_size
        signs = room.keep("signs", lambda: np.empty(shape, self._dtype))
        return OutputRoom(self.raw[:, rows], grad, prediction, scratch, signs.T[: room.n_rows])
