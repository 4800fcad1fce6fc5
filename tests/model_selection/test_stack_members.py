"""Estimators that are fitted together end where their own fits end."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold, ShuffleSplit

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import ELU, LeakyReLU
from sknn_actloss.estimators import BaseMLP, JointFit
from sknn_actloss.losses import Focal, Huber, Quantile
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SGD, SOLVERS, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TARGETS = np.sin(X[:, 0]) + X[:, 2] / 4
TWO_TARGETS = np.stack([TARGETS, X[:, 1]], axis=1)
LABELLED = make_multilabel_classification(80, 6, n_classes=3, random_state=0)
WEIGHT = np.random.RandomState(0).randint(0, 3, len(X)).astype(float)
BASE = {"max_iter": 6, "batch_size": 20, "learning_rate_init": 0.02, "random_state": 0}
ATTRIBUTES = (
    "coefs_",
    "intercepts_",
    "loss_curve_",
    "learning_rate_curve_",
    "validation_scores_",
    "validation_loss_curve_",
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "best_validation_score_",
    "n_layers_",
    "n_outputs_",
    "n_features_in_",
    "out_activation_",
)


def classifier(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": (5,)} | BASE | parameters)


def regressor(**parameters: Any) -> MLPRegressor:
    return MLPRegressor(**{"hidden_layer_sizes": (5,)} | BASE | parameters)


def each(make: Any, name: str, values: Sequence[Any], **parameters: Any) -> list[BaseMLP]:
    return [make(**{name: value}, **parameters) for value in values]


def macro(estimator: BaseMLP, X: Any, y: Any) -> float:
    return f1_score(y, estimator.predict(X), average="macro")


def of_column_0(estimator: BaseMLP, X: Any, y: Any) -> float:
    return float(X["column 0"].mean()) + estimator.score(X, y)


def broken(estimator: BaseMLP, X: Any, y: Any) -> float:
    raise RuntimeError("the scorer is broken")


class Own(MLPClassifier):
    """Has a fit of its own."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        return super().fit(X, y, sample_weight)


class Named(MLPClassifier):
    """Has the fit of its base."""


#: Deviations from a fit of its own, whose sums may be taken in another order.
CLOSE = {
    np.dtype(np.float64): {"rtol": 1e-6, "atol": 1e-9},
    np.dtype(np.float32): {"rtol": 1e-3, "atol": 1e-4},
}
EXACT = {dtype: {"rtol": 0, "atol": 0} for dtype in CLOSE}


def assert_same_fit(
    actual: BaseMLP, expected: BaseMLP, tolerance: dict[np.dtype, dict[str, float]] = CLOSE
) -> None:
    close = tolerance[expected.coefs_[0].dtype]
    for name in ATTRIBUTES:
        assert hasattr(actual, name) == hasattr(expected, name)
        if not hasattr(expected, name):
            continue
        found, desired = getattr(actual, name), getattr(expected, name)
        if desired is None or isinstance(desired, str):
            assert found == desired, name
        elif name in ("coefs_", "intercepts_"):
            assert [part.dtype for part in found] == [part.dtype for part in desired]
            for part, other in zip(found, desired, strict=True):
                assert_allclose(part, other, err_msg=name, **close)
        else:
            assert_allclose(found, desired, err_msg=name, **close)


def together(
    estimators: Sequence[BaseMLP], X: Any = X, y: Any = Y, fit_params: dict[str, Any] | None = None
) -> JointFit:
    return JointFit([clone(estimator) for estimator in estimators], X, y, fit_params)


def trained(*arguments: Any) -> JointFit:
    fit = together(*arguments)
    fit.train()
    return fit


