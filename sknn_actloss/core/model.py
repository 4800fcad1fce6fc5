"""What one network computes and minimises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sknn_actloss._component import runs
from sknn_actloss.activations import ACTIVATIONS, Activation, canonical_name
from sknn_actloss.losses import Loss

#: Hidden layers, each as runs of members that share a stacked activation.
Hidden = list[list[tuple[slice, tuple[Activation]]]]


def hidden_layers(activations: Sequence[Sequence[Activation]], dtype: np.dtype) -> Hidden:
    """Stack the hidden activations of all members, layer by layer."""
    return [runs(layer, dtype=dtype) for layer in zip(*activations, strict=True)]


@dataclass(frozen=True)
class Model:
    """The components of one network.

    Parameters
    ----------
    activations : tuple of Activation
        One for each hidden layer.
    output : Activation
        Output activation.
    loss : Loss
        The loss, bound to its targets by :meth:`~sknn_actloss.losses.Loss.for_targets`.
    alpha : float
        Strength of the L2 penalty, divided by the number of rows as in scikit-learn.
    """

    activations: tuple[Activation, ...]
    output: Activation
    loss: Loss
    alpha: float = 0.0

    @cached_property
    def hidden(self) -> Hidden:
        """The activations of the hidden layers, of this network alone."""
        return hidden_layers([self.activations], np.dtype(np.float64))

    @cached_property
    def output_name(self) -> str:
        """Name of the output activation, ``""`` where it is not one of the table as it is."""
        name = canonical_name(self.output)
        return name if name and self.output == ACTIVATIONS[name]() else ""

    @property
    def is_fused(self) -> bool:
        """Whether the loss takes the output activation into its own formulas."""
        return self.output_name == self.loss.link
