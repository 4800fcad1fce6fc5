"""Which rows each network of a committee learns from, and which it leaves out."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._splits import Pair, brief, is_drawn, pairs
from sknn_actloss.estimators._validation import Data, Request
from sknn_actloss.training import Draw, Task


def draws_of(task: Task, settings: Settings, data: Data, request: Request) -> list[Draw | None]:
    """Return the rows of each network, ``None`` where all share those of the task.

    Parameters
    ----------
    task : Task
        Its random numbers are drawn from.
    settings : Settings
    data : Data
    request : Request
        Has the groups of the rows.

    Raises
    ------
    ValueError
        If there are too few rows or splits, or if a network has nothing to learn from or to be
        judged by.
    """
    n_members, resample = settings.n_members, settings.committee.resample
    if resample is None:
        return [None] * n_members
    if task.y.n_rows < n_members:
        raise ValueError(
            f"n_members={settings.committee!r} asks for {n_members} networks that each leave out "
            f"rows, but there are {task.y.n_rows} rows. Take fewer networks, or resample=None."
        )
    if resample == "folds":
        draws = [_fold(task, *pair) for pair in _folds(task, settings, data, request)]
    else:
        draws = [_bootstrap(task) for _ in range(n_members)]
    for draw in draws:
        _check(task, settings, draw)
    return draws


def _folds(task: Task, settings: Settings, data: Data, request: Request) -> list[Pair]:
    """Return the rows that each network learns from, and those that it is judged by."""
    n_members = settings.n_members
    given, groups, splitter = data.given, request.groups, None
    if is_drawn(settings.validation_fraction):
        strata = data.targets.classes_of(task.y)
        kind = KFold if strata is None else StratifiedKFold
        splitter = kind(n_members, shuffle=True, random_state=task.random_state)
        given, groups = (np.empty((task.y.n_rows, 0)), strata), None
    with warnings.catch_warnings():
        # A class with fewer rows than there are networks is missing in some folds.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        folds = list(pairs(task, settings, given, groups, splitter))
    if len(folds) != n_members:
        raise ValueError(
            f"validation_fraction={brief(settings.validation_fraction)} has {len(folds)} splits, "
            f"but n_members={settings.committee!r} needs one for each of {n_members} networks."
        )
    return folds


def _fold(task: Task, train_rows: np.ndarray, rows: np.ndarray) -> Draw:
    counts = np.zeros(task.y.n_rows, np.int32)
    counts[train_rows] = 1
    counts[rows] = 0
    return Draw(counts, np.sort(rows))


def _bootstrap(task: Task) -> Draw:
    n_rows = task.y.n_rows
    drawn = task.random_state.randint(n_rows, size=n_rows)
    counts = np.bincount(drawn, minlength=n_rows).astype(np.int32)
    return Draw(counts, np.flatnonzero(counts == 0))


def _check(task: Task, settings: Settings, draw: Draw) -> None:
    weights = task.sample_weight
    judging = draw.rows if weights is None else draw.rows[weights[draw.rows] > 0]
    if len(judging) == 0 or not task.weights_of(draw).any():
        raise ValueError(
            f"n_members={settings.committee!r} leaves a network without rows to learn from or to "
            "be judged by. Take fewer networks or more rows with a weight above zero, or "
            "resample=None."
        )
