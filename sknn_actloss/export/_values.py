"""What a model computes for a row, as operations on arrays that every kind of export can write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Operations on one element of each input, which is repeated where it is the only one.
ELEMENTWISE = frozenset(
    {
        "absolute",
        "add",
        "cast",
        "divide",
        "exp",
        "expm1",
        "greater",
        "is_nan",
        "log",
        "log1p",
        "logistic",
        "maximum",
        "minimum",
        "multiply",
        "normal_cdf",
        "sqrt",
        "subtract",
        "tanh",
        "where",
    }
)

#: Operations on all elements of a row, or on all members.
OTHERS = frozenset(
    {
        "argmax",
        "columns",
        "concatenate",
        "constant",
        "input",
        "linear",
        "lookup",
        "row_sum",
        "softmax",
        "sort",
        "sum_of_members",
    }
)


@dataclass(frozen=True, eq=False)
class Value:
    """An array for each row, and for each member of a committee where they differ.

    Arithmetic with numbers, arrays and other values gives new ones. Arrays have the shape
    ``(width,)`` or ``(n_members, 1, width)``.

    Parameters
    ----------
    op : str
        What computes it, one of :data:`ELEMENTWISE` or :data:`OTHERS`.
    inputs : tuple of Value
        What it is computed from.
    width : int
        Number of elements for each row.
    dtype : dtype
        Their type: float32, float64, int64 or bool.
    members : int, default=1
        Number of members, 1 where it is the same for all.
    detail : object, default=None
        What else the operation needs: the array of a constant, indices of columns, the name of
        an input, the size of what is sorted, or the arrays of a linear layer.
    """

    op: str
    inputs: tuple[Value, ...]
    width: int
    dtype: np.dtype
    members: int = 1
    detail: Any = None

    def __neg__(self) -> Value:
        return 0.0 - self

    def __add__(self, other: Any) -> Value:
        return _elementwise("add", self, other)

    def __radd__(self, other: Any) -> Value:
        return _elementwise("add", other, self)

    def __sub__(self, other: Any) -> Value:
        return _elementwise("subtract", self, other)

    def __rsub__(self, other: Any) -> Value:
        return _elementwise("subtract", other, self)

    def __mul__(self, other: Any) -> Value:
        return _elementwise("multiply", self, other)

    def __rmul__(self, other: Any) -> Value:
        return _elementwise("multiply", other, self)

    def __truediv__(self, other: Any) -> Value:
        return _elementwise("divide", self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return _elementwise("divide", other, self)

    # NumPy leaves arithmetic with arrays on the left to the methods above.
    __array_ufunc__ = None


def constant(numbers: Any, dtype: np.dtype) -> Value:
    """Return numbers as a value.

    Raises
    ------
    ValueError
        If they are too large for the data type.
    """
    array = as_type(np.asarray(numbers), dtype)
    array = array.reshape((1,) * (3 - array.ndim) + array.shape)
    return Value("constant", (), array.shape[2], array.dtype, len(array), array)


def as_type(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return an array in another data type, which has to hold its numbers."""
    with np.errstate(over="ignore", under="ignore"):
        cast = array.astype(dtype)
    if np.any(np.isfinite(array) & ~np.isfinite(cast)):
        raise ValueError(
            f"The fitted model has numbers up to {np.abs(array).max():g}, which are too large for "
            f"{np.dtype(dtype).name}. Export it in double precision, for ONNX with an X_sample of "
            "float64, or scale features and targets."
        )
    return cast


def absolute(z: Value) -> Value:
    """Return the absolute value."""
    return _elementwise("absolute", z)


def exp(z: Value) -> Value:
    """Return the exponential."""
    return _elementwise("exp", z)


def expm1(z: Value) -> Value:
    """Return the exponential less one, exact around zero."""
    return _elementwise("expm1", z)


def log(z: Value) -> Value:
    """Return the natural logarithm."""
    return _elementwise("log", z)


def log1p(z: Value) -> Value:
    """Return the logarithm of ``1 + z`` for ``z`` above zero, exact around it."""
    return _elementwise("log1p", z)


def logistic(z: Value) -> Value:
    """Return ``1 / (1 + exp(-z))``."""
    return _elementwise("logistic", z)


def normal_cdf(z: Value) -> Value:
    """Return the distribution function of the standard normal distribution."""
    return _elementwise("normal_cdf", z)


def sqrt(z: Value) -> Value:
    """Return the square root."""
    return _elementwise("sqrt", z)


def tanh(z: Value) -> Value:
    """Return the hyperbolic tangent."""
    return _elementwise("tanh", z)


def maximum(a: Any, b: Any) -> Value:
    """Return the larger one."""
    return _elementwise("maximum", a, b)


