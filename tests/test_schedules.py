"""Schedules against PyTorch's formulas, scikit-learn's optimizer, and themselves simulated."""

import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.base import clone
from sklearn.neural_network import MLPRegressor
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from sknn_actloss import schedules
from sknn_actloss.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    CosineCycles,
    CosineRestarts,
    Exponential,
    FunctionSchedule,
    InvScaling,
    LearningRate,
    Linear,
    MultiStep,
    OneCycle,
    Polynomial,
    Progress,
    ReduceOnPlateau,
    Schedule,
    Step,
    resolve_schedule,
)


def halving(step):
    """A user's function."""
    return 0.5 ** (step // 4)


INSTANCES = [
    *(SCHEDULES[name]() for name in SCHEDULES),
    FunctionSchedule(halving),
    InvScaling(power_t=0.25),
    Constant(warmup=2.5),
    Step(step_size=4, gamma=0.5, warmup=2),
    MultiStep([3, 5, 11], 0.3),
    Exponential(0.8, warmup=1),
    Linear(end=0.1, warmup=3),
    Polynomial(2.0, end=0.05),
    Cosine(end=0.2, warmup=0.4),
    CosineRestarts(3, 1.5, end=0.1),
    CosineCycles(2),
    OneCycle(0.2, 10.0, 100.0),
    ReduceOnPlateau(0.5, patience=2, cooldown=1, min_rate=1e-4),
]
EPOCHS, STEPS, ROWS = 20, 6, 1100
LOSSES = np.maximum(0.4, np.exp(-np.arange(EPOCHS) / 3.0)).tolist()


def step_rates(schedule, n_epochs=EPOCHS, n_steps=STEPS, init=1.0, max_iter=None):
    """Return the rate of each step of a training."""
    learning_rate = LearningRate(schedule, init)
    rates = []
    for _ in range(n_epochs):
        epoch = learning_rate.epoch_rates(n_steps, max_iter or n_epochs)
        rates.extend(np.broadcast_to(epoch, n_steps))
        learning_rate.end_epoch(n_steps, ROWS, 1.0)
    return np.array(rates)


@pytest.mark.parametrize("schedule", INSTANCES, ids=repr)
def test_simulate_equals_a_manual_drive(schedule):
    learning_rate = LearningRate(schedule, 0.3)
    recorded, best, count = [], np.inf, 0
    for loss in LOSSES:
        rates = learning_rate.epoch_rates(STEPS, EPOCHS)
        assert isinstance(rates, np.ndarray) == schedule.per_step
        assert np.shape(rates) == ((STEPS,) if schedule.per_step else ())
        assert learning_rate.current == (rates[-1] if schedule.per_step else rates)
        recorded.append(learning_rate.current)
        learning_rate.end_epoch(STEPS, ROWS, loss)
        count = count + 1 if loss > best - 1e-4 else 0
        best = min(best, loss)
        if count > 3:
            learning_rate.stalled()
            count = 0
    simulated = schedule.simulate(
        EPOCHS, STEPS, ROWS, LOSSES, learning_rate_init=0.3, n_iter_no_change=3
    )
    assert type(learning_rate.current) is float
    np.testing.assert_array_equal(simulated, recorded)


@pytest.mark.parametrize("schedule", INSTANCES, ids=repr)
def test_an_epoch_at_once_equals_step_by_step(schedule):
    batch = np.arange(STEPS)
    for epoch in range(25):
        at_once = schedule.rate(
            Progress(epoch * STEPS + batch, epoch, batch, epoch * ROWS, STEPS, EPOCHS, 2), 0.1
        )
        one_by_one = [
            schedule.rate(
                Progress(epoch * STEPS + i, epoch, i, epoch * ROWS, STEPS, EPOCHS, 2), 0.1
            )
            for i in range(STEPS)
        ]
        np.testing.assert_allclose(np.broadcast_to(at_once, STEPS), one_by_one, rtol=1e-15)


@pytest.mark.parametrize("schedule", INSTANCES, ids=repr)
def test_the_next_rate_is_known(schedule):
    learning_rate = LearningRate(schedule, 0.3)
    for loss in LOSSES[:-1]:
        learning_rate.epoch_rates(STEPS, EPOCHS)
        learning_rate.end_epoch(STEPS, ROWS, loss)
        expected = learning_rate.learning_rate
        assert np.ravel(learning_rate.epoch_rates(STEPS, EPOCHS))[0] == expected


@pytest.mark.parametrize("schedule", INSTANCES, ids=repr)
def test_a_tracker_can_be_pickled_in_the_middle(schedule):
    learning_rate = LearningRate(schedule, 0.3, samples=7)
    assert pickle.loads(pickle.dumps(learning_rate)) == learning_rate
    for loss in LOSSES:
        learning_rate.epoch_rates(STEPS, EPOCHS)
        learning_rate.end_epoch(STEPS, ROWS, loss)
    copy = pickle.loads(pickle.dumps(learning_rate))
    assert copy == learning_rate
    assert copy.learning_rate == learning_rate.learning_rate
    assert (copy.step, copy.epoch, copy.samples) == (EPOCHS * STEPS, EPOCHS, 7 + EPOCHS * ROWS)


# Formulas of torch.optim.lr_scheduler, with the scheduler's step where the comment says.

T, E = np.arange(EPOCHS * STEPS), np.repeat(np.arange(EPOCHS), STEPS)
TOTAL = EPOCHS * STEPS


def torch_one_cycle(t, total, pct_start, div, final_div):
    def cosine(start, end, pct):
        return end + (start - end) / 2 * (1 + math.cos(math.pi * pct))

    initial, lowest = 1 / div, 1 / div / final_div
    peak, last = pct_start * total - 1, total - 1
    if t <= peak:
        return cosine(initial, 1.0, t / peak)
    return cosine(1.0, lowest, (t - peak) / (last - peak))


def torch_cosine_restarts(epoch, first, multiplier, end):
    elapsed, length = 0, first
    for _ in range(epoch):
        elapsed += 1
        if elapsed >= length:
            elapsed, length = elapsed - length, length * multiplier
    return end + (1 - end) * (1 + math.cos(math.pi * elapsed / length)) / 2


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Constant(), np.ones(TOTAL)),
        (Step(3, 0.5), 0.5 ** (E // 3)),  # StepLR, epochs
        (MultiStep((2, 9), 0.2), 0.2 ** ((E >= 2) * 1.0 + (E >= 9))),  # MultiStepLR, epochs
        (Exponential(0.9), 0.9**E),  # ExponentialLR, epochs
        (Linear(end=0.1), 1 + (0.1 - 1) * T / TOTAL),  # LinearLR, steps
        (Polynomial(), 1 - T / TOTAL),  # PolynomialLR, steps
        (Polynomial(3.0), (1 - T / TOTAL) ** 3),
        (Cosine(end=0.1), 0.1 + 0.9 * (1 + np.cos(np.pi * T / TOTAL)) / 2),  # CosineAnnealingLR
        (OneCycle(), [torch_one_cycle(t, TOTAL, 0.3, 25.0, 1e4) for t in T]),
        (OneCycle(0.5, 5.0, 20.0), [torch_one_cycle(t, TOTAL, 0.5, 5.0, 20.0) for t in T]),
        (OneCycle(0.0, 5.0, 20.0), [torch_one_cycle(t, TOTAL, 0.0, 5.0, 20.0) for t in T]),
        (CosineRestarts(3, 2, 0.1), [torch_cosine_restarts(e, 3, 2, 0.1) for e in E.tolist()]),
        (CosineRestarts(4, 1), [torch_cosine_restarts(e, 4, 1, 0.0) for e in E.tolist()]),
    ],
    ids=repr,
)
def test_equals_torch(schedule, expected):
    np.testing.assert_allclose(step_rates(schedule), expected, rtol=1e-12, atol=1e-15)


