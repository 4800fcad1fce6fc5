"""Validation: rows given to fit or split off, what is monitored, and which epoch is kept."""

from __future__ import annotations

import builtins
import itertools
import pickle
import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    make_classification,
    make_multilabel_classification,
)
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.metrics import accuracy_score, get_scorer, log_loss, make_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    train_test_split,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.averaging import SWA
from sknn_actloss.estimators import _settings
from sknn_actloss.losses import LOSSES
from sknn_actloss.training import loop

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CODES = make_classification(90, 6, n_informative=4, n_classes=3, random_state=0)
NAMES = np.array(["blue", "green", "red"])[CODES]
NUMBERS = np.sin(X[:, 0]) + X[:, 1] / 2
TRAIN, VAL = np.arange(60), np.arange(60, 90)
WEIGHT = np.random.RandomState(0).uniform(0.1, 3, 90)
BASE = {"hidden_layer_sizes": (6,), "max_iter": 8, "learning_rate_init": 0.05, "random_state": 0}
TASKS = {"classification": (MLPClassifier, NAMES), "regression": (MLPRegressor, NUMBERS)}
each_task = pytest.mark.parametrize("task", TASKS)


def make(task="classification", **parameters):
    return TASKS[task][0](**BASE | parameters)


def rows(y=NAMES, X=X, val=VAL, weight=None):
    """Return the arguments of fit for validation rows."""
    weights = {} if weight is None else {"sample_weight_val": weight[val]}
    return {"X_val": X[val], "y_val": y[val], **weights}


def fitted(task="classification", fit=None, y=None, **parameters):
    """Fit to the training rows, with the others as validation rows."""
    y = TASKS[task][1] if y is None else y
    return make(task, **parameters).fit(X[TRAIN], y[TRAIN], **(rows(y) if fit is None else fit))


def same_weights(first, second):
    parts = zip(first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_, strict=True)
    return all(np.array_equal(a, b) for a, b in parts)


def stepwise(task, **parameters):
    """Return the same network after each of its epochs."""
    return [fitted(task, fit={}, **parameters | {"max_iter": n}) for n in range(1, 9)]


def message_of(fit, error=ValueError):
    with pytest.raises(error) as caught:
        fit()
    return str(caught.value)


# Curves


@each_task
def test_rows_given_to_fit_are_looked_at_after_each_epoch(task):
    y = TASKS[task][1]
    model = fitted(task)
    epochs = stepwise(task)
    assert same_weights(model, epochs[-1])
    assert model.loss_curve_ == epochs[-1].loss_curve_
    scores = [epoch.score(X[VAL], y[VAL]) for epoch in epochs]
    assert_allclose(model.validation_scores_, scores, rtol=1e-12)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert len(model.validation_loss_curve_) == 8
    if task == "classification":
        losses = [log_loss(y[VAL], epoch.predict_proba(X[VAL])) for epoch in epochs]
    else:
        losses = [np.mean((epoch.predict(X[VAL]) - y[VAL]) ** 2) / 2 for epoch in epochs]
    assert_allclose(model.validation_loss_curve_, losses, rtol=1e-12)


@pytest.mark.parametrize(
    ("task", "loss"), [(task, loss) for task in TASKS for loss in LOSSES[task].names]
)
def test_the_validation_loss_is_that_of_a_full_batch_without_penalty(task, loss):
    y = np.abs(NUMBERS) + 0.1 if task == "regression" else NAMES
    still = {"loss": loss, "alpha": 0.0, "solver": "sgd", "learning_rate_init": 1e-300}
    still |= {"batch_size": 90, "max_iter": 1, "momentum": 0.0}
    model = make(task, **still).fit(X, y, WEIGHT, X, y, WEIGHT)
    assert_allclose(model.validation_loss_curve_, model.loss_curve_, rtol=1e-10)
    penalised = make(task, **still | {"alpha": 5.0}).fit(X, y, WEIGHT, X, y, WEIGHT)
    assert_allclose(penalised.validation_loss_curve_, model.loss_curve_, rtol=1e-10)


@each_task
def test_without_validation_rows_there_are_no_curves(task):
    for model in (fitted(task, fit={}), fitted(task, fit={}, solver="lbfgs")):
        assert model.validation_loss_curve_ is model.validation_scores_ is None
        assert model.best_validation_score_ is None
    model = make(task, early_stopping=True).fit(X, TASKS[task][1])
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_


@each_task
def test_rows_given_to_fit_equal_those_that_are_split_off(task):
    y = TASKS[task][1]
    model = make(task, early_stopping=True, shuffle=False).fit(X, y, WEIGHT)
    rng = np.random.RandomState(0)
    other = make(task, shuffle=False).fit(X, y)
    for part in (*other.coefs_, *other.intercepts_):  # scikit-learn's initial weights
        rng.uniform(size=part.size)
    train, val = train_test_split(np.arange(90), random_state=rng, test_size=0.1)
    given = make(task, early_stopping=True, shuffle=False)
    given.fit(X[train], y[train], WEIGHT[train], X[val], y[val], WEIGHT[val])
    assert same_weights(model, given)
    assert given.validation_scores_ == model.validation_scores_
    assert_allclose(given.validation_loss_curve_, model.validation_loss_curve_, rtol=1e-12)


