"""The learning-rate finder and its display."""

import pickle
import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.inspection import LearningRateCurve, LearningRateDisplay, find_learning_rate
from sknn_actloss.solvers import SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
WEIGHTS = np.random.default_rng(0).uniform(0, 3, 120)


def network(**parameters):
    return MLPClassifier(5, **{"max_iter": 2, "random_state": 0, "batch_size": 32} | parameters)


def found_by_fit(model, *data, **fit_params):
    model = clone(model).set_params(learning_rate_init="auto")
    return model.fit(*data, **fit_params).learning_rate_init_


@pytest.mark.parametrize("solver", [name for name in SOLVERS if name != "lbfgs"])
def test_finds_what_fit_finds(solver):
    model = network(solver=solver)
    assert find_learning_rate(model, X, Y).suggestion == found_by_fit(model, X, Y)


@pytest.mark.parametrize(
    "parameters",
    [
        {"early_stopping": True},
        {"shuffle": False, "class_weight": "balanced"},
        {"learning_rate": "one_cycle"},
        {"learning_rate_init": "auto"},
        {"dtype": "float32"},
        {"n_members": 3},
        {"dropout": 0.2, "normalization": "batch", "weight_averaging": "swa"},
    ],
    ids=str,
)
@pytest.mark.parametrize("rows", [X, sparse.csr_array(X)], ids=["dense", "sparse"])
def test_finds_what_fit_finds_with_every_setting(parameters, rows):
    model = network(**parameters)
    test = find_learning_rate(model, rows, Y, WEIGHTS)
    assert test.suggestion == found_by_fit(model, rows, Y, sample_weight=WEIGHTS)


def test_an_own_rate_does_not_matter():
    tests = [
        find_learning_rate(network(**parameters), X, Y)
        for parameters in ({}, {"learning_rate": 0.3}, {"learning_rate_init": 0.3})
    ]
    assert len({test.suggestion for test in tests}) == 1


def test_steps_in_front_of_the_network():
    pipeline = make_pipeline(StandardScaler(), PCA(4), network())
    nested = Pipeline([("scale", StandardScaler()), ("rest", make_pipeline(PCA(4), network()))])
    rows = make_pipeline(StandardScaler(), PCA(4)).fit_transform(X)
    expected = find_learning_rate(network(), rows, Y)
    for model in (pipeline, nested):
        np.testing.assert_array_equal(find_learning_rate(model, X, Y).losses, expected.losses)
    alone = find_learning_rate(make_pipeline(network()), rows, Y)
    np.testing.assert_array_equal(alone.losses, expected.losses)
    pipeline.set_params(mlpclassifier__learning_rate_init="auto").fit(X, Y)
    assert pipeline[-1].learning_rate_init_ == expected.suggestion


def test_a_transformation_of_targets():
    y = 1000 * X[:, 0] + 5
    regressor = MLPRegressor(5, random_state=0)
    model = TransformedTargetRegressor(regressor, transformer=StandardScaler())
    expected = find_learning_rate(regressor, scale(X), scale(y))
    found = find_learning_rate(make_pipeline(StandardScaler(), model), X, y)
    np.testing.assert_allclose(found.losses, expected.losses)


def test_the_network_of_a_search():
    search = GridSearchCV(make_pipeline(StandardScaler(), network()), {})
    expected = find_learning_rate(search.estimator, X, Y)
    np.testing.assert_array_equal(find_learning_rate(search, X, Y).losses, expected.losses)


# What stays as it is


@pytest.mark.parametrize("is_fitted", [False, True])
def test_the_estimator_stays_as_it_is(is_fitted):
    generator = np.random.RandomState(4)
    pipeline = make_pipeline(StandardScaler(), network(random_state=generator, warm_start=True))
    if is_fitted:
        pipeline.fit(X, Y)
    before = pickle.dumps(pipeline)
    attributes = [vars(step).copy() for step in pipeline]
    find_learning_rate(pipeline, X + 1, Y)
    assert pickle.dumps(pipeline) == before
    assert pipeline[-1].random_state is generator
    for step, old in zip(pipeline, attributes, strict=True):
        assert vars(step).keys() == old.keys()
        assert all(vars(step)[name] is value for name, value in old.items())


