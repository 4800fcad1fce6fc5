"""What trained weights fall short of: those that training began with, and a constant output."""

from __future__ import annotations

from collections.abc import Callable

from sknn_actloss.estimators._settings import Settings
from sknn_actloss.training import (
    EXPLAINED,
    Member,
    TargetMoments,
    Task,
    TrainingLoss,
    constant_loss,
    explained,
    flaw_of_loss,
    has_grown,
    is_unsettled,
    rough_constant_loss,
)

#: Training rows that are looked at where something may be wrong, and those that tell whether.
MAX_ROWS, BLOCK_SIZE = 10_000, 200

#: Epochs before a high loss is a reason to complain.
N_EPOCHS = 10

#: Relative rises of the loss that are noise: of a first fit, and of one that goes on.
ROUNDING, NOISE = 1e-6, 0.1


def flaw_of_targets(member: Member, task: Task, settings: Settings) -> str:
    """Say that targets are on a scale on which little was learnt, ``""`` where all is well."""
    moments = TargetMoments.of(task.y, member.spec.model)
    if moments is None or not moments.flaw:
        return ""
    loss, constant = _losses(member, task)
    share = explained(loss, constant)
    has_learnt = not flaw_of_loss(loss, constant, "") if share is None else share > EXPLAINED
    if has_learnt:
        return ""
    remedy = "put a TransformedTargetRegressor with a StandardScaler around the network."
    if settings.target_scaling is not None:
        return f"{moments.flaw} P{remedy[1:]}"
    return f"{moments.flaw} Set target_scaling='standard', or {remedy}"


def worse_than_start(
    member: Member, task: Task, rate: str, fresh: bool, high: Callable[[], bool]
) -> str:
    """Say that the loss is above that of the weights training began with, ``""`` if it is not.

    Parameters
    ----------
    member : Member
    task : Task
    rate : str
        The parameter that sets the initial learning rate, and its value.
    fresh : bool
        Whether training started from initial weights.
    high : callable
        Returns what :func:`is_high` does.
    """
    initial = member.state.course.initial
    is_suspect = is_unsettled(member) or has_grown(member) or high()
    if initial is None or not is_suspect:
        return ""
    for n_rows in (BLOCK_SIZE, None):
        loss = TrainingLoss(task, member, n_rows)
        first, last = loss(initial), loss(member.state.params)
        if not last - first > (ROUNDING if fresh else NOISE) * abs(first):
            return ""
        if loss.is_whole:
            break
    what = "the initial weights" if fresh else "the weights that training went on from"
    return (
        f"Training has made the network worse: its loss on the training rows is {last:.6g}, that "
        f"of {what} {first:.6g}. Lower {rate}, or set restore_best=True. Scale the inputs "
        "(StandardScaler)."
    )


def worse_than_constant(member: Member, task: Task, rate: str, high: Callable[[], bool]) -> str:
    """Say that a constant output has a lower loss, ``""`` where none has.

    A loss that was still falling is nothing to complain of where training ended as it was asked to.

    Parameters
    ----------
    member, task
    rate : str
        As above, ``""`` where there is no rate.
    high : callable
        As above.
    """
    curve, spec = member.state.course.loss_curve, member.spec
    if len(curve) < N_EPOCHS:
        return ""
    falls = curve[-1] == min(curve)
    if falls and (member.state.outcome != "max_iter" or spec.schedule.ends_at_horizon):
        return ""
    flaw = flaw_of_loss(*_losses(member, task), "training rows") if high() else ""
    if not flaw:
        return ""
    if falls:
        return f"{flaw} Raise max_iter (it is {spec.max_iter})."
    return f"{flaw} {f'Lower {rate}. ' if rate else ''}Scale the inputs (StandardScaler)."


def is_high(member: Member, task: Task) -> bool:
    """Whether the loss of the last epoch is above that of a constant that is found at once."""
    curve, sample = member.state.course.loss_curve, TrainingLoss(task, member, BLOCK_SIZE)
    own = task.y.take(sample.rows), sample.sample_weight, member.spec.model
    return not curve or curve[-1] > rough_constant_loss(*own)


def _losses(member: Member, task: Task) -> tuple[float, float]:
    """Return the losses of a network and of the best constant output, without penalties."""
    whole = TrainingLoss(task, member, MAX_ROWS)
    y, model = task.y.take(whole.rows), member.spec.model
    return whole.of_rows(member.state.params), constant_loss(y, whole.sample_weight, model)