def torch_reduce_on_plateau(metrics, rate, factor, patience, threshold, cooldown, min_rate):
    best, bad_epochs, cooling, rates = math.inf, 0, 0, []
    for metric in metrics:
        rates.append(rate)
        if metric < best * (1 - threshold):
            best, bad_epochs = metric, 0
        else:
            bad_epochs += 1
        if cooling > 0:
            cooling -= 1
            bad_epochs = 0
        if bad_epochs > patience:
            rate, cooling, bad_epochs = max(rate * factor, min_rate), cooldown, 0
    return rates


@pytest.mark.parametrize("parameters", [(0.1, 2, 0.01, 0, 0.0), (0.5, 0, 0.1, 3, 0.01)])
def test_reduce_on_plateau_equals_torch(parameters):
    losses = 0.3 + np.random.RandomState(0).uniform(0.5, 1.0, 60) * np.exp(-np.arange(60) / 9)
    rates = ReduceOnPlateau(*parameters).simulate(60, 1, losses=losses, learning_rate_init=0.3)
    np.testing.assert_allclose(rates, torch_reduce_on_plateau(losses, 0.3, *parameters))
    assert len(set(rates)) > 3


def test_reduce_on_plateau_takes_negative_metrics():
    schedule = ReduceOnPlateau(0.5, patience=0, threshold=0.1)
    scores = [0.50, 0.56, 0.60, 0.62, 0.90]  # 0.60 is less than a tenth better than 0.56
    rates = schedule.simulate(5, 1, losses=[-score for score in scores], learning_rate_init=1.0)
    np.testing.assert_array_equal(rates, [1.0, 1.0, 1.0, 0.5, 0.5])


