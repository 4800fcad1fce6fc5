"""Rows that occur several times in a table, found by hashes and joined into one of their weight."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from sknn_actloss._sklearn import check_sample_weight, safe_indexing
from sknn_actloss.tabular._frames import as_frame
from sknn_actloss.tabular._kinds import kind_of
from sknn_actloss.tabular._readers import as_numbers

#: Factors of the splitmix64 generator, whose output function spreads each bit over all.
_FACTORS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to learn from.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_distinct, n_features)
    y : array-like of shape (n_distinct,) or (n_distinct, n_outputs)
    sample_weight : ndarray of shape (n_distinct,) or None
        Their weights, ``None`` where all are one.
    groups : array-like of shape (n_distinct,) or None
        Their groups.
    index : ndarray of shape (n_samples,)
        Which of them each row that was given has become; -1 for rows without weight.
    """

    X: Any
    y: Any
    sample_weight: np.ndarray | None
    groups: Any
    index: np.ndarray

    @property
    def fit_params(self) -> dict[str, Any]:
        """What ``fit`` takes beside rows and targets."""
        given = {"sample_weight": self.sample_weight, "groups": self.groups}
        return {name: value for name, value in given.items() if value is not None}


def as_given(X: Any, y: Any, sample_weight: Any, groups: Any) -> Rows:
    """Return rows as they are."""
    return Rows(X, y, sample_weight, groups, np.arange(len(y)))


def joined(X: Any, y: Any, sample_weight: Any, groups: Any, estimator: Any) -> Rows:
    """Join rows of the same values, target and group, and drop those without weight.

    The rows come in the order of their hashes: as if they were shuffled, but the same whatever
    order and number they had before.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight, groups : array-like of shape (n_samples,) or None
    estimator : estimator
        For messages.
    """
    frame = as_frame(X, estimator)
    columns = [frame.column(index) for index in range(frame.shape[1])]
    columns += [*_columns(y), *([] if groups is None else _columns(groups))]
    weights = check_sample_weight(
        sample_weight, np.empty(frame.shape), dtype=np.float64, ensure_non_negative=True
    )
    counted = np.flatnonzero(weights)
    if len(counted) == 0:
        raise ValueError("sample_weight is zero for all rows; give one of them a weight above it.")
    _, first, inverse = np.unique(
        row_hashes(columns)[counted], return_index=True, return_inverse=True
    )
    sums = np.bincount(inverse, weights=weights[counted])
    index = np.full(len(weights), -1)
    index[counted] = inverse
    chosen = counted[first]
    return Rows(
        safe_indexing(frame.table, chosen),
        safe_indexing(y, chosen),
        None if np.all(sums == 1) else sums,
        None if groups is None else safe_indexing(groups, chosen),
        index,
    )


def row_hashes(columns: list[np.ndarray]) -> np.ndarray:
    """Return uint64 of shape (n_rows,) that are equal for rows of equal values."""
    hashes = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        hashes = _mixed(hashes * _FACTORS[0] + _bits(column))
    return hashes


def _mixed(values: np.ndarray) -> np.ndarray:
    values = (values ^ (values >> np.uint64(30))) * _FACTORS[1]
    return values ^ (values >> np.uint64(27))


def _columns(values: Any) -> list[np.ndarray]:
    array = np.asarray(values)
    return list(array.reshape(len(array), -1).T)


def _bits(column: np.ndarray) -> np.ndarray:
    kind = column.dtype.kind
    if kind == "f":
        # One NaN for all, and one zero.
        numbers = np.where(np.isnan(column), np.nan, column.astype(np.float64) + 0.0)
        return numbers.view(np.uint64)
    if kind in "mM":
        return column.view(np.int64).astype(np.uint64)
    if kind in "iub":
        return _bits_of_integers(column)
    if kind == "O" and kind_of(column) == "number":
        return _bits(as_numbers(column, "object"))
    return _bits_of_objects(column.tolist())


def _bits_of_integers(column: np.ndarray) -> np.ndarray:
    # 1 is the same target as 1.0, but large identifiers are not to be rounded.
    bits = column.astype(np.uint64)
    rounded = column.astype(np.float64)
    exact = np.abs(rounded) <= 2.0**53
    bits[exact] = rounded[exact].view(np.uint64)
    return bits


def _bits_of_objects(values: list[Any]) -> np.ndarray:
    texts = list(map(repr, values))
    found = {text: blake2b(text.encode("utf-8", "replace"), digest_size=8) for text in set(texts)}
    digests = {text: int.from_bytes(one.digest(), "little") for text, one in found.items()}
    return np.array([digests[text] for text in texts], dtype=np.uint64)
