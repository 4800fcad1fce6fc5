"""Kernels as calls of NumPy: the reference for all others."""

from __future__ import annotations

import math

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss._numeric import clip, constant, sigmoid_calls
from sknn_actloss.kernels._numpy_losses import (
    Number,
    binary_log_loss,
    clamped_residual,
    excess,
    hinge,
    log_loss,
    log_loss_by_totals,
    residual,
    residual_beyond,
    residual_sign,
    softmax_residual,
    squared_hinge,
    weigh,
)
from sknn_actloss.kernels._numpy_products import product, row_dot, row_sum
from sknn_actloss.kernels._numpy_solvers import (
    adadelta,
    adagrad,
    adam,
    adamax,
    lion,
    maximum,
    nadam,
    rmsprop,
    sgd,
)

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "add_row",
    "add_scaled",
    "binary_log_loss",
    "clamp",
    "clamp_backward",
    "clamped_residual",
    "drop",
    "dropout_mask",
    "excess",
    "fused",
    "gather",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_silu",
    "hard_silu_backward",
    "hinge",
    "leaky_relu",
    "leaky_relu_backward",
    "lion",
    "log_loss",
    "log_loss_by_totals",
    "logistic",
    "logistic_backward",
    "nadam",
    "product",
    "relu",
    "relu_backward",
    "residual",
    "residual_beyond",
    "residual_sign",
    "rmsprop",
    "row_dot",
    "row_sum",
    "scale",
    "sgd",
    "softmax_residual",
    "squared_hinge",
    "tanh_backward",
    "weigh",
]

#: For each data type of networks the integers of its size and the number of their last bit.
_INTEGERS = {
    np.dtype(f"f{size}"): (np.dtype(f"i{size}"), np.array(8 * size - 1, f"i{size}"))
    for size in (4, 8)
}


# -- Linear layers ---------------------------------------------------------------------------------


