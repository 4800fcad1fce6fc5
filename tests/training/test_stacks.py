"""Members trained in one stack end where they end alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from training_cases import Problem, Recipe, problem

from sknn_actloss.activations import ELU, GELU, LeakyReLU, ReLU, SiLU, Tanh
from sknn_actloss.losses import (
    AbsoluteError,
    Focal,
    Hinge,
    Huber,
    LogLoss,
    Quantile,
    SquaredError,
    SquaredHinge,
)
from sknn_actloss.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    InvScaling,
    OneCycle,
    ReduceOnPlateau,
)
from sknn_actloss.solvers import SGD, SOLVERS, Adadelta, Adam, AdamW, Lion, RMSprop
from sknn_actloss.training import Observer, Validation, run_epochs

STOCHASTIC = [name for name in SOLVERS if SOLVERS[name]().stochastic]

CLASSES = [
    Recipe(Hinge(), (ReLU(), Tanh()), SGD(0.5), Constant(), 0.05, alpha=0.1),
    Recipe(LogLoss(), (ReLU(), ELU(0.5)), Adam(), Cosine(), 0.02, max_iter=9),
    Recipe(LogLoss(0.1), (Tanh(), ELU(2.0)), Adam(0.8), OneCycle(), 0.03, weight_decay=0.1),
    Recipe(Focal(1.0), (Tanh(), GELU()), AdamW(), InvScaling(), 0.02, tol=0.05, n_iter_no_change=2),
    Recipe(SquaredHinge(), (LeakyReLU(0.1), SiLU()), RMSprop(), ReduceOnPlateau(patience=1)),
]
NUMBERS = [
    Recipe(Huber(0.3), (ReLU(), Tanh()), SGD(0.5), Adaptive(), 0.05, tol=0.05, n_iter_no_change=1),
    Recipe(Huber(1.5), (ReLU(), ELU(0.5)), SGD(0.9), OneCycle(), 0.02, alpha=0.3, max_iter=6),
    Recipe(Quantile(0.3), (Tanh(), ELU(2.0)), Adam(), Cosine(), 0.03, weight_decay=0.1),
    Recipe(Quantile(0.8), (Tanh(), GELU()), Adam(0.5, 0.9, amsgrad=True), rate=0.02, tol=0.1),
    Recipe(SquaredError(), (LeakyReLU(0.3), SiLU()), Lion(), rate=0.002, n_iter_no_change=1),
]
MIXED = {"binary": CLASSES, "multilabel": CLASSES, "multiclass": CLASSES, "continuous": NUMBERS}


def assert_same_members(actual, expected, dtype=np.float64, exact=False):
    """Compare all that training leaves behind."""
    close = {"rtol": 1e-10, "atol": 1e-12} if dtype == np.float64 else {"rtol": 1e-2, "atol": 1e-3}
    assert_same = assert_array_equal if exact else (lambda a, b: assert_allclose(a, b, **close))
    for member, other in zip(actual, expected, strict=True):
        course, reference = member.state.course, other.state.course
        assert member.state.outcome == other.state.outcome
        assert course.n_epochs == reference.n_epochs
        assert course.no_improvement_count == reference.no_improvement_count
        for name in ("loss_curve", "validation_scores", "rate_curve"):
            assert len(getattr(course, name)) == len(getattr(reference, name))
            assert_same(getattr(course, name), getattr(reference, name))
        for name in ("best_loss", "best_score"):
            assert_same(getattr(course, name), getattr(reference, name))
        assert member.state.params.dtype == dtype
        assert member.state.params.shape == other.state.params.shape
        assert_same(member.state.params, other.state.params)
        assert member.state.solver.keys() == other.state.solver.keys()
        for name, value in other.state.solver.items():
            assert np.shape(member.state.solver[name]) == np.shape(value)
            assert_same(member.state.solver[name], value)
        rate, reference = member.state.rate, other.state.rate
        assert (rate.step, rate.epoch, rate.samples) == (
            reference.step,
            reference.epoch,
            reference.samples,
        )
        assert rate.reductions == reference.reductions
        assert rate.current == pytest.approx(reference.current, rel=1e-12)


def check_stack(data: Problem, recipes: list[Recipe], **options) -> None:
    together = data.run(recipes, **options)
    alone = [data.run([recipe], [seed], **options)[0] for seed, recipe in enumerate(recipes)]
    assert_same_members(together, alone, data.y.dtype)


@pytest.mark.parametrize("order", ["contiguous", "reversed", "interleaved"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", MIXED)
def test_a_mixed_stack_equals_its_members(kind: str, dtype, order: str) -> None:
    recipes = MIXED[kind]
    if dtype == np.float32:  # rounding decides on whether a small change is an improvement
        recipes = [replace(recipe, tol=1e-7, n_iter_no_change=99) for recipe in recipes]
    if order == "reversed":
        recipes = recipes[::-1]
    if order == "interleaved":
        recipes = [*recipes, *recipes][::3] + recipes[1::2]
    check_stack(problem(kind, dtype), recipes)


def test_members_leave_at_different_epochs() -> None:
    members = problem("continuous").run(NUMBERS)
    assert len({member.state.course.n_epochs for member in members}) >= 3
    outcomes = {member.state.outcome for member in members}
    assert outcomes == {"converged", "max_iter"}


@pytest.mark.parametrize("kind", ["binary", "multiclass", "continuous"])
def test_early_stopping_on_shared_validation_rows(kind: str) -> None:
    rows = np.random.default_rng(1).permutation(70)
    data = problem(kind, rows=rows[20:])
    recipes = [
        replace(recipe, early_stopping=True, n_iter_no_change=1 + i, tol=0.0, max_iter=25)
        for i, recipe in enumerate(MIXED[kind])
    ]
    validate = data.validate(rows[:20])
    check_stack(data, recipes, validate=validate)
    members = data.run(recipes, validate=validate)
    assert any(member.state.outcome == "converged" for member in members)
    for member in members:
        assert len(member.state.course.validation_scores) == member.state.course.n_epochs
        assert member.state.course.best_score == max(member.state.course.validation_scores)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_every_solver_in_a_stack_whose_members_differ(name: str) -> None:
    solver = SOLVERS[name]()
    recipes = [
        Recipe(LogLoss(), solver=solver, rate=0.01, max_iter=5),
        Recipe(LogLoss(), solver=type(solver)(**{**solver.get_params(), **changed(solver)})),
        Recipe(Hinge(), solver=SGD(0.3), rate=0.03, max_iter=3),
        Recipe(LogLoss(), solver=solver, rate=0.02, max_iter=8, weight_decay=0.2),
    ]
    check_stack(problem("binary"), recipes)


def changed(solver):
    """Return other values of the numbers among a solver's fields."""
    return {
        name: 0.5 * value
        for name, value in solver.get_params().items()
        if isinstance(value, float) and name != "epsilon"
    }


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_in_a_stack(name: str) -> None:
    schedule = SCHEDULES[name]()
    solver = SGD()
    recipes = [
        Recipe(SquaredError(), solver=solver, schedule=schedule, rate=0.05, max_iter=12),
        Recipe(SquaredError(), solver=solver, rate=0.01, max_iter=7),
        Recipe(SquaredError(), solver=solver, schedule=schedule, rate=0.02, tol=0.1),
    ]
    recipes = [replace(recipe, n_iter_no_change=2) for recipe in recipes]
    check_stack(problem("continuous"), recipes)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("shuffled", [False, True])
