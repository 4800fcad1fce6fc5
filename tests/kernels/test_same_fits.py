"""Fits with compiled kernels and with NumPy's agree to the last bit."""

import builtins
import pickle
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone

from sknn_actloss import Checkpoint, MLPClassifier, MLPRegressor, config_context
from sknn_actloss.activations import ACTIVATIONS, BoundActivation
from sknn_actloss.averaging import AVERAGES
from sknn_actloss.losses import LOSSES
from sknn_actloss.model_selection import StackedGridSearchCV, StackedHalvingGridSearchCV
from sknn_actloss.normalization import NORMALIZATIONS
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS

pytest.importorskip("numba", reason="compiled kernels need numba")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETS = ["numpy", "numba"]
N_ROWS = 45
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 5))
POSITIVE = np.exp(X[:, 0] + 0.5 * RNG.normal(size=N_ROWS))
TARGETS = {
    "regression": {"one": POSITIVE, "two": np.column_stack([POSITIVE, X[:, 1] ** 2 + 0.1])},
    "classification": {
        "binary": (X[:, 0] > 0).astype(int),
        "multiclass": RNG.integers(0, 3, N_ROWS),
        "multilabel": RNG.integers(0, 2, (N_ROWS, 3)),
    },
}
BASE = {"hidden_layer_sizes": (9,), "max_iter": 3, "batch_size": 8, "tol": 0.0, "random_state": 0}
WEIGHTS = RNG.uniform(0.5, 2, N_ROWS)

#: What searches record of the clock.
TIMES = ("mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time")


def model(task, **changes):
    kind = {"regression": MLPRegressor, "classification": MLPClassifier}[task]
    return kind(**BASE | changes)


def bits(value):
    """Return a value as something whose equality is that of bits."""
    if isinstance(value, list | tuple):
        return [bits(part) for part in value]
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, np.ascontiguousarray(value).tobytes()
    return repr(value)


def record(fitted):
    """Return the public fitted attributes of a network, and of its members, as bits."""
    public = [name for name in vars(fitted) if name.endswith("_") and name != "members_"]
    found = {name: bits(getattr(fitted, name)) for name in public}
    members = [record(member) for member in getattr(fitted, "members_", ())]
    return found | {"members": members, "prediction": bits(fitted.predict(X))}


def assert_same(fit):
    """Assert that a fit, by a function without arguments, is the same with both sets."""
    found = []
    for kernels in SETS:
        with config_context(kernels=kernels), np.errstate(all="ignore"):
            found.append(record(fit()))
    expected, own = found
    assert {name for name in expected if expected[name] != own.get(name)} == set()
    assert expected.keys() == own.keys()


def check(task, y=None, sample_weight=None, **changes):
    """Fit in both precisions."""
    y = next(iter(TARGETS[task].values())) if y is None else y
    for dtype in ("float32", "float64"):
        assert_same(partial(model(task, **changes).fit, X.astype(dtype), y, sample_weight))


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"exp", "softmax"}))
def test_activations(name):
    check("classification", activation=name, hidden_layer_sizes=(9, 1, 4))
    check("regression", activation=name, n_members=3, batch_size=11)


@pytest.mark.parametrize(
    ("task", "name", "kind"),
    [(t, n, k) for t in LOSSES for n in LOSSES[t] for k in TARGETS[t]],
)
def test_losses(task, name, kind):
    y = TARGETS[task][kind]
    check(task, y, loss=name, batch_size=22)  # the last batch has a single row
    check(task, y, loss=name, n_members=2, batch_size=1, max_iter=1)
    if kind != "multilabel":
        check(task, y, WEIGHTS, loss=name, n_members=3)


REGULARISED = {
    "plain": {"alpha": 0.0},
    "l1": {"l1": 0.01, "alpha": 0.1},
    "decay": {"weight_decay": 0.1},
    "bounds": {"gradient_clip": 0.1, "max_norm": 0.5},
    "stack": {"n_members": 3, "l1": 0.01, "weight_decay": 0.1, "max_norm": 1.0},
    "scaled": {"feature_scale": True, "n_members": 2},
}


@pytest.mark.parametrize("options", REGULARISED.values(), ids=REGULARISED)
@pytest.mark.parametrize("name", sorted(set(SOLVERS) - {"lbfgs"}))
def test_solvers(name, options):
    check("classification", solver=name, **options)


@pytest.mark.parametrize("task", TARGETS)
def test_lbfgs(task):
    check(task, solver="lbfgs", alpha=0.1, skip_connections=True, max_iter=9)


LAYERS = {
    "dropout": {"dropout": 0.3},
    "dropout of inputs": {"dropout": (0.2, 0.4, 0.0)},
    "dropout of members": {"dropout": 0.5, "n_members": 3},
    "dropout of relu and others": {"dropout": 0.5, "activation": ("relu", "tanh")},
    "skip connections": {"skip_connections": True, "hidden_layer_sizes": (7, 7)},
    "initial weights": {"weight_init": "orthogonal", "feature_scale": True},
    "no hidden layer": {"hidden_layer_sizes": (), "n_members": 2},
    "one batch": {"batch_size": 45},
    "no shuffling": {"shuffle": False},
    "early stopping": {"early_stopping": True, "monitor": "loss", "max_iter": 20},
    "best epoch": {"early_stopping": True, "restore_best": True, "n_members": 3, "max_iter": 20},
    "output activation": {"out_activation": "logistic", "loss": "squared_error"},
    **{f"{name} norm": {"normalization": name, "dropout": 0.2} for name in NORMALIZATIONS},
    **{f"{name} norms": {"normalization": name, "n_members": 2} for name in NORMALIZATIONS},
    **{name: {"weight_averaging": name, "normalization": "batch"} for name in AVERAGES},
    **{f"{name} rate": {"learning_rate": name, "solver": "sgd"} for name in SCHEDULES},
}


