"""Raw outputs of fitted networks, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sknn_actloss.core import Step
from sknn_actloss.estimators import BaseMLP
from sknn_actloss.export._activations import activated
from sknn_actloss.export._refusal import refusal
from sknn_actloss.export._values import Value, linear, row_sum, sqrt
from sknn_actloss.normalization import NORMALIZATIONS, BatchNorm, LayerNorm, Normalization


def _batch_norm(norm: BatchNorm, z: Value, step: Step) -> Value:
    deviation = np.sqrt(step.arrays["variance"] + norm.epsilon)
    return (z - step.arrays["mean"]) / deviation


def _layer_norm(norm: LayerNorm, z: Value, step: Step) -> Value:
    away = z - row_sum(z) / z.width
    return away / sqrt(row_sum(away * away) / z.width + norm.epsilon)


FORMULAS: dict[type[Normalization], Callable[[Any, Value, Step], Value]] = {
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
}


class _Pass:
    """A pass through the layers of a network.

    Parameters
    ----------
    x : Value
        The features.
    """

    def __init__(self, x: Value) -> None:
        self.value, self._skipped = x, x

    def take(self, step: Step) -> None:
        """Go through a layer."""
        getattr(self, f"_{step.kind}")(step)

    def _linear(self, step: Step) -> None:
        self.value = linear(self.value, step.arrays["weights"], step.arrays["biases"])

    def _activation(self, step: Step) -> None:
        activation: Any = step.component
        self.value = activated(activation, self.value)

    def _normalization(self, step: Step) -> None:
        norm: Any = step.component
        if type(norm) not in FORMULAS:
            names = ", ".join(NORMALIZATIONS)
            raise refusal(f"The normalisation {norm!r}", f"one of {names}")
        z = FORMULAS[type(norm)](norm, self.value, step)
        self.value = z * step.arrays["scale"] + step.arrays["offset"]

    def _fork(self, step: Step) -> None:
        self._skipped = self.value

    def _join(self, step: Step) -> None:
        self.value = self.value + self._skipped

    def _dropout(self, step: Step) -> None:
        """Leave the value as it is: nothing is dropped in predictions."""


def raw_outputs(network: BaseMLP, x: Value) -> Value:
    """Return the outputs of the last linear layer, of all members.

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
        A fitted one.
    x : Value
        The features, in the data type to compute in.

    Raises
    ------
    NotImplementedError
        If a component is a user's own.
    """
    layout = network._layout
    params = layout.attribute_views(vars(network))
    way = _Pass(x)
    for layer in network._model.layers(layout.layer_sizes):
        way.take(layer.describe(params))
    return way.value
