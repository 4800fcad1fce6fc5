"""A loss of one prediction and its derivative, along predictions or raw outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_actloss._interval import UNIT
from sknn_actloss.activations import canonical_name, resolve_activation
from sknn_actloss.core import Model
from sknn_actloss.losses import resolve_loss

#: What curves go along, and how an axis calls it.
AGAINST = {
    "prediction": "prediction",
    "probability": "predicted probability of the positive class",
    "decision": "decision value",
    "raw": "raw output",
}


@dataclass(frozen=True)
class LossOfPrediction:
    """A loss of one prediction behind its output activation.

    Parameters
    ----------
    model : Model
        Holds the loss, bound to its targets, and the output activation.
    report_factor : float
        What the loss is multiplied with where it is reported.
    """

    model: Model
    report_factor: float

    @classmethod
    def of(cls, spec: Any, out_activation: Any, task: str) -> LossOfPrediction:
        """Resolve a loss and its output activation.

        Raises
        ------
        ValueError
            If they do not go together, or the loss has several outputs for a target.
        """
        target_kind = "continuous" if task == "regression" else "binary"
        loss = resolve_loss(spec, task)
        if isinstance(out_activation, str) and out_activation == "auto":
            out_activation = loss.natural_output(target_kind)
        output = resolve_activation(out_activation, "out_activation", hidden=False)
        bound = loss.for_targets(target_kind, canonical_name(output))
        if bound.outputs_per_target != 1:
            raise ValueError(
                f"loss={loss!r} needs {bound.outputs_per_target} outputs for a target, so that "
                "no curve shows it; leave it out."
            )
        if not output.range.within(bound.prediction_domain):
            raise ValueError(
                f"out_activation={output!r} does not go with loss={loss!r}: its range "
                f"{output.range} leaves the loss's domain {bound.prediction_domain}. "
                "Use out_activation='auto'."
            )
        return cls(Model((), output, bound), loss.report_scale(target_kind, 1))

    @property
    def is_probability(self) -> bool:
        """Whether predictions lie between 0 and 1."""
        return self.model.output.range.within(UNIT)

    def along(
        self, points: np.ndarray, targets: np.ndarray, against: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the loss and its derivative.

        Parameters
        ----------
        points : ndarray of shape (n_points,)
            Raw outputs for ``against="raw"``, predictions otherwise.
        targets : ndarray of shape (n_targets,)
            Numbers, or 0 and 1.
        against : str
            A key of :data:`AGAINST`.

        Returns
        -------
        values, derivatives : ndarray of shape (n_targets, n_points)
            NaN where the output activation gives no such prediction.

        Raises
        ------
        ValueError
            If that is everywhere.
        """
        inside = np.ones(len(points), bool) if against == "raw" else self._possible(points)
        curves = np.full((2, len(targets), len(points)), np.nan)
        for index, target in enumerate(self._encoded(targets)):
            curves[:, index, inside] = self._pair(target, points[inside, None], against == "raw")
        return curves[0], curves[1]

    def _possible(self, points: np.ndarray) -> np.ndarray:
        domain = self.model.output.range
        inside = np.array([domain.contains(point) for point in points])
        if not inside.any():
            raise ValueError(
                f"prediction_range=({points[0]:g}, {points[-1]:g}) has no prediction of "
                f"out_activation={self.model.output!r}, which lie in {domain}."
            )
        return inside

    def _encoded(self, targets: np.ndarray) -> np.ndarray:
        low, high = self.model.loss.encoding
        return np.where(targets > 0, high, low) if low < 0 else targets

    def _pair(self, target: float, points: np.ndarray, raw: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the loss and its derivative at points of shape (n_points, 1)."""
        loss, output, gradient = self.model.loss, self.model.output, np.empty_like(points)
        y, prediction = np.full_like(points, target), output(points) if raw else points
        probes = np.linspace(0, len(points) - 1, 10)[1:-1].astype(int)
        loss.check(y[probes], prediction[probes])
        if raw and self.model.is_fused:
            loss.gradient(y, points, gradient)
            return loss.value(y, points), gradient[:, 0]
        value = loss.value_of_prediction(y, prediction)
        loss.gradient_of_prediction(y, prediction, gradient)
        if raw:
            output.backward(points.copy() if output.reads_input else None, prediction, gradient)
        return value, gradient[:, 0]


def check_option(parameter: str, value: Any, options: Iterable[Any]) -> None:
    """Raise a ValueError that lists the options if a value is none of them."""
    options = list(options)
    if value not in options:
        raise ValueError(f"{parameter}={value!r} must be one of {', '.join(map(repr, options))}.")


def checked_targets(
    y: float | Sequence[float], task: str, curves: Iterable[LossOfPrediction]
) -> np.ndarray:
    """Return targets of shape (n_targets,) that every loss takes, classes as 0 and 1."""
    targets = np.atleast_1d(np.asarray(y, dtype=float))
    if targets.ndim > 1 or not targets.size or not np.all(np.isfinite(targets)):
        raise ValueError(f"y={y!r} must be a finite number or a sequence of them.")
    if task == "classification":
        if not np.all(np.isin(targets, (-1, 0, 1))):
            raise ValueError(f"y={y!r} must hold 1, the positive class, or 0, the negative one.")
        return np.maximum(targets, 0.0)
    for loss in (curve.model.loss for curve in curves):
        if not loss.target_domain.contains(targets):
            raise ValueError(f"loss={loss!r} needs targets in {loss.target_domain}, got y={y!r}.")
    return targets


def kind_of_points(against: str, task: str, curves: Iterable[LossOfPrediction]) -> str:
    """Resolve what curves go along to a key of :data:`AGAINST`."""
    kinds = {curve.is_probability for curve in curves}
    mixed = task == "classification" and len(kinds) > 1
    if against == "prediction" and mixed:
        raise ValueError(
            "against='prediction' does not go with losses of which some take probabilities and "
            "others decision values; use against='raw'."
        )
    if against == "raw" or mixed:
        return "raw"
    if task == "regression":
        return "prediction"
    return "probability" if kinds == {True} else "decision"


def default_range(against: str, targets: np.ndarray) -> tuple[float, float]:
    """Return the points between which curves tell most."""
    if against != "prediction":
        return (0.0, 1.0) if against == "probability" else (-3.0, 3.0)
    room = max(3.0, np.abs(targets).max())
    return targets.min() - room, targets.max() + room
