"""Normalisation in front of hidden activations, by name or as an instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sknn_actloss._component import Component, Table, resolve
from sknn_actloss._sklearn import number


@dataclass(repr=False)
class Normalization(Component):
    r"""Base of normalisations of the inputs :math:`z` of hidden activations.

    .. math:: \hat z = \gamma \frac{z - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta

    with a scale γ and an offset β for each unit, which are learnt and take no part in penalties
    and weight decay.

    Parameters
    ----------
    epsilon : float, default=1e-5
        ε, which keeps units of constant input from dividing by zero, in (0, inf).

    Attributes
    ----------
    has_moments : bool
        Whether training keeps running moments that predictions use.
    """

    epsilon: float = 1e-5

    has_moments: ClassVar[bool] = False
    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""
    _parameter_constraints: ClassVar[dict[str, list]] = {"epsilon": [number(0, None)]}


@dataclass(repr=False)
class BatchNorm(Normalization):
    r"""Moments of each unit over the rows of the batch.

    .. math::
        \mu = \sum_i v_i z_i, \qquad \sigma^2 = \sum_i v_i (z_i - \mu)^2, \qquad
        v_i = w_i / \textstyle\sum_j w_j

    with the weights :math:`w` of the rows. Predictions use running moments, which each step
    moves by ``momentum`` towards :math:`\mu` and the unbiased :math:`\sigma^2 n / (n - 1)`, where
    :math:`n` is the sum of the weights, as if each counted copies of its row. (Where weights are
    so small that this would correct by more than the number of rows asks for, :math:`n` is that
    number.) A batch with a single row that has a weight uses the running moments, which it leaves
    as they are. Conventions are PyTorch's.

    Parameters
    ----------
    epsilon : float, default=1e-5
        ε, which keeps units of constant input from dividing by zero, in (0, inf).
    momentum : float, default=0.1
        How far a step moves the running moments, in (0, 1].

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing
    internal covariate shift", ICML 2015.
    """

    momentum: float = 0.1

    has_moments: ClassVar[bool] = True
    formula: ClassVar[str] = "γ (z − μ)/√(σ² + ε) + β, moments of a unit over the batch"
    advice: ClassVar[str] = "deep networks, batches of some dozens of rows or more"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Normalization._parameter_constraints,
        "momentum": [number(0, 1, "right")],
    }


@dataclass(repr=False)
class LayerNorm(Normalization):
    r"""Moments of each row over the units of the layer.

    Rows do not depend on each other, so that training and prediction compute the same.

    Parameters
    ----------
    epsilon : float, default=1e-5
        ε, which keeps rows of equal inputs from dividing by zero, in (0, inf).

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450, 2016.
    """

    formula: ClassVar[str] = "γ (z − μ)/√(σ² + ε) + β, moments of a row over the units"
    advice: ClassVar[str] = "deep networks with small batches, and lbfgs"


NORMALIZATIONS: Table[Normalization] = Table(
    "normalization",
    {"batch": BatchNorm, "layer": LayerNorm},
    {"batch_norm": "batch", "layer_norm": "layer"},
)


def resolve_normalization(spec: Any, parameter: str = "normalization") -> Normalization | None:
    """Turn a name, an instance or ``None`` into a checked normalisation or ``None``."""
    return None if spec is None else resolve(NORMALIZATIONS, spec, Normalization, parameter)