def test_rows_of_any_kind(shuffled: bool, container, weighted: bool) -> None:
    data = problem("binary", shuffled=shuffled, batch_size=32)
    data.X = container(data.X)
    if weighted:
        data.sample_weight = np.random.default_rng(2).exponential(size=70)
    check_stack(data, CLASSES)


def test_neighbours_join_once_those_between_have_left() -> None:
    recipes = [
        Recipe(LogLoss(), (ReLU(), ELU(0.5)), Adam(0.8), max_iter=9),
        Recipe(Hinge(), (Tanh(), Tanh()), SGD(), max_iter=3),
        Recipe(LogLoss(0.1), (ReLU(), ELU(1.5)), Adam(0.9), rate=0.03, max_iter=9),
        Recipe(Focal(), (Tanh(), ReLU()), Adadelta(), rate=1.0, max_iter=6),
        Recipe(LogLoss(0.2), (ReLU(), ELU(2.5)), Adam(0.7), alpha=1.0, max_iter=9),
    ]
    check_stack(problem("binary"), recipes)


def diverging(**changes) -> Recipe:
    return Recipe(SquaredError(), (ReLU(), ELU()), SGD(), rate=1e6, **changes)


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_member_that_diverges_changes_no_bit_of_the_others(position: int, dtype) -> None:
    healthy, data = NUMBERS[:4], problem("continuous", dtype)
    seeds = [0, 1, 2, 3]
    expected = data.run(healthy, seeds)
    recipes = [*healthy[:position], diverging(), *healthy[position:]]
    members = data.run(recipes, [*seeds[:position], 9, *seeds[position:]])
    lost = members.pop(position)
    assert_same_members(members, expected, dtype, exact=True)
    assert lost.state.outcome == "diverged"
    assert lost.state.params is None or np.isfinite(lost.state.params).all()
    assert np.isfinite(lost.state.course.loss_curve).all()
    assert lost.state.solver == {}


