"""An error about a parameter names it, its value, and what would be valid."""

import numpy as np
import pytest
from sklearn.datasets import make_classification

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS, LeakyReLU
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES, Huber, Quantile
from sknn_actloss.schedules import SCHEDULES, Constant, Cosine
from sknn_actloss.solvers import LBFGS, SOLVERS, Adam, AdamW

X, CLASSES = make_classification(60, 5, n_informative=3, n_classes=3, random_state=0)
ESTIMATORS = {"classification": MLPClassifier, "regression": MLPRegressor}
TABLES = {
    "activation": ACTIVATIONS,
    "out_activation": ACTIVATIONS,
    "solver": SOLVERS,
    "learning_rate": SCHEDULES,
    "weight_init": INITIALIZERS,
}


def message_of(model, *args, **kwargs):
    with pytest.raises((ValueError, TypeError)) as caught:
        model.fit(*args, **kwargs)
    assert not hasattr(model, "coefs_")
    return str(caught.value)


@pytest.mark.parametrize("task", ESTIMATORS)
@pytest.mark.parametrize("parameter", [*TABLES, "loss"])
def test_an_unknown_name_is_answered_with_all_known_ones(parameter, task):
    message = message_of(ESTIMATORS[task](**{parameter: "sine"}), X, CLASSES)
    table = LOSSES[task] if parameter == "loss" else TABLES[parameter]
    assert f"'{parameter}'" in message
    assert "'sine'" in message
    assert all(name in message for name in table.names)


def test_an_unknown_name_in_a_sequence_is_answered_alike():
    message = message_of(MLPClassifier((3, 3), ["relu", "sine"]), X, CLASSES)
    assert "activation='sine'" in message
    assert all(name in message for name in ACTIVATIONS.names)
    message = message_of(MLPClassifier((3, 3), ["relu", "softmax"]), X, CLASSES)
    assert "'softmax' is for the output layer only" in message
    assert all(name in message for name in HIDDEN_ACTIVATIONS)


@pytest.mark.parametrize("task", ESTIMATORS)
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("alpha", -0.5),
        ("batch_size", 0),
        ("batch_size", 2.5),
        ("batch_size", "all"),
        ("beta_1", 1.0),
        ("beta_2", -0.1),
        ("dtype", "float16"),
        ("early_stopping", "yes"),
        ("epsilon", 0.0),
        ("hidden_layer_sizes", None),
        ("learning_rate", -1.0),
        ("learning_rate", None),
        ("learning_rate_init", 0.0),
        ("learning_rate_init", np.nan),
        ("max_fun", 0),
        ("max_iter", 0),
        ("max_iter", 1.5),
        ("momentum", 1.5),
        ("n_iter_no_change", 0),
        ("nesterovs_momentum", 3),
        ("power_t", -1.0),
        ("random_state", "seed"),
        ("shuffle", "no"),
        ("tol", -1.0),
        ("validation_fraction", 1.0),
        ("verbose", -1),
        ("warm_start", None),
        ("weight_decay", -0.1),
        ("weight_init", None),
        ("loss", None),
        ("out_activation", None),
        ("solver", None),
    ],
    ids=str,
)
def test_a_wrong_value_is_named_with_its_parameter(parameter, value, task):
    message = message_of(ESTIMATORS[task](**{parameter: value}), X, CLASSES)
    assert message.startswith(f"The '{parameter}' parameter of {ESTIMATORS[task].__name__} must be")
    message, _, hint = message.partition(" Did you mean ")
    assert message.endswith(f"Got {value!r} instead.")
    assert hint == ("'float64'?" if value == "float16" else "")


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((4, 0), "hidden_layer_sizes must be > 0, got [4, 0]."),
        ([-3], "hidden_layer_sizes must be > 0, got [-3]."),
        ((4.0,), "hidden_layer_sizes must be integers, got [4.0]."),
        ((4, True), "hidden_layer_sizes must be integers, got [4, True]."),
        (True, "hidden_layer_sizes must be integers, got [True]."),
        (([4, 4],), "hidden_layer_sizes must be integers, got [[4, 4]]."),
        (("4",), "hidden_layer_sizes must be integers, got ['4']."),
    ],
    ids=str,
)
def test_sizes_of_hidden_layers(sizes, message):
    assert message_of(MLPRegressor(sizes), X, CLASSES) == message


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        (
            {"activation": LeakyReLU(negative_slope="big")},
            "'negative_slope' parameter of LeakyReLU",
        ),
        ({"loss": Huber(delta=0.0)}, "'delta' parameter of Huber"),
        ({"loss": Quantile(1.0)}, "'quantile' parameter of Quantile"),
        ({"solver": Adam(beta_1=1.0)}, "'beta_1' parameter of Adam"),
        ({"solver": LBFGS(max_corrections=0)}, "'max_corrections' parameter of LBFGS"),
        ({"learning_rate": Cosine(warmup=-1)}, "'warmup' parameter of Cosine"),
    ],
    ids=["activation", "loss", "quantile", "solver", "lbfgs", "learning_rate"],
)
def test_a_wrong_field_is_named_with_its_component(parameters, match):
    assert match in message_of(MLPRegressor(4, **parameters), X, CLASSES)


