"""The mean gradient of a function on the straight way between two points, row by row."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

#: Equal pieces that the way is cut into at first, how often one may be halved, and the points
#: at which the gradient of a piece is taken.
N_PIECES, MAX_HALVINGS, N_POINTS = 4, 30, 3

#: The smallest rise that counts, as a share of the value.
RELATIVE = 1e-9

#: How many times the tolerance gaps may be in size where they cancel.
CANCELLATION = 5

#: Rows whose ways are gone together.
BLOCK_SIZE = 256

#: A function of rows (n_rows, n_inputs).
OfRows = Callable[[np.ndarray], np.ndarray]


class Function(NamedTuple):
    """What is integrated.

    Attributes
    ----------
    value : callable
        Returns values (n_sums, n_rows) at some inputs (n_rows, n_inputs).
    gradient : callable
        Returns their derivatives (n_sums, n_rows, n_inputs).
    """

    value: OfRows
    gradient: OfRows


def mean_gradient(function: Function, begin: np.ndarray, end: np.ndarray, tol: float) -> np.ndarray:
    """Return the mean of the gradient over the way from one point to another.

    The mean over each piece of the way is a Gauss-Legendre sum. Times the way it has to give what
    the value rises by; a piece where it does not is cut in halves.

    Parameters
    ----------
    function : Function
    begin, end : ndarray of shape (n_rows, n_inputs)
        The points.
    tol : float
        Largest distance from the rise over the whole way, as a share of it.

    Returns
    -------
    mean : ndarray of shape (n_sums, n_rows, n_inputs)

    Warns
    -----
    UserWarning
        If the tolerance is not reached.
    """
    spans = [slice(start, start + BLOCK_SIZE) for start in range(0, len(begin), BLOCK_SIZE)]
    found = [_of_block(function, begin[span], end[span], tol) for span in spans]
    n_missed = sum(missed for _, missed in found)
    if n_missed:
        warnings.warn(
            f"The attributions of {n_missed} row(s) miss completeness by more than tol={tol:g} of "
            "the distance that they explain: what is explained jumps on the way from the "
            "baseline. Take a nearer baseline, or a larger tol.",
            stacklevel=3,
        )
    return np.concatenate([mean for mean, _ in found], axis=1)


def _of_block(
    function: Function, begin: np.ndarray, end: np.ndarray, tol: float
) -> tuple[np.ndarray, int]:
    """Return the mean gradient, and the number of rows that miss the tolerance."""
    n_rows, way = len(begin), end - begin
    values = function.value(end)
    rise = values - function.value(begin)
    mean, kept_gaps = np.zeros((len(rise), *way.shape)), np.zeros((2, *rise.shape))
    rows = np.repeat(np.arange(n_rows), N_PIECES)
    starts, width = np.tile(np.arange(N_PIECES) / N_PIECES, n_rows), 1 / N_PIECES
    for halvings in range(MAX_HALVINGS + 1):
        first, step = begin[rows] + starts[:, None] * way[rows], width * way[rows]
        gradient = _gauss(function.gradient, first, step)
        if halvings == 0:
            allowed = tol * _size(values, rise, gradient * step)
        gap = _gap(function.value, first, step, gradient)
        gaps = np.stack([gap, np.abs(gap)])
        # Over all halvings these parts of what is allowed add up to no more than that.
        part = allowed / ((halvings + 1) * (halvings + 2))
        is_open = _worth_halving(rows, gaps, kept_gaps, allowed, part)
        is_open &= halvings < MAX_HALVINGS
        kept = rows[~is_open]
        np.add.at(mean, (slice(None), kept), width * gradient[:, ~is_open])  # type: ignore[arg-type]
        kept_gaps += _by_row(kept, gaps[..., ~is_open], n_rows)
        width /= 2
        rows, starts = np.repeat(rows[is_open], 2), np.repeat(starts[is_open], 2)
        starts[1::2] += width
        if len(rows) == 0:
            break
    missed = np.abs((mean * way).sum(axis=-1) - rise) > allowed
    return mean, int(np.any(missed, axis=0).sum())


def _worth_halving(
    rows: np.ndarray,
    gaps: np.ndarray,
    kept_gaps: np.ndarray,
    allowed: np.ndarray,
    part: np.ndarray,
) -> np.ndarray:
    """Return which pieces to halve: the worse ones of rows that are not complete.

    Gaps of both signs cancel in the sum, but not where they are large: each input has its own.
    """
    n_rows = allowed.shape[1]
    total, size = kept_gaps + _by_row(rows, gaps, n_rows)
    exceeds = (np.abs(total) > allowed) | (size > CANCELLATION * allowed)
    share = part / np.maximum(np.bincount(rows, minlength=n_rows), 1)
    return np.any(exceeds, axis=0)[rows] & np.any(gaps[1] > share[:, rows], axis=0)


def _by_row(rows: np.ndarray, values: np.ndarray, n_rows: int) -> np.ndarray:
    """Add up the values (..., n_pieces) of the pieces of each row."""
    total = np.zeros((*values.shape[:-1], n_rows))
    np.add.at(total, (..., rows), values)  # type: ignore[arg-type]
    return total


def _gauss(gradient: OfRows, first: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the mean gradient over pieces of the way."""
    points, weights = np.polynomial.legendre.leggauss(N_POINTS)
    return sum(  # type: ignore[return-value]
        weight / 2 * gradient(first + (1 + point) / 2 * step)
        for point, weight in zip(points, weights, strict=True)
    )


def _gap(value: OfRows, first: np.ndarray, step: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return how far pieces are from what the value rises by."""
    return (gradient * step).sum(axis=-1) - (value(first + step) - value(first))


def _size(values: np.ndarray, rise: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Return what the tolerance is a share of, (n_sums, n_rows): the rise over the whole way.

    Where it is next to nothing, the measure is what inputs add and take away, the rise of another
    class, or the value itself, of which there are so many digits.
    """
    moves = np.abs(moves.reshape(*rise.shape, N_PIECES, -1).sum(axis=2)).sum(axis=-1)
    others = 0.01 * np.maximum(moves, np.abs(rise).max(axis=0))
    return np.maximum.reduce([np.abs(rise), others, RELATIVE * np.abs(values)])
