"""Where the parameters of a network lie in one flat row, and views of them by name and layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

#: Name of a fitted attribute, and the index in it, ``None`` where it is a single array.
Key = tuple[str, int | None]


@dataclass(frozen=True)
class Slot:
    """An array of numbers that a layer keeps in the row of a network.

    Parameters
    ----------
    name : str
        The fitted attribute that holds it.
    index : int or None
        Where in that list; ``None`` where the attribute is a single array.
    shape : tuple of int
        That of one network: one axis for numbers by unit, two for weights.
    initial : float or None, default=None
        What it starts from; ``None`` where an initializer draws it.
    trained : bool, default=True
        Whether solvers update it.
    decays : bool, default=False
        Whether L2 penalty, L1 penalty and weight decay act on it: the weights of a layer.
    leads : bool, default=False
        Whether it lies in front of all weights: the biases of the first layer, which a product
        takes in as one more row of weights where rows begin with a one.
    """

    name: str
    index: int | None
    shape: tuple[int, ...]
    initial: float | None = None
    trained: bool = True
    decays: bool = False
    leads: bool = False

    @property
    def key(self) -> Key:
        """What views know it by."""
        return self.name, self.index

    @property
    def rank(self) -> int:
        """Where it lies in a row: what leads, weights, what else is trained, and the rest."""
        return 0 if self.leads else 1 if self.decays else 2 if self.trained else 3


class Views(dict[Key, np.ndarray]):
    """Arrays of a stack of networks by slot.

    Arrays are of shape (n_members, *shape); what has one number for each unit is of shape
    (n_members, 1, units), the second axis being that of the rows of a batch.

    Attributes
    ----------
    joint : ndarray of shape (n_members, 1 + n_features, units) or None
        Biases and weights of the first layer as one array; ``None`` where they lie apart.
    """

    joint: np.ndarray | None = None

    def of(self, name: str) -> list[np.ndarray]:
        """Return the arrays of an attribute by index."""
        return [array for key, array in self.items() if key[0] == name]


@dataclass(frozen=True)
class Layout:
    """Where the slots of a network lie in its row.

    What leads comes first, then the weights of all layers, then what else is trained, attribute
    by attribute, and last what solvers leave alone: what touches weights alone (penalties, weight
    decay) is one operation on a slice, and so is a product of the first layer that takes its
    biases in.

    Parameters
    ----------
    slots : tuple of Slot
        Those of the layers, from the first layer to the last.
    """

    slots: tuple[Slot, ...]

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the slots, and nothing that was made on the way."""
        return {"slots": self.slots}

    @cached_property
    def ordered(self) -> tuple[Slot, ...]:
        """The slots as they lie in a row."""
        names = list(dict.fromkeys(slot.name for slot in self.slots))
        return tuple(
            sorted(
                self.slots,
                key=lambda slot: (slot.rank, slot.index is None, names.index(slot.name)),
            )
        )

    @cached_property
    def _columns(self) -> dict[Key, slice]:
        stops = accumulate((prod(slot.shape) for slot in self.ordered), initial=0)
        return {
            slot.key: slice(*ends) for slot, ends in zip(self.ordered, pairwise(stops), strict=True)
        }

    def columns(self, key: Key) -> slice:
        """Return where a slot lies in a row."""
        return self._columns[key]

    @cached_property
    def layer_sizes(self) -> tuple[int, ...]:
        """Number of units of each layer: features, hidden layers, outputs."""
        shapes = [slot.shape for slot in self.ordered if slot.decays]
        return (shapes[0][0], *(shape[1] for shape in shapes))

    @property
    def n_layers(self) -> int:
        """Number of layers of weights."""
        return len(self.layer_sizes) - 1

    @cached_property
    def n_weights(self) -> int:
        """Number of weights, biases not counted."""
        return _size(slot for slot in self.slots if slot.decays)

    @cached_property
    def n_params(self) -> int:
        """Number of parameters that are learnt."""
        return _size(slot for slot in self.slots if slot.trained)

    @cached_property
    def row_size(self) -> int:
        """Number of all that is kept, learnt or not."""
        return _size(self.slots)

    @property
    def has_moments(self) -> bool:
        """Whether something is kept that solvers leave alone."""
        return self.row_size > self.n_params

    @cached_property
    def attribute_names(self) -> tuple[str, ...]:
        """The fitted attributes that hold what is in a row."""
        return tuple(dict.fromkeys(slot.name for slot in self.ordered))

    def attribute_shapes(self, n_members: int = 1) -> dict[str, Any]:
        """Return the shapes that fitted attributes have: a list of them, or a single one.

        Parameters
        ----------
        n_members : int, default=1
            Networks of a committee, whose axis stands in front where there are several.
        """
        members = (n_members,) if n_members > 1 else ()
        return self._by_name({slot.key: (*members, *slot.shape) for slot in self.ordered})

    def trained(self, rows: np.ndarray) -> np.ndarray:
        """Return the view (n_members, n_params) of what solvers update."""
        return rows[:, : self.n_params] if self.has_moments else rows

    def decaying(self, rows: np.ndarray) -> np.ndarray:
        """Return the view (n_members, n_weights) of what penalties and weight decay act on."""
        start = _size(slot for slot in self.slots if slot.leads)
        return rows[:, start : start + self.n_weights]

    def views(self, flat: np.ndarray) -> Views:
        """Return views of rows, which may end behind what is trained, as a gradient does."""
        views, n_members = Views(), len(flat)
        for slot in self.ordered:
            columns = self._columns[slot.key]
            if columns.stop <= flat.shape[1]:
                shape = slot.shape if len(slot.shape) > 1 else (1, *slot.shape)
                views[slot.key] = flat[:, columns].reshape(n_members, *shape)
        first, *others = self.ordered
        if first.leads:
            n_inputs, n_units = others[0].shape
            joint = flat[:, : (1 + n_inputs) * n_units]
            views.joint = joint.reshape(n_members, 1 + n_inputs, n_units)
        return views

    def attributes(self, rows: np.ndarray, dtype: np.dtype) -> dict[str, Any]:
        """Return ``coefs_``, ``intercepts_`` and the like as views of rows.

        Parameters
        ----------
        rows : ndarray of shape (row_size,) or (n_members, row_size)
            A network, or the members of a committee, whose axis the views keep in front.
        dtype : dtype
            Data type of the attributes; rows of another one are copied.
        """
        views = self.views(np.atleast_2d(rows).astype(dtype, copy=False))
        first = 0 if rows.ndim == 1 else slice(None)
        return self._by_name(
            {
                slot.key: views[slot.key][(first,) if len(slot.shape) > 1 else (first, 0)]
                for slot in self.ordered
            }
        )

    def attribute_views(self, attributes: Mapping[str, Any]) -> Views:
        """Return fitted attributes as networks take them, without a copy.

        Parameters
        ----------
        attributes : mapping
            As :meth:`attributes` returns them; other names are left alone.
        """
        views = Views()
        for slot, value in zip(self.ordered, self.attribute_arrays(attributes), strict=True):
            array, n_dims = np.asarray(value), len(slot.shape)
            members = slice(None) if array.ndim > n_dims else None
            views[slot.key] = array[members] if n_dims > 1 else array[members, None]
        return views

    def attribute_arrays(self, attributes: Mapping[str, Any]) -> list[Any]:
        """Return the arrays of fitted attributes as their slots lie in a row."""
        return [
            attributes[name] if index is None else attributes[name][index]
            for name, index in self._columns
        ]

    def from_attributes(self, attributes: Mapping[str, Any], dtype: DTypeLike) -> np.ndarray:
        """Return new rows (n_members, row_size) that hold fitted attributes."""
        views = self.attribute_views(attributes)
        parts = [views[slot.key] for slot in self.ordered]
        flat = [part.reshape(len(part), -1) for part in parts]
        return np.concatenate(flat, axis=1, dtype=dtype, casting="unsafe")

    def initial(self, drawn: Mapping[str, Sequence[np.ndarray]], dtype: DTypeLike) -> np.ndarray:
        """Return a new row (1, row_size) to start from.

        Parameters
        ----------
        drawn : mapping of str to list of ndarray
            The attributes that an initializer draws, layer by layer.
        dtype : dtype
            Data type of the row.
        """
        values = {
            slot.key: drawn[slot.name][slot.index]  # type: ignore[index]
            if slot.initial is None
            else np.full(slot.shape, slot.initial)
            for slot in self.ordered
        }
        return self.from_attributes(self._by_name(values), dtype)

    def _by_name(self, values: Mapping[Key, Any]) -> dict[str, Any]:
        """Return what belongs to slots by attribute: a list by index, or a single one."""
        found: dict[str, Any] = {}
        for slot in self.ordered:
            if slot.index is None:
                found[slot.name] = values[slot.key]
            else:
                found.setdefault(slot.name, []).append(values[slot.key])
        return found


def _size(slots: Sequence[Slot] | Iterator[Slot]) -> int:
    return sum(prod(slot.shape) for slot in slots)
