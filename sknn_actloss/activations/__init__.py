"""Activation functions: what a layer makes of its inputs, by name or as an instance."""

from __future__ import annotations

from typing import Any

from sknn_actloss._component import Table, resolve
from sknn_actloss.activations._base import Activation, BoundActivation, Link
from sknn_actloss.activations._function import FunctionActivation
from sknn_actloss.activations._gated import GELU, Mish, SiLU
from sknn_actloss.activations._output import Exp, Softmax
from sknn_actloss.activations._piecewise import (
    HardSigmoid,
    HardSiLU,
    HardTanh,
    Identity,
    LeakyReLU,
    ReLU,
    ReLU6,
)
from sknn_actloss.activations._rectifiers import CELU, ELU, SELU, Softplus, Squareplus
from sknn_actloss.activations._sigmoids import Logistic, Softsign, Tanh

__all__ = [
    "ACTIVATIONS",
    "CELU",
    "ELU",
    "GELU",
    "HIDDEN_ACTIVATIONS",
    "SELU",
    "Activation",
    "BoundActivation",
    "Exp",
    "FunctionActivation",
    "HardSiLU",
    "HardSigmoid",
    "HardTanh",
    "Identity",
    "LeakyReLU",
    "Link",
    "Logistic",
    "Mish",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Softmax",
    "Softplus",
    "Softsign",
    "Squareplus",
    "Tanh",
    "canonical_name",
    "resolve_activation",
]

ACTIVATIONS: Table[Activation] = Table(
    "activation",
    {
        "identity": Identity,
        "logistic": Logistic,
        "tanh": Tanh,
        "relu": ReLU,
        "leaky_relu": LeakyReLU,
        "elu": ELU,
        "selu": SELU,
        "celu": CELU,
        "gelu": GELU,
        "silu": SiLU,
        "mish": Mish,
        "softplus": Softplus,
        "softsign": Softsign,
        "hard_sigmoid": HardSigmoid,
        "hard_tanh": HardTanh,
        "hard_silu": HardSiLU,
        "relu6": ReLU6,
        "squareplus": Squareplus,
        "softmax": Softmax,
        "exp": Exp,
    },
    aliases={
        "linear": "identity",
        "sigmoid": "logistic",
        "swish": "silu",
        "hard_swish": "hard_silu",
    },
)

HIDDEN_ACTIVATIONS = [name for name, kind in ACTIVATIONS.items() if not kind.output_only]  # type: ignore[attr-defined]


def resolve_activation(spec: Any, parameter: str = "activation", hidden: bool = True) -> Activation:
    """Turn a name, an instance or a plain function into a checked activation.

    Parameters
    ----------
    spec : str, Activation or callable
        What the user gave. A function becomes a :class:`FunctionActivation`.
    parameter : str, default="activation"
        Name of the estimator's parameter, for error messages.
    hidden : bool, default=True
        Whether it is for hidden layers, where those for the output layer only are refused.

    Returns
    -------
    activation : Activation
        An instance whose values are checked.

    Raises
    ------
    ValueError
        If the name is unknown, a hyperparameter is out of range, or the activation is for the
        output layer only while ``hidden``.
    TypeError
        If ``spec`` is neither a name, nor an instance, nor a function.

    See Also
    --------
    canonical_name : The way from an activation to its name.

    Examples
    --------
    >>> from sknn_actloss.activations import resolve_activation
    >>> resolve_activation("swish")
    SiLU()
    """
    if callable(spec) and not isinstance(spec, Activation | type):
        spec = FunctionActivation(spec)
    activation = resolve(ACTIVATIONS, spec, Activation, parameter)
    if hidden and activation.output_only:
        raise ValueError(
            f"{parameter}={spec!r} is for the output layer only. "
            f"Valid names are: {', '.join(HIDDEN_ACTIVATIONS)}."
        )
    return activation


def canonical_name(activation: Activation) -> str:
    """Return the name in the table of an activation's type, ``""`` where it has none.

    Parameters
    ----------
    activation : Activation
        The function.

    Returns
    -------
    name : str
        Such as "relu".

    See Also
    --------
    resolve_activation : The way from a name to an activation.

    Examples
    --------
    >>> from sknn_actloss.activations import ELU, canonical_name
    >>> canonical_name(ELU(0.5))
    'elu'
    """
    return _NAMES.get(type(activation), "")


_NAMES = {kind: name for name, kind in ACTIVATIONS.items()}