def test_a_diverging_member_beside_others_of_its_own_kind() -> None:
    recipe = replace(diverging(max_iter=8), rate=0.01)
    recipes = [replace(recipe, rate=rate) for rate in (0.01, 0.02, 1e6, 0.005)]
    data = problem("continuous")
    members = data.run(recipes)
    assert [member.state.outcome for member in members] == [
        "max_iter",
        "max_iter",
        "diverged",
        "max_iter",
    ]
    expected = data.run([*recipes[:2], recipes[3]], [0, 1, 3])
    assert_same_members([*members[:2], members[3]], expected, exact=True)


def test_all_members_diverge() -> None:
    members = problem("continuous").run([diverging(), diverging(alpha=1.0)])
    for member in members:
        assert member.state.outcome == "diverged"
        assert member.state.params is None or np.isfinite(member.state.params).all()


def test_divergence_falls_back_on_the_start_where_there_is_one() -> None:
    data = problem("continuous")
    member = diverging(n_iter_no_change=99).member("continuous")
    start = data.params([0])[0]
    member.state.course.start = start.copy()
    stack = data.stack([member], [0])
    stack.params *= 1e150  # not even the first epoch is finite
    data.train(stack)
    assert member.state.outcome == "diverged"
    assert member.state.course.n_epochs == 0
    assert_array_equal(member.state.params, start)


def test_divergence_after_good_epochs_keeps_the_best_weights() -> None:
    class Spoiler(Observer):
        def epoch_begins(self, epoch) -> None:
            if epoch.members[0].state.course.n_epochs == 4:
                epoch.params[0] *= 1e200

    data = problem("continuous")
    recipe = Recipe(SquaredError(), rate=0.01)
    (reference,) = data.run([replace(recipe, max_iter=4)])
    (member,) = data.run([recipe], observer=Spoiler())
    assert reference.state.course.best_loss == reference.state.course.loss_curve[-1]
    assert member.state.outcome == "diverged"
    assert member.state.course.n_epochs == 4
    assert member.state.course.loss_curve == reference.state.course.loss_curve
    assert_array_equal(member.state.params, reference.state.params)


class Recorder(Observer):
    """Counts epochs and members; acts at a given epoch."""

    def __init__(self, epoch=None, action=None, begins=False):
        self.epoch, self.action, self.begins = epoch, action, begins
        self.n_begun, self.n_ended, self.n_members = 0, 0, []

    def epoch_begins(self, epoch):
        self.n_begun += 1
        self.n_members.append(len(epoch.members))
        if self.begins and self.n_begun == self.epoch:
            self.action()

    def epoch_ends(self, epoch):
        self.n_ended += 1
        counts = [member.state.course.n_epochs for member in epoch.members]
        assert counts == [self.n_ended] * len(counts)
        if not self.begins and self.n_ended == self.epoch:
            return self.action()
        return False


def interrupt():
    raise KeyboardInterrupt


def test_an_observer_sees_every_epoch_and_the_members_left() -> None:
    recorder = Recorder()
    members = problem("continuous").run(NUMBERS, observer=recorder)
    lengths = [member.state.course.n_epochs for member in members]
    assert recorder.n_begun == recorder.n_ended == max(lengths)
    expected = [sum(length > epoch for length in lengths) for epoch in range(max(lengths))]
    assert recorder.n_members == expected


