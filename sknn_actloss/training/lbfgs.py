"""L-BFGS through SciPy on the flat vector of parameters."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy import optimize

from sknn_actloss._calls import run
from sknn_actloss.core import Network, Rows
from sknn_actloss.training.loop import Epoch, Observer
from sknn_actloss.training.member import Member
from sknn_actloss.training.task import Task

#: Status of SciPy's result where a callback stopped the minimisation.
CALLBACK_STOP = 99


class BestIterate:
    """The objective for SciPy, which remembers where it started and the best it was shown.

    Parameters
    ----------
    network : Network
        A stack of one network, float64.
    X : Rows
        All training rows.
    y : ndarray of shape (n_rows, n_targets)
        Their targets.
    sample_weight : ndarray of shape (n_rows,) or None
        Their weights.

    Attributes
    ----------
    start : ndarray of shape (row_size,)
        The initial parameters.
    params : ndarray of shape (row_size,) or None
        Those with the lowest loss.
    loss : float
        That loss.
    """

    def __init__(
        self, network: Network, X: Rows, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> None:
        self._network = network
        self.start = network.params[0].copy()
        self._total = float(len(y) if sample_weight is None else sample_weight.sum())
        self._program = network.bind(X, y, sample_weight, self._total, slice(0, len(y)))
        self._losses = network.bind_losses(y, sample_weight)
        self.loss = np.inf
        self.params: np.ndarray | None = None

    def __call__(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        """Return loss and gradient."""
        self._network.params[0] = params
        run(self._program)
        loss = float(self._losses()[0]) / self._total
        if loss < self.loss:
            self.loss, self.params = loss, params.copy()
        return loss, self._network.gradient[0].copy()


def minimize(
    objective: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    *,
    max_iter: int,
    max_fun: int,
    tol: float,
    max_corrections: int,
    callback: Callable[[np.ndarray, float], bool],
) -> optimize.OptimizeResult:
    """Minimise the loss over all rows.

    Parameters
    ----------
    objective : callable
        Returns loss and gradient.
    start : ndarray of shape (n_params,)
        Initial parameters.
    max_iter, max_fun, tol, max_corrections
        Iterations and evaluations at most, tolerance of the projected gradient, and memory.
    callback : callable
        Called with the parameters and the loss of each iterate; returning True stops.
    """

    def on_iterate(intermediate_result: optimize.OptimizeResult) -> None:
        if callback(intermediate_result.x, float(intermediate_result.fun)):
            raise StopIteration

    with np.errstate(all="ignore"):
        return optimize.minimize(
            objective,
            start,
            method="L-BFGS-B",
            jac=True,
            callback=on_iterate,
            options={
                "maxfun": max_fun,
                "maxiter": max_iter,
                "gtol": tol,
                "maxcor": max_corrections,
            },
        )


def train_by_lbfgs(task: Task, member: Member, params: np.ndarray, observer: Observer) -> None:
    """Minimise the loss of a network over all rows, and note in its state where that has led.

    Parameters
    ----------
    task : Task
        The rows.
    member : Member
        The network, whose state has a course for each iteration then.
    params : ndarray of shape (1, row_size)
        Where it starts.
    observer : Observer
        Is told of each iteration as of an epoch.
    """
    network = Network(task.layout, [member.spec.model], params, task.y.n_rows)
    X, y = task.X.block(slice(0, task.y.n_rows), params.dtype), task.y.dense()
    objective = BestIterate(network, X, y, task.sample_weight)
    _Descent(objective, member, observer).run()


class _Descent:
    """A minimisation on its way."""

    def __init__(self, objective: BestIterate, member: Member, observer: Observer) -> None:
        self._objective, self._member, self._observer = objective, member, observer
        self._iterate, self._has_begun = objective.start, False
        self._start = time.perf_counter()

    def run(self) -> None:
        spec, state = self._member.spec, self._member.state
        try:
            result = minimize(
                self._evaluate,
                self._objective.start,
                max_iter=spec.max_iter,
                max_fun=spec.solver.max_fun,  # type: ignore[attr-defined]
                tol=spec.tol,
                max_corrections=spec.solver.max_corrections,  # type: ignore[attr-defined]
                callback=self._end_iteration,
            )
        except KeyboardInterrupt:
            state.interrupted, state.outcome = True, "interrupted"
            best = self._objective.params
            state.params = self._objective.start if best is None else best
        else:
            self._finish(result)
        state.course.best_loss = self._objective.loss

    def _evaluate(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        if not self._has_begun:
            # Later evaluations try points that the iteration has not reached.
            self._has_begun = True
            self._observer.epoch_begins(Epoch([self._member], self._iterate[None]))
        return self._objective(params)

    def _end_iteration(self, params: np.ndarray, loss: float) -> bool:
        spec, state = self._member.spec, self._member.state
        state.course.loss_curve.append(loss)
        state.course.n_epochs += 1
        self._iterate, self._has_begun = params.copy(), False
        if self._observer.epoch_ends(Epoch([self._member], params[None])):
            state.outcome = "stopped"
        elif time.perf_counter() - self._start >= spec.max_time:
            state.outcome = "max_time"
        return state.outcome is not None

    def _finish(self, result: optimize.OptimizeResult) -> None:
        spec, state, objective = self._member.spec, self._member.state, self._objective
        course = state.course
        course.is_finite = bool(np.isfinite(result.fun) and np.all(np.isfinite(result.x)))
        if not course.is_finite:
            state.outcome = "diverged"
            state.params = objective.params if course.loss_curve else course.start
            return
        state.params = objective.params if spec.restore_best else result.x
        if result.status != CALLBACK_STOP:
            state.optimum = result
            course.n_epochs = min(result.nit, spec.max_iter)
            state.outcome = "converged" if result.status == 0 else "max_iter"