STACKS = {
    "everything that shares": (
        [
            classifier(),
            classifier(activation="tanh", alpha=1.0),
            classifier(activation=LeakyReLU(0.3), loss="hinge", learning_rate_init=0.5),
            classifier(loss=Focal(1.0), solver="sgd", learning_rate="cosine"),
            classifier(solver=Adam(beta_1=0.5), weight_decay=0.1, max_iter=3),
            classifier(tol=0.5, n_iter_no_change=1, max_iter=10, warm_start=True),
            classifier(out_activation="logistic", learning_rate=0.1, learning_rate_init=0.001),
            Named(**classifier().get_params()),
        ],
        [[0, 1, 2, 3, 4, 5, 6, 7]],
    ),
    "shapes": (
        each(classifier, "hidden_layer_sizes", [(5,), 5, [5], (4,), (5, 5), ()]),
        [[0, 1, 2], [3], [4], [5]],
    ),
    "batches": (
        [*each(classifier, "batch_size", [20, 10, 75, "auto"]), classifier(shuffle=False)],
        [[0], [1], [2, 3], [4]],
    ),
    "seeds": (
        each(classifier, "random_state", [0, 1, 0, np.random.RandomState(0)]),
        [[0, 2, 3], [1]],
    ),
    "seeds without shuffling": (each(classifier, "random_state", [0, 1], shuffle=False), [[0, 1]]),
    "initial weights that draw other numbers": (
        each(classifier, "weight_init", ["he_uniform", "he_normal", "glorot_uniform", "sklearn"]),
        [[0, 2], [1], [3]],
    ),
    "early stopping": (
        [
            classifier(),
            classifier(early_stopping=True, max_iter=20, n_iter_no_change=1),
            classifier(early_stopping=True, loss="hinge", activation="tanh"),
            classifier(early_stopping=True, validation_fraction=0.3),
        ],
        [[0], [1, 2], [3]],
    ),
    "what is monitored": (
        [
            *each(
                classifier,
                "monitor",
                ["score", "loss", "neg_log_loss", macro],
                early_stopping=True,
                tol=0.01,
                n_iter_no_change=1,
                max_iter=20,
            ),
            classifier(early_stopping=True, monitor="loss", loss="hinge", alpha=1.0),
            classifier(early_stopping=True, monitor="roc_auc_ovr", solver="sgd"),
        ],
        [[0, 1, 2, 3, 4, 5]],
    ),
    "which epoch is kept": (
        [
            *each(classifier, "restore_best", [True, False, "auto"], learning_rate_init=0.5),
            *each(classifier, "restore_best", [True, False, "auto"], early_stopping=True),
        ],
        [[0, 1, 2], [3, 4, 5]],
    ),
    "splitters": (
        each(
            classifier,
            "validation_fraction",
            [0.2, KFold(3), KFold(3), ShuffleSplit(1, random_state=0), ShuffleSplit(1)],
            early_stopping=True,
        ),
        [[0], [1, 2], [3], [4]],
    ),
    "data types": (each(classifier, "dtype", ["auto", "float32", "float64"]), [[0, 2], [1]]),
    "weights of classes": (
        each(classifier, "class_weight", [None, "balanced", {0: 2.0}, {0: 1.0}]),
        [[0, 1, 3], [2]],
    ),
    "what trains alone": (
        [
            classifier(solver="lbfgs"),
            Own(**classifier().get_params()),
            classifier(),
            classifier(),
            classifier(max_time=1e6),
        ],
        [[2, 3]],
    ),
    "solvers": (
        each(classifier, "solver", [*SOLVERS, SGD(0.5)]),
        [[place for place, name in enumerate([*SOLVERS, "sgd"]) if name != "lbfgs"]],
    ),
    "schedules": (
        each(classifier, "learning_rate", list(SCHEDULES), tol=0.1, n_iter_no_change=1),
        [list(range(len(SCHEDULES)))],
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_who_shares_a_stack_and_where_they_end(name: str) -> None:
    estimators, stacks = STACKS[name]
    fit = trained(estimators)
    assert fit.stacks == stacks
    assert fit.failures == {}
    assert len(fit.seconds) == len(estimators)
    for estimator, member in zip(estimators, fit.estimators, strict=True):
        assert_same_fit(member, clone(estimator).fit(X, Y))
        assert_array_equal(member.classes_, [0, 1, 2])


REGRESSORS = [
    regressor(),
    regressor(loss="mae", activation=ELU(0.5)),
    regressor(loss=Huber(0.1), solver="sgd", learning_rate="adaptive"),
    regressor(loss=Quantile(0.2), alpha=1.0),
]
CLASSIFIERS = [classifier(), classifier(loss="hinge"), classifier(activation="tanh", solver="sgd")]
DATA = {
    "targets": (REGRESSORS, X, TARGETS, None),
    "two targets": (REGRESSORS, X, TWO_TARGETS, None),
    "a column of floats": (REGRESSORS, X.astype(np.float32), TARGETS, None),
    "weights": (REGRESSORS, X, TARGETS, {"sample_weight": WEIGHT}),
    "weights as a list": (CLASSIFIERS, X, Y, {"sample_weight": WEIGHT.tolist()}),
    "two classes": (CLASSIFIERS, X, Y > 0, None),
    "text": (CLASSIFIERS, X.tolist(), np.array(list("abc"))[Y].tolist(), None),
    "labels": (CLASSIFIERS, *LABELLED, None),
    "CSR": (CLASSIFIERS, sparse.csr_array(X), Y, None),
    "CSC": (REGRESSORS, sparse.csc_array(X), TARGETS, {"sample_weight": WEIGHT}),
}


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_data(name: str, early_stopping: bool) -> None:
    estimators, X, y, fit_params = DATA[name]
    estimators = [clone(e).set_params(early_stopping=early_stopping) for e in estimators]
    fit = trained(estimators, X, y, fit_params)
    assert fit.stacks == [list(range(len(estimators)))]
    for estimator, member in zip(estimators, fit.estimators, strict=True):
        assert_same_fit(member, clone(estimator).fit(X, y, **fit_params or {}))


HEALTHY = {
    "regression": each(regressor, "alpha", [0.0, 0.01, 0.1, 1.0], solver="sgd"),
    "classification": each(
        classifier, "activation", ["relu", "tanh", "logistic", "elu"], loss="squared_error"
    ),
    "hinge": each(classifier, "loss", ["hinge", "squared_hinge", "log_loss", "exponential"]),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rate", [1e6, 1e300])
@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("name", HEALTHY)
def test_a_member_that_diverges_changes_no_bit_of_others(
    name: str, place: int, rate: float, dtype: type
) -> None:
    healthy, rows = HEALTHY[name], X.astype(dtype)
    y = TARGETS if name == "regression" else Y
    wild = clone(healthy[0]).set_params(
        solver=SGD(), loss="squared_error", activation="relu", learning_rate_init=rate, max_iter=9
    )
    fit = trained([*healthy[:place], wild, *healthy[place:]], rows, y)
    assert fit.stacks == [[0, 1, 2, 3, 4]]
    n_epochs = 0 if place in fit.failures else fit.estimators[place].n_iter_
    assert n_epochs == 0 if rate == 1e300 else n_epochs < 9 or name != "regression"
    # What a member that leaves after the same epoch, but in good health, makes of the others.
    tame = clone(wild).set_params(learning_rate_init=0.01, max_iter=min(n_epochs + 1, 9))
    calm = trained([*healthy[:place], tame, *healthy[place:]], rows, y)
    others = [*range(place), *range(place + 1, 5)]
    for other, estimator in zip(others, healthy, strict=True):
        assert_same_fit(fit.estimators[other], calm.estimators[other], EXACT)
        assert_same_fit(fit.estimators[other], clone(estimator).fit(rows, y))


def test_failures() -> None:
    estimators = [
        regressor(),
        regressor(alpha=-1),
        regressor(solver="sgd", learning_rate_init=1e300),
        regressor(loss="poisson"),
        regressor(solver="lbfgs", early_stopping=True),
        regressor(activation="tanh"),
        regressor(hidden_layer_sizes=(0,)),
    ]
    fit = trained(estimators, X, TARGETS - 3)
    reasons = {1: "'alpha'", 2: "Lower learning_rate_init", 3: "loss='poisson'", 4: "takes no"}
    reasons[6] = "hidden_layer_sizes must be > 0"
    assert sorted(fit.failures) == sorted(reasons)
    assert fit.stacks == [[0, 2, 5]]
    for place, estimator in enumerate(estimators):
        if place not in reasons:
            assert_same_fit(fit.estimators[place], clone(estimator).fit(X, TARGETS - 3))
            continue
        assert isinstance(fit.failures[place], ValueError)
        assert reasons[place] in str(fit.failures[place])
        with pytest.raises(ValueError) as caught:  # noqa: PT011 (compared below)
            clone(estimator).fit(X, TARGETS - 3)
        assert str(caught.value) == str(fit.failures[place])


@pytest.mark.parametrize("data", [(X[:, 0], Y), (X, Y[:-1]), (np.full_like(X, np.nan), Y)])
def test_rows_that_nobody_can_learn_from(data: tuple[Any, Any]) -> None:
    fit = trained(CLASSIFIERS, *data)
    assert sorted(fit.failures) == [0, 1, 2]
    assert fit.stacks == []


@pytest.mark.parametrize("until", [None, 2])
def test_a_scorer_that_fails_leaves_others_as_they_are(until: int | None) -> None:
    monitors = ["score", broken, "loss", "roc_auc", "accuracy"]
    estimators = each(classifier, "monitor", monitors, early_stopping=True)
    fit = together(estimators)
    if until:
        fit.train(until=until)
    fit.train()
    assert fit.stacks == [[0, 1, 2, 3, 4]]
    assert sorted(fit.failures) == [1, 3]
    assert str(fit.failures[1]) == "the scorer is broken"
    assert "multi_class" in str(fit.failures[3])
    for place in (0, 2, 4):
        assert_same_fit(fit.estimators[place], clone(estimators[place]).fit(X, Y))


def test_validation_rows_given_to_fit() -> None:
    estimators = each(classifier, "monitor", ["score", "loss", macro], restore_best=True)
    fit_params = {"X_val": X[:30], "y_val": Y[:30], "sample_weight_val": WEIGHT[:30]}
    fit = trained(estimators, X, Y, fit_params)
    assert fit.stacks == []
    assert fit.failures == {}
    for estimator, member in zip(estimators, fit.estimators, strict=True):
        assert_same_fit(member, clone(estimator).fit(X, Y, **fit_params), EXACT)


def test_a_monitor_without_validation_rows_fails_as_in_a_fit() -> None:
    fit = trained(each(classifier, "monitor", ["score", "loss"]))
    assert sorted(fit.failures) == [1]
    assert "needs validation rows" in str(fit.failures[1])


def test_warnings_are_those_of_the_fits() -> None:
    estimators = [
        classifier(max_iter=3),
        classifier(batch_size=1000),
        classifier(loss="squared_error", solver="sgd", learning_rate_init=30.0),
    ]
    messages = []
    for fit in (trained, lambda all_: [clone(estimator).fit(X, Y) for estimator in all_]):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(estimators)
        messages.append(sorted(f"{w.category.__name__}: {w.message}" for w in caught))
    assert messages[0] == messages[1]
    assert "clipped from 1000 to 75" in "".join(messages[0])


LEAVING = [
    *each(regressor, "max_iter", [2, 5, 9]),
    regressor(max_iter=40, tol=0.1, n_iter_no_change=1),
    regressor(max_iter=9, solver="sgd", learning_rate="invscaling", loss="huber"),
    regressor(max_iter=9, solver="sgd", learning_rate="adaptive", tol=0.1, n_iter_no_change=1),
    regressor(max_iter=9, learning_rate="reduce_on_plateau", solver="nadam"),
    regressor(max_iter=9, solver="sgd", learning_rate_init=1e4),
    regressor(max_iter=9, hidden_layer_sizes=(3, 3), learning_rate="one_cycle"),
    regressor(max_iter=9, hidden_layer_sizes=(3, 3), solver="amsgrad", weight_decay=0.1),
]


def test_those_who_are_done_leave() -> None:
    fit = trained(LEAVING, X, TARGETS)
    assert fit.stacks == [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9]]
    n_epochs = [member.n_iter_ for member in fit.estimators]
    assert n_epochs[:3] == [2, 5, 9]
    assert 2 < n_epochs[3] < 40
    assert n_epochs[7] < 9
    for estimator, member in zip(LEAVING, fit.estimators, strict=True):
        assert_same_fit(member, clone(estimator).fit(X, TARGETS))


def pickled(fit: JointFit, X: Any, y: Any) -> JointFit:
    fit = pickle.loads(pickle.dumps(fit))
    fit.bind(X, y)
    return fit


def same(fit: JointFit, X: Any, y: Any) -> JointFit:
    return fit


@pytest.mark.parametrize(
    ("pauses", "transport"),
    [((1,), pickled), ((2, 4, 7), pickled), (tuple(range(1, 9)), same), ((50,), pickled)],
    ids=["one", "three", "eight", "none"],
)
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, np.float32])
def test_pauses_change_nothing(
    pauses: Sequence[int], transport: Any, early_stopping: bool, kind: Any
) -> None:
    estimators = [clone(e).set_params(early_stopping=early_stopping) for e in LEAVING]
    rows, fit_params = kind(X), {"sample_weight": WEIGHT}
    whole = trained(estimators, rows, TARGETS, fit_params)
    parts = together(estimators, rows, TARGETS, fit_params)
    for until in pauses:
        parts.train(until=until)
        assert parts.n_epochs == until
        assert all(e.n_iter_ <= until for e in parts.estimators if hasattr(e, "n_iter_"))
        parts = transport(parts, rows, TARGETS)
    parts.train()
    assert parts.stacks == whole.stacks
    assert sorted(parts.failures) == sorted(whole.failures)
    for place in set(range(len(estimators))) - set(whole.failures):
        assert_same_fit(parts.estimators[place], whole.estimators[place], EXACT)