@pytest.mark.parametrize(
    ("action", "outcome"), [(lambda: True, "stopped"), (interrupt, "interrupted")]
)
def test_the_end_by_an_observer_keeps_the_weights(action, outcome: str) -> None:
    recipes = [replace(recipe, n_iter_no_change=99) for recipe in CLASSES]
    recipes[1] = replace(recipes[1], max_iter=3)
    data = problem("binary")
    members = data.run(recipes, observer=Recorder(5, action))
    assert [member.state.outcome for member in members] == [
        outcome,
        "max_iter",
        *[outcome] * 3,
    ]
    recipes = [replace(recipe, schedule=Constant()) for recipe in recipes]  # no horizon
    members = data.run(recipes, observer=Recorder(5, action))
    expected = data.run([replace(recipe, max_iter=min(recipe.max_iter, 5)) for recipe in recipes])
    for member, other in zip(members, expected, strict=True):
        other.state.outcome = member.state.outcome
    assert_same_members(members, expected, exact=True)


@pytest.mark.parametrize("action", [lambda: True, interrupt], ids=["stop", "interrupt"])
def test_the_end_by_an_observer_leaves_other_outcomes_as_they_are(action) -> None:
    recipes = [Recipe(max_iter=3), Recipe(max_iter=9)]
    members = problem("binary").run(recipes, observer=Recorder(3, action))
    assert members[0].state.outcome == "max_iter"
    assert members[1].state.outcome in ("stopped", "interrupted")


def test_patience_starts_anew_with_each_lower_rate() -> None:
    recipe = Recipe(SquaredError(), solver=SGD(), schedule=Adaptive(), rate=1e-4)
    recipe = replace(recipe, tol=1e9, n_iter_no_change=2, max_iter=99)
    watched = []

    class Watch(Observer):
        def epoch_ends(self, epoch) -> bool:
            watched.append(epoch.members[0].state.course.rate_reduced)
            return False

    (member,) = problem("continuous").run([recipe], observer=Watch())
    rates = [1e-4] * 4 + [1e-4 / 5] * 3 + [1e-4 / 25] * 3 + [1e-4 / 125] * 3
    assert_allclose(member.state.course.rate_curve, rates, rtol=1e-12)
    assert member.state.outcome == "converged"
    assert [epoch for epoch, reduced in enumerate(watched) if reduced] == [3, 6, 9]


def test_an_interruption_within_an_epoch_keeps_finite_weights_of_all_members() -> None:
    data = problem("binary")
    members = data.run(CLASSES, observer=Recorder(3, interrupt, begins=True))
    for member in members:
        assert member.state.outcome == "interrupted"
        assert member.state.course.n_epochs == 2
        assert np.isfinite(member.state.params).all()


def test_an_interruption_before_the_first_epoch_keeps_the_initial_weights() -> None:
    data = problem("binary")
    members = data.run(CLASSES, observer=Recorder(1, interrupt, begins=True))
    assert_array_equal([member.state.params for member in members], data.params([0, 1, 2, 3, 4]))


def test_an_interruption_with_early_stopping_keeps_the_best_weights() -> None:
    data = problem("binary")
    scores = iter([0.1, 0.9, 0.3, 0.2])
    recipe = Recipe(early_stopping=True)
    (member,) = data.run(
        [recipe],
        validate=lambda stack, params: [Validation(next(scores), 0.0)],
        observer=Recorder(4, interrupt),
    )
    (best,) = data.run([Recipe(max_iter=2)])
    assert member.state.outcome == "interrupted"
    assert_array_equal(member.state.params, best.state.params)


