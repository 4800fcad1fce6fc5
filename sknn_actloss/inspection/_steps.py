"""How far a step of the solver moves the weights of a fitted network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sknn_actloss.training import Batches, Member, MemberSpec, MemberState, Stack, Task


def update_ratios(
    estimator: Any, task: Task, spec: MemberSpec, params: np.ndarray, batch_size: int
) -> list[float] | None:
    """Return the norm of a step, divided by the norm of the weights, layer by layer.

    The step is the next one of the training, at its last rate, with one batch of rows that are
    spread over all, and without dropout. It is taken on copies.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        A fitted estimator.
    task : Task
        The rows.
    spec : MemberSpec
        How the network trains.
    params : ndarray of shape (1, row_size)
        Its parameters.
    batch_size : int
        Rows of a batch.

    Returns
    -------
    ratios : list of float or None
        One for each layer of weights; ``None`` with "lbfgs", which has no rate.
    """
    optimizer = getattr(estimator, "_optimizer", None)
    if optimizer is None or not estimator.learning_rate_curve_:
        return None
    params = params.copy()
    if optimizer.average:
        task.layout.trained(params)[...] = optimizer.average["last"]
    model = replace(spec.model, dropout=())
    spec = replace(spec, model=model, solver=optimizer.solver, averaging=None)
    member = Member(spec, MemberState(optimizer.rate, solver=optimizer.state))
    with np.errstate(all="ignore"):
        return _ratios(task, member, params, batch_size)


def _ratios(task: Task, member: Member, params: np.ndarray, batch_size: int) -> list[float]:
    """Update the parameters with one batch, and return how far that moves the weights."""
    weights = task.layout.views(params).of("coefs_")
    before = [layer.copy() for layer in weights]
    rows = np.linspace(0, task.y.n_rows - 1, batch_size).astype(int)
    batches = Batches(task.X, task.y, task.sample_weight, rows, batch_size)
    stack = Stack(task.layout, [member], params, batch_size, batches.group_size)
    for group in batches.groups():
        stack.steps(group, iter([member.state.rate.current]))
    return [
        float(np.linalg.norm(new - old) / np.linalg.norm(old))
        for new, old in zip(weights, before, strict=True)
    ]
