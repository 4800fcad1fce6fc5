"""scikit-learn's checks of estimators, with nothing excused."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import HIDDEN_ACTIVATIONS
from sknn_actloss.losses import LOSSES, Quantile
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS

ESTIMATORS = {"classification": MLPClassifier, "regression": MLPRegressor}

#: What trains far enough, and fast, for the scores that the checks ask for.
BASE = {"hidden_layer_sizes": 16, "max_iter": 50, "learning_rate_init": 0.02}
SETTINGS = {
    ("loss", "gamma"): {"max_iter": 150},
    ("loss", "poisson"): {"max_iter": 150},
    ("loss", "squared_log_error"): {"max_iter": 150},
    ("loss", "tweedie"): {"max_iter": 150},
    ("solver", "adadelta"): {"learning_rate_init": 2.0, "max_iter": 200},
    ("solver", "adagrad"): {"learning_rate_init": 0.1},
    ("solver", "lbfgs"): {"alpha": 1.0},
    ("solver", "sgd"): {"learning_rate_init": 0.05},
    ("learning_rate", "exponential"): {"learning_rate_init": 0.05},
    ("learning_rate", "invscaling"): {"learning_rate_init": 0.2, "max_iter": 150},
}
CASES = [
    (task, parameter, name)
    for task in ESTIMATORS
    for parameter, names in (
        ("loss", LOSSES[task]),
        ("activation", HIDDEN_ACTIVATIONS),
        ("solver", SOLVERS),
        ("learning_rate", SCHEDULES),
    )
    for name in names
]


def failures(estimator):
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(results) > 50
    return {
        result["check_name"]: f"{result['status']}: {result['exception']}"
        for result in results
        if result["status"] not in ("passed", "skipped")
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", [MLPClassifier(), MLPRegressor()], ids=repr)
def test_defaults(estimator):
    assert failures(estimator) == {}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("task", "parameter", "name"), CASES)
def test_every_component(task, parameter, name):
    settings = BASE | SETTINGS.get((parameter, name), {}) | {parameter: name}
    assert failures(ESTIMATORS[task](**settings)) == {}


@pytest.mark.filterwarnings("ignore")
def test_several_quantiles():
    assert failures(MLPRegressor(**BASE, loss=Quantile((0.1, 0.5, 0.9)))) == {}


@pytest.mark.parametrize("name", LOSSES["regression"])
def test_targets_are_positive_only_where_the_loss_needs_them(name):
    tags = MLPRegressor(loss=name).__sklearn_tags__()
    positive = {"squared_log_error", "poisson", "gamma", "tweedie"}
    assert tags.target_tags.positive_only == (name in positive)
    assert not tags.regressor_tags.poor_score
