"""scikit-learn's checks of estimators, with nothing excused."""

from functools import reduce
from itertools import zip_longest
from operator import or_

import pytest
from sklearn.utils.estimator_checks import check_estimator

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import HIDDEN_ACTIVATIONS
from sknn_actloss.averaging import AVERAGES
from sknn_actloss.losses import LOSSES, Quantile
from sknn_actloss.normalization import NORMALIZATIONS
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS

ESTIMATORS = {"classification": MLPClassifier, "regression": MLPRegressor}

#: What trains far enough, and fast, for the scores that the checks ask for.
BASE = {"hidden_layer_sizes": 16, "max_iter": 30, "learning_rate_init": 0.05}
SLOWLY = {"max_iter": 50, "learning_rate_init": 0.02}
SETTINGS = {
    **{("loss", name): SLOWLY for names in LOSSES.values() for name in names},
    ("loss", "gamma"): SLOWLY | {"max_iter": 150},
    ("loss", "poisson"): SLOWLY | {"max_iter": 150},
    ("loss", "squared_log_error"): SLOWLY | {"max_iter": 150},
    ("loss", "tweedie"): SLOWLY | {"max_iter": 150},
    ("learning_rate", "invscaling"): {"learning_rate_init": 0.2, "max_iter": 100},
    ("solver", "adadelta"): {"learning_rate_init": 2.0, "max_iter": 100},
    ("solver", "adagrad"): {"learning_rate_init": 0.1},
    ("solver", "lbfgs"): {"alpha": 1.0},
    ("solver", "sgd"): {"max_iter": 50},
}
#: In pairs of which each reaches the scores that checks ask for: invscaling goes with Adam, and
#: constant with L-BFGS.
SOLVERS_IN_ORDER = [*(name for name in SOLVERS if name != "lbfgs"), "adam", "lbfgs", "adam"]
OTHERS = [name for name in SCHEDULES if name != "cosine_cycles"]
SCHEDULES_IN_ORDER = [*reversed(OTHERS), "cosine_cycles"]
#: Every activation, solver and schedule at least once, several in one estimator.
COMBINATIONS = [
    {
        parameter: name
        for parameter, name in zip(("activation", "solver", "learning_rate"), names, strict=True)
        if name
    }
    for names in zip_longest(HIDDEN_ACTIVATIONS, SOLVERS_IN_ORDER, SCHEDULES_IN_ORDER)
]
CASES = [
    (task, components)
    for task in ESTIMATORS
    for components in (*({"loss": name} for name in LOSSES[task]), *COMBINATIONS)
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
@pytest.mark.parametrize(
    ("task", "components"),
    CASES,
    ids=["-".join((task, *components.values())) for task, components in CASES],
)
def test_every_component(task, components):
    settings = [SETTINGS.get(component, {}) for component in components.items()]
    found = failures(ESTIMATORS[task](**reduce(or_, [BASE, *settings, components])))
    if components.get("loss") == "gamma":
        # The checks of transformers have targets of zero, whatever the tags of the estimator say.
        zero = [found.pop(name) for name in list(found) if name.startswith("check_transformer_")]
        assert all("loss='gamma' needs targets in (0, inf)" in message for message in zero)
    assert found == {}


def test_every_component_is_in_a_combination():
    for parameter, names in (
        ("activation", HIDDEN_ACTIVATIONS),
        ("solver", SOLVERS),
        ("learning_rate", SCHEDULES),
    ):
        assert {components.get(parameter) for components in COMBINATIONS} - {None} == set(names)
    for components in COMBINATIONS:
        assert components.get("solver") != "lbfgs" or components["learning_rate"] == "constant"


@pytest.mark.filterwarnings("ignore")
def test_several_quantiles():
    assert failures(MLPRegressor(**BASE, loss=Quantile((0.1, 0.5, 0.9)))) == {}


#: Options for which every check holds.
OPTIONS = {
    "gradient_clip": {"gradient_clip": 1.0},
    "l1": {"l1": 0.01},
    "max_norm": {"max_norm": 3.0},
    "skip_connections": {"skip_connections": True, "hidden_layer_sizes": (16, 16)},
    "layer norm with lbfgs": {"normalization": "layer", "solver": "lbfgs", "alpha": 1.0},
    "committee": {"n_members": 3},
    **{f"{name} norm": {"normalization": name} for name in NORMALIZATIONS},
    **{f"{name} average": {"weight_averaging": name} for name in AVERAGES},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("task", ESTIMATORS)
def test_every_option(task, name):
    assert failures(ESTIMATORS[task](**BASE | OPTIONS[name])) == {}


COPIES = "a weight of two and two copies of a row draw different random numbers"
ROWS = "rows set aside for validation are not the same with weights and with copies"
PARTIAL = "partial_fit sets no rows aside and refuses early_stopping=True"

#: Options with the checks that cannot hold, and why.
EXCUSED = {
    "dropout": (
        {"dropout": (0.1, 0.2)},
        {
            "check_sample_weight_equivalence_on_dense_data": COPIES,
            "check_sample_weight_equivalence_on_sparse_data": COPIES,
        },
    ),
    "early stopping": (
        {"early_stopping": True, "validation_fraction": 0.3},
        {
            "check_sample_weight_equivalence_on_dense_data": ROWS,
            "check_sample_weight_equivalence_on_sparse_data": ROWS,
            "check_fit_score_takes_y": PARTIAL,
            "check_n_features_in_after_fitting": PARTIAL,
            "check_estimators_partial_fit_n_features": PARTIAL,
        },
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EXCUSED)
@pytest.mark.parametrize("task", ESTIMATORS)
def test_nothing_else_is_excused(task, name):
    options, reasons = EXCUSED[name]
    found = failures(ESTIMATORS[task](**BASE | options))
    assert found.keys() <= reasons.keys(), found


@pytest.mark.parametrize("name", LOSSES["regression"])
def test_targets_are_positive_only_where_the_loss_needs_them(name):
    tags = MLPRegressor(loss=name).__sklearn_tags__()
    positive = {"squared_log_error", "poisson", "gamma", "tweedie"}
    assert tags.target_tags.positive_only == (name in positive)
    assert not tags.regressor_tags.poor_score
