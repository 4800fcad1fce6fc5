"""Variables and types of ONNX models as skl2onnx has them, and all that is private in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def tensor(dtype: Any, shape: list[int | None]) -> Any:
    """Return the type of an array; data types are those of NumPy, object for strings."""
    from skl2onnx.common import data_types

    kinds = {
        "bool": data_types.BooleanTensorType,
        "float32": data_types.FloatTensorType,
        "float64": data_types.DoubleTensorType,
        "int64": data_types.Int64TensorType,
        "object": data_types.StringTensorType,
    }
    return kinds[np.dtype(dtype).name](shape)


def computing_dtype(variable: Any) -> np.dtype:
    """Return the data type that a variable is computed with."""
    from skl2onnx.common.data_types import DoubleTensorType

    is_double = isinstance(variable.type, DoubleTensorType)
    return np.dtype(np.float64 if is_double else np.float32)


def is_float(variable: Any) -> bool:
    """Whether a variable is of this type already."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    return isinstance(variable.type, DoubleTensorType | FloatTensorType)


def prepared(scope: Any, steps: Sequence[Any], variables: Any) -> Any:
    """Return what fitted estimators, one behind the other, make of variables."""
    from skl2onnx._parse import _parse_sklearn

    for step in steps:
        variables = _parse_sklearn(scope, step, variables)
    return variables
