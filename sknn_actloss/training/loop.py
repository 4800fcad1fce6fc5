"""The epoch loop of the stochastic solvers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np

from sknn_actloss.training.batches import Batches
from sknn_actloss.training.stack import Member, Stack
from sknn_actloss.training.stopping import Outcome, Validation

#: What validation rows say of each member, given a stack and what its predictions use.
Validate = Callable[[Stack, np.ndarray], list[Validation]]


class Observer:
    """Watches a training; the default sees nothing. Subclasses override what they need."""

    def epoch_begins(self, stack: Stack) -> None:
        """Called before each epoch."""

    def epoch_ends(self, stack: Stack) -> bool:
        """Called after each epoch, members judged; returning True stops the training."""
        return False


def train(
    stack: Stack | None,
    batches: Batches,
    random_state: np.random.RandomState | None,
    *,
    validate: Validate | None = None,
    observer: Observer | None = None,
    n_epochs: int | None = None,
) -> Stack | None:
    """Train the members of a stack until each has converged or reached one of its limits.

    A member that is done leaves the stack with its weights in ``params``, the solver's state in
    ``state`` (empty after a divergence) and the reason in ``course.outcome``; the others go on.
    After Ctrl-C all members leave with the weights that they have.

    Parameters
    ----------
    stack : Stack
        The networks; used up.
    batches : Batches
        The training rows.
    random_state : RandomState or None
        Draws a new order of the rows for each epoch; ``None`` keeps the order.
    validate : callable, optional
        Returns what validation rows say of each member, given the stack and the rows of
        parameters that predictions use. It may set the outcome of a member that cannot go on.
    observer : Observer, optional
        Is told of each epoch and may stop the training.
    n_epochs : int, optional
        Pause after so many epochs.

    Returns
    -------
    stack : Stack or None
        The members that can go on, their weights and states so far written down as if they had
        left; ``None`` where all are done.
    """
    observer = observer or Observer()
    epoch = 0
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            while stack is not None and epoch != n_epochs:
                start = time.perf_counter()
                observer.epoch_begins(stack)
                if random_state is not None:
                    batches.shuffle(random_state)
                losses = _run_epoch(stack, batches)
                epoch += 1
                _record(stack, batches, losses, validate)
                for member in stack.members:
                    _judge(member)
                if observer.epoch_ends(stack):
                    _end_all(stack, Outcome.STOPPED)
                _take_time(stack, time.perf_counter() - start)
                stack = _release(stack, batches)
        except KeyboardInterrupt:
            _end_all(stack, Outcome.INTERRUPTED)
            stack = _release(stack, batches)
    if stack is not None:
        _settle(stack, batches, range(len(stack.members)))
    return stack


def _run_epoch(stack: Stack, batches: Batches) -> np.ndarray:
    """Take one step for each batch and return the mean loss of each member."""
    total = np.zeros(len(stack.members))
    rates = iter(stack.rates(batches.n_batches))
    for group in batches.groups():
        total += stack.steps(group, rates)
    stack.end_epoch()
    return total / batches.total_weight


def _record(stack: Stack, batches: Batches, losses: np.ndarray, validate: Validate | None) -> None:
    rows = stack.rows(batches)
    validations = [None] * len(losses) if validate is None else validate(stack, rows)
    averaged = stack.newly_averaged()
    for index, (member, params, loss, validation) in enumerate(
        zip(stack.members, rows, losses.tolist(), validations, strict=True)
    ):
        course, learning_rate = member.course, member.learning_rate
        if index in averaged:
            course.forget_best()
        if course.record(params, loss, learning_rate.current, validation):
            learning_rate.end_epoch(batches.n_batches, batches.total_weight, course.metric)
        else:
            course.outcome = Outcome.DIVERGED


def _judge(member: Member) -> None:
    course = member.course
    course.rate_reduced = False
    if course.outcome is None and course.out_of_patience:
        if member.learning_rate.stalled():
            course.rate_reduced, course.no_improvement_count = True, 0
        else:
            course.outcome = Outcome.CONVERGED
    if course.outcome is None and course.n_epochs == member.max_iter:
        course.outcome = Outcome.MAX_ITER


def _take_time(stack: Stack, seconds: float) -> None:
    for member in stack.members:
        course = member.course
        course.seconds += seconds
        if course.seconds >= member.max_time:
            course.outcome = course.outcome or Outcome.MAX_TIME


def _end_all(stack: Stack, outcome: Outcome) -> None:
    for member in stack.members:
        member.course.outcome = member.course.outcome or outcome


def _release(stack: Stack, batches: Batches) -> Stack | None:
    members = enumerate(stack.members)
    finished = [index for index, member in members if member.course.outcome is not None]
    if not finished:
        return stack
    _settle(stack, batches, finished)
    return stack.without(finished)


def _settle(stack: Stack, batches: Batches, indices: Iterable[int]) -> None:
    """Write down the weights to keep, the solver's state and the average of members."""
    rows = stack.rows(batches)
    for index in indices:
        member, params = stack.members[index], rows[index]
        # What a solver remembers of a divergence would spoil the steps that follow.
        diverged = member.course.has_diverged(stack.params[index])
        member.state = {} if diverged else stack.state_of(index)
        member.average = {} if diverged else stack.average_of(index)
        member.params = member.course.final_params(params)
