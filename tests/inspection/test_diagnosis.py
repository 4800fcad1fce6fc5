"""A diagnosis measures what it says, of all kinds of networks and data, and touches nothing."""

from __future__ import annotations

import copy
import pickle
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler, scale

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import HIDDEN_ACTIVATIONS, resolve_activation
from sknn_actloss.inspection import diagnose
from sknn_actloss.normalization import NORMALIZATIONS
from sknn_actloss.solvers import SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
TARGETS = {
    "binary": (X[:, 0] > 0).astype(int),
    "strings": np.array(["a", "b", "c"])[np.digitize(X[:, 1], [-0.5, 0.5])],
    "multilabel": (X[:, :2] > 0).astype(int),
    "continuous": X[:, 0] + X[:, 1] ** 2,
    "two columns": X[:, :2] ** 2,
}


def network(kind="binary", **parameters):
    estimator = MLPRegressor if kind in ("continuous", "two columns") else MLPClassifier
    defaults = {"hidden_layer_sizes": (4, 4), "max_iter": 12, "random_state": 0}
    return estimator(**{**defaults, **parameters})


def fitted(kind="binary", **parameters):
    return network(kind, **parameters).fit(X, TARGETS[kind])


def layer_norms(report):
    return [layer.gradient_norm for layer in report.layers]


# What is measured


@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
def test_activations_are_those_of_predictions(name):
    model = fitted(activation=name, learning_rate_init=0.1, dropout=0.2)
    a, activation = X, resolve_activation(name)
    for layer, weights, biases in zip(
        diagnose(model, X, TARGETS["binary"]).layers[:-1],
        model.coefs_,
        model.intercepts_,
        strict=False,
    ):
        a = activation((a @ weights + biases)[None])[0]
        assert layer.activation == name
        assert_allclose([layer.mean, layer.std], [a.mean(), a.std()], rtol=1e-6)
        assert layer.dead == np.mean(np.all(a == 0, axis=0))
        low, high, *_ = activation.range
        assert (layer.saturated is not None) == np.isfinite(high - low)


def test_outputs_near_the_ends_of_a_bounded_range_are_saturated():
    model = fitted(hidden_layer_sizes=(2,), activation="tanh")
    model.coefs_[0][:], model.intercepts_[0][:] = 0.0, [5.0, 0.1]
    assert diagnose(model, X, TARGETS["binary"]).layers[0].saturated == 0.5


def test_zero_outputs_of_relu6_are_not_saturated():
    model = fitted(hidden_layer_sizes=(4,), activation="relu6")
    model.coefs_[0][:], model.intercepts_[0][:] = 0.0, [-1.0, 3.0, 7.0, 0.0]
    layer = diagnose(model, X, TARGETS["binary"]).layers[0]
    assert (layer.dead, layer.saturated) == (0.5, 0.25)


@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_gradient_norms_are_those_of_the_loss_of_predictions(normalization, skips):
    y, weights = TARGETS["continuous"], RNG.uniform(size=60)
    model = fitted(
        "continuous",
        activation="tanh",
        normalization=normalization,
        skip_connections=skips,
        alpha=1.0,
        dropout=0.3,
    )

    def slopes(entries, place, step=1e-5):
        values = []
        for sign in (1, -1):
            entries[place] += sign * step
            values.append((model.predict(X) - y) ** 2 / 2)
            entries[place] -= sign * step
        return (values[0] - values[1]) / (2 * step)

    report = diagnose(model, X, y, weights)
    for layer, coefs in zip(report.layers, model.coefs_, strict=True):
        squares = sum(slopes(coefs, place) ** 2 for place in np.ndindex(coefs.shape))
        expected = np.sqrt(np.average(squares, weights=weights))
        assert_allclose(layer.gradient_norm, expected, rtol=1e-6)


def test_gradient_norms_behind_scales_are_those_of_the_scaled_weights():
    y = TARGETS["continuous"]
    model = fitted("continuous", activation="tanh", feature_scale=True, learning_rate_init=0.05)
    plain = copy.deepcopy(fitted("continuous", activation="tanh"))
    plain.coefs_ = [model.feature_scale_[:, None] * model.coefs_[0], *model.coefs_[1:]]
    plain.intercepts_ = model.intercepts_
    assert np.ptp(model.feature_scale_) > 0.1
    assert_allclose(layer_norms(diagnose(model, X, y)), layer_norms(diagnose(plain, X, y)))


def test_loss_is_that_of_predictions():
    y = TARGETS["continuous"]
    model = fitted("continuous", alpha=10.0, dropout=0.5)
    report = diagnose(model, X, y)
    assert_allclose(report.course.loss, np.mean((model.predict(X) - y) ** 2) / 2)
    assert_allclose(report.course.constant_loss, y.var() / 2)


