"""The networks of an estimator: one, or a committee that trains as one stack."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import numpy as np

from sknn_actloss.estimators._fitting import Training
from sknn_actloss.estimators._holdout import Partition
from sknn_actloss.estimators._problem import Problem, set_weights
from sknn_actloss.estimators._settings import Settings

#: What a committee has from its members: means of numbers, of curves, and the largest of counts.
MEANS = ("loss_", "best_loss_", "best_validation_score_", "learning_rate_init_")
CURVES = ("loss_curve_", "validation_loss_curve_", "validation_scores_", "learning_rate_curve_")
LARGEST = ("n_iter_", "t_")


def trainings_of(
    estimator: Any,
    settings: Settings,
    problem: Problem,
    partition: Partition,
    incremental: bool,
) -> list[Training]:
    """Return the trainings of all networks of an estimator.

    The members of a committee share rows and order of rows and differ in their initial weights.
    """
    if estimator.n_members == 1:
        return [Training.of(estimator, settings, problem, partition, incremental)]
    old = [None] * estimator.n_members if problem.fresh else estimator.members_
    trainings: list[Training] = []
    for fitted, row in zip(old, problem.params, strict=True):
        own = _member(estimator, fitted), settings, replace(problem, params=row[None])
        trainings.append(Training.of(*own, partition, incremental))
        # A range test for one of them serves all.
        rate = trainings[0].member.learning_rate.learning_rate_init
        settings = replace(settings, learning_rate_init=rate)
    return trainings


def gather(estimator: Any, members: Sequence[Any], problem: Problem) -> None:
    """Set the attributes of a committee from its fitted members, which share its arrays."""
    rows = np.concatenate([m._fitted_params(problem.layout, problem.dtype) for m in members])
    set_weights(estimator, problem, rows)
    for member, row in zip(members, rows, strict=True):
        set_weights(member, problem, row)
    estimator.members_ = list(members)
    for names, merge in ((MEANS, _mean), (CURVES, _mean_curve), (LARGEST, max)):
        for name in names:
            setattr(estimator, name, merge([getattr(member, name) for member in members]))


def _member(estimator: Any, fitted: Any) -> Any:
    """Return an estimator of a single network, which goes on from a fitted one."""
    member = copy.copy(estimator if fitted is None else fitted)
    vars(member).pop("members_", None)
    vars(member).update(estimator.get_params(deep=False), n_members=1, _model=estimator._model)
    return member


def _mean(values: Sequence[float | None]) -> float | None:
    if None in values:
        return None
    # The mean of equal numbers may differ from them by rounding.
    return float(values[0] if len(set(values)) == 1 else np.mean(values))


def _mean_curve(curves: Sequence[list[float] | None]) -> list[float] | None:
    """Return the mean of curves, where one that has ended counts with its last value."""
    if None in curves or not all(curves):
        return None if None in curves else []
    epochs = zip_longest(*curves)
    last = [curve[-1] for curve in curves]
    filled = [[v if v is not None else end for v, end in zip(e, last, strict=True)] for e in epochs]
    return np.mean(filled, axis=1).tolist()
