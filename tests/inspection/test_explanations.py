"""Gradients of predictions with respect to columns, what they add up to, and their sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    PolynomialFeatures,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)

from sknn_actloss import Committee, MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from sknn_actloss.activations import HIDDEN_ACTIVATIONS, FunctionActivation
from sknn_actloss.inspection import feature_importances, input_gradients, integrated_gradients
from sknn_actloss.losses import LOSSES, Loss, Quantile
from sknn_actloss.model_selection import CommitteeRegressor, StackedGridSearchCV

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Training has:UserWarning"),
]
RNG = np.random.RandomState(0)
X = RNG.normal(size=(30, 4))
CODES = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int) + (X[:, 2] > 0.7)
CLASSES = {
    "binary": np.array(["no", "yes"])[np.minimum(CODES, 1)],
    "multiclass": np.array(["a", "b", "c"])[CODES],
    "multilabel": np.stack([CODES > 0, CODES > 1, X[:, 3] > 0], axis=1).astype(int),
}
TARGETS = {
    "one": np.exp(X[:, 0]) + 0.1,
    "two": np.exp(np.stack([X[:, 0], X[:, 1] * X[:, 2] / 3], axis=1)),
}
SMOOTH = {"hidden_layer_sizes": (6, 5), "activation": "tanh", "max_iter": 4, "random_state": 0}
NETWORKS = {
    "batch normalisation": {"normalization": "batch"},
    "layer normalisation": {"normalization": "layer"},
    "skips": {"hidden_layer_sizes": (5, 5, 5), "skip_connections": True},
    "feature scale": {"feature_scale": True},
    "dropout": {"dropout": (0.2, 0.3, 0.1)},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "committee": {"n_members": 3},
    "folds": {"n_members": Committee(3, resample="folds")},
    "average": {"weight_averaging": "ema"},
    "activation of one's own": {"activation": lambda z: z / (1 + z**2)},
    "all": {
        "hidden_layer_sizes": (5, 5),
        "normalization": "batch",
        "skip_connections": True,
        "feature_scale": True,
        "n_members": 2,
        "activation": ["gelu", "softplus"],
    },
}


def network(kind, y, **parameters):
    parameters = SMOOTH | {"learning_rate_init": 0.05} | parameters
    return kind(**parameters).fit(X, y)


def response(model, method):
    """Return a method as a function that gives one column for two classes."""

    def of(rows):
        values = getattr(model, method)(rows)
        return values[:, 1] if method == "predict_proba" and values.shape[1] == 2 else values

    return of


def differences(f, rows, step=1e-5):
    """Return central differences of a function of rows, (n_rows, n_columns, ...)."""
    moves = step * np.eye(rows.shape[1])
    return np.stack([(f(rows + m) - f(rows - m)) / (2 * step) for m in moves], axis=1)


def assert_explained(model, method="predict", rows=X[:10]):
    f = response(model, method)
    gradients = input_gradients(model, rows, response_method=method)
    assert_allclose(gradients, differences(f, rows), rtol=1e-5, atol=1e-7)
    baseline = np.full(rows.shape[1], 0.3)
    parts = integrated_gradients(model, rows, baseline, response_method=method)
    distance = f(rows) - f(baseline[None])
    assert_allclose(parts.sum(axis=1), distance, rtol=0.01, atol=2e-4 * np.abs(parts).sum(1).max())
    return parts


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_every_activation(activation):
    assert_explained(network(MLPRegressor, TARGETS["one"], activation=activation))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_network(name):
    assert_explained(network(MLPRegressor, TARGETS["two"], **NETWORKS[name]))
    model = network(MLPClassifier, CLASSES["multiclass"], **NETWORKS[name])
    assert_explained(model, "predict_proba")
    assert_explained(model, "decision_function")


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize("loss", [*LOSSES["regression"], Quantile((0.9, 0.5, 0.1))], ids=str)
def test_every_loss_of_a_regression(loss, n_members):
    assert_explained(network(MLPRegressor, TARGETS["two"], loss=loss, n_members=n_members))


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("loss", LOSSES["classification"])
def test_every_loss_of_classes(loss, kind, n_members):
    model = network(MLPClassifier, CLASSES[kind], loss=loss, n_members=n_members)
    if hasattr(model, "predict_proba"):
        assert_explained(model, "predict_proba")
    assert_explained(model, "decision_function")


@pytest.mark.parametrize("output", ["logistic", "softplus", "tanh"])
def test_output_activations(output):
    y = TARGETS["two"] / 20
    assert_explained(network(MLPRegressor, y, out_activation=output))
    if output == "logistic":
        model = network(MLPClassifier, CLASSES["multiclass"], out_activation=output, n_members=2)
        assert_explained(model, "predict_proba")
        assert_explained(model, "decision_function")


@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_scale_of_targets(scaling):
    y = 100 + 50 * TARGETS["two"]
    assert_explained(network(MLPRegressor, y, target_scaling=scaling, n_members=2))


@dataclass(repr=False)
class Odds(Loss):
    """A loss whose predictions and probabilities are functions of the outputs."""

    tasks = frozenset({"regression", "classification"})
    probabilistic = True

    def value(self, y, raw):
        return np.sum((raw - y) ** 2, axis=-1)

    def gradient(self, y, raw, out):
        out[...] = 2 * (raw - y)

    def point(self, prediction):
        return np.sinh(prediction)

    def probabilities(self, prediction):
        return 1 / (1 + np.exp(-3 * prediction))


def test_heads_of_losses_of_ones_own():
    assert_explained(network(MLPRegressor, TARGETS["two"], loss=Odds()))
    for kind in ("binary", "multiclass"):
        assert_explained(network(MLPClassifier, CLASSES[kind], loss=Odds()), "predict_proba")


# In front of the network


@pytest.mark.parametrize(
    "steps",
    [
        (StandardScaler(), PCA(3)),
        (RobustScaler(), PCA(4, whiten=True), StandardScaler()),
        (StandardScaler(), PolynomialFeatures(2)),
        (SplineTransformer(4, extrapolation="linear"),),
        (make_pipeline(StandardScaler(), SplineTransformer(3)), PCA(5)),
    ],
    ids=["linear", "three linear", "products", "splines", "nested"],
)
def test_steps_of_a_pipeline(steps):
    model = make_pipeline(*steps, MLPRegressor(**SMOOTH)).fit(5 + 3 * X, TARGETS["two"])
    inner = 5 + 3 * X[np.abs(X).max(axis=1) < 1.5]
    parts = assert_explained(model, rows=inner)
    assert parts.shape == (len(inner), 4, 2)


def test_columns_of_a_linear_pipeline_have_their_slope_times_their_distance():
    model = make_pipeline(StandardScaler(), PCA(3), MLPRegressor((), solver="lbfgs"))
    model.fit(X * [1, 10, 100, 1000], TARGETS["one"])
    rows = X * [1, 10, 100, 1000]
    slopes = (model.predict(np.eye(4)) - model.predict(np.zeros((4, 4)))) * np.ones((30, 1))
    assert_allclose(input_gradients(model, rows), slopes, rtol=1e-7, atol=1e-12)
    expected = slopes * (rows - rows[3])
    assert_allclose(integrated_gradients(model, rows, rows[3]), expected, atol=1e-9)


def test_interactions_are_shared_out():
    line = MLPRegressor((), solver="lbfgs", alpha=0, tol=1e-10)
    product = make_pipeline(PolynomialFeatures(2, interaction_only=True, include_bias=False), line)
    product.fit(X[:, :2], X[:, 0] * X[:, 1])
    parts = integrated_gradients(product, X[:, :2], 0.0)
    half = X[:, 0] * X[:, 1] / 2
    assert_allclose(parts, np.stack([half, half], axis=1), atol=1e-3)


def table(n_rows=60):
    rng = np.random.RandomState(1)
    return pd.DataFrame(
        {
            "size": rng.normal(10, 3, n_rows),
            "color": rng.choice(["red", "green", "blue"], n_rows),
            "count": rng.randint(0, 9, n_rows),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.randint(0, 800, n_rows), "D"),
            "gaps": np.where(rng.rand(n_rows) < 0.3, np.nan, rng.rand(n_rows)),
        }
    )


def in_polars(frame):
    return pl.DataFrame({name: frame[name].to_numpy() for name in frame})


@pytest.mark.parametrize("given", [pd.DataFrame, in_polars])
def test_tables_go_back_to_their_columns(given):
    frame = table()
    y = frame["size"] + 3 * (frame["color"] == "red") + frame["count"] ** 2 / 10
    model = TabularRegressor(random_state=0, clip_predictions=False, repeats="given")
    model.set_params(network__hidden_layer_sizes=(8,), network__max_iter=8, network__n_members=2)
    model.fit(given(frame), y.to_numpy())
    gradients = input_gradients(model, given(frame))
    is_number = np.array([True, False, True, False, True])
    assert_array_equal(np.isnan(gradients), np.tile(~is_number, (60, 1)))
    # A step that float32 bears; the median does without the rows at an edge of a bin.
    step = 0.01
    high, low = (given(frame.assign(size=frame["size"] + s)) for s in (step, -step))
    slope = (model.predict(high) - model.predict(low)) / (2 * step)
    assert np.median(np.abs(gradients[:, 0] - slope)) < 0.01 * np.abs(slope).mean()
    is_gap = frame["gaps"].isna()
    assert_array_equal(gradients[is_gap, 4], 0)
    assert np.all(gradients[~is_gap, 4] != 0)

    baseline = given(frame[7:8])
    parts = integrated_gradients(model, given(frame), baseline)
    distance = model.predict(given(frame)) - model.predict(baseline)
    assert_allclose(parts.sum(axis=1), distance, rtol=0.01, atol=0.005 * np.abs(distance).max())
    same = (frame == frame.iloc[7]).to_numpy() | (frame.isna() & frame.iloc[7].isna()).to_numpy()
    assert_array_equal(parts[same], 0)
    assert feature_importances(model, given(frame)).argmax() in (0, 2)


def test_classifier_of_tables():
    frame = table()
    model = TabularClassifier(network=MLPClassifier((5,), solver="lbfgs"), random_state=0)
    model.fit(frame, frame["color"])
    parts = integrated_gradients(model, frame, frame[:1])
    distance = model.predict_proba(frame) - model.predict_proba(frame[:1])
    assert parts.shape == (60, 5, 3)
    assert_allclose(parts.sum(axis=1), distance, rtol=0.01, atol=1e-4)
    assert feature_importances(model, frame).argmax() == 1


def test_column_transformers_take_levels_that_are_numbers():
    frame = pd.DataFrame({"level": np.arange(30) % 3, "size": X[:, 0]})
    encoder = make_column_transformer((OneHotEncoder(), ["level"]), (StandardScaler(), ["size"]))
    model = make_pipeline(encoder, MLPRegressor(**SMOOTH)).fit(frame, TARGETS["one"])
    gradients = input_gradients(model, frame)
    assert np.isnan(gradients[:, 0]).all()
    moved = [model.predict(frame.assign(size=frame["size"] + step)) for step in (1e-5, -1e-5)]
    assert_allclose(gradients[:, 1], np.subtract(*moved) / 2e-5, rtol=1e-5, atol=1e-8)
    parts, typical = integrated_gradients(model, frame), pd.DataFrame({"level": [1], "size": [0.0]})
    typical["size"] = np.sort(frame["size"])[14]
    distance = model.predict(frame) - model.predict(typical)
    assert_allclose(parts.sum(axis=1), distance, rtol=0.01, atol=1e-5)


def test_searches():
    search = GridSearchCV(make_pipeline(StandardScaler(), MLPRegressor(**SMOOTH)), {}, cv=2)
    search.fit(X, TARGETS["one"])
    expected = input_gradients(search.best_estimator_, X)
    assert_array_equal(input_gradients(search, X), expected)


@pytest.mark.parametrize("weights", [None, [0.2, 0.3, 0.5]])
def test_committees_of_candidates(weights):
    several = [MLPRegressor(**SMOOTH | {"random_state": seed}) for seed in range(3)]
    committee = CommitteeRegressor(several, weights=weights)
    assert_explained(committee.fit(X, TARGETS["two"]))
    classifier = make_pipeline(StandardScaler(), MLPClassifier(**SMOOTH))
    grid = {"mlpclassifier__alpha": [0.1, 1.0], "mlpclassifier__activation": ["tanh", "silu"]}
    search = StackedGridSearchCV(classifier, grid, cv=2, committee_size=3)
    assert_explained(search.fit(X, CLASSES["binary"]), "predict_proba")
    with pytest.raises(ValueError, match="is no mean of its members"):
        input_gradients(search, X, response_method="decision_function")


# What is asked for


def test_one_class_of_several():
    model = network(MLPClassifier, CLASSES["multiclass"])
    every, parts = input_gradients(model, X), integrated_gradients(model, X)
    for index, name in enumerate(model.classes_):
        assert_allclose(input_gradients(model, X, target=name), every[..., index])
        assert_allclose(integrated_gradients(model, X, target=name), parts[..., index], atol=1e-6)
    assert_allclose(feature_importances(model, X), np.abs(parts).mean(axis=(0, 2)))
    importances = feature_importances(model, X, target="b")
    assert_allclose(importances, np.abs(parts[..., 1]).mean(axis=0), rtol=1e-3)


def test_the_first_of_two_classes_moves_against_the_second():
    model = network(MLPClassifier, CLASSES["binary"])
    second = input_gradients(model, X)
    assert second.shape == X.shape
    assert_array_equal(input_gradients(model, X, target="yes"), second)
    assert_array_equal(input_gradients(model, X, target="no"), -second)


def test_probabilities_are_explained_where_there_are_any():
    for loss, method in (("log_loss", "predict_proba"), ("hinge", "decision_function")):
        model = network(MLPClassifier, CLASSES["multiclass"], loss=loss)
        expected = input_gradients(model, X, response_method=method)
        assert_array_equal(input_gradients(model, X), expected)


def test_rows_of_all_kinds():
    model = network(MLPRegressor, TARGETS["one"])
    expected = input_gradients(model, X)
    assert_array_equal(input_gradients(model, X.tolist()), expected)
    assert_array_equal(input_gradients(model, sparse.csr_array(X)), expected)
    short = input_gradients(model, X.astype(np.float32))
    assert_allclose(short, expected, rtol=1e-4, atol=1e-5)
    parts = integrated_gradients(model, sparse.csr_array(X), 0.0)
    assert_array_equal(parts, integrated_gradients(model, X, np.zeros((1, 4))))


def test_many_rows_are_those_of_parts():
    model = network(MLPRegressor, TARGETS["one"], normalization="batch")
    rows = np.random.RandomState(5).normal(size=(2500, 4))
    parts = [input_gradients(model, rows[start : start + 500]) for start in range(0, 2500, 500)]
    assert_allclose(input_gradients(model, rows), np.concatenate(parts), rtol=1e-10)


def test_weights_in_single_precision_are_explained_in_double():
    model = MLPRegressor(**SMOOTH, dtype="float32").fit(X, TARGETS["one"])
    gradients = input_gradients(model, X)
    assert gradients.dtype == np.float64
    slopes = differences(model.predict, X, step=0.01)
    assert_allclose(gradients, slopes, rtol=0.02, atol=1e-3)


def test_the_estimator_stays_as_it_is():
    model = network(MLPRegressor, TARGETS["one"], normalization="batch", n_members=2)
    before = [np.copy(array) for array in model.coefs_ + model.running_means_]
    integrated_gradients(model, X)
    for array, expected in zip(model.coefs_ + model.running_means_, before, strict=True):
        assert_array_equal(array, expected)


def test_default_baseline_is_typical():
    model = network(MLPRegressor, TARGETS["one"])
    expected = integrated_gradients(model, X[:29], np.median(X[:29], axis=0))
    assert_allclose(integrated_gradients(model, X[:29]), expected)
    assert feature_importances(model, X[:29], np.median(X[:29], axis=0)) == pytest.approx(
        np.abs(expected).mean(axis=0)
    )


def test_jumps_on_the_way_are_warned_of():
    steps = FunctionActivation(np.sign, derivative=np.zeros_like)
    model = network(MLPRegressor, TARGETS["one"], activation=steps)
    with pytest.warns(UserWarning, match=r"30 row\(s\) miss completeness by more than tol=0.01"):
        integrated_gradients(model, X, 9.0, tol=0.01)


# Refusals


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"estimator": TheirRegressor().fit}, TypeError, "of sknn_actloss"),
        ({"estimator": StandardScaler()}, TypeError, "of sknn_actloss"),
        ({"estimator": MLPRegressor()}, NotFittedError, "not fitted"),
        ({"X": X[0]}, ValueError, "1 dimension"),
        ({"X": X[:, :2]}, ValueError, "2 features"),
        ({"response_method": "predict_proba"}, ValueError, "'auto', 'predict'"),
        ({"target": 2}, ValueError, r"target=2 is none of \[0, 1\]"),
    ],
)
def test_what_cannot_be_explained(change, error, message):
    arguments = {"estimator": network(MLPRegressor, TARGETS["two"]), "X": X} | change
    with pytest.raises(error, match=message):
        input_gradients(**arguments)
    with pytest.raises(error, match=message):
        integrated_gradients(**arguments)


def test_predictions_of_classes_have_no_derivative():
    model = network(MLPClassifier, CLASSES["binary"])
    with pytest.raises(ValueError, match="'auto', 'predict_proba', 'decision_function'"):
        input_gradients(model, X, response_method="predict")


def test_what_changes_predictions_is_refused():
    model = TransformedTargetRegressor(MLPRegressor(**SMOOTH), transformer=StandardScaler())
    with pytest.raises(TypeError, match="TransformedTargetRegressor makes something else"):
        input_gradients(model.fit(X, TARGETS["one"]), X)


@pytest.mark.parametrize("shape", [(2, 4), (1, 3), (30, 5)])
def test_baselines_that_do_not_fit(shape):
    with pytest.raises(ValueError, match=r"but X has shape \(30, 4\)"):
        integrated_gradients(network(MLPRegressor, TARGETS["one"]), X, np.zeros(shape))
