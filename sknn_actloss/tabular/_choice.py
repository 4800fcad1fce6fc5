"""How the columns of a table are told apart: by their types, their values and the user's word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_actloss.tabular._dates import zones_of
from sknn_actloss.tabular._frames import Frame
from sknn_actloss.tabular._kinds import kind_of, level_counts
from sknn_actloss.tabular._levels import Levels
from sknn_actloss.tabular._readers import (
    DateReader,
    LevelReader,
    NumberReader,
    Reader,
    are_spans,
)
from sknn_actloss.tabular._strings import is_identifier, refuse_unsuited

_REFUSALS = {
    "complex": "complex numbers; replace it by their real and imaginary parts",
    "nested": "lists or other nested values; replace it by columns of numbers or of categories",
}


@dataclass(frozen=True)
class Choice:
    """How columns are told apart.

    Parameters
    ----------
    categorical : ndarray of bool, shape (n_columns,)
        Which columns are categories by the user's word.
    max_categories : int
        Levels of a category at most.
    has_target : bool
        Whether means of a target can stand for strings of more levels.
    """

    categorical: np.ndarray
    max_categories: int
    has_target: bool

    def reader(self, frame: Frame, index: int, name: str, values: np.ndarray) -> Reader | None:
        """Return the reader of a column, ``None`` where it identifies rows.

        Raises
        ------
        ValueError
            If the column is of no use as it is; the message names the remedy.
        """
        kind = kind_of(values)
        if kind in _REFUSALS:
            raise ValueError(f"Column {name!r} of X holds {_REFUSALS[kind]}, or drop it.")
        zones = tuple(sorted(zones_of(values, frame.zone(index)))) if kind == "date" else ()
        if self.categorical[index] or frame.is_category(index) or kind == "category":
            return self._categories(name, values, zones)
        if kind == "string":
            return self._strings(name, values)
        if kind == "date":
            return DateReader(name, zones)
        return NumberReader(name, are_spans(values))

    def _categories(self, name: str, values: np.ndarray, zones: tuple[str, ...] = ()) -> Reader:
        return LevelReader(name, _levels(values, self.max_categories), "category", zones)

    def _strings(self, name: str, values: np.ndarray) -> Reader | None:
        counts = level_counts(values)
        if len(counts) <= self.max_categories:
            return self._categories(name, values)
        refuse_unsuited(name, counts)
        if is_identifier(counts):
            return None
        if self.has_target:
            return LevelReader(name, _levels(values), "target")
        return self._categories(name, values)


def category_mask(given: Any, names: list[str]) -> np.ndarray:
    """Turn names, indices or a mask of categorical columns into a mask.

    Raises
    ------
    ValueError
        If a name, an index or the length of the mask does not fit the table.
    """
    mask = np.zeros(len(names), dtype=bool)
    if isinstance(given, str) or given is None or len(given) == 0:
        return mask
    chosen = np.asarray(given)
    if chosen.dtype.kind == "b" and len(chosen) != len(names):
        raise ValueError(
            f"categorical_features is a mask of {len(chosen)} columns, but X has {len(names)}; "
            "give it one entry for each column."
        )
    if chosen.dtype.kind in "OU":
        chosen = [_index(name, names) for name in chosen.tolist()]  # type: ignore[assignment]
    try:
        mask[chosen] = True
    except IndexError as error:
        raise ValueError(
            f"categorical_features={given!r} must hold names, a mask, or indices below "
            f"{len(names)}, the number of columns of X."
        ) from error
    return mask


def _index(name: str, names: list[str]) -> int:
    if name not in names:
        raise ValueError(
            f"categorical_features has {name!r}, which is no column of X; its columns are {names}."
        )
    return names.index(name)


def _levels(values: np.ndarray, max_levels: int | None = None) -> Levels:
    counts = level_counts(values)
    return Levels(counts, len(values) - counts.total(), max_levels)