def add_row(z: np.ndarray, row: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write ``z`` (n_members, batch, units) plus a row (n_members, 1, units) to ``out``."""
    if len(z) == 1:
        return [(np.add, (z[0], row[0], out[0]))]
    return [(np.add, (z, row, out))]


# -- Activations: z and out, or a and grad, (n_members, batch, units) ------------------------------


def relu(z: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write max(0, z)."""
    # On large arrays clip takes half the time of maximum with a number.
    return [(clip, (z, constant(0.0, z.dtype), constant(math.inf, z.dtype), out))]


def relu_backward(a: np.ndarray, grad: np.ndarray) -> list[Call]:
    """Clear the derivatives of units that are off; spoils ``a``."""
    # As integers, positive floats are positive: the sign of the negative, spread over all bits,
    # is a mask, which takes less time than a comparison and a product.
    integer, shift = _INTEGERS[a.dtype]
    mask, slopes = a.view(integer), grad.view(integer)
    return [
        (np.subtract, (constant(0, integer), mask, mask)),
        (np.right_shift, (mask, shift, mask)),
        (np.bitwise_and, (slopes, mask, slopes)),
    ]


def leaky_relu(z: np.ndarray, slope: Number, out: np.ndarray) -> list[Call]:
    """Write max(z, slope z)."""
    room = np.empty_like(z)
    return [
        (np.multiply, (z, constant(slope, z.dtype), room)),
        maximum(z, room, out),
    ]


def leaky_relu_backward(a: np.ndarray, slope: Number, grad: np.ndarray) -> list[Call]:
    """Multiply derivatives by the slope where units are off; spoils ``a``."""
    one = constant(1.0, a.dtype)
    return [
        (np.greater, (a, constant(0.0, a.dtype), a)),
        (clip, (a, constant(slope, a.dtype), one, a)),
        (np.multiply, (grad, a, grad)),
    ]


def clamp(z: np.ndarray, low: float, high: float, out: np.ndarray) -> list[Call]:
    """Write min(max(low, z), high)."""
    return [(clip, (z, constant(low, z.dtype), constant(high, z.dtype), out))]


def clamp_backward(a: np.ndarray, low: float, high: float, grad: np.ndarray) -> list[Call]:
    """Multiply derivatives by zero where units are at a bound."""
    return [*_between(a, low, high, room := np.empty(a.shape, bool)), _times(grad, room)]


def hard_sigmoid(z: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write min(max(0, z / 6 + 1 / 2), 1)."""
    six, half = constant(6.0, z.dtype), constant(0.5, z.dtype)
    return [(np.divide, (z, six, out)), (np.add, (out, half, out)), *clamp(out, 0.0, 1.0, out)]


def hard_sigmoid_backward(a: np.ndarray, grad: np.ndarray) -> list[Call]:
    """Multiply derivatives by a sixth, and by zero at a bound."""
    return [
        *clamp_backward(a, 0.0, 1.0, grad),
        (np.divide, (grad, constant(6.0, grad.dtype), grad)),
    ]


def hard_silu(z: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write z min(max(0, z / 6 + 1 / 2), 1)."""
    gate = np.empty_like(z)
    return [*hard_sigmoid(z, gate), (np.multiply, (z, gate, out))]


def hard_silu_backward(z: np.ndarray, a: np.ndarray, grad: np.ndarray) -> list[Call]:
    """Multiply derivatives by the gate plus z times its derivative; spoils ``z`` and ``a``."""
    inside = np.empty(z.shape, bool)
    return [
        *hard_sigmoid(z, a),
        *_between(a, 0.0, 1.0, inside),
        _times(z, inside),
        (np.divide, (z, constant(6.0, z.dtype), z)),
        (np.add, (a, z, a)),
        (np.multiply, (grad, a, grad)),
    ]


def logistic(z: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write 1 / (1 + exp(-z))."""
    return sigmoid_calls(z, out)


def logistic_backward(a: np.ndarray, grad: np.ndarray) -> list[Call]:
    """Multiply derivatives by a (1 - a); spoils ``a``."""
    return [
        (np.multiply, (grad, a, grad)),
        (np.subtract, (constant(1.0, a.dtype), a, a)),
        (np.multiply, (grad, a, grad)),
    ]


def tanh_backward(a: np.ndarray, grad: np.ndarray) -> list[Call]:
    """Multiply derivatives by 1 - a²; spoils ``a``."""
    return [
        (np.multiply, (a, a, a)),
        (np.subtract, (constant(1.0, a.dtype), a, a)),
        (np.multiply, (grad, a, grad)),
    ]


# -- Penalties: arrays of shape (n_members, n_params) ----------------------------------------------


def add_scaled(
    gradient: np.ndarray, params: np.ndarray, strength: np.ndarray, room: np.ndarray
) -> list[Call]:
    """Add parameters times a strength, which broadcasts against them; may spoil ``room``."""
    return [
        (np.multiply, (params, strength, room)),
        (np.add, (gradient, room, gradient)),
    ]


def scale(array: np.ndarray, factor: np.ndarray) -> list[Call]:
    """Multiply rows by factors (n_members, 1) that are read when the calls are made."""
    return [(np.multiply, (array, factor, array))]


# -- Dropout ---------------------------------------------------------------------------------------


def dropout_mask(
    drawn: np.ndarray, limit: np.ndarray, factor: np.ndarray, out: np.ndarray
) -> list[Call]:
    """Write a factor where a random number is at least a limit, else zero.

    Parameters
    ----------
    drawn : ndarray of shape (batch, units), uint16
        Random numbers.
    limit : ndarray of shape (n_masks, 1, 1), uint16
    factor : ndarray of shape (n_masks, 1, 1)
        Both are read when the calls are made.
    out : ndarray of shape (n_masks, batch, units)
    """
    kept = np.empty(out.shape, bool)
    return [(np.greater_equal, (drawn, limit, kept)), (np.multiply, (kept, factor, out))]


def drop(a: np.ndarray, mask: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write units (n_members, batch, units) times a mask of their own, or of all members."""
    return [(np.multiply, (a, mask, out))]


# -- Rows and lists of calls -----------------------------------------------------------------------


def gather(array: np.ndarray, rows: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write rows of a table, given by indices within it, in the data type of ``out``."""
    if array.dtype == out.dtype and array.flags.c_contiguous and out.flags.c_contiguous:
        # mode="clip" lets it write to out without a buffer in between.
        return [(np.take, (array, rows, 0, out, "clip"))]
    return [(_pick, (array, rows, out))]


def fused(calls: list[Call]) -> list[Call]:
    """Return calls that do the same in fewer passes, here the very calls."""
    return calls


def _pick(array: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    # take would copy an array in another order as a whole.
    is_plain = array.flags.c_contiguous
    out[...] = np.take(array, rows, axis=0, mode="clip") if is_plain else array[rows]


def _between(a: np.ndarray, low: float, high: float, out: np.ndarray) -> list[Call]:
    above = np.empty(a.shape, bool)
    return [
        (np.greater, (a, constant(low, a.dtype), above)),
        (np.less, (a, constant(high, a.dtype), out)),
        (np.logical_and, (above, out, out)),
    ]


def _times(array: np.ndarray, states: np.ndarray) -> Call:
    return np.multiply, (array, states, array)
