"""The loops of solvers, see :mod:`sknn_actloss.kernels._loops`."""

from __future__ import annotations

import numpy as np

from sknn_actloss.kernels._compile import larger, of, row, sign
from sknn_actloss.kernels._programs import Loop


@Loop
def adam(params, gradient, first, second, beta_1, beta_2, rate, epsilon):
    """m ← β₁m + g, v ← β₂v + g², θ ← θ - η m / (√v + ε)."""
    for k in range(params.shape[0]):
        p, g, m, v = row(params[k]), row(gradient[k]), row(first[k]), row(second[k])
        b1, b2, eta, eps = of(beta_1, k), of(beta_2, k), of(rate, k), of(epsilon, k)
        for i in range(p.shape[0]):
            m[i] = mean = m[i] * b1 + g[i]
            v[i] = square = v[i] * b2 + g[i] * g[i]
            p[i] -= mean / (np.sqrt(square) + eps) * eta


@Loop
def amsgrad(params, gradient, first, second, largest, beta_1, beta_2, rate, epsilon):
    """m ← β₁m + g, v ← β₂v + g², u ← max(u, v), θ ← θ - η m / (√u + ε)."""
    for k in range(params.shape[0]):
        p, g, m, v = row(params[k]), row(gradient[k]), row(first[k]), row(second[k])
        u, b1, b2, eta, eps = (
            row(largest[k]),
            of(beta_1, k),
            of(beta_2, k),
            of(rate, k),
            of(epsilon, k),
        )
        for i in range(p.shape[0]):
            m[i] = mean = m[i] * b1 + g[i]
            v[i] = square = v[i] * b2 + g[i] * g[i]
            u[i] = top = larger(u[i], square)
            p[i] -= mean / (np.sqrt(top) + eps) * eta


@Loop
def nadam(params, gradient, first, second, beta_1, beta_2, ahead, rate, epsilon):
    """m ← β₁m + g, v ← β₂v + g², θ ← θ - η (g + a m) / (√v + ε)."""
    for k in range(params.shape[0]):
        p, g, m, v = row(params[k]), row(gradient[k]), row(first[k]), row(second[k])
        b1, b2, a, eta, eps = (
            of(beta_1, k),
            of(beta_2, k),
            of(ahead, k),
            of(rate, k),
            of(epsilon, k),
        )
        for i in range(p.shape[0]):
            m[i] = mean = m[i] * b1 + g[i]
            v[i] = square = v[i] * b2 + g[i] * g[i]
            p[i] -= (g[i] + mean * a) / (np.sqrt(square) + eps) * eta


@Loop
def adamax(params, gradient, first, norm, beta_1, beta_2, rate, epsilon):
    """m ← β₁m + g, u ← max(β₂u, |g|), θ ← θ - η m / (u + ε)."""
    for k in range(params.shape[0]):
        p, g, m, u = row(params[k]), row(gradient[k]), row(first[k]), row(norm[k])
        b1, b2, eta, eps = of(beta_1, k), of(beta_2, k), of(rate, k), of(epsilon, k)
        for i in range(p.shape[0]):
            m[i] = mean = m[i] * b1 + g[i]
            u[i] = top = larger(u[i] * b2, abs(g[i]))
            p[i] -= mean / (top + eps) * eta


@Loop
def sgd(params, gradient, velocity, momentum, rate):
    """v ← μv - ηg, θ ← θ + v."""
    for k in range(params.shape[0]):
        p, g, v, mu, eta = (
            row(params[k]),
            row(gradient[k]),
            row(velocity[k]),
            of(momentum, k),
            of(rate, k),
        )
        for i in range(p.shape[0]):
            v[i] = step = v[i] * mu - g[i] * eta
            p[i] += step


@Loop
def nesterov(params, gradient, velocity, momentum, rate):
    """v ← μv - ηg, θ ← θ - ηg + μv."""
    for k in range(params.shape[0]):
        p, g, v, mu, eta = (
            row(params[k]),
            row(gradient[k]),
            row(velocity[k]),
            of(momentum, k),
            of(rate, k),
        )
        for i in range(p.shape[0]):
            step = g[i] * eta
            v[i] = speed = v[i] * mu - step
            p[i] = (p[i] - step) + speed * mu


@Loop
def lion(params, gradient, first, beta_1, beta_2, rate):
    """θ ← θ - η sign(β₁m + (1 - β₁)g), m ← β₂m + (1 - β₂)g."""
    zero, one = params.dtype.type(0), params.dtype.type(1)
    for k in range(params.shape[0]):
        p, g, m = row(params[k]), row(gradient[k]), row(first[k])
        b1, b2, eta = of(beta_1, k), of(beta_2, k), of(rate, k)
        for i in range(p.shape[0]):
            lead = m[i] - g[i]
            m[i] = lead * b2 + g[i]
            blend = lead * b1 + g[i]
            p[i] -= sign(blend, zero, one) * eta


@Loop
def rmsprop(params, gradient, second, rho, rate, epsilon):
    """v ← ρv + g², θ ← θ - η g / (√v + ε)."""
    for k in range(params.shape[0]):
        p, g, v = row(params[k]), row(gradient[k]), row(second[k])
        decay, eta, eps = of(rho, k), of(rate, k), of(epsilon, k)
        for i in range(p.shape[0]):
            v[i] = square = v[i] * decay + g[i] * g[i]
            p[i] -= g[i] / (np.sqrt(square) + eps) * eta


@Loop
def adagrad(params, gradient, second, rate, epsilon):
    """v ← v + g², θ ← θ - η g / (√v + ε)."""
    for k in range(params.shape[0]):
        p, g, v = row(params[k]), row(gradient[k]), row(second[k])
        eta, eps = of(rate, k), of(epsilon, k)
        for i in range(p.shape[0]):
            v[i] = square = v[i] + g[i] * g[i]
            p[i] -= g[i] / (np.sqrt(square) + eps) * eta


@Loop
def adadelta(params, gradient, second, steps, rho, rate, epsilon):
    """v ← ρv + g², Δ = g √(d + ε) / √(v + ε), d ← ρd + Δ², θ ← θ - ηΔ."""
    for k in range(params.shape[0]):
        p, g, v, d = row(params[k]), row(gradient[k]), row(second[k]), row(steps[k])
        decay, eta, eps = of(rho, k), of(rate, k), of(epsilon, k)
        for i in range(p.shape[0]):
            v[i] = square = v[i] * decay + g[i] * g[i]
            step = g[i] / np.sqrt(square + eps) * np.sqrt(d[i] + eps)
            d[i] = d[i] * decay + step * step
            p[i] -= step * eta
