"""What an estimator brings to a training with a stochastic solver, and takes away from it."""

from __future__ import annotations

import copy
import pickle
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss._component import stackable
from sknn_actloss.core import mask_streams
from sknn_actloss.estimators._health import complaint
from sknn_actloss.estimators._holdout import Holdout, Partition, is_same
from sknn_actloss.estimators._monitor import monitored, resolve_monitor
from sknn_actloss.estimators._problem import Problem, set_weights
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._warnings import NON_FINITE, REMEDY, warn_of_end
from sknn_actloss.schedules import LearningRate
from sknn_actloss.solvers import Solver
from sknn_actloss.training import (
    Batches,
    Course,
    Member,
    Outcome,
    RangeTest,
    Stack,
    Validation,
    range_test,
)

#: Rates between which a range test looks for the learning rate, and its number of steps.
LOWEST_RATE, HIGHEST_RATE, N_STEPS = 1e-7, 100.0, 100

#: Fields of a course that a warm start or partial_fit takes from the fitted estimator.
COURSE_ATTRIBUTES = {
    "loss_curve": "loss_curve_",
    "rate_curve": "learning_rate_curve_",
    "best_loss": "best_loss_",
    "no_improvement_count": "_no_improvement_count",
}

#: Those of them that go on where the same quantity is monitored.
VALIDATION_ATTRIBUTES = {
    "validation_scores": "validation_scores_",
    "validation_losses": "validation_loss_curve_",
    "best_score": "best_validation_score_",
}


@dataclass
class OptimizerState:
    """What ``partial_fit`` goes on from.

    Parameters
    ----------
    solver : Solver
    state : dict
        What the solver remembers.
    rate : LearningRate
        Where the rate stands.
    average : dict
        The average of the weights, and the weights to go on from.
    streams : list of Generator or None
        Sources of dropout masks.
    """

    solver: Solver
    state: dict[str, Any]
    rate: LearningRate
    average: dict[str, Any] = field(default_factory=dict)
    streams: list[np.random.Generator] | None = None

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        return self.rate.learning_rate