def test_at_a_pause_estimators_are_where_shorter_fits_end() -> None:
    fit = together(REGRESSORS, X, TARGETS)
    for until in (2, 5):
        fit.train(until=until)
        for estimator, member in zip(REGRESSORS, fit.estimators, strict=True):
            shorter = clone(estimator).set_params(max_iter=until).fit(X, TARGETS)
            assert_same_fit(member, shorter)
            assert_array_equal(member.predict(X), shorter.predict(X))


@pytest.mark.parametrize("transport", [same, pickled])
@pytest.mark.parametrize(
    ("first", "second"),
    [([1, 2, 4, 7, 9], [0, 1, 4]), ([9, 3, 2, 1], [3, 0]), ([8, 9], [1]), ([2], [0]), ([0], [0])],
    ids=str,
)
def test_those_who_are_kept_go_on(
    first: Sequence[int], second: Sequence[int], transport: Any
) -> None:
    fit, places = together(LEAVING, X, TARGETS), list(range(len(LEAVING)))
    for until, kept in ((3, first), (6, second)):
        fit.train(until=until)
        fit.keep(kept)
        places = [places[place] for place in kept]
        assert len(fit.estimators) == len(fit.seconds) == len(kept)
        assert sorted(place for stack in fit.stacks for place in stack) == list(range(len(kept)))
        fit = transport(fit, X, TARGETS)
    fit.train()
    for place, member in zip(places, fit.estimators, strict=True):
        assert_same_fit(member, clone(LEAVING[place]).fit(X, TARGETS))


