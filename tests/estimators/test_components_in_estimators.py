"""Components inside the estimators: chosen, tuned, cloned, pickled and written by users."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import (
    ACTIVATIONS,
    HIDDEN_ACTIVATIONS,
    Activation,
    FunctionActivation,
    LeakyReLU,
    Softplus,
)
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES, FunctionLoss, Huber, Loss
from sknn_actloss.schedules import SCHEDULES, Cosine, ScaledSchedule
from sknn_actloss.solvers import SGD, SOLVERS, Adam, AdamW, StochasticSolver

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
X_NUMBERS, NUMBERS = make_regression(120, 6, noise=2.0, random_state=0)
NUMBERS = np.abs(NUMBERS / NUMBERS.std()) + 0.1
SHORT = {"max_iter": 3, "random_state": 0}


def classifier(**parameters):
    return MLPClassifier(5, **SHORT | parameters).fit(X, CLASSES)


def regressor(**parameters):
    return MLPRegressor(5, **SHORT | parameters).fit(X_NUMBERS, NUMBERS)


def components():
    for name in HIDDEN_ACTIVATIONS:
        yield "activation", name, ACTIVATIONS
    for name in LOSSES["regression"]:
        yield "loss", name, LOSSES["regression"]
    for parameter, table in (
        ("solver", SOLVERS),
        ("learning_rate", SCHEDULES),
        ("weight_init", INITIALIZERS),
    ):
        for name in table:
            yield parameter, name, table


COMPONENTS = list(components())
IDS = [f"{parameter}-{name}" for parameter, name, _ in COMPONENTS]


@pytest.mark.parametrize(("parameter", "name", "table"), COMPONENTS, ids=IDS)
def test_names_and_instances_are_the_same(parameter, name, table):
    by_name = regressor(**{parameter: name})
    by_instance = regressor(**{parameter: table[name]()})
    np.testing.assert_array_equal(by_name.coefs_[0], by_instance.coefs_[0])
    np.testing.assert_array_equal(
        clone(by_instance).fit(X_NUMBERS, NUMBERS).coefs_[0], by_instance.coefs_[0]
    )
    restored = pickle.loads(pickle.dumps(by_instance))
    np.testing.assert_array_equal(restored.predict(X_NUMBERS), by_name.predict(X_NUMBERS))


@pytest.mark.parametrize("loss", LOSSES["classification"])
def test_classification_losses_survive_clone_and_pickle(loss):
    model = classifier(loss=LOSSES["classification"][loss]())
    np.testing.assert_array_equal(classifier(loss=loss).coefs_[0], model.coefs_[0])
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(restored.predict(X), clone(model).fit(X, CLASSES).predict(X))


@pytest.mark.parametrize(
    ("parameter", "table"),
    [
        ("activation", ACTIVATIONS),
        ("loss", LOSSES["regression"]),
        ("weight_init", INITIALIZERS),
    ],
    ids=["activation", "loss", "weight_init"],
)
def test_aliases(parameter, table):
    assert table.aliases
    for alias, name in table.aliases.items():
        first, second = regressor(**{parameter: alias}), regressor(**{parameter: name})
        np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_pickle_holds_weights_and_solver_state_and_little_else(solver):
    rows, classes = np.tile(X, (20, 1)), np.tile(CLASSES, 20)
    early = solver != "lbfgs"
    model = MLPClassifier((150, 40), solver=solver, early_stopping=early, **SHORT)
    model.fit(rows, classes)
    n_params = sum(part.size for part in model.coefs_ + model.intercepts_)
    n_state = {"lbfgs": 0, "sgd": 1, "rmsprop": 1, "adagrad": 1, "lion": 1, "amsgrad": 3}
    expected = 8 * n_params * (1 + n_state.get(solver, 2))
    assert len(pickle.dumps(model)) <= 1.2 * expected + 32_000


@pytest.mark.parametrize("solver", [name for name in SOLVERS if name != "lbfgs"])
def test_partial_fit_goes_on_after_fit_and_after_unpickling(solver):
    model = MLPRegressor(5, solver=solver, batch_size=40, shuffle=False, **SHORT)
    model.fit(X_NUMBERS, NUMBERS)
    restored = pickle.loads(pickle.dumps(model))
    for _ in range(3):
        model.partial_fit(X_NUMBERS, NUMBERS)
        restored.partial_fit(X_NUMBERS, NUMBERS)
    np.testing.assert_array_equal(model.coefs_[0], restored.coefs_[0])
    whole = MLPRegressor(5, solver=solver, batch_size=40, shuffle=False, **SHORT | {"max_iter": 6})
    whole.fit(X_NUMBERS, NUMBERS)
    np.testing.assert_allclose(model.coefs_[0], whole.coefs_[0], rtol=1e-10)


def test_a_grid_reaches_inside_components():
    pipeline = make_pipeline(
        StandardScaler(),
        MLPRegressor(4, "leaky_relu", loss="huber", learning_rate="exponential", **SHORT),
    )
    grid = {
        "mlpregressor__loss__delta": [0.5, 2.0],
        "mlpregressor__activation__negative_slope": [0.01, 0.3],
        "mlpregressor__learning_rate__gamma": [0.9],
        "mlpregressor__solver__beta_2": [0.95],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X_NUMBERS, NUMBERS)
    best = search.best_estimator_[-1]
    assert best.loss == Huber(search.best_params_["mlpregressor__loss__delta"])
    assert best.solver == Adam(beta_2=0.95)
    assert search.cv_results_["mean_test_score"].std() > 0


def test_a_grid_over_names_and_instances():
    grid = {"loss": ["squared_error", Huber(0.3)], "activation": ["relu", LeakyReLU(0.2), np.tanh]}
    search = GridSearchCV(MLPRegressor(4, **SHORT), grid, cv=2).fit(X_NUMBERS, NUMBERS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_a_name_is_replaced_by_its_instance_when_a_field_is_set():
    model = MLPRegressor(loss="huber", beta_1=0.8, power_t=0.3)
    model.set_params(loss__delta=2.0, solver__beta_2=0.9, learning_rate="invscaling")
    assert model.loss == Huber(2.0)
    assert model.solver == Adam(beta_1=0.8, beta_2=0.9)
    model.set_params(learning_rate__power_t=0.4)
    assert model.learning_rate == SCHEDULES["invscaling"](0.4)
    model.set_params(activation="elu", activation__alpha=0.5)
    assert model.get_params()["activation__alpha"] == 0.5


@pytest.mark.parametrize(
    ("start", "change", "match"),
    [
        ({"loss": "huber"}, {"loss__nothing": 1}, "Valid parameters are: .*delta"),
        ({"activation": np.tanh}, {"activation__x": 1}, "neither a name nor a component"),
        ({"activation": ["relu"]}, {"activation__x": 1}, "neither a name nor a component"),
        ({}, {"out_activation__beta": 1}, "auto"),
        ({}, {"nothing": 1}, "Invalid parameter 'nothing'"),
        ({}, {"nothing__x": 1}, "Invalid parameter 'nothing'"),
    ],
    ids=["field", "function", "sequence", "auto", "parameter", "component"],
)
def test_what_cannot_be_set(start, change, match):
    with pytest.raises(ValueError, match=match):
        MLPRegressor(**start).set_params(**change)


def test_parameters_of_scikit_learn_feed_solvers_given_by_name():
    flat = {"momentum": 0.3, "nesterovs_momentum": False, "beta_1": 0.7, "beta_2": 0.9}
    flat |= {"epsilon": 1e-5}
    for name, instance in (("sgd", SGD(0.3, False)), ("adam", Adam(0.7, 0.9, 1e-5))):
        first, second = regressor(solver=name, **flat), regressor(solver=instance)
        np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])
    for name in SOLVERS:
        regressor(solver=name, max_fun=7, **flat)


def test_one_activation_for_each_layer():
    rates = {"max_iter": 3, "random_state": 0}
    mixed = MLPRegressor((4, 3), ["tanh", LeakyReLU(0.1)], **rates).fit(X_NUMBERS, NUMBERS)
    hidden = np.tanh(X_NUMBERS @ mixed.coefs_[0] + mixed.intercepts_[0])
    hidden = hidden @ mixed.coefs_[1] + mixed.intercepts_[1]
    hidden = np.where(hidden > 0, hidden, 0.1 * hidden)
    expected = (hidden @ mixed.coefs_[2] + mixed.intercepts_[2]).ravel()
    np.testing.assert_allclose(mixed.predict(X_NUMBERS), expected)


def swish(z):
    return z / (1 + np.exp(-z))


def cauchy(y, p):
    return np.log1p((p - y) ** 2)


def test_plain_functions_as_activation_and_loss():
    by_function, by_name = regressor(activation=swish), regressor(activation="silu")
    np.testing.assert_allclose(by_function.coefs_[0], by_name.coefs_[0], rtol=1e-8)
    half = FunctionLoss(lambda y, p: (y - p) ** 2 / 2)
    by_function, by_name = regressor(loss=half), regressor(loss="squared_error")
    np.testing.assert_allclose(by_function.coefs_[0], by_name.coefs_[0], rtol=1e-8)
    brier = MLPClassifier(5, loss=half, **SHORT).fit(X, CLASSES)
    np.testing.assert_allclose(
        brier.coefs_[0], classifier(loss="squared_error").coefs_[0], rtol=1e-8
    )
    assert not hasattr(brier, "predict_proba")
    restored = pickle.loads(pickle.dumps(regressor(activation=swish, loss=FunctionLoss(cauchy))))
    assert np.isfinite(restored.predict(X_NUMBERS)).all()


def test_a_given_derivative_is_used():
    absolute = FunctionLoss(lambda y, p: np.abs(y - p), lambda y, p: np.sign(p - y))
    start = {"solver": "sgd", "weight_init": "glorot_uniform"}
    model = regressor(loss=absolute, **start)
    assert np.isfinite(model.loss_)
    activation = FunctionActivation(np.abs, np.sign)
    assert np.isfinite(regressor(activation=activation).loss_)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"activation": np.abs}, "derivative"),
        ({"activation": lambda z: z - z.mean()}, "elementwise"),
        ({"activation": lambda z: z[:1]}, "shape"),
        ({"out_activation": np.abs}, "derivative"),
        ({"loss": FunctionLoss(lambda y, p: np.abs(y - p))}, "gradient"),
        ({"loss": FunctionLoss(lambda y, p: (y - p.mean()) ** 2)}, "elementwise"),
        ({"loss": FunctionLoss(lambda y, p: np.mean((y - p) ** 2))}, "shape"),
        ({"loss": FunctionLoss(lambda y, p: (y - p) ** 2, lambda y, p: 1.0)}, "shape"),
    ],
    ids=["abs", "mixes", "shape", "output", "loss abs", "loss mixes", "loss shape", "gradient"],
)
def test_functions_that_break_the_rules_are_refused_before_training(parameters, match):
    model = MLPRegressor(5, **parameters)
    with pytest.raises(ValueError, match=match):
        model.fit(X_NUMBERS, NUMBERS)
    assert not hasattr(model, "coefs_")


@dataclass(repr=False)
class Quartic(Loss):
    """A user's own loss."""

    scale: float = 1.0

    def value(self, y, raw):
        return np.sum(self.scale * (raw - y) ** 4, axis=-1)

    def gradient(self, y, raw, out):
        out[...] = 4 * self.scale * (raw - y) ** 3