@dataclass(eq=False)
class Training:
    """An estimator in fit with a stochastic solver: its network and the rows it learns from.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    problem : Problem
    member : Member
        Its network in a stack.
    train_rows : ndarray of int or None
        Rows to learn from; ``None`` means all.
    holdout : Holdout or None
        Rows to judge by.
    scorer : callable or None
        The scorer that is monitored; ``None`` for score and loss.
    batch_size : int
        Rows of a batch.
    incremental : bool
        Whether this is a call of ``partial_fit``.
    n_seen : int
        Rows seen in earlier calls.
    streams : list of Generator or None
        Sources of dropout masks to go on with; ``None`` for new ones.
    error : Exception or None
        What the scorer failed with.
    """

    estimator: Any
    problem: Problem
    member: Member
    train_rows: np.ndarray | None
    holdout: Holdout | None
    scorer: Callable[..., float] | None
    batch_size: int
    incremental: bool = False
    n_seen: int = 0
    streams: list[np.random.Generator] | None = None
    error: Exception | None = None

    @classmethod
    def of(
        cls,
        estimator: Any,
        settings: Settings,
        problem: Problem,
        partition: Partition,
        incremental: bool = False,
    ) -> Training:
        """Set up the member that learns from the rows of a partition.

        Where the learning rate is unknown, a range test finds it.
        """
        train_rows, holdout = partition.train_rows, partition.holdout
        n_rows = len(problem.y if train_rows is None else train_rows)
        optimizer = _optimizer(estimator, settings, problem, incremental)
        member = Member(
            model=problem.model,
            solver=settings.solver,
            learning_rate=optimizer.rate,
            course=_course(estimator, problem, partition, incremental),
            max_iter=estimator.max_iter,
            weight_decay=settings.weight_decay,
            gradient_clip=settings.gradient_clip,
            max_norm=settings.max_norm,
            averaging=settings.averaging,
            average=optimizer.average if settings.averaging else {},
            max_time=np.inf if incremental else settings.max_time,
            state=optimizer.state,
        )
        if member.average:
            problem.layout.trained(problem.params)[...] = member.average["last"]
        training = cls(
            estimator=estimator,
            problem=problem,
            member=member,
            train_rows=train_rows,
            holdout=holdout,
            scorer=None if holdout is None else resolve_monitor(estimator),
            batch_size=_batch_size(estimator.batch_size, n_rows),
            incremental=incremental,
            streams=optimizer.streams,
            n_seen=0 if problem.fresh else getattr(estimator, "t_", 0),
        )
        if optimizer.rate.learning_rate_init is None:
            training.find_rate()
        return training

    @property
    def n_rows(self) -> int:
        """Number of rows to learn from."""
        return len(self.problem.y if self.train_rows is None else self.train_rows)

    def find_rate(self) -> None:
        """Set the learning rate to what a range test suggests."""
        test = self.range_test()
        member = self.member
        member.learning_rate = replace(member.learning_rate, learning_rate_init=test.suggestion)
        if self.estimator.verbose:
            print(f"Learning rate found: {test}")

    def range_test(
        self, low: float = LOWEST_RATE, high: float = HIGHEST_RATE, n_steps: int = N_STEPS
    ) -> RangeTest:
        """Test learning rates on the training rows and leave training and random stream alone."""
        problem, member = self.problem, self.member
        batches = Batches(
            problem.X, problem.y, problem.sample_weight, self.train_rows, self.batch_size, 1
        )
        sizes = batches.batch_size, batches.group_size
        stack = Stack(problem.layout, [member] * 2, problem.params.repeat(2, axis=0), *sizes)
        random_state = copy.deepcopy(problem.random_state) if self.estimator.shuffle else None
        return range_test(stack, batches, random_state, np.geomspace(low, high, n_steps))

    def matches(self, other: Training) -> bool:
        """Whether two trainings go through the very same batches with networks of one shape."""
        first, second = self.problem, other.problem
        arrays = (
            (first.y, second.y),
            (first.sample_weight, second.sample_weight),
            (self.train_rows, other.train_rows),
        )
        mine, theirs = self.holdout, other.holdout
        return (
            first.X is second.X
            and first.layout == second.layout
            and first.params.dtype == second.params.dtype
            and self.batch_size == other.batch_size
            and self.estimator.shuffle == other.estimator.shuffle
            and first.model.skip_connections == second.model.skip_connections
            and all(is_same(*pair) for pair in arrays)
            and (mine is theirs if mine is None else mine.matches(theirs))
            and (not (self.draws or other.draws) or _same_stream(first, second))
        )

    @property
    def draws(self) -> bool:
        """Whether epochs draw random numbers."""
        return self.estimator.shuffle or bool(self.problem.model.dropout)

    def mask_streams(self) -> list[np.random.Generator] | None:
        """Return the sources of dropout masks, ``None`` without dropout.

        New ones come from a copy of the generator, so that the order of the rows is the same
        with dropout and without.
        """
        if self.streams is None and self.problem.model.dropout:
            seed = copy.deepcopy(self.problem.random_state).randint(np.iinfo(np.int32).max)
            self.streams = mask_streams(seed, self.problem.layout.n_layers)
        return self.streams

    def judged(
        self, params: np.ndarray, rows: Callable[[], Any], outputs: np.ndarray, loss: float
    ) -> Validation:
        """Return what validation rows say of the network.

        Parameters
        ----------
        params : ndarray of shape (n_row,)
            Its parameters.
        rows : callable
            Returns the validation rows as they were given to fit, for a scorer.
        outputs : ndarray of shape (n_rows, n_outputs)
            Its predictions of these rows.
        loss : float
            Its mean loss of these rows.
        """
        holdout = self.holdout
        if self.scorer is not None:
            score = self._scored(params, rows())
        elif self.estimator.monitor == "loss":
            score = -loss
        else:
            score = self.estimator._validation_score(
                outputs, holdout.targets, holdout.sample_weight
            )
        return Validation(score, loss)

    def _scored(self, params: np.ndarray, X: Any) -> float:
        """Let the scorer judge the network; what it fails with ends the training."""
        network = copy.copy(self.estimator)
        vars(network).update(self.problem.attributes(params.copy()))
        try:
            return monitored(self.scorer, network, X, self.holdout.y, self.holdout.sample_weight)
        except Exception as error:
            monitor = self.estimator.monitor
            error.add_note(f"This is about monitor={monitor!r} on the validation rows.")
            self.error, self.member.course.outcome = error, Outcome.FAILED
            return float("nan")

    def finish(self) -> None:
        """Set the attributes of the estimator to where the training stands.

        Raises
        ------
        ValueError
            If training has come to no finite weights.
        Exception
            What the scorer failed with.
        """
        if self.error is not None:
            raise self.error
        estimator, member = self.estimator, self.member
        course, rate = member.course, member.learning_rate.current
        remedy = f"The learning rate was {rate:g}. Lower learning_rate_init. {REMEDY}"
        if member.params is None:
            raise ValueError(f"{NON_FINITE} {remedy}")
        set_weights(estimator, self.problem, member.params)
        estimator._optimizer = OptimizerState(
            member.solver, member.state, member.learning_rate, member.average, self.streams
        )
        estimator.t_ = self.n_seen + course.n_epochs * self.n_rows
        estimator.n_iter_ = course.n_epochs
        estimator.loss_curve_ = course.loss_curve
        estimator.loss_ = course.loss_curve[-1] if course.loss_curve else np.inf
        estimator.learning_rate_curve_ = course.rate_curve
        estimator.learning_rate_init_ = member.learning_rate.learning_rate_init
        estimator.best_loss_ = None if course.early_stopping else course.best_loss
        estimator._no_improvement_count = course.no_improvement_count
        estimator._monitored = _monitored(estimator, self.holdout)
        for name, attribute in VALIDATION_ATTRIBUTES.items():
            value = None if self.holdout is None else getattr(course, name)
            setattr(estimator, attribute, value)

    def complaint(self, X: np.ndarray | sparse.csr_array) -> str:
        """Say what is wrong with the network of a fit that has come to its end.

        Parameters
        ----------
        X : ndarray or CSR of shape (n_samples, n_features)
            The rows, of which this training may hold none.
        """
        course = self.member.course
        if self.incremental or course.outcome in (None, Outcome.DIVERGED, Outcome.INTERRUPTED):
            return ""
        had_to_learn = self.problem.fresh and np.ptp(self.problem.y, axis=0).any()
        losses = course.loss_curve if had_to_learn else []
        health = complaint(self.estimator, X, self.train_rows, losses)
        return " ".join(filter(None, [health, self._idle_average(), self._idle_monitor()]))

    def _idle_average(self) -> str:
        """Say that weights were to be averaged and none were."""
        member = self.member
        if member.averaging is None or member.average.get("count"):
            return ""
        return (
            f"weight_averaging={member.averaging!r} has averaged nothing, since training ended "
            f"after epoch {member.course.n_epochs} of max_iter={member.max_iter}. Set "
            "n_iter_no_change=np.inf, so that it goes on to the end, or let averaging start sooner."
        )

    def _idle_monitor(self) -> str:
        """Say that no epoch had a score."""
        if self.holdout is None or np.isfinite(self.member.course.validation_scores).any():
            return ""
        return (
            f"monitor={self.estimator.monitor!r} gave no finite number in any epoch, on "
            f"{len(self.holdout.targets)} validation rows, so that no epoch is the best. Set "
            "monitor='loss', or give other validation rows."
        )

    def warn(self, complaint: str) -> None:
        """Warn where training has not come to its end, or where there is a complaint."""
        course = self.member.course
        if not (self.incremental and course.outcome is Outcome.MAX_ITER):
            warn_of_end(course, self.estimator, self.member.learning_rate.current, complaint)


