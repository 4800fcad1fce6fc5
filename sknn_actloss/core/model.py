"""What one network computes and minimises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sknn_actloss._component import runs
from sknn_actloss.activations import ACTIVATIONS, Activation, canonical_name
from sknn_actloss.core.parameters import Layout
from sknn_actloss.losses import BoundLoss
from sknn_actloss.normalization import Normalization


@dataclass(frozen=True)
class Model:
    """The components of one network.

    Parameters
    ----------
    activations : tuple of Activation
        One for each hidden layer.
    output : Activation
        Output activation.
    loss : BoundLoss
        The loss, bound to its targets by :meth:`~sknn_actloss.losses.LossSpec.for_targets`.
    alpha, l1 : float
        Strengths of the L2 and the L1 penalty, divided by the number of rows.
    dropout : tuple of float
        Share of units to leave out of the inputs and of each hidden layer; empty for none.
    normalization : Normalization or None
        What stands in front of the hidden activations.
    skip_connections : bool
        Whether hidden layers add the outputs of a layer below that is as wide.
    """

    activations: tuple[Activation, ...]
    output: Activation
    loss: BoundLoss
    alpha: float = 0.0
    l1: float = 0.0
    dropout: tuple[float, ...] = ()
    normalization: Normalization | None = None
    skip_connections: bool = False

    def layout(self, n_features: int, hidden_layer_sizes: Sequence[int], n_outputs: int) -> Layout:
        """Return where the parameters of such a network lie."""
        sizes = (n_features, *hidden_layer_sizes, n_outputs)
        norm = self.normalization
        return Layout(sizes, norm is not None, norm is not None and norm.has_moments)

    @cached_property
    def hidden(self) -> Hidden:
        """The hidden layers of any number of networks like this one."""
        alone, everyone = Hidden.of([self], np.dtype(np.float64)), slice(None)
        return Hidden(
            [[(everyone, parts) for _, parts in layer] for layer in alone.activations],
            [(everyone, parts) for _, parts in alone.normalizations],
            self.skip_connections,
        )

    @cached_property
    def output_name(self) -> str:
        """Name of the output activation, ``""`` where it is not one of the table as it is."""
        name = canonical_name(self.output)
        return name if name and self.output == ACTIVATIONS[name]() else ""

    @property
    def is_fused(self) -> bool:
        """Whether the loss takes the output activation into its own formulas."""
        return self.output_name == self.loss.link


@dataclass(frozen=True)
class Hidden:
    """The hidden layers of a stack of networks.

    Parameters
    ----------
    activations : list of list of (slice, (Activation,))
        For each layer the runs of members that share a stacked activation.
    normalizations : list of (slice, (Normalization,))
        Runs of members that share what stands in front of the activations of all layers.
    skip_connections : bool
        Whether layers add the outputs of a layer below that is as wide.
    """

    activations: list[list[tuple[slice, tuple[Activation]]]]
    normalizations: Sequence[tuple[slice, tuple[Normalization]]] = ()
    skip_connections: bool = False

    @classmethod
    def of(cls, models: Sequence[Model], dtype: np.dtype) -> Hidden:
        """Stack the components of all members, layer by layer."""
        layers = zip(*(model.activations for model in models), strict=True)
        norms = [model.normalization for model in models if model.normalization is not None]
        return cls(
            [runs(layer, dtype=dtype) for layer in layers],
            runs(norms, dtype=dtype) if norms else (),
            models[0].skip_connections,
        )

    def __len__(self) -> int:
        return len(self.activations)

    def skips(self, layer: int, n_in: int, n_out: int) -> bool:
        """Whether a hidden layer adds what comes from the layer below, given both widths."""
        return self.skip_connections and layer > 0 and n_in == n_out
