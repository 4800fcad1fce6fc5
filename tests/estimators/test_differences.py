"""Each difference from scikit-learn is what the documentation says, and no more."""

import inspect
import warnings

import numpy as np
import pytest
import sklearn.neural_network as reference
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning

import sknn_actloss as ours

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
NUMBERS = make_regression(120, 6, noise=2.0, random_state=0)[1]
NUMBERS = NUMBERS / NUMBERS.std()
ESTIMATORS = ["MLPClassifier", "MLPRegressor"]


def make(module, name, **parameters):
    parameters = {"hidden_layer_sizes": (6,), "max_iter": 10, "random_state": 0} | parameters
    return getattr(module, name)(**parameters)


def targets(name):
    return CLASSES if name == "MLPClassifier" else NUMBERS


def both(name, sample_weight=None, X=X, **parameters):
    models = (make(module, name, **parameters) for module in (ours, reference))
    return [model.fit(X, targets(name), sample_weight) for model in models]


def same(first, second, rtol=1e-6):
    return all(
        np.allclose(a, b, rtol=rtol, atol=1e-9)
        for a, b in zip(
            first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_, strict=True
        )
    )


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_attribute_and_method_of_scikit_learn_is_there(name):
    mine, theirs = both(name)
    parameters = theirs.get_params()
    assert {key: mine.get_params()[key] for key in parameters} == parameters
    public = {key for key in dir(theirs) if not key.startswith("_")}
    assert public <= set(dir(mine))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_new_parameters_leave_the_defaults_alone(name):
    new = make(ours, name).get_params().keys() - make(reference, name).get_params().keys()
    expected = {
        "checkpoint",
        "dropout",
        "dtype",
        "feature_scale",
        "gradient_clip",
        "l1",
        "max_norm",
        "max_time",
        "monitor",
        "n_members",
        "normalization",
        "out_activation",
        "restore_best",
        "skip_connections",
        "weight_averaging",
        "weight_decay",
        "weight_init",
    }
    own = {"MLPClassifier": {"loss", "class_weight"}, "MLPRegressor": {"target_scaling"}}
    assert new == expected | own[name]
    assert make(ours, name).get_params().items() >= make(reference, name).get_params().items()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_hidden_layer_sizes_come_first_and_loss_is_keyword_only(name):
    signature = inspect.signature(getattr(ours, name)).parameters
    assert list(signature)[:2] == ["hidden_layer_sizes", "activation"]
    assert signature["loss"].kind is inspect.Parameter.KEYWORD_ONLY
    assert getattr(ours, name)((50,)).hidden_layer_sizes == (50,)
    assert next(iter(inspect.signature(reference.MLPRegressor).parameters)) == "loss"


