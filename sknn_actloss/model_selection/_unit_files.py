"""The files of a unit of work: where its networks stand, and what is known of its candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from sknn_actloss.persistence import Checkpoint, CheckpointFile

#: What is noted of a fit, and the predictions of its test rows where they are kept.
Known = tuple[dict[str, Any], np.ndarray | None]


@dataclass(frozen=True)
class UnitFiles:
    """Files of one unit, which whoever trains it writes.

    Parameters
    ----------
    checkpoint : Checkpoint
        Where to save, and how often.
    name : str
        How the names of the files begin.
    key : str
        Hash of what tells the unit apart.
    """

    checkpoint: Checkpoint
    name: str
    key: str

    @property
    def state(self) -> CheckpointFile:
        """The file of the networks in training."""
        return self.checkpoint.file(f"{self.name}-state", self.key)

    def save(self, until: int | None, known: Sequence[Known]) -> None:
        """Save what is known of the first candidates.

        Parameters
        ----------
        until : int or None
            Epochs that they have been trained for.
        known : sequence of (dict, ndarray or None)
            A pair for each candidate: what is noted of its fit, and its predictions.
        """
        self._results(until).save([tuple(pair) for pair in known])

    def load(
        self, until: int | None, like: dict[str, Any], n_most: int, n_rows: int
    ) -> list[Known]:
        """Return what is known of the first candidates.

        Parameters
        ----------
        until : int or None
            Epochs that they have been trained for.
        like : dict
            What is noted of a fit.
        n_most : int
            Number of candidates.
        n_rows : int
            Number of test rows.

        Raises
        ------
        CheckpointError
            If the file cannot be used.
        """
        file = self._results(until)
        known = file.load()
        if known is None:
            return []
        with file.refusing():
            if not isinstance(known, list) or len(known) > n_most:
                raise ValueError(f"candidates cannot be {known!r:.100}")
            for fit, prediction in known:
                _check_fit(fit, like)
                _check_prediction(prediction, n_rows)
        return known

    def _results(self, until: int | None) -> CheckpointFile:
        return self.checkpoint.file(f"{self.name}-done-{until}", self.key)


def _check_fit(fit: Any, like: dict[str, Any]) -> None:
    """Raise where something else was saved than what is noted of a fit."""
    if not isinstance(fit, dict) or set(fit) != set(like):
        raise ValueError(f"a fit cannot be {fit!r:.100}")
    for name, value in fit.items():
        values = value.values() if name.endswith("scores") and isinstance(value, dict) else [value]
        is_right = (
            value is None or isinstance(value, str)
            if name == "fit_error"
            else all(isinstance(own, Real) for own in values)
        )
        if not is_right:
            raise ValueError(f"{name} cannot be {value!r:.100}")


def _check_prediction(prediction: Any, n_rows: int) -> None:
    is_array = isinstance(prediction, np.ndarray) and prediction.dtype.kind in "fiu"
    if prediction is not None and not (is_array and len(prediction) == n_rows):
        raise ValueError(f"predictions cannot be {prediction!r:.100}")
