"""Many estimators fitted to the same rows, in as few stacks as their shapes allow."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.utils.validation import validate_data

from sknn_actloss.estimators._base import FLOATS, BaseMLP
from sknn_actloss.estimators._classifier import MLPClassifier
from sknn_actloss.estimators._fitting import Training
from sknn_actloss.estimators._lockstep import Lockstep
from sknn_actloss.estimators._observer import print_epoch
from sknn_actloss.estimators._problem import Data
from sknn_actloss.estimators._regressor import MLPRegressor
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._validation import NOTHING, partition
from sknn_actloss.training import Observer, Outcome, Stack


class Together:
    """A fit of many estimators to the same rows.

    Each estimator ends where its own ``fit`` would have brought it. Those whose networks go
    through the same batches share a stack; the others (other sizes or batches, L-BFGS, a
    checkpoint, callbacks, ``max_time``, committees, validation rows given to ``fit``, a ``fit`` of
    their own) form stacks of their own or are fitted alone. An estimator that fails leaves the
    others as they are.

    What is pickled holds no rows of X: :meth:`bind` takes them before training goes on.

    Parameters
    ----------
    estimators : sequence of MLPClassifier or MLPRegressor
        Unfitted estimators.
    X, y : as in ``fit``
        Rows and targets.
    fit_params : dict, optional
        Further arguments of ``fit``, such as ``sample_weight``.

    Attributes
    ----------
    failures : dict of int to Exception
        What the fits of estimators ended in, by their places.
    stacks : list of list of int
        The places of the estimators in each stack.
    n_epochs : int
        Epochs up to the latest pause.
    seconds : ndarray of shape (n_estimators,)
        Time of each fit since the latest pause; that of a stack is divided among its members.
    """

    def __init__(
        self,
        estimators: Sequence[BaseMLP],
        X: Any,
        y: Any,
        fit_params: dict[str, Any] | None = None,
    ) -> None:
        self.estimators = list(estimators)
        self.failures: dict[int, Exception] = {}
        self.seconds = np.zeros(len(self.estimators))
        self._data, self._fit_params = (X, y), fit_params or {}
        self._alone: set[int] = set()
        self._known: dict[type, Data] = {}
        groups: list[dict[int, Training]] = []
        for place in range(len(self.estimators)):
            with self._attempt(place):
                self._join(place, groups)
        self.stacks = [list(group) for group in groups]
        self._locksteps = [Lockstep(list(group.values())) for group in groups]
        self.n_epochs = 0

    def train(self, observer: Observer | None = None, until: int | None = None) -> None:
        """Train all estimators and set their attributes to where they stand then.

        Parameters
        ----------
        observer : Observer, optional
            Is told of the epochs of every stack.
        until : int, optional
            Pause when so many epochs have been gone through since the start. What cannot go on
            from a pause is fitted with ``max_iter=until`` from its start.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C.
        """
        n_epochs = None if until is None else until - self.n_epochs
        if self.n_epochs:
            self.seconds[:] = 0
        for places, lockstep in zip(self.stacks, self._locksteps, strict=True):
            self._train_stack(places, lockstep, observer, n_epochs)
        for place in sorted(self._alone):
            with self._attempt(place):
                self._fit_alone(self.estimators[place], until)
        self.n_epochs = until or 0

    def keep(self, places: Sequence[int]) -> None:
        """Drop all estimators but those in some places, which are numbered anew."""
        new = {old: place for place, old in enumerate(places)}
        for lockstep, own in zip(self._locksteps, self.stacks, strict=True):
            pairs = zip(lockstep.trainings, own, strict=True)
            lockstep.drop([training.member for training, place in pairs if place not in new])
        kept = [[new[place] for place in own if place in new] for own in self.stacks]
        self._locksteps = [lock for lock, own in zip(self._locksteps, kept, strict=True) if own]
        self.stacks = [own for own in kept if own]
        self._alone = {new[place] for place in self._alone if place in new}
        self.failures = {new[p]: error for p, error in self.failures.items() if p in new}
        self.estimators = [self.estimators[place] for place in places]
        self.seconds = self.seconds[list(places)]

    def bind(self, X: Any, y: Any) -> None:
        """Take the rows to go on with where they are missing, as they are after pickling."""
        if self._data is not None:
            return
        self._data = X, y
        if self._locksteps:
            head = self._locksteps[0].trainings[0].estimator
            rows = validate_data(head, X, accept_sparse="csr", dtype=FLOATS, reset=False)
            for lockstep in self._locksteps:
                lockstep.bind(rows, X)

    def _join(self, place: int, groups: list[dict[int, Training]]) -> None:
        """Find the stack of an estimator; new stacks are added to the groups."""
        estimator = self.estimators[place]
        if not get_config()["skip_parameter_validation"]:
            estimator._validate_params()
        settings = Settings.of(estimator, estimator._task)
        if not (settings.solver.stochastic and self._is_plain(estimator)):
            self._alone.add(place)
            return
        NOTHING.check(estimator, stochastic=True)
        weight, data = self._fit_params.get("sample_weight"), self._checked(estimator)
        problem = estimator._problem(settings, data, weight, incremental=False)
        rows = partition(estimator, data, problem, weight, NOTHING)
        training = Training.of(estimator, settings, problem, rows)
        for group in groups:
            if next(iter(group.values())).matches(training):
                group[place] = training
                return
        groups.append({place: training})

    def _checked(self, estimator: BaseMLP) -> Data:
        """Validate the data for an estimator, once for all of its kind."""
        kind = type(estimator)
        if kind not in self._known:
            self._known[kind] = estimator._checked(*self._data, incremental=False)
        vars(estimator).update(self._known[kind].attributes)
        return self._known[kind]

    def _is_plain(self, estimator: BaseMLP) -> bool:
        """Whether nothing but our own ``fit`` would take part in a fit."""
        return (
            type(estimator).fit in (MLPClassifier.fit, MLPRegressor.fit)
            and estimator.checkpoint is None
            and not hasattr(estimator, "_skl_callbacks")
            and estimator.n_members == 1
            # The members of a stack share its time.
            and estimator.max_time is None
            and not set(self._fit_params) - {"sample_weight"}
        )

    def _fit_alone(self, estimator: BaseMLP, until: int | None) -> None:
        max_iter = estimator.max_iter
        try:
            if until is not None:
                estimator.set_params(max_iter=min(until, max_iter))
            estimator.fit(*self._data, **self._fit_params)
        finally:
            estimator.set_params(max_iter=max_iter)

    def _train_stack(
        self,
        places: list[int],
        lockstep: Lockstep,
        observer: Observer | None,
        n_epochs: int | None,
    ) -> None:
        start = time.perf_counter()
        lockstep.train(_Watch(lockstep, observer), n_epochs)
        self.seconds[places] += (time.perf_counter() - start) / len(places)
        outcomes = [training.member.course.outcome for training in lockstep.trainings]
        if Outcome.INTERRUPTED in outcomes:
            raise KeyboardInterrupt
        for place, training in zip(places, lockstep.trainings, strict=True):
            with self._attempt(place):
                training.finish()
                lockstep.warn([training])

    @contextmanager
    def _attempt(self, place: int) -> Iterator[None]:
        """Take the time of an estimator, and note where it fails."""
        start = time.perf_counter()
        try:
            yield
        except Exception as error:
            self.failures[place] = error
        finally:
            self.seconds[place] += time.perf_counter() - start

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_data": None, "_known": {}}


class _Watch(Observer):
    """Prints the epochs of those estimators that are verbose, and passes them on."""

    def __init__(self, lockstep: Lockstep, observer: Observer | None) -> None:
        self._observer = observer or Observer()
        self._verbose = {
            id(training.member): training.estimator
            for training in lockstep.trainings
            if training.estimator.verbose
        }

    def epoch_begins(self, stack: Stack) -> None:
        self._observer.epoch_begins(stack)

    def epoch_ends(self, stack: Stack) -> bool:
        for member in stack.members:
            if id(member) in self._verbose:
                print_epoch(self._verbose[id(member)], member)
        return self._observer.epoch_ends(stack)
