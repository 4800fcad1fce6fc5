"""Derivatives of what networks put out with respect to the rows that they take in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss.core.inference import bind
from sknn_actloss.core.layers import Frame
from sknn_actloss.core.layout import Layout
from sknn_actloss.core.model import Model, layers_of
from sknn_actloss.core.rows import DenseRows
from sknn_actloss.core.workspace import Room

#: Turns raw outputs into the derivative of something with respect to them.
Pull = Callable[[np.ndarray], np.ndarray]


#: Rows that go through the networks together.
BLOCK_SIZE = 1024


class Backward:
    """The way back from what networks put out to their rows, as predictions see them.

    Parameters
    ----------
    model : Model
        What each network computes.
    layout : Layout
        Where their parameters lie.
    params : ndarray of shape (n_members, row_size)
        The parameters, whose data type is that of the computation.
    """

    def __init__(self, model: Model, layout: Layout, params: np.ndarray) -> None:
        self._layers = layers_of([model.as_predicting()], layout.layer_sizes, params.dtype)
        self._params, self._dtype = layout.views(params), params.dtype
        self._gradient = np.empty_like(layout.trained(params))
        self._gradient_views = layout.views(self._gradient)
        self._n_members, self._n_features = len(params), layout.layer_sizes[0]

    def __call__(self, X: np.ndarray, pull: Pull) -> np.ndarray:
        """Return the derivative of a function of the raw outputs with respect to the rows.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
        pull : callable
            Given the raw outputs (n_members, n_rows, n_outputs) of some rows, returns the
            derivative of the function of each row with respect to them.

        Returns
        -------
        derivative : ndarray of shape (n_rows, n_features)
        """
        derivative = np.empty((len(X), self._n_features), self._dtype)
        for start in range(0, len(X), BLOCK_SIZE):
            rows = slice(start, start + BLOCK_SIZE)
            derivative[rows] = self._of_block(X[rows].astype(self._dtype, copy=False), pull)
        return derivative

    def _of_block(self, X: np.ndarray, pull: Pull) -> np.ndarray:
        room = Room({}, self._n_members, self._dtype, len(X), len(X))
        frame = Frame(self._params, self._gradient_views, room)
        bound = list(bind(DenseRows(X), self._layers, frame))
        run(call for layer in bound for call in layer.forward)
        bound[-1].grad[...] = pull(bound[-1].value)
        backward = (call for layer in reversed(bound) for call in layer.backward)
        run(call for call in backward if not self._is_of_parameters(call))
        return self._layers[0].gradient_of_rows(bound[0].grad, self._params)  # type: ignore[attr-defined]

    def _is_of_parameters(self, call: Call) -> bool:
        """Whether a call is about derivatives with respect to parameters, of no use here."""
        _, arguments = call
        return any(
            isinstance(array, np.ndarray) and np.may_share_memory(array, self._gradient)
            for array in arguments
        )
