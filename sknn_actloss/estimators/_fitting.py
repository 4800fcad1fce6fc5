"""What an estimator brings to a training with a stochastic solver, and takes away from it."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_actloss._component import stackable
from sknn_actloss.core import Layout, Model
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.schedules import LearningRate
from sknn_actloss.solvers import Solver
from sknn_actloss.training import (
    Batches,
    Course,
    Member,
    Outcome,
    RangeTest,
    Stack,
    range_test,
)

NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)
REMEDY = (
    "Scale the inputs (StandardScaler) and, for regression, the targets, or take a loss that "
    "grows slower, such as 'huber'."
)

#: Rates between which a range test looks for the learning rate, and its number of steps.
LOWEST_RATE, HIGHEST_RATE, N_STEPS = 1e-7, 100.0, 100

#: Fields of a course that a warm start or partial_fit takes from the fitted estimator.
COURSE_ATTRIBUTES = {
    "loss_curve": "loss_curve_",
    "validation_scores": "validation_scores_",
    "rate_curve": "learning_rate_curve_",
    "best_loss": "best_loss_",
    "best_score": "best_validation_score_",
    "no_improvement_count": "_no_improvement_count",
}


@dataclass(frozen=True, eq=False)
class Data:
    """Validated data, whatever the parameters of an estimator.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    targets : ndarray of shape (n_samples, n_outputs)
        Encoded targets.
    attributes : dict
        What validation and encoding have left behind on a new estimator.
    """

    X: np.ndarray | sparse.csr_array
    targets: np.ndarray
    attributes: dict[str, Any]


@dataclass
class Problem:
    """Validated data and the network to train on them.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features), or None
        The rows; ``None`` where another problem holds them.
    y : ndarray of shape (n_samples, n_outputs)
        Encoded targets in the data type of the computation.
    sample_weight : ndarray of shape (n_samples,) or None
    layout : Layout
    model : Model
    params : ndarray of shape (1, n_params)
        Where training starts, in the data type of the computation.
    dtype : dtype
        Data type of the fitted weights.
    random_state : RandomState
    fresh : bool
        Whether training starts from initial weights.
    """

    X: np.ndarray | sparse.csr_array | None
    y: np.ndarray
    sample_weight: np.ndarray | None
    layout: Layout
    model: Model
    params: np.ndarray
    dtype: np.dtype
    random_state: np.random.RandomState
    fresh: bool

    def attributes(self, params: np.ndarray) -> dict[str, list[np.ndarray]]:
        """Return ``coefs_`` and ``intercepts_`` as views of a row of parameters."""
        flat = params.astype(self.dtype, copy=False)[None]
        return {
            "coefs_": [weights[0] for weights in self.layout.weights(flat)],
            "intercepts_": [bias[0, 0] for bias in self.layout.biases(flat)],
        }


@dataclass
class OptimizerState:
    """What ``partial_fit`` goes on from: solver, its state, and where the rate stands."""

    solver: Solver
    state: dict[str, Any]
    rate: LearningRate

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
    train_rows, validation_rows : ndarray of int or None
        Rows to learn from and to judge by; ``None`` means all, and none.
    batch_size : int
        Rows of a batch.
    incremental : bool
        Whether this is a call of ``partial_fit``.
    n_seen : int
        Rows seen in earlier calls.
    """

    estimator: Any
    problem: Problem
    member: Member
    train_rows: np.ndarray | None
    validation_rows: np.ndarray | None
    batch_size: int
    incremental: bool = False
    n_seen: int = 0

    @classmethod
    def of(
        cls, estimator: Any, settings: Settings, problem: Problem, incremental: bool = False
    ) -> Training:
        """Split the rows and set up the member, drawing numbers as scikit-learn does.

        Where the learning rate is unknown, a range test finds it.
        """
        train_rows, validation_rows = _split(estimator, problem)
        n_rows = len(problem.y if train_rows is None else train_rows)
        optimizer = _optimizer(estimator, settings, problem, incremental)
        member = Member(
            model=problem.model,
            solver=settings.solver,
            learning_rate=optimizer.rate,
            course=_course(estimator, problem),
            max_iter=estimator.max_iter,
            weight_decay=settings.weight_decay,
            state=optimizer.state,
        )
        training = cls(
            estimator=estimator,
            problem=problem,
            member=member,
            train_rows=train_rows,
            validation_rows=validation_rows,
            batch_size=_batch_size(estimator.batch_size, n_rows),
            incremental=incremental,
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
            (self.validation_rows, other.validation_rows),
        )
        return (
            first.X is second.X
            and first.layout == second.layout
            and first.params.dtype == second.params.dtype
            and self.batch_size == other.batch_size
            and self.estimator.shuffle == other.estimator.shuffle
            and all(_equal(*pair) for pair in arrays)
            and (not self.estimator.shuffle or _same_stream(first, second))
        )

    def finish(self) -> None:
        """Set the attributes of the estimator to where the training stands.

        Raises
        ------
        ValueError
            If training has come to no finite weights.
        """
        estimator, member = self.estimator, self.member
        course, rate = member.course, member.learning_rate.current
        remedy = f"The learning rate was {rate:g}. Lower learning_rate_init. {REMEDY}"
        set_weights(estimator, self.problem, member.params, remedy)
        estimator._optimizer = OptimizerState(member.solver, member.state, member.learning_rate)
        estimator.t_ = self.n_seen + course.n_epochs * self.n_rows
        estimator.n_iter_ = course.n_epochs
        estimator.loss_curve_ = course.loss_curve
        estimator.loss_ = course.loss_curve[-1] if course.loss_curve else np.inf
        estimator.learning_rate_curve_ = course.rate_curve
        estimator.learning_rate_init_ = member.learning_rate.learning_rate_init
        early = course.early_stopping
        estimator.validation_scores_ = course.validation_scores if early else None
        estimator.best_validation_score_ = course.best_score if early else None
        estimator.best_loss_ = None if early else course.best_loss
        estimator._no_improvement_count = course.no_improvement_count
        if not (self.incremental and course.outcome is Outcome.MAX_ITER):
            _warn(course, estimator.max_iter, rate)