def test_weights_of_validation_rows():
    integers = np.random.RandomState(1).randint(0, 3, 90)
    for task, (_, y) in TASKS.items():
        weighted = fitted(task, rows(y, weight=integers))
        repeated = fitted(task, rows(y, val=np.repeat(VAL, integers[VAL])))
        assert_allclose(weighted.validation_scores_, repeated.validation_scores_, rtol=1e-12)
        assert_allclose(
            weighted.validation_loss_curve_, repeated.validation_loss_curve_, rtol=1e-12
        )


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("class_weight", ["balanced", {"blue": 3, "green": 0.5, "red": 1}])
def test_classes_weigh_among_validation_rows_what_they_weigh_in_training(class_weight, weight):
    sample_weight = np.ones(90) if weight is None else weight
    uneven = np.r_[TRAIN[NAMES[TRAIN] != "red"], TRAIN[NAMES[TRAIN] == "red"][:5]]
    fit = rows() if weight is None else rows(weight=weight)
    model = make(class_weight=class_weight).fit(
        X[uneven], NAMES[uneven], None if weight is None else weight[uneven], **fit
    )
    if class_weight == "balanced":
        counts = {name: sample_weight[uneven][NAMES[uneven] == name].sum() for name in set(NAMES)}
        class_weight = {name: 1 / count for name, count in counts.items()}
    weights = sample_weight[VAL] * [class_weight[name] for name in NAMES[VAL]]
    expected = log_loss(NAMES[VAL], model.predict_proba(X[VAL]), sample_weight=weights)
    assert model.validation_loss_curve_[-1] == pytest.approx(expected)


def test_labels_and_several_outputs():
    features, labels = make_multilabel_classification(80, 6, n_classes=3, random_state=0)
    y_val = labels[50:].copy()
    y_val[:, 0] = 0
    for y in (y_val, sparse.csr_matrix(y_val)):
        model = make().fit(features[:50], labels[:50], X_val=features[50:], y_val=y)
        assert model.validation_scores_[-1] == model.score(features[50:], y_val)
    balanced = make(class_weight="balanced")
    balanced.fit(features[:50], labels[:50], X_val=features[50:], y_val=labels[50:])
    assert np.isfinite(balanced.validation_loss_curve_).all()
    y = np.column_stack([NUMBERS, -NUMBERS])
    model = fitted("regression", y=y)
    residual = model.predict(X[VAL]) - y[VAL]
    expected = np.sum(residual**2) / 2 / len(VAL)
    assert model.validation_loss_curve_[-1] == pytest.approx(expected)


def test_kinds_of_data():
    pd = pytest.importorskip("pandas")
    plain = fitted()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    framed = make().fit(frame[:60], NAMES[:60], X_val=frame[60:], y_val=pd.Series(NAMES[60:]))
    csr = make().fit(
        sparse.csr_array(X[:60]), NAMES[:60], X_val=sparse.csc_array(X[60:]), y_val=NAMES[60:]
    )
    mixed = fitted(fit=rows(X=sparse.csr_array(X)))
    lists = fitted(fit={"X_val": X[60:].tolist(), "y_val": NAMES[60:].tolist()})
    for other in (framed, csr, mixed, lists):
        assert_allclose(other.validation_loss_curve_, plain.validation_loss_curve_, rtol=1e-9)
    single = make().fit(X[:60].astype(np.float32), NAMES[:60], **rows())
    assert_allclose(single.validation_loss_curve_, plain.validation_loss_curve_, rtol=1e-3)


def test_validation_rows_need_not_have_all_classes():
    model = fitted(fit=rows(val=VAL[NAMES[VAL] == "red"]), monitor="loss", early_stopping=True)
    assert np.isfinite(model.validation_loss_curve_).all()


@pytest.mark.parametrize("layers", ["batch", "layer"])
def test_predictions_are_those_of_the_averaged_and_normalised_network(layers):
    parameters = {"normalization": layers, "weight_averaging": "ema", "dropout": 0.2}
    for monitor in ("loss", "neg_log_loss"):
        model = fitted(monitor=monitor, **parameters)
        expected = -log_loss(NAMES[VAL], model.predict_proba(X[VAL]))
        assert model.validation_scores_[-1] == pytest.approx(expected)


# What is monitored


def named(estimator, X, y):
    return accuracy_score(y, estimator.predict(X))


