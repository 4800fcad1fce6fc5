"""Members of a stack, and their training alone and together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score

from sknn_actloss.activations import ACTIVATIONS, Activation, ReLU, canonical_name
from sknn_actloss.core import Layout, Model, as_rows, plain_layout
from sknn_actloss.losses import LogLoss, Loss
from sknn_actloss.schedules import Constant, Schedule
from sknn_actloss.solvers import Adam, StochasticSolver
from sknn_actloss.training import (
    Batches,
    Columns,
    Member,
    MemberSpec,
    Stack,
    Validation,
    run_epochs,
)


@dataclass
class Recipe:
    """What makes a member, over and over again."""

    loss: Loss = field(default_factory=LogLoss)
    activations: tuple[Activation, ...] = (ReLU(), ReLU())
    solver: StochasticSolver = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Constant)
    rate: float = 0.01
    alpha: float = 0.0
    weight_decay: float = 0.0
    tol: float = 1e-4
    n_iter_no_change: float = 10
    max_iter: int = 15
    early_stopping: bool = False
    of_model: dict[str, Any] = field(default_factory=dict)
    of_member: dict[str, Any] = field(default_factory=dict)

    def member(self, kind: str, **changes: Any) -> Member:
        output = ACTIVATIONS[self.loss.natural_output(kind)]()
        loss = self.loss.for_targets(kind, canonical_name(output))
        spec = MemberSpec(
            model=Model(self.activations, output, loss, self.alpha, **self.of_model),
            solver=self.solver,
            schedule=self.schedule,
            learning_rate_init=self.rate,
            max_iter=self.max_iter,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            early_stopping=self.early_stopping,
            restore_best=self.early_stopping,
            weight_decay=self.weight_decay,
            **self.of_member,
        )
        return Member(spec, replace(spec.new_state(), **changes))


@dataclass
class Problem:
    """Rows, targets and a layout; each member has initial weights of its own."""

    kind: str
    X: Any
    y: np.ndarray
    layout: Layout
    sample_weight: np.ndarray | None = None
    rows: np.ndarray | None = None
    batch_size: int = 16
    shuffled: bool = True

    def params(self, seeds: list[int]) -> np.ndarray:
        rows = [
            np.random.default_rng(seed).normal(scale=0.5, size=self.layout.row_size)
            for seed in seeds
        ]
        params = np.array(rows, dtype=self.y.dtype)
        views = self.layout.views(params)
        for name in ("normalization_scales_", "running_variances_"):
            for array in views.of(name):
                array[...] = 1
        return params

    def stack(self, members: list[Member], seeds: list[int]) -> Stack:
        return self.stack_at(members, self.params(seeds))

    def stack_at(self, members: list[Member], params: np.ndarray) -> Stack:
        return Stack(self.layout, members, params, self.batch_size, self.batches().group_size)

    def batches(self) -> Batches:
        return Batches(
            as_rows(self.X), Columns(self.y), self.sample_weight, self.rows, self.batch_size
        )

    def train(self, stack: Stack, **options: Any) -> None:
        rng = np.random.RandomState(5) if self.shuffled else None
        run_epochs(stack, self.batches(), rng, **options)

    def run(self, recipes: list[Recipe], seeds: list[int] | None = None, **options: Any):
        """Train members in one stack and return them."""
        members = [recipe.member(self.kind) for recipe in recipes]
        self.train(self.stack(members, seeds or list(range(len(members)))), **options)
        return members

    def validate(self, rows: np.ndarray) -> Callable[[Stack, np.ndarray], list[Validation]]:
        """Return what judges by rows: accuracy, or the negative absolute error."""

        def validate(stack: Stack, params: np.ndarray) -> list[Validation]:
            raw = stack.network.raw_outputs(as_rows(self.X), params, rows)
            scores = []
            for member, outputs in zip(stack.members, raw, strict=True):
                prediction = member.spec.model.output(outputs[None])[0]
                if self.kind == "continuous":
                    scores.append(-float(np.mean(np.abs(prediction - self.y[rows]))))
                else:
                    threshold = 0.5 if member.spec.model.output_name == "logistic" else 0.0
                    scores.append(float(accuracy_score(self.y[rows], prediction > threshold)))
            losses = stack.network.values(self.y[rows], raw).mean(axis=1).tolist()
            return [Validation(*pair) for pair in zip(scores, losses, strict=True)]

        return validate


def problem(kind: str, dtype=np.float64, n_rows: int = 70, **changes: Any) -> Problem:
    """Return noisy targets of two features out of five."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 5))
    signal = np.sin(2 * X[:, :1]) + X[:, 1:2] + 0.5 * rng.normal(size=(n_rows, 1))
    if kind == "multiclass":
        y = np.eye(3)[np.digitize(signal[:, 0], [-0.7, 0.7])]
    else:
        y = signal if kind == "continuous" else (signal > 0).astype(float)
    layout = plain_layout((5, 8, 6, y.shape[1]))
    return Problem(kind, X.astype(dtype), y.astype(dtype), layout, **changes)
