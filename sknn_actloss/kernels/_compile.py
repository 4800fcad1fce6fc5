"""Loops compiled by numba when they are first bound to arrays of a data type."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic

from sknn_actloss._calls import Call
from sknn_actloss.kernels._choice import collecting_later, interrupted_later

if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
    raise ImportError("NUMBA_DISABLE_JIT has switched its compiler off.")

_LOCK = threading.RLock()
_OF_THREAD = threading.local()

# Neither fast-math nor contraction: the numbers are those of NumPy.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


#: Part of the names of files on the disk: numba sees no change of what loops have from here.
_STAMP = f"{zlib.crc32(Path(__file__).read_bytes()):08x}"

#: The loop of each function that has been compiled.
LOOPS: dict[Callable[..., None], Loop] = {}


class NotCompiledError(Exception):
    """A loop would have to be compiled first, or to be loaded from the disk."""


def if_compiled(kernel: Callable[..., Any], fallback: Callable[..., Any]) -> Callable[..., Any]:
    """Return a kernel that is another one unless all its loops are there already."""

    @wraps(kernel)
    def chosen(*arguments: Any) -> Any:
        _OF_THREAD.compiles = False
        try:
            return kernel(*arguments)
        except NotCompiledError:
            return fallback(*arguments)
        finally:
            _OF_THREAD.compiles = True

    return chosen


class Loop:
    """A function of arrays that loops over their elements.

    It is compiled for arrays of any strides; rows are taken to be contiguous where the function
    says so by :func:`row`. The machine code is kept on disk where there is a place for it.

    Parameters
    ----------
    function : callable
        Takes arrays that it may change, and returns nothing.
    """

    def __init__(self, function: Callable[..., None]) -> None:
        self.name = function.__name__
        self._dispatcher = _dispatcher(function)
        self._compiled: dict[tuple[Any, ...], Callable[..., None]] = {}

    def __call__(self, *arguments: np.ndarray) -> Call:
        """Return the call of the loop on some arrays."""
        kinds = tuple([(array.dtype, array.ndim, array.flags.writeable) for array in arguments])
        entry = self._compiled.get(kinds)
        if entry is None:
            if not getattr(_OF_THREAD, "compiles", True):
                raise NotCompiledError(self.name)
            with _LOCK, collecting_later(), interrupted_later():
                entry = self._compile(kinds)
                LOOPS[entry] = self
                self._compiled[kinds] = entry
        return entry, arguments

    def _compile(self, kinds: tuple[tuple[np.dtype, int, bool], ...]) -> Callable[..., None]:
        signature = tuple(
            types.Array(numba.from_dtype(dtype), ndim, "A", readonly=not writeable)
            for dtype, ndim, writeable in kinds
        )
        try:
            self._dispatcher.compile(signature)
        except Exception:  # files of the cache that are broken, or that cannot be written
            if signature not in self._dispatcher.overloads:
                self._dispatcher = numba.njit(**_OPTIONS)(self._dispatcher.py_func)
                self._dispatcher.compile(signature)
        # The entry point takes half the time of the dispatcher, which looks at types every time.
        return self._dispatcher.overloads[signature].entry_point


def _dispatcher(function: Callable[..., None]) -> Any:
    """Return numba's dispatcher of a function."""
    function.__qualname__ = f"{function.__name__}_{_STAMP}"
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except (RuntimeError, OSError):  # no folder that can be written to
        return numba.njit(**_OPTIONS)(function)


#: Decorates functions that loops are made of.
inlined = numba.njit(inline="always")


@inlined
def larger(first: float, second: float) -> float:
    """Return the larger one of two numbers, or that which is none."""
    return second if (second > first) | (second != second) else first


@inlined
def sign(value: float, zero: float, one: float) -> float:
    """Return the sign of a number, zero of either sign without one, or that which is none."""
    return zero if value == zero else (one if value > zero else (-one if value < zero else value))


@inlined
def of(numbers: np.ndarray, member: int) -> float:
    """Return the number of a member, or that of all of them."""
    return numbers[member % numbers.shape[0]]


@intrinsic
def row(context: Any, array: types.Array) -> Any:
    """Take an array of one dimension as contiguous."""
    contiguous = array.copy(layout="C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return impl_ret_borrowed(context, builder, contiguous, arguments[0])

    return contiguous(array), generate