MONITORS = {
    "accuracy": "classification",
    "neg_log_loss": "classification",
    "roc_auc_ovr": "classification",
    "f1_macro": "classification",
    "r2": "regression",
    "neg_mean_absolute_error": "regression",
}


@pytest.mark.parametrize("monitor", MONITORS)
def test_scorers_by_name_see_the_network_of_each_epoch(monitor):
    task = MONITORS[monitor]
    model = fitted(task, monitor=monitor, early_stopping=True, n_iter_no_change=99)
    y = TASKS[task][1]
    scores = [get_scorer(monitor)(epoch, X[VAL], y[VAL]) for epoch in stepwise(task)]
    assert_allclose(model.validation_scores_, scores, rtol=1e-10)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert same_weights(model, stepwise(task)[int(np.argmax(scores))])


@each_task
def test_the_loss_is_negative_among_the_scores(task):
    model = fitted(task, monitor="loss", early_stopping=True, n_iter_no_change=99)
    assert_array_equal(model.validation_scores_, -np.array(model.validation_loss_curve_))
    best = int(np.argmin(model.validation_loss_curve_))
    assert same_weights(model, stepwise(task)[best])


@pytest.mark.parametrize("monitor", ["score", "loss", "accuracy", named])
def test_patience_goes_by_what_is_monitored(monitor):
    patience = {"tol": 0.02, "n_iter_no_change": 2, "max_iter": 200}
    model = fitted(monitor=monitor, early_stopping=True, **patience)
    assert model.n_iter_ < 200
    best, count = -np.inf, 0
    for number, score in enumerate(model.validation_scores_, 1):
        count = 0 if score >= best + 0.02 else count + 1
        best = max(best, score)
        assert (count > 2) == (number == model.n_iter_)


def test_callables_see_rows_and_targets_as_given():
    pd = pytest.importorskip("pandas")
    frame, seen = pd.DataFrame(X, columns=list("abcdef")), []

    def scorer(estimator, X, y):
        seen.append((X, y, estimator))
        return estimator.score(X, y)

    model = make(monitor=scorer, early_stopping=True, n_iter_no_change=99).fit(frame, NAMES)
    assert model.validation_scores_ == [e.score(X, y) for X, y, e in seen]
    seen_rows, y, _ = seen[0]
    assert_array_equal(NAMES[seen_rows.index], y)
    assert list(seen_rows.columns) == list("abcdef")
    seen.clear()
    make(monitor=scorer).fit(frame[:60], NAMES[:60], X_val=frame[60:], y_val=NAMES[60:])
    assert seen[0][0].index.tolist() == VAL.tolist()


def test_weights_go_to_scorers_that_take_them():
    seen = []

    def weighted(estimator, X, y, sample_weight=None):
        seen.append(sample_weight)
        return accuracy_score(y, estimator.predict(X), sample_weight=sample_weight)

    by = {m: fitted(fit=rows(weight=WEIGHT), monitor=m) for m in ("score", "accuracy", weighted)}
    expected = by["score"].validation_scores_
    assert all(np.allclose(model.validation_scores_, expected) for model in by.values())
    assert_array_equal(seen[0], WEIGHT[VAL])
    unweighted = fitted(fit=rows(weight=WEIGHT), monitor=named).validation_scores_
    assert unweighted == fitted().validation_scores_ != expected
    with config_context(enable_metadata_routing=True):
        routed = fitted(fit=rows(weight=WEIGHT), monitor="accuracy")
    assert routed.validation_scores_ == by["accuracy"].validation_scores_


def test_the_network_that_a_scorer_sees_is_its_own():
    kept = []

    def keep(estimator, X, y):
        kept.append(estimator)
        return estimator.score(X, y)

    model = fitted(monitor=keep)
    assert all(same_weights(*pair) for pair in zip(kept, stepwise("classification"), strict=True))
    assert all(estimator is not model for estimator in kept)


def test_a_scorer_that_fails_ends_the_fit():
    def fussy(estimator, X, y):
        raise RuntimeError("no such luck")

    model = make(monitor=fussy, early_stopping=True)
    assert message_of(lambda: model.fit(X, NAMES), RuntimeError) == "no such luck"
    assert not hasattr(model, "coefs_")
    message = message_of(lambda: fitted(monitor=lambda estimator, X, y: "high"))
    assert "must return a number" in message
    assert "'high'" in message


def test_names_and_scorers_that_cannot_be_monitored():
    for early_stopping in (False, True, "auto"):
        model = make(monitor="sine", early_stopping=early_stopping)
        message = message_of(lambda model=model: model.fit(X, NAMES))
        assert "monitor='sine'" in message
        assert all(name in message for name in ("'score'", "'loss'", "neg_log_loss", "r2"))
    message = message_of(lambda: fitted(monitor="neg_log_loss", loss="hinge"))
    assert "monitor='neg_log_loss' needs predict_proba" in message
    assert "loss='hinge'" in message
    assert "accuracy" in message.split("name of a scorer")[1]
    assert "neg_log_loss" not in message.split("name of a scorer")[1]
    message = message_of(lambda: fitted("regression", monitor="neg_log_loss"))
    assert "predict_proba, which MLPRegressor does not have" in message
    assert "metric function" in message_of(lambda: fitted(monitor=accuracy_score))
    assert np.isfinite(fitted(loss="hinge", monitor=make_scorer(accuracy_score)).loss_)