@pytest.mark.parametrize("transport", [same, pickled])
def test_failures_and_what_trains_alone_are_kept(transport: Any) -> None:
    estimators = [
        classifier(solver="lbfgs", max_iter=8),
        classifier(alpha=-1),
        classifier(max_iter=8),
        Own(**classifier(max_iter=8).get_params()),
        classifier(solver="sgd", loss="squared_error", learning_rate_init=1e300),
        classifier(activation="tanh", max_iter=8),
    ]
    fit = together(estimators)
    fit.train(until=2)
    assert sorted(fit.failures) == [1, 4]
    fit.keep([0, 1, 3, 4, 5])
    fit = transport(fit, X, Y)
    fit.train(until=4)
    assert sorted(fit.failures) == [1, 3]
    assert fit.stacks == [[3, 4]]
    fit.keep([4, 2, 1, 0])
    fit = transport(fit, X, Y)
    fit.train(until=8)
    assert sorted(fit.failures) == [2]
    assert fit.stacks == [[0]]
    for place, member in zip([5, 3, 0], [*fit.estimators[:2], fit.estimators[3]], strict=True):
        assert_same_fit(member, clone(estimators[place]).fit(X, Y))


@pytest.mark.parametrize(("max_iter", "until"), [(30, 2), (3, 20)])
def test_a_pause_leaves_max_iter_of_what_trains_alone(max_iter: int, until: int) -> None:
    estimator = classifier(solver="lbfgs", max_iter=max_iter)
    fit = together([estimator])
    fit.train(until=until)
    fit.train()
    assert_same_fit(fit.estimators[0], clone(estimator).fit(X, Y))


