"""From a problem to a fitted estimator with a stochastic solver."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_actloss._component import stackable
from sknn_actloss.core import Layout, Model, Network, raw_outputs
from sknn_actloss.estimators._observer import FitObserver
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.schedules import LearningRate
from sknn_actloss.solvers import Solver
from sknn_actloss.training import Batches, Course, Member, Outcome, Stack, train

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


@dataclass
class Problem:
    """Validated data and the network to train on them.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
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

    X: np.ndarray | sparse.csr_array
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


def fit_stochastic(
    estimator: Any,
    settings: Settings,
    problem: Problem,
    observer: FitObserver,
    incremental: bool,
) -> None:
    """Train by minibatches and set the attributes of the estimator."""
    train_rows, validation_rows = _split(estimator, problem)
    n_rows = len(problem.y if train_rows is None else train_rows)
    batches = Batches(
        problem.X,
        problem.y,
        problem.sample_weight,
        train_rows,
        _batch_size(estimator.batch_size, n_rows),
    )
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
    workspace = vars(estimator).pop("_workspace", None)
    sizes = batches.batch_size, batches.group_size
    stack = Stack(problem.layout, [member], problem.params, *sizes, workspace)
    if estimator.warm_start or incremental:
        estimator._workspace = stack.network.workspace
    train(
        stack,
        batches,
        problem.random_state if estimator.shuffle else None,
        score=None if validation_rows is None else _scorer(estimator, problem, validation_rows),
        observer=observer,
        n_epochs=1 if incremental else None,
    )
    optimizer.state = member.state
    _finish_stochastic(estimator, problem, member, optimizer, n_rows)


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
        return OptimizerState(settings.solver, old.state, old.rate)
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


def _scorer(estimator: Any, problem: Problem, rows: np.ndarray) -> Any:
    y = problem.y[rows]
    weights = None if problem.sample_weight is None else problem.sample_weight[rows]

    def score(stack: Stack) -> list[float]:
        network: Network = stack.network
        raw = raw_outputs(problem.X, network.weights, network.biases, network.hidden, rows)
        return [
            estimator._validation_score(member.model.output(outputs[None])[0], y, weights)
            for member, outputs in zip(stack.members, raw, strict=True)
        ]

    return score


def _finish_stochastic(
    estimator: Any, problem: Problem, member: Member, optimizer: OptimizerState, n_rows: int
) -> None:
    course = member.course
    n_seen = 0 if problem.fresh else getattr(estimator, "t_", 0)
    rate = optimizer.rate.current
    remedy = f"The learning rate was {rate:g}. Lower learning_rate_init. {REMEDY}"
    set_weights(estimator, problem, member.params, remedy)
    estimator._optimizer = optimizer
    estimator.t_ = n_seen + course.n_epochs * n_rows
    estimator.n_iter_ = course.n_epochs
    estimator.loss_curve_ = course.loss_curve
    estimator.loss_ = course.loss_curve[-1] if course.loss_curve else np.inf
    estimator.learning_rate_curve_ = course.rate_curve
    early = course.early_stopping
    estimator.validation_scores_ = course.validation_scores if early else None
    estimator.best_validation_score_ = course.best_score if early else None
    estimator.best_loss_ = None if early else course.best_loss
    estimator._no_improvement_count = course.no_improvement_count
    _warn(course, estimator.max_iter, rate)


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
