"""Formulas of activations, one for each class of their table."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from sknn_actloss import activations as table
from sknn_actloss.activations import Activation
from sknn_actloss.export._refusal import refusal
from sknn_actloss.export._values import (
    Value,
    absolute,
    clip,
    exp,
    expm1,
    hypot,
    log1p,
    logistic,
    maximum,
    minimum,
    normal_cdf,
    softmax,
    tanh,
)


def _gelu(gelu: table.GELU, z: Value) -> Value:
    if not gelu.approximate:
        return z * normal_cdf(z)
    bounded = clip(z, -40.0, 40.0)
    twice = math.sqrt(8 / math.pi) * bounded * (0.044715 * bounded * bounded + 1.0)
    return z * logistic(twice)


def _mish(mish: table.Mish, z: Value) -> Value:
    power = exp(minimum(z, 20.0))
    n = power * (power + 2.0)
    return z * (n / (n + 2.0))


def _softplus(softplus: table.Softplus, z: Value) -> Value:
    rest = log1p(exp(-softplus.beta * absolute(z)))
    return maximum(z, 0.0) + rest / softplus.beta


def _squareplus(squareplus: table.Squareplus, z: Value) -> Value:
    length = hypot(z, math.sqrt(squareplus.b))
    return maximum(z, 0.0) + 0.5 * squareplus.b / (length + absolute(z))


def _exp(_: table.Exp, z: Value) -> Value:
    floats = np.finfo(z.dtype)
    return exp(minimum(z, np.log(floats.max) * (1 - floats.eps)))


def _steepened(z: Value, slope: float) -> Value:
    return z if slope == 1 else slope * z


def _exponential_branch(z: Value, depth: float, width: float = 1.0) -> Value:
    """Return z above zero, and an exponential that ends at -depth below."""
    return maximum(z, 0.0) + depth * expm1(_steepened(minimum(z, 0.0), 1 / width))


def _hard_gate(z: Value) -> Value:
    return clip(z / 6.0 + 0.5, 0.0, 1.0)


FORMULAS: dict[type[Activation], Callable[[Any, Value], Value]] = {
    table.Identity: lambda _, z: z,
    table.Logistic: lambda f, z: logistic(_steepened(z, f.slope)),
    table.Tanh: lambda f, z: tanh(_steepened(z, f.slope)),
    table.ReLU: lambda _, z: maximum(z, 0.0),
    table.LeakyReLU: lambda f, z: maximum(z, f.negative_slope * z),
    table.ELU: lambda f, z: _exponential_branch(z, f.alpha),
    table.SELU: lambda f, z: f._LAMBDA * _exponential_branch(z, f._ALPHA),
    table.CELU: lambda f, z: _exponential_branch(z, f.alpha, f.alpha),
    table.GELU: _gelu,
    table.SiLU: lambda _, z: z * logistic(z),
    table.Mish: _mish,
    table.Softplus: _softplus,
    table.Softsign: lambda _, z: z / (absolute(z) + 1.0),
    table.HardSigmoid: lambda _, z: _hard_gate(z),
    table.HardTanh: lambda _, z: clip(z, -1.0, 1.0),
    table.HardSiLU: lambda _, z: z * _hard_gate(z),
    table.ReLU6: lambda _, z: clip(z, 0.0, 6.0),
    table.Squareplus: _squareplus,
    table.Softmax: lambda _, z: softmax(z),
    table.Exp: _exp,
}


def activated(activation: Activation, z: Value) -> Value:
    """Return the activation of a value.

    Raises
    ------
    NotImplementedError
        If it is a user's own.
    """
    formula = FORMULAS.get(type(activation))
    if formula is None:
        names = ", ".join(table.ACTIVATIONS)
        raise refusal(f"The activation {activation!r}", f"one of {names}")
    return formula(activation, z)
