"""Fits and predictions on a file mapped to memory, or on arrays of another type, copy no table."""

from __future__ import annotations

import tracemalloc
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss import MLPClassifier, MLPRegressor

N_ROWS, N_FEATURES = 20_000, 100


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    path = tmp_path_factory.mktemp("mapped") / "X.npy"
    X = np.lib.format.open_memmap(path, "w+", np.float32, (N_ROWS, N_FEATURES))
    X[:] = np.random.default_rng(0).normal(size=X.shape)
    X.flush()
    return np.load(path, mmap_mode="r")


def peak(function, *arguments):
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def fit(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_a_fit_copies_no_table(mapped, estimator, early_stopping, dtype):
    y = (mapped[:, 0] > 0).astype(np.float32)
    model = estimator((16,), early_stopping=early_stopping, dtype=dtype, max_iter=2, random_state=0)
    assert peak(fit, model, mapped, y) < mapped.nbytes / 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_predictions_need_little_memory(mapped, method, container, dtype):
    y = np.digitize(mapped[:, 0], [-0.5, 0.5])
    model = fit(MLPClassifier((256, 256), dtype=dtype, max_iter=1), mapped[:500], y[:500])
    X = container(mapped)
    result = N_ROWS * 3 * np.dtype(dtype).itemsize
    assert peak(getattr(model, method), X) < 4 * result + 8e6


def test_a_row_alone_is_checked_as_many_are(mapped):
    model = fit(MLPClassifier((5,), max_iter=1), mapped[:500], mapped[:500, 0] > 0)
    row = np.array(mapped[:1])
    expected = model.predict_proba(mapped[:3])[:1]
    np.testing.assert_allclose(model.predict_proba(row), expected, rtol=1e-6)
    np.testing.assert_allclose(model.predict_proba(row.tolist()), expected, rtol=1e-6)
    row[0, 3] = np.nan
    with pytest.raises(ValueError, match=r"Input X contains NaN.\nMLPClassifier does not accept"):
        model.predict_proba(row)
    with pytest.raises(ValueError, match="X has 99 features, but MLPClassifier is expecting 100"):
        model.predict_proba(mapped[:1, :99])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead"):
        model.predict_proba(mapped[0])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        model.predict_proba(mapped[:0])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_many_classes_stay_codes(early_stopping):
    n_rows, n_classes = 20_000, 400
    X = np.random.default_rng(0).normal(size=(n_rows, 4)).astype(np.float32)
    y = np.arange(n_rows) % n_classes
    settings = {"early_stopping": early_stopping, "monitor": "loss" if early_stopping else "score"}
    model = MLPClassifier((4,), max_iter=1, batch_size=200, class_weight="balanced", **settings)
    # One column of bytes for each class would take more.
    assert peak(fit, model, X, y) < n_rows * n_classes * 1.5 + 4e6