def minimum(a: Any, b: Any) -> Value:
    """Return the smaller one."""
    return _elementwise("minimum", a, b)


def clip(z: Value, low: Any, high: Any) -> Value:
    """Return what is nearest to ``z`` between two ends."""
    return minimum(maximum(z, low), high)


def hypot(a: Value, b: Any) -> Value:
    """Return the square root of the sum of squares, not both zero, which do not overflow."""
    a, b = absolute(a), absolute(b) if isinstance(b, Value) else np.abs(b)
    larger = maximum(a, b)
    ratio = minimum(a, b) / larger
    return larger * sqrt(ratio * ratio + 1.0)


def greater(a: Value, b: Any) -> Value:
    """Return whether ``a`` is greater than ``b``."""
    return _elementwise("greater", a, b, dtype=np.bool_)


def is_nan(z: Value) -> Value:
    """Return whether ``z`` is missing."""
    return _elementwise("is_nan", z, dtype=np.bool_)


def where(condition: Value, a: Any, b: Any) -> Value:
    """Return ``a`` where a condition holds, ``b`` elsewhere."""
    like = a if isinstance(a, Value) else b
    return _elementwise("where", condition, _like(a, like), _like(b, like), dtype=like.dtype)


def cast(z: Value, dtype: Any) -> Value:
    """Return the same numbers in another data type."""
    return z if z.dtype == dtype else _elementwise("cast", z, dtype=dtype)


def softmax(z: Value) -> Value:
    """Return exponentials over their sum."""
    return Value("softmax", (z,), z.width, z.dtype, z.members)


def row_sum(z: Value) -> Value:
    """Return the sum over the width."""
    return Value("row_sum", (z,), 1, z.dtype, z.members)


def argmax(z: Value) -> Value:
    """Return the index of the first of the largest elements."""
    return Value("argmax", (z,), 1, np.dtype(np.int64), z.members)


def sort(z: Value, size: int) -> Value:
    """Return each group of ``size`` neighbours in ascending order."""
    return Value("sort", (z,), z.width, z.dtype, z.members, size)


def columns(z: Value, indices: Any) -> Value:
    """Return some elements in the order given."""
    indices = np.asarray(indices, dtype=np.int64)
    return Value("columns", (z,), len(indices), z.dtype, z.members, indices)


def concatenate(values: Sequence[Value]) -> Value:
    """Return all elements of several values, one behind the other."""
    if len(values) == 1:
        return values[0]
    width, members = sum(value.width for value in values), _only({v.members for v in values})
    return Value("concatenate", tuple(values), width, values[0].dtype, members)


def lookup(codes: Value, table: np.ndarray) -> Value:
    """Return the rows of a table (n_codes, width) for codes, -1 for the last one."""
    return Value("lookup", (codes,), table.shape[1], table.dtype, codes.members, table)


def linear(z: Value, weights: np.ndarray, biases: np.ndarray) -> Value:
    """Return ``z W + b``, with arrays (n_members, width, units) and (n_members, 1, units)."""
    arrays = tuple(as_type(array, z.dtype) for array in (weights, biases))
    members = _only({z.members, len(weights)})
    return Value("linear", (z,), weights.shape[2], z.dtype, members, arrays)


def mean_of_members(z: Value) -> Value:
    """Return the mean over members."""
    if z.members == 1:
        return z
    return Value("sum_of_members", (z,), z.width, z.dtype) / z.members


def variance_of_members(z: Value) -> Value:
    """Return the variance over members."""
    away = z - mean_of_members(z)
    return mean_of_members(away * away)


def in_order(values: Sequence[Value], known: Sequence[Value] = ()) -> Iterator[Value]:
    """Yield what values are computed from, and them, each after its inputs.

    Parameters
    ----------
    values : sequence of Value
    known : sequence of Value, default=()
        Values that need no computation.
    """
    done, pending = set(known), [(value, False) for value in reversed(values)]
    while pending:
        value, is_ready = pending.pop()
        if value in done:
            continue
        if is_ready:
            done.add(value)
            yield value
        else:
            pending.append((value, True))
            pending.extend((one, False) for one in reversed(value.inputs))


def _elementwise(op: str, *operands: Any, dtype: Any = None) -> Value:
    like = next(operand for operand in operands if isinstance(operand, Value))
    inputs = tuple(_like(operand, like) for operand in operands)
    width = _only({value.width for value in inputs})
    members = _only({value.members for value in inputs})
    return Value(op, inputs, width, np.dtype(dtype or like.dtype), members)


def _like(operand: Any, like: Value) -> Value:
    return operand if isinstance(operand, Value) else constant(operand, like.dtype)


def _only(sizes: set[int]) -> int:
    """Return the size that is not one, which fits all that are."""
    (size,) = sizes - {1} or {1}
    return size