@pytest.mark.parametrize("parameters", [{}, {"solver": "lbfgs"}], ids=str)
def test_a_monitor_needs_validation_rows(parameters):
    for monitor in ("loss", "accuracy", named):
        model = make(monitor=monitor, **parameters)
        message = message_of(lambda model=model: model.fit(X, NAMES))
        assert f"monitor={monitor!r} needs validation rows" in message
        assert "early_stopping=True" in message
        assert make(monitor=monitor, early_stopping="auto", **parameters).fit(X, NAMES).n_iter_
    with pytest.raises(ValueError, match="needs validation rows"):
        make(monitor="loss").partial_fit(X, NAMES, classes=sorted(set(NAMES)))


# The best epoch


@each_task
@pytest.mark.parametrize("monitor", ["score", "loss"])
def test_restore_best_by_rows_given_to_fit(task, monitor):
    # High enough for the best epoch not to be the last.
    parameters = {"learning_rate_init": 0.7 if task == "classification" else 0.3}
    epochs = stepwise(task, **parameters)
    parameters |= {"monitor": monitor, "n_iter_no_change": 99}
    best = int(np.argmax(fitted(task, **parameters).validation_scores_))
    assert best < 7
    for restore_best, epoch in ((True, best), (False, 7), ("auto", 7)):
        model = fitted(task, restore_best=restore_best, **parameters)
        assert same_weights(model, epochs[epoch])
        assert model.n_iter_ == 8
        model = fitted(task, restore_best=restore_best, early_stopping=True, **parameters)
        assert same_weights(model, epochs[7 if restore_best is False else best])


def test_restore_best_by_the_training_loss():
    parameters = {"solver": "sgd", "learning_rate_init": 1.5, "max_iter": 8}
    epochs = stepwise("classification", **parameters)
    # The loss of the first epoch of a training that goes on is that of the weights before.
    losses = [training_loss(epoch) for epoch in epochs]
    best = int(np.argmin(losses))
    assert best < 7
    model = fitted(fit={}, restore_best=True, **parameters)
    assert same_weights(model, epochs[best])
    assert model.best_loss_ == pytest.approx(losses[best])
    assert model.loss_curve_ == epochs[-1].loss_curve_
    assert same_weights(fitted(fit={}, restore_best=False, **parameters), epochs[-1])


def training_loss(model):
    probability = model.predict_proba(X[TRAIN])[np.arange(60), CODES[TRAIN]]
    penalty = 1e-4 / 2 * sum(np.sum(part**2) for part in model.coefs_) / 60
    return -np.mean(np.log(probability)) + penalty


def test_restore_best_with_lbfgs():
    model = fitted("regression", fit={}, solver="lbfgs", restore_best=True)
    assert_allclose(model.coefs_[0], fitted("regression", fit={}, solver="lbfgs").coefs_[0])
    residual = model.predict(X[TRAIN]) - NUMBERS[TRAIN]
    penalty = 1e-4 / 2 * sum(np.sum(part**2) for part in model.coefs_) / 60
    assert model.best_loss_ == pytest.approx(np.mean(residual**2) / 2 + penalty)


def test_partial_fit_keeps_its_epoch():
    plain, restoring = make(), make(restore_best=True, max_time=1e-9, early_stopping="auto")
    for _ in range(5):
        for model in (plain, restoring):
            model.partial_fit(X, NAMES, classes=sorted(set(NAMES)))
    assert same_weights(plain, restoring)
    assert restoring.validation_loss_curve_ is None


@pytest.mark.parametrize("change", [None, "loss"])
def test_warm_starts_go_on_while_the_same_is_monitored(change):
    model = make(early_stopping=True, warm_start=True, n_iter_no_change=99).fit(X, NAMES)
    first = model.validation_scores_, model.validation_loss_curve_
    model.set_params(monitor=change or "score").fit(X, NAMES)
    if change:
        assert len(model.validation_scores_) == len(model.validation_loss_curve_) == 8
        assert model.best_validation_score_ < 0
    else:
        assert model.validation_scores_[:8] == first[0]
        assert model.validation_loss_curve_[:8] == first[1]
        assert len(model.validation_loss_curve_) == 16


# Early stopping "auto"


