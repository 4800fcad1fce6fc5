"""The pinball loss, for one quantile or for several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss._interval import OPEN_UNIT
from sknn_actloss._numeric import as_floats, constant
from sknn_actloss._sklearn import number
from sknn_actloss.losses._base import SelfBoundLoss
from sknn_actloss.losses._bound import BoundLoss, GradientByCalls
from sknn_actloss.losses._heads import MEDIAN, Head, QuantileHead, by_target, is_median
from sknn_actloss.losses._numerics import row_sum, weighted_quantile


@dataclass(repr=False)
class Quantile(SelfBoundLoss, GradientByCalls):
    r"""Pinball loss, whose minimiser is a quantile of the target given the features.

    .. math:: \ell(y, p) = \max(q (y - p), (q - 1) (y - p))

    For several quantiles the network has an output for each of them, and the losses are summed.
    Raw outputs go target by target, within a target by ascending level. Nothing keeps neighbours
    from crossing; the head sorts them, which takes them as a whole no farther from the true
    quantiles, and gives the median among what is sorted as the prediction.

    Parameters
    ----------
    quantile : float or sequence of float, default=0.5
        The quantile :math:`q` to predict, in (0, 1), or distinct levels in any order with 0.5,
        the median, among them.

    References
    ----------
    R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46, 1978.

    V. Chernozhukov, I. Fernández-Val and A. Galichon, "Quantile and probability curves without
    crossing", Econometrica 78, 2010.

    Examples
    --------
    >>> from sknn_actloss.losses import Quantile
    >>> round(Quantile()([0.0, 1.0], [0.5, 4.0]), 3)
    0.875
    """

    quantile: float | Sequence[float] = MEDIAN

    _parameter_constraints: ClassVar[dict[str, list]] = {"quantile": [number(0, 1), "array-like"]}
    formula: ClassVar[str] = "max(q(y − p), (q − 1)(y − p))"
    advice: ClassVar[str] = "a quantile; several of them make prediction intervals"

    def validate(self) -> None:
        """Check that levels are distinct, within (0, 1), and have the median among them."""
        super().validate()
        if not (np.isscalar(self.quantile) or _are_levels(self.quantile)):
            raise ValueError(
                "The 'quantile' parameter of Quantile must be a number in (0, 1), or a sequence "
                "of distinct numbers in (0, 1) with the median 0.5 among them, such as "
                f"(0.1, 0.5, 0.9). Got {self.quantile!r} instead."
            )

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels of several quantiles, ascending; empty where ``quantile`` is a number."""
        if np.ndim(self.quantile) != 1:
            return ()
        return tuple(np.sort(np.asarray(self.quantile, dtype=float)).tolist())

    @property
    def outputs_per_target(self) -> int:  # type: ignore[override]
        """Number of quantiles."""
        return len(self.levels) or 1

    @property
    def head(self) -> Head:
        """What reads several quantiles and their median, or the prediction of one."""
        return QuantileHead(self.levels) if self.levels else Head()

    def objection(self, output: str) -> str:
        """Refuse the softmax, which would make the quantiles of a row depend on each other."""
        if self.levels and output == "softmax":
            return "it makes outputs add up to one, which are several quantiles of a target"
        return ""

    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return a copy with ascending levels."""
        return replace(self, quantile=self.levels or self.quantile)

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        d = (self._by_target(raw) - y[..., np.newaxis]).reshape(raw.shape)
        return row_sum(np.maximum(d, 0) - np.asarray(self._level(raw), d.dtype) * d)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls of :meth:`gradient`."""
        offset = np.asarray(MEDIAN - self._level(raw), out.dtype)
        arguments = self._by_target(raw), y[..., np.newaxis], self._by_target(out)
        return [
            (np.subtract, arguments),
            (np.sign, (out, out)),
            (np.multiply, (out, constant(0.5, out.dtype), out)),
            (np.add, (out, offset, out)),
        ]

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
        """Return the weighted quantiles of each target."""
        return weighted_quantile(y, self.levels or self.quantile, sample_weight).T.ravel()

    def _by_target(self, outputs: np.ndarray) -> np.ndarray:
        return by_target(outputs, self.outputs_per_target)

    def _level(self, raw: np.ndarray) -> Any:
        """Return the level of each output, or what is the level of all."""
        if not self.levels:
            return self.quantile
        return np.tile(self.levels, raw.shape[-1] // len(self.levels))


def _are_levels(values: Any) -> bool:
    levels = as_floats(values)
    if levels is None or levels.ndim == 0:
        return False
    levels = np.sort(levels)
    is_set = levels.ndim == 1 and OPEN_UNIT.contains(levels) and np.all(np.diff(levels) > 0)
    return bool(is_set and is_median(levels).any())
