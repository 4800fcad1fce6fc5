"""Nothing but the matrix products of a training: what no implementation on them can beat."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from benchmarks._data import Shape
from benchmarks._rounds import Job, interleave

Product = tuple[np.ndarray, np.ndarray, np.ndarray]


def products(shape: Shape, X: np.ndarray, y: np.ndarray) -> Job:
    """Return the products of all steps, by the faster one of two functions of NumPy."""
    steps = {rows: step(shape, rows, X.dtype) for rows in set(shape.batches)}
    trials = {
        function: (lambda function=function: run(function, steps[shape.batch]))
        for function in (np.matmul, np.dot)
    }
    timings = interleave(trials, rounds=5, repeat=20)
    fastest = min(timings, key=lambda function: timings[function].minimum)

    def fit():
        for _ in range(shape.epochs):
            for rows in shape.batches:
                run(fastest, steps[rows])

    return fit


def step(shape: Shape, rows: int, dtype: np.dtype) -> list[Product]:
    """Return operands and results of a step's products, in their order."""
    rng = np.random.default_rng(0)

    def array(*size: int) -> np.ndarray:
        return rng.standard_normal(size).astype(dtype)

    layers = list(pairwise(shape.layer_sizes))
    weights = [array(*sizes) for sizes in layers]
    gradients = [np.empty_like(w) for w in weights]
    signals = [array(rows, units) for units in shape.layer_sizes]
    deltas = [array(rows, units) for units in shape.layer_sizes]
    forward = [(signals[i], weights[i], signals[i + 1]) for i in range(len(layers))]
    backward = []
    for i in reversed(range(len(layers))):
        backward.append((signals[i].T, deltas[i + 1], gradients[i]))
        if i:
            backward.append((deltas[i + 1], weights[i].T, deltas[i]))
    return forward + backward


def run(function: Callable[..., np.ndarray], step: list[Product]) -> None:
    """Compute the products of a step."""
    for left, right, out in step:
        function(left, right, out=out)
