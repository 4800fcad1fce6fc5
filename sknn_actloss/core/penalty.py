"""The L2 and L1 penalties on weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss.core.parameters import Layout

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
        Parameters, and the derivative of the loss by them.
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
        strengths = [s for s in (self._alpha, self._l1) if s is not None]
        is_mixed = any(isinstance(strength, np.ndarray) for strength in strengths)
        self._room = np.empty_like(params if is_mixed else layout.decaying(params))
        self._strengths: dict[bytes, np.ndarray] = {}

    def calls(
        self, total_weight: float, squares: np.ndarray, magnitudes: np.ndarray
    ) -> Iterator[Call]:
        """Yield the calls that add to the gradient, and note what :meth:`values` needs.

        Parameters
        ----------
        total_weight : float
            The number of rows n.
        squares, magnitudes : ndarray of shape (n_members,)
            Receive the sums of squares and of absolute values of the weights.
        """
        weights = self._layout.decaying(self._params)
        if self._alpha is not None:
            params, gradient, room, alpha = self._operands(self._alpha, total_weight)
            yield np.multiply, (params, alpha, room)
            yield np.add, (gradient, room, gradient)
            yield _dot(weights, weights, squares)
        if self._l1 is not None:
            params, gradient, room, l1 = self._operands(self._l1, total_weight)
            yield np.sign, (params, room)
            signs = self._layout.decaying(room) if room.shape == self._params.shape else room
            yield _dot(weights, signs, magnitudes)
            yield np.multiply, (room, l1, room)
            yield np.add, (gradient, room, gradient)

    def values(self, squares: np.ndarray, magnitudes: np.ndarray) -> float | np.ndarray:
        """Return the penalties of the batches of a group, added up and not divided by n.

        Parameters
        ----------
        squares, magnitudes : ndarray of shape (n_batches, n_members)
            What the calls of the batches have noted.
        """
        value = 0.0
        if self._alpha is not None:
            value = value + 0.5 * np.ravel(self._alpha) * squares.sum(axis=0, dtype=np.float64)
        if self._l1 is not None:
            value = value + np.ravel(self._l1) * magnitudes.sum(axis=0, dtype=np.float64)
        return value

    def _operands(
        self, strength: float | np.ndarray, total_weight: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return parameters, gradient and room that a strength for them goes with."""
        strength = np.asarray(strength / total_weight, self._params.dtype)
        if strength.ndim:
            # Whole rows, biases with a penalty of zero, take one loop instead of one per member.
            return self._params, self._gradient, self._room, self._by_param(strength)
        weights, gradient = map(self._layout.decaying, (self._params, self._gradient))
        is_whole = self._room.shape == self._params.shape
        room = self._layout.decaying(self._room) if is_whole else self._room
        return weights, gradient, room, strength

    def _by_param(self, strength: np.ndarray) -> np.ndarray:
        """Return the penalty of each parameter, the same array for equal penalties."""
        key = strength.tobytes()
        if key not in self._strengths:
            self._strengths[key] = np.zeros_like(self._params)
            self._layout.decaying(self._strengths[key])[...] = strength
        return self._strengths[key]


def _dot(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> Call:
    """Return the call that writes the product of each row with its like."""
    if len(out) == 1:
        return np.dot, (a[0], b[0], out.reshape(()))
    return np.vecdot, (a, b, out)


def _per_member(values: Sequence[float]) -> Strength:
    """Return ``None`` if all are zero, a number if all agree, else an array (n_members, 1)."""
    if not any(values):
        return None
    return float(values[0]) if len(set(values)) == 1 else np.array(values, float)[:, None]
