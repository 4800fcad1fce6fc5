"""Kernels compiled by numba: the numbers of NumPy's, in one pass over the arrays.

Exponentials and logarithms, whose loops NumPy has vectorised, large products, and arrays that are
stored in any other way than those of a training stay NumPy's. Small products go to SciPy's BLAS.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss._numeric import clip
from sknn_actloss.kernels import (
    _blas,
    _loops as loops,
    _loss_loops as losses,
    _pieces,
    _solver_loops as solvers,
    numpy as reference,
)
from sknn_actloss.kernels._compile import if_compiled
from sknn_actloss.kernels._passes import in_fewer_passes, in_programs
from sknn_actloss.kernels._storage import (
    has_contiguous_rows,
    in_place,
    is_same,
    output_by_output,
    with_rows,
)
from sknn_actloss.kernels.numpy import _INTEGERS, Number

#: Whether clip leaves a negative zero as it is, which depends on the release of NumPy (and in 2.1
#: to 2.3 on how arrays are stored as well).
_KEEPS_ZEROS = bool(np.signbit(clip(np.full(1, -0.0), np.array(0.0), np.array(1.0)))[0])


# -- Linear layers and activations -----------------------------------------------------------------


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    return _blas.product(a, b, out) or _pieces.product(a, b, out) or reference.product(a, b, out)


def row_sum(delta: np.ndarray, ones: np.ndarray, out: np.ndarray) -> list[Call]:
    return _blas.row_sum(delta, ones, out) or reference.row_sum(delta, ones, out)


def row_dot(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    return _blas.row_dot(a, b, out) or reference.row_dot(a, b, out)


def add_row(z: np.ndarray, row: np.ndarray, out: np.ndarray) -> list[Call]:
    swapped = out.swapaxes(1, 2)
    if is_same(z, out) and has_contiguous_rows(z) and has_contiguous_rows(row):
        return [loops.add_row(z, row)]
    if has_contiguous_rows(swapped):
        return [loops.add_row_to(z, row, swapped)]
    return reference.add_row(z, row, out)


@in_place
def relu(z: np.ndarray) -> list[Call]:
    return [loops.relu(z, _edges([0.0], z.dtype, math.inf))]


@with_rows(3)
def relu_backward(a: np.ndarray, grad: np.ndarray) -> list[Call]:
    integer, _ = _INTEGERS[a.dtype]
    return [loops.relu_backward(a.view(integer), grad.view(integer))]


@in_place
def leaky_relu(z: np.ndarray, slope: Number) -> list[Call]:
    return [loops.leaky_relu(z, _per_member(slope, z))]


@with_rows(3)
def leaky_relu_backward(a: np.ndarray, slope: Number, grad: np.ndarray) -> list[Call]:
    return [loops.leaky_relu_backward(a, _per_member(slope, a), grad)]


@in_place
def clamp(z: np.ndarray, low: float, high: float) -> list[Call]:
    bounds = np.array([low, high], z.dtype)
    return [loops.clamp(z, bounds, _edges(bounds, z.dtype, bounds[::-1]))]


@with_rows(3)
def clamp_backward(a: np.ndarray, low: float, high: float, grad: np.ndarray) -> list[Call]:
    return [loops.clamp_backward(a, np.array([low, high], a.dtype), grad)]


@in_place
def hard_sigmoid(z: np.ndarray) -> list[Call]:
    return [loops.hard_sigmoid(z)]


@with_rows(3)
def hard_sigmoid_backward(a: np.ndarray, grad: np.ndarray) -> list[Call]:
    return [loops.hard_sigmoid_backward(a, grad)]


@with_rows(3)
def hard_silu(z: np.ndarray, out: np.ndarray) -> list[Call]:
    return reference.hard_silu(z, out) if is_same(z, out) else [loops.hard_silu(z, out)]


@with_rows(3)
def hard_silu_backward(z: np.ndarray, a: np.ndarray, grad: np.ndarray) -> list[Call]:
    return [loops.hard_silu_backward(z, grad)]


@in_place
def logistic(z: np.ndarray) -> list[Call]:
    return [loops.negate(z), (np.exp, (z, z)), loops.inverse_of_one_more(z)]


@with_rows(3)
def logistic_backward(a: np.ndarray, grad: np.ndarray) -> list[Call]:
    return [loops.logistic_backward(a, grad)]


@with_rows(3)
def tanh_backward(a: np.ndarray, grad: np.ndarray) -> list[Call]:
    return [loops.tanh_backward(a, grad)]


# -- Losses ----------------------------------------------------------------------------------------


@output_by_output
def residual(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    return [losses.residual(raw, y, out)]


@output_by_output
def softmax_residual(
    raw: np.ndarray, y: np.ndarray, totals: np.ndarray, out: np.ndarray
) -> list[Call]:
    room = np.empty(raw.shape[2], raw.dtype)
    return [
        losses.softmax_shift(raw, out, room),
        (np.exp, (out, out)),
        losses.softmax_subtract(out, y, room, totals, np.ones(1, raw.dtype)),
    ]


@output_by_output
def log_loss(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    exponentials, room = np.empty_like(raw), np.empty(raw.shape[2], raw.dtype)
    return [
        losses.softmax_shift(raw, raw, room),
        (np.exp, (raw, exponentials)),
        losses.sum_outputs(exponentials, out),
        (np.log, (out, out)),
        losses.subtract_product(out, raw, y, room),
    ]


@output_by_output
def log_loss_by_totals(
    raw: np.ndarray, y: np.ndarray, totals: np.ndarray, out: np.ndarray
) -> list[Call]:
    room = np.empty(raw.shape[2], raw.dtype)
    return [
        losses.softmax_shift(raw, raw, room),
        (np.log, (totals, out)),
        losses.subtract_product(out, raw, y, room),
    ]


@output_by_output
def binary_log_loss(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    linear = np.empty_like(raw)
    return [
        losses.binary_log_loss_parts(raw, y, linear),
        (np.exp, (raw, raw)),
        (np.log1p, (raw, raw)),
        losses.sum_of_both(linear, raw, out),
    ]


@output_by_output
def residual_sign(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    return [losses.residual_sign(raw, y, out)]


@output_by_output
def clamped_residual(raw: np.ndarray, y: np.ndarray, bound: Number, out: np.ndarray) -> list[Call]:
    bound = _per_member(bound, raw)
    return [losses.clamped_residual(raw, y, bound, _edges(bound, raw.dtype, -math.inf), out)]


@output_by_output
def residual_beyond(raw: np.ndarray, y: np.ndarray, bound: Number, out: np.ndarray) -> list[Call]:
    return [losses.residual_beyond(raw, y, _per_member(bound, raw), out)]


@output_by_output
def excess(raw: np.ndarray, y: np.ndarray, bound: Number, out: np.ndarray) -> list[Call]:
    bound = _per_member(bound, raw)
    return [losses.excess(raw, y, bound, _edges(bound, raw.dtype, -math.inf), out)]


@output_by_output
def hinge(raw: np.ndarray, y: np.ndarray, out: np.ndarray) -> list[Call]:
    return [losses.hinge(raw, y, out)]


@output_by_output
def squared_hinge(raw: np.ndarray, y: np.ndarray, limit: float, out: np.ndarray) -> list[Call]:
    return [losses.squared_hinge(raw, y, np.array([limit], raw.dtype), out)]


def weigh(delta: np.ndarray, sample_weight: np.ndarray | None, share: Number) -> list[Call]:
    *weighted, scaled = reference.weigh(delta, sample_weight, share)
    swapped = delta.swapaxes(1, 2)
    if has_contiguous_rows(swapped):
        scaled = losses.scale_members(swapped, _per_member(share, delta))
    return [*weighted, scaled]


# -- Penalties and dropout -------------------------------------------------------------------------


@with_rows(2)
def add_scaled(
    gradient: np.ndarray, params: np.ndarray, strength: np.ndarray, room: np.ndarray
) -> list[Call]:
    if strength.shape == params.shape != (len(params), 1):
        return [loops.add_scaled_each(gradient, params, strength)]
    return [loops.add_scaled(gradient, params, _per_member(strength, params))]


@with_rows(2)
def scale(array: np.ndarray, factor: np.ndarray) -> list[Call]:
    return [loops.scale(array, _per_member(factor, array))]


def dropout_mask(
    drawn: np.ndarray, limit: np.ndarray, factor: np.ndarray, out: np.ndarray
) -> list[Call]:
    if not has_contiguous_rows(out):
        return reference.dropout_mask(drawn, limit, factor, out)
    numbers = _per_member(limit, limit), _per_member(factor, factor)
    return [loops.dropout_mask(drawn, *numbers, out)]


drop = reference.drop  # a single pass of NumPy


# -- Solvers ---------------------------------------------------------------------------------------


@with_rows(2)
def adam(
    params: np.ndarray,
    gradient: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    v_max: np.ndarray | None,
    *numbers: np.ndarray,
) -> list[Call]:
    own = _all_per_member(numbers, params)
    if v_max is None:
        return [solvers.adam(params, gradient, m, v, *own)]
    return [solvers.amsgrad(params, gradient, m, v, v_max, *own)]


@with_rows(2)
def nadam(
    params: np.ndarray, gradient: np.ndarray, m: np.ndarray, v: np.ndarray, *rest: np.ndarray
) -> list[Call]:
    return [solvers.nadam(params, gradient, m, v, *_all_per_member(rest[:-1], params))]


@with_rows(2)
def adamax(
    params: np.ndarray, gradient: np.ndarray, m: np.ndarray, u: np.ndarray, *numbers: np.ndarray
) -> list[Call]:
    return [solvers.adamax(params, gradient, m, u, *_all_per_member(numbers, params))]


@with_rows(2)
def sgd(
    params: np.ndarray,
    gradient: np.ndarray,
    velocity: np.ndarray,
    momentum: np.ndarray,
    rate: np.ndarray,
    nesterov: bool,
) -> list[Call]:
    loop = solvers.nesterov if nesterov else solvers.sgd
    return [loop(params, gradient, velocity, *_all_per_member((momentum, rate), params))]


@with_rows(2)
def lion(params: np.ndarray, gradient: np.ndarray, m: np.ndarray, *rest: np.ndarray) -> list[Call]:
    return [solvers.lion(params, gradient, m, *_all_per_member(rest[:-1], params))]


@with_rows(2)
def rmsprop(
    params: np.ndarray, gradient: np.ndarray, v: np.ndarray, *rest: np.ndarray
) -> list[Call]:
    return [solvers.rmsprop(params, gradient, v, *_all_per_member(rest[:-1], params))]


@with_rows(2)
def adagrad(
    params: np.ndarray, gradient: np.ndarray, v: np.ndarray, *rest: np.ndarray
) -> list[Call]:
    return [solvers.adagrad(params, gradient, v, *_all_per_member(rest[:-1], params))]


@with_rows(2)
def adadelta(
    params: np.ndarray, gradient: np.ndarray, v: np.ndarray, d: np.ndarray, *rest: np.ndarray
) -> list[Call]:
    return [solvers.adadelta(params, gradient, v, d, *_all_per_member(rest[:-1], params))]


# -- Rows and lists of calls -----------------------------------------------------------------------


def gather(array: np.ndarray, rows: np.ndarray, out: np.ndarray) -> list[Call]:
    # NumPy makes a single pass itself where it can.
    is_single = array.dtype == out.dtype and out.flags.c_contiguous
    is_plain = array.dtype in _INTEGERS and array.ndim == 2 and not is_single
    if is_plain and has_contiguous_rows(array) and has_contiguous_rows(out):
        return [loops.gather(array, rows, out)]
    return reference.gather(array, rows, out)


def fused(calls: list[Call]) -> list[Call]:
    """Return calls that do the same: loops in one pass where they can make it, others in a row."""
    return list(in_programs(in_fewer_passes(calls)))


def _edges(bounds: Number | list[float], dtype: np.dtype, inside: Number) -> np.ndarray:
    """Return the numbers beyond which clip sets a number to a bound.

    They are the bounds; where clip does so with a zero of another sign than the bound's, those that
    come next on the inside.
    """
    bounds = np.array(bounds, dtype)
    return bounds if _KEEPS_ZEROS else np.nextafter(bounds, np.asarray(inside, dtype))


def _per_member(number: Number, like: np.ndarray) -> np.ndarray:
    """Return a view of a number that may change, (n_members,), or (1,) for all of them."""
    flat = np.asarray(number, like.dtype).reshape(-1)
    return flat if flat.flags.writeable else flat.copy()


def _all_per_member(numbers: Sequence[Number], like: np.ndarray) -> Iterator[np.ndarray]:
    return (_per_member(number, like) for number in numbers)


def _try_out() -> None:
    """Compile a loop and run it; raises what a system fails with that lets nobody compile."""
    run([loops.scale(np.ones((1, 1)), np.ones(1))])


#: The kernels whose loops are compiled already, those of the reference in place of others.
ready = SimpleNamespace(
    **{name: if_compiled(globals()[name], getattr(reference, name)) for name in reference.__all__}
)
