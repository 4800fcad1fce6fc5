"""Networks whose batches are divided among threads, against those that are not."""

import numpy as np
import pytest
from broken_activation import Broken, BrokenError
from scipy import sparse

from sknn_actloss import MLPClassifier, MLPRegressor, config_context
from sknn_actloss.training import threads
from sknn_actloss.training.divided import FEW_ROWS, Divided

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).standard_normal((230, 6))
NUMBERS = X[:, :2] * X[:, 2:4] + 3
CLASSES = (NUMBERS[:, 0] > 3).astype(int) + (X[:, 3] > 1)
WEIGHTS = np.random.default_rng(1).uniform(0, 2, len(X))

FITS = {
    "classes": (MLPClassifier, {"alpha": 0.1, "l1": 0.01}),
    "numbers": (MLPRegressor, {"loss": "huber", "activation": "mish", "dtype": "float32"}),
    "bounds": (MLPClassifier, {"gradient_clip": 0.5, "max_norm": 1.0, "weight_decay": 0.1}),
    "validation rows": (MLPRegressor, {"early_stopping": True, "weight_averaging": "ema"}),
    "scales": (MLPClassifier, {"feature_scale": True, "skip_connections": True}),
    "layer norm": (MLPRegressor, {"normalization": "layer", "solver": "nadam"}),
}


@pytest.fixture
def n_parts(monkeypatch):
    """Divide small batches into three; holds how many parts the batches of a training had."""
    counts, run = [], Divided._run

    def counted(self, programs):
        counts.append(len(programs))
        run(self, programs)

    monkeypatch.setattr(Divided, "_run", counted)
    monkeypatch.setattr(threads, "PART_PRODUCTS", 1)
    monkeypatch.setattr(threads, "n_blas_threads", lambda: 3)
    return counts


def fitted(kind, X, settings, weight=None):
    common = {"hidden_layer_sizes": (9, 5), "max_iter": 4, "random_state": 0, "batch_size": 100}
    model = kind(**common | settings)
    return model.fit(X, CLASSES if kind is MLPClassifier else NUMBERS, sample_weight=weight)


def compare(first, second):
    tolerances = (1e-3, 1e-4) if first.coefs_[0].dtype == np.float32 else (1e-9, 1e-10)
    for name in ("coefs_", "intercepts_", "loss_curve_"):
        for found, expected in zip(getattr(first, name), getattr(second, name), strict=True):
            np.testing.assert_allclose(found, expected, *tolerances)


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", FITS)
def test_parts_give_the_numbers_of_the_whole(name, weight, kernels, n_parts, monkeypatch):
    if kernels == "numba":
        pytest.importorskip("numba")
    kind, settings = FITS[name]
    with config_context(kernels=kernels):
        found = fitted(kind, X, settings, weight)
        assert 3 in n_parts
        n_parts.clear()
        monkeypatch.setattr(threads, "PART_PRODUCTS", 1 << 60)
        compare(found, fitted(kind, X, settings, weight))
    assert n_parts == []


@pytest.mark.parametrize(
    "settings",
    [{"dropout": 0.1}, {"normalization": "batch"}, {"n_members": 2}],
    ids=["dropout", "moments", "several"],
)
def test_what_ties_rows_together_is_not_divided(settings, n_parts):
    fitted(MLPClassifier, X, settings)
    assert n_parts == []


def test_few_rows_are_not_divided(n_parts):
    fitted(MLPClassifier, X[:, :3], {"batch_size": len(X) - FEW_ROWS, "max_iter": 2})
    assert n_parts == [3, 1] * 2


def test_sparse_rows_are_not_divided(n_parts, monkeypatch):
    rows = sparse.csr_matrix(np.where(X > 0.5, X, 0.0))
    found = fitted(MLPClassifier, rows, {})
    assert set(n_parts) == {1}
    monkeypatch.setattr(threads, "PART_PRODUCTS", 1 << 60)
    compare(found, fitted(MLPClassifier, rows, {}))


def test_a_fit_goes_on(n_parts, monkeypatch):
    def trained():
        model = MLPClassifier((7,), random_state=0, batch_size=100)
        for _ in range(3):
            model.partial_fit(X, CLASSES, classes=[0, 1, 2])
        return model

    found = trained()
    assert 3 in n_parts
    monkeypatch.setattr(threads, "PART_PRODUCTS", 1 << 60)
    compare(found, trained())


@pytest.mark.usefixtures("n_parts")
def test_what_a_thread_raises_comes_out():
    with pytest.raises(BrokenError):
        fitted(MLPRegressor, X, {"activation": Broken()})
