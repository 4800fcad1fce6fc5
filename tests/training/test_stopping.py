"""When a network has trained enough, and which of its weights are kept."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_actloss.activations import Identity
from sknn_actloss.core import Model
from sknn_actloss.losses import SquaredError
from sknn_actloss.schedules import Adaptive, Constant, LearningRate
from sknn_actloss.solvers import LBFGS, SGD
from sknn_actloss.training import (
    STOPPING_RULES,
    Course,
    MemberSpec,
    MemberState,
    Validation,
)
from sknn_actloss.training.stopping import apply_rules

MODEL = Model((), Identity(), SquaredError())


class Subject:
    """A course with the settings that it goes by."""

    def __init__(self, start=None, **settings):
        self.spec = MemberSpec(MODEL, SGD(), Constant(), **settings)
        self.course = Course(start)

    def __getattr__(self, name):
        return getattr(self.course, name)

    def record(self, *epoch):
        return self.course.record(self.spec, *epoch)

    def final_params(self, last):
        return self.course.final_params(self.spec, last)

    @property
    def metric(self):
        return self.course.metric(self.spec)

    @property
    def out_of_patience(self):
        return self.outcome() == "converged"

    def outcome(self, **state):
        rate = LearningRate(self.spec.schedule, 0.1)
        stands = MemberState(rate, self.course, **state)
        apply_rules(self.spec, stands)
        return stands.outcome


def course(tol=0.1, n_iter_no_change=2, early_stopping=False, restore_best=None, **fields):
    restores = early_stopping if restore_best is None else restore_best
    return Subject(
        tol=tol,
        n_iter_no_change=n_iter_no_change,
        early_stopping=early_stopping,
        restore_best=restores,
        **fields,
    )


def params(value):
    return np.full(3, float(value))


def said(score):
    return Validation(score, 2.0)


def feed(subject, values):
    """Record an epoch for each value, with weights that tell the epoch; return the counts."""
    counts = []
    for epoch, value in enumerate(values):
        if subject.spec.early_stopping:
            assert subject.record(params(epoch), 1.0, 0.5, said(value))
        else:
            assert subject.record(params(epoch), value, 0.5, None)
        counts.append(subject.no_improvement_count)
    return counts


def test_counts_epochs_without_improvement_by_tol():
    losses = [5.0, 4.0, 3.95, 3.87, 3.5, 3.5, 3.6]
    subject = course()
    # The best loss moves by less than tol as well.
    assert feed(subject, losses) == [0, 0, 1, 2, 0, 1, 2]
    assert subject.loss_curve == losses
    assert subject.rate_curve == [0.5] * 7
    assert subject.best_loss == 3.5
    assert subject.n_epochs == 7
    assert subject.metric == 3.6


def test_counts_epochs_without_improvement_of_the_score():
    scores = [0.1, 0.5, 0.55, 0.7, 0.65, 0.75]
    subject = course(early_stopping=True)
    assert feed(subject, scores) == [0, 0, 1, 0, 1, 2]
    assert subject.validation_scores == scores
    assert subject.validation_losses == [2.0] * 6
    assert subject.best_score == 0.75
    assert subject.best_loss == np.inf
    assert subject.metric == -0.75


@pytest.mark.parametrize("early_stopping", [False, True])
def test_patience_is_over_after_more_than_n_iter_no_change_epochs(early_stopping):
    subject = course(early_stopping=early_stopping)
    feed(subject, [1.0, 1.0, 1.0])
    assert not subject.out_of_patience
    feed(subject, [1.0])
    assert subject.out_of_patience


def test_infinite_patience():
    subject = course(n_iter_no_change=np.inf)
    feed(subject, [1.0] * 100)
    assert not subject.out_of_patience


def test_an_equal_loss_is_an_improvement_at_tol_zero():
    subject = course(tol=0.0)
    assert feed(subject, [1.0, 1.0, 0.9, 0.9]) == [0, 0, 0, 0]
    assert feed(subject, [0.95]) == [1]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_best_weights_are_a_copy_of_the_first_best_epoch(early_stopping):
    subject = course(early_stopping=early_stopping)
    values = [3.0, 1.0, 1.0, 2.0]
    if early_stopping:
        values = [-value for value in values]
    feed(subject, values)
    assert_array_equal(subject.best, params(1))
    weights = params(9)
    subject.record(weights, -5.0, 0.5, said(5.0) if early_stopping else None)
    weights[:] = 0
    assert_array_equal(subject.best, params(9))


def test_last_weights_are_kept_without_early_stopping():
    subject = course()
    feed(subject, [1.0, 2.0])
    last = params(7)
    kept = subject.final_params(last)
    assert_array_equal(kept, last)
    assert not np.shares_memory(kept, last)


def test_best_weights_are_kept_with_early_stopping():
    subject = course(early_stopping=True)
    feed(subject, [0.5, 0.9, 0.3])
    assert_array_equal(subject.final_params(params(7)), params(1))


def test_last_weights_are_kept_with_early_stopping_before_any_epoch():
    subject = course(early_stopping=True)
    assert_array_equal(subject.final_params(params(7)), params(7))


NOT_FINITE = [
    pytest.param(params(1), np.nan, id="loss-nan"),
    pytest.param(params(1), np.inf, id="loss-inf"),
    pytest.param(params(1), -np.inf, id="loss-minus-inf"),
    pytest.param(np.array([1.0, np.nan, 1.0]), 1.0, id="weight-nan"),
    pytest.param(np.array([1.0, 1.0, -np.inf]), 1.0, id="weight-inf"),
]


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(("weights", "loss"), NOT_FINITE)
def test_a_diverged_epoch_leaves_no_trace(weights, loss, early_stopping):
    subject = course(early_stopping=early_stopping)
    feed(subject, [0.5, 0.4])
    before = subject.best.copy(), subject.best_loss, subject.best_score
    assert not subject.record(weights, loss, 0.5, said(float("nan")) if early_stopping else None)
    assert_array_equal(subject.best, before[0])
    assert (subject.best_loss, subject.best_score) == before[1:]
    assert subject.n_epochs == 2
    assert len(subject.loss_curve) == len(subject.rate_curve) == 2
    assert np.isfinite(subject.loss_curve).all()
    assert len(subject.validation_scores) == len(subject.validation_losses) == 2 * early_stopping


@pytest.mark.parametrize("start", [None, params(5)], ids=["fresh", "continued"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(("weights", "loss"), NOT_FINITE)
def test_divergence_falls_back_on_the_best_epoch_or_the_start(weights, loss, early_stopping, start):
    subject = course(early_stopping=early_stopping, start=start)
    validation = said(0.0) if early_stopping else None
    subject.record(weights, loss, 0.5, validation)
    kept = subject.final_params(weights)
    assert kept is start
    feed(subject, [0.5])
    subject.record(weights, loss, 0.5, validation)
    assert_array_equal(subject.final_params(weights), params(0))


def test_weights_that_are_not_finite_are_never_kept():
    lost = np.array([1.0, np.nan, np.inf])
    fresh, continued, trained = course(), course(start=params(5)), course(start=params(5))
    feed(trained, [0.5])
    assert fresh.final_params(lost) is None
    assert_array_equal(continued.final_params(lost), params(5))
    assert_array_equal(trained.final_params(lost), params(0))


def test_a_score_that_is_not_a_number_is_not_the_best_and_no_improvement():
    subject = course(early_stopping=True)
    assert feed(subject, [0.5, float("nan"), float("nan")]) == [0, 1, 2]
    assert subject.best_score == 0.5
    assert_array_equal(subject.best, params(0))


def test_scores_that_are_looked_at_only():
    subject = course(restore_best=True)
    losses, scores = [5.0, 4.0, 3.0, 2.0, 2.0], [0.1, 0.9, 0.9, 0.2, 0.3]
    for epoch, (loss, score) in enumerate(zip(losses, scores, strict=True)):
        subject.record(params(epoch), loss, 0.5, said(score))
    assert subject.no_improvement_count == 1
    assert subject.metric == 2.0
    assert (subject.best_loss, subject.best_score) == (2.0, 0.9)
    assert subject.validation_scores == scores
    assert_array_equal(subject.final_params(params(7)), params(1))


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("restore_best", [False, True])
def test_which_weights_are_kept(restore_best, early_stopping):
    subject = course(early_stopping=early_stopping, restore_best=restore_best)
    feed(subject, [0.5, 0.9, 0.3] if early_stopping else [0.5, 0.1, 0.3])
    assert_array_equal(subject.final_params(params(7)), params(1) if restore_best else params(7))
    subject.record(params(np.nan), 1.0, 0.5, said(0.0) if early_stopping else None)
    assert_array_equal(subject.final_params(params(7)), params(1))


# The table of rules


def test_nothing_ends_a_training_that_goes_on():
    subject = course(max_iter=5)
    feed(subject, [3.0, 2.0])
    assert subject.outcome() is None


ENDS = {
    "failed": {"error": ValueError("no score")},
    "stopped": {"stop_requested": True},
    "interrupted": {"interrupted": True},
}


@pytest.mark.parametrize("name", ENDS)
def test_what_ends_a_training_from_outside(name):
    subject = course(max_iter=5)
    feed(subject, [3.0, 2.0])
    assert subject.outcome(**ENDS[name]) == name


def test_what_ends_a_training_from_inside():
    subject = course(max_iter=2, n_iter_no_change=9)
    feed(subject, [3.0, 2.0])
    assert subject.outcome() == "max_iter"
    subject = course(max_time=5.0)
    subject.course.seconds = 5.0
    assert subject.outcome() == "max_time"
    subject = course()
    subject.record(params(1), np.inf, 0.5, None)
    assert subject.outcome() == "diverged"


def test_the_first_rule_of_the_table_gives_the_outcome():
    subject = course(max_iter=4)
    feed(subject, [1.0] * 4)
    assert subject.outcome(stop_requested=True, interrupted=True) == "converged"
    subject.course.is_finite = False
    assert subject.outcome(stop_requested=True) == "diverged"


def test_a_schedule_with_a_lower_rate_goes_on():
    subject = course()
    subject.spec = MemberSpec(MODEL, SGD(), Adaptive(), tol=0.1, n_iter_no_change=2)
    feed(subject, [1.0] * 4)
    assert subject.outcome() is None
    assert subject.course.rate_reduced
    assert subject.course.no_improvement_count == 0


@pytest.mark.parametrize("solver", [SGD(), LBFGS()], ids=["sgd", "lbfgs"])
@pytest.mark.parametrize("name", STOPPING_RULES)
def test_every_rule_says_something_or_passes_advice_on(name, solver):
    spec, state = MemberSpec(MODEL, solver), MemberState(LearningRate(Constant(), 0.1))
    silent = {"converged", "stopped", "failed"}
    message = STOPPING_RULES[name].warning(spec, state, "")
    assert (message == "") == (name in silent)
    if name in silent:
        assert STOPPING_RULES[name].warning(spec, state, "Mend it.") == "Mend it."
