"""JAX, with a whole epoch compiled to one program."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._data import Shape
from benchmarks._rounds import Job

ALPHA, RATE, BETA_1, BETA_2, EPSILON = 1e-4, 0.001, 0.9, 0.999, 1e-8

Params = list[tuple[jax.Array, jax.Array]]


class State(NamedTuple):
    """What goes from step to step."""

    t: jax.Array
    params: Params
    m: Params
    v: Params


def jitted(shape: Shape, X: np.ndarray, y: np.ndarray) -> Job:
    """Return a training that starts with the drawing of the weights.

    The first call compiles; the conversion of the data is part of no call.
    """
    X, y = jax.device_put(X), jax.device_put(y)

    def epoch(key: jax.Array, state: State, X: jax.Array, y: jax.Array) -> tuple:
        key, own = jax.random.split(key)
        order = jax.random.permutation(own, shape.rows)
        return key, *run_epoch(state, order, X, y, shape.batch)

    make, run = jax.jit(lambda seed: initial(seed, shape)), jax.jit(epoch, donate_argnums=(0, 1))

    def fit() -> list[float]:
        (key, state), losses = make(0), []
        for _ in range(shape.epochs):
            key, state, value = run(key, state, X, y)
            losses.append(value)
        jax.block_until_ready(state)
        return jax.device_get(losses)

    return fit


def initial(seed: jax.Array, shape: Shape) -> tuple[jax.Array, State]:
    """Draw weights as Glorot and Bengio do, with biases of zero; return a new key with them."""
    key, *keys = jax.random.split(jax.random.key(seed), len(shape.layer_sizes))
    draw = jax.nn.initializers.glorot_uniform()
    params = [
        (draw(own, sizes), jnp.zeros(sizes[1]))
        for own, sizes in zip(keys, pairwise(shape.layer_sizes), strict=True)
    ]
    return key, before_steps(params)


def before_steps(params: Params) -> State:
    """Return the state before the first step."""
    zeros = jax.tree.map(jnp.zeros_like, params)
    return State(jnp.zeros(()), params, zeros, jax.tree.map(jnp.copy, zeros))


def run_epoch(
    state: State,
    order: jax.Array,
    X: jax.Array,
    y: jax.Array,
    batch: int,
    rate: float | jax.Array = RATE,
    alpha: float | jax.Array = ALPHA,
) -> tuple[State, jax.Array]:
    """Return the state after a step for each batch of the rows in an order, and the mean loss."""
    full = len(order) // batch * batch

    def step(state: State, rows: jax.Array) -> tuple[State, jax.Array]:
        return train_step(state, take(X, rows), take(y, rows), rate, alpha)

    state, losses = jax.lax.scan(step, state, order[:full].reshape(-1, batch))
    total = losses.sum()
    if full < len(order):
        state, last = step(state, order[full:])
        total += last
    return state, total / len(order)


def train_step(
    state: State, X: jax.Array, y: jax.Array, rate: float | jax.Array, alpha: float | jax.Array
) -> tuple[State, jax.Array]:
    """Return the state after a step of Adam, and the sum of the losses before it."""
    value, gradient = jax.value_and_grad(loss)(state.params, X, y, alpha / len(X))
    t = state.t + 1
    m = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, state.m, gradient)
    v = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, state.v, gradient)
    rate = rate * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
    params = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), state.params, m, v
    )
    return State(t, params, m, v), value * len(X)


def loss(params: Params, X: jax.Array, y: jax.Array, alpha: float) -> jax.Array:
    """Return the mean cross-entropy with the penalty on the weights."""
    penalty = alpha / 2 * sum(jnp.vdot(weights, weights) for weights, _ in params)
    *hidden, (weights, bias) = params
    for w, b in hidden:
        X = jax.nn.relu(X @ w + b)
    raw = X @ weights + bias
    if raw.shape[1] == 1:
        return jnp.mean(jax.nn.softplus(raw[:, 0]) - y * raw[:, 0]) + penalty
    right = jnp.take_along_axis(raw, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(raw, axis=1) - right) + penalty


def take(array: jax.Array, rows: jax.Array) -> jax.Array:
    """Gather rows without a check of the bounds."""
    return array.at[rows].get(mode="promise_in_bounds")
