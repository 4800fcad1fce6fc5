"""The files of a search, by which the next one goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sknn_actloss.estimators import may_be_saved, was_interrupted
from sknn_actloss.model_selection._committee import Committee
from sknn_actloss.model_selection._pipeline import fitted_network, network_name, network_of
from sknn_actloss.model_selection._plan import Candidate
from sknn_actloss.model_selection._unit import Split
from sknn_actloss.model_selection._unit_files import UnitFiles
from sknn_actloss.persistence import (
    Checkpoint,
    CheckpointError,
    CheckpointFile,
    digest,
    restore,
    snapshot,
)

#: The index of a split and candidates that are trained together, for all units of work.
Plan = list[tuple[int, list[Candidate]]]

#: Parameters of a search that leave its results as they are.
WITHOUT_INFLUENCE = {"checkpoint", "n_jobs", "pre_dispatch", "verbose"}


def identity(search: Any, X: Any, y: Any, params: dict[str, Any]) -> str:
    """Return a hash of all that a search depends on, but for folds that only splitting tells."""
    own = search.get_params(deep=False)
    own = {name: value for name, value in own.items() if name not in WITHOUT_INFLUENCE}
    try:
        digest(own["cv"])
    except CheckpointError:  # such as a generator; the folds themselves count in the plan
        own["cv"] = None
    return digest((type(search), own, X, y, params))


class SavedSearch:
    """What is saved of a search: where its random numbers began, how it was cut, what is known.

    Parameters
    ----------
    checkpoint : Checkpoint
        Where to save, and how often.
    name : str
        How the names of the files begin.
    key : str
        What :func:`identity` returns.
    """

    _plan: str
    _first: int

    def __init__(self, checkpoint: Checkpoint, name: str, key: str) -> None:
        self._checkpoint, self._key = checkpoint, key
        self._prefix = f"{name}-{key[:32]}"

    def begin(self) -> bool:
        """Let NumPy's global stream be where it was when the search was begun.

        Returns
        -------
        goes_on : bool
            Whether there is a search to go on with.

        Raises
        ------
        CheckpointError
            If there is a file that cannot be used.
        """
        if not self._checkpoint.resume:
            self._remove()
        file, stream = self._file("start", self._key), check_random_state(None)
        saved = file.load()
        if saved is None:
            file.save(snapshot(stream))
            return False
        with file.refusing():
            restore(np.random.RandomState(), saved)
        restore(stream, saved)
        return True

    def plan(
        self, splits: Sequence[Split], candidates: Sequence[Candidate], cut: Callable[[], Plan]
    ) -> Plan:
        """Return how the work was cut at first.

        Parameters
        ----------
        splits : sequence of Split
        candidates : sequence of Candidate
        cut : callable
            Cuts the work, where that has not been done.

        Raises
        ------
        CheckpointError
            If there is a file that cannot be used.
        """
        rows = [(split.train, split.test, split.seed) for split in splits]
        self._plan = digest((self._key, rows, [candidate.params for candidate in candidates]))
        self._first = candidates[0].index
        file = self._file("plan", self._plan)
        saved = file.load()
        if saved is None:
            plan = cut()
            file.save([(split, self._places(part)) for split, part in plan])
            return plan
        with file.refusing():
            _check_plan(saved, len(splits), len(candidates))
        return [(split, [candidates[place] for place in places]) for split, places in saved]

    def files(self, split: int, part: Sequence[Candidate]) -> UnitFiles:
        """Return the files of a unit of the plan."""
        key = digest((self._plan, split, self._places(part)))
        return UnitFiles(self._checkpoint, self._prefix, key)

    def _refit_file(self, *parts: Any) -> CheckpointFile:
        """Return the file of networks that are fitted to all rows."""
        return self._file("refit", digest((self._key, parts)))

    @contextmanager
    def refitting(self, estimator: Any) -> Iterator[None]:
        """Let the fit of an estimator to all rows be saved as well."""
        if isinstance(estimator, Committee):
            with estimator.saved_by(self._refit_file):
                yield
            return
        name = network_name(estimator)
        parameter = f"{name}__checkpoint" if name else "checkpoint"
        if parameter not in estimator.get_params() or not may_be_saved(network_of(estimator, name)):
            yield
            return
        estimator.set_params(**{parameter: self._checkpoint})
        yield
        estimator.set_params(**{parameter: None})
        fitted_network(estimator).set_params(checkpoint=None)

    def end(self, refitted: Any = None) -> None:
        """Remove all files of the search, unless Ctrl-C has ended the fit to all rows."""
        if refitted is None or not was_interrupted(fitted_network(refitted)):
            self._remove()

    def _remove(self) -> None:
        self._checkpoint.remove_all(self._prefix)

    def _file(self, name: str, key: str) -> CheckpointFile:
        return self._checkpoint.file(f"{self._prefix}-{name}", key)

    def _places(self, part: Sequence[Candidate]) -> list[int]:
        return [candidate.index - self._first for candidate in part]


def _check_plan(plan: Any, n_splits: int, n_candidates: int) -> None:
    """Raise where units are not all candidates of all splits."""
    pairs = [(split, place) for split, places in plan for place in places]
    expected = [(split, place) for split in range(n_splits) for place in range(n_candidates)]
    if sorted(pairs) != expected or not all(places for _, places in plan):
        raise ValueError("its units are not those of the search")
