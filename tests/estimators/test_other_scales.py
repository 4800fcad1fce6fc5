"""Validation rows on another scale than the training rows are told, those drawn at random not."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sknn_actloss import MLPClassifier
from sknn_actloss.core import as_rows
from sknn_actloss.estimators._other_scales import warn_of_other_scales

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations")


def messages(X, X_val, names=None):
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="raise"):
        warnings.simplefilter("always")
        warn_of_other_scales(as_rows(X), as_rows(X_val), names)
    return [str(warning.message) for warning in caught]


def multivariate_cauchy(rng, n, d):
    return rng.standard_normal((n, d)) / np.abs(rng.standard_normal((n, 1)))


HONEST = {
    "cauchy": lambda rng, n, d: rng.standard_cauchy((n, d)),
    "rows of any size": multivariate_cauchy,
    "lognormal": lambda rng, n, d: np.exp(3 * rng.standard_normal((n, d))),
    "one-hot": lambda rng, n, d: np.eye(d)[rng.randint(d, size=n)],
    "rare": lambda rng, n, d: (rng.uniform(size=(n, d)) < 0.02).astype(float),
    "counts": lambda rng, n, d: rng.poisson(0.3, (n, d)).astype(np.float32),
    "sparse counts": lambda rng, n, d: sparse.csr_array(rng.poisson(0.05, (n, d)) * 1.0),
    "constant": lambda rng, n, d: np.ones((n, d)),
    "large": lambda rng, n, d: 1e308 * rng.uniform(-1, 1, (n, d)),
}


@pytest.mark.parametrize("kind", HONEST)
def test_rows_drawn_at_random_are_never_told(kind):
    rng = np.random.RandomState(0)
    for n_val in (1, 2, 5, 20):
        for n_features in (1, 3, 25):
            for _ in range(20):
                X = HONEST[kind](rng, 40 + n_val, n_features)
                order = rng.permutation(40 + n_val)
                assert messages(X[order[n_val:]], X[order[:n_val]]) == []


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_wine, load_digits])
@pytest.mark.parametrize("scaler", [StandardScaler, MinMaxScaler, RobustScaler, MaxAbsScaler])
def test_rows_that_were_not_scaled_are_told(scaler, load):
    X = load().data
    order = np.random.RandomState(0).permutation(len(X))
    rows, X_val = X[order[20:]], X[order[:20]]
    scaled = scaler().fit(rows)
    (message,) = messages(scaled.transform(rows), X_val)
    assert "transform_input=['X_val']" in message
    assert messages(scaled.transform(rows), scaled.transform(X_val)) == []


def test_the_other_way_round_and_narrow():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((200, 5))
    assert messages(X, 1e-4 * X[:30])
    assert messages(1e4 * X, X[:30])
    assert messages(X, 1e3 + X[:1])


def test_sparse_rows():
    counts = sparse.csr_array(np.random.RandomState(0).poisson(0.5, (300, 40)) * 1.0)
    scaled = counts * 0.01
    (message,) = messages(scaled, counts[:50])
    assert "of 40 columns" in message
    assert messages(scaled, scaled[:50]) == []


def test_many_rows_are_thinned_out():
    X = np.random.RandomState(0).standard_normal((30_000, 3)).astype(np.float32)
    assert messages(X[10_000:], X[:10_000]) == []
    assert messages(X[10_000:], 50 + X[:10_000])


@pytest.mark.parametrize("as_frame", [False, True])
def test_a_pipeline_that_does_not_transform_them(as_frame):
    X, y = load_breast_cancer(return_X_y=True, as_frame=as_frame)
    network = MLPClassifier((10,), max_iter=5, random_state=0)
    settings = {"mlp__X_val": X[:150], "mlp__y_val": y[:150]}
    scaler = StandardScaler()
    if as_frame:
        scaler.set_output(transform="pandas")
    steps = [("scale", scaler), ("mlp", network)]
    with pytest.warns(UserWarning, match="X_val is on other scales") as caught:
        Pipeline(steps).fit(X[150:], y[150:], **settings)
    (message,) = (str(w.message) for w in caught if w.category is UserWarning)
    if as_frame:
        assert re.search(r"column \d+ \('\w+ area'\)", message)
    with config_context(enable_metadata_routing=True), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")
        network.set_fit_request(X_val=True, y_val=True)
        routed = Pipeline(steps, transform_input=["X_val"])
        routed.fit(X[150:], y[150:], X_val=X[:150], y_val=y[:150])
    assert network.best_validation_score_ > 0.6


def test_names_are_optional():
    X = np.random.RandomState(0).standard_normal((50, 2))
    frame = pd.DataFrame(X, columns=["first", "second"])
    (message,) = messages(X, X[:20] + np.array([0, 99]), frame.columns.to_numpy())
    assert "in 1 of 2 columns: column 1 ('second')" in message
