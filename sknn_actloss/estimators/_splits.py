"""Which rows are set aside to judge by: a share, a count, or what a splitter says."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.metadata_routing import get_routing_for_object

from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._targets import Targets
from sknn_actloss.training import Task

#: Rows to learn from, and rows to judge by.
Pair = tuple[np.ndarray, np.ndarray]


def split(task: Task, settings: Settings, targets: Targets, given: Any, groups: Any) -> Task:
    """Return the task with some of its rows set aside.

    What ``early_stopping="auto"`` cannot set aside it leaves in training, with a warning.

    Parameters
    ----------
    task : Task
        Its random numbers are drawn from, as scikit-learn draws them.
    settings : Settings
    targets : Targets
        What keeps its shares in a random split.
    given : tuple
        X and y as they were given to fit, for splitters.
    groups : array-like of shape (n_samples,) or None
        Groups of the rows, for splitters.
    """
    if settings.early_stopping != "auto":
        return _split(task, settings, targets, given, groups)
    before = task.random_state.get_state()
    try:
        return _split(task, settings, targets, given, groups)
    except ValueError as error:
        task.random_state.set_state(before)
        warnings.warn(
            f"early_stopping='auto' sets no rows aside, as it cannot: {error} Training goes on "
            "without; set early_stopping=False to say so.",
            stacklevel=2,
        )
        return task


def is_drawn(spec: Any) -> bool:
    """Whether a ``validation_fraction`` is a share or a count of rows that are drawn."""
    return isinstance(spec, Real)


def pairs(
    task: Task, settings: Settings, given: Any, groups: Any, splitter: Any = None
) -> Iterator[Pair]:
    """Yield the splits of a splitter, or those that were given, checked.

    Parameters
    ----------
    task, settings, given, groups
        As for :func:`split`.
    splitter : splitter, optional
        In place of ``validation_fraction``.
    """
    spec = settings.validation_fraction if splitter is None else splitter
    by = f"validation_fraction={brief(spec)}"
    if splitter is not None:
        by = f"n_members={settings.committee!r}"
    for pair in _splits(spec, task, given, groups, by):
        yield _checked_pair(pair, task.y.n_rows, spec)


def brief(value: Any) -> str:
    """Return how a value is written, in one line that is not long."""
    return f"{' '.join(repr(value).split()):.120}"


def takes_groups(splitter: Any) -> bool:
    """Whether a splitter may use groups: those that say nothing about it may."""
    if not hasattr(splitter, "get_metadata_routing"):
        return hasattr(splitter, "split")
    return bool(get_routing_for_object(splitter).consumes("split", {"groups"}))


def _split(task: Task, settings: Settings, targets: Targets, given: Any, groups: Any) -> Task:
    if is_drawn(settings.validation_fraction):
        train_rows, rows = _random_split(task, settings, targets)
    else:
        train_rows, rows = _first_split(task, settings, given, groups)
    weights = task.sample_weight
    if weights is not None and not (weights[train_rows].any() and weights[rows].any()):
        raise ValueError(
            "sample_weight and class_weight leave the training or the validation rows of "
            f"early_stopping={settings.early_stopping!r} without a weight above zero."
        )
    _warn_of_missing(task, settings, targets, (train_rows, rows))
    return replace(task, train_rows=train_rows, holdout=task.hold_out(rows))


def _random_split(task: Task, settings: Settings, targets: Targets) -> Pair:
    share = settings.validation_fraction
    try:
        train_rows, rows = train_test_split(
            np.arange(task.y.n_rows),
            random_state=task.random_state,
            test_size=share,
            stratify=targets.strata(task.y),
        )
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={share!r} cannot be set aside of {task.y.n_rows} rows: {error}"
            f"{_rare_classes(targets, task)}."
        ) from error
    if len(rows) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of "
            "your dataset."
        )
    return train_rows, rows


def _rare_classes(targets: Any, task: Task) -> str:
    """Return the labels of classes of a single row, which scikit-learn knows as True and False."""
    codes = targets.classes_of(task.y)
    if codes is None:
        return ""
    found, counts = np.unique(codes, return_counts=True)
    rare = targets.classes[found[counts == 1]].tolist()
    return f" (in y: {rare})" if rare else ""


def _warn_of_missing(task: Task, settings: Settings, targets: Any, split: Pair) -> None:
    """Warn where rows of a class are on one side only, as splits go by no shares of several."""
    codes, spec = targets.classes_of(task.y), settings.validation_fraction
    if codes is None:
        return
    found = np.unique(codes)
    left_out = [targets.classes[np.setdiff1d(found, codes[rows])].tolist() for rows in split]
    parts = [
        f"{what} rows of the classes {missing}"
        for what, missing in zip(("sets aside all", "sets aside no"), left_out, strict=True)
        if missing
    ]
    if parts:
        reason = ", since a split of more than two classes is not stratified" * is_drawn(spec)
        warnings.warn(
            f"validation_fraction={brief(spec)} {' and '.join(parts)}{reason}. Take a splitter "
            "such as StratifiedShuffleSplit(1, test_size=0.1), or more validation rows.",
            stacklevel=2,
        )


def _first_split(task: Task, settings: Settings, given: Any, groups: Any) -> Pair:
    nothing = np.empty(0, np.intp)
    first = next(pairs(task, settings, given, groups), (nothing, nothing))
    if len(first[0]) == 0 or len(first[1]) < 2:
        raise ValueError(
            "The validation set is too small, or nothing is left to learn from: the first split "
            f"of validation_fraction={brief(settings.validation_fraction)} has {len(first[0])} "
            f"training and {len(first[1])} validation rows. At least 1 and 2 are needed."
        )
    return first


def _splits(spec: Any, task: Task, given: Any, groups: Any, by: str) -> Iterator[Any]:
    """Yield what a splitter or an iterable gives; ``by`` is what messages call it."""
    if not hasattr(spec, "split"):
        yield from spec
        return
    try:
        yield from _seeded(spec, task.random_state).split(*given, groups)
    except ValueError as error:
        raise ValueError(f"{by} cannot split {task.y.n_rows} rows: {error}") from error


def _seeded(splitter: Any, random_state: np.random.RandomState) -> Any:
    """Return a splitter; one without a seed draws from the fit's stream."""
    if getattr(splitter, "random_state", 0) is None:
        splitter = copy.copy(splitter)
        splitter.random_state = random_state
    return splitter


def _checked_pair(pair: Any, n_rows: int, spec: Any) -> Pair:
    """Return training and validation rows as indices."""
    is_pair = isinstance(pair, tuple | list | np.ndarray) and len(pair) == 2
    rows = [_indices(part, n_rows) for part in pair] if is_pair else [None]
    if any(part is None for part in rows):
        raise ValueError(
            f"validation_fraction={brief(spec)} must give pairs of training and validation rows, "
            f"as indices from 0 to {n_rows - 1} or as masks of {n_rows} entries; got {brief(pair)}."
        )
    return rows[0], rows[1]


def _indices(rows: Any, n_rows: int) -> np.ndarray | None:
    """Return rows, given as indices or as a mask, as indices, ``None`` where they are neither."""
    try:
        rows = np.asarray(rows)
    except ValueError:  # lists of several lengths
        return None
    if rows.ndim != 1:
        return None
    if rows.dtype == bool:
        return np.flatnonzero(rows) if len(rows) == n_rows else None
    if len(rows) and (rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n_rows):
        return None
    return rows.astype(np.intp, copy=False)
