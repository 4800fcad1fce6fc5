"""What one network computes and minimises."""

from __future__ import annotations

from dataclasses import dataclass

from sknn_actloss.activations import ACTIVATIONS, Activation, canonical_name
from sknn_actloss.losses import Loss


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

    @property
    def output_name(self) -> str:
        """Name of the output activation, ``""`` where it is not one of the table as it is."""
        name = canonical_name(self.output)
        return name if name and self.output == ACTIVATIONS[name]() else ""

    @property
    def is_fused(self) -> bool:
        """Whether the loss takes the output activation into its own formulas."""
        return self.output_name == self.loss.link
