"""The parameters of a stack of networks as one flat array, and views of it by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np


class Views(NamedTuple):
    """Weights and biases by layer.

    Attributes
    ----------
    weights : list of ndarray of shape (n_members, n_in, n_out)
    biases : list of ndarray of shape (n_members, 1, n_out)
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]


@dataclass(frozen=True)
class Layout:
    """Where weights and biases lie in a row of parameters.

    A row holds the weights of all layers and then the biases of all layers, so that what
    touches weights alone (L2 penalty, weight decay) is one operation on a slice.

    Parameters
    ----------
    layer_sizes : tuple of int
        Number of units of each layer: features, hidden layers, outputs.
    """

    layer_sizes: tuple[int, ...]

    @property
    def n_layers(self) -> int:
        """Number of layers of weights."""
        return len(self.layer_sizes) - 1

    @property
    def n_weights(self) -> int:
        """Number of weights, biases not counted."""
        return sum(n_in * n_out for n_in, n_out in pairwise(self.layer_sizes))

    @property
    def n_params(self) -> int:
        """Number of weights and biases."""
        return self.n_weights + sum(self.layer_sizes[1:])

    def weights(self, flat: np.ndarray) -> list[np.ndarray]:
        """Return views of shape (n_members, n_in, n_out) of ``flat`` (n_members, n_params)."""
        shapes = list(pairwise(self.layer_sizes))
        stops = accumulate((n_in * n_out for n_in, n_out in shapes), initial=0)
        return [
            flat[:, start:stop].reshape(-1, *shape)
            for shape, (start, stop) in zip(shapes, pairwise(stops), strict=True)
        ]

    def biases(self, flat: np.ndarray) -> list[np.ndarray]:
        """Return views of shape (n_members, 1, n_out) of ``flat`` (n_members, n_params)."""
        stops = accumulate(self.layer_sizes[1:], initial=self.n_weights)
        return [flat[:, None, start:stop] for start, stop in pairwise(stops)]

    def views(self, flat: np.ndarray) -> Views:
        """Return views by layer of ``flat`` (n_members, n_params)."""
        return Views(self.weights(flat), self.biases(flat))

    def flatten(
        self, coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray], dtype: np.dtype
    ) -> np.ndarray:
        """Return a new row (1, n_params) from weights and biases by layer."""
        parts = [np.ravel(part) for part in [*coefs, *intercepts]]
        return np.concatenate(parts, dtype=dtype, casting="unsafe")[None]
