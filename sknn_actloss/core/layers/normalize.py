"""Normalisation of pre-activations, with a learned scale and offset for each unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import Call
from sknn_actloss.core.layers._base import Bound, Frame, Layer, Step
from sknn_actloss.core.layout import Slot, Views
from sknn_actloss.normalization import Normalization, Pass


class Normalize(Layer):
    """The normalisation of a hidden layer.

    Parameters
    ----------
    index : int
    runs : list of (slice, (Normalization,))
        Runs of members that share a stacked normalisation.
    n_units : int
    """

    attributes = (
        "normalization_scales_",
        "normalization_offsets_",
        "running_means_",
        "running_variances_",
    )

    def __init__(
        self, index: int, runs: Sequence[tuple[slice, tuple[Normalization]]], n_units: int
    ) -> None:
        super().__init__(index)
        self._runs = [(members, norm) for members, (norm,) in runs]
        self.has_moments = self._runs[0][1].has_moments
        scale, offset, mean, variance = self.attributes
        self.slots = (
            Slot(scale, index, (n_units,), initial=1.0),
            Slot(offset, index, (n_units,), initial=0.0),
        )
        if self.has_moments:
            self.slots += (
                Slot(mean, index, (n_units,), initial=0.0, trained=False),
                Slot(variance, index, (n_units,), initial=1.0, trained=False),
            )
        self._scale, self._offset, *self._moments = (slot.key for slot in self.slots)

    def bind(self, below: Bound, frame: Frame) -> Bound:
        if frame.is_training:
            return self._bind_training(below, frame)
        z = below.value
        norms = [
            (norm.predict, (z[members], self.moments(frame.params, members)))
            for members, norm in self._runs
        ]
        return Bound(z, None, [*norms, *self._rescale(z, z, frame)])

    def describe(self, params: Views) -> Step:
        ((_, norm),) = self._runs
        arrays = {"scale": params[self._scale], "offset": params[self._offset]}
        if self.has_moments:
            arrays["mean"], arrays["variance"] = self.moments(params)
        return Step("normalization", norm, arrays)

    def moments(self, params: Views, members: slice = slice(None)) -> Any:
        """Return running means and variances (n_members, 1, units), ``None`` without any."""
        if not self.has_moments:
            return None
        mean, variance = (params[key][members] for key in self._moments)
        return mean, variance

    def _bind_training(self, below: Bound, frame: Frame) -> Bound:
        z, grad = below.value, below.grad
        normalized = frame.room.array("normalized", self.index, z.shape[2])
        passes = self._passes(z, normalized, frame)
        scale, gradient, ones = frame.params[self._scale], frame.gradient, frame.room.ones
        forward = [(bound.forward, ()) for _, bound in passes]
        backward: list[Call] = [
            *kernels.row_sum(grad, ones, gradient[self._offset]),
            (np.multiply, (grad, normalized, z)),
            *kernels.row_sum(z, ones, gradient[self._scale]),
            (np.multiply, (grad, scale, grad)),
            *((bound.backward, (grad[members],)) for members, bound in passes),
        ]
        return Bound(z, grad, [*forward, *self._rescale(normalized, z, frame)], backward)

    def _passes(self, z: np.ndarray, out: np.ndarray, frame: Frame) -> list[tuple[slice, Pass]]:
        """Return the normalisations of runs of members, bound to the arrays of the batch."""
        return [
            (
                members,
                norm.bind(z[members], out[members], self.moments(frame.params, members), weights),
            )
            for members, norm, weights in self._weighted_runs(frame.sample_weight)
        ]

    def _weighted_runs(
        self, sample_weight: np.ndarray | None
    ) -> list[tuple[slice, Normalization, np.ndarray | None]]:
        """Return runs of members with the weights of their rows, one by one where these differ."""
        if sample_weight is None or sample_weight.ndim == 1:
            return [(members, norm, sample_weight) for members, norm in self._runs]
        return [
            (slice(index, index + 1), norm, sample_weight[index])
            for members, norm in self._runs
            for index in range(len(sample_weight))[members]
        ]

    def _rescale(self, normalized: np.ndarray, out: np.ndarray, frame: Frame) -> list[Call]:
        scale, offset = frame.params[self._scale], frame.params[self._offset]
        return [(np.multiply, (normalized, scale, out)), (np.add, (out, offset, out))]