def test_reduce_on_plateau_never_raises_the_rate():
    schedule = ReduceOnPlateau(patience=0, min_rate=1.0)
    assert set(schedule.simulate(9, 1, losses=np.ones(9), learning_rate_init=0.1)) == {0.1}


def scikit_learn_rates(losses, init, tol, n_iter_no_change, **parameters):
    optimizer = SGDOptimizer([], init, **parameters)
    rates, best, count = [], np.inf, 0
    for epoch, loss in enumerate(losses):
        rates.append(optimizer.learning_rate)
        count = count + 1 if loss > best - tol else 0
        best = min(best, loss)
        optimizer.iteration_ends((epoch + 1) * ROWS)
        if count > n_iter_no_change:
            if optimizer.trigger_stopping("", verbose=False):
                break
            count = 0
    return rates + [rates[-1]] * (len(losses) - len(rates))


def test_invscaling_equals_scikit_learn():
    for power_t in (0.5, 0.2, 0.0):
        theirs = scikit_learn_rates(
            np.arange(30, 0, -1), 0.1, 1e-4, 5, lr_schedule="invscaling", power_t=power_t
        )
        ours = InvScaling(power_t).simulate(30, 3, ROWS, learning_rate_init=0.1)
        np.testing.assert_allclose(ours, theirs, rtol=1e-15)


@pytest.mark.parametrize("init", [0.1, 0.000625, 0.015625, 1e-6])
def test_adaptive_equals_scikit_learn(init):
    losses = np.exp(-np.arange(150) / 8) + np.random.RandomState(0).uniform(0, 0.01, 150)
    theirs = scikit_learn_rates(losses, init, 1e-3, 4, lr_schedule="adaptive")
    ours = Adaptive().simulate(
        150, 3, losses=losses, learning_rate_init=init, tol=1e-3, n_iter_no_change=4
    )
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["constant", "invscaling", "adaptive"])
def test_ends_where_a_fit_of_scikit_learn_ends(name):
    X = np.random.RandomState(0).normal(size=(60, 3))
    parameters = {"learning_rate": name, "learning_rate_init": 0.02, "tol": 1e-2}
    peer = MLPRegressor(
        solver="sgd", n_iter_no_change=2, max_iter=500, batch_size=20, random_state=0, **parameters
    ).fit(X, X @ [1.0, -2.0, 0.5])
    learning_rate = LearningRate(resolve_schedule(name), 0.02)
    best, count = np.inf, 0
    for epoch, loss in enumerate(peer.loss_curve_, start=1):
        learning_rate.epoch_rates(3, 500)
        learning_rate.end_epoch(3, 60, loss)
        count = count + 1 if loss > best - 1e-2 else 0
        best = min(best, loss)
        if count > 2:
            assert learning_rate.stalled() == (epoch < peer.n_iter_)
            count = 0
    assert learning_rate.learning_rate == pytest.approx(peer._optimizer.learning_rate, rel=1e-15)


