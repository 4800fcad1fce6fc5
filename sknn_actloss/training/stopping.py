"""When a network has trained enough, and which of its weights are the best."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np


class Outcome(Enum):
    """How the training of a network ended."""

    CONVERGED = "converged"
    MAX_ITER = "max_iter"
    DIVERGED = "diverged"
    STOPPED = "stopped by a callback"
    INTERRUPTED = "interrupted"


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
        Whether the validation score is judged instead of the training loss.
    start : ndarray of shape (n_params,) or None
        Weights to fall back on when the first epoch diverges; ``None`` where training starts
        from initial weights, which are not a state to keep.
    loss_curve, validation_scores, rate_curve : list of float
        Training loss, validation score and last learning rate of each epoch.
    best_loss, best_score : float
        The best values so far.
    no_improvement_count : int
        Epochs since the last improvement.
    n_epochs : int
        Epochs that ended with finite loss and weights.
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
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    rate_curve: list[float] = field(default_factory=list)
    best_loss: float = np.inf
    best_score: float = -np.inf
    no_improvement_count: int = 0
    n_epochs: int = 0
    rate_reduced: bool = False
    best: np.ndarray | None = None
    outcome: Outcome | None = None

    def record(self, params: np.ndarray, loss: float, rate: float, score: float | None) -> bool:
        """Take note of an epoch and return whether its loss and weights are finite."""
        healthy = bool(np.isfinite(loss)) and bool(np.isfinite(params).all())
        if self.early_stopping:
            self.validation_scores.append(score if healthy else float("nan"))
        if not healthy:
            return False
        self.n_epochs += 1
        self.loss_curve.append(loss)
        self.rate_curve.append(rate)
        if self.early_stopping:
            self._judge(params, -score, -self.best_score, score < self.best_score + self.tol)
            self.best_score = max(self.best_score, score)
        else:
            self._judge(params, loss, self.best_loss, loss > self.best_loss - self.tol)
            self.best_loss = min(self.best_loss, loss)
        return True

    def _judge(self, params: np.ndarray, value: float, best: float, failed: bool) -> None:
        self.no_improvement_count = self.no_improvement_count + 1 if failed else 0
        if value < best:
            self.best = params.copy()

    @property
    def metric(self) -> float:
        """What was judged last, lower is better."""
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
        if self.early_stopping and self.best is not None:
            return self.best
        return params.copy()
