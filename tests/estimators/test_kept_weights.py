"""Weights that are kept as the best have the loss they are kept for, and are not made worse."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss import Checkpoint, MLPClassifier, MLPRegressor
from sknn_actloss.losses import LOSSES
from sknn_actloss.model_selection import StackedGridSearchCV
from sknn_actloss.solvers import SOLVERS

RNG = np.random.RandomState(0)
X = RNG.standard_normal((24, 3))
NUMBERS = np.abs(X[:, 0] + 0.3 * RNG.standard_normal(24)) + 0.1
CODES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
TASKS = {"regression": (MLPRegressor, NUMBERS), "classification": (MLPClassifier, CODES)}
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]
SETTINGS = {"hidden_layer_sizes": (4,), "random_state": 0, "alpha": 0.1}
#: What a fit says that has ended above where it began, or that keeps something else.
TOLD = r"made the network worse|never fell|are dead|worse than a constant|diverged"


def make(task, **parameters):
    return TASKS[task][0](**SETTINGS | parameters)


def fitted(model, X, y, **fit):
    """Fit, and return what was warned of; ``None`` where the fit was refused."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(X, y, **fit)
        except ValueError as error:
            if "non-finite" not in str(error):
                raise
            return None
    assert {warning.category for warning in caught} <= {ConvergenceWarning}
    return " ".join(str(warning.message) for warning in caught)