def test_invscaling_of_a_warm_start_counts_earlier_rows():
    learning_rate = LearningRate(InvScaling(), 0.1, samples=300)
    assert learning_rate.epoch_rates(3, 10) == 0.1
    learning_rate.end_epoch(3, 100, 0.0)
    assert learning_rate.epoch_rates(3, 10) == pytest.approx(0.1 / math.sqrt(401))


WARMED = [Constant, Step, MultiStep, Exponential, Linear, Polynomial, Cosine, CosineRestarts]


def test_all_that_fall_can_warm_up():
    with_field = {type(s) for s in INSTANCES if "warmup" in s.get_params()}
    assert with_field == set(WARMED)


@pytest.mark.parametrize("warmup", [0.4, 2, 3.5])
@pytest.mark.parametrize("schedule", WARMED)
def test_warmup_rises_linearly_to_the_initial_rate(schedule, warmup):
    rates, warm = step_rates(schedule(warmup=warmup)), warmup * STEPS
    rising = math.ceil(warm) - 1
    np.testing.assert_allclose(rates[:rising], (np.arange(rising) + 1) / warm)
    assert rates.max() <= 1.0
    if warm == round(warm):
        assert rates[rising] == rates[rising + 1] == 1.0


@pytest.mark.parametrize("schedule", [Linear(end=0.1), Polynomial(2.0), Cosine()], ids=repr)
def test_after_warmup_the_rest_of_the_way_is_like_a_whole(schedule):
    warmed = clone(schedule).set_params(warmup=5)
    np.testing.assert_allclose(
        step_rates(warmed, n_epochs=20)[5 * STEPS :], step_rates(schedule, n_epochs=15)
    )


@pytest.mark.parametrize(
    "schedule", [Step(2), MultiStep([1, 4]), Exponential(0.7), CosineRestarts(3)], ids=repr
)
def test_epochs_are_counted_from_the_end_of_warmup(schedule):
    warmed = clone(schedule).set_params(warmup=5)
    np.testing.assert_allclose(
        step_rates(warmed)[5 * STEPS :], step_rates(schedule)[: 15 * STEPS], rtol=1e-14
    )


@pytest.mark.parametrize("warmup", [20, 30])
@pytest.mark.parametrize("schedule", [Linear, Polynomial, Cosine])
def test_a_warmup_as_long_as_the_horizon_is_finite(schedule, warmup):
    rates = step_rates(schedule(warmup=warmup), n_epochs=40, max_iter=20)
    assert np.isfinite(rates).all()
    assert rates[warmup * STEPS] == 1.0
    assert not rates[warmup * STEPS + 1 :].any()


@pytest.mark.parametrize(
    ("schedule", "end"),
    [
        (Linear(end=0.1), 0.1),
        (Polynomial(2.0, end=0.2), 0.2),
        (Cosine(end=0.3), 0.3),
        (Cosine(), 0.0),
        (OneCycle(div=4.0, final_div=5.0), 0.05),
    ],
    ids=repr,
)
def test_the_end_is_held_after_the_horizon(schedule, end):
    rates = step_rates(schedule, n_epochs=25, max_iter=20)
    np.testing.assert_allclose(rates[20 * STEPS :], end, rtol=1e-14)
    assert rates[20 * STEPS - 2] > end


def test_the_way_to_the_horizon_is_even_for_uneven_epochs():
    learning_rate, rates = LearningRate(Linear(), 1.0), []
    for n_steps in (8, 1, 4, 2):
        rates.append(np.ravel(learning_rate.epoch_rates(n_steps, 4))[0])
        learning_rate.end_epoch(n_steps, 10, 0.0)
    np.testing.assert_allclose(rates, [1.0, 0.75, 0.5, 0.25])


