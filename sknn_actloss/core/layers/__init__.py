"""Layers of a stack of networks, one kind a file."""

from sknn_actloss.core.layers._base import Bound, Frame, Layer, Step
from sknn_actloss.core.layers.activate import Activate
from sknn_actloss.core.layers.dropout import DropInputs, DropUnits
from sknn_actloss.core.layers.linear import InputLinear, Linear
from sknn_actloss.core.layers.normalize import Normalize
from sknn_actloss.core.layers.scale import ScaledLinear
from sknn_actloss.core.layers.skip import Fork, Join

#: Every fitted attribute that some layer may set.
ATTRIBUTE_NAMES = tuple(
    dict.fromkeys(name for layer in (Linear, Normalize, ScaledLinear) for name in layer.attributes)
)

__all__ = [
    "ATTRIBUTE_NAMES",
    "Activate",
    "Bound",
    "DropInputs",
    "DropUnits",
    "Fork",
    "Frame",
    "InputLinear",
    "Join",
    "Layer",
    "Linear",
    "Normalize",
    "ScaledLinear",
    "Step",
]
