"""What becomes of calls in a row: fewer loops, ufuncs as loops, and loops as one program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss.kernels import _loops as loops, _loss_loops as losses
from sknn_actloss.kernels._programs import Part, Program, run_program
from sknn_actloss.kernels._storage import has_contiguous_rows, is_same
from sknn_actloss.kernels._ufuncs import as_loop


def in_fewer_passes(calls: list[Call]) -> list[Call]:
    """Return calls with neighbours that a single loop can make as one."""
    found: list[Call] = []
    before: Any = None
    for call in calls:
        kind = _kind(call[0])
        merge = PAIRS.get((before, kind))
        both = merge and merge(_arguments(found[-1]), _arguments(call))
        if both:
            found[-1] = both
        else:
            found.append(call)
        before = None if both else kind
    return found


def in_programs(calls: list[Call]) -> Iterator[Call]:
    """Yield calls with neighbours that are loops as one."""
    own = map(_as_loop, calls)
    for are_loops, group in groupby(own, key=lambda call: isinstance(call[0], Part)):
        if are_loops:
            parts: list[Any] = [part for part, _ in group]
            yield run_program, (Program.of(parts),)
        else:
            yield from group


def _as_loop(call: Call) -> Call:
    """Return the call of a ufunc as that of its loop, where there is one."""
    function, arguments = call
    return (isinstance(function, np.ufunc) and as_loop(function, arguments)) or call


def _kind(function: Callable[..., Any]) -> Any:
    """Return the loop that is called, or the function; ``None`` for one of no known kind."""
    if isinstance(function, Part):
        return function.loop
    try:
        hash(function)
    except TypeError:  # a user's, which may have no hash
        return None
    return function


def _arguments(call: Call) -> tuple[Any, ...]:
    function, arguments = call
    return function.arrays if isinstance(function, Part) else arguments


def _add_row_relu(sums: tuple, outputs: tuple) -> Call | None:
    (z, bias), (own, edge) = sums, outputs
    return loops.add_row_relu(z, bias, edge) if is_same(z, own) else None


def _add_row_softmax_shift(sums: tuple, shifts: tuple) -> Call | None:
    (z, bias, raw), (own, out, room) = sums, shifts
    return losses.add_row_softmax_shift(z, bias, raw, out, room) if is_same(raw, own) else None


def _softmax_subtract_share(residuals: tuple, shares: tuple) -> Call | None:
    (out, *own, _), (scaled, share) = residuals, shares
    return losses.softmax_subtract(out, *own, share) if is_same(out, scaled) else None


def _drop_relu_backward(products: tuple, slopes: tuple) -> Call | None:
    (grad, mask, out), (bits, own) = products, slopes
    is_mask = mask.shape[1:] == grad.shape[1:] and mask.dtype == grad.dtype
    if is_mask and has_contiguous_rows(mask) and is_same(grad, out) and is_same(grad, own):
        return loops.drop_relu_backward(grad, mask, bits)
    return None


#: What makes two calls in one pass, by what they are calls of.
PAIRS: dict[tuple[Any, Any], Callable[..., Call | None]] = {
    (loops.add_row, loops.relu): _add_row_relu,
    (loops.add_row_to, losses.softmax_shift): _add_row_softmax_shift,
    (losses.softmax_subtract, losses.scale_members): _softmax_subtract_share,
    (np.multiply, loops.relu_backward): _drop_relu_backward,
}
