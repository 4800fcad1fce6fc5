"""Derivatives of outputs with respect to rows, by the way back through all layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network_cases import Case
from numpy.testing import assert_allclose

from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.core import Backward, Predictor, as_rows
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.normalization import BatchNorm, LayerNorm

CASE = Case("regression", "squared_error", "continuous", 2)
SETTINGS = [
    {"hidden": ()},
    {"hidden": (4,)},
    {"hidden": (4, 4), "dropout": (0.3, 0.3, 0.3), "l1": 1.0},
    {"hidden": (4, 4), "normalization": BatchNorm(), "skip_connections": True},
    {"hidden": (4, 3), "normalization": LayerNorm(0.1), "feature_scale": FeatureScale()},
]


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("setting", SETTINGS)
def test_derivatives_are_those_of_predictions(setting, n_members):
    setting = dict(setting)
    hidden = setting.pop("hidden")
    activations = tuple(ACTIVATIONS["gelu"]() for _ in hidden)
    model = replace(CASE.model(activations), **setting)
    layout = model.layout(3, hidden, 2)
    rng = np.random.RandomState(0)
    params = rng.normal(scale=0.5, size=(n_members, layout.row_size))
    for variance in layout.views(params).of("running_variances_"):
        np.add(np.square(variance), 1, out=variance)
    before, X = params.copy(), rng.normal(size=(2500, 3))
    weights = rng.normal(size=(n_members, 1, 2))

    def total(X):
        predictor: Predictor = model.predictor(layout.layer_sizes)
        outputs = predictor(as_rows(X), layout.attributes(params, params.dtype))
        return (np.tanh(outputs) * weights).sum(axis=(0, 2))

    def pull(raw):
        return weights / np.cosh(raw) ** 2

    derivative = Backward(model, layout, params)(X, pull)
    moves = 1e-6 * np.eye(3)
    expected = np.stack([(total(X + move) - total(X - move)) / 2e-6 for move in moves], axis=1)
    assert_allclose(derivative, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(params, before)
