"""Every loss of the tables with every kind of targets, at its defaults and at other parameters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, softmax

from sknn_actloss._interval import NONNEGATIVE, POSITIVE
from sknn_actloss.losses import (
    LOSSES,
    BoundLoss,
    EpsilonInsensitive,
    Focal,
    GaussianNLL,
    Huber,
    LogLoss,
    LossSpec,
    Quantile,
    SquaredEpsilonInsensitive,
    Tweedie,
)

VARIANTS = {
    Huber: [{"delta": 0.3}, {"delta": 2}],
    Quantile: [
        {"quantile": 0.9},
        {"quantile": 0.05},
        {"quantile": (0.1, 0.5, 0.9)},
        {"quantile": [0.8, 0.5]},
    ],
    GaussianNLL: [{"min_variance": 0.3}, {"min_variance": 2}],
    EpsilonInsensitive: [{"epsilon": 0.0}, {"epsilon": 0.5}],
    SquaredEpsilonInsensitive: [{"epsilon": 0.0}, {"epsilon": 0.5}],
    Tweedie: [{"power": power} for power in (-1.5, 0, 1, 1.1, 2, 3.0)],
    LogLoss: [{"label_smoothing": 0.1}],
    Focal: [{"gamma": 0}, {"gamma": 0.5, "alpha": 0.25}, {"alpha": 1}],
}
LINKS = {
    "identity": lambda raw: raw,
    "exp": np.exp,
    "softplus": lambda raw: np.logaddexp(0, raw),
    "logistic": expit,
    "softmax": lambda raw: softmax(raw, axis=-1),
}
SHAPES = {
    "regression": [("continuous", 1), ("continuous", 3)],
    "classification": [("binary", 1), ("multiclass", 3), ("multilabel", 1), ("multilabel", 3)],
}


def instances(task: str) -> list[LossSpec]:
    """Return the losses of a task at their defaults and at other parameters."""
    defaults = [make() for make in LOSSES[task].values()]
    changed = [type(loss)(**kw) for loss in defaults for kw in VARIANTS.get(type(loss), [])]
    return [*defaults, *changed]


class Case(NamedTuple):
    """A loss with targets of one kind."""

    loss: LossSpec
    kind: str
    n_targets: int
    output: str

    def __str__(self) -> str:
        return f"{self.loss}-{self.kind}-{self.n_targets}-{self.output}"

    @property
    def n_outputs(self) -> int:
        return self.n_targets * self.loss.outputs_per_target

    @property
    def formulas(self) -> BoundLoss:
        return self.loss.for_targets(self.kind, self.output)

    def targets(self, rng: np.random.Generator, n_rows: int = 40) -> np.ndarray:
        shape = (n_rows, self.n_targets)
        if self.kind == "continuous":
            domain = self.formulas.target_domain
            if domain == POSITIVE:
                return rng.gamma(2.0, size=shape)
            if domain == NONNEGATIVE:
                return np.maximum(rng.normal(scale=2.0, size=shape), 0)
            return rng.normal(scale=2.0, size=shape)
        if self.kind == "multiclass":
            positive = np.eye(self.n_targets, dtype=bool)[rng.integers(self.n_targets, size=n_rows)]
        else:
            positive = rng.random(shape) < 0.5
        low, high = self.formulas.encoding
        return np.where(positive, high, low)

    def sample(self, rng: np.random.Generator, n_members: int = 2) -> tuple[np.ndarray, np.ndarray]:
        y = self.targets(rng)
        return y, rng.normal(scale=2.0, size=(n_members, len(y), self.n_outputs))


def cases(task: str) -> list[Case]:
    """Return each loss with each kind of targets through its natural output, and some others."""
    natural = [
        Case(loss, kind, n_targets, loss.natural_output(kind))
        for loss in instances(task)
        for kind, n_targets in SHAPES[task]
    ]
    rest = [
        case._replace(output="logistic")
        for case in natural
        if case.kind == "multiclass" and case.output == "softmax"
    ]
    weighted = [Case(Focal(alpha=(0.2, 0.5, 1.5)), "multiclass", 3, "softmax")]
    return [*natural, *rest, *(weighted if task == "classification" else [])]


CASES = [*cases("regression"), *cases("classification")]


def value_and_gradient(
    loss: BoundLoss, y: np.ndarray, raw: np.ndarray, gradient: np.ndarray
) -> np.ndarray:
    """Return the value of each row and write the derivative."""
    loss.gradient(y, raw, gradient)
    return loss.value(y, raw)
