"""What a fit tells the user while it runs: printed lines and scikit-learn's callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from sknn_actloss.estimators._settings import Settings
from sknn_actloss.training import Epoch, Member, Observer, ProgressBar


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

    @property
    def are_watched(self) -> bool:
        """Whether there are callbacks."""
        return hasattr(self._arguments["estimator"], "_skl_callbacks")

    @property
    def are_wanted(self) -> bool:
        """Whether epochs are to have tasks."""
        return self._context is not None and self.are_watched

    @property
    def is_open(self) -> bool:
        """Whether an epoch has begun."""
        return self._task is not None

    def begin(self, params: np.ndarray) -> None:
        """Open the task of an epoch that starts from parameters."""
        self._task = self._context.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(**self._told(params))

    def end(self, params: np.ndarray) -> bool:
        """Close the task of an epoch; returns whether a callback wants to stop."""
        task, self._task = self._task, None
        return task.call_on_fit_task_end(**self._told(params))

    def _told(self, params: np.ndarray) -> dict[str, Any]:
        return self._arguments | {"reconstruction_attributes": lambda: self._finite(params)}

    def _finite(self, params: np.ndarray) -> dict[str, Any] | None:
        """Return the attributes of the network as it is, ``None`` once it has diverged."""
        return self._attributes(params.copy()) if np.all(np.isfinite(params)) else None


class FitObserver(Observer):
    """Shows the progress of a fit and drives the callbacks of scikit-learn >= 1.9.

    Parameters
    ----------
    settings : Settings
    tasks : Tasks
    n_epochs : int
        Epochs at most.
    """

    def __init__(self, settings: Settings, tasks: Tasks, n_epochs: int) -> None:
        self._settings, self._tasks = settings, tasks
        self._rows: dict[int, np.ndarray] = {}
        # A single epoch is no progress to follow, and callbacks may draw a bar of their own.
        wanted = settings.verbose == 1 and n_epochs > 1 and not tasks.are_watched
        self._bar = ProgressBar(unit_of(settings), n_epochs, wanted)

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._bar.__exit__(*error)

    def epoch_begins(self, epoch: Epoch) -> None:
        """Open the epoch's task."""
        if self._tasks.are_wanted:
            self._tasks.begin(self._latest(epoch))

    def epoch_ends(self, epoch: Epoch) -> bool:
        """Show the epoch and close its task; returns whether a callback wants to stop."""
        if self._bar.is_shown:
            done = max(member.state.course.n_epochs for member in epoch.members)
            self._bar.show(done, summary(self._settings, epoch))
        if self._settings.verbose:
            for member in epoch.members:
                print_epoch(self._settings, member, events_only=self._bar.is_shown)
        return self._tasks.is_open and self._tasks.end(self._latest(epoch))

    def _latest(self, epoch: Epoch) -> np.ndarray:
        """Return what predictions use, of the network or of all members of a committee."""
        if self._settings.n_members == 1:
            return epoch.params[0]
        rows = zip(epoch.members, epoch.params, strict=True)
        self._rows |= {id(member): row for member, row in rows}
        return np.array(list(self._rows.values()))


def unit_of(settings: Settings) -> str:
    """Return what the progress of a fit is counted in."""
    return "Epochs" if settings.solver.stochastic else "Iterations"


def summary(settings: Settings, epoch: Epoch) -> str:
    """Return what an epoch has come to in a few words, on average over the networks."""
    courses = [member.state.course for member in epoch.members]
    curves = {
        "loss": [course.loss_curve for course in courses],
        "validation loss": [course.validation_losses for course in courses],
    }
    if monitored_quantity(settings) == "score":
        curves["validation score"] = [course.validation_scores for course in courses]
    latest = {name: [curve[-1] for curve in own if curve] for name, own in curves.items()}
    return ", ".join(f"{name} {np.mean(own):.4g}" for name, own in latest.items() if own)


def monitored_quantity(settings: Settings) -> str:
    """Return what the validation rows are looked at for: "loss" or "score"."""
    return "loss" if isinstance(settings.monitor, str) and settings.monitor == "loss" else "score"


def print_epoch(settings: Settings, member: Member, events_only: bool = False) -> None:
    """Print what the latest epoch of a network has come to.

    Parameters
    ----------
    settings : Settings
    member : Member
    events_only : bool, default=False
        Whether to leave out what every epoch has: its losses and scores.
    """
    state, course = member.state, member.state.course
    if state.outcome == "diverged":
        print(f"Iteration {course.n_epochs + 1}, loss is not finite. Stopping.")
        return
    what = monitored_quantity(settings)
    if not events_only:
        print(f"Iteration {course.n_epochs}, loss = {course.loss_curve[-1]:.8f}")
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
