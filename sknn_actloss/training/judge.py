"""How good a network is on validation rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sknn_actloss.training.task import Holdout


class Validation(NamedTuple):
    """What validation rows say of a network.

    Attributes
    ----------
    score : float
        What the network is judged by, higher is better.
    loss : float
        Mean loss, without penalties.
    """

    score: float
    loss: float


class Judge(ABC):
    """Scores a network on validation rows, which it is shown block by block.

    Attributes
    ----------
    monitor : str or callable
        What it goes by, as the user gave it.
    in_threads : bool
        Whether several of its kind may judge networks at the same time.
    """

    monitor: Any
    in_threads: ClassVar[bool] = False

    @abstractmethod
    def look(self, outputs: np.ndarray) -> np.ndarray:
        """Return what the score needs of activated outputs (n_rows, n_outputs) of a block."""

    @abstractmethod
    def score(
        self,
        params: np.ndarray,
        seen: np.ndarray,
        loss: float,
        holdout: Holdout,
        rows: Callable[[], Any],
    ) -> float:
        """Return the score, higher is better.

        Parameters
        ----------
        params : ndarray of shape (row_size,)
            Parameters of the network.
        seen : ndarray of shape (n_rows, ...)
            What :meth:`look` has returned, for all rows.
        loss : float
            Mean loss of the rows.
        holdout : Holdout
            The rows.
        rows : callable
            Returns the rows as they were given to ``fit``.
        """


class LossJudge(Judge):
    """Goes by the loss."""

    monitor = "loss"
    in_threads = True

    def look(self, outputs: np.ndarray) -> np.ndarray:
        """Return nothing."""
        return np.empty((len(outputs), 0), outputs.dtype)

    def score(
        self,
        params: np.ndarray,
        seen: np.ndarray,
        loss: float,
        holdout: Holdout,
        rows: Callable[[], Any],
    ) -> float:
        """Return the negative loss."""
        return -loss