@each_task
def test_auto_is_on_above_a_number_of_rows(task, monkeypatch):
    y = TASKS[task][1]
    monkeypatch.setattr(_settings, "AUTO_ROWS", 90)
    off = make(task, early_stopping="auto", monitor="loss").fit(X, y)
    assert off.validation_loss_curve_ is None
    assert same_weights(off, make(task).fit(X, y))
    monkeypatch.setattr(_settings, "AUTO_ROWS", 89)
    on, plain = (make(task, early_stopping=value).fit(X, y) for value in ("auto", True))
    assert on.validation_scores_ == plain.validation_scores_
    assert same_weights(on, plain)


def test_auto_counts_ten_thousand_rows():
    assert _settings.AUTO_ROWS == 10_000


def test_auto_is_on_where_validation_rows_are_given():
    auto, plain = (fitted(early_stopping=value, max_iter=20) for value in ("auto", True))
    assert same_weights(auto, plain)
    assert auto.best_loss_ is None


def test_auto_is_off_for_lbfgs(monkeypatch):
    monkeypatch.setattr(_settings, "AUTO_ROWS", 10)
    model = make(solver="lbfgs", early_stopping="auto").fit(X, NAMES)
    assert same_weights(model, make(solver="lbfgs").fit(X, NAMES))


# Splitters

GROUPS = np.arange(90) // 9
SPLITTERS = {
    "groups": (GroupKFold(5), GROUPS),
    "random groups": (GroupShuffleSplit(1, test_size=0.3, random_state=2), GROUPS),
    "folds": (KFold(4), None),
    "time": (TimeSeriesSplit(3), None),
    "random": (ShuffleSplit(3, test_size=0.2, random_state=1), None),
    "stratified": (StratifiedShuffleSplit(1, test_size=0.3, random_state=0), None),
    "own": (PredefinedSplit(np.arange(90) % 3), None),
}


@pytest.mark.parametrize("name", SPLITTERS)
def test_the_first_split_of_a_splitter(name):
    splitter, groups = SPLITTERS[name]
    train, val = next(splitter.split(X, NAMES, groups))
    model = make(early_stopping=True, validation_fraction=splitter).fit(X, NAMES, groups=groups)
    given = make(early_stopping=True).fit(X[train], NAMES[train], **rows(val=val))
    assert same_weights(model, given)
    assert model.validation_scores_ == given.validation_scores_
    assert clone(model).fit(X, NAMES, groups=groups).loss_curve_ == model.loss_curve_


class Looking:
    """Keeps what it is given; halves the rows."""

    def __init__(self, as_masks=False):
        self.as_masks = as_masks

    def split(self, X, y, groups=None):
        self.seen = X, y, groups
        first = np.arange(len(y)) < len(y) // 2
        yield (first, ~first) if self.as_masks else (np.flatnonzero(first), np.flatnonzero(~first))


@pytest.mark.parametrize("as_masks", [False, True])
def test_a_splitter_sees_what_fit_is_given(as_masks):
    pd = pytest.importorskip("pandas")
    frame, series = pd.DataFrame(X, columns=list("abcdef")), pd.Series(NAMES)
    splitter = Looking(as_masks)
    model = make(early_stopping=True, validation_fraction=splitter)
    model.fit(frame, series, groups=GROUPS)
    assert splitter.seen[0] is frame
    assert splitter.seen[1] is series
    assert splitter.seen[2] is GROUPS
    expected = make(early_stopping=True).fit(X[:45], NAMES[:45], X_val=X[45:], y_val=NAMES[45:])
    assert model.validation_scores_ == expected.validation_scores_


@pytest.mark.parametrize("splitter", [ShuffleSplit(2, test_size=0.3), KFold(3, shuffle=True)])
def test_a_splitter_without_random_state_draws_from_that_of_the_estimator(splitter):
    def model(seed):
        return make(early_stopping=True, validation_fraction=splitter, random_state=seed).fit(
            X, NAMES
        )

    assert same_weights(model(0), model(0))
    assert model(0).validation_loss_curve_ == model(0).validation_loss_curve_
    assert model(0).validation_loss_curve_ != model(1).validation_loss_curve_
    assert splitter.random_state is None


class Fixed:
    """Yields what it is told to."""

    def __init__(self, *splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)


@pytest.mark.parametrize(
    ("splits", "match"),
    [
        ([], "has 0 training and 0 validation rows"),
        ([(np.arange(90), [])], "has 90 training and 0 validation rows"),
        ([(np.arange(89), [89])], "has 89 training and 1 validation rows"),
        ([([], np.arange(90))], "has 0 training and 90 validation rows"),
    ],
)
def test_splits_with_too_few_rows(splits, match):
    model = make(early_stopping=True, validation_fraction=Fixed(*splits))
    message = message_of(lambda: model.fit(X, NAMES))
    assert "The validation set is too small" in message
    assert match in message


