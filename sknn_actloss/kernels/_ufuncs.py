"""Calls of ufuncs as parts of compiled programs, which make the very loops of NumPy and SciPy.

An exponential of some hundred numbers takes less time than Python needs to call for it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss.kernels._compile import address_of, call_at
from sknn_actloss.kernels._programs import Loop
from sknn_actloss.kernels._storage import is_same

_FLOATS = np.dtype(np.float32), np.dtype(np.float64)

#: Numbers that show whether a loop is that of a ufunc.
_NUMBERS = np.random.RandomState(0).normal(scale=3, size=(5, 259))
_NUMBERS[:, :5] = 0.0, -0.0, np.inf, -np.inf, 1000.0


class _Ufunc(ctypes.Structure):
    """The first fields of ``PyUFuncObject``.

    https://numpy.org/doc/stable/reference/c-api/types-and-structures.html#c.PyUFuncObject
    """

    _fields_ = (
        ("head", ctypes.c_byte * object.__basicsize__),
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_ssize_t)),
        ("data", ctypes.POINTER(ctypes.c_ssize_t)),
        ("ntypes", ctypes.c_int),
    )

    def is_of(self, ufunc: np.ufunc) -> bool:
        """Whether the fields are where they are supposed to be."""
        own = self.nin, self.nout, self.nargs, self.ntypes
        return own == (ufunc.nin, ufunc.nout, ufunc.nargs, ufunc.ntypes)


class _Plan(np.ndarray):
    """What a loop of a ufunc takes, as numbers; keeps the arrays that it reads and writes."""

    arrays: Sequence[np.ndarray]


@Loop
def elementwise(plan):  # type: ignore[no-untyped-def]
    """Call the loop of a ufunc: its address, its data, size, arguments, their strides, addresses.

    There is room for the addresses behind them, since loops may move what they get.
    """
    start, size, n_arguments = address_of(plan), plan.itemsize, plan[3]
    room = 4 + 2 * n_arguments
    for place in range(room, room + n_arguments):
        plan[place] = plan[place - n_arguments]
    call_at(plan[0], (start + room * size, start + 2 * size, start + 4 * size, plan[1]))


def as_loop(ufunc: np.ufunc, arguments: Sequence[Any]) -> Call | None:
    """Return the call of a ufunc as one of a loop, ``None`` where it is NumPy's to make.

    Parameters
    ----------
    ufunc : ufunc
    arguments : sequence
        What it is called with. Taken are floats of one type: arrays of one shape, each in a single
        block, the last of which receives the result, and numbers as arrays without dimensions.
    """
    if len(arguments) != ufunc.nargs or not _are_apt(arguments):
        return None
    loop = _loop_of(ufunc, arguments[-1].dtype)
    return None if loop is None else _bound(loop, arguments)


def _are_apt(arguments: Sequence[Any]) -> bool:
    out = arguments[-1]
    if not isinstance(out, np.ndarray) or out.dtype not in _FLOATS:
        return False
    return out.flags.c_contiguous and all(
        array is out
        or (
            isinstance(array, np.ndarray)
            and array.dtype == out.dtype
            and array.flags.c_contiguous
            and (array.ndim == 0 or array.shape == out.shape)
            and (not np.may_share_memory(array, out) or is_same(array, out))
        )
        for array in arguments
    )


@lru_cache(maxsize=256)
def _loop_of(ufunc: np.ufunc, dtype: np.dtype) -> tuple[int, int] | None:
    """Return the addresses of the loop of a data type and of its data, if it gives the numbers."""
    kind = f"{dtype.char * ufunc.nin}->{dtype.char}"
    if ufunc.signature is not None or kind not in ufunc.types:
        return None
    found, index = _Ufunc.from_address(id(ufunc)), ufunc.types.index(kind)
    if not found.is_of(ufunc):
        return None
    loop = found.functions[index], found.data[index] if found.data else 0
    *inputs, wanted, out = _NUMBERS[: ufunc.nin + 2].astype(dtype)
    with np.errstate(all="ignore"):
        ufunc(*inputs, out=wanted)
        run(2 * [_bound(loop, (*inputs, out))])
    return loop if out.tobytes() == wanted.tobytes() else None


def _bound(loop: tuple[int, int], arguments: Sequence[np.ndarray]) -> Call:
    """Return the call of a loop on arrays."""
    out = arguments[-1]
    strides = [out.itemsize if array.ndim else 0 for array in arguments]
    addresses = [array.__array_interface__["data"][0] for array in arguments]
    numbers = *loop, out.size, len(arguments), *strides, *addresses, *addresses
    plan = np.array(numbers, np.intp).view(_Plan)
    plan.arrays = arguments
    return elementwise(plan)
