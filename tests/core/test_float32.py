"""Training on float32 makes no array of float64, however short-lived."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from network_cases import CASES, Case, differentiate, random_params
from numpy.testing import assert_allclose
from scipy import sparse

from sknn_actloss._component import stack
from sknn_actloss.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from sknn_actloss.core import DenseRows, Network, plain_layout
from sknn_actloss.losses import Focal, GaussianNLL, Huber, LogLoss, Quantile
from sknn_actloss.solvers import SGD, SOLVERS, Adam

N_ROWS, N_FEATURES = 16, 5
#: Arrays of one number for each of the two members may be of float64, larger ones may not.
SMALL = 3
STOCHASTIC = [name for name in SOLVERS if SOLVERS[name]().stochastic]


class Single(np.ndarray):
    """An array whose descendants are watched: none may be large and of float64."""

    def __array_ufunc__(self, ufunc, method, *operands, out=(), **kwargs):
        plain = [x.view(np.ndarray) if isinstance(x, Single) else x for x in operands]
        if out:
            kwargs["out"] = tuple(x.view(np.ndarray) if isinstance(x, Single) else x for x in out)
        result = getattr(ufunc, method)(*plain, **kwargs)
        if result is None:
            return None
        # A loop of float64 converts operands and results chunk by chunk, whatever their type.
        if method == "__call__":
            check(ufunc.__name__, np.result_type(*plain), np.size(result))
        return out[0] if out else watched(result, ufunc.__name__)

    def __array_function__(self, function, types, arguments, keywords):
        result = super().__array_function__(function, types, arguments, keywords)
        return watched(result, function.__name__)

    def astype(self, dtype, *arguments, **keywords):
        return watched(super().astype(dtype, *arguments, **keywords), "astype")


def check(name, dtype, size):
    assert dtype != np.float64 or size < SMALL, f"{name} computes {size} numbers in float64"


def watched(result, name):
    if not isinstance(result, np.ndarray):
        return result
    check(name, result.dtype, result.size)
    return result.view(Single)


def single(array):
    return np.asarray(array, dtype=np.float32).view(Single)


@contextmanager
def new_arrays_watched():
    with pytest.MonkeyPatch.context() as patch:
        for name in ("empty", "zeros", "ones"):
            function = getattr(np, name)
            patch.setattr(np, name, lambda *a, f=function, **k: f(*a, **k).view(Single))
        yield


def network(models, n_outputs):
    layout = plain_layout((N_FEATURES, 7, 6, n_outputs))
    params = single(0.5 * random_params(np.random.default_rng(0), layout, len(models)))
    with new_arrays_watched():
        return Network(layout, models, params, N_ROWS)


def batch(case, loss=None):
    rng = np.random.default_rng(1)
    X, weights = rng.normal(size=(N_ROWS, N_FEATURES)), rng.exponential(size=N_ROWS)
    return single(X), single(case.targets(rng, N_ROWS, loss)), single(weights)


def assert_single_step(models, case, loss=None):
    X, y, weights = batch(case, loss)
    stacked = network(models, case.n_targets * models[0].loss.outputs_per_target)
    with_ones = single(np.hstack([np.ones((N_ROWS, 1), np.float32), X]))
    for rows, w in ((X, None), (X, weights), (DenseRows(with_ones, has_ones=True), None)):
        with new_arrays_watched():
            losses = differentiate(stacked, rows, y, w, 16.0)
        assert stacked.gradient.dtype == np.float32
        assert np.isfinite(losses).all()


def test_the_watch_notices_float64():
    x = single([1.0, 2.0, 3.0])
    for operation in (
        lambda: x * np.float64(2.0),
        lambda: np.multiply(x, np.arange(3.0), out=np.empty_like(x)),
        lambda: np.multiply(x, np.arange(3), out=np.empty_like(x), casting="unsafe"),
        lambda: x.astype(np.float64),
        lambda: np.where(x > 0, x, np.float64(1.0)),
        lambda: np.mean(x, axis=-1, dtype=np.float64, keepdims=True) * x,
        lambda: np.zeros(3) + x,
    ):
        with new_arrays_watched(), pytest.raises(AssertionError, match="numbers in float64"):
            operation()
    assert type(2.0 * x + 1 - np.exp(x)) is Single


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_loss(case):
    for output in [None, *case.other_outputs()]:
        models = [case.model((ACTIVATIONS["relu"](),) * 2, output, alpha=a) for a in (0.1, 0.2)]
        assert_single_step(models, case)


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_every_activation(activation):
    case = Case("classification", "log_loss", "multiclass", 4)
    assert_single_step([case.model((ACTIVATIONS[activation](),) * 2)] * 2, case)


@pytest.mark.parametrize(
    "losses",
    [
        [Huber(0.5), Huber(2.0)],
        [Quantile(0.1), Quantile(0.9)],
        [Quantile([0.1, 0.5]), Quantile([0.5, 0.9])],
        [Quantile(np.array([0.1, 0.5]))] * 2,
        [GaussianNLL(0.1), GaussianNLL(0.9)],
        [GaussianNLL(np.float64(0.1))] * 2,
        [Huber(np.float64(0.5)), Huber(np.float64(0.5))],
        [LogLoss(0.1), LogLoss(0.0)],
        [Focal(0.5, 0.1), Focal(2.0, 0.9)],
        [Focal(2.0, [0.5, 1.0, 1.5, 2.0])] * 2,
    ],
    ids=str,
)
def test_hyperparameters_of_members(losses):
    task = min(losses[0].tasks)
    kind = ("continuous", 1) if task == "regression" else ("multiclass", 4)
    case = Case(task, "", *kind)
    models = [
        case.model((ACTIVATIONS["elu"](np.float64(alpha)),) * 2, loss=loss, alpha=alpha)
        for loss, alpha in zip(losses, (0.5, 2.0), strict=True)
    ]
    assert_single_step(models, case, losses[0])


@pytest.mark.parametrize("rate", [0.1, np.array([[0.1], [0.2]], np.float32)], ids=["one", "each"])
@pytest.mark.parametrize("name", STOCHASTIC)
def test_every_solver(name, rate):
    solver = SOLVERS[name]()
    params = single(random_params(np.random.default_rng(0), plain_layout((3, 4, 1)), 2))
    with new_arrays_watched():
        state = solver.init_state(params)
    for seed in range(3):
        gradient = single(np.random.default_rng(seed).normal(size=params.shape))
        solver.update(params, gradient, rate, state)
    assert params.dtype == np.float32
    assert {x.dtype for x in state.values() if isinstance(x, np.ndarray)} <= {params.dtype}


@pytest.mark.parametrize(
    "members", [[SGD(0.5), SGD(0.9)], [Adam(0.5), Adam(0.9, 0.99, 1e-4)]], ids=str
)
def test_stacked_solvers(members):
    solver = stack(members, np.dtype(np.float64), n_dims=2)
    params = single(random_params(np.random.default_rng(0), plain_layout((3, 4, 1)), 2))
    state = solver.init_state(params)
    solver.update(params, single(np.ones(params.shape)), 0.1, state)
    assert params.dtype == np.float32


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_predictions(activation):
    layout = plain_layout((N_FEATURES, 7, 6, 2))
    params = single(random_params(np.random.default_rng(0), layout, 2))
    models = [CASES[0].model((ACTIVATIONS[activation](),) * 2)] * 2
    X, _, _ = batch(CASES[0])
    with new_arrays_watched():
        raw = Network(layout, models, params, 1).raw_outputs(DenseRows(X))
    assert raw.dtype == np.float32


def test_sparse_rows():
    case = Case("classification", "log_loss", "multiclass", 4)
    X, y, weights = (array.view(np.ndarray) for array in batch(case))
    stacked = network([case.model((ACTIVATIONS["relu"](),) * 2)] * 2, 4)
    dense = differentiate(stacked, X, y, weights, 16.0), stacked.gradient.copy()
    losses = differentiate(stacked, sparse.csr_array(X), y, weights, 16.0)
    assert stacked.gradient.dtype == np.float32
    assert_allclose(losses, dense[0], rtol=1e-5)
    assert_allclose(stacked.gradient, dense[1], rtol=1e-3, atol=1e-5)
