"""How good weights are on training rows, as predictions go."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sknn_actloss.core import Objective, penalty_of, raw_outputs
from sknn_actloss.training.member import Member
from sknn_actloss.training.task import Task

#: Bytes of X that are looked at together.
BLOCK_BYTES = 1 << 20


class TrainingLoss:
    """The mean loss of a network on its training rows, without dropout and with its moments.

    Parameters
    ----------
    task : Task
        The rows.
    member : Member
        The network.
    n_rows : int, optional
        Look at so many of the training rows at most, evenly spread.

    Attributes
    ----------
    rows : ndarray of int
        The rows that are looked at.
    is_whole : bool
        Whether these are all.
    """

    def __init__(self, task: Task, member: Member, n_rows: int | None = None) -> None:
        self._task, self._model = task, member.spec.model
        weights = task.sample_weight if member.draw is None else task.weights_of(member.draw)
        rows = np.arange(task.y.n_rows) if task.train_rows is None else task.train_rows
        if weights is not None:
            rows = rows[weights[rows] > 0]
        self.is_whole = n_rows is None or len(rows) <= n_rows
        self.rows = rows if self.is_whole else rows[:: -(-len(rows) // n_rows)]
        self.sample_weight = None if weights is None else weights[self.rows].astype(np.float64)
        self._total = float(len(rows) if weights is None else weights[rows].sum(dtype=np.float64))
        steps = -(-task.n_rows // task.batch_size) if member.spec.solver.stochastic else 1
        self._penalties = steps / self._total

    @np.errstate(all="ignore")
    def __call__(self, params: np.ndarray) -> float:
        """Return the loss of a row of parameters, with penalties as training counts them."""
        decaying = self._task.layout.decaying(params[None])
        return self.of_rows(params) + self._penalties * penalty_of(self._model, decaying[0])

    @np.errstate(all="ignore")
    def of_rows(self, params: np.ndarray) -> float:
        """Return the loss without penalties."""
        losses = np.concatenate([*self._losses(params)])
        return float(np.average(losses, weights=self.sample_weight))

    def _losses(self, params: np.ndarray) -> Iterator[np.ndarray]:
        task, objective = self._task, Objective([self._model], params.dtype)
        layers = self._model.layers(task.layout.layer_sizes)
        views = task.layout.views(params[None])
        size = max(1, min(task.y.block_size, BLOCK_BYTES // task.X.row_bytes))
        for start in range(0, len(self.rows), size):
            rows = self.rows[start : start + size]
            raw = raw_outputs(task.X, layers, views, rows)
            yield objective.value(task.y.dense(rows), raw)[0].astype(np.float64, copy=False)
