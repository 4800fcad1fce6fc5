"""What one network computes and minimises, and the layers of a stack of such networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from sknn_actloss._component import runs
from sknn_actloss.activations import ACTIVATIONS, Activation, canonical_name
from sknn_actloss.core.dropout import Dropout
from sknn_actloss.core.layers import (
    Activate,
    DropInputs,
    DropUnits,
    Fork,
    InputLinear,
    Join,
    Layer,
    Linear,
    Normalize,
    ScaledLinear,
)
from sknn_actloss.core.layout import Layout
from sknn_actloss.core.predictor import Predictor
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.losses import BoundLoss
from sknn_actloss.normalization import Normalization


@dataclass(frozen=True)
class Model:
    """The components of one network.

    Parameters
    ----------
    activations : tuple of Activation
        One for each hidden layer.
    output : Activation
        Output activation.
    loss : BoundLoss
        The loss, bound to its targets by :meth:`~sknn_actloss.losses.LossSpec.for_targets`.
    alpha, l1 : float
        Strengths of the L2 and the L1 penalty, divided by the number of rows.
    dropout : tuple of float
        Share of units to leave out of the inputs and of each hidden layer; empty for none.
    normalization : Normalization or None
        What stands in front of the hidden activations.
    skip_connections : bool
        Whether hidden layers add the outputs of a layer below that is as wide.
    feature_scale : FeatureScale or None
        Learned factors of the features.
    """

    activations: tuple[Activation, ...]
    output: Activation
    loss: BoundLoss
    alpha: float = 0.0
    l1: float = 0.0
    dropout: tuple[float, ...] = ()
    normalization: Normalization | None = None
    skip_connections: bool = False
    feature_scale: FeatureScale | None = None

    def layout(self, n_features: int, hidden_layer_sizes: Sequence[int], n_outputs: int) -> Layout:
        """Return where the parameters of such a network lie."""
        return self.predictor((n_features, *hidden_layer_sizes, n_outputs)).layout

    def predictor(self, layer_sizes: tuple[int, ...]) -> Predictor:
        """Return what predicts for any number of networks like this one, always the same.

        Parameters
        ----------
        layer_sizes : tuple of int
            Features, hidden layers, outputs.
        """
        if layer_sizes not in self._predictors:
            layers = layers_of([self], layer_sizes, np.dtype(np.float64))
            self._predictors[layer_sizes] = Predictor(_layout_of(layers), layers)
        return self._predictors[layer_sizes]

    def layers(self, layer_sizes: tuple[int, ...]) -> Sequence[Layer]:
        """Return the layers of any number of networks like this one, for predictions."""
        return self.predictor(layer_sizes).layers

    @cached_property
    def _predictors(self) -> dict[tuple[int, ...], Predictor]:
        return {}

    def as_predicting(self) -> Model:
        """Return the model whose training passes compute what predictions do.

        It has no dropout and no penalties, and normalises batches by running moments.
        """
        norm = self.normalization
        norm = norm if norm is None else norm.frozen()
        return replace(self, alpha=0.0, l1=0.0, dropout=(), normalization=norm)

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the fields, and nothing that was made on the way."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def output_name(self) -> str:
        """Name of the output activation, ``""`` where it is not one of the table as it is."""
        name = canonical_name(self.output)
        return name if name and self.output == ACTIVATIONS[name]() else ""

    @property
    def is_fused(self) -> bool:
        """Whether the loss takes the output activation into its own formulas."""
        return self.output_name == self.loss.link


def layers_of(
    models: Sequence[Model],
    layer_sizes: tuple[int, ...],
    dtype: np.dtype,
    dropout: Sequence[Dropout | None] = (),
) -> list[Layer]:
    """Return the layers of a stack of networks, from the rows to the raw outputs.

    Parameters
    ----------
    models : sequence of Model
        One for each member, or one for all.
    layer_sizes : tuple of int
        Features, hidden layers, outputs.
    dtype : dtype
        Data type of the hyperparameters that differ between members.
    dropout : sequence of Dropout or None
        That of the inputs and of each hidden layer, ``None`` where nothing is left out; by
        default there is none, as in predictions.
    """
    dropout = dropout or [None] * (len(layer_sizes) - 1)
    layers: list[Layer] = [] if dropout[0] is None else [DropInputs(dropout[0])]
    for index in range(len(layer_sizes) - 2):
        layers += _hidden_layer(models, index, layer_sizes, dtype, dropout[1 + index])
    return [*layers, _linear(models, len(layer_sizes) - 2, layer_sizes)]


def _hidden_layer(
    models: Sequence[Model],
    index: int,
    layer_sizes: tuple[int, ...],
    dtype: np.dtype,
    dropout: Dropout | None,
) -> Iterator[Layer]:
    """Yield what stands between two layers of units."""
    n_inputs, n_units = layer_sizes[index : index + 2]
    skips = models[0].skip_connections and index > 0 and n_inputs == n_units
    if skips:
        yield Fork(index)
    yield _linear(models, index, layer_sizes)
    if models[0].normalization is not None:
        yield Normalize(index, _runs([model.normalization for model in models], dtype), n_units)
    yield Activate(index, _runs([model.activations[index] for model in models], dtype))
    if dropout is not None:
        yield DropUnits(index, dropout)
    if skips:
        yield Join(index)


def _linear(models: Sequence[Model], index: int, layer_sizes: tuple[int, ...]) -> Linear:
    n_inputs, n_units = layer_sizes[index : index + 2]
    is_last = index == len(layer_sizes) - 2
    if index > 0:
        return Linear(index, n_inputs, n_units, is_last)
    if models[0].feature_scale is None:
        return InputLinear(index, n_inputs, n_units, is_last)
    scales = [model.feature_scale for model in models]
    factors = [scale.rate_factor for scale in scales if scale is not None]
    factor = factors[0] if len(set(factors)) == 1 else np.array(factors)[:, None]
    return ScaledLinear(n_inputs, n_units, is_last, factor)


def _runs(components: Sequence[Any], dtype: np.dtype) -> list[tuple[slice, tuple[Any]]]:
    """Cut members into runs that share a stacked component; a single run serves any number."""
    found = runs(components, dtype=dtype)
    return found if len(found) > 1 else [(slice(None), found[0][1])]


def plain_layout(layer_sizes: tuple[int, ...]) -> Layout:
    """Return where the parameters of a network of weights and biases only lie."""
    n_layers = len(layer_sizes) - 1
    layers = [
        Linear(index, layer_sizes[index], layer_sizes[index + 1], is_last=index == n_layers - 1)
        for index in range(n_layers)
    ]
    return _layout_of(layers)


def _layout_of(layers: Sequence[Layer]) -> Layout:
    return Layout(tuple(slot for layer in layers for slot in layer.slots))
