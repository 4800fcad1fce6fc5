"""Learning rates that fall with the number of inputs of a layer."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_regression
from sklearn.model_selection import GridSearchCV

from sknn_actloss import MLPRegressor
from sknn_actloss.core import Network
from sknn_actloss.estimators import JointFit
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.model_selection import StackedGridSearchCV
from sknn_actloss.solvers import SGD, SOLVERS, Adam, AdamW, RMSprop

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_regression(90, 6, noise=1.0, random_state=0)
y = y / y.std()
BASE = {"hidden_layer_sizes": (9, 9), "batch_size": 30, "max_iter": 4, "random_state": 0}
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]
FAN_INS, REFERENCE, RATE = [6, 9, 9], 5.0, 0.01


def regressor(solver, **changes):
    return MLPRegressor(solver=solver, **{**BASE, "learning_rate_init": RATE, **changes})


def scales(model):
    return getattr(model, "feature_scale_", None)


def assert_same(first, second, **close):
    for one, other in zip(
        first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_, strict=True
    ):
        assert_allclose(one, other, **close)
    if scales(first) is not None:
        assert_allclose(scales(first), scales(second), **close)
    assert_allclose(first.loss_curve_, second.loss_curve_, **close)


def one_step(solver, **changes):
    """Return the weights and biases before and after a step."""
    settings = {"batch_size": 90, "shuffle": False, "alpha": 0.0, **changes}
    still = regressor(solver, learning_rate_init=1e-300, max_iter=1, **settings).fit(X, y)
    moved = regressor(solver, max_iter=1, **settings).fit(X, y)
    return still, moved


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_step_of_weights_is_longer_by_the_factor_and_one_of_biases_is_not(name, scaled):
    plain = SOLVERS[name]()
    factored = SOLVERS[name](fan_in_reference=REFERENCE)
    start, end = one_step(plain, feature_scale=scaled)
    _, other = one_step(factored, feature_scale=scaled)
    kept = 1 - RATE * plain.decoupled_decay
    for layer, n_inputs in enumerate(FAN_INS):
        before = kept * start.coefs_[layer]
        factor = np.sqrt(REFERENCE / n_inputs)
        step, longer = before - end.coefs_[layer], before - other.coefs_[layer]
        assert_allclose(longer, factor * step, rtol=1e-7, atol=1e-12)
        assert_array_equal(end.intercepts_[layer], other.intercepts_[layer])
    if scaled:
        assert_array_equal(scales(end), scales(other))


def test_neighbours_of_one_factor_take_their_steps_together():
    model = regressor("adam").fit(X, y)
    layout, network_model = model._layout, model._model
    params = np.zeros((3, layout.row_size))
    network = Network(layout, [network_model] * 3, params, 30)
    assert network.rate_factors(Adam().rate_factor) == [(slice(0, layout.n_params), 1.0)]
    found = network.rate_factors(Adam(fan_in_reference=9.0).rate_factor)
    # First biases, first weights, and then the others: both of nine inputs, and biases.
    assert [columns.stop - columns.start for columns, _ in found] == [9, 54, 90 + 10]
    assert [factor for _, factor in found] == [1.0, pytest.approx(1.5**0.5), 1.0]
    references = np.array([[2.0], [3.0]])
    found = network.rate_factors(Adam(fan_in_reference=references).rate_factor, slice(1, 3))
    assert_allclose(found[1][1], np.sqrt(references / 6))


@pytest.mark.parametrize("scaled", [False, True])
def test_members_that_differ_end_where_they_end_alone(scaled):
    solvers = [
        Adam(fan_in_reference=2.0),
        Adam(fan_in_reference=8.0),
        Adam(),
        SGD(fan_in_reference=3),
        SGD(0.5, fan_in_reference=6.0),
        AdamW(fan_in_reference=6.0, weight_decay=0.1),
        RMSprop(fan_in_reference=1.0),
    ]
    settings = [
        {"solver": solver, "feature_scale": FeatureScale(2.0 + i) if scaled else False}
        for i, solver in enumerate(solvers)
    ]
    estimators = [regressor(**setting) for setting in settings]
    together = JointFit(estimators, X, y)
    assert together.stacks == [list(range(7))]
    together.train()
    for estimator, setting in zip(estimators, settings, strict=True):
        assert_same(estimator, regressor(**setting).fit(X, y), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", STOCHASTIC)
def test_data_types(name, dtype):
    solver = SOLVERS[name](fan_in_reference=np.float64(3.0))
    model = regressor(solver, n_members=2).fit(X.astype(dtype), y)
    assert {array.dtype for array in model.coefs_} == {np.dtype(dtype)}


@pytest.mark.parametrize("solver", [Adam(fan_in_reference=4.0), SGD(fan_in_reference=4.0)])
def test_calls_of_partial_fit_go_on_where_fit_would(solver):
    settings = {"shuffle": False, "tol": 0.0, "n_iter_no_change": 99, "feature_scale": True}
    whole, parts = regressor(solver, **settings).fit(X, y), regressor(solver, **settings)
    for _ in range(BASE["max_iter"]):
        parts = pickle.loads(pickle.dumps(parts.partial_fit(X, y)))
    assert_same(whole, parts, rtol=1e-12)


def test_a_rate_is_found_with_the_factors():
    found = regressor(Adam(fan_in_reference=600.0), learning_rate_init="auto").fit(X, y)
    plain = regressor(Adam(), learning_rate_init="auto").fit(X, y)
    assert found.learning_rate_init_ < plain.learning_rate_init_


def test_grids_reach_the_reference():
    grid = {"solver__fan_in_reference": [None, 3.0, 30.0]}
    theirs = GridSearchCV(regressor("adam"), grid, cv=2).fit(X, y)
    ours = StackedGridSearchCV(regressor("adam"), grid, cv=2).fit(X, y)
    scores = [search.cv_results_["mean_test_score"] for search in (ours, theirs)]
    assert_allclose(*scores, rtol=1e-9)
    assert len(set(scores[1])) == 3


def test_lbfgs_has_none():
    with pytest.raises(ValueError, match="Invalid parameter 'fan_in_reference' for LBFGS"):
        regressor("lbfgs").set_params(solver__fan_in_reference=3.0)


@pytest.mark.parametrize("reference", [0, -1.0, "auto"])
def test_what_is_refused(reference):
    with pytest.raises(ValueError, match="'fan_in_reference' parameter of Adam"):
        regressor(Adam(fan_in_reference=reference)).fit(X, y)
