"""Formulas of transformers in front of a network, one for each class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import preprocessing
from sklearn.pipeline import Pipeline

from sknn_actloss.export._values import (
    Value,
    as_type,
    cast,
    clip,
    columns,
    concatenate,
    hypot,
    is_nan,
    lookup,
    where,
)
from sknn_actloss.tabular import PiecewiseLinearEncoder, TableEncoder
from sknn_actloss.tabular._categories import OneHot, TargetMeans
from sknn_actloss.tabular._numbers import BOUND, GapIndicator, RobustScale
from sknn_actloss.tabular._readers import NumberReader


def _piecewise_linear(encoder: PiecewiseLinearEncoder, x: Value) -> Value:
    if len(encoder._column) == 0:
        return x
    # float32 has to hold the widths above zero, as it does in the encoder.
    width = np.maximum(encoder._width, np.finfo(np.float32).tiny)
    shares = clip((columns(x, encoder._column) - encoder._lower) / width, 0.0, 1.0)
    return concatenate([x, (shares - 0.5) * encoder.bin_scale])


def _robust_scale(scale: RobustScale, x: Value) -> Value:
    away = (where(is_nan(x), scale.median_, x) - scale.median_) / scale.spread_
    return cast(away / hypot(away / BOUND, 1.0), scale.output_dtype)


def _gap_indicator(indicator: GapIndicator, x: Value) -> Value:
    return cast(is_nan(columns(x, indicator.columns_)), indicator.dtype)


def _lookup(encoder: OneHot | TargetMeans, x: Value) -> Value:
    tables = [as_type(table, _float_of(table.dtype)) for table in encoder.tables_]
    found = [lookup(columns(x, [index]), table) for index, table in enumerate(tables)]
    return concatenate(found)


def _table(encoder: TableEncoder, x: Value) -> Value:
    for _, reader, _ in encoder._reading.readers:
        if not isinstance(reader, NumberReader):
            raise NotImplementedError(
                f"Column {reader.name!r} of X does not hold numbers, which is all that C is given. "
                "Export to ONNX, or encode the column beforehand."
            )
    read = columns(x, [index for index, _, _ in encoder._reading.readers])
    parts = []
    for _, part, indices in encoder.columns_.transformers_:
        value = columns(read, indices)
        for step in steps_of(part):
            value = encoded(step, value)
        parts.append(value)
    return cast(concatenate(parts), encoder.dtype)


def steps_of(part: Any) -> list[Any]:
    """Return the steps of a Pipeline one by one, or a transformer as it is."""
    steps = [step for _, step in part.steps] if isinstance(part, Pipeline) else [part]
    return [step for step in steps if step not in (None, "passthrough")]


def _float_of(dtype: np.dtype) -> np.dtype:
    return dtype if dtype == np.float32 else np.dtype(np.float64)


def _standard_scaler(scaler: preprocessing.StandardScaler, x: Value) -> Value:
    if scaler.with_mean:
        x = x - scaler.mean_
    return x / scaler.scale_ if scaler.with_std else x


def _min_max_scaler(scaler: preprocessing.MinMaxScaler, x: Value) -> Value:
    scaled = x * scaler.scale_ + scaler.min_
    return clip(scaled, *map(float, scaler.feature_range)) if scaler.clip else scaled


def _quartile_scaler(scaler: preprocessing.RobustScaler, x: Value) -> Value:
    if scaler.with_centering:
        x = x - scaler.center_
    return x / scaler.scale_ if scaler.with_scaling else x


#: Encoders of this package, whose formulas ONNX has from here as well.
OWN: dict[type, Callable[[Any, Value], Value]] = {
    PiecewiseLinearEncoder: _piecewise_linear,
    RobustScale: _robust_scale,
    GapIndicator: _gap_indicator,
    OneHot: _lookup,
    TargetMeans: _lookup,
}
FORMULAS: dict[type, Callable[[Any, Value], Value]] = {
    **OWN,
    preprocessing.MaxAbsScaler: lambda scaler, x: x / scaler.scale_,
    preprocessing.MinMaxScaler: _min_max_scaler,
    preprocessing.RobustScaler: _quartile_scaler,
    preprocessing.StandardScaler: _standard_scaler,
    TableEncoder: _table,
}

#: Transformers that are parts of a :class:`TableEncoder`.
PARTS = (RobustScale, GapIndicator, OneHot, TargetMeans)


def encoded(step: Any, x: Value) -> Value:
    """Return what a fitted transformer makes of features.

    Raises
    ------
    NotImplementedError
        If there is no formula for it.
    """
    formula = FORMULAS.get(type(step))
    if formula is None:
        names = ", ".join(sorted(kind.__name__ for kind in FORMULAS if kind not in PARTS))
        raise NotImplementedError(
            f"The step {step!r} cannot be exported to C, only {names} can. Export to ONNX, or "
            "export the network alone, and prepare rows beforehand."
        )
    return formula(step, x)
