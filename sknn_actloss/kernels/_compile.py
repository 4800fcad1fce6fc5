"""What loops are compiled from and how: functions of arrays become functions of addresses."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from functools import cache, wraps
from itertools import count
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.extending import get_cython_function_address, intrinsic, models, register_model
from numba.np.arrayobj import make_array, populate_array
from numba.np.numpy_support import as_dtype

if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
    raise ImportError("NUMBA_DISABLE_JIT has switched its compiler off.")

_OF_THREAD = threading.local()

# Neither fast-math nor contraction: the numbers are those of NumPy.
_OPTIONS: dict[str, Any] = {"error_model": "numpy"}

#: Part of the names of files on the disk: numba sees no change of what loops have from here.
_STAMP = f"{zlib.crc32(Path(__file__).read_bytes()):08x}"


#: Data type and number of dimensions of an array, and whether it can be written to.
Kind = tuple[np.dtype, int, bool]


class NotCompiledError(Exception):
    """A loop would have to be compiled first, or to be loaded from the disk."""


def may_compile() -> bool:
    """Whether loops that are not there yet may be compiled, or loaded, in this thread now."""
    return getattr(_OF_THREAD, "compiles", True)


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


def array_type(kind: Kind) -> types.Array:
    """Return numba's type of arrays of a kind, of any strides."""
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
            size = cgutils.intp_t(as_dtype(kind.dtype).itemsize)
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
        _call(builder, ir.VoidType(), values[0], values[1])
        return context.get_dummy_value()

    return types.none(types.intp, types.UniTuple(types.intp, len(arguments))), generate


@intrinsic
def number_at(context: Any, function: types.Integer, arguments: types.UniTuple, like: Any) -> Any:
    """Return what the function at an address returns, a number of the type of one."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _call(builder, context.get_value_type(like), values[0], values[1])

    return like(types.intp, types.UniTuple(types.intp, len(arguments)), like), generate


def _call(builder: Any, returned: Any, function: Any, arguments: Any) -> Any:
    numbers = cgutils.unpack_tuple(builder, arguments)
    kind = ir.FunctionType(returned, [cgutils.intp_t] * len(numbers))
    return builder.call(builder.inttoptr(function, kind.as_pointer()), numbers)


@cache
def routine_address(name: str) -> int:
    """Return where a routine of SciPy's BLAS is."""
    return get_cython_function_address("scipy.linalg.cython_blas", name)


def _from_address(address):  # type: ignore[no-untyped-def]
    loop(*arrays_at(address))  # type: ignore[name-defined]  # noqa: F821


def of_addresses(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function of arrays as one of the address of what describes them."""
    own, place = {"loop": numba.njit(**_OPTIONS)(function)}, function.__code__
    # What is kept on disk goes by the module of a function, its name and its place.
    code = _from_address.__code__.replace(
        co_filename=place.co_filename, co_firstlineno=place.co_firstlineno
    )
    copy = FunctionType(code, globals() | own, function.__name__)
    copy.__module__ = function.__module__
    copy.__qualname__ = f"{function.__name__}_{_STAMP}"
    return copy


def c_function(function: Callable[..., None], signature: Any) -> Any:
    """Return the C function of a function, from the disk where it is kept there."""
    try:
        return numba.cfunc(signature, cache=True, **_OPTIONS)(function)
    except Exception:  # files that are broken, or no folder that can be written to
        return numba.cfunc(signature, **_OPTIONS)(function)


def entry_point(function: Callable[..., Any], signature: Any) -> Callable[..., Any]:
    """Return a compiled function, which takes half the time of one that looks at types."""
    function.__qualname__ = f"{function.__name__}_{_STAMP}"
    options = {**_OPTIONS, "nogil": True}
    try:
        compiled = numba.njit(signature, cache=True, **options)(function)
    except Exception:  # as above
        compiled = numba.njit(signature, **options)(function)
    return next(iter(compiled.overloads.values())).entry_point


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
