"""Components, data and weights drawn at random: a fit works, or says what does not go together."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES, Quantile
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS

#: Losses beside those of the tables.
OTHERS = {"classification": [], "regression": [Quantile((0.9, 0.1, 0.5))]}

#: What a refusal says.
REASONS = (
    "does not go with loss=",
    "solver='lbfgs' takes no",
    "Solver produced non-finite parameter weights.",
    "validation set is too small",
    "resulting train set will be empty",
    "least populated class",
    "should be greater or equal to the number of classes",
    "without a weight above zero",
    "add up to 0",
)
CONTAINERS = [np.asarray, np.asfortranarray, sparse.csr_array, sparse.csc_matrix]


@st.composite
def estimators(draw, task):
    sizes = draw(st.lists(st.integers(1, 4), max_size=2))
    hidden = [draw(st.sampled_from(HIDDEN_ACTIVATIONS)) for _ in sizes]
    parameters = {
        "hidden_layer_sizes": sizes,
        "activation": hidden,
        "out_activation": draw(st.sampled_from(["auto"] * 3 + list(ACTIVATIONS))),
        "loss": draw(st.sampled_from([*LOSSES[task], *OTHERS[task]])),
        "solver": draw(st.sampled_from(list(SOLVERS))),
        "learning_rate": draw(st.sampled_from(["constant", *SCHEDULES])),
        "weight_init": draw(st.sampled_from(list(INITIALIZERS))),
        "weight_decay": draw(st.sampled_from([None, 0.0, 0.1])),
        "alpha": draw(st.sampled_from([0.0, 0.1])),
        "batch_size": draw(st.sampled_from(["auto", 1, 3])),
        "early_stopping": draw(st.booleans()),
        "validation_fraction": 0.4,
        "dtype": draw(st.sampled_from(["auto", "float32", "float64"])),
        "shuffle": draw(st.booleans()),
        "max_iter": 3,
        "random_state": draw(st.integers(0, 9)),
    }
    return (MLPClassifier if task == "classification" else MLPRegressor)(**parameters)


@st.composite
def rows(draw):
    n_rows, n_features = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    random_state = np.random.RandomState(draw(st.integers(0, 99)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    X = random_state.standard_normal((n_rows, n_features)).astype(dtype)
    weights = random_state.randint(3, size=n_rows) if draw(st.booleans()) else None
    if weights is not None and not weights.any():
        weights = None
    return draw(st.sampled_from(CONTAINERS))(X), weights, random_state


def fitted(model, X, y, weights):
    """Fit, or return None where a refusal gives a known reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message=".*going to be clipped")
        warnings.filterwarnings("ignore", message=".* sets aside all rows of the classes")
        try:
            return model.fit(X, y, weights)
        except ValueError as error:
            if not any(reason in str(error) for reason in REASONS):
                raise
            return None


def assert_sound(model, X, method):
    outputs = getattr(model, method)(X)
    assert outputs.dtype == model.coefs_[0].dtype
    assert np.isfinite(outputs).all()
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(getattr(restored, method)(X), outputs)


def decided(model, X):
    """Turn scores into classes or labels."""
    scores = model.decision_function(X)
    if scores.ndim == 1:
        is_second = (scores > 0) & (len(model.classes_) > 1)
        return model.classes_[is_second.astype(int)]
    return scores > 0 if model._targets.kind == "multilabel" else model.classes_[scores.argmax(1)]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(model=estimators("regression"), data=rows(), n_outputs=st.integers(1, 3))
def test_regressor(model, data, n_outputs):
    X, weights, random_state = data
    y = random_state.gamma(2.0, size=(X.shape[0], n_outputs))
    y = y.ravel() if n_outputs == 1 else y
    model = fitted(model, X, y, weights)
    if model is not None:
        assert_sound(model, X, "predict")
        assert model.predict(X).shape == y.shape


@settings(max_examples=150, deadline=None, derandomize=True)
@given(model=estimators("classification"), data=rows(), kind=st.integers(1, 5))
@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_classifier(model, data, kind):
    X, weights, random_state = data
    if kind == 5:
        y = random_state.randint(2, size=(X.shape[0], 3))
    else:
        y = np.array(["a", "b", "c", "d"])[random_state.randint(kind, size=X.shape[0])]
    model.set_params(class_weight="balanced" if random_state.rand() < 0.5 else None)
    model = fitted(model, X, y, weights)
    if model is not None:
        assert_sound(model, X, "decision_function")
        predicted = model.predict(X)
        assert predicted.shape == y.shape
        np.testing.assert_array_equal(decided(model, X), predicted)
        if hasattr(model, "predict_proba"):
            probabilities = model.predict_proba(X)
            assert probabilities.min() >= 0
            assert probabilities.max() <= 1
            if kind != 5:
                np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
