"""How a fit tells that it has not come to its end, and what to do about it."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from sknn_actloss.training import Course, Outcome

NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)
REMEDY = (
    "Scale the inputs (StandardScaler) and, for regression, the targets, or take a loss that "
    "grows slower, such as 'huber'."
)


def warn_of_end(course: Course, estimator: Any, rate: float, complaint: str) -> None:
    """Warn where a training has not come to its end, or where there is a complaint."""
    if course.outcome is Outcome.MAX_ITER:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the "
            f"optimization hasn't converged yet. {complaint}".rstrip(),
            ConvergenceWarning,
            stacklevel=2,
        )
    elif course.outcome is Outcome.MAX_TIME:
        warn_of_time(estimator, course.n_epochs, complaint)
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
    elif complaint:
        warnings.warn(complaint, ConvergenceWarning, stacklevel=2)


def warn_of_time(estimator: Any, n_iterations: int, complaint: str = "") -> None:
    """Warn that ``max_time`` is over, and of a complaint."""
    warnings.warn(
        f"Maximum time (max_time={estimator.max_time:g} seconds) reached after {n_iterations} "
        f"iteration(s) and the optimization hasn't converged yet. {complaint}".rstrip(),
        ConvergenceWarning,
        stacklevel=3,
    )
