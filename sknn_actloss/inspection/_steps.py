"""How far a step of the solver moves the weights of a fitted network."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np

from sknn_actloss.estimators import Problem, Settings
from sknn_actloss.training import Batches, Course, Member, Stack


def update_ratios(estimator: Any, settings: Settings, problem: Problem) -> list[float] | None:
    """Return the norm of a step by the norm of the weights, layer by layer.

    The step is the next one of the training, at its last rate, with one batch of rows that are
    spread over all, and without dropout. It is taken on copies.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        A fitted estimator.
    settings, problem
        What :func:`~sknn_actloss.estimators.reopen` returned.

    Returns
    -------
    ratios : list of float or None
        One for each layer of weights; ``None`` with "lbfgs", which has no rate.
    """
    optimizer = getattr(estimator, "_optimizer", None)
    if optimizer is None or not estimator.learning_rate_curve_:
        return None
    layout, params = problem.layout, problem.params.copy()
    if optimizer.average:
        layout.trained(params)[...] = optimizer.average["last"]
    before = [weights.copy() for weights in layout.views(params).of("coefs_")]
    member = _member(estimator, settings, problem)
    with np.errstate(all="ignore"):
        _step(problem, member, params, batch_size_of(estimator, problem))
        return [
            float(np.linalg.norm(new - old) / np.linalg.norm(old))
            for new, old in zip(layout.views(params).of("coefs_"), before, strict=True)
        ]


def _member(estimator: Any, settings: Settings, problem: Problem) -> Member:
    optimizer = estimator._optimizer
    return Member(
        model=replace(problem.model, dropout=()),
        solver=optimizer.solver,
        learning_rate=optimizer.rate,
        course=Course(estimator.tol, estimator.n_iter_no_change, early_stopping=False),
        max_iter=estimator.max_iter,
        weight_decay=settings.weight_decay,
        gradient_clip=settings.gradient_clip,
        max_norm=settings.max_norm,
        state=copy.deepcopy(optimizer.state),
    )


def _step(problem: Problem, member: Member, params: np.ndarray, batch_size: int) -> None:
    """Update the parameters with one batch, at the rate of the member."""
    rows = np.linspace(0, len(problem.y) - 1, batch_size).astype(int)
    batches = Batches(problem.X, problem.y, problem.sample_weight, rows, batch_size)
    stack = Stack(problem.layout, [member], params, batch_size, batches.group_size)
    for group in batches.groups():
        stack.steps(group, iter([member.learning_rate.current]))


def batch_size_of(estimator: Any, problem: Problem) -> int:
    """Return the number of rows of a batch of a training on the rows of a problem."""
    size = 200 if estimator.batch_size == "auto" else estimator.batch_size
    return min(size, len(problem.y))