def test_groups_and_splitters_that_do_not_go_together():
    by_groups = {"early_stopping": True, "validation_fraction": GroupKFold(5)}
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        make(**by_groups).fit(X, NAMES)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make(**by_groups).fit(X, NAMES, groups=GROUPS[:50])
    unused = [
        {},
        {"early_stopping": True},
        {"validation_fraction": GroupKFold(5)},
        {"validation_fraction": KFold(5), "early_stopping": True},
        {"validation_fraction": TimeSeriesSplit(5), "early_stopping": "auto"},
        {"solver": "lbfgs"},
    ]
    for parameters in unused:
        model = make(**parameters)
        message = message_of(lambda model=model: model.fit(X, NAMES, groups=GROUPS))
        assert message.startswith("groups given to fit, but")
        assert "GroupKFold" in message
    assert make(**by_groups | {"early_stopping": "auto"}).fit(X, NAMES, groups=GROUPS).n_iter_
    for spec in ("half", KFold):
        message = message_of(lambda spec=spec: make(validation_fraction=spec).fit(X, NAMES))
        assert f"validation_fraction={spec!r}" in message


# Arguments that contradict each other


@each_task
def test_arguments_that_do_not_go_together(task):
    y = TASKS[task][1]
    train = X[TRAIN], y[TRAIN]
    for arguments, parts in (
        ({"X_val": X[VAL]}, ["X_val given", "without y_val"]),
        ({"y_val": y[VAL]}, ["y_val given", "without X_val"]),
        ({"sample_weight_val": WEIGHT[VAL]}, ["sample_weight_val given", "without X_val and"]),
    ):
        message = message_of(lambda arguments=arguments: make(task).fit(*train, **arguments))
        assert all(part in message for part in parts)
    message = message_of(lambda: fitted(task, solver="lbfgs"))
    assert "solver='lbfgs' takes no X_val" in message
    assert "'adam'" in message
    message = message_of(lambda: fitted(task, validation_fraction=KFold(3)))
    assert "KFold" in message
    assert "X_val" in message


@each_task
def test_validation_rows_are_checked_like_training_rows(task):
    pd = pytest.importorskip("pandas")
    y = TASKS[task][1]
    cases = [
        ({"X_val": X[VAL, :3], "y_val": y[VAL]}, "3 features"),
        ({"X_val": X[VAL], "y_val": y[VAL][:5]}, "inconsistent numbers of samples"),
        ({"X_val": np.full((3, 6), np.nan), "y_val": y[:3]}, "NaN"),
        (rows(y, weight=np.r_[0.5, np.zeros(89)]), "add up to 0|at least one non-zero"),
        (rows(y, weight=-WEIGHT), "[Nn]egative"),
        (rows(y) | {"sample_weight_val": WEIGHT}, "sample_weight"),
    ]
    for fit, match in cases:
        with pytest.raises(ValueError, match=match) as caught:
            fitted(task, fit)
        assert "X_val" in caught.value.__notes__[0]
    frame = pd.DataFrame(X, columns=list("abcdef"))
    other = frame.rename(columns={"a": "z"})
    with pytest.raises(ValueError, match="feature names"):
        make(task).fit(frame, y, X_val=other, y_val=y)


def test_targets_of_validation_rows_are_checked():
    labels = np.column_stack([CODES == 0, CODES > 0]).astype(int)
    for y, y_val, match in (
        (NAMES, np.full(30, "pink"), r"y_val has classes \['pink'\].*\['blue', 'green', 'red'\]"),
        (NAMES, CODES[VAL], r"y_val has classes \[0, 1, 2\]"),
        (NAMES, labels[VAL], "y_val must hold multiclass targets"),
        (labels, CODES[VAL], "y_val must hold multilabel targets"),
        (labels, np.c_[labels, labels][VAL], r"y_val has classes \[2, 3\]"),
    ):
        with pytest.raises(ValueError, match=match):
            make().fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y_val)
    for y, y_val, match in (
        (NUMBERS, np.c_[NUMBERS, NUMBERS][VAL], r"y_val has 2 column\(s\), but y has 1"),
        (np.c_[NUMBERS, NUMBERS], NUMBERS[VAL], r"y_val has 1 column\(s\), but y has 2"),
    ):
        with pytest.raises(ValueError, match=match):
            make("regression").fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y_val)
    counts = np.abs(NUMBERS)
    with pytest.raises(ValueError, match="y_val ranges from"):
        make("regression", loss="poisson").fit(X, counts, X_val=X, y_val=-counts)


# max_time


class Clock:
    """Goes on by one second with each look."""

    def __init__(self):
        self.times = itertools.count()

    def __call__(self):
        return float(next(self.times))


