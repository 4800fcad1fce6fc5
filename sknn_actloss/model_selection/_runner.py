"""How the work of a search is cut into units, spread over workers and put together again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone, is_classifier
from sklearn.utils.parallel import Parallel, delayed

from sknn_actloss._config import WithConfig
from sknn_actloss.model_selection._evaluation import (
    Evaluation,
    prepare,
    run_unit,
)
from sknn_actloss.model_selection._pipeline import Preparation
from sknn_actloss.model_selection._plan import STACKS_PER_JOB, Candidate, Shape, configured, stacks
from sknn_actloss.model_selection._progress import SearchProgress
from sknn_actloss.model_selection._saving import Plan, SavedSearch
from sknn_actloss.model_selection._sharing import share
from sknn_actloss.model_selection._unit import Result, Split, Unit

#: Candidates that share the steps in front of their networks on a split.
Key = tuple[int, Hashable]


class Runner:
    """Evaluates candidates on all splits.

    Parameters
    ----------
    evaluation : Evaluation
    splits : sequence of Split
    n_jobs, pre_dispatch
        Parameters of the search.
    progress : SearchProgress
        Tells the user.
    max_members : int, optional
        Members of a stack at most, instead of as many as fit the cache.
    saved : SavedSearch, optional
        What an earlier search has saved, and where to save.

    Attributes
    ----------
    params : list of dict
        Parameters of all candidates so far.
    fits : list of list of dict
        What became of each candidate on each split; NaN until it is known.
    predictions : list of list of ndarray or None
        Predictions of the test rows, where they are kept.
    more_results : dict of str to list
        Further columns of ``cv_results_``.
    n_done : int
        Fits that are known.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        splits: Sequence[Split],
        n_jobs: int | None,
        pre_dispatch: int | str,
        progress: SearchProgress,
        max_members: int | None = None,
        saved: SavedSearch | None = None,
    ) -> None:
        self._evaluation, self.splits, self._progress = evaluation, splits, progress
        self._max_members, self._saved = max_members, saved
        self._parallel = _parallel(n_jobs, pre_dispatch)
        self._n_jobs = effective_n_jobs(n_jobs)
        self._shared = share(evaluation)
        self._prepared: dict[Key, Preparation | Exception] = {}
        self._sent: dict[Key, Any] = {}
        self._units: Sequence[Unit] = []
        self.params: list[dict[str, Any]] = []
        self.fits: list[list[dict[str, Any]]] = []
        self.predictions: list[list[np.ndarray | None]] = []
        self.more_results: dict[str, list] = defaultdict(list)
        self.n_done = 0

    def __enter__(self) -> Self:
        self._parallel.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._parallel.__exit__(*error)

    def candidates(
        self, params: Iterable[dict[str, Any]], more_results: dict[str, list] | None = None
    ) -> list[Candidate]:
        """Return new candidates and make room for what becomes of them.

        Raises
        ------
        ValueError
            If there are none, or no splits, or parameters that the estimator does not have.
        """
        evaluation, first = self._evaluation, len(self.params)
        candidates = [
            Candidate(index, own, configured(evaluation.estimator, own))
            for index, own in enumerate(params, start=first)
        ]
        if not candidates or not self.splits:
            raise ValueError(
                "No fits were performed. Was the CV iterator empty? Were there no candidates?"
            )
        for key, values in (more_results or {}).items():
            self.more_results[key] += values
        self.params += [candidate.params for candidate in candidates]
        for _ in candidates:
            self.fits.append([evaluation.unscored(np.nan) for _ in self.splits])
            self.predictions.append([None] * len(self.splits))
        return candidates

    def units(self, candidates: Sequence[Candidate], until: int | None = None) -> list[Unit]:
        """Cut candidates into units of work."""
        keyed: dict[Key, list[Candidate]] = defaultdict(list)
        for split in self.splits:
            for candidate in candidates:
                keyed[split.index, candidate.steps_key].append(candidate)

        def cut() -> Plan:
            self._prepare({key: group[0] for key, group in keyed.items()})
            return self._cut(keyed)

        plan = cut() if self._saved is None else self._saved.plan(self.splits, candidates, cut)
        units = []
        for index, part in plan:
            key = index, part[0].steps_key
            files = None if self._saved is None else self._saved.files(index, part)
            units.append(
                Unit(self.splits[index], part, key[1], len(keyed[key]), until, files=files)
            )
        return units

    def _cut(self, keyed: dict[Key, list[Candidate]]) -> Plan:
        """Return which candidates are trained together on which split."""
        n_least = -(-STACKS_PER_JOB * self._n_jobs // len(keyed)) if self._n_jobs > 1 else 1
        return [
            (key[0], part)
            for key, group in keyed.items()
            for part in stacks(group, self._limit(key), n_least)
        ]

    @property
    def trained(self) -> list[Candidate]:
        """The candidates that were trained last."""
        found = {c.index: c for unit in self._units for c in unit.candidates}
        return [found[index] for index in sorted(found)]

    def go_on(self, survivors: dict[int, Candidate], until: int) -> list[Unit]:
        """Drop candidates of the paused units and return what goes on from where it is.

        Parameters
        ----------
        survivors : dict of int to Candidate
            What comes after a candidate, by its index; those without anything are dropped.
        until : int
            Epochs since the start after which to pause again.
        """
        for unit in self._units:
            unit.until = until
            unit.keep(survivors)
        return [unit for unit in self._units if unit.candidates]

    def run(self, units: Sequence[Unit], context: Any = None) -> None:
        """Train and score units, and note what becomes of their candidates."""
        self._units = units
        with self._progress.stage(units, context) as watches:
            waiting = [number for number, unit in enumerate(units) if not self._load(number, unit)]
            self._prepare(
                {(units[n].split.index, units[n].key): units[n].candidates[0] for n in waiting}
            )
            tasks = (
                delayed(WithConfig(run_unit))(
                    self._shared, unit, self._sent.get((unit.split.index, unit.key)), watch, number
                )
                for number, unit, watch in ((n, units[n], watches[n]) for n in waiting)
            )
            for result in self._parallel(tasks):
                units[result.number].joint = result.joint
                self._note(units[result.number], result)

    def _load(self, number: int, unit: Unit) -> bool:
        """Note what is saved of a unit, and return whether that is all."""
        unit.known = []
        if unit.files is None:
            return False
        n_candidates, like = len(unit.candidates), self._evaluation.unscored(np.nan)
        n_rows = _n_rows(unit.split.test)
        unit.known = unit.files.load(unit.until, like, n_candidates, n_rows)
        if len(unit.known) == n_candidates:
            self._note(unit, Result(number, unit.known))
        return len(unit.known) == n_candidates

    def _prepare(self, firsts: dict[Key, Candidate]) -> None:
        """Fit the steps in front of networks, given a candidate of each kind."""
        if not self._evaluation.name:
            return
        missing = [key for key in firsts if key not in self._prepared]
        tasks = (
            delayed(WithConfig(prepare))(self._shared, self.splits[key[0]], firsts[key], number)
            for number, key in enumerate(missing)
        )
        for number, prepared in self._parallel(tasks):
            self._prepared[missing[number]] = prepared
            self._sent[missing[number]] = share(prepared)

    def _limit(self, key: Key) -> Any:
        if self._max_members is not None:
            return lambda network: self._max_members
        prepared, split = self._prepared.get(key), self.splits[key[0]]
        if isinstance(prepared, Exception):
            return lambda network: len(split.train)
        data = self._evaluation if prepared is None else prepared
        n_rows, has_classes = len(split.train), is_classifier(self._evaluation.estimator)
        shape = Shape.of(data.X, data.y, n_rows, has_classes)
        if prepared is None:
            return shape.stack_limit
        return lambda network: shape.stack_limit(prepared.completed(clone(network)))

    def _note(self, unit: Unit, result: Result) -> None:
        split = unit.split.index
        for candidate, (fit, prediction) in zip(unit.candidates, result.known, strict=True):
            self.fits[candidate.index][split] = fit
            self.predictions[candidate.index][split] = prediction
            self.n_done += 1
        self._progress.unit_done(result.number, self.fits)


def _n_rows(indices: Any) -> int:
    """Return how many rows there are, given their indices or a truth value for each."""
    indices = np.asarray(indices)
    return int(indices.sum()) if indices.dtype == bool else len(indices)


def _parallel(n_jobs: int | None, pre_dispatch: int | str) -> Parallel:
    """Return joblib's Parallel, with results as they come where the backend can do that."""
    options = {"n_jobs": n_jobs, "pre_dispatch": pre_dispatch}
    try:
        return Parallel(**options, return_as="generator_unordered")
    except ValueError:
        return Parallel(**options)