def test_other_errors_are_passed_on() -> None:
    def fail():
        raise RuntimeError("from the observer")

    with pytest.raises(RuntimeError, match="from the observer"):
        problem("binary").run(CLASSES, observer=Recorder(2, fail))


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_epoch_by_epoch_equals_one_long_run(kind: str) -> None:
    recipes = [replace(recipe, n_iter_no_change=99, max_iter=8) for recipe in MIXED[kind]]
    data = problem(kind)
    expected = data.run(recipes)
    members = [recipe.member(kind) for recipe in recipes]
    params, batches, rng = data.params([0, 1, 2, 3, 4]), data.batches(), np.random.RandomState(5)
    for epoch in range(8):
        run_epochs(data.stack_at(members, params), batches, rng, n_epochs=1)
        params = np.array([member.state.params for member in members])
        assert [member.state.course.n_epochs for member in members] == [epoch + 1] * 5
        outcome = "max_iter" if epoch == 7 else None
        assert [member.state.outcome for member in members] == [outcome] * 5
    assert_same_members(members, expected, exact=True)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_members_that_have_come_to_different_steps(name: str) -> None:
    data, rate = problem("binary"), 1.0 if name == "adadelta" else 0.01
    recipe = Recipe(solver=SOLVERS[name](), rate=rate, max_iter=5, n_iter_no_change=99)
    epochs = [2, 0, 0, 1]

    def started() -> tuple[list, np.ndarray]:
        members, params = [recipe.member("binary") for _ in epochs], data.params([0, 1, 2, 3])
        for i, n_epochs in enumerate(epochs):
            if n_epochs:
                data.train(data.stack_at([members[i]], params[i : i + 1].copy()), n_epochs=n_epochs)
                params[i] = members[i].state.params
        return members, params

    together, params = started()
    data.train(data.stack_at(together, params))
    alone, params = started()
    for member, own in zip(alone, params, strict=True):
        data.train(data.stack_at([member], own[None].copy()))
    assert_same_members(together, alone)
    assert [member.state.course.n_epochs for member in together] == [5, 5, 5, 5]


def test_members_that_go_on_alone_equal_those_that_go_on_together() -> None:
    data = problem("binary")
    recipes = [replace(recipe, max_iter=6) for recipe in CLASSES]
    results = []
    for groups in ([[0, 1, 2, 3, 4]], [[0], [1], [2], [3], [4]]):
        members = [recipe.member("binary") for recipe in recipes]
        data.train(data.stack(members, [0, 1, 2, 3, 4]), n_epochs=3)
        for group in groups:
            params = np.array([members[i].state.params for i in group])
            data.train(data.stack_at([members[i] for i in group], params), n_epochs=2)
        results.append(members)
    assert_same_members(*results)


def test_a_pause_leaves_members_that_go_on_where_they_are() -> None:
    data, rng = problem("binary"), np.random.RandomState(5)
    recipes = [Recipe(max_iter=2), Recipe(max_iter=6), Recipe(max_iter=6, rate=0.1)]
    members, batches = [recipe.member("binary") for recipe in recipes], data.batches()
    stack = run_epochs(data.stack(members, [0, 1, 2]), batches, rng, n_epochs=4)
    assert [member.state.outcome for member in members[:2]] == ["max_iter", None]
    (paused,) = data.run([Recipe(max_iter=4)], [1])
    assert_allclose(members[1].state.params, paused.state.params, rtol=1e-10)
    assert run_epochs(stack, batches, rng) is None
    assert_same_members(members, data.run(recipes), exact=True)


def test_weight_decay_shrinks_weights_and_not_biases() -> None:
    data = problem("continuous", batch_size=70)
    rate, decay = 0.1, 0.5
    plain = Recipe(AbsoluteError(), solver=SGD(0.0, False), rate=rate, max_iter=1)
    start = data.params([0])[0]
    (with_decay,) = data.run([replace(plain, weight_decay=decay)])
    (without,) = data.run([plain])
    difference = without.state.params - with_decay.state.params
    expected = np.zeros_like(start)[None]
    data.layout.decaying(expected)[:] = rate * decay * data.layout.decaying(start[None])
    assert_allclose(difference, expected[0], atol=1e-12)


def test_samples_count_by_weight() -> None:
    data = problem("binary", sample_weight=np.full(70, 2.0))
    (member,) = data.run([Recipe(max_iter=3)])
    assert member.state.rate.samples == pytest.approx(3 * 140)
    assert member.state.rate.step == 3 * 5
    (member,) = problem("binary").run([Recipe(max_iter=3)])
    assert member.state.rate.samples == 3 * 70
