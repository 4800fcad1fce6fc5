"""Whatever has a place in a table of components can be exported."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from sknn_actloss.activations import ACTIVATIONS, Activation
from sknn_actloss.core import layers
from sknn_actloss.core.layout import Layout
from sknn_actloss.core.model import Model, layers_of
from sknn_actloss.export import _activations, _c_code, _heads, _networks, _onnx_nodes, _values
from sknn_actloss.export._encoders import FORMULAS, PARTS
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.losses import LOSSES, Loss
from sknn_actloss.normalization import NORMALIZATIONS, BatchNorm
from sknn_actloss.tabular import _categories, _dates, _numbers


def test_every_activation_has_a_formula():
    assert set(_activations.FORMULAS) == set(ACTIVATIONS.values())


def test_every_normalisation_has_a_formula():
    assert set(_networks.FORMULAS) == set(NORMALIZATIONS.values())


@pytest.mark.parametrize("task", LOSSES)
def test_every_head_of_a_loss_is_read(task):
    kinds = ["continuous"] if task == "regression" else ["binary", "multiclass", "multilabel"]
    for make in LOSSES[task].values():
        for kind in kinds:
            loss = make()
            head = loss.for_targets(kind, loss.natural_output(kind)).head
            assert type(head) in _heads.READINGS


@pytest.mark.parametrize("task", LOSSES)
def test_no_loss_reads_outputs_by_methods_of_its_own(task):
    losses = {make for make in LOSSES[task].values() if issubclass(make, Loss)}
    for name in ("point", "variance", "probabilities"):
        assert {getattr(loss, name) for loss in losses} <= {getattr(Loss, name)}


def test_every_layer_says_what_it_does():
    models = [
        Model(
            (ACTIVATIONS["relu"](),) * 2,
            ACTIVATIONS["identity"](),
            LOSSES["regression"]["huber"](),
            normalization=BatchNorm(),
            skip_connections=True,
            feature_scale=FeatureScale(),
        ),
        Model(
            (ACTIVATIONS["relu"](),) * 2, ACTIVATIONS["identity"](), LOSSES["regression"]["huber"]()
        ),
    ]
    described = set()
    for model in models:
        network = layers_of([model], (2, 3, 3, 1), np.dtype(float))
        layout = Layout(tuple(slot for layer in network for slot in layer.slots))
        views = layout.views(np.ones((1, layout.row_size)))
        for layer in network:
            step = layer.describe(views)
            assert hasattr(_networks._Pass, f"_{step.kind}")
            described.add(type(layer))
    kinds = {kind for kind in vars(layers).values() if inspect.isclass(kind)}
    concrete = {kind for kind in kinds if issubclass(kind, layers.Layer)} - {layers.Layer}
    for kind in concrete - described:
        assert kind.describe(object.__new__(kind), None).kind == "dropout"


def test_a_layer_that_does_not_say_is_refused_by_name():
    class Gain(layers.Layer):
        def bind(self, below, frame):
            return below

    with pytest.raises(NotImplementedError, match="Gain cannot be exported"):
        Gain(0).describe(None)


def test_every_encoder_of_tables_has_a_formula():
    modules = [_categories, _numbers]
    found = {
        kind
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__
    } - {_categories.Lookup}
    assert found == set(PARTS) <= set(FORMULAS)
    assert _dates.CyclicPairs not in FORMULAS, "dates are refused where they are read"


def test_every_operation_is_written_in_c_and_in_onnx():
    single = {*_c_code.OPERATORS, *_c_code.FUNCTIONS, *_c_code.HELPERS, "cast", "is_nan", "where"}
    assert single == _values.ELEMENTWISE
    several = {op for op in _values.OTHERS if hasattr(_c_code.Body, f"_{op}")}
    assert several | {"constant", "input"} == _values.OTHERS
    onnx = {*_onnx_nodes.OPERATORS, *_onnx_nodes.FORMULAS, "input"}
    assert onnx == _values.ELEMENTWISE | _values.OTHERS


def test_activations_of_users_are_refused_by_name():
    class Snake(Activation):
        def forward(self, z, out):
            np.sin(z, out=out)

        def backward(self, z, a, grad):
            grad *= np.cos(z)

    z = _values.Value("input", (), 2, np.dtype(float))
    with pytest.raises(NotImplementedError, match=r"Snake\(\) cannot be exported.*one of identity"):
        _activations.activated(Snake(), z)