@given(
    schedule=st.builds(
        OneCycle,
        pct_start=st.floats(0, 1, exclude_max=True),
        div=st.floats(1, 100),
        final_div=st.floats(1, 1e6),
    ),
    n_epochs=st.integers(1, 12),
    n_steps=st.integers(1, 9),
)
@settings(deadline=None, max_examples=100)
def test_one_cycle_rises_and_falls(schedule, n_epochs, n_steps):
    rates = step_rates(schedule, n_epochs, n_steps)
    assert np.isfinite(rates).all()
    assert rates.max() <= 1 + 1e-12
    assert rates[-1] == pytest.approx(1 / (schedule.div * schedule.final_div))
    turns = np.diff(np.sign(np.diff(rates)[np.abs(np.diff(rates)) > 1e-12]))
    assert (turns != 0).sum() <= 1


@pytest.mark.parametrize(
    "schedule",
    [SCHEDULES[name]() for name in SCHEDULES if name not in ("cosine_cycles", "one_cycle")],
    ids=repr,
)
def test_rates_fall_and_never_rise_except_at_restarts(schedule):
    rates = schedule.simulate(200, 5, 1000, np.ones(200), n_iter_no_change=20)
    assert rates[0] <= 0.001
    assert (rates >= 0).all()
    rises = sum(later > earlier for earlier, later in pairwise(rates))
    assert rises == (4 if isinstance(schedule, CosineRestarts) else 0)
    assert (rates[-1] < rates[0]) != isinstance(schedule, Constant)


def cosine_cycles(t, n):
    return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + (2**n - 1) * t)))


@pytest.mark.parametrize("n_cycles", [1, 2, 3, 5])
def test_cosine_cycles_follow_their_formula(n_cycles):
    rates = step_rates(CosineCycles(n_cycles), n_epochs=25, max_iter=20)
    expected = [cosine_cycles(t / (20 * STEPS), n_cycles) for t in range(20 * STEPS)]
    np.testing.assert_allclose(rates[: 20 * STEPS], expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(rates[20 * STEPS :], 0.0, atol=1e-15)


def test_cycles_double_in_length():
    n_steps = 7 * 60
    rates = step_rates(CosineCycles(), n_epochs=60, n_steps=7)
    valleys = [0, n_steps // 7, 3 * n_steps // 7]
    np.testing.assert_allclose(rates[valleys], 0.0, atol=1e-15)
    for first, last in pairwise([*valleys, n_steps]):
        cycle = rates[first:last]
        assert cycle.max() == pytest.approx(1.0, abs=2e-3)
        turns = np.sign(np.diff(cycle))
        assert (np.diff(turns) != 0).sum() == 1


def test_a_function_sees_every_step():
    seen = []

    def record(step):
        seen.append(step)
        return np.float32(0.5) if step % 2 else np.array(2)

    rates = step_rates(FunctionSchedule(record), n_epochs=3, n_steps=4)
    assert seen == list(range(12))
    assert all(type(step) is int for step in seen)
    np.testing.assert_array_equal(rates, [2.0, 0.5] * 6)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-0.5, r"-0\.5"),
        (np.nan, "nan"),
        (np.inf, "inf"),
        (None, "None"),
        ("a", "'a'"),
        (1j, "1j"),
        ([1.0], r"\[1\.0\]"),
    ],
)
def test_a_function_must_return_a_rate(value, shown):
    def broken(step):
        return 1.0 if step < 3 else value

    learning_rate = LearningRate(FunctionSchedule(broken), 0.1)
    with pytest.raises(ValueError, match=rf"broken returned {shown} at step 3.*>= 0"):
        learning_rate.epoch_rates(5, 1)


