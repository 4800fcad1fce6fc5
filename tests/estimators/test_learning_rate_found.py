"""``learning_rate_init="auto"``: the rate that a range test finds, and the training after it."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification, make_regression
from sklearn.model_selection import GridSearchCV, KFold

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.losses import LOSSES
from sknn_actloss.model_selection import StackedGridSearchCV
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
X_NUMBERS, NUMBERS = make_regression(120, 6, noise=2.0, random_state=0)
NUMBERS = np.abs(NUMBERS / NUMBERS.std()) + 0.1
WEIGHTS = np.random.default_rng(0).uniform(0, 3, 120)
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]


def classifier(rate="auto", **parameters):
    parameters = {"max_iter": 4, "random_state": 0, "batch_size": 32} | parameters
    return MLPClassifier(5, learning_rate_init=rate, **parameters)


def regressor(rate="auto", **parameters):
    parameters = {"max_iter": 4, "random_state": 0, "batch_size": 32} | parameters
    return MLPRegressor(5, learning_rate_init=rate, **parameters)


def assert_same(first, second):
    arrays = (model.coefs_ + model.intercepts_ for model in (first, second))
    for one, two in zip(*arrays, strict=True):
        np.testing.assert_array_equal(one, two)
    assert first.loss_curve_ == second.loss_curve_
    assert first.learning_rate_curve_ == second.learning_rate_curve_
    assert first.learning_rate_init_ == second.learning_rate_init_


def assert_as_by_hand(model, *data, **fit_params):
    """Fit with a rate to be found, and again with what was found."""
    by_hand = clone(model)
    found = model.fit(*data, **fit_params)
    assert 1e-8 < found.learning_rate_init_ <= 10
    rate = found.learning_rate_init_
    assert_same(found, by_hand.set_params(learning_rate_init=rate).fit(*data, **fit_params))
    return found


# The training after the test


@pytest.mark.parametrize("name", STOCHASTIC)
def test_every_solver_trains_as_by_hand(name):
    model = assert_as_by_hand(classifier(solver=name), X, CLASSES)
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_goes_on_from_the_found_rate(name):
    model = assert_as_by_hand(regressor(learning_rate=name), X_NUMBERS, NUMBERS)
    assert model.learning_rate_init_ == regressor().fit(X_NUMBERS, NUMBERS).learning_rate_init_
    assert max(model.learning_rate_curve_) <= model.learning_rate_init_ * (1 + 1e-12)


@pytest.mark.parametrize("name", LOSSES["regression"])
def test_every_regression_loss(name):
    assert_as_by_hand(regressor(loss=name), X_NUMBERS, NUMBERS)


@pytest.mark.parametrize("name", LOSSES["classification"])
def test_every_classification_loss(name):
    assert_as_by_hand(classifier(loss=name), X, CLASSES)


@pytest.mark.parametrize(
    "parameters",
    [
        {"shuffle": False},
        {"batch_size": 120},
        {"batch_size": 7, "weight_decay": 0.1, "alpha": 0.1},
        {"early_stopping": True, "validation_fraction": 0.3},
        {"dtype": "float32"},
        {"class_weight": "balanced"},
        {"loss": "focal", "activation": ["gelu"]},
    ],
    ids=str,
)
def test_every_setting(parameters):
    assert_as_by_hand(classifier(**parameters), X, CLASSES)


@pytest.mark.parametrize(
    "data",
    [
        (sparse.csr_array(X), CLASSES),
        (X.astype(np.float32), CLASSES),
        (X[:10], CLASSES[:10]),
        (X, np.eye(3, dtype=int)[CLASSES]),
    ],
    ids=["sparse", "float32", "ten rows", "labels"],
)
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
def test_every_kind_of_data(data):
    assert_as_by_hand(classifier(), *data)


def test_several_outputs_and_weights():
    targets = np.column_stack([NUMBERS, -NUMBERS])
    assert_as_by_hand(regressor(), X_NUMBERS, targets, sample_weight=WEIGHTS)


def test_weights_that_are_zero_are_rows_that_are_not_there():
    weights = np.repeat([1.0, 0.0], 60)
    spoilt = np.where(weights == 0, 1e3, NUMBERS)
    parameters = {"shuffle": False, "batch_size": 120}
    first, second = (
        regressor(**parameters).fit(X_NUMBERS, y, sample_weight=weights) for y in (NUMBERS, spoilt)
    )
    assert first.learning_rate_init_ == second.learning_rate_init_


# Random numbers


def test_a_generator_goes_on_as_if_nothing_had_been_tested():
    generators = [np.random.RandomState(3) for _ in range(2)]
    found = classifier(random_state=generators[0], early_stopping=True).fit(X, CLASSES)
    rate = found.learning_rate_init_
    by_hand = classifier(rate, random_state=generators[1], early_stopping=True).fit(X, CLASSES)
    assert_same(found, by_hand)
    assert generators[0].random_sample() == generators[1].random_sample()


def test_the_global_generator_too():
    np.random.seed(3)
    found = classifier(random_state=None).fit(X, CLASSES)
    draw = np.random.random_sample()
    np.random.seed(3)
    assert_same(found, classifier(found.learning_rate_init_, random_state=None).fit(X, CLASSES))
    assert draw == np.random.random_sample()


def test_the_same_seed_finds_the_same_rate():
    assert_same(classifier().fit(X, CLASSES), classifier().fit(X, CLASSES))


# The rate


def test_early_stopping_tests_on_training_rows_only():
    model = regressor(early_stopping=True, validation_fraction=KFold(5))
    spoilt = NUMBERS.copy()
    spoilt[: len(spoilt) // 5] *= 1e3
    first, second = (clone(model).fit(X_NUMBERS, y) for y in (NUMBERS, spoilt))
    assert first.learning_rate_init_ == second.learning_rate_init_


def test_larger_gradients_give_sgd_a_lower_rate():
    rates = [
        regressor(solver="sgd").fit(X_NUMBERS, scale * NUMBERS).learning_rate_init_
        for scale in (1, 100)
    ]
    assert rates[1] < rates[0]


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "lion"])
def test_better_than_a_default_that_is_too_low(solver):
    images, digits = load_digits(return_X_y=True)
    images, digits = images[:600] / 16, digits[:600]
    model = MLPClassifier((20,), solver=solver, batch_size=60, max_iter=8, random_state=0)
    found, default = (
        clone(model).set_params(learning_rate_init=rate).fit(images, digits).loss_
        for rate in ("auto", 0.001)
    )
    assert found < (default if solver == "lion" else default / 2)


def test_a_given_rate_is_recorded_too():
    assert classifier(0.02).fit(X, CLASSES).learning_rate_init_ == 0.02
    model = MLPClassifier(5, learning_rate=0.05, max_iter=2, random_state=0).fit(X, CLASSES)
    assert model.learning_rate_init_ == 0.05
    model.set_params(learning_rate="constant", solver="lbfgs").fit(X, CLASSES)
    assert not hasattr(model, "learning_rate_init_")


def test_verbose_says_what_was_found(capsys):
    model = classifier(verbose=True).fit(X, CLASSES)
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"Learning rate found: suggestion {model.learning_rate_init_:.3g}")


# Fits that go on


def test_partial_fit_finds_the_rate_once():
    found, by_hand = classifier(), classifier()
    found.partial_fit(X[:60], CLASSES[:60], classes=[0, 1, 2])
    rate = found.learning_rate_init_
    by_hand.set_params(learning_rate_init=rate)
    by_hand.partial_fit(X[:60], CLASSES[:60], classes=[0, 1, 2])
    for part in (slice(60, 120), slice(0, 60)):
        found = pickle.loads(pickle.dumps(found))
        found.partial_fit(X[part], CLASSES[part])
        by_hand.partial_fit(X[part], CLASSES[part])
        assert found.learning_rate_init_ == rate
    assert_same(found, by_hand)


def test_a_warm_start_keeps_the_rate():
    found = classifier(warm_start=True).fit(X, CLASSES)
    rate = found.learning_rate_init_
    by_hand = classifier(rate, warm_start=True).fit(X, CLASSES)
    assert_same(found.fit(X, CLASSES), by_hand.fit(X, CLASSES))


def test_a_warm_start_with_another_solver_tests_anew():
    model = classifier(warm_start=True).fit(X, CLASSES)
    before = model.learning_rate_init_
    model.set_params(solver="adadelta").fit(X, CLASSES)
    assert model.learning_rate_init_ > 5 * before


def test_a_new_fit_tests_anew():
    model = regressor(solver="sgd").fit(X_NUMBERS, NUMBERS)
    other = clone(model).fit(X_NUMBERS, 100 * NUMBERS)
    assert model.fit(X_NUMBERS, 100 * NUMBERS).learning_rate_init_ == other.learning_rate_init_


# What cannot be


@pytest.mark.parametrize(
    ("parameters", "parts"),
    [
        ({"learning_rate": 0.1}, ["learning_rate=0.1", "learning_rate_init='auto'", "both give"]),
        ({"solver": "lbfgs"}, ["lbfgs", "learning_rate_init='auto'", "learning_rate_init=0.001"]),
    ],
)
def test_conflicts_name_both_settings(parameters, parts):
    with pytest.raises(ValueError, match="Set") as error:
        classifier(**parameters).fit(X, CLASSES)
    assert all(part in str(error.value) for part in parts)


def test_the_lowest_rate_where_all_diverge_and_no_warning():
    model = regressor(solver="sgd", loss="squared_error")
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        model.fit(1e80 * X_NUMBERS, NUMBERS)


# Searches


@pytest.mark.parametrize("early_stopping", [False, True])
def test_searches_over_found_and_given_rates(early_stopping):
    grid = {"learning_rate_init": ["auto", 0.01], "solver": ["sgd", "adam"], "alpha": [0, 0.1]}
    model = classifier(early_stopping=early_stopping)
    searches = [
        search(model, grid, cv=3, error_score="raise").fit(X, CLASSES)
        for search in (GridSearchCV, StackedGridSearchCV)
    ]
    one_by_one, at_once = (search.cv_results_ for search in searches)
    np.testing.assert_allclose(one_by_one["mean_test_score"], at_once["mean_test_score"])
    for search in searches:
        single = clone(search.best_estimator_).fit(X, CLASSES)
        assert search.best_estimator_.learning_rate_init_ == single.learning_rate_init_
