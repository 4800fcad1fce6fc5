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


class Validator:
    """Says what some rows say of one member.

    Parameters
    ----------
    task : Task
    member : Member
    judge : Judge
        What it goes by.
    holdout : Holdout
        The rows: some of the task, or others.
    """

    def __init__(self, task: Task, member: Member, judge: Judge, holdout: Holdout) -> None:
        model, self._views = member.spec.model, task.layout.views
        self._member, self._judge, self._holdout = member, judge, holdout
        self._layers, self._output = model.layers(task.layout.layer_sizes), model.output
        self._objective = Objective([model], task.y.dtype)
        self._X = task.X if holdout.X is None else holdout.X
        self._given = partial(_given, task, holdout)

    def __call__(self, params: np.ndarray) -> Validation:
        """Return what the rows say, given what predictions use, (row_size,)."""
        holdout = self._holdout
        raw = raw_outputs(self._X, self._layers, self._views(params[None]), holdout.rows)
        seen = self._judge.look(self._output(raw)[0])
        values = self._objective.value(holdout.y.dense(), raw)[0].astype(np.float64)
        loss = float(np.average(values, weights=holdout.sample_weight))
        own = params, seen, loss, holdout, self._given
        return Validation(score(self._member, self._judge, *own), loss)


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
        self._validators: dict[Member, Validator] = {}

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
        if member not in self._validators:
            own = member.training_judge, self._rows_of(member)
            self._validators[member] = Validator(self._task, member, *own)
        with np.errstate(all="ignore"):
            scores[-1] = self._validators[member](params).score

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
