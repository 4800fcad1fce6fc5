"""From a problem to a fitted estimator with L-BFGS."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss._sklearn import check_optimize_result
from sknn_actloss.core import Network
from sknn_actloss.estimators._fitting import VALIDATION_ATTRIBUTES
from sknn_actloss.estimators._health import complaint
from sknn_actloss.estimators._observer import FitObserver
from sknn_actloss.estimators._problem import Problem, set_weights
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._warnings import NON_FINITE, REMEDY, warn_of_time
from sknn_actloss.solvers import LBFGS
from sknn_actloss.training import BestIterate, minimize

#: Status of SciPy's result where a callback stopped the minimisation.
CALLBACK_STOP = 99


def fit_lbfgs(estimator: Any, settings: Settings, problem: Problem, observer: FitObserver) -> None:
    """Minimise over all rows at once and set the attributes of the estimator."""
    objective = _objective(problem)
    losses: list[float] = []
    start = time.perf_counter()

    def evaluate(params: np.ndarray) -> tuple[float, np.ndarray]:
        observer.evaluation_begins(params)
        return objective(params)

    def on_iterate(params: np.ndarray, loss: float) -> bool:
        losses.append(loss)
        stopped = observer.iteration_ends(params, len(losses), loss)
        return stopped or _is_over(estimator, start, len(losses))

    result = _minimise(estimator, settings.solver, evaluate, objective.start, on_iterate)
    params = _final_params(estimator, problem, objective, result, losses)
    if params is None:
        raise ValueError(f"{NON_FINITE} {REMEDY}")
    set_weights(estimator, problem, params)
    remedy = complaint(estimator, problem.X, None, [])
    estimator.n_iter_ = _n_iterations(result, len(losses), estimator.max_iter, remedy)
    _set_curves(estimator, objective.loss, losses)


def _objective(problem: Problem) -> BestIterate:
    X, params = problem.X, problem.params
    X = X.astype(params.dtype, copy=False)
    network = Network(problem.layout, [problem.model], params, len(problem.y))
    return BestIterate(network, X, problem.y, problem.sample_weight)


def _minimise(
    estimator: Any,
    solver: LBFGS,
    evaluate: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    on_iterate: Callable[[np.ndarray, float], bool],
) -> OptimizeResult | None:
    """Return what SciPy says, ``None`` after Ctrl-C."""
    try:
        return minimize(
            evaluate,
            start,
            max_iter=estimator.max_iter,
            max_fun=solver.max_fun,
            tol=estimator.tol,
            max_corrections=solver.max_corrections,
            callback=on_iterate,
        )
    except KeyboardInterrupt:
        return None


def _is_over(estimator: Any, start: float, n_iterations: int) -> bool:
    """Whether ``max_time`` has passed since the start, with a warning if so."""
    if estimator.max_time is None or time.perf_counter() < start + estimator.max_time:
        return False
    warn_of_time(estimator, n_iterations)
    return True


def _final_params(
    estimator: Any,
    problem: Problem,
    objective: BestIterate,
    result: OptimizeResult | None,
    losses: list[float],
) -> np.ndarray | None:
    """Return the weights to keep, ``None`` where only the initial ones are finite."""
    if result is None:
        return objective.start if objective.params is None else objective.params
    if _is_finite(result):
        keeps_best = estimator.restore_best and estimator.restore_best != "auto"
        return objective.params if keeps_best else result.x
    if losses:
        return objective.params
    return None if problem.fresh else objective.start


def _is_finite(result: OptimizeResult) -> bool:
    return bool(np.isfinite(result.fun) and np.all(np.isfinite(result.x)))


def _n_iterations(
    result: OptimizeResult | None, n_iterates: int, max_iter: int, remedy: str
) -> int:
    """Return the number of iterations, with a warning if they did not lead to the end."""
    if result is None:
        warnings.warn("Training interrupted by user.", stacklevel=3)
        return n_iterates
    if not _is_finite(result):
        warnings.warn(
            f"lbfgs met a loss or weights that are not finite after {n_iterates} iteration(s). "
            f"The best finite weights are kept. {REMEDY}",
            ConvergenceWarning,
            stacklevel=3,
        )
        return n_iterates
    if result.status == CALLBACK_STOP:
        return n_iterates
    if remedy and result.status == 0:
        warnings.warn(remedy, ConvergenceWarning, stacklevel=3)
    return check_optimize_result("lbfgs", result, max_iter, remedy or None)


def _set_curves(estimator: Any, loss: float, losses: list[float]) -> None:
    if np.isfinite(loss) or not hasattr(estimator, "loss_"):
        estimator.loss_ = losses[-1] if losses else loss
        estimator.best_loss_ = loss
    estimator.loss_curve_ = losses
    for attribute in VALIDATION_ATTRIBUTES.values():
        setattr(estimator, attribute, None)
    estimator.t_ = 0
    for name in ("_optimizer", "learning_rate_curve_", "learning_rate_init_"):
        vars(estimator).pop(name, None)
