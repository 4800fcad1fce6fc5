"""The parameters of a stack of networks as one flat array, and views of it by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np


class Views(NamedTuple):
    """Weights, biases and what normalises hidden layers, by layer.

    Attributes
    ----------
    weights : list of ndarray of shape (n_members, n_in, n_out)
    biases : list of ndarray of shape (n_members, 1, n_out)
    first : ndarray of shape (n_members, 1 + n_features, units) or None
        Biases and weights of the first layer, for rows that begin with a one.
    scales, offsets : list of ndarray of shape (n_members, 1, units)
        Those of normalised hidden layers, empty without normalisation.
    means, variances : list of ndarray of shape (n_members, 1, units)
        Running moments of hidden layers, empty where there are none.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    first: np.ndarray | None = None
    scales: Sequence[np.ndarray] = ()
    offsets: Sequence[np.ndarray] = ()
    means: Sequence[np.ndarray] = ()
    variances: Sequence[np.ndarray] = ()

    def takes(self, X: Any) -> bool:
        """Whether the rows of ``X`` begin with a one."""
        return self.first is not None and X.shape[1] == self.first.shape[1]

    def moments(
        self, layer: int, members: slice = slice(None)
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return running mean and variance of a hidden layer, ``None`` where there are none."""
        if not self.means:
            return None
        return self.means[layer][members], self.variances[layer][members]


@dataclass(frozen=True)
class Layout:
    """Where parameters and running moments lie in the row of a network.

    A row holds the biases of the first layer, the weights of all layers, the biases of the
    other layers, and the scales and offsets of normalised layers: what touches weights alone
    (L2 penalty, weight decay) is one operation on a slice, and so is a product of the first
    layer that takes its biases in. What solvers leave alone comes last: running means and
    variances.

    Parameters
    ----------
    layer_sizes : tuple of int
        Number of units of each layer: features, hidden layers, outputs.
    is_normalized : bool, default=False
        Whether hidden units have scales and offsets.
    has_moments : bool, default=False
        Whether hidden units have running means and variances.
    """

    layer_sizes: tuple[int, ...]
    is_normalized: bool = False
    has_moments: bool = False

    @property
    def n_layers(self) -> int:
        """Number of layers of weights."""
        return len(self.layer_sizes) - 1

    @property
    def n_weights(self) -> int:
        """Number of weights, biases not counted."""
        return sum(n_in * n_out for n_in, n_out in pairwise(self.layer_sizes))

    @property
    def n_hidden_units(self) -> int:
        """Number of units of all hidden layers."""
        return sum(self.layer_sizes[1:-1])

    @property
    def n_params(self) -> int:
        """Number of parameters that are learnt."""
        n_params = self.n_weights + sum(self.layer_sizes[1:])
        return n_params + 2 * self.n_hidden_units * self.is_normalized

    @property
    def n_row(self) -> int:
        """Number of parameters and running moments."""
        return self.n_params + 2 * self.n_hidden_units * self.has_moments

    def trained(self, rows: np.ndarray) -> np.ndarray:
        """Return the view (n_members, n_params) of rows (n_members, n_row): all but moments."""
        return rows[:, : self.n_params] if self.has_moments else rows

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
        return [flat[:, None, :first], *_cut(flat, first + self.n_weights, self.layer_sizes[2:])]

    def decaying(self, flat: np.ndarray) -> np.ndarray:
        """Return the view of what L2 penalty and weight decay act on: all weights."""
        return flat[:, self.layer_sizes[1] : self.layer_sizes[1] + self.n_weights]

    def views(self, flat: np.ndarray) -> Views:
        """Return views by layer of rows, which may be without moments as a gradient is."""
        n_in, n_out = 1 + self.layer_sizes[0], self.layer_sizes[1]
        first = flat[:, : n_in * n_out].reshape(-1, n_in, n_out)
        views = Views(self.weights(flat), self.biases(flat), first)
        if self.is_normalized:
            scales, offsets = self._of_hidden(flat, self.n_params - 2 * self.n_hidden_units)
            views = views._replace(scales=scales, offsets=offsets)
        if self.has_moments and flat.shape[1] > self.n_params:
            means, variances = self._of_hidden(flat, self.n_params)
            views = views._replace(means=means, variances=variances)
        return views

    def flatten(
        self, coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray], dtype: np.dtype
    ) -> np.ndarray:
        """Return a new row (1, n_row) from weights and biases by layer.

        Scales and variances are one, offsets and means zero.
        """
        one, zero = (np.full((1, 1, self.n_hidden_units), value) for value in (1.0, 0.0))
        values = {"scales": one, "offsets": zero, "means": zero, "variances": one}
        hidden = {name: [values[name]] for name in self.hidden_fields}
        weights, biases = map(_with_members, (coefs, intercepts))
        return self.rows(Views(weights, biases, **hidden), dtype)

    @property
    def hidden_fields(self) -> tuple[str, ...]:
        """Names of the views of hidden layers that there are beside weights and biases."""
        if not self.n_hidden_units:
            return ()
        learnt, running = ("scales", "offsets"), ("means", "variances")
        return learnt * self.is_normalized + running * self.has_moments

    def rows(self, views: Views, dtype: np.dtype) -> np.ndarray:
        """Return new rows (n_members, n_row) from views by layer."""
        parts = [views.biases[0], *views.weights, *views.biases[1:]]
        parts += [part for name in self.hidden_fields for part in getattr(views, name)]
        flat = [part.reshape(len(part), -1) for part in parts]
        return np.concatenate(flat, axis=1, dtype=dtype, casting="unsafe")

    def _of_hidden(self, flat: np.ndarray, start: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return two numbers for each hidden unit, those of the first kind lying in front."""
        sizes = self.layer_sizes[1:-1]
        return _cut(flat, start, sizes), _cut(flat, start + self.n_hidden_units, sizes)


def _with_members(parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [np.asarray(part)[None] for part in parts]


def _cut(flat: np.ndarray, start: int, sizes: Sequence[int]) -> list[np.ndarray]:
    """Return views (n_members, 1, size) of neighbours from a place on."""
    stops = accumulate(sizes, initial=start)
    return [flat[:, None, begin:end] for begin, end in pairwise(stops)]
