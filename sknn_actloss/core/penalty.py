"""The L2 and L1 penalties on weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import Call
from sknn_actloss.core.layout import Layout
from sknn_actloss.core.model import Model

#: A strength for all members, or one for each in an array (n_members, 1).
Strength = float | np.ndarray | None


class Penalty:
    r"""Penalties of a stack of networks.

    .. math:: \frac{1}{n} \left( \frac{\alpha}{2} \sum w^2 + l_1 \sum |w| \right)

    over all weights :math:`w`, biases not among them; the derivative of :math:`|w|` is 0 at 0.

    Parameters
    ----------
    layout : Layout
        Where the weights are.
    params, gradient : ndarray of shape (n_members, n_params)
        Parameters, and the derivative of the loss with respect to them.
    alpha, l1 : sequence of float
        Strengths, one for each member.
    """

    def __init__(
        self,
        layout: Layout,
        params: np.ndarray,
        gradient: np.ndarray,
        alpha: Sequence[float],
        l1: Sequence[float],
    ) -> None:
        self._layout, self._params, self._gradient = layout, params, gradient
        self._alpha, self._l1 = _per_member(alpha), _per_member(l1)
        halved = None if self._alpha is None else 0.5 * self._alpha
        self._factors = [None if f is None else np.ravel(f) for f in (halved, self._l1)]
        self._weights, self._operands = layout.decaying(params), (params, gradient)
        if len(params) == 1:
            self._operands = layout.decaying(params), layout.decaying(gradient)
        # Of several members whole rows, biases with a strength of zero: one loop instead of many.
        self._room = np.empty_like(self._operands[0])
        self._strengths: dict[bytes, np.ndarray] = {}

    def calls(
        self, total_weight: float | np.ndarray, squares: np.ndarray, magnitudes: np.ndarray
    ) -> Iterator[Call]:
        """Yield the calls that add to the gradient, and note what :meth:`values` needs.

        Parameters
        ----------
        total_weight : float
            The number of rows n.
        squares, magnitudes : ndarray of shape (n_members,)
            Receive the sums of squares and of absolute values of the weights.
        """
        params, gradient = self._operands
        weights, room = self._weights, self._room
        if self._alpha is not None:
            strength = self._strength(self._alpha, total_weight)
            yield from kernels.add_scaled(gradient, params, strength, room)
            yield from kernels.row_dot(weights, weights, squares)
        if self._l1 is not None:
            yield np.sign, (params, room)
            signs = self._layout.decaying(room) if len(room) > 1 else room
            yield from kernels.row_dot(weights, signs, magnitudes)
            yield from kernels.add_scaled(
                gradient, room, self._strength(self._l1, total_weight), room
            )

    def values(self, squares: np.ndarray, magnitudes: np.ndarray) -> float | np.ndarray:
        """Return the penalties of the batches of a group, added up and not divided by n.

        Parameters
        ----------
        squares, magnitudes : ndarray of shape (n_batches, n_members)
            What the calls of the batches have noted.
        """
        value = 0.0
        for strength, sums in zip(self._factors, (squares, magnitudes), strict=True):
            if strength is not None:
                value = value + strength * np.add.reduce(sums, 0, np.float64)
        return value

    def _strength(self, strength: float | np.ndarray, total_weight: Any) -> np.ndarray:
        """Return the strength of each parameter, the same array for equal strengths."""
        if isinstance(total_weight, np.ndarray):
            total_weight = total_weight[:, None]
        strength = np.asarray(strength / total_weight, self._params.dtype)
        if len(self._params) == 1:
            return strength
        key = strength.tobytes()
        if key not in self._strengths:
            self._strengths[key] = np.zeros_like(self._params)
            self._layout.decaying(self._strengths[key])[...] = strength
        return self._strengths[key]


def penalty_of(model: Model, weights: np.ndarray) -> float:
    """Return the penalties of a network, not divided by n, given all its weights (n_weights,)."""
    weights = weights.astype(np.float64, copy=False)
    return 0.5 * model.alpha * float(weights @ weights) + model.l1 * float(np.abs(weights).sum())


def _per_member(values: Sequence[float]) -> Strength:
    """Return ``None`` if all are zero, a number if all agree, else an array (n_members, 1)."""
    if not any(values):
        return None
    return float(values[0]) if len(set(values)) == 1 else np.array(values, float)[:, None]
