"""What losses do to arrays as calls of NumPy.

Targets ``y`` have shape (batch, n_targets), ``raw`` and ``out`` (n_members, batch, n_outputs).
"""

from __future__ import annotations

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss._numeric import clip, constant, less_largest_calls, negate, softmax_calls
from sknn_actloss.kernels._numpy_solvers import maximum

#: A number for all members, or an array that broadcasts against what it acts on.
Number = float | np.ndarray


def residual(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write raw - y."""
    return [(np.subtract, (raw, y, out))]


def softmax_residual(
    raw: np.ndarray, y: np.ndarray, totals: np.ndarray, out: np.ndarray
) -> list[Call]:
    """Write softmax(raw) - y, the derivative of the log loss.

    The sums of exponentials, each less the largest output of its row, come into ``totals``
    (n_members, batch).
    """
    return [*softmax_calls(raw, out, totals), (np.subtract, (out, y, out))]


def log_loss(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write the log loss of each row to ``out`` (n_members, batch); spoils ``raw``."""
    exponentials = np.empty_like(raw)
    return [
        *_less_largest(raw),
        (np.exp, (raw, exponentials)),
        (np.add.reduce, (exponentials, -1, None, out)),
        *_log_less_cost(raw, y, out, out),
    ]


def log_loss_by_totals(
    raw: np.ndarray, y: np.ndarray, totals: np.ndarray, out: np.ndarray
) -> list[Call]:
    """Write the log loss of each row, given what the derivative has left; spoils ``raw``."""
    return [*_less_largest(raw), *_log_less_cost(raw, y, totals, out)]


def binary_log_loss(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write the log loss of each row, summed over outputs of their own; spoils ``raw``."""
    linear, room = np.empty_like(raw), np.empty_like(raw)
    zero = constant(0.0, raw.dtype)
    return [
        # The linear part comes first: what is left of it is exact, and log1p keeps the tail.
        maximum(raw, zero, linear),
        (np.multiply, (y, raw, room)),
        (np.subtract, (linear, room, linear)),
        (np.abs, (raw, raw)),
        negate(raw),
        (np.exp, (raw, raw)),
        (np.log1p, (raw, raw)),
        (np.add, (linear, raw, linear)),
        (np.add.reduce, (linear, -1, None, out)),
    ]


def residual_sign(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write sign(raw - y), the derivative of the absolute error."""
    return [*residual(raw, y, out), (np.sign, (out, out))]


def clamped_residual(raw: np.ndarray, y: np.ndarray, bound: Number, out: np.ndarray) -> list[Call]:
    """Write raw - y within bounds, the derivative of Huber's loss."""
    low, high = constant(-bound, raw.dtype), constant(bound, raw.dtype)
    return [*residual(raw, y, out), (clip, (out, low, high, out))]


def residual_beyond(raw: np.ndarray, y: np.ndarray, bound: Number, out: np.ndarray) -> list[Call]:
    """Write sign(raw - y) where |raw - y| is above a bound, else zero."""
    size, outside = np.empty_like(out), np.empty(out.shape, bool)
    return [
        *residual(raw, y, out),
        (np.abs, (out, size)),
        (np.greater, (size, constant(bound, raw.dtype), outside)),
        (np.sign, (out, out)),
        (np.multiply, (out, outside, out)),
    ]


def excess(raw: np.ndarray, y: np.ndarray, bound: Number, out: np.ndarray) -> list[Call]:
    """Write twice what |raw - y| is above a bound, with the sign of raw - y."""
    inside, dtype = np.empty_like(out), raw.dtype
    return [
        *residual(raw, y, out),
        (clip, (out, constant(-bound, dtype), constant(bound, dtype), inside)),
        (np.subtract, (out, inside, out)),
        (np.multiply, (out, constant(2.0, dtype), out)),
    ]


def hinge(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write -y where y raw is below one, else zero, for y of -1 and +1."""
    below = np.empty(out.shape, bool)
    return [
        (np.multiply, (y, raw, out)),
        (np.less, (out, constant(1.0, raw.dtype), below)),
        (np.copyto, (out, below)),
        negate(out),
        (np.multiply, (y, out, out)),
    ]


def squared_hinge(raw: np.ndarray, y: np.ndarray, limit: float, out: np.ndarray) -> list[Call]:
    """Write -2 y times 1 - y raw, where that is taken from zero to a limit."""
    dtype = raw.dtype
    return [
        (np.multiply, (y, raw, out)),
        (np.subtract, (constant(1.0, dtype), out, out)),
        (clip, (out, constant(0.0, dtype), constant(limit, dtype), out)),
        (np.multiply, (out, constant(-2.0, dtype), out)),
        (np.multiply, (y, out, out)),
    ]


def weigh(delta: np.ndarray, sample_weight: np.ndarray | None, share: Number) -> list[Call]:
    """Multiply derivatives by the weights of rows, and by a share of each row in the mean.

    Parameters
    ----------
    delta : ndarray of shape (n_members, batch, n_outputs)
    sample_weight : ndarray of shape (batch,) or (n_members, batch), or None
    share : float or ndarray of shape (n_members, 1, 1)
    """
    scaled = np.multiply, (delta, constant(share, delta.dtype), delta)
    if sample_weight is None:
        return [scaled]
    return [(np.multiply, (delta, sample_weight[..., None], delta)), scaled]


def _less_largest(raw: np.ndarray) -> list[Call]:
    return less_largest_calls(raw, raw, np.empty_like(raw[..., :1]))


def _log_less_cost(
    raw: np.ndarray, y: np.ndarray, totals: np.ndarray, out: np.ndarray
) -> list[Call]:
    costs = np.empty_like(out)
    return [
        (np.log, (totals, out)),
        (np.multiply, (raw, y, raw)),
        (np.add.reduce, (raw, -1, None, costs)),
        (np.subtract, (out, costs, out)),
    ]
