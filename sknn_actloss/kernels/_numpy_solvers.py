"""The steps of solvers as calls of NumPy.

Arrays have shape (n_members, n_params). A number is an array of shape (n_members, 1), or without
dimensions where one serves all members, and is read when the calls are made. The gradient is lost,
and so is what is in ``room``.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from sknn_actloss._calls import Call


def maximum(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> Call:
    """Return the call that writes the larger ones of two arrays."""
    # Newer releases of NumPy take out by its name only.
    return partial(np.maximum, out=out), (a, b)


def adam(
    params: np.ndarray,
    gradient: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    v_max: np.ndarray | None,
    beta_1: np.ndarray,
    beta_2: np.ndarray,
    rate: np.ndarray,
    epsilon: np.ndarray,
) -> list[Call]:
    """m ← β₁m + g, v ← β₂v + g², θ ← θ - η m / (√v + ε), or by the largest v so far."""
    calls = [*_decay_and_add(m, beta_1, gradient), *_decay_and_add_square(v, beta_2, gradient)]
    if v_max is not None:
        calls.append(maximum(v_max, v, v_max))
        v = v_max
    return [*calls, *_descend(params, m, v, rate, epsilon, gradient)]


def nadam(
    params: np.ndarray,
    gradient: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    beta_1: np.ndarray,
    beta_2: np.ndarray,
    ahead: np.ndarray,
    rate: np.ndarray,
    epsilon: np.ndarray,
    room: np.ndarray,
) -> list[Call]:
    """m ← β₁m + g, v ← β₂v + g², θ ← θ - η (g + a m) / (√v + ε)."""
    return [
        *_decay_and_add(m, beta_1, gradient),
        *_decay_and_add_square(v, beta_2, gradient, room),
        (np.multiply, (m, ahead, room)),
        (np.add, (gradient, room, gradient)),
        *_descend(params, gradient, v, rate, epsilon, room),
    ]


def adamax(
    params: np.ndarray,
    gradient: np.ndarray,
    m: np.ndarray,
    u: np.ndarray,
    beta_1: np.ndarray,
    beta_2: np.ndarray,
    rate: np.ndarray,
    epsilon: np.ndarray,
) -> list[Call]:
    """m ← β₁m + g, u ← max(β₂u, \\|g\\|), θ ← θ - η m / (u + ε)."""
    return [
        *_decay_and_add(m, beta_1, gradient),
        (np.multiply, (u, beta_2, u)),
        (np.abs, (gradient, gradient)),
        maximum(u, gradient, u),
        (np.add, (u, epsilon, gradient)),
        (np.divide, (m, gradient, gradient)),
        *_move(params, gradient, rate),
    ]


def sgd(
    params: np.ndarray,
    gradient: np.ndarray,
    velocity: np.ndarray,
    momentum: np.ndarray,
    rate: np.ndarray,
    nesterov: bool,
) -> list[Call]:
    """v ← μv - ηg, θ ← θ + v, or θ ← θ + μv - ηg."""
    calls: list[Call] = [
        (np.multiply, (gradient, rate, gradient)),
        (np.multiply, (velocity, momentum, velocity)),
        (np.subtract, (velocity, gradient, velocity)),
    ]
    if not nesterov:
        return [*calls, (np.add, (params, velocity, params))]
    return [
        *calls,
        (np.subtract, (params, gradient, params)),
        (np.multiply, (velocity, momentum, gradient)),
        (np.add, (params, gradient, params)),
    ]


def lion(
    params: np.ndarray,
    gradient: np.ndarray,
    m: np.ndarray,
    beta_1: np.ndarray,
    beta_2: np.ndarray,
    rate: np.ndarray,
    room: np.ndarray,
) -> list[Call]:
    """θ ← θ - η sign(β₁m + (1 - β₁)g), m ← β₂m + (1 - β₂)g."""
    # Both blends are written as βm + (1 - β)g = β(m - g) + g.
    return [
        (np.subtract, (m, gradient, room)),
        (np.multiply, (room, beta_2, m)),
        (np.add, (m, gradient, m)),
        (np.multiply, (room, beta_1, room)),
        (np.add, (room, gradient, room)),
        (np.sign, (room, gradient)),  # in place it takes ten times as long
        *_move(params, gradient, rate),
    ]


def rmsprop(
    params: np.ndarray,
    gradient: np.ndarray,
    v: np.ndarray,
    rho: np.ndarray,
    rate: np.ndarray,
    epsilon: np.ndarray,
    room: np.ndarray,
) -> list[Call]:
    """v ← ρv + g², θ ← θ - η g / (√v + ε)."""
    return [
        *_decay_and_add_square(v, rho, gradient, room),
        *_descend(params, gradient, v, rate, epsilon, room),
    ]


def adagrad(
    params: np.ndarray,
    gradient: np.ndarray,
    v: np.ndarray,
    rate: np.ndarray,
    epsilon: np.ndarray,
    room: np.ndarray,
) -> list[Call]:
    """v ← v + g², θ ← θ - η g / (√v + ε)."""
    return [
        (np.square, (gradient, room)),
        (np.add, (v, room, v)),
        *_descend(params, gradient, v, rate, epsilon, room),
    ]


def adadelta(
    params: np.ndarray,
    gradient: np.ndarray,
    v: np.ndarray,
    d: np.ndarray,
    rho: np.ndarray,
    rate: np.ndarray,
    epsilon: np.ndarray,
    room: np.ndarray,
) -> list[Call]:
    """v ← ρv + g², Δ = g √(d + ε) / √(v + ε), d ← ρd + Δ², θ ← θ - ηΔ."""
    return [
        *_decay_and_add_square(v, rho, gradient, room),
        (np.add, (v, epsilon, room)),
        (np.sqrt, (room, room)),
        (np.divide, (gradient, room, gradient)),
        (np.add, (d, epsilon, room)),
        (np.sqrt, (room, room)),
        (np.multiply, (gradient, room, gradient)),
        *_decay_and_add_square(d, rho, gradient, room),
        *_move(params, gradient, rate),
    ]


def _decay_and_add(total: np.ndarray, decay: np.ndarray, term: np.ndarray) -> list[Call]:
    return [(np.multiply, (total, decay, total)), (np.add, (total, term, total))]


def _decay_and_add_square(
    total: np.ndarray, decay: np.ndarray, term: np.ndarray, room: np.ndarray | None = None
) -> list[Call]:
    """Return the calls for total ← decay total + term², with the square in ``room`` or in place."""
    room = term if room is None else room
    return [(np.square, (term, room)), *_decay_and_add(total, decay, room)]


def _descend(
    params: np.ndarray,
    direction: np.ndarray,
    squares: np.ndarray,
    rate: np.ndarray,
    epsilon: np.ndarray,
    room: np.ndarray,
) -> list[Call]:
    return [
        (np.sqrt, (squares, room)),
        (np.add, (room, epsilon, room)),
        (np.divide, (direction, room, room)),
        *_move(params, room, rate),
    ]


def _move(params: np.ndarray, direction: np.ndarray, rate: np.ndarray) -> list[Call]:
    """Return the calls for θ ← θ - ηd, which spoil d."""
    return [
        (np.multiply, (direction, rate, direction)),
        (np.subtract, (params, direction, params)),
    ]