@pytest.mark.parametrize(("max_time", "n_iter"), [(0.5, 1), (1, 1), (3, 3), (4.5, 5), (99, 8)])
def test_training_stops_once_the_time_is_over(max_time, n_iter, monkeypatch):
    monkeypatch.setattr(loop.time, "perf_counter", Clock())
    match = f"max_time={max_time:g} seconds" if n_iter < 8 else r"Maximum iterations \(8\)"
    with pytest.warns(ConvergenceWarning, match=match):
        model = fitted(fit={}, max_time=max_time)
    assert model.n_iter_ == len(model.loss_curve_) == n_iter
    assert same_weights(model, fitted(fit={}, max_iter=n_iter))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_one_epoch_is_always_done(solver):
    with pytest.warns(ConvergenceWarning, match="max_time=1e-09"):
        model = make(solver=solver, max_time=1e-9).fit(X, NAMES)
    assert model.n_iter_ == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        make(solver=solver, max_time=1e6, max_iter=5000, tol=0.05).fit(X, NAMES)
    for value in (0, -1.0, "long"):
        model = make(solver=solver, max_time=value)
        assert "'max_time'" in message_of(lambda model=model: model.fit(X, NAMES))


def test_the_best_epoch_is_kept_when_time_is_over(monkeypatch):
    monkeypatch.setattr(loop.time, "perf_counter", Clock())
    model = fitted(max_time=5.5, early_stopping=True, monitor="loss")
    best = int(np.argmin(model.validation_loss_curve_))
    assert same_weights(model, stepwise("classification")[best])


# What else takes part


@pytest.mark.parametrize("monitor", ["score", "loss", "accuracy"])
def test_verbose_prints_what_is_monitored(monitor, monkeypatch):
    lines = []
    monkeypatch.setattr(builtins, "print", lines.append)
    model = fitted(
        monitor=monitor, early_stopping=True, verbose=True, tol=0.5, n_iter_no_change=1, max_iter=50
    )
    pattern = [r"Iteration \d+, loss = ", "Validation loss: "]
    pattern += ["Validation score: "] if monitor != "loss" else []
    pattern *= model.n_iter_
    assert all(re.match(*pair) for pair in zip(pattern, lines, strict=False))
    what = "loss" if monitor == "loss" else "score"
    assert lines[len(pattern) :] == [
        f"Validation {what} did not improve more than tol=0.500000 for 1 consecutive epochs. "
        "Stopping."
    ]


def test_arguments_are_routed():
    pipeline = Pipeline([("scaler", StandardScaler()), ("mlp", make(early_stopping=True))])
    scaler = StandardScaler().fit(X[TRAIN])
    expected = make(early_stopping=True).fit(
        scaler.transform(X[TRAIN]), NAMES[TRAIN], X_val=scaler.transform(X[VAL]), y_val=NAMES[VAL]
    )
    prefixed = {f"mlp__{name}": value for name, value in rows(X=scaler.transform(X)).items()}
    assert same_weights(clone(pipeline).fit(X[TRAIN], NAMES[TRAIN], **prefixed)[-1], expected)
    with config_context(enable_metadata_routing=True):
        pipeline.set_params(transform_input=["X_val"])
        pipeline[-1].set_fit_request(X_val=True, y_val=True, sample_weight_val=True, groups=True)
        assert same_weights(pipeline.fit(X[TRAIN], NAMES[TRAIN], **rows())[-1], expected)


@each_task
def test_a_fitted_estimator_is_picklable(task):
    model = fitted(task, monitor="loss", early_stopping=True)
    restored = pickle.loads(pickle.dumps(model))
    assert restored.validation_loss_curve_ == model.validation_loss_curve_
    assert same_weights(restored, model)


def test_a_search_of_scikit_learn_over_monitors():
    grid = {"monitor": ["score", "loss", "neg_log_loss"], "loss": ["log_loss", "hinge"]}
    network = make(early_stopping=True, validation_fraction=0.4)
    with pytest.warns(FitFailedWarning), pytest.warns(UserWarning, match="non-finite"):
        search = GridSearchCV(network, grid, cv=2).fit(X, NAMES)
    scores = search.cv_results_["mean_test_score"]
    assert np.isnan(scores).tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(("rate", "starts_best"), [(0.02, True), (0.006, False)])
def test_divergence_keeps_the_best_weights_by_what_is_monitored(rate, starts_best):
    y = NUMBERS * 50
    parameters = {"activation": "identity", "solver": "sgd", "learning_rate_init": rate}
    parameters |= {"max_iter": 200, "batch_size": 20, "n_iter_no_change": 300, "monitor": "loss"}
    with pytest.warns(ConvergenceWarning, match="diverged") as caught:
        model = fitted("regression", y=y, **parameters)
    assert ("those that training started from" in str(caught[0].message)) == starts_best
    assert len(model.validation_loss_curve_) == model.n_iter_
    best = int(np.argmin(model.validation_loss_curve_))
    changes = {"learning_rate_init": 1e-300} if starts_best else {"max_iter": best + 1}
    expected = fitted("regression", y=y, **parameters | {"max_iter": 1} | changes)
    assert same_weights(model, expected)
    lowest = expected.validation_loss_curve_[-1]
    assert lowest <= min(model.validation_loss_curve_)
    assert model.best_validation_score_ == pytest.approx(-lowest)
    assert np.isfinite(r2_score(y[VAL], model.predict(X[VAL])))


