"""JAX, with the whole training of many networks at once compiled to one program."""

from __future__ import annotations

from itertools import pairwise

import jax
import numpy as np

from benchmarks._data import Shape
from benchmarks._rounds import Job
from benchmarks.peers.jitted import Params, before_steps, run_epoch
from sknn_actloss.activations import ReLU
from sknn_actloss.initializers import ScikitLearn


def vmapped(
    shape: Shape, X: np.ndarray, y: np.ndarray, rates: np.ndarray, alphas: np.ndarray
) -> Job:
    """Return a training of one network for each rate and penalty, which returns their losses.

    The first call compiles. Initial weights and orders are those of our estimators with
    ``random_state=0``, drawn beforehand.
    """
    inputs = jax.device_put(
        (rates.astype(X.dtype), alphas.astype(X.dtype), *draw(shape, X.dtype), X, y)
    )

    def train(
        rate: jax.Array,
        alpha: jax.Array,
        params: Params,
        orders: jax.Array,
        X: jax.Array,
        y: jax.Array,
    ) -> tuple[Params, jax.Array]:
        state, losses = jax.lax.scan(
            lambda state, order: run_epoch(state, order, X, y, shape.batch, rate, alpha),
            before_steps(params),
            orders,
        )
        return state.params, losses

    run = jax.jit(jax.vmap(train, in_axes=(0, 0, None, None, None, None)))

    def fit() -> np.ndarray:
        _, losses = jax.block_until_ready(run(*inputs))
        return np.asarray(losses)

    return fit


def draw(shape: Shape, dtype: np.dtype) -> tuple[list[tuple[np.ndarray, ...]], np.ndarray]:
    """Return initial weights and biases by layer, and the order of the rows of each epoch."""
    random_state, relu = np.random.RandomState(0), ReLU()
    params = [
        tuple(part.astype(dtype) for part in ScikitLearn().draw(random_state, *sizes, relu))
        for sizes in pairwise(shape.layer_sizes)
    ]
    orders = [np.arange(shape.rows)]
    for _ in range(shape.epochs):
        permutation = np.arange(shape.rows)
        random_state.shuffle(permutation)
        orders.append(orders[-1][permutation])
    return params, np.array(orders[1:])