@pytest.mark.parametrize(
    "parameters",
    [
        *({"solver": name} for name in SOLVERS if SOLVERS[name]().stochastic),
        {"gradient_clip": 0.01},
        {"weight_decay": 0.5},
        {"max_norm": 0.1},
        {"normalization": "batch"},
        {"l1": 1.0, "alpha": 1.0},
        {"dtype": "float32"},
    ],
    ids=str,
)
def test_update_ratios_are_those_of_the_next_step(parameters):
    y = TARGETS["binary"]
    model = fitted(batch_size=60, shuffle=False, **parameters)
    ratios = [layer.update_ratio for layer in diagnose(model, X, y).layers]
    stepped = copy.deepcopy(model).partial_fit(X, y)
    for ratio, old, new in zip(ratios, model.coefs_, stepped.coefs_, strict=True):
        assert_allclose(ratio, np.linalg.norm(new - old) / np.linalg.norm(old), rtol=1e-4)


# All kinds of networks and data


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"hidden_layer_sizes": ()},
        {"solver": "lbfgs"},
        {"dropout": (0.1, 0.2, 0.3), "weight_averaging": "ema"},
        {"early_stopping": True},
        {"early_stopping": True, "monitor": "loss", "restore_best": False},
        {"max_iter": 1},
    ],
    ids=str,
)
def test_every_network_has_a_report(kind, parameters):
    model = fitted(kind, **parameters)
    report = diagnose(model, X, TARGETS[kind])
    assert len(report.layers) == len(model.coefs_)
    assert np.all(np.isfinite(layer_norms(report)))
    has_steps = model.solver != "lbfgs"
    assert all((layer.update_ratio is not None) == has_steps for layer in report.layers)
    assert report.layers[-1].name == "output"
    assert report.course.n_epochs == len(model.loss_curve_)


def test_a_network_trained_by_partial_fit_has_a_report():
    model = network().partial_fit(X, TARGETS["binary"], classes=[0, 1])
    assert diagnose(model, X, TARGETS["binary"]).layers[0].update_ratio > 0


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
def test_sparse_rows_give_what_dense_ones_give(container):
    rows = np.where(np.abs(X) > 0.5, X, 0.0)
    model = network().fit(rows, TARGETS["binary"])
    dense = diagnose(model, rows, TARGETS["binary"])
    found = diagnose(model, container(rows), TARGETS["binary"])
    assert_allclose(layer_norms(found), layer_norms(dense))
    assert_allclose(found.inputs.std, dense.inputs.std)
    assert_allclose(found.inputs.extent, dense.inputs.extent)


def test_float32_gives_what_float64_gives():
    model = fitted(dtype="float32")
    double = diagnose(model, X, TARGETS["binary"])
    single = diagnose(model, X.astype(np.float32), TARGETS["binary"])
    assert_allclose(layer_norms(single), layer_norms(double), rtol=1e-5)


def test_a_whole_weight_counts_copies():
    y, weights = TARGETS["binary"], RNG.integers(0, 3, size=60)
    model = fitted()
    weighted = diagnose(model, X, y, weights)
    repeated = diagnose(model, X.repeat(weights, axis=0), y.repeat(weights))
    assert_allclose(layer_norms(weighted), layer_norms(repeated))
    assert_allclose(weighted.course.loss, repeated.course.loss)


@pytest.mark.parametrize("class_weight", ["balanced", {"a": 2.0}])
def test_not_all_classes_need_to_occur(class_weight):
    model = fitted("strings", class_weight=class_weight)
    some = TARGETS["strings"] != "b"
    assert np.isfinite(diagnose(model, X[some], TARGETS["strings"][some]).course.loss)


def test_many_rows_are_thinned_out_evenly():
    model = fitted("continuous")
    rows = np.repeat(X, 500, axis=0)
    report = diagnose(model, rows, np.repeat(TARGETS["continuous"], 500))
    assert report.n_rows == 10_000
    expected = diagnose(model, X, TARGETS["continuous"])
    assert_allclose(layer_norms(report), layer_norms(expected), rtol=1e-2)


def test_blocks_of_rows_do_not_show():
    model = fitted("continuous", normalization="batch")
    rows, y = np.tile(X, (40, 1)), np.tile(TARGETS["continuous"], 40)
    expected = diagnose(model, X, TARGETS["continuous"])
    found = diagnose(model, rows, y)
    assert_allclose(layer_norms(found), layer_norms(expected))
    assert_allclose(found.layers[0].std, expected.layers[0].std)


def test_steps_of_a_pipeline_transform_rows():
    pipeline = make_pipeline(StandardScaler(), FunctionTransformer(), network())
    pipeline.fit(1000 * X + 5, TARGETS["binary"])
    report = diagnose(pipeline, 1000 * X + 5, TARGETS["binary"])
    assert_allclose(report.inputs.std, 1.0)
    assert report.findings == diagnose(pipeline[-1], scale(X), TARGETS["binary"]).findings


def test_the_network_that_a_search_has_kept_is_diagnosed():
    pipeline = make_pipeline(StandardScaler(), network())
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [0.1]}, cv=2)
    search.fit(X, TARGETS["binary"])
    report = diagnose(search, X, TARGETS["binary"])
    expected = diagnose(search.best_estimator_, X, TARGETS["binary"])
    assert str(report) == str(expected)


