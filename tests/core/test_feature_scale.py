"""A learned factor for every feature: closed form, kinds of rows, stacks, rates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network_cases import Case, differentiate, loss_and_gradient
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn_actloss._calls import run
from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.core import CSRRows, DenseRows, Network, as_rows, mask_streams
from sknn_actloss.feature_scale import FeatureScale, resolve_feature_scale
from sknn_actloss.normalization import BatchNorm, LayerNorm

CASE = Case("regression", "squared_error", "continuous", 2)
SETTINGS = {
    "alone": {},
    "batch": {"normalization": BatchNorm()},
    "layer": {"normalization": LayerNorm(), "skip_connections": True},
    "penalties": {"l1": 0.3, "alpha": 0.5},
}
SCALE = "feature_scale_", None


def model_of(hidden=(4, 4), scale=True, **options):
    model = CASE.model(tuple(ACTIVATIONS["tanh"]() for _ in hidden), alpha=0.0)
    return replace(model, feature_scale=FeatureScale() if scale else None, **options)


def setting_of(model, hidden=(4, 4), n_members=1, dtype=np.float64):
    rng = np.random.default_rng(0)
    layout = model.layout(3, hidden, 2)
    params = rng.normal(size=(n_members, layout.row_size)).astype(dtype)
    for variance in layout.views(params).of("running_variances_"):
        np.square(variance, out=variance)
    X = (rng.normal(size=(9, 3)) * (rng.random((9, 3)) < 0.6)).astype(dtype)
    return layout, params, X, rng.normal(size=(9, 2)).astype(dtype)


def with_ones(X):
    return DenseRows(np.hstack([np.ones((len(X), 1), X.dtype), X]), has_ones=True)


def test_closed_form_of_a_linear_network():
    model = model_of(())
    layout, params, X, y = setting_of(model, ())
    scale, weights = params[0, -3:].copy(), layout.views(params)["coefs_", 0][0]
    bias = layout.views(params)["intercepts_", 0][0, 0]
    losses, gradient = loss_and_gradient(layout, [model], params, X, y)
    residual = (X * scale) @ weights + bias - y
    views = layout.views(gradient)
    assert losses[0] == pytest.approx(np.square(residual).sum() / 18, rel=1e-13)
    assert_allclose(views["coefs_", 0][0], (X * scale).T @ residual / 9, rtol=1e-12)
    assert_allclose(views["intercepts_", 0][0, 0], residual.sum(axis=0) / 9, rtol=1e-12)
    expected = (X * (residual @ weights.T)).sum(axis=0) / 9
    assert_allclose(views[SCALE][0, 0], expected, rtol=1e-12)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("n_members", [1, 3])
def test_the_network_on_scaled_rows(setting, n_members):
    model, plain = (model_of(scale=scale, **SETTINGS[setting]) for scale in (True, False))
    layout, params, X, y = setting_of(model, n_members=n_members)
    found = Network(layout, [model] * n_members, params.copy(), 9)
    losses = differentiate(found, X, y, None, 9.0)
    own = plain.layout(3, (4, 4), 2)
    for member in range(n_members):
        attributes = layout.attributes(params[member], params.dtype)
        scaled = X * attributes["feature_scale_"]
        rows = own.from_attributes(attributes, params.dtype)
        network = Network(own, [plain], rows, 9)
        assert_allclose(losses[member], differentiate(network, scaled, y, None, 9.0)[0])
        # Behind the first layer nothing knows of the scales.
        assert_allclose(
            found.gradient_views["coefs_", 1][member],
            network.gradient_views["coefs_", 1][0],
            rtol=1e-10,
            atol=1e-13,
        )
        assert_allclose(
            found.raw_outputs(as_rows(X))[member], network.raw_outputs(as_rows(scaled))[0]
        )


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_kinds_of_rows_give_the_same(setting, n_members, dtype):
    model = model_of(**SETTINGS[setting])
    layout, params, X, y = setting_of(model, n_members=n_members, dtype=dtype)
    close = {"rtol": 1e-9, "atol": 1e-12} if dtype == np.float64 else {"rtol": 1e-3, "atol": 1e-4}
    losses, gradient = loss_and_gradient(layout, [model] * n_members, params, X, y)
    assert gradient.dtype == dtype
    for rows in (with_ones(X), CSRRows(sparse.csr_array(X))):
        other = loss_and_gradient(layout, [model] * n_members, params, rows, y)
        assert_allclose(other[0], losses, **close)
        assert_allclose(other[1], gradient, **close)


@pytest.mark.parametrize("container", ["dense", "ones", "csr"])
@pytest.mark.parametrize("n_members", [1, 2])
def test_gradient_under_input_dropout(container, n_members):
    rates = (0.4, 0.0, 0.0)
    models = [model_of(dropout=rates), model_of(dropout=(0.0, 0.0, 0.0))][:n_members]
    layout, params, X, y = setting_of(models[0], n_members=n_members)
    make = {"dense": as_rows, "ones": with_ones, "csr": lambda X: CSRRows(sparse.csr_array(X))}
    rows = make[container](X)

    def evaluate(step):
        streams = mask_streams(3, 3)  # the same masks each time
        network = Network(layout, models, params + step, 9, streams=streams)
        return differentiate(network, rows, y, None, 9.0), network.gradient

    _, gradient = evaluate(0.0)
    for column in [*range(layout.columns(("coefs_", 0)).stop), *range(-3, 0)]:
        step = np.zeros_like(params)
        step[:, column] = 1e-6
        numeric = (evaluate(step)[0] - evaluate(-step)[0]) / 2e-6
        assert_allclose(gradient[:, column], numeric, rtol=1e-5, atol=1e-8)


def test_members_alone_give_the_same():
    models = [model_of(alpha=0.1 * i, l1=0.2 * i) for i in range(3)]
    layout, params, X, y = setting_of(models[0], n_members=3)
    losses, gradient = loss_and_gradient(layout, models, params, X, y)
    for i, model in enumerate(models):
        alone = loss_and_gradient(layout, [model], params[i : i + 1], X, y)
        assert_allclose(losses[i], alone[0][0], rtol=1e-12)
        assert_allclose(gradient[i], alone[1][0], rtol=1e-10, atol=1e-13)


def test_nothing_decays_and_nothing_is_penalised():
    model = model_of(alpha=2.0, l1=3.0)
    layout, params, X, y = setting_of(model)
    bare = replace(model, alpha=0.0, l1=0.0)
    gradients = [loss_and_gradient(layout, [member], params, X, y)[1] for member in (model, bare)]
    scales = [layout.views(gradient)[SCALE] for gradient in gradients]
    assert_array_equal(*scales)
    assert not np.shares_memory(layout.decaying(params), layout.views(params)[SCALE])


def test_a_program_follows_the_scales():
    model = model_of()
    layout, params, X, y = setting_of(model)
    network = Network(layout, [model], params, 9)
    program = network.bind(with_ones(X), y, None, 9.0, slice(0, 9))
    run(program)
    params *= 1.5
    run(program)
    expected = loss_and_gradient(layout, [model], params, X, y)[1]
    assert_allclose(network.gradient, expected, rtol=1e-10, atol=1e-13)


def test_rates_by_columns():
    plain, scaled = model_of(scale=False), model_of(normalization=BatchNorm())
    other = replace(scaled, feature_scale=FeatureScale(2.0))

    def factors(*models):
        layout = models[0].layout(3, (4, 4), 2)
        network = Network(layout, models, np.zeros((len(models), layout.row_size)), 9)
        (rest, one), *own = network.rate_factors(lambda n_inputs: 1.0)
        assert one == 1.0
        assert rest.start == 0
        assert (own[-1][0] if own else rest).stop == layout.n_params
        return [(columns.stop - columns.start, factor) for columns, factor in own]

    assert factors(plain) == []
    assert factors(scaled, scaled) == [(3, 6.0)]
    [(width, factor)] = factors(scaled, other)
    assert width == 3
    assert_array_equal(factor, [[6.0], [2.0]])


@pytest.mark.parametrize("spec", [False, True, FeatureScale(2.5)], ids=repr)
def test_a_switch_or_an_instance(spec):
    found = resolve_feature_scale(spec)
    expected = {False: None, True: FeatureScale()}
    assert found == (spec if isinstance(spec, FeatureScale) else expected[spec])


def test_what_it_refuses():
    with pytest.raises(ValueError, match="rate_factor"):
        resolve_feature_scale(FeatureScale(0.0))
    with pytest.raises(TypeError, match=r"feature_scale must be True, False or an instance of"):
        resolve_feature_scale("yes")
