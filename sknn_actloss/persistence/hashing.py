"""Hashes of values, the same in every process."""

from __future__ import annotations

import copyreg
import dis
import hashlib
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from scipy import sparse
from scipy.stats.distributions import rv_frozen
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state

from sknn_actloss.persistence.snapshot import snapshot

#: Bytes of an array that are hashed at once.
BLOCK_BYTES = 1 << 20

#: What of a distribution's attributes it was made from; the others are its methods.
PLAIN = (
    *(type(None), bool, int, float, str, dict, list, tuple),
    *(np.generic, np.ndarray, np.random.RandomState, np.random.Generator),
)

#: Packages whose classes and functions are known by their names; others are known by their code.
RELEASED = {"builtins", "numpy", "scipy", "sklearn", __name__.partition(".")[0]}


def value_digest(value: Any) -> str:
    """Return a hash of a value: of parameters, components, functions, arrays and such.

    Functions and classes are told apart by module, name and code, functions also by their
    defaults and by what they enclose, except for variables that they assign themselves, which are
    a memory of calls; random streams by their state, but for NumPy's global one; arrays by data
    type, shape and contents, however they lie in memory; data frames by columns, data types and
    index; frozen distributions by what they were made from; other objects by what they are
    pickled from.

    Raises
    ------
    TypeError
        If there is something in the value that pickle does not take either.
    RecursionError
        If the value contains itself.
    """
    return hashlib.sha256(repr(_described(value)).encode()).hexdigest()


def array_digest(array: np.ndarray) -> str:
    """Return a hash of data type, shape and contents of an array without objects."""
    if array.dtype.hasobject:
        raise TypeError("an array of Python objects has no bytes to hash.")
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    array = np.atleast_1d(array)
    step = max(1, BLOCK_BYTES * len(array) // max(1, array.nbytes))
    for start in range(0, len(array), step):
        digest.update(array[start : start + step].tobytes())
    return digest.hexdigest()


def _described(value: Any) -> Any:
    """Return nested tuples of strings that are equal for equal values."""
    match value:
        case np.generic():
            return _described(value.item())
        case None | bool() | int() | float() | complex() | str() | bytes():
            return type(value).__name__, repr(value)
        case np.ndarray() if value.dtype.hasobject:
            return "objects", value.shape, _described(value.tolist())
        case np.ndarray():
            return "array", array_digest(value)
        case np.random.RandomState() if value is check_random_state(None):
            return "stream", "global"
        case np.random.RandomState() | np.random.Generator():
            return "stream", _described(snapshot(value))
        case dict():
            items = [(_described(key), _described(item)) for key, item in value.items()]
            return "dict", *sorted(items, key=repr)
        case set() | frozenset():
            return "set", *sorted(map(_described, value), key=repr)
        case list() | tuple():
            return type(value).__name__, *map(_described, value)
        case type() | FunctionType() | CodeType():
            return _described_code(value)
    return _described_object(value)


def _described_object(value: Any) -> Any:
    if sparse.issparse(value):
        csr = value.tocsr()
        return "csr", value.shape, *map(_described, (csr.data, csr.indices, csr.indptr))
    if hasattr(value, "columns") and hasattr(value, "dtypes"):
        return _described_frame(value)
    if isinstance(value, rv_frozen):
        made_from = {name: own for name, own in vars(value.dist).items() if isinstance(own, PLAIN)}
        return _described((type(value), type(value.dist), made_from, value.args, value.kwds))
    if isinstance(value, FrozenEstimator):
        return _described((type(value), type(value.estimator), vars(value.estimator)))
    if hasattr(value, "get_params"):
        return _described((type(value), value.get_params(deep=False)))
    if hasattr(value, "__wrapped__"):  # a function that was compiled, say
        return _described((type(value), value.__wrapped__))
    reduce = copyreg.dispatch_table.get(type(value))
    return _described((type(value), value.__reduce_ex__(2) if reduce is None else reduce(value)))


def _described_frame(frame: Any) -> Any:
    is_pandas = hasattr(frame, "iloc")
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])] if is_pandas else [*frame]
    described = [(str(column.dtype), _described(np.asarray(column))) for column in columns]
    index = _described(np.asarray(frame.index)) if is_pandas else None
    return type(frame).__name__, _described([*frame.columns]), described, index


def _described_code(value: type | FunctionType | CodeType) -> Any:
    if isinstance(value, CodeType):
        return "code", value.co_code, value.co_names, _described(value.co_consts)
    name = f"{value.__module__}.{value.__qualname__}"
    if _is_released(value):
        return "name", name
    if isinstance(value, type):
        return "class", name, *map(_methods, value.__mro__)
    parts = value.__code__, value.__defaults__, value.__kwdefaults__, _enclosed(value)
    return "function", name, *map(_described, parts)


def _enclosed(function: FunctionType) -> list[Any]:
    """Return what a function encloses, but for variables that it assigns, such as counters."""
    code = function.__code__
    assigned = {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_DEREF"}
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    return [cell.cell_contents for name, cell in cells if name not in assigned]


def _methods(cls: type) -> Any:
    """Return the code of the functions and properties that a class defines."""
    if _is_released(cls):
        return cls.__qualname__
    methods = []
    for name, attribute in sorted(vars(cls).items()):
        function = getattr(attribute, "__func__", getattr(attribute, "fget", attribute))
        if isinstance(function, FunctionType):
            methods.append((type(attribute).__name__, name, _described(function.__code__)))
    return cls.__qualname__, *methods


def _is_released(value: type | FunctionType) -> bool:
    return str(value.__module__).partition(".")[0] in RELEASED
