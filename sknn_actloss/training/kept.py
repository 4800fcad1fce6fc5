"""Which weights a training leaves, where they are not the last: those of the best loss or score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from sknn_actloss.training.evaluation import TrainingLoss
from sknn_actloss.training.member import Member
from sknn_actloss.training.scores import Validator
from sknn_actloss.training.task import Task

#: Training rows that are looked at first.
BLOCK_SIZE = 200

#: How many times as far as in its last epoch a loss has fallen that one more step cannot lift.
MOMENTUM = 10

#: Factor by which weights have to grow to be looked at.
GROWTH = 1e3

#: Outcomes of trainings that may go on elsewhere.
GOES_ON = (None, "interrupted")


def settle(task: Task, member: Member, incremental: bool = False) -> None:
    """Choose the weights that a member keeps, and note in its state what they are kept for.

    The loss of an epoch is that of weights on their way through it. After a divergence, and with
    ``restore_best``, the weights in front of the best epoch, those behind it, the latest ones and
    the initial ones are therefore compared by their own loss on the training rows; where validation
    rows judge, the weights of the best epoch after a divergence with the initial ones by their
    score. Last weights whose predictions are not finite are a divergence.

    Parameters
    ----------
    task : Task
        What the member was trained on.
    member : Member
        A network that is done, or that pauses.
    incremental : bool
        Whether this was a call of ``partial_fit``, which has nothing to choose from.
    """
    state, course = member.state, member.state.course
    if state.error or state.params is None or not member.spec.solver.stochastic:
        return
    lost = not course.is_finite
    if not lost and explodes(task, member, incremental):
        lost, state.solver, state.average = True, {}, {}
        goes_on = state.outcome in GOES_ON and not incremental
        state.outcome = state.outcome if goes_on else "diverged"
    if incremental:
        state.params = course.start if lost else state.params
    elif member.judge is None and (lost or member.spec.restore_best):
        whole = TrainingLoss(task, member)
        candidates = [course.latest, course.best, course.before_best, course.initial]
        state.params, state.kept_loss = _lowest(whole, candidates, course.start)
    elif member.judge is not None and lost:
        regret = partial(_regret, task, member)
        state.params, lowest = _lowest(regret, [course.best, course.initial], course.start)
        state.kept_score = None if lowest is None else -lowest


def explodes(task: Task, member: Member, only_by_weights: bool = False) -> bool:
    """Whether the last weights of a member give losses that are not finite."""
    state = member.state
    if not (has_grown(member) or (not only_by_weights and is_unsettled(member))):
        return False
    return not np.isfinite(TrainingLoss(task, member, BLOCK_SIZE)(state.params))


def is_unsettled(member: Member) -> bool:
    """Whether the loss of the last weights may be anything, for all that the curve says."""
    course = member.state.course
    # With the last epoch of an earlier fit, where there was one.
    curve = course.loss_curve[-course.n_epochs - 1 :]
    if len(curve) < 2:
        return True
    return not curve[0] - curve[-1] > MOMENTUM * abs(curve[-1] - curve[-2])


def has_grown(member: Member) -> bool:
    """Whether weights are much larger than at the start."""
    initial = member.state.course.initial
    return initial is None or _size(member.state.params) > GROWTH * max(1.0, _size(initial))


def _size(params: np.ndarray) -> float:
    return max(float(params.max()), -float(params.min()))


def _regret(task: Task, member: Member, params: np.ndarray) -> float:
    holdout = task.holdout or task.hold_out(member.draw.rows)
    return -Validator(task, member, member.judge, holdout)(params).score


def _lowest(
    regret: Callable[[np.ndarray], float],
    candidates: Sequence[np.ndarray | None],
    last_resort: np.ndarray | None,
) -> tuple[np.ndarray | None, float | None]:
    """Return the parameters of the lowest regret and that; of equals the first.

    The last resort, of no regret that is known, where no regret is a number.
    """
    distinct = {id(params): params for params in candidates if params is not None}.values()
    found = [(regret(params), params) for params in distinct]
    known = [pair for pair in found if np.isfinite(pair[0])]
    if not known:
        return last_resort, None
    lowest, params = min(known, key=lambda pair: pair[0])
    return params, lowest
