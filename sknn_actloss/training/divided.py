"""A network whose batches are divided among threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss.core import Layout, Network, Rows, Workspace
from sknn_actloss.training.batches import Batch
from sknn_actloss.training.member import Member
from sknn_actloss.training.stack import Rate, Stack
from sknn_actloss.training.threaded import Threaded

#: Rows that are not worth a thread.
FEW_ROWS = 16


class Divided(Threaded):
    """A network that takes its steps in several threads, each of which has rows of every batch.

    A thread goes through all layers by itself, where BLAS would divide each product anew; then
    their gradients are added up. The numbers are those of a single stack but for rounding.

    Parameters
    ----------
    layout, members, params, batch_size, group_size, workspace
        As for a :class:`~sknn_actloss.training.stack.Stack`, of one member in which rows do not
        depend on each other.
    n_parts : int
        Number of threads.
    """

    def __init__(
        self,
        layout: Layout,
        members: Sequence[Member],
        params: np.ndarray,
        batch_size: int,
        group_size: int,
        workspace: Workspace | None,
        n_parts: int,
    ) -> None:
        super().__init__(
            layout, members, params, batch_size, group_size, workspace, n_pieces=n_parts
        )
        # The first one has the penalty, and the outputs of all.
        models = [replace(member.spec.model, alpha=0.0, l1=0.0) for member in members]
        sizes = layout, models, params, batch_size, group_size
        self._networks = [self.network, *(Network(*sizes) for _ in range(n_parts - 1))]
        for network in self._networks[1:]:
            network.workspace.raw = self.network.workspace.raw
            network.workspace.notes = self.network.workspace.notes
        self._executor = ThreadPoolExecutor(n_parts - 1)
        self._updates = self._divided_updates()
        self._n_added = 0

    def raw_outputs(self, X: Rows, params: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
        """Return raw outputs of some rows."""
        rows = np.arange(X.n_rows) if rows is None else rows
        parts = [part for part in np.array_split(rows, len(self._networks)) if len(part)]
        predict = self.network.raw_outputs
        outputs = self._together([(predict, (X, params, part)) for part in parts])
        return np.concatenate(outputs, axis=1)

    def _bind(self, batch: Batch) -> list[list[Call]]:
        n_rows = batch.rows.stop - batch.rows.start
        n_parts = min(len(self._networks), n_rows // FEW_ROWS)
        if n_parts < 2 or not batch.X.has_parts:
            return [self.network.bind(*batch)]
        ends = np.linspace(0, n_rows, n_parts + 1).astype(int).tolist()
        return [
            network.bind(*_part(batch, slice(*ends[i : i + 2])))
            for i, network in enumerate(self._networks[:n_parts])
        ]

    def _divided_updates(self) -> list[tuple[slice, Callable[[Rate], None]]] | None:
        """Return the steps of each thread on columns of its own, ``None`` where they need all."""
        if self._clip or self._bound or self._decay is not None or self._averages is not None:
            return None
        (solver,) = self._solvers
        return list(zip(solver.columns, solver.steps, strict=True))

    def _run(self, programs: list[list[Call]]) -> None:  # type: ignore[override]
        self._together([(run, (calls,)) for calls in programs])
        self._n_added = len(programs) - 1
        if self._updates is None:
            run(self._additions(slice(None)))

    def _additions(self, columns: slice) -> list[Call]:
        """Return the calls that add up gradients of the threads, for some of the parameters."""
        total = self.network.gradient[:, columns]
        others = (n.gradient[:, columns] for n in self._networks[1 : self._n_added + 1])
        return [(np.add, (total, other, total)) for other in others]

    def _update(self, rate: Rate) -> None:
        if self._updates is None:
            super()._update(rate)
            return
        n_parts = len(self._networks)
        calls = [[*self._additions(own), (step, (rate,))] for own, step in self._updates]
        self._together([(run, (chain(*calls[i::n_parts]),)) for i in range(n_parts)])

    def _remade(self, members: Sequence[Member], params: np.ndarray) -> Stack:
        sizes = self._sizes
        return Divided(self.layout, members, params, *sizes, self.workspace, len(self._networks))


def _part(batch: Batch, rows: slice) -> Batch:
    """Return some rows of a batch, whose weight in the mean stays that of the whole."""
    start, weight = batch.rows.start, batch.sample_weight
    return batch._replace(
        X=batch.X.part(rows),
        y=batch.y[rows],
        sample_weight=None if weight is None else weight[..., rows],
        rows=slice(start + rows.start, start + rows.stop),
    )
