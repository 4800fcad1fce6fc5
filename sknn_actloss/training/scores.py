"""Scores of networks one by one, and the record of those on training rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np

from sknn_actloss._sklearn import safe_indexing
from sknn_actloss.core import Objective, raw_outputs
from sknn_actloss.training.judge import Judge, Validation
from sknn_actloss.training.loop import Epoch, Observer
from sknn_actloss.training.member import Member
from sknn_actloss.training.task import Holdout, Task


def score(
    member: Member,
    judge: Judge,
    params: np.ndarray,
    seen: np.ndarray,
    loss: float,
    holdout: Holdout,
    rows: Callable[[], Any],
) -> float:
    """Return the score of a member; what its judge fails with ends its training."""
    try:
        return judge.score(params, seen, loss, holdout, rows)
    except Exception as error:
        member.state.error = error
        return float("nan")


def validate_alone(
    task: Task, member: Member, judge: Judge, params: np.ndarray, holdout: Holdout
) -> Validation:
    """Return what some rows say of one member.

    Parameters
    ----------
    task : Task
    member : Member
    judge : Judge
        What it goes by.
    params : ndarray of shape (row_size,)
        What predictions use.
    holdout : Holdout
        The rows: some of the task, or others.
    """
    model = member.spec.model
    layers, views = model.layers(task.layout.layer_sizes), task.layout.views(params[None])
    raw = raw_outputs(task.X if holdout.X is None else holdout.X, layers, views, holdout.rows)
    seen = judge.look(model.output(raw)[0])
    values = Objective([model], raw.dtype).value(holdout.y.dense(), raw)[0]
    loss = float(np.average(values.astype(np.float64), weights=holdout.sample_weight))
    rows = partial(_given, task, holdout)
    return Validation(score(member, judge, params, seen, loss, holdout, rows), loss)


def _given(task: Task, holdout: Holdout) -> Any:
    """Return rows as they were given to fit."""
    return holdout.given if holdout.X is not None else safe_indexing(task.given, holdout.rows)


class TrainingScores(Observer):
    """Scores members on the rows that they learn from, after each epoch.

    Parameters
    ----------
    task : Task
        The rows.
    observer : Observer
        Is told of the epochs as well.
    """

    def __init__(self, task: Task, observer: Observer) -> None:
        self._task, self._observer = task, observer

    def epoch_begins(self, epoch: Epoch) -> None:
        """Tell the other observer."""
        self._observer.epoch_begins(epoch)

    def epoch_ends(self, epoch: Epoch) -> bool:
        """Score the members that ask for it; a failure ends the training of its member."""
        for member, params in zip(epoch.members, epoch.params, strict=True):
            if member.training_judge is not None and member.state.course.is_finite:
                self._record(member, params)
        stops = self._observer.epoch_ends(epoch)
        return bool(stops) or all(member.state.error is not None for member in epoch.members)

    def _record(self, member: Member, params: np.ndarray) -> None:
        scores = member.state.course.training_scores
        scores.append(float("nan"))  # what stands there if Ctrl-C comes now
        own = self._task, member, member.training_judge, params, self._rows_of(member)
        with np.errstate(all="ignore"):
            scores[-1] = validate_alone(*own).score

    def _rows_of(self, member: Member) -> Holdout:
        """Return the rows that a member learns from, with their weights in its training."""
        if member.draw is None:
            return self._shared
        holdout = self._task.hold_out(np.flatnonzero(member.draw.counts))
        return holdout.weighted(self._task.weights_of(member.draw)[holdout.rows])

    @cached_property
    def _shared(self) -> Holdout:
        rows = self._task.train_rows
        return self._task.hold_out(np.arange(self._task.y.n_rows) if rows is None else rows)