@dataclass(repr=False)
class Square(Activation):
    """A user's own activation."""

    reads_input = True

    def forward(self, z, out):
        np.square(z, out=out)

    def backward(self, z, a, grad):
        grad *= 2 * z


@dataclass(repr=False)
class Halving(ScaledSchedule):
    """A user's own schedule."""

    def scale_at(self, progress):
        return 0.5**progress.epoch


@dataclass(repr=False)
class SignDescent(StochasticSolver):
    """A user's own solver."""

    def init_state(self, params):
        return {}

    def update(self, params, gradient, rate, state):
        params -= rate * np.sign(gradient)


def test_classes_of_users():
    own = {"loss": Quartic(), "activation": Square(), "learning_rate": Halving()}
    model = MLPRegressor(5, solver=SignDescent(), max_iter=4, random_state=0, **own)
    grid = GridSearchCV(model, {"loss__scale": [0.1, 1.0]}, cv=2).fit(X_NUMBERS, NUMBERS)
    best = grid.best_estimator_
    assert best.learning_rate_curve_ == [0.001, 0.0005, 0.00025, 0.000125]
    restored = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(restored.predict(X_NUMBERS), best.predict(X_NUMBERS))


def test_a_loss_that_sums_over_the_wrong_axis_is_refused():
    class Wrong(Quartic):
        def value(self, y, raw):
            return np.sum((raw - y) ** 4)

    with pytest.raises(ValueError, match="one value for each row"):
        regressor(loss=Wrong())


