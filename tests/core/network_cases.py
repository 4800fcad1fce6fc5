"""Every loss of the tables with every kind of targets, as models for networks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sknn_actloss._calls import run
from sknn_actloss._interval import NONNEGATIVE, POSITIVE
from sknn_actloss.activations import ACTIVATIONS, Activation, Softmax, canonical_name
from sknn_actloss.core import Layout, Model, Network, as_rows
from sknn_actloss.losses import LOSSES, LossSpec, Quantile

#: Losses beside those of the tables, by names of their own.
OTHERS = {("regression", "quantiles"): lambda: Quantile((0.9, 0.1, 0.5))}
SHAPES = {
    "regression": [("continuous", 1), ("continuous", 3)],
    "classification": [("binary", 1), ("multiclass", 4), ("multilabel", 1), ("multilabel", 3)],
}


class Case(NamedTuple):
    """A loss of a table, or another one, with targets of one kind."""

    task: str
    name: str
    kind: str
    n_targets: int

    def __str__(self) -> str:
        return f"{self.name}-{self.kind}-{self.n_targets}"

    @property
    def loss(self) -> LossSpec:
        make = OTHERS.get((self.task, self.name)) or LOSSES[self.task][self.name]
        return make()

    @property
    def n_outputs(self) -> int:
        return self.n_targets * self.loss.outputs_per_target

    def model(
        self,
        activations: tuple[Activation, ...] = (),
        output: Activation | None = None,
        loss: LossSpec | None = None,
        alpha: float = 0.1,
    ) -> Model:
        """Return a model of this loss, or of ``loss`` instead, by default through its link."""
        loss = loss or self.loss
        output = output or ACTIVATIONS[loss.natural_output(self.kind)]()
        bound = loss.for_targets(self.kind, canonical_name(output))
        return Model(activations, output, bound, alpha)

    def targets(self, rng: np.random.Generator, n_rows: int, loss: LossSpec | None = None):
        """Return encoded targets; the states of classes and labels as 0 and 1."""
        shape = (n_rows, self.n_targets)
        if self.kind == "multiclass":
            return np.eye(self.n_targets)[rng.integers(self.n_targets, size=n_rows)]
        if self.kind != "continuous":
            return (rng.random(shape) < 0.5).astype(float)
        domain = (loss or self.loss).for_targets(self.kind, "").target_domain
        if domain == POSITIVE:
            return rng.gamma(2.0, size=shape)
        if domain == NONNEGATIVE:
            return np.maximum(rng.normal(scale=2.0, size=shape), 0)
        return rng.normal(scale=2.0, size=shape)

    def other_outputs(self) -> list[Activation]:
        """Return the output activations besides the link that the loss admits."""
        loss = self.loss
        natural = loss.natural_output(self.kind)
        found = []
        for name in ACTIVATIONS:
            output = ACTIVATIONS[name]()
            domain = loss.for_targets(self.kind, name).prediction_domain
            constant = isinstance(output, Softmax) and self.n_outputs == 1
            refused = constant or loss.objection(name)
            if name != natural and output.range.within(domain) and not refused:
                found.append(output)
        return found


CASES = [
    Case(task, name, kind, n_targets)
    for task, name in [*((task, name) for task in LOSSES for name in LOSSES[task]), *OTHERS]
    for kind, n_targets in SHAPES[task]
]


def loss_and_gradient(layout, models, params, X, y, sample_weight=None, total_weight=None):
    """Return losses and gradient of a new network with these parameters."""
    n_rows = len(y)
    network = Network(layout, models, params.copy(), n_rows)
    total = float(n_rows) if total_weight is None else total_weight
    return differentiate(network, X, y, sample_weight, total), network.gradient


def differentiate(network, X, y, sample_weight, total_weight):
    """Return the losses of a batch and write its gradient."""
    run(network.bind(as_rows(X), y, sample_weight, total_weight, slice(0, len(y))))
    return network.losses(y, sample_weight) / total_weight


def random_params(rng: np.random.Generator, layout: Layout, n_members: int = 1) -> np.ndarray:
    return rng.normal(scale=0.5, size=(n_members, layout.n_params))
