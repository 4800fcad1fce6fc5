"""The course of one network's training: curves, patience and best weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from sknn_actloss.training.judge import Validation


class Patience(Protocol):
    """The settings that a course goes by, see :class:`~sknn_actloss.training.MemberSpec`."""

    @property
    def tol(self) -> float:
        """Change that counts."""

    @property
    def early_stopping(self) -> bool:
        """Whether validation rows decide."""

    @property
    def restore_best(self) -> bool:
        """Whether the weights of the best epoch are kept."""


@dataclass
class Course:
    """Where the course of a training stands.

    Parameters
    ----------
    start : ndarray of shape (row_size,) or None
        Weights to fall back on when the first epoch diverges; ``None`` where training starts
        from initial weights, which are not a state to keep.
    initial : ndarray of shape (row_size,) or None
        Weights that training starts from in any case.
    loss_curve, validation_scores, validation_losses, rate_curve : list of float
        Training loss, score and loss on validation rows, and last learning rate of each epoch.
    training_scores : list of float
        Score on the training rows of each epoch, where it is asked for.
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
    is_finite : bool
        Whether loss and weights of the latest epoch were finite.
    best : ndarray of shape (row_size,) or None
        Weights after the best epoch of this training.
    before_best, latest : ndarray of shape (row_size,) or None
        Where an epoch's loss is that of weights on their way through it, as without validation
        rows: the weights before the best epoch, and those after the latest finite one.
    """

    start: np.ndarray | None = None
    initial: np.ndarray | None = None
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    rate_curve: list[float] = field(default_factory=list)
    training_scores: list[float] = field(default_factory=list)
    best_loss: float = np.inf
    best_score: float = -np.inf
    no_improvement_count: int = 0
    n_epochs: int = 0
    seconds: float = 0.0
    rate_reduced: bool = False
    is_finite: bool = True
    best: np.ndarray | None = None
    before_best: np.ndarray | None = None
    latest: np.ndarray | None = None

    def record(
        self,
        spec: Patience,
        params: np.ndarray,
        loss: float,
        rate: float,
        validation: Validation | None,
    ) -> bool:
        """Take note of an epoch and return whether its loss and weights are finite."""
        self.rate_reduced = False
        # The ufunc takes half the time of the method.
        self.is_finite = bool(math.isfinite(loss) and np.logical_and.reduce(np.isfinite(params)))
        if not self.is_finite:
            return False
        if validation is not None:
            self.validation_scores.append(validation.score)
            self.validation_losses.append(validation.loss)
        self.n_epochs += 1
        self.loss_curve.append(loss)
        self.rate_curve.append(rate)
        score = -loss if validation is None else validation.score
        self._count(spec, loss, score)
        self._keep_best(spec, params, loss, score, validation is not None)
        return True

    def restart(self) -> None:
        """Start the search for the best epoch and its patience anew.

        Where weights are averaged from some epoch on, those of earlier ones do not compete.
        """
        self.best, self.best_score, self.best_loss = None, -np.inf, np.inf
        self.before_best = self.latest = None
        self.no_improvement_count = 0

    def metric(self, spec: Patience) -> float:
        """Return what patience went by last, lower is better."""
        return -self.validation_scores[-1] if spec.early_stopping else self.loss_curve[-1]

    def has_diverged(self, params: np.ndarray) -> bool:
        """Whether training has come to a loss or weights, ``params``, that are not finite."""
        return not (self.is_finite and np.isfinite(params).all())

    def final_params(self, spec: Patience, params: np.ndarray) -> np.ndarray | None:
        """Return the weights to keep, given the last ones; ``None`` where none is finite."""
        if self.has_diverged(params):
            return self.start if self.best is None else self.best
        if spec.restore_best and self.best is not None:
            return self.best
        return params.copy()

    def _count(self, spec: Patience, loss: float, score: float) -> None:
        """Count the epochs without improvement."""
        if spec.early_stopping:
            improved = score >= self.best_score + spec.tol
        else:
            improved = loss <= self.best_loss - spec.tol
        self.no_improvement_count = 0 if improved else self.no_improvement_count + 1

    def _keep_best(
        self, spec: Patience, params: np.ndarray, loss: float, score: float, validated: bool
    ) -> None:
        """Keep the best values and the weights of the best epoch."""
        is_best = score > (self.best_score if validated else -self.best_loss)
        if validated:
            self.best = params.copy() if is_best else self.best
            self.best_score = max(self.best_score, score)
        else:
            before, self.latest = self.latest, params.copy()
            if is_best:
                self.best, self.before_best = self.latest, before
        if not spec.early_stopping:
            self.best_loss = min(self.best_loss, loss)