@pytest.mark.parametrize("output", ["softplus", "exp", "logistic", "relu", Softplus(3.0), expit])
def test_outputs_for_bounded_targets(output):
    targets = 0.8 * NUMBERS / NUMBERS.max() + 0.1
    if output is expit:
        output = FunctionActivation(expit, lambda z: expit(z) * expit(-z))
    model = MLPRegressor(
        8, out_activation=output, learning_rate_init=0.02, max_iter=200, random_state=0
    ).fit(X_NUMBERS, targets)
    assert model.predict(X_NUMBERS).min() >= 0
    assert model.score(X_NUMBERS, targets) > 0.3


@pytest.mark.parametrize("task", LOSSES)
def test_every_output_within_the_domain_of_the_loss_trains(task):
    estimator = MLPClassifier if task == "classification" else MLPRegressor
    rows, targets = (X, CLASSES) if task == "classification" else (X_NUMBERS, NUMBERS)
    kind = "multiclass" if task == "classification" else "continuous"
    for loss, make in LOSSES[task].items():
        for output in ACTIVATIONS:
            model = estimator(4, loss=loss, out_activation=output, max_iter=2, random_state=0)
            domain = make().for_targets(kind, output).prediction_domain
            fits = ACTIVATIONS[output]().range.within(domain)
            softmax_of_one = output == "softmax" and kind == "continuous"
            if fits and not softmax_of_one and not make().objection(output):
                assert np.isfinite(model.fit(rows, targets).loss_)
            else:
                with pytest.raises(ValueError, match=r"does not go with loss|two outputs"):
                    model.fit(rows, targets)


