"""Bounds that a step keeps: the norm of the gradient and the norms of incoming weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sknn_actloss._calls import Call


def clip_calls(gradient: np.ndarray, limits: Sequence[float | None]) -> list[Call]:
    r"""Return the calls that scale gradients down to a largest norm.

    .. math:: g \leftarrow g \min\left(1, \frac{c}{|g| + 10^{-6}}\right)

    over all parameters of a network, as ``torch.nn.utils.clip_grad_norm_`` does.

    Parameters
    ----------
    gradient : ndarray of shape (n_members, n_params)
        Changed in place.
    limits : sequence of float or None
        The largest norm c of each member; without any limit there are no calls.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013.
    """
    return [(_clip, (gradient, _column(limits)))] if any(limits) else []


def max_norm_calls(weights: Sequence[np.ndarray], limits: Sequence[float | None]) -> list[Call]:
    """Return the calls that scale the incoming weights of units down to a largest norm.

    Parameters
    ----------
    weights : sequence of ndarray of shape (n_members, n_in, n_out)
        Weights by layer, changed in place.
    limits : sequence of float or None
        The largest norm of each member; without any limit there are no calls.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a simple
    way to prevent neural networks from overfitting", JMLR 15, 2014.
    """
    if not any(limits):
        return []
    return [(_bound, (layer, _column(limits)[:, None])) for layer in weights]


def _clip(gradient: np.ndarray, limits: np.ndarray) -> None:
    # In double precision, lest the squares of a gradient that explodes overflow.
    squares = np.vecdot(gradient, gradient, dtype=np.float64)[:, None]
    factor = np.minimum(1, limits / (np.sqrt(squares) + 1e-6))
    np.multiply(gradient, factor.astype(gradient.dtype, copy=False), gradient)


def _bound(weights: np.ndarray, limits: np.ndarray) -> None:
    squares = np.einsum("mij,mij->mj", weights, weights, dtype=np.float64)
    factor = np.minimum(1, limits / np.maximum(np.sqrt(squares), np.finfo(float).tiny)[:, None])
    np.multiply(weights, factor.astype(weights.dtype, copy=False), weights)


def _column(limits: Sequence[float | None]) -> np.ndarray:
    return np.array([np.inf if limit is None else limit for limit in limits])[:, None]
