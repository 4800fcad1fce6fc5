"""Initializers: scikit-learn's draws, variances and orthogonality."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPRegressor

from sknn_actloss import initializers
from sknn_actloss.initializers import (
    INITIALIZERS,
    Glorot,
    He,
    Initializer,
    LeCun,
    ScikitLearn,
    resolve_initializer,
)

RELU = SimpleNamespace(gain=2**0.5, uniform_factor=6.0)
LOGISTIC = SimpleNamespace(gain=1.0, uniform_factor=2.0)
NAMES = INITIALIZERS.names


def draw(name, fan_in, fan_out, activation=RELU, seed=0):
    random_state = np.random.RandomState(seed)
    return resolve_initializer(name).draw(random_state, fan_in, fan_out, activation)


@pytest.mark.parametrize(("name", "activation"), [("relu", RELU), ("logistic", LOGISTIC)])
def test_draws_what_scikit_learn_draws(name, activation):
    peer = MLPRegressor(activation=name)
    peer._random_state = np.random.RandomState(3)
    random_state = np.random.RandomState(3)
    for fan_in, fan_out in [(4, 10), (10, 5), (5, 1)]:
        weights, bias = ScikitLearn().draw(random_state, fan_in, fan_out, activation)
        their_weights, their_bias = peer._init_coef(fan_in, fan_out, np.float64)
        np.testing.assert_array_equal(weights, their_weights)
        np.testing.assert_array_equal(bias, their_bias)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("fan_in", "fan_out"), [(5, 3), (3, 5), (4, 4), (1, 6), (6, 1)])
def test_shapes_and_determinism(name, fan_in, fan_out):
    weights, bias = draw(name, fan_in, fan_out)
    assert weights.shape == (fan_in, fan_out)
    assert bias.shape == (fan_out,)
    assert weights.dtype == bias.dtype == np.float64
    assert weights.flags.c_contiguous
    assert np.isfinite(weights).all()
    np.testing.assert_array_equal(weights, draw(name, fan_in, fan_out)[0])
    assert not np.array_equal(weights, draw(name, fan_in, fan_out, seed=1)[0])
    if name != "sklearn":
        assert not bias.any()


FAN_IN, FAN_OUT = 300, 200
VARIANCES = {"glorot": 2 / (FAN_IN + FAN_OUT), "he": 2 / FAN_IN, "lecun": 1 / FAN_IN}


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("rule", VARIANCES)
def test_variance(rule, distribution):
    weights, _ = draw(f"{rule}_{distribution}", FAN_IN, FAN_OUT)
    deviation = VARIANCES[rule] ** 0.5
    assert weights.std() == pytest.approx(deviation, rel=0.02)
    assert weights.mean() == pytest.approx(0.0, abs=0.02 * deviation)
    reach = np.abs(weights).max() / deviation
    assert 1.73 < reach <= 3**0.5 if distribution == "uniform" else reach > 3


@pytest.mark.parametrize("initializer", [Glorot, He, LeCun])
def test_biases_may_be_drawn_after_the_weights(initializer):
    weights, bias = draw(initializer(bias_deviation=0.5), FAN_IN, 5000)
    np.testing.assert_array_equal(weights, draw(initializer(), FAN_IN, 5000)[0])
    assert bias.std() == pytest.approx(0.5, rel=0.05)
    assert bias.mean() == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(8, 8), (9, 4), (4, 9)])
def test_orthogonal(fan_in, fan_out):
    weights, _ = draw("orthogonal", fan_in, fan_out, RELU)
    gram = weights.T @ weights if fan_in >= fan_out else weights @ weights.T
    np.testing.assert_allclose(gram, RELU.gain**2 * np.eye(len(gram)), atol=1e-12)


def test_orthogonal_matrices_are_uniformly_distributed():
    random_state = np.random.RandomState(0)
    orthogonal = INITIALIZERS["orthogonal"]()
    draws = [orthogonal.draw(random_state, 2, 2, LOGISTIC)[0] for _ in range(2000)]
    np.testing.assert_allclose(np.mean(draws, axis=0), 0.0, atol=0.06)
    assert np.mean(np.linalg.det(draws)) == pytest.approx(0.0, abs=0.08)


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize(("alias", "rule"), [("xavier", "glorot"), ("kaiming", "he")])
def test_aliases(alias, rule, distribution):
    name = f"{alias}_{distribution}"
    assert resolve_initializer(name) == resolve_initializer(f"{rule}_{distribution}")
    assert name not in list(INITIALIZERS)


def test_an_instance_is_kept():
    initializer = initializers.He("normal")
    assert resolve_initializer(initializer) is initializer


def test_an_unknown_name_lists_the_valid_ones():
    with pytest.raises(ValueError, match=r"weight_init='glorot'.*glorot_normal.*xavier_uniform"):
        resolve_initializer("glorot")


@pytest.mark.parametrize("spec", [ScikitLearn, None, 0.1])
def test_neither_name_nor_instance(spec):
    with pytest.raises(TypeError, match="weight_init"):
        resolve_initializer(spec)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_field_has_a_range(name):
    for field in INITIALIZERS[name]().get_params():
        with pytest.raises(ValueError, match=f"'{field}' parameter"):
            resolve_initializer(INITIALIZERS[name]().set_params(**{field: -1}))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_copies_are_equal(name):
    initializer = resolve_initializer(name)
    assert eval(repr(initializer), vars(initializers)) == initializer
    assert pickle.loads(pickle.dumps(initializer)) == initializer
    assert clone(initializer) == initializer
    assert isinstance(initializer, Initializer)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_says_what_it_is_good_for(name):
    assert INITIALIZERS[name]().formula
    assert INITIALIZERS[name]().advice


@pytest.mark.parametrize("rule", [initializers.Glorot, initializers.He, initializers.LeCun])
def test_biases_may_be_drawn(rule):
    weights, biases = rule().draw(np.random.RandomState(0), 40, 5000, RELU)
    same, drawn = rule(bias_deviation=2.0).draw(np.random.RandomState(0), 40, 5000, RELU)
    np.testing.assert_array_equal(weights, same)
    assert not biases.any()
    assert drawn.std() == pytest.approx(2.0, rel=0.05)
