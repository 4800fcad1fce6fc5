"""Rows that occur several times in a table, found by hashes: apart, or joined into one."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from sklearn.model_selection import PredefinedSplit, TimeSeriesSplit

from sknn_actloss._sklearn import check_sample_weight, safe_indexing
from sknn_actloss.tabular._frames import as_frame
from sknn_actloss.tabular._kinds import kind_of
from sknn_actloss.tabular._readers import as_numbers

#: Factors of the splitmix64 generator, whose output function spreads each bit over all.
_FACTORS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))

#: Whole weights up to which they are taken for numbers of rows.
MOST_COPIES = 4


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to learn from.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_rows, n_features)
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
    sample_weight : ndarray of shape (n_rows,) or None
        Their weights, ``None`` where all are one.
    groups : array-like of shape (n_rows,) or None
        Their groups.
    index : ndarray of shape (n_samples,)
        Which of them each row that was given has become, the first of several; -1 for rows
        without weight.
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


def given(X: Any, y: Any, sample_weight: Any, groups: Any, estimator: Any) -> Rows:
    """Return rows as they are, in their order."""
    if np.ndim(sample_weight) == 0 and sample_weight is not None:
        sample_weight = np.full(len(y), sample_weight)
    return Rows(X, y, sample_weight, groups, np.arange(len(y)))


def apart(X: Any, y: Any, sample_weight: Any, groups: Any, estimator: Any) -> Rows:
    """Return all rows, a row of a whole weight as so many rows, where none is many.

    Rows come in the order of their hashes: as if they were shuffled, but the same whatever order
    they had before. Those without weight are dropped, and a common factor of whole weights does not
    count. Parameters are those of :func:`joined`.
    """
    table, hashes, weights = _read(X, y, sample_weight, groups, estimator)
    counted = np.flatnonzero(weights)
    own = weights[counted]
    is_whole = bool(np.all(own == np.floor(own))) and own.max() < 2**53
    numbers = own.astype(np.int64) // np.gcd.reduce(own.astype(np.int64)) if is_whole else own
    is_count = is_whole and numbers.max() <= MOST_COPIES
    copies = np.repeat(counted, numbers) if is_count else counted
    chosen = copies[np.lexsort((weights[copies], hashes[copies]))]
    index = np.full(len(weights), -1)
    index[chosen[::-1]] = np.arange(len(chosen))[::-1]
    return _taken(table, y, groups, chosen, None if is_count else weights[chosen], index)


def joined(X: Any, y: Any, sample_weight: Any, groups: Any, estimator: Any) -> Rows:
    """Join rows of the same values, target and group, and drop those without weight.

    The rows come in the order of their hashes, see :func:`apart`.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight, groups : array-like of shape (n_samples,) or None
    estimator : estimator
        For messages.
    """
    table, hashes, weights = _read(X, y, sample_weight, groups, estimator)
    counted = np.flatnonzero(weights)
    _, first, inverse = np.unique(hashes[counted], return_index=True, return_inverse=True)
    sums = np.bincount(inverse, weights=weights[counted])
    index = np.full(len(weights), -1)
    index[counted] = inverse
    return _taken(table, y, groups, counted[first], None if np.all(sums == 1) else sums, index)


#: What is done with rows that are the same in all columns, target and group.
REPEATS = {"apart": apart, "joined": joined, "given": given}


def check_order(repeats: str, splitter: Any) -> None:
    """Raise a ValueError where validation rows go by an order that is not kept."""
    by_order = isinstance(splitter, PredefinedSplit | TimeSeriesSplit | Iterable)
    if by_order and not isinstance(splitter, str) and repeats != "given":
        raise ValueError(
            f"validation_fraction, a {type(splitter).__name__}, goes by the order of the rows, "
            f"which repeats={repeats!r} changes. Set repeats='given'."
        )


def _read(
    X: Any, y: Any, sample_weight: Any, groups: Any, estimator: Any
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return the table, and hashes and weights of its rows."""
    frame = as_frame(X, estimator)
    columns = [frame.column(index) for index in range(frame.shape[1])]
    columns += [*_columns(y), *([] if groups is None else _columns(groups))]
    weights = check_sample_weight(
        sample_weight, np.empty(frame.shape), dtype=np.float64, ensure_non_negative=True
    )
    if not weights.any():
        raise ValueError("sample_weight is zero for all rows; give one of them a weight above it.")
    return frame.table, row_hashes(columns), weights


def _taken(
    table: Any,
    y: Any,
    groups: Any,
    chosen: np.ndarray,
    sample_weight: np.ndarray | None,
    index: np.ndarray,
) -> Rows:
    groups = None if groups is None else safe_indexing(groups, chosen)
    return Rows(
        safe_indexing(table, chosen), safe_indexing(y, chosen), sample_weight, groups, index
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
        with suppress(ValueError):  # too large ones, for the encoder to complain about
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
