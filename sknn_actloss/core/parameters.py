"""The parameters of a stack of networks as one flat array, and views of it by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np


class Views(NamedTuple):
    """Weights and biases by layer.

    Attributes
    ----------
    weights : list of ndarray of shape (n_members, n_in, n_out)
    biases : list of ndarray of shape (n_members, 1, n_out)
    first : ndarray of shape (n_members, 1 + n_features, units)
        Biases and weights of the first layer, for rows that begin with a one.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    first: np.ndarray

    def takes(self, X: Any) -> bool:
        """Whether the rows of ``X`` begin with a one."""
        return X.shape[1] == self.first.shape[1]


@dataclass(frozen=True)
class Layout:
    """Where weights and biases lie in a row of parameters.

    A row holds the biases of the first layer, the weights of all layers, and the biases of the
    other layers: what touches weights alone (L2 penalty, weight decay) is one operation on a
    slice, and so is a product of the first layer that takes its biases in.

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
        stops = accumulate((n_in * n_out for n_in, n_out in shapes), initial=self.layer_sizes[1])
        return [
            flat[:, start:stop].reshape(-1, *shape)
            for shape, (start, stop) in zip(shapes, pairwise(stops), strict=True)
        ]

    def biases(self, flat: np.ndarray) -> list[np.ndarray]:
        """Return views of shape (n_members, 1, n_out) of ``flat`` (n_members, n_params)."""
        first = self.layer_sizes[1]
        stops = accumulate(self.layer_sizes[2:], initial=first + self.n_weights)
        slices = [(0, first), *pairwise(stops)]
        return [flat[:, None, start:stop] for start, stop in slices]

    def decaying(self, flat: np.ndarray) -> np.ndarray:
        """Return the view of what L2 penalty and weight decay act on: all weights."""
        return flat[:, self.layer_sizes[1] : self.layer_sizes[1] + self.n_weights]

    def views(self, flat: np.ndarray) -> Views:
        """Return views by layer of ``flat`` (n_members, n_params)."""
        n_in, n_out = 1 + self.layer_sizes[0], self.layer_sizes[1]
        first = flat[:, : n_in * n_out].reshape(-1, n_in, n_out)
        return Views(self.weights(flat), self.biases(flat), first)

    def flatten(
        self, coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray], dtype: np.dtype
    ) -> np.ndarray:
        """Return a new row (1, n_params) from weights and biases by layer."""
        parts = [np.ravel(part) for part in [intercepts[0], *coefs, *intercepts[1:]]]
        return np.concatenate(parts, dtype=dtype, casting="unsafe")[None]