@pytest.mark.parametrize("monitor", ["score", "loss", "neg_log_loss"])
def test_each_network_of_a_committee_is_judged_by_itself(monitor):
    model = fitted(n_members=2, monitor=monitor, restore_best=True, learning_rate_init=0.2)
    for member in model.members_:
        losses, scores = member.validation_loss_curve_, member.validation_scores_
        best = int(np.argmax(scores))
        expected = log_loss(NAMES[VAL], member.predict_proba(X[VAL]))
        assert losses[best] == pytest.approx(expected)
    curves = [member.validation_loss_curve_ for member in model.members_]
    assert curves[0] != curves[1]
    assert_allclose(model.validation_loss_curve_, np.mean(curves, axis=0))


# Averages, divergence and scores that are no numbers


def test_only_epochs_with_an_average_compete_for_the_best():
    data = np.random.RandomState(0).normal(size=(200, 6))
    y = data[:, 0] + 0.3 * np.random.RandomState(1).normal(size=200)
    settings = {"learning_rate_init": 0.3, "n_iter_no_change": np.inf, "batch_size": 10}
    settings |= {"early_stopping": True, "max_iter": 20, "random_state": 0}
    model = MLPRegressor((8,), weight_averaging=SWA(0.5), **settings).fit(data, y)
    assert model._optimizer.average["count"] == 10
    assert model.best_validation_score_ == max(model.validation_scores_[10:])
    raw = MLPRegressor((8,), **settings).fit(data, y)
    assert model.validation_scores_[:10] == raw.validation_scores_[:10]
    assert model.validation_scores_[11:] != raw.validation_scores_[11:]


def test_a_divergence_leaves_curves_of_one_length_without_nan():
    data = np.random.RandomState(0).normal(size=(60, 4))
    model = MLPRegressor((5,), solver="sgd", learning_rate_init=0.02, max_iter=15, batch_size=10)
    model.set_params(random_state=0, early_stopping=True, validation_fraction=0.3)
    model.set_params(n_iter_no_change=np.inf).fit(data, 40 * data[:, 0])
    curves = model.loss_curve_, model.validation_scores_, model.validation_loss_curve_
    assert {len(curve) for curve in curves} == {model.n_iter_}
    assert all(np.isfinite(curve).all() for curve in curves)


def test_a_monitor_without_numbers_is_told():
    model = MLPRegressor((4,), early_stopping=True, monitor=lambda *_: np.nan, random_state=0)
    data = np.random.RandomState(0).normal(size=(60, 4))
    with pytest.warns(ConvergenceWarning, match=r"gave no finite number.*monitor='loss'"):
        model.fit(data, data[:, 0])


def test_a_warm_start_with_other_validation_rows_starts_a_new_record():
    random = np.random.RandomState(0)
    data, other = random.normal(size=(200, 6)), random.normal(size=(40, 6))
    settings = {"early_stopping": True, "warm_start": True, "max_iter": 30, "random_state": 0}
    model = MLPRegressor((8,), learning_rate_init=0.02, batch_size=20, **settings)
    model.fit(data, data[:, 0], X_val=data[:40], y_val=data[:40, 0])
    noisy = other[:, 0] + 2 * random.normal(size=40)
    model.fit(data, data[:, 0], X_val=other, y_val=noisy)
    assert len(model.validation_scores_) == model.n_iter_ > 1
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_what_a_scorer_fails_with_names_the_monitor():
    data = np.random.RandomState(0).normal(size=(60, 4))
    labels = np.where(data[:, 0] > 0, "yes", "no")
    with pytest.raises(ValueError, match="pos_label") as caught:
        MLPClassifier((4,), early_stopping=True, monitor="f1").fit(data, labels)
    assert any("monitor='f1'" in note for note in caught.value.__notes__)


def test_steps_of_a_pipeline_transform_validation_rows_where_it_is_asked_to():
    raw, labels = load_breast_cancer(return_X_y=True)
    scaler = StandardScaler().fit(raw[:150])
    network = MLPClassifier((4,), early_stopping=True, max_iter=5, random_state=0)
    with config_context(enable_metadata_routing=True):
        network.set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler()), ("mlp", network)]
        pipe = Pipeline(steps, transform_input=["X_val"])
        pipe.fit(raw[:150], labels[:150], X_val=raw[150:220], y_val=labels[150:220])
    alone = clone(network).fit(
        scaler.transform(raw[:150]),
        labels[:150],
        X_val=scaler.transform(raw[150:220]),
        y_val=labels[150:220],
    )
    assert_array_equal(pipe[-1].validation_scores_, alone.validation_scores_)
