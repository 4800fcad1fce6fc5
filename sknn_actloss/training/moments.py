"""Moments of batch normalisation over all training rows, for weights that saw no batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sknn_actloss.core import Layer, Views, forward
from sknn_actloss.normalization import unbiasing
from sknn_actloss.training.batches import Batches


def recompute_moments(layers: Sequence[Layer], params: Views, batches: Batches) -> None:
    """Replace running means and variances by those of the training rows.

    Layer by layer, since the moments of a layer depend on those in front of it.

    Parameters
    ----------
    layers : sequence of Layer
        Those of the networks.
    params : Views
        Weights, and the moments to replace.
    batches : Batches
        The training rows and their weights.
    """
    for position, layer in enumerate(layers):
        if layer.has_moments:
            moments = _Moments()
            for group in batches.groups():
                z = forward(group.X, layers[:position], params)
                moments.add(z.astype(np.float64, copy=False), group.sample_weight)
            mean, variance = layer.moments(params)  # type: ignore[attr-defined]
            mean[...], variance[...] = moments.mean, moments.variance


class _Moments:
    """Mean and variance over the rows of all members, block by block.

    T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", COMPSTAT 1982.
    """

    def __init__(self) -> None:
        self.mean: float | np.ndarray = 0.0
        self._squares: float | np.ndarray = 0.0
        self._total, self._n_rows = 0.0, 0

    @property
    def variance(self) -> float | np.ndarray:
        return self._squares / self._total * unbiasing(self._total, self._n_rows)

    def add(self, z: np.ndarray, sample_weight: np.ndarray | None) -> None:
        """Take in rows (n_members, n_rows, units) and their weights."""
        weights = np.ones(z.shape[1]) if sample_weight is None else sample_weight
        weights = weights[None].astype(np.float64, copy=False)
        added = float(weights.sum())
        if not added:
            return
        mean = weights @ z / added
        difference, share = mean - self.mean, added / (self._total + added)
        spread = weights @ np.square(z - mean) + np.square(difference) * (self._total * share)
        self.mean, self._squares = self.mean + difference * share, self._squares + spread
        self._total, self._n_rows = (
            self._total + added,
            self._n_rows + int(np.count_nonzero(weights)),
        )
