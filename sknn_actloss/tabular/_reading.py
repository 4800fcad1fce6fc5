"""Reading of whole tables: a reader for each column, and the features worth keeping."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np

from sknn_actloss.tabular._choice import Choice
from sknn_actloss.tabular._frames import Frame
from sknn_actloss.tabular._readers import Feature, Reader

CONSTANT = "has a single value"
IDENTIFIER = "has each value once"
MISSING = "is missing in all rows"


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
        blocks: list[np.ndarray] = []
        seen: dict[Any, Any] = {}
        for index, name in enumerate(names):
            values = frame.column(index)
            reader = choice.reader(frame, index, name, values)
            if reader is None:
                self.dropped[name] = IDENTIFIER
            else:
                blocks.append(self._keep(index, reader, reader.read(values), seen))
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
            reader.read_from(frame, order[index])[:, kept] for index, reader, kept in self.readers
        ]
        return self._joined(blocks, frame)

    def names(self, names: list[str]) -> list[str]:
        """Return the names of the features, given those of the table's columns."""
        return [
            names[index] + reader.features[column].ending
            for index, reader, kept in self.readers
            for column in kept
        ]

    def _keep(
        self, index: int, reader: Reader, values: np.ndarray, seen: dict[bytes, str]
    ) -> np.ndarray:
        kept = []
        for column, feature in enumerate(reader.features):
            name = reader.name + feature.ending
            reason = _emptiness(values[:, column]) or _repetition(
                name, feature, values[:, column], seen
            )
            if reason is None:
                kept.append(column)
                self.features.append(feature)
            else:
                self.dropped[name] = reason
        if kept:
            self.readers.append((index, reader, kept))
        return values[:, kept]

    def _joined(self, blocks: list[np.ndarray], frame: Frame) -> np.ndarray:
        return np.concatenate(blocks or [np.empty((frame.shape[0], 0))], axis=1)


def _emptiness(values: np.ndarray) -> str | None:
    """Say why a feature tells no rows apart, ``None`` if it does."""
    gaps = np.isnan(values)
    if gaps.all():
        return MISSING
    return CONSTANT if not gaps.any() and values.min() == values.max() else None


def _repetition(
    name: str, feature: Feature, values: np.ndarray, seen: dict[bytes, str]
) -> str | None:
    """Say which earlier feature has the same values, ``None`` if there is none."""
    # -0.0 + 0.0 is 0.0.
    key = f"{feature.kind} {feature.period}".encode() + blake2b((values + 0.0).tobytes()).digest()
    first = seen.setdefault(key, name)
    return None if first is name else f"equals {first!r}"