@pytest.mark.parametrize("kind", ["continuous", "two columns"])
def test_targets_are_transformed_as_in_fit(kind):
    y = TARGETS[kind]
    model = TransformedTargetRegressor(network(kind), transformer=StandardScaler())
    pipeline = make_pipeline(StandardScaler(), model).fit(X, 100 * y)
    report = diagnose(pipeline, X, 100 * y)
    assert_allclose(report.course.constant_loss, 0.5 if y.ndim == 1 else 1.0, rtol=0.6)


# What stays as it is


@pytest.mark.parametrize(
    "parameters", [{}, {"normalization": "batch", "dropout": 0.2}, {"solver": "lbfgs"}]
)
def test_the_estimator_is_left_untouched(parameters):
    random_state = np.random.RandomState(0)
    model = fitted(**{**parameters, "random_state": random_state})
    before, stream = pickle.dumps(model), np.random.get_state()
    diagnose(model, X, TARGETS["binary"])
    assert pickle.dumps(model) == before
    assert np.array_equal(np.random.get_state()[1], stream[1])


def test_training_goes_on_as_if_nothing_had_been():
    model, other = fitted(normalization="batch"), fitted(normalization="batch")
    diagnose(model, X, TARGETS["binary"])
    for each in (model, other):
        each.partial_fit(X, TARGETS["binary"])
    assert all(map(np.array_equal, model.coefs_, other.coefs_))


# Errors


@pytest.mark.parametrize("estimator", ["mlp", StandardScaler(), make_pipeline(StandardScaler())])
def test_other_estimators_are_refused(estimator):
    if not isinstance(estimator, str):
        estimator = estimator.fit(X)
    with pytest.raises(TypeError, match="MLPClassifier or MLPRegressor of sknn_actloss"):
        diagnose(estimator, X, TARGETS["binary"])


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        make_pipeline,
        TransformedTargetRegressor,
        lambda model: GridSearchCV(model, {}),
    ],
)
def test_an_unfitted_estimator_is_refused(wrap):
    with pytest.raises(NotFittedError):
        diagnose(wrap(network("continuous")), X, TARGETS["continuous"])


def test_a_committee_is_diagnosed_member_by_member():
    committee = fitted(n_members=2)
    report = diagnose(committee, X, TARGETS["binary"])
    assert list(report.members) == ["members_[0]", "members_[1]"]
    alone = diagnose(committee.members_[1], X, TARGETS["binary"])
    assert report.members["members_[1]"].layers == alone.layers


def test_rows_of_another_fit_are_refused():
    with pytest.raises(ValueError, match="features"):
        diagnose(fitted(), X[:, :2], TARGETS["binary"])
    with pytest.raises(ValueError, match="classes"):
        diagnose(fitted(), X, TARGETS["binary"] + 5)


# The report


def test_report_is_readable():
    report = diagnose(fitted(max_iter=400), X, TARGETS["binary"])
    text = str(report)
    assert text.startswith("Diagnosis of MLPClassifier on 60 rows\n\nlayer ")
    assert all(layer.name in text for layer in report.layers)
    assert max(map(len, text.splitlines())) <= 100
    assert repr(report) == "<Diagnosis of MLPClassifier: nothing found>"
    assert text.endswith("Nothing wrong was found.")


def test_report_shows_findings_and_advice():
    report = diagnose(network().fit(1000 * X, TARGETS["binary"]), 1000 * X, TARGETS["binary"])
    (finding, *_) = report.findings
    words = " ".join(str(report).split())
    assert finding.message in words
    assert f"-> {finding.advice}" in words
    assert finding.kind in repr(report)


def test_frame_holds_the_layers():
    pytest.importorskip("pandas")
    report = diagnose(fitted(), X, TARGETS["binary"])
    frame = report.to_frame()
    assert list(frame.index) == ["hidden 1", "hidden 2", "output"]
    assert frame.loc["hidden 1", "gradient_norm"] == report.layers[0].gradient_norm


def test_report_does_without_pandas(monkeypatch):
    report = diagnose(fitted(), X, TARGETS["binary"])
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert str(report)
    with pytest.raises(ImportError):
        report.to_frame()


# No false alarms


@pytest.mark.parametrize("sizes", [(100,), (50, 50, 50)], ids=str)
@pytest.mark.parametrize("activation", ["relu", "tanh", "silu"])
@pytest.mark.parametrize("load", [load_breast_cancer, load_digits, load_wine, load_diabetes])
def test_healthy_networks_have_no_findings(load, activation, sizes):
    rows, y = load(return_X_y=True)
    is_regression = load is load_diabetes
    estimator = MLPRegressor if is_regression else MLPClassifier
    y = scale(y) if is_regression else y
    model = estimator(sizes, activation, random_state=0, max_iter=60).fit(scale(rows), y)
    report = diagnose(model, scale(rows), y)
    assert report.findings == []
