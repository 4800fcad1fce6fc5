"""The epochs of a stack, up to the outcome of each of its members."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._config import config_context
from sknn_actloss.training.batches import Batches
from sknn_actloss.training.judge import Validation
from sknn_actloss.training.member import Member
from sknn_actloss.training.stack import Stack
from sknn_actloss.training.stopping import apply_rules

#: What validation rows say of each member, given a stack and what its predictions use.
Validate = Callable[[Stack, np.ndarray], list[Validation]]


class Epoch(NamedTuple):
    """Where a stack stands between two epochs.

    Attributes
    ----------
    members : sequence of Member
        Those that train.
    params : ndarray of shape (n_members, row_size)
        What their predictions use.
    """

    members: Sequence[Member]
    params: np.ndarray


class Observer:
    """Watches a training; the default sees nothing. Subclasses override what they need."""

    def epoch_begins(self, epoch: Epoch) -> None:
        """Called before each epoch, with where the one before has led."""

    def epoch_ends(self, epoch: Epoch) -> bool:
        """Called after each epoch, members judged; returning True stops the training."""
        return False


def run_epochs(
    stack: Stack,
    batches: Batches,
    random_state: np.random.RandomState | None,
    *,
    validate: Validate | None = None,
    observer: Observer | None = None,
    n_epochs: int | None = None,
) -> Stack | None:
    """Train the members of a stack until a rule ends the training of each.

    A member that is done leaves the stack; its state has the weights to keep, what the solver
    remembers (nothing after a divergence) and the outcome. The others go on. After Ctrl-C all
    members leave with the weights that they have.

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
        parameters that predictions use.
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
    loop = _Loop(stack, batches, random_state, validate, observer or Observer())
    with np.errstate(all="ignore"):
        loop.run(n_epochs)
    return loop.stack


class _Loop:
    """A stack on its way through the epochs."""

    def __init__(
        self,
        stack: Stack,
        batches: Batches,
        random_state: np.random.RandomState | None,
        validate: Validate | None,
        observer: Observer,
    ) -> None:
        self.stack: Stack | None = stack
        self._batches, self._random_state = batches, random_state
        self._validate, self._observer = validate, observer
        self._params, self._seconds = stack.params, 0.0
        self._kernels: str | None = None

    def run(self, n_epochs: int | None) -> None:
        epoch = 0
        try:
            while self.stack is not None and epoch != n_epochs:
                self._run_epoch()
                epoch += 1
        except KeyboardInterrupt:
            for member in self.stack.members:
                member.state.interrupted = True
                apply_rules(member.spec, member.state)
            self._params = self.stack.predicting(self._batches)
            self._release()
        if self.stack is not None:
            self._settle(range(len(self.stack.members)))

    def _run_epoch(self) -> None:
        start, stack = time.perf_counter(), self.stack
        self._observer.epoch_begins(Epoch(stack.members, self._params))
        if self._random_state is not None:
            self._batches.shuffle(self._random_state)
        with stack.at_work():
            losses = self._step_through()
            self._params = stack.predicting(self._batches)
            self._record(losses)
        self._apply_rules()
        stops = self._observer.epoch_ends(Epoch(stack.members, self._params))
        seconds = time.perf_counter() - start
        for member in stack.members:
            member.state.stop_requested = bool(stops)
            member.state.course.seconds += seconds
        self._apply_rules()
        self._release()
        self._take_up_kernels(seconds)

    def _take_up_kernels(self, seconds: float) -> None:
        """Go on with compiled kernels, which give the same numbers, once that saves time."""
        self._seconds += seconds
        if self.stack is None or self._kernels or not kernels.pays(self._seconds, seconds):
            return
        self._kernels = "numba"
        with config_context(kernels=self._kernels):
            self.stack = self.stack.without(())

    def _step_through(self) -> np.ndarray:
        """Take one step for each batch and return the mean loss of each member."""
        stack, batches = self.stack, self._batches
        total = np.zeros(len(stack.members))
        stack.begin_epoch()
        rates = iter(stack.rates(batches.n_batches))
        with config_context(kernels=self._kernels) if self._kernels else nullcontext():
            for group in batches.groups():
                total += stack.steps(group, rates)
        stack.end_epoch()
        return total / batches.total_weight

    def _record(self, losses: np.ndarray) -> None:
        stack, batches = self.stack, self._batches
        validations: list[Validation | None] = [None] * len(losses)
        if self._validate is not None:
            validations = self._validate(stack, self._params)
        for index in stack.newly_averaged():
            stack.members[index].state.course.restart()
        total = batches.total_weight
        weights = total.tolist() if isinstance(total, np.ndarray) else [total] * len(losses)
        for member, params, loss, validation, weight in zip(
            stack.members, self._params, losses.tolist(), validations, weights, strict=True
        ):
            spec, course, rate = member.spec, member.state.course, member.state.rate
            if course.record(spec, params, loss, rate.current, validation):
                rate.end_epoch(batches.n_batches, weight, course.metric(spec))

    def _apply_rules(self) -> None:
        for member in self.stack.members:
            apply_rules(member.spec, member.state)

    def _release(self) -> None:
        """Let the members leave whose training has ended."""
        members = enumerate(self.stack.members)
        finished = [index for index, member in members if member.state.outcome is not None]
        if finished:
            self._settle(finished)
            left = [i for i in range(len(self._params)) if i not in finished]
            self._params = self._params[left]
            if left:
                self._batches = self._batches.of_members(left)
            self.stack = self.stack.without(finished)

    def _settle(self, indices: Iterable[int]) -> None:
        """Write down the weights to keep, the solver's state and the average of members."""
        stack = self.stack
        for index in indices:
            spec, state = stack.members[index].spec, stack.members[index].state
            # What a solver remembers of a divergence would spoil the steps that follow.
            diverged = state.course.has_diverged(stack.params[index])
            state.solver = {} if diverged else stack.solver_state(index)
            state.average = {} if diverged else stack.average(index)
            state.params = state.course.final_params(spec, self._params[index])