@pytest.mark.parametrize("options", LAYERS.values(), ids=LAYERS)
def test_layers_and_courses(options):
    options = {"hidden_layer_sizes": (9, 6)} | options
    check("classification", TARGETS["classification"]["multiclass"], **options)
    check("classification", **options)


@pytest.mark.parametrize("options", [{}, {"amsgrad": True}], ids=["adam", "amsgrad"])
def test_own_instances(options):
    solver = type(SOLVERS["adam"]())(**options)
    check("classification", solver=solver, activation=ACTIVATIONS["leaky_relu"](0.0))


STORED = {
    "sparse": lambda rows: csr_array(np.where(rows > 0, rows, 0)),
    "Fortran order": np.asfortranarray,
    "every other column": lambda rows: rows[:, ::2],
    "backwards": lambda rows: rows[::-1],
}


@pytest.mark.parametrize("store", STORED.values(), ids=STORED)
def test_rows_as_they_are_stored(store):
    y, found = TARGETS["classification"]["multiclass"], []
    for kernels in SETS:
        with config_context(kernels=kernels):
            fitted = model("classification", dropout=0.2, early_stopping=True).fit(store(X), y)
            found.append(bits([*fitted.coefs_, fitted.predict_proba(store(X))]))
    assert found[0] == found[1]


# -- From one set to the other ---------------------------------------------------------------------

DIRECTIONS = [("numpy", "numba"), ("numba", "numpy")]
OPTIONS = {
    "adam": {"dropout": 0.2},
    "committee": {"n_members": 3, "weight_averaging": "ema"},
    "sgd": {"solver": "sgd", "early_stopping": True, "normalization": "batch"},
}
Y = TARGETS["classification"]["multiclass"]


@pytest.fixture(params=OPTIONS.values(), ids=list(OPTIONS))
def network(request):
    return model("classification", max_iter=6, **request.param)


def switched(network, steps, kernels):
    """Return the record of a network after steps that each have kernels of their own."""
    for step, kind in zip(steps, kernels, strict=True):
        with config_context(kernels=kind):
            network = step(network) or network
    return record(network)


@pytest.mark.parametrize("kernels", DIRECTIONS)
def test_partial_fits(network, kernels):
    if network.early_stopping:
        network.set_params(early_stopping=False)
    classes = np.unique(Y)
    steps = [lambda n: n.partial_fit(X, Y, classes=classes), lambda n: n.partial_fit(X[::-1], Y)]
    expected = switched(clone(network), steps, ("numpy", "numpy"))
    assert switched(clone(network), steps, kernels) == expected


@pytest.mark.parametrize("kernels", DIRECTIONS)
def test_warm_starts(network, kernels):
    network.set_params(warm_start=True)
    steps = [lambda n: n.fit(X, Y), lambda n: n.fit(X, Y)]
    expected = switched(clone(network), steps, ("numpy", "numpy"))
    assert switched(clone(network), steps, kernels) == expected


@pytest.mark.parametrize("kernels", DIRECTIONS)
def test_pickles(network, kernels):
    first, second = kernels
    with config_context(kernels=first):
        pickled = pickle.dumps(network.fit(X, Y))
    assert b"numba" not in pickled
    with config_context(kernels=second):
        found = record(pickle.loads(pickled))
    with config_context(kernels="numpy"):
        assert found == record(clone(network).fit(X, Y))


class CrashError(Exception):
    """What ends a fit between two epochs."""


@contextmanager
def crashing_at_line(n):
    """Let the n-th line that is printed, of an epoch, raise an error."""
    lines = []

    def crash(line):
        lines.append(line)
        if len(lines) == n:
            raise CrashError(line)

    with pytest.MonkeyPatch.context() as context:
        context.setattr(builtins, "print", crash)
        yield


@pytest.mark.parametrize("kernels", DIRECTIONS)
def test_checkpoints(network, kernels, tmp_path):
    first, second = kernels
    expected = record(clone(network).fit(X, Y))
    saving = clone(network).set_params(checkpoint=Checkpoint(tmp_path, every_epochs=1))
    with config_context(kernels=first), crashing_at_line(4), pytest.raises(CrashError):
        clone(saving).set_params(verbose=True).fit(X, Y)
    with config_context(kernels=second):
        assert record(saving.fit(X, Y)) == expected


def columns(search):
    """Return the results of a search without its times."""
    return {key: bits(value) for key, value in search.cv_results_.items() if key not in TIMES}


@pytest.mark.parametrize("kind", [StackedGridSearchCV, StackedHalvingGridSearchCV])
def test_stacked_searches(kind):
    grid = {
        "activation": ["relu", "leaky_relu", "hard_silu"],
        "alpha": [0.0, 0.1],
        "learning_rate_init": [0.001, 0.01],
    }
    found = []
    for kernels in SETS:
        with config_context(kernels=kernels):
            search = kind(model("classification"), grid, cv=2).fit(X, Y)
        found.append((columns(search), record(search.best_estimator_)))
    assert found[0] == found[1]


@dataclass  # which compares by its fields, so that it has no hash
class Shift:
    """Adds a number: a call of a component that a user has written."""

    by: float

    def __call__(self, z, out):
        np.add(z, self.by, out)


class Shifted(BoundActivation):
    def forward_calls(self, z, out):
        return [(Shift(0.5), (z, out))]

    def backward_calls(self, z, a, grad):
        return []


def test_calls_that_have_no_hash():
    found = []
    for kernels in SETS:
        with config_context(kernels=kernels):
            fitted = model("classification", activation=Shifted())
            found.append(record(fitted.fit(X, TARGETS["classification"]["multiclass"])))
    assert found[0] == found[1]
