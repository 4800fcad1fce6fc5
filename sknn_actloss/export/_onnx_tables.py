"""Tables as inputs of ONNX models, and how their columns are read."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from sknn_actloss.estimators import NetworkHolder
from sknn_actloss.export._onnx_nodes import Nodes
from sknn_actloss.export._onnx_types import tensor
from sknn_actloss.tabular import TableEncoder
from sknn_actloss.tabular._levels import UNSEEN
from sknn_actloss.tabular._readers import LevelReader, NumberReader, Reader
from sknn_actloss.tabular._reading import Reading

#: Texts that stand for a missing string, for which ONNX has no value.
MISSING_TEXTS = ("", "nan", "NaN", "None", "<NA>")

FLOAT, STRING = np.dtype(np.float32), np.dtype(object)


def initial_types(estimator: Any, X_sample: Any) -> list[tuple[str, Any]]:
    """Return names and types of the inputs of a model.

    Parameters
    ----------
    estimator : estimator
        A fitted one.
    X_sample : ndarray, DataFrame or None
        Rows of the input.

    Raises
    ------
    TypeError
        If a column has a type that ONNX lacks.
    ValueError
        If the sample is no table, has not as many columns as the rows of ``fit``, or is missing
        where a ColumnTransformer needs it.
    """
    readers = _readers_of(estimator)
    if hasattr(X_sample, "columns"):
        names = [str(name) for name in X_sample.columns]
        series = [X_sample[name] for name in X_sample.columns]
        known = _by_name(estimator, readers)
        if not known:
            _check_width(estimator, len(names))
        return [
            (name, tensor(_dtype_read(known.get(name), one.dtype, name), [None, 1]))
            for name, one in zip(names, series, strict=True)
        ]
    if X_sample is not None:
        X_sample = np.asarray(X_sample)
        if X_sample.ndim != 2:
            raise ValueError(
                f"X_sample must have two axes, rows and features; its shape is {X_sample.shape}."
            )
        _check_width(estimator, X_sample.shape[1])
    if any(map(_reads_text, readers.values())):
        return [
            (name, tensor(STRING if _reads_text(reader) else FLOAT, [None, 1]))
            for name, reader in _by_name(estimator, readers).items()
        ]
    first = _first_step(estimator)
    picks_names = isinstance(first, ColumnTransformer) and hasattr(first, "feature_names_in_")
    if picks_names and X_sample is None:
        raise ValueError(
            "X_sample=None does not tell which columns a ColumnTransformer picks, and their types. "
            "Pass X_sample=X[:1], rows like those of fit."
        )
    dtype = FLOAT if X_sample is None else _dtype_of(X_sample.dtype, "X")
    return [("X", tensor(dtype, [None, estimator.n_features_in_]))]


def columns_of(encoder: TableEncoder, inputs: Any) -> dict[int, tuple[Any, int]]:
    """Return for each column that an encoder reads the variable and the index that have it.

    Raises
    ------
    NotImplementedError
        If a column holds dates, or levels that are neither numbers nor strings.
    ValueError
        If a column is not among the inputs.
    """
    for _, reader, _ in encoder._reading.readers:
        _refuse_unreadable(reader)
    read, variables = [index for index, _, _ in encoder._reading.readers], list(inputs)
    if len(variables) == 1:
        return {index: (variables[0], index) for index in read}
    names = _names_of(encoder)
    found = {variable.raw_name: variable for variable in variables}
    missing = [names[index] for index in read if names[index] not in found]
    if missing:
        raise ValueError(f"X_sample lacks columns that X had in fit: {missing}.")
    return {index: (found[names[index]], 0) for index in read}


def read_table(nodes: Nodes, reading: Reading, columns: Mapping[int, tuple[Any, int]]) -> str:
    """Add nodes that read columns as numbers and codes of levels, and return their result.

    Parameters
    ----------
    nodes : Nodes
    reading : Reading
        Readers of the columns.
    columns : mapping of int to (Variable, int)
        Where each of them is.
    """
    parts = []
    for index, reader, _ in reading.readers:
        variable, position = columns[index]
        name = variable.full_name
        if variable.type.shape[1] != 1:
            name = nodes.add("Gather", name, nodes.constant(np.array([position])), axis=1)
        parts.append(_read(nodes, reader, name))
    return nodes.add("Concat", *parts, axis=1)


def _refuse_unreadable(reader: Reader) -> None:
    """Raise where a column holds what ONNX lacks."""
    if isinstance(reader, NumberReader) or _reads_text(reader):
        return
    if not isinstance(reader, LevelReader):
        raise NotImplementedError(
            f"Column {reader.name!r} of X holds dates, which ONNX lacks. Fit the estimator to "
            "their parts as numbers instead."
        )
    levels = [level for level in reader.levels.codes_by_level if level is not None]
    if not all(isinstance(level, Real | np.bool_) for level in levels):
        raise NotImplementedError(
            f"Column {reader.name!r} of X holds categories such as {levels[0]!r}, which are "
            "neither all numbers nor all strings. Fit the estimator to strings instead."
        )


def _read(nodes: Nodes, reader: Reader, name: str) -> str:
    if not isinstance(reader, LevelReader):
        return nodes.cast(name, np.float64)
    codes = dict(reader.levels.codes_by_level)
    missing = codes.pop(None, UNSEEN)
    add = _text_codes if _reads_text(reader) else _number_codes
    return add(nodes, name, codes, missing)


def _text_codes(nodes: Nodes, name: str, codes: dict[Any, int], missing: int) -> str:
    codes = dict.fromkeys(MISSING_TEXTS, missing) | codes
    found = nodes.add(
        "LabelEncoder",
        name,
        domain="ai.onnx.ml",
        op_version=2,
        keys_strings=[str(level) for level in codes],
        values_floats=[float(code) for code in codes.values()],
        default_float=float(UNSEEN),
    )
    return nodes.cast(found, np.float64)


def _number_codes(nodes: Nodes, name: str, codes: dict[Any, int], missing: int) -> str:
    """Add the sum of the codes of all levels that a number is equal to, of which it is one."""
    numbers = nodes.cast(name, np.float64)
    levels = nodes.constant(np.array([[float(level) for level in codes]]))
    equal = nodes.cast(nodes.add("Equal", numbers, levels), np.float64)
    above = np.array([[code - UNSEEN] for code in codes.values()], dtype=np.float64)
    found = nodes.add("MatMul", equal, nodes.constant(above))
    found = nodes.add("Add", found, nodes.constant(np.array(float(UNSEEN))))
    is_missing = nodes.add("IsNaN", numbers)
    return nodes.add("Where", is_missing, nodes.constant(np.array(float(missing))), found)


def _check_width(estimator: Any, n_features: int) -> None:
    if n_features != estimator.n_features_in_:
        raise ValueError(
            f"X_sample has {n_features} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input."
        )


def _readers_of(estimator: Any) -> dict[int, Reader]:
    """Return the readers of the columns of a table, by index; none for an array of numbers."""
    first = _first_step(estimator)
    encoder = first.encoder_ if isinstance(first, NetworkHolder) else first
    if not isinstance(encoder, TableEncoder):
        return {}
    return {index: reader for index, reader, _ in encoder._reading.readers}


def _first_step(estimator: Any) -> Any:
    return _first_step(estimator.steps[0][1]) if isinstance(estimator, Pipeline) else estimator


def _by_name(estimator: Any, readers: Mapping[int, Reader]) -> dict[str, Reader]:
    names = _names_of(estimator)
    return {names[index]: reader for index, reader in readers.items()}


def _names_of(estimator: Any) -> list[str]:
    default = [f"x{index}" for index in range(estimator.n_features_in_)]
    return [str(name) for name in getattr(estimator, "feature_names_in_", default)]


def _reads_text(reader: Reader | None) -> bool:
    if not isinstance(reader, LevelReader):
        return False
    levels = [level for level in reader.levels.codes_by_level if level is not None]
    return bool(levels) and all(isinstance(level, str) for level in levels)


def _dtype_read(reader: Reader | None, dtype: Any, name: str) -> np.dtype:
    """Return the data type of an input that a reader reads, if there is one."""
    if _reads_text(reader):
        return STRING
    found = _dtype_of(dtype, name)
    return FLOAT if reader is not None and found == STRING else found


def _dtype_of(dtype: Any, name: str) -> np.dtype:
    """Return the data type that an input has for a column or an array.

    Raises
    ------
    TypeError
        If there is none.
    """
    shown = str(dtype)
    for beginnings, found in (
        (("float16", "float32", "Float32"), FLOAT),
        (("float", "Float", "double"), np.dtype(np.float64)),
        (("int", "uint", "Int", "UInt"), np.dtype(np.int64)),
        (("bool", "Bool"), np.dtype(np.bool_)),
        (("object", "str", "string", "category", "Categorical", "Enum", "String", "<U"), STRING),
    ):
        if shown.startswith(beginnings):
            return found
    raise TypeError(
        f"Column {name!r} of X_sample has the type {shown}, which ONNX lacks. Turn it into numbers "
        "or strings, or leave it out if the estimator does not use it."
    )
