"""Targets that are numbers: encoded, checked, scored, and read from predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from sknn_actloss._interval import Interval
from sknn_actloss.core import Model
from sknn_actloss.estimators._target_scale import TargetScale
from sknn_actloss.estimators._targets import Targets, mean_of_members
from sknn_actloss.training import Columns, EncodedTargets


class Continuous(Targets):
    """Numbers, one column for each target.

    Parameters
    ----------
    scale : TargetScale or None
        What networks see in place of the numbers; ``None`` for the numbers themselves.
    """

    kind = "continuous"

    def __init__(self, scale: TargetScale | None = None) -> None:
        self._scale = scale

    @property
    def attributes(self) -> dict[str, Any]:
        """Centre and scale."""
        if self._scale is None:
            return {}
        return {"target_center_": self._scale.center, "target_scale_": self._scale.scale}

    def scaled(self, scaling: str | None, y: np.ndarray, sample_weight: Any) -> Continuous:
        """Return targets on the scale that is found from those of a first fit."""
        if scaling is None:
            return self
        return Continuous(TargetScale.of(scaling, y, sample_weight))

    def check_scaling(self, scaling: str | None) -> None:
        """Raise a ValueError where a later fit asks for another scaling than the first one."""
        fitted = None if self._scale is None else self._scale.scaling
        if scaling != fitted:
            raise ValueError(
                f"The fitted network has target_scaling={fitted!r}, which is not target_scaling="
                f"{scaling!r}. Training can go on only with the same scale of targets; set "
                "warm_start=False to start anew."
            )

    def encode(self, y: np.ndarray, dtype: np.dtype) -> EncodedTargets:
        """Return targets as columns."""
        columns = y.reshape(len(y), -1)
        with np.errstate(over="ignore"):
            if self._scale is not None:
                columns = self._scale.encode(columns)
            columns = columns.astype(dtype, copy=False)
        if not np.all(np.isfinite(columns)):
            raise ValueError(_flaw_of(columns))
        return Columns(columns)

    def check(self, y: EncodedTargets, domain: Interval, loss: Any, name: str = "y") -> None:
        """Raise a ValueError where targets lie outside the domain of a loss."""
        values = y.contents
        if not domain.contains(values):
            raise ValueError(
                f"loss={loss!r} needs targets in {domain}, but {name} ranges from "
                f"{values.min():g} to {values.max():g}. Some value(s) of {name} are out of the "
                "valid range of the loss; transform y or choose another loss."
            )

    def check_validation(self, y: Any) -> None:
        """Accept all, as numbers are of one kind."""

    def look(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return predicted targets (n_rows, n_targets) as networks see them."""
        return model.loss.head.point(outputs)

    def score(self, seen: np.ndarray, y: EncodedTargets, sample_weight: np.ndarray | None) -> float:
        """Return R², which is the same on every scale."""
        if not np.all(np.isfinite(seen)):
            return float("nan")
        return float(r2_score(y.dense(), seen, sample_weight=sample_weight))

    def predict(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return the targets (n_rows, n_targets)."""
        return self.decode(mean_of_members(model.loss.head.point(outputs)))

    def std(self, model: Model, outputs: np.ndarray) -> np.ndarray | None:
        """Return standard deviations (n_rows, n_targets), ``None`` where they are unknown."""
        points, known = model.loss.head.point(outputs), model.loss.head.deviation(outputs)
        if known is None and len(points) == 1:
            return None
        std = _deviation(points)
        if known is not None:
            with np.errstate(under="ignore"):
                std = np.hypot(std, _root_mean_square(known))
        return std if self._scale is None else self._scale.spread(std)

    def quantiles(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return quantiles (n_rows, n_targets, n_levels)."""
        return self.decode_several(mean_of_members(model.loss.head.quantiles(outputs)))  # type: ignore[attr-defined]

    def decode(self, values: np.ndarray) -> np.ndarray:
        """Return what values (..., n_targets) of networks are in units of the targets.

        With a scale they are float64: targets may be beyond what the networks compute in.
        """
        return values if self._scale is None else self._scale.decode(values)

    def decode_several(self, values: np.ndarray) -> np.ndarray:
        """Return the same of several values for each target, (n_rows, n_targets, n_values)."""
        return self.decode(values.swapaxes(1, 2)).swapaxes(1, 2)


# Powers of two change no digit, and squares neither overflow nor vanish.


def _deviation(points: np.ndarray) -> np.ndarray:
    """Return the standard deviation over members."""
    exponent = np.frexp(np.abs(points).max())[1]
    with np.errstate(under="ignore"):
        return np.ldexp(np.ldexp(points, -exponent).std(axis=0), exponent)


def _root_mean_square(values: np.ndarray) -> np.ndarray:
    """Return the root of the mean of squares over members."""
    exponent = np.frexp(np.abs(values).max())[1]
    with np.errstate(under="ignore"):
        squares = np.square(np.ldexp(values, -exponent))
        return np.ldexp(np.sqrt(squares.mean(axis=0)), exponent)


def _flaw_of(columns: np.ndarray) -> str:
    """Return what is wrong with columns that are not finite."""
    if np.isnan(columns).any():
        return "Input y contains NaN, a missing value. Leave out these rows."
    return f"y has values too large for dtype={columns.dtype.name!r}."
