"""Weights are unbiased: a row of weight k is worth k copies of it, in every batch alike."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.neural_network import MLPRegressor as ReferenceRegressor

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.losses import LOSSES, Quantile
from sknn_actloss.solvers import SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
X_LABELS, LABELS = make_multilabel_classification(120, 6, random_state=0)
X_NUMBERS, NUMBERS = make_regression(120, 6, noise=2.0, random_state=0)
NUMBERS = np.exp(NUMBERS / NUMBERS.std())
COUNTS = np.random.RandomState(0).randint(0, 4, 120)

LOSS_CASES = [
    *((task, name) for task in LOSSES for name in LOSSES[task]),
    ("regression", Quantile((0.1, 0.5, 0.9))),
]


def assert_same_fit(first, second, rtol=1e-6):
    for a, b in zip(
        first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_, strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-8)
    np.testing.assert_allclose(first.loss_, second.loss_, rtol=rtol)


def estimator(task, **parameters):
    cls = MLPClassifier if task == "classification" else MLPRegressor
    return cls(7, **{"max_iter": 15, "alpha": 0.1, "random_state": 0} | parameters)


def data(task):
    return (X, CLASSES) if task == "classification" else (X_NUMBERS, NUMBERS)


def assert_weights_equal_repetition(task, **parameters):
    rows, targets = data(task)
    weighted = estimator(task, batch_size=120, **parameters).fit(rows, targets, COUNTS)
    repeated = estimator(task, batch_size=COUNTS.sum(), **parameters)
    repeated.fit(np.repeat(rows, COUNTS, axis=0), np.repeat(targets, COUNTS))
    assert_same_fit(weighted, repeated)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", LOSSES)
def test_integer_weights_equal_repetition_for_every_solver(task, solver):
    assert_weights_equal_repetition(task, solver=solver)


@pytest.mark.parametrize(("task", "loss"), LOSS_CASES)
def test_integer_weights_equal_repetition_for_every_loss(task, loss):
    assert_weights_equal_repetition(task, loss=loss)


@pytest.mark.parametrize("task", LOSSES)
def test_unit_weights_change_nothing(task):
    rows, targets = data(task)
    plain = estimator(task, batch_size=32).fit(rows, targets)
    assert_same_fit(plain, estimator(task, batch_size=32).fit(rows, targets, np.ones(120)), 0)


def test_a_batch_is_divided_by_its_rows_times_the_mean_weight():
    weights = np.linspace(0.1, 3.0, 120)
    alpha, rate, batch = 0.3, 0.01, 50
    model = MLPRegressor(
        (), solver="sgd", momentum=0, alpha=alpha, learning_rate_init=rate, batch_size=batch,
        shuffle=False, max_iter=1, random_state=0, weight_init="glorot_uniform",
    )  # fmt: skip
    model.fit(X_NUMBERS, NUMBERS, weights)
    start = np.random.RandomState(0)
    bound = np.sqrt(6 / 7)
    coef, intercept, losses = start.uniform(-bound, bound, 6), 0.0, []
    for first in range(0, 120, batch):
        rows = slice(first, min(first + batch, 120))
        n_rows = rows.stop - rows.start
        error = X_NUMBERS[rows] @ coef + intercept - NUMBERS[rows]
        scale = n_rows * weights.mean()
        loss = (weights[rows] @ error**2 + alpha * coef @ coef) / 2 / scale
        losses.append(loss * n_rows / 120)
        gradient = (X_NUMBERS[rows].T @ (weights[rows] * error) + alpha * coef) / scale
        intercept -= rate * (weights[rows] @ error) / scale
        coef = coef - rate * gradient
    np.testing.assert_allclose(model.coefs_[0][:, 0], coef, rtol=1e-10)
    np.testing.assert_allclose(model.intercepts_[0], [intercept], rtol=1e-10)
    np.testing.assert_allclose(model.loss_, sum(losses), rtol=1e-10)


def test_scikit_learn_loses_weights_that_are_equal_within_batches():
    weights = np.repeat([1.0, 10.0], 60)
    parameters = {"hidden_layer_sizes": 5, "batch_size": 60, "shuffle": False, "alpha": 0.0}
    parameters |= {"solver": "sgd", "max_iter": 5, "random_state": 0}
    reference = ReferenceRegressor(**parameters)
    lost = reference.fit(X_NUMBERS, NUMBERS, weights).predict(X_NUMBERS)
    unweighted = ReferenceRegressor(**parameters).fit(X_NUMBERS, NUMBERS).predict(X_NUMBERS)
    np.testing.assert_allclose(lost, unweighted)
    ours = MLPRegressor(**parameters).fit(X_NUMBERS, NUMBERS, weights).predict(X_NUMBERS)
    assert not np.allclose(ours, unweighted)


def test_full_batches_give_scikit_learns_weighted_numbers():
    weights = np.linspace(0.1, 3.0, 120)
    parameters = {"hidden_layer_sizes": 5, "batch_size": 120, "max_iter": 20, "random_state": 0}
    reference = ReferenceRegressor(**parameters).fit(X_NUMBERS, NUMBERS, weights)
    ours = MLPRegressor(**parameters).fit(X_NUMBERS, NUMBERS, weights)
    assert_same_fit(ours, reference)


def test_a_batch_of_zero_weight_is_harmless():
    weights = np.repeat([0.0, 1.0], 60)
    model = MLPClassifier(5, batch_size=30, shuffle=False, max_iter=3, random_state=0)
    model.fit(X, CLASSES, weights)
    assert all(np.isfinite(coef).all() for coef in model.coefs_)


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (np.zeros(120), "non-zero|above zero"),
        (-np.ones(120), "Negative values"),
        (np.full(120, np.nan), "NaN"),
        (np.ones(7), "shape"),
        (np.ones((120, 2)), "1D"),
        (np.full(120, 5e-324), "sample_weight and class_weight add up to .* to divide by"),
        (np.append(1e-320, np.zeros(119)), "sample_weight and class_weight add up to"),
    ],
    ids=["zero", "negative", "nan", "length", "two-dimensional", "all vanish", "one vanishes"],
)
def test_bad_weights_are_refused(weights, match):
    with pytest.raises(ValueError, match=match):
        MLPClassifier(5).fit(X, CLASSES, weights)


@pytest.mark.parametrize("class_weight", [{"a": 2.0, "b": 0.5, "c": 1.0}, "balanced", {"b": 3.0}])
def test_class_weights_equal_sample_weights(class_weight):
    names = np.array(["a", "b", "c"])[CLASSES]
    counts = np.bincount(CLASSES)
    by_class = (
        120 / (3 * counts)
        if class_weight == "balanced"
        else [class_weight.get(name, 1.0) for name in "abc"]
    )
    weighted = MLPClassifier(5, max_iter=5, random_state=0)
    weighted.fit(X, names, np.asarray(by_class)[CLASSES])
    model = MLPClassifier(5, max_iter=5, random_state=0, class_weight=class_weight)
    assert_same_fit(model.fit(X, names), weighted)


def test_class_weights_of_labels():
    weights = [{0: 1.0, 1: 2.0}] * LABELS.shape[1]
    model = MLPClassifier(5, max_iter=5, random_state=0, class_weight=weights)
    by_hand = MLPClassifier(5, max_iter=5, random_state=0)
    by_hand.fit(X_LABELS, LABELS, 2.0 ** LABELS.sum(axis=1))
    assert_same_fit(model.fit(X_LABELS, LABELS), by_hand)


def test_partial_fit_takes_a_dict_of_class_weights_but_no_balance():
    model = MLPClassifier(5, class_weight={0: 2.0, 2: 3.0}, random_state=0)
    model.partial_fit(X[CLASSES != 2], CLASSES[CLASSES != 2], classes=[0, 1, 2])
    with pytest.raises(ValueError, match="balanced"):
        MLPClassifier(5, class_weight="balanced").partial_fit(X, CLASSES, classes=[0, 1, 2])


def test_score_takes_weights():
    model = MLPClassifier(5, max_iter=5, random_state=0).fit(X, CLASSES)
    correct = model.predict(X) == CLASSES
    assert model.score(X, CLASSES, correct) == 1.0
