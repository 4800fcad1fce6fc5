"""Loops that are compiled when they are first bound to arrays, and run in a row as one program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import types

from sknn_actloss._calls import Call
from sknn_actloss.kernels._choice import collecting_later, interrupted_later
from sknn_actloss.kernels._compile import (
    Arguments,
    Kind,
    NotCompiledError,
    address_of,
    array_type,
    c_function,
    call_at,
    entry_point,
    may_compile,
    of_addresses,
)

_LOCK = threading.RLock()


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
        self._function = of_addresses(function)
        self._compiled: dict[tuple[Any, ...], Any] = {}

    def __call__(self, *arrays: np.ndarray) -> Call:
        """Return the call of the loop on some arrays."""
        kinds = tuple([(array.dtype, array.ndim, array.flags.writeable) for array in arrays])
        compiled = self._compiled.get(kinds)
        if compiled is None:
            if not may_compile():
                raise NotCompiledError(self.name)
            with _LOCK, collecting_later(), interrupted_later():
                compiled = self._compiled.get(kinds) or self._compile(kinds)
        return Part(self, compiled, arrays), ()

    def _compile(self, kinds: tuple[Kind, ...]) -> Compiled:
        arrays = tuple(map(array_type, kinds))
        function = c_function(self._function, types.void(Arguments(arrays)))
        found = Compiled(function, function.address, list(map(_describer, kinds)))
        self._compiled[kinds] = found
        return found


class Compiled(NamedTuple):
    """A loop for arrays of some kinds.

    Parameters
    ----------
    function : numba.core.ccallback.CFunc
        Keeps its machine code.
    address : int
        Where that is.
    describers : list of callable
        What writes the description of each array, see :func:`_described`.
    """

    function: Any
    address: int
    describers: list[Callable[..., int]]


class Part:
    """A loop bound to its arguments.

    Parameters
    ----------
    loop : Loop
    compiled : Compiled
    arrays : tuple of ndarray
    """

    __slots__ = ("_numbers", "arrays", "compiled", "loop")

    def __init__(self, loop: Loop, compiled: Compiled, arrays: tuple[np.ndarray, ...]) -> None:
        self.loop, self.compiled, self.arrays = loop, compiled, arrays
        self._numbers: np.ndarray | None = None

    def __call__(self) -> None:
        if self._numbers is None:
            self._numbers = _numbers_of([self])
        run_program(self._numbers)


class Program(np.ndarray):
    """Loops in a row, as numbers.

    Attributes
    ----------
    parts : list of Part
        The loops and their arguments, which it keeps alive.
    """

    parts: list[Part]

    @classmethod
    def of(cls, parts: list[Part]) -> Program:
        """Return the program of some loops."""
        program = _numbers_of(parts).view(cls)
        program.parts = parts
        return program


def _numbers_of(parts: list[Part]) -> np.ndarray:
    """Return how many loops there are, where the code of each and its arguments are, and these.

    Arguments are counted from the first number; :func:`arrays_at` reads them.
    """
    at = 1 + 2 * len(parts)
    sizes = [1 + 2 * array.ndim for part in parts for array in part.arrays]
    numbers, heading = np.empty(at + sum(sizes), np.intp), [len(parts)]
    for part in parts:
        heading += part.compiled.address, at
        for describe, array in zip(part.compiled.describers, part.arrays, strict=True):
            at = describe(numbers, at, array)
    numbers[: len(heading)] = heading
    return numbers


def _of_loops(program: np.ndarray) -> None:
    start = address_of(program)  # type: ignore[call-arg, var-annotated]
    for place in range(1, 1 + 2 * program[0], 2):
        call_at(program[place], (start + program[place + 1] * program.itemsize,))


def _described(program: np.ndarray, place: int, array: np.ndarray) -> int:
    """Write where an array is, its shape and its strides, and return the place behind."""
    program[place] = address_of(array)  # type: ignore[call-arg]
    for dimension in range(array.ndim):
        program[place + 1 + dimension] = array.shape[dimension]
        program[place + 1 + array.ndim + dimension] = array.strides[dimension]
    return place + 1 + 2 * array.ndim


_NUMBERS = types.Array(types.intp, 1, "C")

run_program = entry_point(_of_loops, types.void(_NUMBERS))


@cache
def _describer(kind: Kind) -> Callable[..., int]:
    return entry_point(_described, types.intp(_NUMBERS, types.intp, array_type(kind)))
