"""Units of work of a search: candidates that are trained together on a split."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np

from sknn_actloss.estimators import JointFit, parameters_of
from sknn_actloss.model_selection._plan import Candidate
from sknn_actloss.model_selection._unit_files import Known, UnitFiles


@dataclass(frozen=True)
class Split:
    """Training and test rows of a fold.

    Parameters
    ----------
    index : int
        Its index among all splits.
    train, test : ndarray of int
        The rows.
    seed : int
        What ``random_state=None`` stands for in all networks of the split.
    """

    index: int
    train: np.ndarray
    test: np.ndarray
    seed: int


@dataclass(eq=False)
class Unit:
    """A unit of work: candidates whose networks are trained together on a split.

    Parameters
    ----------
    split : Split
    candidates : list of Candidate
    key : Hashable
        Names the steps in front of their networks.
    n_sharing : int
        How many candidates share the time of the steps in front of their networks.
    until : int or None
        Epochs after which to pause; ``None`` trains to the end.
    joint : JointFit or None
        The networks where they have got to, after a pause.
    files : UnitFiles or None
        Where to save them, and what is known of the candidates.
    known : list of (dict, ndarray or None)
        What is noted of the first candidates, and their predictions, where these are saved.
    """

    split: Split
    candidates: list[Candidate]
    key: Hashable = None
    n_sharing: int = 1
    until: int | None = None
    joint: JointFit | None = None
    files: UnitFiles | None = None
    known: list[Known] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Where networks are saved, those that are dropped are still needed to read them.
        self.origin = self.candidates if self.files else []
        self.places = list(range(len(self.candidates)))

    def keep(self, survivors: dict[int, Candidate]) -> None:
        """Put other candidates in place of those that survive, and drop the others."""
        indices = [i for i, c in enumerate(self.candidates) if c.index in survivors]
        self.candidates = [survivors[self.candidates[i].index] for i in indices]
        self.places = [self.places[i] for i in indices]
        if self.joint is not None:
            self.joint.keep(indices)

    @property
    def n_epochs(self) -> int | None:
        """Epochs to go at most, as far as they are known."""
        limits = [parameters_of(c.network)["max_iter"] for c in self.candidates]
        if not all(isinstance(limit, Integral) and int(limit) > 0 for limit in limits):
            return None
        n_done = 0 if self.joint is None else self.joint.n_epochs
        return int(max(limits)) if self.until is None else max(self.until - n_done, 1)


@dataclass(eq=False)
class Result:
    """What became of a unit.

    Parameters
    ----------
    number : int
        Its index among the units.
    known : list of (dict, ndarray or None)
        For each candidate what scikit-learn's searches note of a fit, and its predictions of the
        test rows, where they are kept.
    joint : JointFit or None
        The networks where they have got to, if they are paused.
    """

    number: int
    known: list[Known]
    joint: JointFit | None = None
