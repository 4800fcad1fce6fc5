"""What an estimator brings to a training with a stochastic solver, and takes away from it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_actloss._component import stackable
from sknn_actloss.core import Layout, Model, mask_streams
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.schedules import LearningRate
from sknn_actloss.solvers import Solver
from sknn_actloss.training import Average, Course, Member, Outcome

NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)
REMEDY = (
    "Scale the inputs (StandardScaler) and, for regression, the targets, or take a loss that "
    "grows slower, such as 'huber'."
)

#: Fields of a course that a warm start or partial_fit takes from the fitted estimator.
COURSE_ATTRIBUTES = {
    "loss_curve": "loss_curve_",
    "validation_scores": "validation_scores_",
    "rate_curve": "learning_rate_curve_",
    "best_loss": "best_loss_",
    "best_score": "best_validation_score_",
    "no_improvement_count": "_no_improvement_count",
}


#: Attributes of normalised networks, and the views of a row of parameters that they are.
HIDDEN_ATTRIBUTES = {
    "normalization_scales_": "scales",
    "normalization_offsets_": "offsets",
    "running_means_": "means",
    "running_variances_": "variances",
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
    params : ndarray of shape (n_members, n_row)
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
        """Return ``coefs_``, ``intercepts_`` and the like as views of parameters.

        Parameters
        ----------
        params : ndarray of shape (n_row,) or (n_members, n_row)
            A network, or the members of a committee, whose axis the views keep in front.
        """
        flat = np.atleast_2d(params).astype(self.dtype, copy=False)
        views = self.layout.views(flat)
        hidden = {name: getattr(views, field) for name, field in HIDDEN_ATTRIBUTES.items()}
        parts = {"coefs_": views.weights, "intercepts_": views.biases, **hidden}
        first = 0 if params.ndim == 1 else slice(None)
        return {
            name: [part[first] if name == "coefs_" else part[first, 0] for part in arrays]
            for name, arrays in parts.items()
            if arrays
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
    average : Average or None
        The average of the weights, and the weights to go on from.
    streams : list of Generator or None
        Sources of dropout masks.
    """

    solver: Solver
    state: dict[str, Any]
    rate: LearningRate
    average: Average | None = None
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
    train_rows, validation_rows : ndarray of int or None
        Rows to learn from and to judge by; ``None`` means all, and none.
    batch_size : int
        Rows of a batch.
    incremental : bool
        Whether this is a call of ``partial_fit``.
    n_seen : int
        Rows seen in earlier calls.
    streams : list of Generator or None
        Sources of dropout masks to go on with; ``None`` for new ones.
    """

    estimator: Any
    problem: Problem
    member: Member
    train_rows: np.ndarray | None
    validation_rows: np.ndarray | None
    batch_size: int
    incremental: bool = False
    n_seen: int = 0
    streams: list[np.random.Generator] | None = None

    @classmethod
    def of(
        cls, estimator: Any, settings: Settings, problem: Problem, incremental: bool = False
    ) -> Training:
        """Split the rows and set up the member, drawing numbers as scikit-learn does."""
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
            gradient_clip=settings.gradient_clip,
            max_norm=settings.max_norm,
            averaging=settings.averaging,
            average=optimizer.average if settings.averaging else None,
            state=optimizer.state,
        )
        if member.average is not None:
            problem.layout.trained(problem.params)[...] = member.average.last
        return cls(
            estimator=estimator,
            problem=problem,
            member=member,
            train_rows=train_rows,
            validation_rows=validation_rows,
            batch_size=_batch_size(estimator.batch_size, n_rows),
            incremental=incremental,
            streams=optimizer.streams,
            n_seen=0 if problem.fresh else getattr(estimator, "t_", 0),
        )

    @property
    def n_rows(self) -> int:
        """Number of rows to learn from."""
        return len(self.problem.y if self.train_rows is None else self.train_rows)

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
            and first.model.skip_connections == second.model.skip_connections
            and all(_equal(*pair) for pair in arrays)
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
            copied = np.random.RandomState()
            copied.set_state(self.problem.random_state.get_state())
            seed = copied.randint(np.iinfo(np.int32).max)
            self.streams = mask_streams(seed, self.problem.layout.n_layers)
        return self.streams

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
        early = course.early_stopping
        estimator.validation_scores_ = course.validation_scores if early else None
        estimator.best_validation_score_ = course.best_score if early else None
        estimator.best_loss_ = None if early else course.best_loss
        estimator._no_improvement_count = course.no_improvement_count

    def warn(self) -> None:
        """Warn where training has not come to its end."""
        course = self.member.course
        if not (self.incremental and course.outcome is Outcome.MAX_ITER):
            _warn(course, self.estimator.max_iter, self.member.learning_rate.current)


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
    old = getattr(estimator, "_optimizer", None)
    if incremental and old is not None and stackable(old.solver, settings.solver):
        old.rate.schedule = settings.schedule
        old.rate.learning_rate_init = settings.learning_rate_init
        return replace(old, solver=settings.solver)
    samples = 0
    if not problem.fresh:
        samples = getattr(estimator, "t_", 0) if old is None else old.rate.samples
    rate = LearningRate(settings.schedule, settings.learning_rate_init, samples=samples)
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


def set_weights(estimator: Any, problem: Problem, params: np.ndarray) -> None:
    """Set ``coefs_``, ``intercepts_`` and the like in place of earlier ones."""
    for name in (*HIDDEN_ATTRIBUTES, "members_"):
        vars(estimator).pop(name, None)
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