def own_loss(model, X, y, **fit):
    """Return the loss of fitted weights, as a training of no step size finds it."""
    looks = clone(model).set_params(
        warm_start=True, solver="sgd", learning_rate="constant", learning_rate_init=1e-300
    )
    looks.set_params(max_iter=1, restore_best=False, early_stopping=False, dropout=0.0)
    own = {name: value for name, value in vars(model).items() if name not in model.get_params()}
    vars(looks).update(own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return looks.fit(X, y, **fit).loss_curve_[-1]


def initial_loss(model, X, y, **fit):
    begun = clone(model).set_params(
        solver="sgd", learning_rate_init=1e-300, max_iter=1, restore_best=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        begun.set_params(learning_rate="constant", early_stopping=False).fit(X, y, **fit)
    return own_loss(begun, X, y, **fit)


def assert_honest(model, X, y, **fit):
    """Assert that a fit keeps what it says, or says what it has done."""
    message = fitted(model, X, y, **fit)
    if message is None:
        return "refused"
    first, last = initial_loss(model, X, y, **fit), own_loss(model, X, y, **fit)
    assert np.isfinite(last)
    assert np.isfinite(model.predict(X)).all()
    if "diverged" in message or model.restore_best is True:
        assert model.best_loss_ == pytest.approx(last, rel=1e-5)
        assert last <= first * (1 + 1e-6)
        return "kept"
    if last > first * (1 + 1e-5):
        assert re.search(TOLD, message), message
        return "worse"
    return "better"


CASES = [(task, loss) for task in TASKS for loss in LOSSES[task]]


@pytest.mark.parametrize("batch_size", [1, 10, 24])
@pytest.mark.parametrize(("task", "loss"), CASES)
def test_losses_at_absurd_rates(task, loss, batch_size):
    outcomes = set()
    for rate in (0.5, 1e3):
        for parameters in ({"max_iter": 2}, {"max_iter": 3, "restore_best": True}):
            model = make(task, loss=loss, learning_rate_init=rate, **parameters)
            model.set_params(batch_size=batch_size)
            outcomes.add(assert_honest(model, X, TASKS[task][1]))
    assert "kept" in outcomes


@pytest.mark.parametrize("batch_size", [1, 10, 24])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_solvers_at_absurd_rates(solver, task, batch_size):
    for rate in (0.5, 30.0):
        for restore_best in ("auto", True):
            model = make(task, solver=solver, learning_rate_init=rate, restore_best=restore_best)
            model.set_params(max_iter=3)
            assert_honest(model.set_params(batch_size=batch_size), X, TASKS[task][1])


WEIGHT = RNG.uniform(0.1, 3.0, 24)
KINDS = {
    "sparse": (sparse.csr_array(X), {}),
    "float32": (X.astype(np.float32), {}),
    "weights": (X, {"sample_weight": WEIGHT}),
    "zero weights": (X, {"sample_weight": (WEIGHT > 1).astype(float)}),
}
WAYS = {
    "normalization": {"normalization": "batch"},
    "averaging": {"weight_averaging": "ema"},
    "late averaging": {"weight_averaging": "swa"},
    "dropout": {"dropout": 0.5},
    "l1": {"l1": 1.0},
    "scale": {"feature_scale": True},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("task", TASKS)
def test_data_kinds_at_absurd_rates(task, kind):
    rows, fit = KINDS[kind]
    for rate in (1.0, 100.0):
        for parameters in ({}, {"restore_best": True}, {"solver": "sgd", "batch_size": 7}):
            model = make(task, learning_rate_init=rate, max_iter=4, **parameters)
            assert_honest(model, rows, TASKS[task][1], **fit)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("task", TASKS)
def test_ways_to_train_at_absurd_rates(task, way):
    for batch_size in (10, 24):
        model = make(task, learning_rate_init=1.0, max_iter=4, restore_best=True, **WAYS[way])
        message = fitted(model.set_params(batch_size=batch_size), X, TASKS[task][1])
        assert message is not None
        if way not in ("dropout", "normalization"):  # whose training takes other outputs
            last = own_loss(model.set_params(weight_averaging=None), X, TASKS[task][1])
            assert model.best_loss_ == pytest.approx(last)


def test_one_step_that_explodes_is_undone_or_told():
    model = MLPRegressor((10,), solver="sgd", learning_rate_init=5.0, random_state=0, max_iter=30)
    message = fitted(model, X, NUMBERS)
    first = initial_loss(model, X, NUMBERS)
    assert f"those that training started from, with a training loss of {first:.6g}" in message
    assert model.best_loss_ == pytest.approx(first)
    assert message.startswith("Training diverged in epoch")
    model.set_params(max_iter=1)
    message = fitted(model, X, NUMBERS)
    last = own_loss(model, X, NUMBERS)
    assert last > first
    assert f"on the training rows is {last:.6g}, that of the initial weights {first:.6g}" in message
    assert "Lower learning_rate_init (it is 5)" in message


def test_weights_whose_predictions_are_not_finite_are_a_divergence():
    model = MLPRegressor((10,), solver="sgd", learning_rate_init=1e200, max_iter=1, random_state=0)
    message = fitted(model, X, NUMBERS)
    assert message.startswith("Training diverged in epoch 1 at a learning rate of 1e+200")
    assert np.abs(model.coefs_[0]).max() < 10
    assert np.isfinite(model.score(X, NUMBERS))


def test_a_healthy_fit_is_scikit_learns():
    for restore_best in ("auto", False):
        model = make("regression", max_iter=12, restore_best=restore_best)
        assert "made the network worse" not in fitted(model, X, NUMBERS)
        assert model.best_loss_ == min(model.loss_curve_)


def test_the_best_of_a_fit_by_whole_steps_is_found_among_all():
    model = make("regression", solver="sgd", learning_rate_init=0.9, max_iter=15, batch_size=24)
    epochs = [clone(model).set_params(max_iter=n) for n in range(1, 16)]
    for epoch in epochs:
        fitted(epoch, X, NUMBERS)
    losses = [own_loss(epoch, X, NUMBERS) for epoch in epochs]
    fitted(model.set_params(restore_best=True), X, NUMBERS)
    lowest = min([*losses, initial_loss(model, X, NUMBERS)])
    assert model.best_loss_ == pytest.approx(lowest)
    assert len(model.loss_curve_) == 15


@pytest.mark.parametrize("restore_best", [False, True])
def test_searches_checkpoints_and_committees_keep_the_same(tmp_path, restore_best):
    common = {"solver": "sgd", "max_iter": 6, "restore_best": restore_best, "batch_size": 8}
    for rate in (0.5, 2.0):
        single = make("regression", learning_rate_init=rate, **common)
        if fitted(single, X, NUMBERS) is None:
            continue
        search = StackedGridSearchCV(
            clone(single), {"learning_rate_init": [rate, 0.01]}, cv=[(np.arange(24), np.arange(5))],
            refit=lambda results: 0,
        )  # fmt: skip
        fitted(search, X, NUMBERS)
        saved = clone(single).set_params(checkpoint=Checkpoint(tmp_path, every_seconds=1e-9))
        fitted(saved, X, NUMBERS)
        for other in (search.best_estimator_, saved):
            np.testing.assert_array_equal(other.coefs_[0], single.coefs_[0])
            assert other.best_loss_ == single.best_loss_
        committee = clone(single).set_params(n_members=2)
        fitted(committee, X, NUMBERS)
        for member in committee.members_:
            assert member.best_loss_ == pytest.approx(own_loss(member, X, NUMBERS)) or not (
                restore_best
            )


@pytest.mark.parametrize("task", TASKS)
def test_validation_rows_choose_by_their_score_after_a_divergence(task):
    y = TASKS[task][1]
    model = make(task, solver="sgd", learning_rate_init=50.0, activation="identity", max_iter=99)
    model.set_params(monitor="loss", n_iter_no_change=99, batch_size=24)
    message = fitted(model, X, y, X_val=X, y_val=y)
    assert "diverged" in message
    begun = clone(model).set_params(learning_rate_init=1e-300, max_iter=1)
    fitted(begun, X, y, X_val=X, y_val=y)
    best = max(begun.validation_scores_[0], *model.validation_scores_)
    assert model.best_validation_score_ == pytest.approx(best)


def test_a_warm_start_that_makes_it_worse_says_so():
    model = make("regression", max_iter=60, learning_rate_init=0.02, warm_start=True)
    fitted(model, X, NUMBERS)
    before = own_loss(model, X, NUMBERS)
    message = fitted(model.set_params(learning_rate_init=1.0, max_iter=3), X, NUMBERS)
    assert "that of the weights that training went on from" in message
    assert own_loss(model, X, NUMBERS) > before


def test_partial_fit_undoes_what_cannot_predict():
    model = make("regression", solver="sgd", batch_size=24)
    model.partial_fit(X, NUMBERS)
    before = [part.copy() for part in model.coefs_]
    with pytest.warns(ConvergenceWarning, match="diverged in epoch 1"):
        model.set_params(learning_rate_init=1e200).partial_fit(X, NUMBERS)
    for part, old in zip(model.coefs_, before, strict=True):
        np.testing.assert_array_equal(part, old)
    model.set_params(learning_rate_init=0.001).partial_fit(X, NUMBERS)
    assert np.isfinite(model.predict(X)).all()
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        make("regression", solver="sgd", learning_rate_init=1e200).partial_fit(X, NUMBERS)