@pytest.mark.parametrize("schedule", ["invscaling", "adaptive"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_adam_follows_schedules_that_scikit_learn_ignores(name, schedule):
    parameters = {"learning_rate": schedule, "n_iter_no_change": 1, "tol": 1.0, "max_iter": 30}
    mine, theirs = both(name, **parameters)
    assert same(theirs, make(reference, name, n_iter_no_change=1, tol=1.0).fit(X, targets(name)))
    assert not same(mine, theirs)
    assert min(mine.learning_rate_curve_) < 0.001
    assert same(*both(name, **parameters | {"solver": "sgd"}))


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_weights_agree_in_a_full_batch_only(name, solver):
    weights = np.linspace(0.1, 3.0, 120)
    full = {"solver": solver, "batch_size": 120, "alpha": 0.1}
    mine, theirs = both(name, weights, **full)
    assert same(mine, theirs)
    if solver != "lbfgs":
        np.testing.assert_allclose(mine.loss_curve_, theirs.loss_curve_, rtol=1e-6)
        mine, theirs = both(name, weights, **full | {"batch_size": 40})
        assert not same(mine, theirs)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_batch_without_weight_is_a_division_by_zero_in_scikit_learn_only(name):
    weights = np.repeat([0.0, 1.0], 60)
    parameters = {"batch_size": 60, "shuffle": False, "alpha": 0.1}
    model = make(ours, name, **parameters).fit(X, targets(name), weights)
    assert np.isfinite(model.loss_)
    with pytest.raises((RuntimeWarning, ZeroDivisionError, ValueError)):
        make(reference, name, **parameters).fit(X, targets(name), weights)


def test_invscaling_counts_a_row_by_its_weight():
    parameters = {"solver": "sgd", "learning_rate": "invscaling", "alpha": 0.0}
    mine, theirs = both("MLPRegressor", np.full(120, 2.0), **parameters)
    assert mine.learning_rate_curve_[1] == pytest.approx(0.001 / 241**0.5)
    repeated = make(ours, "MLPRegressor", **parameters, batch_size=240)
    repeated.fit(np.repeat(X, 2, axis=0), np.repeat(NUMBERS, 2))
    assert mine.learning_rate_curve_ == repeated.learning_rate_curve_
    assert same(mine, repeated)
    assert not same(mine, theirs)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_loss_of_several_outputs_is_summed(solver):
    y = np.column_stack([NUMBERS, -NUMBERS, X[:, 0]])
    parameters = {"alpha": 0.0, "solver": solver, "batch_size": 120, "max_iter": 1}
    models = [make(module, "MLPRegressor", **parameters).fit(X, y) for module in (ours, reference)]
    mine, theirs = models
    if solver == "adam":
        assert same(mine, theirs)
        assert mine.loss_ == pytest.approx(3 * theirs.loss_)
    else:  # The loss is that of the weights after the iteration.
        residual = mine.predict(X) - y
        assert mine.loss_ == pytest.approx(np.sum(residual**2) / 2 / 120)


def test_the_log_loss_is_not_clipped():
    y = np.repeat([0, 1], 60)
    losses = []
    for sign in (-1.0, 1.0):
        far = np.where(y, sign, -sign)[:, None] * 1e4
        parameters = {
            "activation": "identity", "solver": "sgd", "max_iter": 1, "alpha": 0.0,
            "learning_rate_init": 1e-12,
        }  # fmt: skip
        mine, theirs = (
            make(module, "MLPClassifier", **parameters).fit(far, y) for module in (ours, reference)
        )
        raw = mine.decision_function(far)
        exact = np.mean(np.logaddexp(0, np.where(y, -raw, raw)))
        assert mine.loss_ == pytest.approx(exact, rel=1e-6)
        losses.append((mine.loss_, theirs.loss_))
    mine, theirs = max(losses)
    assert theirs == pytest.approx(-np.log(np.finfo(float).eps), rel=1e-3)
    assert mine > 1e3


@pytest.mark.parametrize("name", ESTIMATORS)
def test_lbfgs_computes_in_float64_and_keeps_the_data_type(name):
    single = X.astype(np.float32)
    mine, theirs = both(name, X=single, solver="lbfgs", alpha=1.0)
    double = make(ours, name, solver="lbfgs", alpha=1.0).fit(single.astype(float), targets(name))
    for a, b in zip(mine.coefs_, double.coefs_, strict=True):
        np.testing.assert_array_equal(a, b.astype(np.float32))
    assert mine.coefs_[0].dtype == np.float32
    assert theirs.coefs_[0].dtype != np.float32 or not same(mine, theirs, 1e-7)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_lbfgs_has_a_loss_curve(name):
    mine, theirs = both(name, solver="lbfgs")
    assert len(mine.loss_curve_) == mine.n_iter_ == 10
    assert mine.loss_curve_[-1] == mine.loss_ == pytest.approx(theirs.loss_)
    assert not hasattr(mine, "learning_rate_curve_")


@pytest.mark.parametrize(
    "parameters",
    [{"early_stopping": True}, {"learning_rate": "adaptive"}, {"learning_rate": "invscaling"}],
    ids=str,
)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_lbfgs_refuses_what_scikit_learn_ignores(name, parameters):
    with pytest.raises(ValueError, match=r"solver='lbfgs' takes no"):
        make(ours, name, solver="lbfgs", **parameters).fit(X, targets(name))
    ignoring = make(reference, name, solver="lbfgs", **parameters).fit(X, targets(name))
    assert same(ignoring, make(reference, name, solver="lbfgs").fit(X, targets(name)))


def test_divergence_is_noticed_in_its_epoch():
    parameters = {
        "hidden_layer_sizes": (6,), "activation": "identity", "solver": "sgd", "alpha": 0.0,
        "learning_rate_init": 3.0, "batch_size": 120, "max_iter": 300, "random_state": 0,
        "n_iter_no_change": 300,
    }  # fmt: skip
    with pytest.warns(ConvergenceWarning, match=r"diverged in epoch \d+ at a learning rate of 3"):
        mine = ours.MLPRegressor(**parameters).fit(X, NUMBERS)
    assert mine.n_iter_ < 300
    assert np.isfinite(mine.predict(X)).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
            reference.MLPRegressor(**parameters).fit(X, NUMBERS)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_predictions_have_the_data_type_of_the_weights(name):
    mine, theirs = both(name, X=X.astype(np.float32))
    method = "predict_proba" if name == "MLPClassifier" else "predict"
    assert getattr(mine, method)(X).dtype == np.float32
    assert getattr(theirs, method)(X).dtype == np.float64


@pytest.mark.parametrize("name", ESTIMATORS)
def test_partial_fit_follows_a_changed_rate(name):
    models = [make(module, name, batch_size=120, solver="sgd") for module in (ours, reference)]
    steps = []
    for model in models:
        model.fit(X, targets(name)).set_params(learning_rate_init=1e-9)
        before = model.coefs_[0].copy()
        model.set_params(momentum=0.0).partial_fit(X, targets(name))
        steps.append(np.abs(model.coefs_[0] - before).max())
    assert steps[0] < 1e-7 < steps[1]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_another_solver_starts_anew_in_partial_fit(name):
    mine = make(ours, name).fit(X, targets(name))
    before = mine.coefs_[0].copy()
    mine.set_params(solver="sgd", learning_rate_init=0.01).partial_fit(X, targets(name))
    assert set(mine._optimizer.state) == {"velocity"}
    assert not np.array_equal(mine.coefs_[0], before)


def test_warm_starts_do_not_restrict_partial_fit_to_batches_with_all_classes():
    some = CLASSES < 2
    for module, accepts in ((ours, True), (reference, False)):
        model = make(module, "MLPClassifier", warm_start=True)
        model.partial_fit(X, CLASSES, classes=[0, 1, 2])
        if accepts:
            model.partial_fit(X[some], CLASSES[some])
        else:
            with pytest.raises(ValueError, match="same classes"):
                model.partial_fit(X[some], CLASSES[some])


def test_sizes_of_hidden_layers_must_be_integers():
    for size, error in ((5.0, TypeError), (True, TypeError), (0, ValueError), (-3, ValueError)):
        with pytest.raises(error, match="hidden_layer_sizes must be"):
            ours.MLPRegressor((4, size)).fit(X, NUMBERS)


def test_no_hidden_layer_is_a_linear_model_in_scikit_learn_as_well():
    assert same(*both("MLPRegressor", hidden_layer_sizes=()))
    assert same(*both("MLPClassifier", hidden_layer_sizes=()))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_several_activations_and_functions_are_refused_by_scikit_learn_only(name):
    for activation in (["tanh"], np.tanh):
        assert make(ours, name, activation=activation).fit(X, targets(name)).n_iter_ == 10
        with pytest.raises(ValueError, match="'activation'"):
            make(reference, name, activation=activation).fit(X, targets(name))