def test_pauses_change_nothing_for_scorers_and_the_best_epoch() -> None:
    names = [f"column {i}" for i in range(X.shape[1])]
    frame = pd.DataFrame(X, columns=names)
    monitors = [of_column_0, "loss", "neg_log_loss"]
    estimators = each(classifier, "monitor", monitors, early_stopping=True, max_iter=9)
    whole, parts = trained(estimators, frame, Y), together(estimators, frame, Y)
    for until in (2, 5):
        parts.train(until=until)
        parts = pickled(parts, frame, Y)
    parts.train()
    for member, expected in zip(parts.estimators, whole.estimators, strict=True):
        assert_same_fit(member, expected, EXACT)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_what_is_pickled_holds_no_rows(kind: Any) -> None:
    fit = together([classifier(), classifier(alpha=1.0), classifier(batch_size=10)], kind(X))
    fit.train(until=2)
    # A few rows, as a whole copy of them may be split into frames.
    assert X[10:20].tobytes() not in pickle.dumps(fit)
    assert X[10:20].tobytes() in pickle.dumps(fit._data)
    before = fit._data
    fit.bind(2 * X, Y)
    assert fit._data is before


def test_nobody() -> None:
    fit = trained([])
    assert fit.stacks == []
    fit = trained(REGRESSORS, X, TARGETS)
    fit.keep([])
    fit.train()
    assert fit.estimators == fit.stacks == []