def _batch_size(batch_size: int | str, n_rows: int) -> int:
    if batch_size == "auto":
        return min(200, n_rows)
    if batch_size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped "
            f"from {batch_size} to {n_rows}.",
            stacklevel=2,
        )
    return min(batch_size, n_rows)


def _optimizer(
    estimator: Any, settings: Settings, problem: Problem, incremental: bool
) -> OptimizerState:
    """Return the state to go on from in ``partial_fit``, or a new one."""
    old, rate_init = getattr(estimator, "_optimizer", None), settings.learning_rate_init
    goes_on = not problem.fresh and old is not None and stackable(old.solver, settings.solver)
    if goes_on and rate_init is None:
        rate_init = old.rate.learning_rate_init
    if incremental and goes_on:
        old.rate.schedule = settings.schedule
        old.rate.learning_rate_init = rate_init
        return replace(old, solver=settings.solver)
    samples = 0
    if not problem.fresh:
        samples = getattr(estimator, "t_", 0) if old is None else old.rate.samples
    rate = LearningRate(settings.schedule, rate_init, samples=samples)
    return OptimizerState(settings.solver, {}, rate)


def _course(estimator: Any, problem: Problem, partition: Partition, incremental: bool) -> Course:
    """Return a new course, or the one of the earlier fit to be continued."""
    course = Course(estimator.tol, estimator.n_iter_no_change, partition.early_stopping)
    # A call of partial_fit is a single epoch.
    course.restore_best = False if incremental else estimator.restore_best
    if problem.fresh:
        return course
    course.start, continued = problem.params[0].copy(), COURSE_ATTRIBUTES
    monitored_now = _monitored(estimator, partition.holdout)
    if monitored_now and monitored_now == getattr(estimator, "_monitored", None):
        continued = continued | VALIDATION_ATTRIBUTES
    for name, attribute in continued.items():
        value = getattr(estimator, attribute, None)
        if value is not None:
            setattr(course, name, list(value) if isinstance(value, list) else value)
    return course


def _monitored(estimator: Any, holdout: Holdout | None) -> tuple[Any, int] | None:
    """Return what tells the records of warm starts apart: monitor, and rows given to fit."""
    if holdout is None:
        return None
    given = b"" if holdout.X is None else holdout.targets.tobytes()
    return estimator.monitor, zlib.crc32(given)


def _same_stream(first: Problem, second: Problem) -> bool:
    """Whether the generators of two problems are in the same state."""
    return pickle.dumps(first.random_state) == pickle.dumps(second.random_state)