@pytest.mark.parametrize(
    ("parameters", "parts"),
    [
        ({"early_stopping": True}, ["early_stopping=True", "early_stopping=False"]),
        ({"learning_rate": "adaptive"}, ["learning_rate='adaptive'", "learning_rate='constant'"]),
        ({"learning_rate": 0.1}, ["learning_rate=0.1", "learning_rate='constant'"]),
        ({"learning_rate": Constant(warmup=3)}, ["Constant(warmup=3)", "learning_rate='constant'"]),
        ({"weight_decay": 0.1}, ["weight_decay=0.1", "weight_decay=None"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("solver", ["lbfgs", LBFGS()], ids=str)
def test_lbfgs_says_what_to_change(solver, parameters, parts):
    message = message_of(MLPRegressor(4, solver=solver, **parameters), X, CLASSES)
    assert message.startswith("solver='lbfgs' takes no ")
    assert all(part in message for part in [*parts, "'adam'"])


def test_settings_that_mean_nothing_to_lbfgs_are_accepted():
    for parameters in (
        {"learning_rate": Constant(), "weight_decay": 0.0},
        {"learning_rate_init": 9.0, "batch_size": 1000, "momentum": 0.1, "power_t": 3.0},
    ):
        model = MLPRegressor(4, solver="lbfgs", tol=1e3, **parameters).fit(X, CLASSES)
        assert model.n_iter_ <= 1


@pytest.mark.parametrize(
    ("parameters", "parts"),
    [
        ({"learning_rate": 0.1, "learning_rate_init": 0.2}, ["learning_rate=0.1", "init=0.2"]),
        ({"solver": AdamW(), "weight_decay": 0.3}, ["weight_decay=0.3", "AdamW(weight_decay=0)"]),
        ({"activation": ["relu"] * 3}, ["has 3 entries", "hidden_layer_sizes has 1"]),
        ({"activation": []}, ["has 0 entries", "hidden_layer_sizes has 1"]),
    ],
    ids=["rates", "decays", "too many", "too few"],
)
def test_contradictions_name_both_sides(parameters, parts):
    message = message_of(MLPRegressor(4, **parameters), X, CLASSES)
    assert all(part in message for part in parts)


@pytest.mark.parametrize(
    ("parameters", "change", "match"),
    [
        ({}, {"alpha__x": 1}, "alpha=0.0001 is neither a name nor a component"),
        ({"learning_rate": 0.1}, {"learning_rate__gamma": 1}, "learning_rate=0.1 is neither"),
        ({"loss": "sine"}, {"loss__delta": 1}, "loss='sine' is not a known regression loss"),
        ({"loss": "mse"}, {"loss__delta": 1}, r"'delta' for SquaredError.*Valid parameters are"),
        ({}, {"sine__x": 1}, "Invalid parameter 'sine'"),
    ],
    ids=["number", "rate", "name", "field", "parameter"],
)
def test_what_cannot_be_set_inside(parameters, change, match):
    with pytest.raises(ValueError, match=match):
        MLPRegressor(**parameters).set_params(**change)


@pytest.mark.parametrize("task", ESTIMATORS)
@pytest.mark.parametrize(
    ("dtype", "weight", "total"),
    [("float32", 1e60, "inf"), ("float32", 1e-60, "0"), ("float64", 1e308, "inf")],
)
def test_weights_beyond_the_data_type(dtype, weight, total, task):
    message = message_of(ESTIMATORS[task](dtype=dtype), X, CLASSES, np.full(60, weight))
    assert f"add up to {total} in {dtype}" in message


@pytest.mark.parametrize("task", ESTIMATORS)
def test_early_stopping_needs_weights_on_both_sides(task):
    weights = np.zeros(60)
    weights[0] = 1.0
    message = message_of(ESTIMATORS[task](early_stopping=True), X, CLASSES, weights)
    assert "sample_weight" in message
    assert "early_stopping=True" in message


def test_data_that_no_network_can_learn():
    for y, match in ((np.full(60, "a"), "convert"), (CLASSES + 1j, "Complex")):
        assert match in message_of(MLPRegressor(), X, y)
    assert "requires y" in message_of(MLPRegressor(), X, None)
    assert "Unknown label type" in message_of(MLPClassifier(), X, X[:, 0])
    assert "0 feature(s)" in message_of(MLPClassifier(), X[:, :0], CLASSES)