def _split(estimator: Any, problem: Problem) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return training and validation rows as scikit-learn draws them, None without."""
    if not estimator.early_stopping:
        return None, None
    # Multiclass and multilabel targets are not stratified, as in scikit-learn.
    stratified = estimator._task == "classification" and problem.y.shape[1] == 1
    train_rows, validation_rows = train_test_split(
        np.arange(len(problem.y)),
        random_state=problem.random_state,
        test_size=estimator.validation_fraction,
        # As text, as scikit-learn turns a column into for its messages, row by row.
        stratify=problem.y[:, 0].astype(bool).astype(str) if stratified else None,
    )
    if len(validation_rows) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of "
            "your dataset."
        )
    weights = problem.sample_weight
    if weights is not None and not (weights[train_rows].any() and weights[validation_rows].any()):
        raise ValueError(
            "sample_weight and class_weight leave the training or the validation rows of "
            "early_stopping=True without a weight above zero."
        )
    return train_rows, validation_rows


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
        return OptimizerState(settings.solver, old.state, old.rate)
    samples = 0
    if not problem.fresh:
        samples = getattr(estimator, "t_", 0) if old is None else old.rate.samples
    rate = LearningRate(settings.schedule, rate_init, samples=samples)
    return OptimizerState(settings.solver, {}, rate)


def _course(estimator: Any, problem: Problem) -> Course:
    """Return a new course, or the one of the earlier fit to be continued."""
    course = Course(estimator.tol, estimator.n_iter_no_change, estimator.early_stopping)
    if problem.fresh:
        return course
    course.start = problem.params[0].copy()
    for name, attribute in COURSE_ATTRIBUTES.items():
        value = getattr(estimator, attribute, None)
        if value is not None:
            setattr(course, name, list(value) if isinstance(value, list) else value)
    return course


def _equal(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None:
        return first is second
    return first is second or np.array_equal(first, second)


def _same_stream(first: Problem, second: Problem) -> bool:
    """Whether the generators of two problems are in the same state."""
    states = [problem.random_state.get_state() for problem in (first, second)]
    return all(np.array_equal(one, two) for one, two in zip(*states, strict=True))


def set_weights(estimator: Any, problem: Problem, params: np.ndarray | None, remedy: str) -> None:
    """Set ``coefs_`` and ``intercepts_``, or raise with a remedy where no weights are finite."""
    if params is None:
        raise ValueError(f"{NON_FINITE} {remedy}")
    vars(estimator).update(problem.attributes(params))


def _warn(course: Course, max_iter: int, rate: float) -> None:
    if course.outcome is Outcome.MAX_ITER:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=2,
        )
    elif course.outcome is Outcome.DIVERGED:
        warnings.warn(
            f"Training diverged in epoch {course.n_epochs + 1} at a learning rate of {rate:g}: "
            "loss or weights were not finite. The best finite weights are kept. "
            f"Lower learning_rate_init. {REMEDY}",
            ConvergenceWarning,
            stacklevel=2,
        )
    elif course.outcome is Outcome.INTERRUPTED:
        warnings.warn("Training interrupted by user.", stacklevel=2)
