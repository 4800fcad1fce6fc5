"""What a fit warns of: a training that has not come to its end, and a network that is not well."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss._sklearn import check_optimize_result
from sknn_actloss.activations import Activation
from sknn_actloss.core import hidden_outputs
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._shortfall import (
    N_EPOCHS,
    flaw_of_targets,
    is_high,
    worse_than_constant,
    worse_than_start,
)
from sknn_actloss.training import STOPPING_RULES, Member, Task

#: Relative change of a loss that is as good as none, in single precision as well.
ROUNDING = 1e-6

#: Rows that are looked at together. Those of a healthy network end with the first of such blocks.
BLOCK_SIZE = 200


@dataclass(frozen=True, eq=False)
class Story:
    """What networks have in common that were trained in one fit of an estimator.

    Parameters
    ----------
    task : Task
        What they were trained on.
    settings : Settings
        The parameters of the estimator.
    is_regression : bool
        Whether their targets are numbers.
    fresh : bool
        Whether they started from initial weights.
    incremental : bool
        Whether this was a call of ``partial_fit``, a single epoch after which nothing is
        expected to be at its end.
    """

    task: Task
    settings: Settings
    is_regression: bool
    fresh: bool
    incremental: bool


def warn_of(members: Sequence[Member], story: Story) -> None:
    """Warn once of what went wrong in the training of the networks of an estimator.

    Parameters
    ----------
    members : sequence of Member
        The networks, of which the one that there is most to say about stands for all.
    story : Story
        What they have in common.
    """
    pairs = [("" if story.incremental else _complaint(member, story), member) for member in members]
    advice, member = max(pairs, key=_severity)
    if not (story.incremental and member.state.outcome == "max_iter"):
        _warn_of_end(member, advice)


def _severity(pair: tuple[str, Member]) -> tuple[bool, ...]:
    advice, outcome = pair[0], pair[1].state.outcome
    return outcome in ("diverged", "interrupted"), bool(advice), outcome != "converged"


def _warn_of_end(member: Member, advice: str) -> None:
    state, spec = member.state, member.spec
    if state.optimum is not None and state.optimum.status != 0:
        check_optimize_result("lbfgs", state.optimum, spec.max_iter, advice or None)
        return
    rule = STOPPING_RULES.get(state.outcome)
    message = advice if rule is None else rule.warning(spec, state, advice)
    if message:
        warnings.warn(message, ConvergenceWarning if rule is None else rule.category, stacklevel=2)


def _complaint(member: Member, story: Story) -> str:
    """Say what is wrong with a network that has come to its end, ``""`` where nothing is."""
    rule = STOPPING_RULES.get(member.state.outcome)
    if rule is None or not rule.is_healthy:
        return ""
    parts = [next(filter(None, _illnesses(member, story)), "")]
    if member.spec.solver.stochastic:
        parts += [_idle_average(member), _idle_monitor(member, story.task)]
    return " ".join(filter(None, parts))


def _illnesses(member: Member, story: Story) -> Iterator[str]:
    """Yield what is wrong with a trained network and how to mend it, the likeliest cause first."""
    task, settings, rate = story.task, story.settings, ""
    if member.spec.solver.stochastic:
        rate = f"{settings.rate_parameter} (it is {member.state.rate.learning_rate_init:g})"
    high = cache(partial(is_high, member, task))
    yield _death(member, task, rate)
    if story.is_regression:
        yield flaw_of_targets(member, task, settings)
    if rate and story.fresh and task.y.varies:
        yield _standstill(member.state.course.loss_curve, rate)
    if rate:
        yield worse_than_start(member, task, rate, story.fresh, high)
    yield worse_than_constant(member, task, rate, high)


def _death(member: Member, task: Task, rate: str) -> str:
    dead = dead_layers(member, task)
    if not dead:
        return ""
    layers = f"layer{'s' * (len(dead) > 1)} {' and '.join(map(str, dead))}"
    return (
        f"All units of hidden {layers} are dead: they put out zero for every training row, "
        f"and no gradient passes. {f'Lower {rate}. ' if rate else ''}"
        "Use activation='leaky_relu', or scale the inputs (StandardScaler)."
    )


def _standstill(losses: Sequence[float], rate: str) -> str:
    if not never_fell(losses):
        return ""
    moved = max(losses) - losses[0] > 1e-3 * abs(losses[0])
    verb = "Lower" if moved else "It hardly moved at all: raise"
    return (
        f"The loss never fell below {losses[0]:.6g}, that of the first epoch. "
        f"{verb} {rate}. Scale the inputs (StandardScaler)."
    )


def dead_layers(member: Member, task: Task) -> list[int]:
    """Return the hidden layers, from 1, all of whose outputs are zero for all training rows."""
    model, layout = member.spec.model, task.layout
    dead = {layer for layer, a in enumerate(model.activations, start=1) if can_die(a)}
    rows = np.arange(task.y.n_rows) if task.train_rows is None else task.train_rows
    layers, views = model.layers(layout.layer_sizes), layout.views(member.state.params[None])
    for block in _blocks(rows):
        if not dead:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = hidden_outputs(task.X, layers, views, block)
            dead -= {layer for layer, (a, _) in enumerate(outputs, start=1) if a.any()}
    return sorted(dead)


def can_die(activation: Activation) -> bool:
    """Whether the activation is zero, and so is its slope, for all inputs that are low enough."""
    return not activation(np.linspace(-16.0, -8.0, 5).reshape(1, -1, 1)).any()


def never_fell(losses: Sequence[float]) -> bool:
    """Whether no epoch had a loss below that of the first one, rounding aside."""
    if len(losses) < N_EPOCHS:
        return False
    return losses[0] - min(losses) < ROUNDING * abs(losses[0])


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows in blocks, each of them spread over all."""
    n_blocks = -(-len(rows) // BLOCK_SIZE)
    return (rows[first::n_blocks] for first in range(n_blocks))


def _idle_average(member: Member) -> str:
    """Say that weights were to be averaged and none were."""
    spec, state = member.spec, member.state
    if spec.averaging is None or state.average.get("count"):
        return ""
    return (
        f"weight_averaging={spec.averaging!r} has averaged nothing, since training ended "
        f"after epoch {state.course.n_epochs} of max_iter={spec.max_iter}. Set "
        "n_iter_no_change=np.inf, so that it goes on to the end, or let averaging start sooner."
    )


def _idle_monitor(member: Member, task: Task) -> str:
    """Say that no epoch had a score."""
    if member.judge is None or np.isfinite(member.state.course.validation_scores).any():
        return ""
    return (
        f"monitor={member.judge.monitor!r} gave no finite number in any epoch, on "
        f"{task.holdout.y.n_rows} validation rows, so that no epoch is the best. Set "
        "monitor='loss', or give other validation rows."
    )
