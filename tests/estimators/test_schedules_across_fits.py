"""Where the learning rate stands is kept from call to call, and from process to process."""

import pickle
from dataclasses import dataclass, field

import numpy as np
import pytest
from sklearn.datasets import make_regression

from sknn_actloss import MLPRegressor
from sknn_actloss.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    CosineCycles,
    CosineRestarts,
    Exponential,
    InvScaling,
    Linear,
    MultiStep,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    Step,
)
from sknn_actloss.solvers import SOLVERS, StochasticSolver

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_regression(100, 5, noise=2.0, random_state=0)
Y = Y / Y.std()
RATE, N_STEPS, N_EPOCHS = 0.01, 3, 12
PATIENCE = {"tol": 0.02, "n_iter_no_change": 2}
VARIANTS = [
    Constant(warmup=2.5),
    Step(step_size=3, gamma=0.5, warmup=1),
    MultiStep(milestones=(2, 5), gamma=0.3),
    Exponential(gamma=0.8, warmup=2),
    InvScaling(power_t=0.2),
    CosineRestarts(first=3, multiplier=1.5, end=0.1),
    Linear(end=0.3, warmup=2),
    Polynomial(power=2.0, end=0.1),
    Cosine(end=0.1, warmup=0.5),
    CosineCycles(n_cycles=2),
    OneCycle(pct_start=0.5, div=5.0, final_div=10.0),
    ReduceOnPlateau(factor=0.5, patience=1, threshold=0.02, cooldown=1, min_rate=1e-3),
]
EVERY = [*(make() for make in SCHEDULES.values()), *VARIANTS]
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]


def model(schedule, **parameters):
    parameters = {
        "learning_rate_init": RATE, "batch_size": 40, "max_iter": N_EPOCHS, "random_state": 0,
        "shuffle": False,
    } | parameters  # fmt: skip
    return MLPRegressor(6, learning_rate=schedule, **parameters)


def simulated(schedule, fitted, **arguments):
    arguments = {
        "n_samples": 100, "losses": fitted.loss_curve_, "learning_rate_init": RATE,
        "max_iter": N_EPOCHS,
    } | arguments  # fmt: skip
    return schedule.simulate(len(fitted.learning_rate_curve_), N_STEPS, **arguments)


@pytest.mark.parametrize("schedule", EVERY, ids=repr)
def test_every_solver_runs_at_the_simulated_rates(schedule):
    for solver in STOCHASTIC:
        fitted = model(schedule, solver=solver, **PATIENCE).fit(X, Y)
        expected = simulated(schedule, fitted, **PATIENCE)
        np.testing.assert_allclose(
            fitted.learning_rate_curve_, expected, rtol=1e-12, err_msg=solver
        )


@pytest.mark.parametrize("schedule", EVERY, ids=repr)
def test_calls_of_partial_fit_are_epochs_of_a_fit(schedule):
    whole = model(schedule, tol=0.0, n_iter_no_change=100).fit(X, Y)
    parts = model(schedule, tol=0.0, n_iter_no_change=100)
    for _ in range(N_EPOCHS):
        parts = pickle.loads(pickle.dumps(parts.partial_fit(X, Y)))
    assert parts.learning_rate_curve_ == whole.learning_rate_curve_
    np.testing.assert_array_equal(parts.coefs_[0], whole.coefs_[0])


@pytest.mark.parametrize("schedule", EVERY, ids=repr)
def test_partial_fit_after_fit_counts_on_and_holds_the_end(schedule):
    fitted = model(schedule, tol=0.0, n_iter_no_change=100).fit(X, Y)
    for _ in range(4):
        fitted.partial_fit(X, Y)
    expected = simulated(schedule, fitted, tol=0.0, n_iter_no_change=100)
    np.testing.assert_allclose(fitted.learning_rate_curve_, expected, rtol=1e-12)
    if isinstance(schedule, Linear | Polynomial | Cosine | CosineCycles | OneCycle):
        assert len(set(fitted.learning_rate_curve_[N_EPOCHS:])) == 1


@pytest.mark.parametrize("name", ["adaptive", "reduce_on_plateau"])
def test_early_stopping_lets_schedules_watch_the_validation_score(name):
    schedule = (
        ReduceOnPlateau(patience=0, threshold=0.5)
        if name == "reduce_on_plateau"
        else SCHEDULES[name]()
    )
    patience = {"tol": 0.1, "n_iter_no_change": 2}
    fitted = model(schedule, early_stopping=True, batch_size=30, max_iter=30, **patience).fit(X, Y)
    expected = simulated(
        schedule, fitted, losses=-np.array(fitted.validation_scores_), max_iter=30, **patience
    )
    np.testing.assert_allclose(fitted.learning_rate_curve_, expected, rtol=1e-12)
    assert fitted.learning_rate_curve_[-1] < RATE


def test_rows_count_by_their_weights():
    weights = np.linspace(0.5, 3.0, 100)
    fitted = model("invscaling").fit(X, Y, weights)
    expected = simulated(InvScaling(), fitted, n_samples=weights.sum())
    np.testing.assert_allclose(fitted.learning_rate_curve_, expected, rtol=1e-12)


def test_a_warm_start_begins_a_schedule_anew_but_goes_on_counting_rows():
    fitted = model("linear", warm_start=True).fit(X, Y).fit(X, Y)
    first, second = np.split(np.array(fitted.learning_rate_curve_), 2)
    np.testing.assert_array_equal(first, second)
    fitted = model("invscaling", warm_start=True, max_iter=2).fit(X, Y).fit(X, Y)
    expected = RATE / np.sqrt([1, 101, 1, 301])
    np.testing.assert_allclose(fitted.learning_rate_curve_, expected)


def test_another_schedule_takes_over_in_partial_fit():
    fitted = model("constant").partial_fit(X, Y)
    fitted.set_params(learning_rate=Exponential(gamma=0.5)).partial_fit(X, Y)
    fitted.set_params(learning_rate_init=0.1).partial_fit(X, Y)
    np.testing.assert_allclose(fitted.learning_rate_curve_, [RATE, RATE * 0.5, 0.1 * 0.25])


@dataclass(repr=False)
class Listener(StochasticSolver):
    """Takes no step, and notes the rates."""

    rates: list = field(default_factory=list)

    def init_state(self, params):
        return {}

    def update(self, params, gradient, rate, state):
        self.rates.append(float(np.squeeze(rate)))


STEP = np.arange(N_EPOCHS * N_STEPS)
SHARE = STEP / (N_EPOCHS * N_STEPS)


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        (Linear(), 1 - SHARE),
        (Cosine(end=0.2), 0.2 + 0.8 * (1 + np.cos(np.pi * SHARE)) / 2),
        (Polynomial(power=2.0), (1 - SHARE) ** 2),
        (Constant(warmup=2), np.minimum((STEP + 1) / (2 * N_STEPS), 1)),
        (Exponential(gamma=0.5), 0.5 ** (STEP // N_STEPS)),
        (lambda step: 1 / (1 + step), 1 / (1 + STEP)),
    ],
    ids=["linear", "cosine", "polynomial", "warmup", "exponential", "function"],
)
def test_rates_of_single_steps(schedule, factors):
    solver = Listener()
    model(schedule, solver=solver, n_iter_no_change=100).fit(X, Y)
    np.testing.assert_allclose(solver.rates, RATE * factors, rtol=1e-12)