@pytest.mark.parametrize(
    ("estimator", "loss", "output"),
    [
        (MLPRegressor, "poisson", "relu"),
        (MLPRegressor, "gamma", "identity"),
        (MLPRegressor, "squared_log_error", "tanh"),
        (MLPClassifier, "log_loss", "identity"),
        (MLPClassifier, "log_loss", "hard_sigmoid"),
        (MLPClassifier, "squared_error", "tanh"),
    ],
)
def test_ranges_that_leave_the_domain(estimator, loss, output):
    targets = CLASSES if estimator is MLPClassifier else NUMBERS
    with pytest.raises(ValueError, match=r"out_activation=.* does not go with loss=.* leaves"):
        estimator(4, loss=loss, out_activation=output).fit(X, targets)


def test_softmax_needs_two_outputs():
    with pytest.raises(ValueError, match="at least two outputs"):
        MLPClassifier(4, out_activation="softmax").fit(X, CLASSES > 0)


def test_weight_decay_shrinks_weights_and_no_biases():
    parameters = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "random_state": 0}
    parameters |= {"max_iter": 1, "learning_rate_init": 0.1, "shuffle": False}
    for batch_size in (30, 120):
        start = MLPRegressor(5, **parameters | {"learning_rate_init": 1e-12}, batch_size=batch_size)
        start.fit(X_NUMBERS, np.zeros(120))
        frozen = FunctionLoss(lambda y, p: 0 * p, lambda y, p: 0 * p)
        decayed = MLPRegressor(
            5, loss=frozen, weight_decay=0.5, batch_size=batch_size, **parameters
        ).fit(X_NUMBERS, NUMBERS)
        n_steps = 120 // batch_size
        for before, after in zip(start.coefs_, decayed.coefs_, strict=True):
            np.testing.assert_allclose(after, before * (1 - 0.1 * 0.5) ** n_steps, rtol=1e-6)
        for before, after in zip(start.intercepts_, decayed.intercepts_, strict=True):
            np.testing.assert_allclose(after, before, rtol=1e-6)


def test_weight_decay_of_solver_and_estimator():
    by_solver = regressor(solver=AdamW(weight_decay=0.1))
    by_estimator = regressor(solver="adamw", weight_decay=0.1)
    np.testing.assert_array_equal(by_solver.coefs_[0], by_estimator.coefs_[0])
    default = regressor(solver="adamw")
    np.testing.assert_array_equal(default.coefs_[0], regressor(solver=AdamW()).coefs_[0])
    assert not np.array_equal(default.coefs_[0], by_solver.coefs_[0])
    with pytest.raises(ValueError, match="both set a decay"):
        regressor(solver=AdamW(), weight_decay=0.1)


@pytest.mark.parametrize(
    "parameters",
    [
        {"early_stopping": True},
        {"learning_rate": "invscaling"},
        {"learning_rate": "adaptive"},
        {"learning_rate": Cosine()},
        {"learning_rate": 0.1},
        {"weight_decay": 0.1},
    ],
    ids=str,
)
def test_lbfgs_takes_no_settings_of_minibatches(parameters):
    with pytest.raises(ValueError, match=r"solver='lbfgs' takes no .* Set .*=.*adam"):
        regressor(solver="lbfgs", **parameters)


def test_initial_weights_are_scikit_learns_for_every_loss():
    for loss in LOSSES["regression"]:
        random_state = np.random.RandomState(0)
        bound = np.sqrt(6 / 11)
        expected = random_state.uniform(-bound, bound, (6, 5))
        model = MLPRegressor(
            5, loss=loss, solver="sgd", learning_rate_init=1e-15, max_iter=1, random_state=0
        ).fit(X_NUMBERS, NUMBERS)
        np.testing.assert_allclose(model.coefs_[0], expected, atol=1e-9)


def test_multilabel_targets_go_with_every_loss():
    rows, labels = make_multilabel_classification(80, 6, random_state=0)
    for loss in LOSSES["classification"]:
        model = MLPClassifier(5, loss=loss, **SHORT).fit(rows, labels)
        assert model.predict(rows).shape == labels.shape
