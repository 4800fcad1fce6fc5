"""The range test: what a curve suggests, and how it comes about."""

import numpy as np
import pytest
from training_cases import Recipe, problem

from sknn_actloss.core import as_rows
from sknn_actloss.losses import Huber, SquaredError
from sknn_actloss.solvers import SGD, SOLVERS
from sknn_actloss.training import Batches, Columns, RangeTest, Stack, range_test
from sknn_actloss.training.finder import FALLBACK, SAFETY

RATES = np.geomspace(1e-5, 10.0, 61)
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]


def curve(noise=0.0, onset=1.0, seed=0):
    """Return the test of a loss that falls around a rate of 0.01 and explodes past the onset."""
    batches = noise * np.random.default_rng(seed).normal(size=RATES.size)
    fall = 1 / (1 + (RATES / 0.01) ** 1.5)
    return RangeTest(RATES, batches + fall + (RATES / onset) ** 3, batches + 1)


def run(recipe=None, high=10.0, **changes):
    """Return a range test, the member and the weights of both networks, and the problem."""
    case = problem("continuous", **changes)
    member = (recipe or Recipe(loss=Huber())).member(case.kind)
    batches = Batches(
        as_rows(case.X), Columns(case.y), case.sample_weight, case.rows, case.batch_size, 1
    )
    params = case.params([0, 0])
    stack = Stack(case.layout, [member] * 2, params, batches.batch_size, batches.group_size)
    rates = np.geomspace(1e-6, high, 60)
    return range_test(stack, batches, np.random.RandomState(0), rates), member, params, case


# What a curve suggests


def test_the_suggestion_is_where_the_loss_falls():
    assert 0.005 < curve().suggestion < 0.05


def test_noise_of_the_batches_changes_nothing():
    quiet, noisy = curve(), curve(noise=10.0)
    assert noisy.suggestion == pytest.approx(quiet.suggestion)
    assert noisy.limit == pytest.approx(quiet.limit)


@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0.0), (1e304, 0.0), (1.0, -5.0), (3.0, -1e3)])
def test_scale_and_sign_of_the_loss_do_not_matter(scale, shift):
    test = curve()
    other = RangeTest(RATES, scale * test.losses + shift, scale * test.initial_losses + shift)
    assert other.suggestion == test.suggestion
    assert other.limit == test.limit
    np.testing.assert_allclose(other.smoothed_losses, scale * test.smoothed_losses + shift)


def test_divergence_limits_the_suggestion():
    suggestions = [curve(onset=onset).suggestion for onset in (1.0, 0.05, 0.01)]
    limits = [curve(onset=onset).limit for onset in (1.0, 0.05, 0.01)]
    assert suggestions == sorted(suggestions, reverse=True)
    assert limits == sorted(limits, reverse=True)
    assert all(s <= SAFETY * limit for s, limit in zip(suggestions, limits, strict=True))
    assert suggestions[-1] == SAFETY * limits[-1]


def test_without_divergence_the_limit_is_the_last_rate():
    assert curve(onset=1e9).limit == RATES[-1]


def test_the_average_is_that_of_its_definition():
    test = curve(noise=1.0)
    changes = test.losses - test.initial_losses
    for n in (1, 2, 30):
        expected = np.average(changes[:n], weights=0.9 ** np.arange(n)[::-1])
        found = test.smoothed_losses[n - 1] - test.initial_losses.mean()
        assert found == pytest.approx(expected)


def test_a_loss_that_does_not_move_gives_the_fallback():
    test = RangeTest(RATES, np.ones(61), np.ones(61))
    assert test.suggestion == FALLBACK


@pytest.mark.parametrize("n_steps", [0, 1, 2])
def test_a_few_steps_up_to_a_divergence(n_steps):
    losses = np.array([1.0, 5.0])[:n_steps]
    test = RangeTest(RATES[:n_steps], losses, np.ones(n_steps))
    expected = min(FALLBACK, SAFETY * RATES[n_steps - 1]) if n_steps else FALLBACK
    assert test.suggestion == expected
    assert f"{expected:.3g}" in str(test)


def test_representation():
    text = repr(curve())
    assert text.startswith("<RangeTest: suggestion 0.0251 from 61 steps")
    assert "at rates from 1e-05 to 10" in text
    assert "divergence from" in text
    assert "divergence" not in str(curve(onset=1e9))
    assert "no loss is finite" in str(RangeTest(RATES[:0], RATES[:0], RATES[:0]))


# How it comes about


@pytest.mark.parametrize("name", STOCHASTIC)
def test_one_network_learns_and_the_other_stands_still(name):
    test, _, params, case = run(Recipe(Huber(), solver=SOLVERS[name](), weight_decay=0.1))
    assert test.smoothed_losses.min() < test.smoothed_losses[0]
    assert not np.array_equal(params[0], params[1])
    np.testing.assert_array_equal(params[1], case.params([0])[0])


def test_losses_are_those_of_the_batches_epoch_after_epoch():
    test, _, params, case = run(batch_size=30)
    network = case.stack_at([Recipe(Huber()).member(case.kind)], params[1:]).network
    outputs = network.raw_outputs(as_rows(case.X))
    losses = Huber().value(case.y[None], outputs)[0]
    order, rows, expected = np.random.RandomState(0), np.arange(70), []
    for _ in range(3):
        permutation = np.arange(70)
        order.shuffle(permutation)
        rows = rows[permutation]
        expected += [losses[rows[start : start + 30]].mean() for start in (0, 30, 60)]
    np.testing.assert_allclose(test.initial_losses[:9], expected)
    assert test.losses[0] == test.initial_losses[0]
    assert test.rates.size == 60


def test_the_member_is_left_alone():
    _, member, *_ = run()
    assert member.state.solver == {}
    assert member.state.params is None
    assert member.state.course.loss_curve == []
    assert member.state.rate.step == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_end_where_the_loss_is_not_finite(dtype):
    test, *_ = run(Recipe(SquaredError(), solver=SGD()), high=1e30, dtype=dtype)
    assert 10 < test.rates.size < 60
    assert np.isfinite(test.losses).all()
    assert np.isfinite(test.smoothed_losses).all()
    assert test.suggestion < test.limit <= test.rates[-1]
