"""When a network has trained enough, and which of its weights are the best."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import numpy as np


class Outcome(Enum):
    """How the training of a network ended."""

    CONVERGED = "converged"
    MAX_ITER = "max_iter"
    MAX_TIME = "max_time"
    DIVERGED = "diverged"
    STOPPED = "stopped by a callback"
    INTERRUPTED = "interrupted"
    FAILED = "its scorer failed"


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


@dataclass
class Course:
    """The course of one network's training: curves, patience and best weights.

    Parameters
    ----------
    tol : float
        Smallest change of loss or validation score that counts as an improvement.
    n_iter_no_change : int or inf
        Epochs without improvement after which patience is over.
    early_stopping : bool
        Whether patience goes by the validation score instead of the training loss.
    start : ndarray of shape (n_params,) or None
        Weights to fall back on when the first epoch diverges; ``None`` where training starts
        from initial weights, which are not a state to keep.
    restore_best : bool or "auto"
        Whether the weights of the best epoch are kept instead of the last ones: the epoch with
        the highest validation score, or with the lowest training loss where there are no
        validation rows. "auto" does so with ``early_stopping``.
    loss_curve, validation_scores, validation_losses, rate_curve : list of float
        Training loss, score and loss on validation rows, and last learning rate of each epoch.
    best_loss, best_score : float
        The best values so far; of the loss only where patience goes by it.
    no_improvement_count : int
        Epochs since the last improvement.
    n_epochs : int
        Epochs that ended with finite loss and weights.
    seconds : float
        Time of all epochs.
    rate_reduced : bool
        Whether the latest epoch ended with a lower rate instead of the end of the training.
    best : ndarray of shape (n_params,) or None
        Weights after the best epoch of this training.
    outcome : Outcome or None
        How the training ended, ``None`` while it goes on.
    """

    tol: float
    n_iter_no_change: float
    early_stopping: bool
    start: np.ndarray | None = None
    restore_best: bool | str = "auto"
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    rate_curve: list[float] = field(default_factory=list)
    best_loss: float = np.inf
    best_score: float = -np.inf
    no_improvement_count: int = 0
    n_epochs: int = 0
    seconds: float = 0.0
    rate_reduced: bool = False
    best: np.ndarray | None = None
    outcome: Outcome | None = None

    def record(
        self, params: np.ndarray, loss: float, rate: float, validation: Validation | None
    ) -> bool:
        """Take note of an epoch and return whether its loss and weights are finite."""
        healthy = bool(np.isfinite(loss)) and bool(np.isfinite(params).all())
        if not healthy:
            return False
        if validation is not None:
            self.validation_scores.append(validation.score)
            self.validation_losses.append(validation.loss)
        self.n_epochs += 1
        self.loss_curve.append(loss)
        self.rate_curve.append(rate)
        score = -loss if validation is None else validation.score
        self._count(loss, score)
        self._judge(params, loss, score, validation is not None)
        return True

    def forget_best(self) -> None:
        """Start the search for the best epoch and its patience anew.

        Where weights are averaged from some epoch on, those of earlier ones do not compete.
        """
        self.best, self.best_score, self.best_loss = None, -np.inf, np.inf
        self.no_improvement_count = 0

    def _count(self, loss: float, score: float) -> None:
        """Count the epochs without improvement."""
        if self.early_stopping:
            improved = score >= self.best_score + self.tol
        else:
            improved = loss <= self.best_loss - self.tol
        self.no_improvement_count = 0 if improved else self.no_improvement_count + 1

    def _judge(self, params: np.ndarray, loss: float, score: float, validated: bool) -> None:
        """Keep the best values and the weights of the best epoch."""
        if score > (self.best_score if validated else -self.best_loss):
            self.best = params.copy()
        if validated:
            self.best_score = max(self.best_score, score)
        if not self.early_stopping:
            self.best_loss = min(self.best_loss, loss)

    @property
    def keeps_best(self) -> bool:
        """Whether the weights of the best epoch are kept instead of the last ones."""
        return self.early_stopping if self.restore_best == "auto" else bool(self.restore_best)

    @property
    def metric(self) -> float:
        """What patience went by last, lower is better."""
        return -self.validation_scores[-1] if self.early_stopping else self.loss_curve[-1]

    @property
    def out_of_patience(self) -> bool:
        """Whether more than ``n_iter_no_change`` epochs brought no improvement."""
        return self.no_improvement_count > self.n_iter_no_change

    def has_diverged(self, params: np.ndarray) -> bool:
        """Whether training has come to a loss or weights, ``params``, that are not finite."""
        return self.outcome is Outcome.DIVERGED or not np.isfinite(params).all()

    def final_params(self, params: np.ndarray) -> np.ndarray | None:
        """Return the weights to keep, given the last ones; ``None`` where none is finite."""
        if self.has_diverged(params):
            return self.start if self.best is None else self.best
        if self.keeps_best and self.best is not None:
            return self.best
        return params.copy()
