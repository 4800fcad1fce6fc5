"""Many estimators fitted to the same rows, in as few stacks as their shapes allow."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.utils.validation import validate_data

from sknn_actloss.core import as_rows
from sknn_actloss.estimators._attributes import commit, was_interrupted
from sknn_actloss.estimators._base import FLOATS, BaseMLP, check_data, draft_of
from sknn_actloss.estimators._classifier import MLPClassifier
from sknn_actloss.estimators._fit import Fit
from sknn_actloss.estimators._observer import print_epoch
from sknn_actloss.estimators._regressor import MLPRegressor
from sknn_actloss.estimators._settings import Settings, parameters_of
from sknn_actloss.estimators._setup import Setup
from sknn_actloss.estimators._validation import Data, Request
from sknn_actloss.persistence import (
    CheckpointError,
    CheckpointFile,
    check,
    resume,
    snapshot,
    train_saving,
)
from sknn_actloss.training import Epoch, FitResult, Observer, Run


class JointFit:
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
    checked : dict, optional
        Keeps rows and targets once they are validated, for further fits to the same.

    Attributes
    ----------
    failures : dict of int to Exception
        What the fits of estimators ended in, by their indices.
    stacks : list of list of int
        The indices of the estimators in each stack.
    origin : list of int
        The indices that estimators had at first.
    n_epochs : int
        Epochs up to the latest pause.
    seconds : ndarray of shape (n_estimators,)
        Time of each fit since the latest pause; that of a stack is divided among its members.
    """

    @np.errstate(all="ignore")
    def __init__(
        self,
        estimators: Sequence[BaseMLP],
        X: Any,
        y: Any,
        fit_params: dict[str, Any] | None = None,
        checked: dict[tuple[type, str | None], Data] | None = None,
    ) -> None:
        self.estimators = list(estimators)
        self.failures: dict[int, Exception] = {}
        self.seconds = np.zeros(len(self.estimators))
        self.n_epochs = 0
        self.origin = list(range(len(self.estimators)))
        self._data, self._fit_params = (X, y), fit_params or {}
        self._alone: set[int] = set()
        self._streams: dict[int, np.random.RandomState] = {}
        self._known = {} if checked is None else checked
        groups: list[dict[int, Fit]] = []
        for index in range(len(self.estimators)):
            with self._attempt(index):
                self._join(index, groups)
        self.stacks = [list(group) for group in groups]
        self._runs = [Run.of([fit.run for fit in group.values()]) for group in groups]
        self._fits = {
            index: replace(fit, run=run)
            for group, run in zip(groups, self._runs, strict=True)
            for index, fit in group.items()
        }

    @np.errstate(all="ignore")
    def train(
        self,
        observer: Observer | None = None,
        until: int | None = None,
        file: CheckpointFile | None = None,
    ) -> None:
        """Train all estimators and set their attributes to where they stand then.

        Parameters
        ----------
        observer : Observer, optional
            Is told of the epochs of every stack.
        until : int, optional
            Pause when so many epochs have been gone through since the start. What cannot go on
            from a pause is fitted with ``max_iter=until`` from its start.
        file : CheckpointFile, optional
            Takes the state of the stacks once in a while, see :meth:`state`. Estimators that are
            fitted alone have files of their own beside it.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C.
        """
        if self.n_epochs:
            self.seconds[:] = 0
        for indices, run in list(zip(self.stacks, self._runs, strict=True)):
            self._train_stack(indices, run, observer, until, file)
        for index in sorted(self._alone):
            with self._attempt(index):
                self._fit_alone(self.estimators[index], until, file)
            if file is not None and isinstance(self.failures.get(index), CheckpointError):
                raise self.failures[index]
        self.n_epochs = until or 0

    def state(self) -> dict[str, Any]:
        """Return where training stands, as plain data."""
        return {
            "stacks": [tuple(indices) for indices in self.stacks],
            "runs": [snapshot(run.state()) for run in self._runs],
            "alone": sorted(self._alone),
            "origin": self.origin,
            "n_epochs": self.n_epochs,
        }

    def go_to(self, saved: dict[str, Any]) -> None:
        """Go to where a fit of the same estimators to the same rows has stood.

        Raises
        ------
        Exception
            If that is not what :meth:`state` can have returned there.
        """
        self.keep(saved["origin"])
        runs = dict(zip(saved["stacks"], saved["runs"], strict=True))
        own = dict(zip(map(tuple, self.stacks), self._runs, strict=True))
        left = self._alone | {index for indices in set(own) - set(runs) for index in indices}
        is_whole = set(runs) <= set(own) and self._alone <= set(saved["alone"]) <= left
        if not is_whole or not saved["n_epochs"] >= 0:
            raise ValueError(f"stacks cannot be {saved['stacks']!r:.100}")
        for indices, run in runs.items():
            check(own[indices], run)
        for indices, run in own.items():
            if indices in runs:
                resume(run, runs[indices])
            else:
                self._dissolve(list(indices), run)
        self.n_epochs = saved["n_epochs"]

    def keep(self, indices: Sequence[int]) -> None:
        """Drop all estimators but those of some indices, which are numbered anew."""
        new = {old: index for index, old in enumerate(indices)}
        for run, own in zip(self._runs, self.stacks, strict=True):
            left = [index for index in own if index not in new]
            run.drop([member for index in left for member in self._fits[index].members])
        kept = [[new[index] for index in own if index in new] for own in self.stacks]
        self._runs = [run for run, own in zip(self._runs, kept, strict=True) if own]
        self.stacks = [own for own in kept if own]
        self._fits = {new[index]: fit for index, fit in self._fits.items() if index in new}
        self._alone = {new[index] for index in self._alone if index in new}
        self._streams = {new[index]: own for index, own in self._streams.items() if index in new}
        self.failures = {new[i]: error for i, error in self.failures.items() if i in new}
        self.estimators = [self.estimators[index] for index in indices]
        self.origin = [self.origin[index] for index in indices]
        self.seconds = self.seconds[list(indices)]

    def bind(self, X: Any, y: Any) -> None:
        """Take the rows to go on with where they are missing, as they are after pickling."""
        if self._data is not None:
            return
        self._data = X, y
        if self._runs:
            estimator = self._fits[self.stacks[0][0]].template.estimator
            rows = validate_data(estimator, X, accept_sparse="csr", dtype=FLOATS, reset=False)
            for run in self._runs:
                run.bind(as_rows(rows), X)

    def _join(self, index: int, groups: list[dict[int, Fit]]) -> None:
        """Find the stack of an estimator; new stacks are added to the groups."""
        estimator = self.estimators[index]
        if not get_config()["skip_parameter_validation"]:
            estimator._validate_params()
        settings = Settings.of(estimator)
        if not self._may_share(estimator, settings):
            self._alone.add(index)
            return
        request = Request(self._fit_params.get("sample_weight"))
        request.check(settings, estimator)
        if isinstance(settings.random_state, np.random.RandomState):
            self._streams[index] = copy.deepcopy(settings.random_state)
        draft = draft_of(estimator)
        data = self._checked(draft, settings, request)
        fit = Setup(draft, settings, data, request, draft._checked_rows).fit()
        for group in groups:
            if next(iter(group.values())).run.joins(fit.run):
                group[index] = fit
                return
        groups.append({index: fit})

    def _checked(self, estimator: BaseMLP, settings: Settings, request: Request) -> Data:
        """Validate the data for an estimator, once for all of its kind and scale of targets."""
        kind = type(estimator), settings.target_scaling
        if kind not in self._known:
            own = *self._data, request.sample_weight
            self._known[kind] = check_data(estimator, settings, *own)
        vars(estimator).update(self._known[kind].attributes)  # type: ignore[attr-defined]
        return self._known[kind]

    def _may_share(self, estimator: BaseMLP, settings: Settings) -> bool:
        """Whether nothing but our own ``fit`` would take part in a fit, step by step."""
        return (
            settings.solver.stochastic
            and type(estimator).fit in (MLPClassifier.fit, MLPRegressor.fit)
            and settings.checkpoint is None
            and not hasattr(estimator, "_skl_callbacks")
            and settings.n_members == 1
            # The members of a stack share its time.
            and np.isinf(settings.max_time)
            and not set(self._fit_params) - {"sample_weight"}
        )

    def _fit_alone(
        self, estimator: BaseMLP, until: int | None, file: CheckpointFile | None
    ) -> None:
        given = estimator.get_params(deep=False)
        own = {} if until is None else {"max_iter": min(until, given["max_iter"])}
        if file is not None and may_be_saved(estimator):
            own["checkpoint"] = file.checkpoint
        try:
            estimator.set_params(**own).fit(*self._data, **self._fit_params)
        finally:
            estimator.set_params(**{name: given[name] for name in own})
            if was_interrupted(estimator):
                raise KeyboardInterrupt

    def _train_stack(
        self,
        indices: list[int],
        run: Run,
        observer: Observer | None,
        until: int | None,
        file: CheckpointFile | None,
    ) -> None:
        start = time.perf_counter()
        fits = [self._fits[index] for index in indices]
        watch = _Watch(fits, observer)
        try:
            result = self._train_run(run, watch, until, file)
        except Exception as error:
            if watch.failed:
                raise
            self._dissolve(indices, run)
            if len(indices) == 1:
                self._alone.discard(indices[0])
                self.failures[indices[0]] = error
            return
        finally:
            self.seconds[indices] += (time.perf_counter() - start) / len(indices)
        if "interrupted" in [member.state.outcome for member in run.members]:
            raise KeyboardInterrupt
        for index, fit in zip(indices, fits, strict=True):
            with self._attempt(index):
                commit(self.estimators[index], fit.attributes(result))
                fit.warn()

    def _train_run(
        self, run: Run, watch: _Watch, until: int | None, file: CheckpointFile | None
    ) -> FitResult:
        if file is None:
            return run.train(watch, None if until is None else until - run.n_epochs)

        def save() -> None:
            with watch.noting():
                file.save(self.state())

        return train_saving(run, file, save, watch, until)

    def _dissolve(self, indices: list[int], run: Run) -> None:
        """Leave it to fits of each estimator alone to find out whose failure a stack's is."""
        self.stacks.remove(indices)
        self._runs.remove(run)
        self._alone.update(indices)
        for index in indices:
            del self._fits[index]
            if index in self._streams:
                self.estimators[index].set_params(random_state=self._streams[index])

    @contextmanager
    def _attempt(self, index: int) -> Iterator[None]:
        """Take the time of an estimator, and note where it fails."""
        start = time.perf_counter()
        try:
            yield
        except Exception as error:
            self.failures[index] = error
        finally:
            self.seconds[index] += time.perf_counter() - start

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_data": None, "_known": {}}


def may_be_saved(estimator: BaseMLP) -> bool:
    """Whether fits of an estimator, which asks for no checkpoint, could be saved."""
    given = parameters_of(estimator)
    has_none = "checkpoint" in given and given["checkpoint"] is None
    return has_none and Settings.of(estimator).solver.stochastic


class _Watch(Observer):
    """Prints the epochs of those estimators that are verbose, and passes them on."""

    def __init__(self, fits: Sequence[Fit], observer: Observer | None) -> None:
        self._observer = observer or Observer()
        self._verbose = {
            id(member): fit.settings
            for fit in fits
            for member in fit.members
            if fit.settings.verbose
        }

        self.failed = False

    def epoch_begins(self, epoch: Epoch) -> None:
        with self.noting():
            self._observer.epoch_begins(epoch)

    def epoch_ends(self, epoch: Epoch) -> bool:
        for member in epoch.members:
            if id(member) in self._verbose:
                print_epoch(self._verbose[id(member)], member)
        with self.noting():
            return self._observer.epoch_ends(epoch)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note that it is not a network that fails."""
        try:
            yield
        except Exception:
            self.failed = True
            raise
