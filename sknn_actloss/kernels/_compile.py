"""Loops compiled by numba when they are first bound to arrays of a data type."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from functools import cache, wraps
from itertools import count
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.extending import get_cython_function_address, intrinsic, models, register_model
from numba.np.arrayobj import make_array, populate_array

from sknn_actloss._calls import Call
from sknn_actloss.kernels._choice import collecting_later, interrupted_later

if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
    raise ImportError("NUMBA_DISABLE_JIT has switched its compiler off.")

_LOCK = threading.RLock()
_OF_THREAD = threading.local()

# Neither fast-math nor contraction: the numbers are those of NumPy.
_OPTIONS: dict[str, Any] = {"error_model": "numpy"}

#: Part of the names of files on the disk: numba sees no change of what loops have from here.
_STAMP = f"{zlib.crc32(Path(__file__).read_bytes()):08x}"


#: Data type and number of dimensions of an array, and whether it can be written to.
Kind = tuple[np.dtype, int, bool]


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
        self._function = _of_addresses(function)
        self._compiled: dict[tuple[Any, ...], Any] = {}

    def __call__(self, *arrays: np.ndarray) -> Call:
        """Return the call of the loop on some arrays."""
        kinds = tuple([(array.dtype, array.ndim, array.flags.writeable) for array in arrays])
        compiled = self._compiled.get(kinds)
        if compiled is None:
            if not getattr(_OF_THREAD, "compiles", True):
                raise NotCompiledError(self.name)
            with _LOCK, collecting_later(), interrupted_later():
                compiled = self._compiled.get(kinds) or self._compile(kinds)
        return Part(self, compiled, arrays), ()

    def _compile(self, kinds: tuple[Kind, ...]) -> Compiled:
        arrays = tuple(map(_array_type, kinds))
        function = _c_function(self._function, types.void(Arguments(arrays)))
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


def _array_type(kind: Kind) -> types.Array:
    dtype, ndim, is_writeable = kind
    return types.Array(numba.from_dtype(dtype), ndim, "A", readonly=not is_writeable)


class Arguments(types.Type):
    """The type of the address of what describes arrays of some types."""

    def __init__(self, arrays: tuple[types.Array, ...]) -> None:
        self.arrays = arrays
        super().__init__(f"Arguments{arrays}")


@register_model(Arguments)
class _Address(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Arguments) -> None:
        super().__init__(manager, kind, cgutils.intp_t)


@intrinsic
def arrays_at(context: Any, address: Arguments) -> Any:
    """Return the arrays that are described at an address."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = builder.inttoptr(values[0], cgutils.intp_t.as_pointer())
        places = count()

        def number() -> Any:
            return builder.load(builder.gep(pointer, [cgutils.intp_t(next(places))]))

        arrays = []
        for kind in address.arrays:
            array = make_array(kind)(context, builder)
            data = builder.inttoptr(number(), array.data.type)
            shape, strides = ([number() for _ in range(kind.ndim)] for _ in range(2))
            size = cgutils.intp_t(kind.dtype.bitwidth // 8)
            populate_array(array, data, shape, strides, size, meminfo=None)
            arrays.append(array._getvalue())
        return context.make_tuple(builder, signature.return_type, arrays)

    return types.Tuple(address.arrays)(address), generate


@intrinsic
def address_of(context: Any, array: types.Array) -> Any:
    """Return the address of the first element of an array."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = make_array(array)(context, builder, values[0]).data
        return builder.ptrtoint(data, cgutils.intp_t)

    return types.intp(array), generate


@intrinsic
def call_at(context: Any, function: types.Integer, arguments: types.UniTuple) -> Any:
    """Call the function at an address, which takes numbers of the size of one."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        numbers = cgutils.unpack_tuple(builder, values[1])
        kind = ir.FunctionType(ir.VoidType(), [cgutils.intp_t] * len(numbers))
        builder.call(builder.inttoptr(values[0], kind.as_pointer()), numbers)
        return context.get_dummy_value()

    return types.none(types.intp, types.UniTuple(types.intp, len(arguments))), generate


@cache
def routine_address(name: str) -> int:
    """Return where a routine of SciPy's BLAS is."""
    return get_cython_function_address("scipy.linalg.cython_blas", name)


def _from_address(address):  # type: ignore[no-untyped-def]
    loop(*arrays_at(address))  # type: ignore[name-defined]  # noqa: F821


def _of_addresses(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function of arrays as one of the address of what describes them."""
    own, code = {"loop": numba.njit(**_OPTIONS)(function)}, function.__code__
    # What is kept on disk goes by the module of a function, its name and its place.
    place = {"co_filename": code.co_filename, "co_firstlineno": code.co_firstlineno}
    copy = FunctionType(_from_address.__code__.replace(**place), globals() | own, function.__name__)
    copy.__module__ = function.__module__
    copy.__qualname__ = f"{function.__name__}_{_STAMP}"
    return copy


def _c_function(function: Callable[..., None], signature: Any) -> Any:
    """Return the C function of a function, from the disk where it is kept there."""
    try:
        return numba.cfunc(signature, cache=True, **_OPTIONS)(function)
    except Exception:  # files that are broken, or no folder that can be written to
        return numba.cfunc(signature, **_OPTIONS)(function)


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


def _of_loops(program: np.ndarray) -> None:
    start = address_of(program)
    for place in range(1, 1 + 2 * program[0], 2):
        call_at(program[place], (start + program[place + 1] * program.itemsize,))


def _described(program: np.ndarray, place: int, array: np.ndarray) -> int:
    """Write where an array is, its shape and its strides, and return the place behind."""
    program[place] = address_of(array)
    for dimension in range(array.ndim):
        program[place + 1 + dimension] = array.shape[dimension]
        program[place + 1 + array.ndim + dimension] = array.strides[dimension]
    return place + 1 + 2 * array.ndim


def _entry_point(function: Callable[..., Any], signature: Any) -> Callable[..., Any]:
    """Return a compiled function, which takes half the time of one that looks at types."""
    options = {**_OPTIONS, "nogil": True}
    try:
        compiled = numba.njit(signature, cache=True, **options)(function)
    except Exception:  # as above
        compiled = numba.njit(signature, **options)(function)
    return next(iter(compiled.overloads.values())).entry_point


_NUMBERS = types.Array(types.intp, 1, "C")

run_program = _entry_point(_of_loops, types.void(_NUMBERS))


@cache
def _describer(kind: Kind) -> Callable[..., int]:
    return _entry_point(_described, types.intp(_NUMBERS, types.intp, _array_type(kind)))
