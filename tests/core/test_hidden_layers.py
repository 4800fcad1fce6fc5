"""Normalisation, skip connections, dropout and the L1 penalty: gradients, stacks, predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network_cases import CASES, Case, differentiate, loss_and_gradient
from numpy.testing import assert_allclose, assert_array_equal

from sknn_actloss._calls import run
from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.core import Network, as_rows, hidden_outputs, mask_streams
from sknn_actloss.core.dropout import Dropout
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.normalization import NORMALIZATIONS, BatchNorm, LayerNorm, unbiasing

N_FEATURES, HIDDEN = 3, (4, 4, 5)
LEARNED = "normalization_scales_", "normalization_offsets_"
MOMENTS = "running_means_", "running_variances_"
SETTINGS = {
    **{name: {"normalization": NORMALIZATIONS[name]()} for name in NORMALIZATIONS},
    "skips": {"skip_connections": True},
    "dropout": {"dropout": (0.2, 0.4, 0.0, 0.3)},
    "l1": {"l1": 0.3},
    "scaled": {"feature_scale": FeatureScale()},
    **{
        f"all with {name}{', scaled' if scale else ''}": {
            "normalization": NORMALIZATIONS[name](epsilon=0.01),
            "skip_connections": True,
            "dropout": (0.2, 0.2, 0.1, 0.3),
            "l1": 0.1,
            "feature_scale": scale,
        }
        for name in NORMALIZATIONS
        for scale in (None, FeatureScale())
    },
}
every_setting = pytest.mark.parametrize("setting", SETTINGS)
MULTIOUTPUT = Case("regression", "squared_error", "continuous", 3)


def model_of(case, setting, activations=("tanh", "gelu", "softplus"), **changes):
    layers = tuple(ACTIVATIONS[name]() for name in activations)
    return replace(case.model(layers), **(SETTINGS[setting] | changes))


def network_of(case, *models):
    """Return a layout and random rows for models."""
    layout = models[0].layout(N_FEATURES, HIDDEN, case.n_outputs)
    rows = np.random.default_rng(3).normal(scale=0.7, size=(len(models), layout.row_size))
    for variance in layout.views(rows).of("running_variances_"):
        np.square(variance, out=variance)
    return layout, rows


def batch(case, n_rows=7, weighted=False):
    rng = np.random.default_rng(1)
    weights = rng.exponential(size=n_rows) if weighted else None
    return rng.normal(size=(n_rows, N_FEATURES)), case.targets(rng, n_rows), weights, 5.5


@every_setting
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients(case, weighted, setting):
    model = model_of(case, setting)
    layout, rows = network_of(case, model)
    arguments = batch(case, weighted=weighted)
    _, gradient = loss_and_gradient(layout, [model], rows, *arguments)
    direction = np.zeros_like(rows)
    layout.trained(direction)[...] = gradient / np.linalg.norm(gradient)
    layout.trained(direction)[...] += np.random.default_rng(0).normal(size=gradient.shape) / 10
    step = 1e-5
    high, low = (
        loss_and_gradient(layout, [model], rows + sign * step * direction, *arguments)[0][0]
        for sign in (1, -1)
    )
    expected = np.vdot(gradient, layout.trained(direction))
    assert (high - low) / (2 * step) == pytest.approx(expected, rel=2e-6, abs=1e-8)


@every_setting
@pytest.mark.parametrize("activation", ["relu", "logistic", "gelu"])
def test_every_parameter(setting, activation):
    model = model_of(MULTIOUTPUT, setting, (activation,) * 3)
    layout, rows = network_of(MULTIOUTPUT, model)
    arguments = batch(MULTIOUTPUT, weighted=True)
    _, gradient = loss_and_gradient(layout, [model], rows, *arguments)
    steps = np.eye(layout.row_size)[: layout.n_params] * 1e-6
    numeric = [
        (
            loss_and_gradient(layout, [model], rows + step, *arguments)[0][0]
            - loss_and_gradient(layout, [model], rows - step, *arguments)[0][0]
        )
        / 2e-6
        for step in steps
    ]
    assert_allclose(gradient[0], numeric, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_mixed_stacks(dtype, weighted):
    rates = [(), (0.0, 0.5, 0.0, 0.0), (0.2, 0.0, 0.3, 0.1), (0.2, 0.0, 0.3, 0.1)]
    models = [
        model_of(
            MULTIOUTPUT,
            "all with batch",
            dropout=rate,
            normalization=BatchNorm(0.01 * (1 + i), 0.1 + 0.2 * i),
            l1=0.1 * i,
            alpha=0.2 * (i % 2),
        )
        for i, rate in enumerate(rates)
    ]
    layout, rows = network_of(MULTIOUTPUT, *models)
    X, y, weights, total = batch(MULTIOUTPUT, weighted=weighted)
    X, y = X.astype(dtype), y.astype(dtype)
    weights = None if weights is None else weights.astype(dtype)
    together = Network(layout, models, rows.astype(dtype), 7)
    losses = differentiate(together, X, y, weights, total)
    for i, model in enumerate(models):
        alone = Network(layout, [model], rows[i : i + 1].astype(dtype), 7)
        own = differentiate(alone, X, y, weights, total)
        close = {"rtol": 1e-10, "atol": 1e-12} if dtype == np.float64 else {"rtol": 1e-3}
        assert_allclose(losses[i], own[0], **close)
        assert_allclose(together.gradient[i], alone.gradient[0], **({"atol": 1e-5} | close))
        assert_allclose(together.params[i], alone.params[0], **close)


# Normalisation


def normalized_network(norm, n_rows, weights=None):
    """Return a network of one member after a pass over a batch."""
    model = replace(MULTIOUTPUT.model((ACTIVATIONS["tanh"](),)), normalization=norm)
    layout = model.layout(N_FEATURES, (4,), 3)
    drawn = {
        "coefs_": [np.eye(3, 4), np.ones((4, 3))],
        "intercepts_": [np.zeros(4), np.zeros(3)],
    }
    rows = layout.initial(drawn, np.float64)
    network = Network(layout, [model], rows, n_rows)
    X, y, *_ = batch(MULTIOUTPUT, n_rows)
    differentiate(network, X, y, weights, float(n_rows))
    return network, np.column_stack([X, np.zeros(n_rows)])


def moments_of(network):
    """Return running means and variances of the first hidden layer of one member."""
    return [network.views[name, 0][0, 0] for name in MOMENTS]


def normalized_of(network, n_rows):
    """Return what the first hidden layer has normalised."""
    return network.workspace.room(n_rows).array("normalized", 0, 4)[0]


def test_running_moments_follow_mean_and_unbiased_variance():
    network, z = normalized_network(BatchNorm(momentum=0.3), 7)
    mean, variance = moments_of(network)
    assert_allclose(mean, 0.3 * z.mean(axis=0), atol=1e-15)
    assert_allclose(variance, 0.7 + 0.3 * z.var(axis=0, ddof=1))


def test_weights_of_rows_count_as_copies_in_the_moments():
    weights = np.array([3.0, 0.0, 1.0, 2.0, 1.0])
    network, z = normalized_network(BatchNorm(momentum=1.0), 5, weights)
    copies = np.repeat(z, weights.astype(int), axis=0)
    mean, variance = moments_of(network)
    assert_allclose(mean, copies.mean(axis=0), atol=1e-15)
    assert_allclose(variance, copies.var(axis=0, ddof=1), atol=1e-15)


def test_the_scale_of_small_weights_does_not_matter():
    factors = [unbiasing(total, 5) for total in (1e-3, 0.5, 1.0, 2.0)]
    assert factors == [1.25] * 4
    assert unbiasing(8, 5) == 8 / 7
    assert unbiasing(0.5, 1) == 1.0


@pytest.mark.parametrize("weights", [None, [0.0, 2.0, 0.0]], ids=str)
def test_a_single_row_uses_running_moments_and_leaves_them(weights):
    n_rows = 1 if weights is None else 3
    weights = None if weights is None else np.array(weights)
    network, z = normalized_network(BatchNorm(), n_rows, weights)
    mean, variance = moments_of(network)
    assert_array_equal(mean, np.zeros(4))
    assert_array_equal(variance, np.ones(4))
    assert_allclose(normalized_of(network, n_rows), z / np.sqrt(1 + 1e-5))


@pytest.mark.parametrize("norm", [BatchNorm(0.1, 1.0), LayerNorm(0.1)], ids=repr)
def test_outputs_of_training_are_normalised(norm):
    network, z = normalized_network(norm, 7)
    axis = 0 if isinstance(norm, BatchNorm) else 1
    mean, variance = z.mean(axis=axis, keepdims=True), z.var(axis=axis, keepdims=True)
    expected = (z - mean) / np.sqrt(variance + 0.1)
    assert_allclose(normalized_of(network, 7), expected, atol=1e-14)


# Predictions


def reference(X, layout, rows, model):
    """Return raw outputs of one network by the formulas."""
    views, below = layout.views(rows), X
    if model.feature_scale is not None:
        below = X * views["feature_scale_", None][0]
    for layer, activation in enumerate(model.activations):
        z = below @ views["coefs_", layer][0] + views["intercepts_", layer][0]
        if isinstance(model.normalization, BatchNorm):
            mean, variance = (views[name, layer][0] for name in MOMENTS)
            z = (z - mean) / np.sqrt(variance + model.normalization.epsilon)
        elif model.normalization is not None:
            variance = z.var(axis=1, keepdims=True) + model.normalization.epsilon
            z = (z - z.mean(axis=1, keepdims=True)) / np.sqrt(variance)
        if model.normalization is not None:
            scale, offset = (views[name, layer][0] for name in LEARNED)
            z = z * scale + offset
        a = activation(z)
        is_skipped = model.skip_connections and layer and a.shape == below.shape
        below = a + below if is_skipped else a
    last = len(model.activations)
    return below @ views["coefs_", last][0] + views["intercepts_", last][0]


@every_setting
def test_predictions_use_all_units_and_running_moments(setting):
    models = [model_of(MULTIOUTPUT, setting) for _ in range(2)]
    layout, rows = network_of(MULTIOUTPUT, *models)
    X = np.random.default_rng(2).normal(size=(9, N_FEATURES))
    network = Network(layout, models, rows, 1)
    raw = network.raw_outputs(as_rows(X))
    for i, model in enumerate(models):
        assert_allclose(raw[i], reference(X, layout, rows[i : i + 1], model), rtol=1e-11)


# Dropout


def test_dropout_leaves_out_its_share_and_scales_the_rest():
    dropout = Dropout([0.3], mask_streams(0, 1)[0], 500, 40, np.dtype(np.float64))
    run(dropout.draw_calls(500))
    assert_allclose(np.unique(dropout.mask), [0.0, 1 / 0.7], rtol=1e-5)
    assert np.mean(dropout.mask == 0) == pytest.approx(0.3, abs=0.02)
    first = dropout.mask.copy()
    run(dropout.draw_calls(500))
    assert np.mean(first == dropout.mask) < 0.7


@pytest.mark.parametrize("rate", [1e-7, 0.5, 0.999, 0.99995, 0.9999999])
def test_the_mean_of_masks_is_one_at_any_rate(rate):
    dropout = Dropout([rate], mask_streams(0, 1)[0], 1, 1, np.dtype(np.float64))
    dropout._drawn = np.arange(1 << 16, dtype=np.uint16)[None]
    dropout._draw = lambda out: None
    dropout.mask = np.empty((1, 1, 1 << 16))
    run(dropout.draw_calls(1))
    assert dropout.mask.mean() == pytest.approx(1.0, rel=1e-12)


def test_members_share_random_numbers():
    dropout = Dropout([0.0, 0.2, 0.6], mask_streams(0, 1)[0], 50, 8, np.dtype(np.float64))
    run(dropout.draw_calls(50))
    none, few, many = dropout.mask
    assert_array_equal(none, np.ones((50, 8)))
    assert_array_equal(many[few == 0], 0)


def test_masks_of_a_layer_do_not_depend_on_the_others():
    streams = [mask_streams(5, n_layers)[1] for n_layers in (2, 4)]
    assert_array_equal(*(stream.random(7) for stream in streams))


@pytest.mark.parametrize("setting", ["dropout", "all with batch"])
def test_steps_draw_new_masks(setting):
    model = model_of(MULTIOUTPUT, setting)
    layout, rows = network_of(MULTIOUTPUT, model)
    X, y, *_ = batch(MULTIOUTPUT)
    network = Network(layout, [model], rows, 7)
    losses = [differentiate(network, X, y, None, 7.0)[0] for _ in range(2)]
    assert losses[0] != losses[1]


# Signals


@every_setting
@pytest.mark.parametrize("n_members", [1, 2])
def test_signals_of_linear_layers_make_up_the_gradient(setting, n_members):
    frozen = SETTINGS[setting].get("normalization")
    changes = {"dropout": (), "feature_scale": None, "l1": 0.0, "alpha": 0.0}
    model = model_of(MULTIOUTPUT, setting, normalization=frozen and frozen.frozen(), **changes)
    layout, rows = network_of(MULTIOUTPUT, *[model] * n_members)
    X, y, *_ = batch(MULTIOUTPUT)
    network = Network(layout, [model] * n_members, rows, 7)
    signals = network.signals(as_rows(X), y)
    assert signals[0].inputs.array is X
    assert signals[-1].outputs is None
    for index, (inputs, outputs, delta) in enumerate(signals):
        inputs = inputs if index else X[None]
        expected = inputs.swapaxes(1, 2) @ delta
        assert_allclose(network.gradient_views["coefs_", index], expected, rtol=1e-9, atol=1e-12)
        assert outputs is None or outputs.shape == delta.shape


def test_outputs_of_hidden_layers_under_dropout_are_those_of_predictions():
    model = model_of(MULTIOUTPUT, "all with layer")
    layout, rows = network_of(MULTIOUTPUT, model)
    X, *_ = batch(MULTIOUTPUT)
    network = Network(layout, [model], rows, 7)
    hidden = list(hidden_outputs(as_rows(X), network.layers, network.views))
    assert [outputs.shape for outputs, _ in hidden] == [(1, 7, width) for width in HIDDEN]
    raw = hidden[-1][1] @ network.views["coefs_", 3] + network.views["intercepts_", 3]
    assert_allclose(raw, network.raw_outputs(as_rows(X)), rtol=1e-12)
