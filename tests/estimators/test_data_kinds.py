"""Frames, sparse matrices, data types, targets of every kind, and shapes by chance."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse
from sklearn import config_context
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.losses import LOSSES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
X_LABELS, LABELS = make_multilabel_classification(100, 6, n_classes=3, random_state=0)
X_LABELS = StandardScaler().fit_transform(X_LABELS)
NAMES = list("abcd")
SPARSE = [sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.csc_matrix]


def classifier(**parameters):
    return MLPClassifier(6, **{"max_iter": 5, "random_state": 0} | parameters)


@pytest.mark.parametrize("frame", [pd.DataFrame(X, columns=NAMES), pl.DataFrame(X, schema=NAMES)])
def test_frames_leave_the_names_of_features(frame):
    model = classifier(early_stopping=True).fit(frame, Y)
    assert list(model.feature_names_in_) == NAMES
    plain = classifier(early_stopping=True).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(frame), plain.predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[NAMES[::-1]])


@pytest.mark.parametrize("container", SPARSE)
@pytest.mark.parametrize("parameters", [{}, {"solver": "lbfgs"}, {"early_stopping": True}], ids=str)
def test_sparse_equals_dense(container, parameters):
    dense = classifier(batch_size=32, **parameters).fit(X, Y)
    model = classifier(batch_size=32, **parameters).fit(container(X), Y)
    np.testing.assert_allclose(model.predict_proba(container(X)), dense.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize(
    ("given_dtype", "parameter", "expected"),
    [
        (np.float32, "auto", np.float32),
        (np.float64, "auto", np.float64),
        (np.int64, "auto", np.float64),
        (np.float16, "auto", np.float64),
        (np.float64, "float32", np.float32),
        (np.float32, "float64", np.float64),
    ],
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_data_types(given_dtype, parameter, expected, solver):
    rows = (X * 10).astype(given_dtype)
    for container in (np.asarray, sparse.csr_array):
        if given_dtype is np.float16 and container is sparse.csr_array:
            continue
        model = MLPRegressor(6, solver=solver, dtype=parameter, max_iter=5, random_state=0)
        model.fit(container(rows), Y)
        assert {part.dtype for part in model.coefs_ + model.intercepts_} == {np.dtype(expected)}
        assert model.predict(container(rows)).dtype == expected
        assert model.predict(X).dtype == expected


def test_lbfgs_computes_in_float64_whatever_the_input():
    single = MLPRegressor(6, solver="lbfgs", random_state=0).fit(X.astype(np.float32), Y)
    double = MLPRegressor(6, solver="lbfgs", random_state=0).fit(X.astype(np.float32) * 1.0, Y)
    np.testing.assert_allclose(single.coefs_[0], double.coefs_[0].astype(np.float32), rtol=1e-6)


def test_memory_maps_and_orders_of_memory(tmp_path):
    expected = classifier().fit(X, Y).coefs_[0]
    mapped = np.memmap(tmp_path / "x", dtype=X.dtype, mode="w+", shape=X.shape)
    mapped[:] = X
    mapped.flush()
    readonly = np.memmap(tmp_path / "x", dtype=X.dtype, mode="r", shape=X.shape)
    for rows in (readonly, np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2]):
        np.testing.assert_allclose(classifier().fit(rows, Y).coefs_[0], expected, rtol=1e-9)


@pytest.mark.parametrize("loss", LOSSES["classification"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_decisions_agree_with_predictions(loss, kind):
    rows, targets = (X_LABELS, LABELS) if kind == "multilabel" else (X, Y)
    if kind == "binary":
        targets = np.array(["no", "yes"])[(Y > 0).astype(int)]
    model = MLPClassifier(8, loss=loss, learning_rate_init=0.02, max_iter=60, random_state=0)
    predicted = model.fit(rows, targets).predict(rows)
    scores = model.decision_function(rows)
    n_outputs = {"binary": None, "multiclass": 3, "multilabel": LABELS.shape[1]}[kind]
    assert scores.shape == ((len(rows),) if n_outputs is None else (len(rows), n_outputs))
    by_score = scores.argmax(axis=1) if kind == "multiclass" else (scores > 0).astype(int)
    expected = by_score if kind == "multilabel" else model.classes_[by_score]
    np.testing.assert_array_equal(predicted, expected)
    assert model.score(rows, targets) > (0.3 if kind == "multilabel" else 0.9)
    probabilistic = loss in ("log_loss", "focal", "exponential", "squared_error")
    assert hasattr(model, "predict_proba") == probabilistic
    assert hasattr(model, "predict_log_proba") == probabilistic
    if not probabilistic:
        with pytest.raises(AttributeError):
            model.predict_proba(rows)
        return
    probabilities = model.predict_proba(rows)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    if kind != "multilabel":
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], predicted)


def test_one_against_rest_rows_are_normalised():
    model = classifier(loss="exponential", max_iter=30).fit(X, Y)
    separate = 1 / (1 + np.exp(-2 * model.decision_function(X)))
    expected = separate / separate.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected)
    model = classifier(out_activation="logistic").fit(X, Y)
    separate = 1 / (1 + np.exp(-model.decision_function(X)))
    expected = separate / separate.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected)


def test_sparse_labels():
    dense = classifier().fit(X_LABELS, LABELS).predict(X_LABELS)
    predicted = classifier().fit(X_LABELS, sparse.csr_array(LABELS)).predict(X_LABELS)
    np.testing.assert_array_equal(predicted.toarray(), dense)


def test_several_outputs_and_a_single_column():
    both = MLPRegressor(6, max_iter=5, random_state=0).fit(X, np.column_stack([Y, -Y]))
    assert both.predict(X).shape == (150, 2)
    with pytest.warns(UserWarning, match="column-vector"):
        single = MLPRegressor(6, max_iter=5, random_state=0).fit(X, Y[:, None])
    assert single.predict(X).shape == (150,)


def test_no_hidden_layer_is_the_linear_model():
    alpha, tight = 1.5, {"solver": "lbfgs", "tol": 1e-10, "max_iter": 5000, "random_state": 0}
    ridge = Ridge(alpha=alpha).fit(X, Y)
    model = MLPRegressor((), alpha=alpha, **tight).fit(X, Y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], ridge.coef_, rtol=1e-3)
    logistic = LogisticRegression(C=1 / alpha, tol=1e-10, max_iter=5000).fit(X, Y)
    model = MLPClassifier((), alpha=alpha, **tight).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X), logistic.predict_proba(X), rtol=1e-3)


def test_sample_weights_are_routed():
    weights = np.linspace(0.1, 2.0, 150)
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = classifier().set_fit_request(sample_weight=True)
        routed = make_pipeline(scaler, model).fit(X, Y, sample_weight=weights)
    direct = make_pipeline(StandardScaler(), classifier())
    direct.fit(X, Y, mlpclassifier__sample_weight=weights)
    np.testing.assert_array_equal(routed[-1].coefs_[0], direct[-1].coefs_[0])


def test_jobs_change_no_number():
    scores = [cross_val_score(classifier(), X, Y, cv=3, n_jobs=n_jobs) for n_jobs in (1, 2)]
    np.testing.assert_array_equal(*scores)


def test_verbose_prints_the_course(capsys):
    classifier(verbose=True, early_stopping=True, n_iter_no_change=1, tol=1.0).fit(X, Y)
    out = capsys.readouterr().out
    assert "Iteration 1, loss = " in out
    assert "Validation score: " in out
    assert "did not improve more than tol=1.000000 for 1 consecutive epochs. Stopping." in out
    classifier(verbose=True, solver="lbfgs").fit(X, Y)
    assert "Iteration 5, loss = " in capsys.readouterr().out
    classifier(verbose=True, learning_rate="adaptive", n_iter_no_change=1, tol=1.0, max_iter=6).fit(
        X, Y
    )
    assert "Setting learning rate to 0.000200" in capsys.readouterr().out


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_shape_fits_and_predicts(data):
    n_rows = data.draw(st.integers(1, 12))
    n_features = data.draw(st.integers(1, 4))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    sizes = tuple(data.draw(st.lists(st.integers(1, 3), max_size=2)))
    parameters = {
        "hidden_layer_sizes": sizes,
        "batch_size": data.draw(st.integers(1, n_rows)),
        "solver": data.draw(st.sampled_from(["adam", "sgd", "lbfgs"])),
        "shuffle": data.draw(st.booleans()),
        "max_iter": 2,
        "random_state": 0,
    }
    random_state = np.random.RandomState(data.draw(st.integers(0, 99)))
    rows = random_state.randn(n_rows, n_features).astype(dtype)
    given_rows = sparse.csr_array(rows) if data.draw(st.booleans()) else rows
    if data.draw(st.booleans()):
        classes = random_state.randint(data.draw(st.integers(1, 4)), size=n_rows)
        model = MLPClassifier(**parameters).fit(given_rows, classes)
        assert set(model.predict(given_rows)) <= set(classes)
    else:
        n_outputs = data.draw(st.integers(2, 3))
        model = MLPRegressor(**parameters).fit(given_rows, random_state.randn(n_rows, n_outputs))
        assert model.predict(given_rows).shape == (n_rows, n_outputs)
    assert all(np.isfinite(part).all() and part.dtype == dtype for part in model.coefs_)
