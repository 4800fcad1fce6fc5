"""What a fit tells the user while it runs: printed lines and scikit-learn's callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sknn_actloss.training import Member, Observer, Outcome, Stack


class FitObserver(Observer):
    """Prints the progress of a fit and drives the callbacks of scikit-learn >= 1.9.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The estimator in fit.
    context : CallbackContext or None
        Root of its tasks; ``None`` where there are no callbacks.
    data : dict
        ``X``, ``y`` and ``metadata`` as they were given to fit.
    attributes : callable
        Turns a row of parameters into the attributes of a fitted estimator.
    """

    def __init__(
        self,
        estimator: Any,
        context: Any,
        data: dict[str, Any],
        attributes: Callable[[np.ndarray], dict[str, Any]],
    ) -> None:
        self._estimator, self._context = estimator, context
        self._data, self._attributes = data, attributes
        self._task: Any = None
        self._rows: dict[int, np.ndarray] = {}
        self._iterate: np.ndarray | None = None

    def epoch_begins(self, stack: Stack) -> None:
        """Open the epoch's task."""
        self._begin(self._latest(stack))

    def epoch_ends(self, stack: Stack) -> bool:
        """Print the epoch and close its task; returns whether a callback wants to stop."""
        if self._estimator.verbose:
            for member in stack.members:
                print_epoch(self._estimator, member)
        return self._end(self._latest(stack))

    def _latest(self, stack: Stack) -> np.ndarray:
        """Return what predictions use, of the network or of all members of a committee."""
        if self._estimator.n_members == 1:
            return stack.kept[0]
        self._rows |= {id(m): row for m, row in zip(stack.members, stack.kept, strict=True)}
        return np.array(list(self._rows.values()))

    def evaluation_begins(self, params: np.ndarray) -> None:
        """Open the task of an iteration of L-BFGS with its first evaluation."""
        if self._task is None:
            # Later evaluations try points that the iteration has not reached.
            self._begin(params if self._iterate is None else self._iterate)

    def iteration_ends(self, params: np.ndarray, number: int, loss: float) -> bool:
        """Print an iteration of L-BFGS and close its task; returns whether to stop."""
        if self._estimator.verbose:
            print(f"Iteration {number}, loss = {loss:.8f}")
        self._iterate = params.copy()
        return self._end(params)

    def _begin(self, params: np.ndarray) -> None:
        if self._context is not None:
            self._task = self._context.subcontext(task_name="epoch")
            self._task.call_on_fit_task_begin(**self._arguments(params))

    def _end(self, params: np.ndarray) -> bool:
        if self._task is None:
            return False
        task, self._task = self._task, None
        return task.call_on_fit_task_end(**self._arguments(params))

    def _arguments(self, params: np.ndarray) -> dict[str, Any]:
        return {
            "estimator": self._estimator,
            **self._data,
            "reconstruction_attributes": lambda: self._finite_attributes(params),
        }

    def _finite_attributes(self, params: np.ndarray) -> dict[str, Any] | None:
        """Return the attributes of the network as it is, ``None`` once it has diverged."""
        return self._attributes(params.copy()) if np.all(np.isfinite(params)) else None


def print_epoch(estimator: Any, member: Member) -> None:
    """Print what the latest epoch of an estimator's network has come to."""
    course = member.course
    if course.outcome is Outcome.DIVERGED:
        print(f"Iteration {course.n_epochs + 1}, loss is not finite. Stopping.")
        return
    print(f"Iteration {course.n_epochs}, loss = {course.loss_curve[-1]:.8f}")
    what = "loss" if estimator.monitor == "loss" else "score"
    if course.validation_losses:
        print(f"Validation loss: {course.validation_losses[-1]:.8f}")
    if course.validation_scores and what == "score":
        print(f"Validation score: {course.validation_scores[-1]:f}")
    verdict = ""
    if course.outcome is Outcome.CONVERGED:
        verdict = "Stopping."
    elif course.rate_reduced:
        verdict = f"Setting learning rate to {member.learning_rate.learning_rate:f}"
    if verdict:
        judged = f"Validation {what}" if course.early_stopping else "Training loss"
        print(
            f"{judged} did not improve more than tol={estimator.tol:f} for "
            f"{estimator.n_iter_no_change} consecutive epochs. {verdict}"
        )
