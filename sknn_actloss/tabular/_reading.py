"""Reading of whole tables: a reader for each column, and the features worth keeping."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sknn_actloss.tabular._frames import Frame
from sknn_actloss.tabular._kinds import kind_of, level_counts
from sknn_actloss.tabular._levels import Levels
from sknn_actloss.tabular._readers import DateReader, Feature, LevelReader, NumberReader, Reader
from sknn_actloss.tabular._strings import is_identifier, refuse_unsuited

CONSTANT = "has a single value"
IDENTIFIER = "has each value once"
MISSING = "is missing in all rows"

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
        if self.categorical[index] or frame.is_category(index) or kind == "category":
            return self._categories(name, values)
        if kind == "string":
            return self._strings(name, values)
        return NumberReader(name) if kind == "number" else DateReader(name)

    def _categories(self, name: str, values: np.ndarray) -> Reader:
        return LevelReader(name, _levels(values, self.max_categories), "category")

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


@dataclass
class Reading:
    """Readers of columns and what they give.

    Parameters
    ----------
    readers : list of (int, Reader, list of int)
        Index of a column of the table, its reader, and which of the reader's features are kept.
    features : list of Feature
        The features that are kept.
    dropped : dict of str to str
        Features that are not, and why.
    """

    readers: list[tuple[int, Reader, list[int]]] = field(default_factory=list)
    features: list[Feature] = field(default_factory=list)
    dropped: dict[str, str] = field(default_factory=dict)
    _seen: dict[bytes, str] = field(default_factory=dict)

    def learn(self, frame: Frame, names: list[str], choice: Choice) -> np.ndarray:
        """Choose readers and features, and return the features' values.

        Parameters
        ----------
        frame : Frame
            The table to learn from.
        names : list of str
            Names of its columns.
        choice : Choice
            How columns are told apart.

        Returns
        -------
        values : ndarray of shape (n_rows, n_features)
            Numbers, with NaN for gaps, and codes of levels.
        """
        blocks = []
        for index, name in enumerate(names):
            values = frame.column(index)
            reader = choice.reader(frame, index, name, values)
            if reader is None:
                self.dropped[name] = IDENTIFIER
            else:
                blocks.append(self._keep(index, reader, reader.read(values)))
        return self._joined(blocks, frame)

    def read(self, frame: Frame, order: list[int]) -> np.ndarray:
        """Return the values of the features for another table.

        Parameters
        ----------
        frame : Frame
            The table.
        order : list of int
            Where it has each column of the table that was learnt from.
        """
        blocks = [
            reader.read(frame.column(order[index]))[:, kept] for index, reader, kept in self.readers
        ]
        return self._joined(blocks, frame)

    def names(self, names: list[str]) -> list[str]:
        """Return the names of the features, given those of the table's columns."""
        return [
            names[index] + reader.features[column].ending
            for index, reader, kept in self.readers
            for column in kept
        ]

    def _keep(self, index: int, reader: Reader, values: np.ndarray) -> np.ndarray:
        kept = []
        for column, feature in enumerate(reader.features):
            name = reader.name + feature.ending
            reason = self._objection(name, feature, values[:, column])
            if reason is None:
                kept.append(column)
                self.features.append(feature)
            else:
                self.dropped[name] = reason
        if kept:
            self.readers.append((index, reader, kept))
        return values[:, kept]

    def _objection(self, name: str, feature: Feature, values: np.ndarray) -> str | None:
        reason = _emptiness(feature, values)
        if reason is not None:
            return reason
        key = feature.kind.encode() + (values + 0.0).tobytes()  # -0.0 + 0.0 is 0.0
        first = self._seen.setdefault(key, name)
        return None if first is name else f"equals {first!r}"

    def _joined(self, blocks: list[np.ndarray], frame: Frame) -> np.ndarray:
        return np.concatenate(blocks or [np.empty((frame.shape[0], 0))], axis=1)


def _levels(values: np.ndarray, max_levels: int | None = None) -> Levels:
    counts = level_counts(values)
    return Levels(counts, len(values) - counts.total(), max_levels)


def _emptiness(feature: Feature, values: np.ndarray) -> str | None:
    """Say why a feature tells rows apart in no way, ``None`` if it does."""
    if feature.levels == ("missing",):
        return MISSING
    gaps = np.isnan(values)
    if gaps.all():
        return MISSING
    return CONSTANT if not gaps.any() and values.min() == values.max() else None


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
        chosen = [_index(name, names) for name in chosen.tolist()]
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
