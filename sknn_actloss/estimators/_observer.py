"""What a fit tells the user while it runs: printed lines and scikit-learn's callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sknn_actloss.estimators._settings import Settings
from sknn_actloss.training import Epoch, Member, Observer


class Tasks:
    """scikit-learn's tasks of a fit, for its callbacks.

    Parameters
    ----------
    context : CallbackContext or None
        Root of the tasks; ``None`` where there are no callbacks.
    arguments : dict
        The estimator in fit, and ``X``, ``y`` and ``metadata`` as they were given to fit.
    attributes : callable
        Turns parameters into the attributes of a fitted estimator.
    """

    def __init__(
        self,
        context: Any,
        arguments: dict[str, Any],
        attributes: Callable[[np.ndarray], dict[str, Any]],
    ) -> None:
        self._context, self._arguments, self._attributes = context, arguments, attributes
        self._task: Any = None

    def begin(self, params: np.ndarray) -> None:
        """Open the task of an epoch that starts from parameters."""
        if self._context is not None:
            self._task = self._context.subcontext(task_name="epoch")
            self._task.call_on_fit_task_begin(**self._told(params))

    def end(self, params: np.ndarray) -> bool:
        """Close the task of an epoch; returns whether a callback wants to stop."""
        if self._task is None:
            return False
        task, self._task = self._task, None
        return task.call_on_fit_task_end(**self._told(params))

    def _told(self, params: np.ndarray) -> dict[str, Any]:
        return self._arguments | {"reconstruction_attributes": lambda: self._finite(params)}

    def _finite(self, params: np.ndarray) -> dict[str, Any] | None:
        """Return the attributes of the network as it is, ``None`` once it has diverged."""
        return self._attributes(params.copy()) if np.all(np.isfinite(params)) else None


class FitObserver(Observer):
    """Prints the progress of a fit and drives the callbacks of scikit-learn >= 1.9.

    Parameters
    ----------
    settings : Settings
    tasks : Tasks
    """

    def __init__(self, settings: Settings, tasks: Tasks) -> None:
        self._settings, self._tasks = settings, tasks
        self._rows: dict[int, np.ndarray] = {}

    def epoch_begins(self, epoch: Epoch) -> None:
        """Open the epoch's task."""
        self._tasks.begin(self._latest(epoch))

    def epoch_ends(self, epoch: Epoch) -> bool:
        """Print the epoch and close its task; returns whether a callback wants to stop."""
        if self._settings.verbose:
            for member in epoch.members:
                print_epoch(self._settings, member)
        return self._tasks.end(self._latest(epoch))

    def _latest(self, epoch: Epoch) -> np.ndarray:
        """Return what predictions use, of the network or of all members of a committee."""
        if self._settings.n_members == 1:
            return epoch.params[0]
        rows = zip(epoch.members, epoch.params, strict=True)
        self._rows |= {id(member): row for member, row in rows}
        return np.array(list(self._rows.values()))


def print_epoch(settings: Settings, member: Member) -> None:
    """Print what the latest epoch of a network has come to."""
    state, course = member.state, member.state.course
    if state.outcome == "diverged":
        print(f"Iteration {course.n_epochs + 1}, loss is not finite. Stopping.")
        return
    print(f"Iteration {course.n_epochs}, loss = {course.loss_curve[-1]:.8f}")
    what = "loss" if isinstance(settings.monitor, str) and settings.monitor == "loss" else "score"
    if course.validation_losses:
        print(f"Validation loss: {course.validation_losses[-1]:.8f}")
    if course.validation_scores and what == "score":
        print(f"Validation score: {course.validation_scores[-1]:f}")
    verdict = ""
    if state.outcome == "converged":
        verdict = "Stopping."
    elif course.rate_reduced:
        verdict = f"Setting learning rate to {state.rate.learning_rate:f}"
    if verdict:
        judged = f"Validation {what}" if member.spec.early_stopping else "Training loss"
        print(
            f"{judged} did not improve more than tol={settings.tol:f} for "
            f"{settings.n_iter_no_change} consecutive epochs. {verdict}"
        )