def test_a_generator_gives_what_fit_finds():
    model = network(random_state=np.random.RandomState(4))
    test = find_learning_rate(model, X, Y)
    assert model.set_params(learning_rate_init="auto").fit(X, Y).learning_rate_init_ == (
        test.suggestion
    )


def test_the_global_generator_stays_where_it_is():
    np.random.seed(0)
    test = find_learning_rate(network(random_state=None), X, Y)
    model = network(random_state=None, learning_rate_init="auto").fit(X, Y)
    assert model.learning_rate_init_ == test.suggestion


# Options and errors


def test_rates_to_try():
    test = find_learning_rate(network(), X, Y, low=1e-4, high=0.1, n_steps=7)
    np.testing.assert_allclose(test.rates, np.geomspace(1e-4, 0.1, 7))
    assert isinstance(test, LearningRateCurve)
    assert test.losses.shape == test.smoothed_losses.shape == (7,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 0.0}, "low=0.0"),
        ({"low": 1.0, "high": 0.1}, "high=0.1"),
        ({"high": np.inf}, "high=inf"),
        ({"n_steps": 1}, "n_steps=1"),
        ({"n_steps": 2.5}, "n_steps=2.5"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        find_learning_rate(network(), X, Y, **options)


@pytest.mark.parametrize("model", [LogisticRegression(), make_pipeline(LogisticRegression()), "a"])
def test_only_own_networks(model):
    with pytest.raises(TypeError, match=r"MLPClassifier or MLPRegressor of sknn_actloss|clone"):
        find_learning_rate(model, X, Y)


def test_lbfgs_has_no_rate():
    with pytest.raises(ValueError, match=r"lbfgs.*stochastic solver"):
        find_learning_rate(network(solver="lbfgs"), X, Y)


def test_parameters_and_data_are_checked():
    with pytest.raises(ValueError, match="alpha"):
        find_learning_rate(network(alpha=-1), X, Y)
    with pytest.raises(ValueError, match="inconsistent"):
        find_learning_rate(network(), X, Y[:-1])


# The display


@pytest.fixture
def plt():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    yield pyplot
    pyplot.close("all")


def test_display_draws_the_curves(plt):
    display = LearningRateDisplay.from_estimator(network(), X, Y)
    test, (losses, smoothed, suggestion) = display.range_test, display.lines_
    assert test.suggestion == find_learning_rate(network(), X, Y).suggestion
    np.testing.assert_array_equal(losses.get_xydata().T, [test.rates, test.losses])
    np.testing.assert_array_equal(smoothed.get_xydata().T, [test.rates, test.smoothed_losses])
    assert set(suggestion.get_xdata()) == {test.suggestion}
    assert display.ax_.get_xscale() == "log"
    assert display.figure_ is display.ax_.figure
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == [line.get_label() for line in display.lines_]


def test_display_draws_into_given_axes(plt):
    figure, ax = plt.subplots()
    test = find_learning_rate(network(), X, Y, WEIGHTS, n_steps=20)
    display = LearningRateDisplay(test)
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert display.figure_ is figure
    other = LearningRateDisplay.from_estimator(network(), X, Y, WEIGHTS, ax=ax, n_steps=20)
    np.testing.assert_array_equal(other.range_test.losses, test.losses)


def test_display_leaves_out_the_peaks_of_a_divergence(plt):
    model = MLPRegressor(5, solver="sgd", max_iter=2, random_state=0)
    display = LearningRateDisplay.from_estimator(model, X, X[:, 0])
    low, high = display.ax_.get_ylim()
    assert display.range_test.losses.max() > 1e6
    assert low < display.range_test.smoothed_losses.min() < display.range_test.smoothed_losses[0]
    assert high < 3 * display.range_test.losses[0]


def test_display_of_nothing(plt):
    nothing = np.empty(0)
    display = LearningRateDisplay(LearningRateCurve(nothing, nothing, nothing)).plot()
    assert len(display.lines_) == 3


def test_matplotlib_is_needed_for_pictures_only(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    display = LearningRateDisplay(find_learning_rate(network(), X, Y))
    with pytest.raises(ImportError):
        display.plot()


def test_the_curve_draws_itself():
    display = find_learning_rate(network(), X, Y).plot()
    assert isinstance(display, LearningRateDisplay)
    assert display.ax_.get_xscale() == "log"