def test_a_function_is_not_asked_for_more_steps_than_there_are():
    learning_rate = LearningRate(FunctionSchedule([1.0, 0.5, 0.1].__getitem__), 2.0)
    np.testing.assert_array_equal(learning_rate.epoch_rates(3, 1), [2.0, 1.0, 0.2])
    learning_rate.end_epoch(3, 10, 1.0)
    assert not learning_rate.stalled()


@pytest.mark.parametrize("name", SCHEDULES)
def test_only_adaptive_goes_on_when_stalled(name):
    learning_rate = LearningRate(SCHEDULES[name](), 0.1)
    learning_rate.epoch_rates(3, 10)
    learning_rate.end_epoch(3, 10, 1.0)
    before = learning_rate.learning_rate
    assert learning_rate.stalled() == (name == "adaptive")
    assert learning_rate.learning_rate == (before / 5 if name == "adaptive" else before)


@pytest.mark.parametrize("name", SCHEDULES)
def test_simulate_names_what_is_missing(name):
    schedule = SCHEDULES[name]()
    for need, arguments, missing in [
        ("samples", {"losses": [1.0] * 5}, "n_samples"),
        ("losses", {"n_samples": 10}, "losses"),
    ]:
        if need in schedule.needs:
            with pytest.raises(ValueError, match=rf"{type(schedule).__name__}.* needs {missing}"):
                schedule.simulate(5, 2, **arguments)
        else:
            assert schedule.simulate(5, 2, **arguments).shape == (5,)


def test_simulate_wants_a_loss_for_each_epoch():
    with pytest.raises(ValueError, match="losses has 3 entries for n_epochs=4"):
        Adaptive().simulate(4, 2, losses=[3.0, 2.0, 1.0])


def test_simulate_checks_the_fields():
    with pytest.raises(ValueError, match="'gamma' parameter of Step"):
        Step(gamma=2.0).simulate(4, 2)


def test_simulate_has_a_horizon_of_its_own():
    rates = Linear().simulate(4, 5, max_iter=8, learning_rate_init=1.0)
    np.testing.assert_allclose(rates, 1 - np.array([4, 9, 14, 19]) / 40)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_name_gives_the_default(name):
    assert resolve_schedule(name) == SCHEDULES[name]()


def test_power_t_feeds_invscaling_alone():
    assert resolve_schedule("invscaling", power_t=0.3) == InvScaling(0.3)
    assert resolve_schedule("step", power_t=0.3) == Step()
    own = InvScaling(0.7)
    assert resolve_schedule(own, power_t=0.3) is own


def test_a_function_becomes_a_schedule():
    assert resolve_schedule(halving) == FunctionSchedule(halving)


def test_an_unknown_name_lists_the_valid_ones():
    with pytest.raises(ValueError, match=r"learning_rate='cos' .*adaptive.*one_cycle"):
        resolve_schedule("cos")


@pytest.mark.parametrize("spec", [Step, None, 0.1])
def test_neither_name_nor_instance(spec):
    with pytest.raises(TypeError, match="learning_rate"):
        resolve_schedule(spec)


@pytest.mark.parametrize("schedule", INSTANCES, ids=repr)
def test_every_field_has_a_range(schedule):
    for field in schedule.get_params():
        with pytest.raises(ValueError, match=f"'{field}' parameter of {type(schedule).__name__}"):
            resolve_schedule(clone(schedule).set_params(**{field: -1}))


@pytest.mark.parametrize("milestones", [[3, -1], ["a"], [None]])
def test_milestones_are_epochs(milestones):
    with pytest.raises(ValueError, match="'milestones' parameter of MultiStep"):
        resolve_schedule(MultiStep(milestones))


@pytest.mark.parametrize("schedule", INSTANCES, ids=repr)
def test_copies_are_equal(schedule):
    assert eval(repr(schedule), {**vars(schedules), "halving": halving}) == schedule
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert clone(schedule) == schedule
    assert isinstance(schedule, Schedule)


@pytest.mark.parametrize("schedule", INSTANCES, ids=repr)
def test_says_what_it_is_good_for(schedule):
    assert schedule.formula
    assert schedule.advice
