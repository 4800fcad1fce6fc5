"""Predictions of fitted networks; a single row makes the calls of the one before again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss.activations import Activation
from sknn_actloss.core.inference import bind, raw_outputs
from sknn_actloss.core.layers import Frame, Layer
from sknn_actloss.core.layout import Layout
from sknn_actloss.core.rows import DenseRows, Rows
from sknn_actloss.core.workspace import Room


class Predictor:
    """Any number of fitted networks of one model and one shape.

    Parameters
    ----------
    layout : Layout
        Where their parameters lie.
    layers : sequence of Layer
        From the rows to the raw outputs.
    """

    def __init__(self, layout: Layout, layers: Sequence[Layer]) -> None:
        self.layout, self.layers = layout, layers
        self._kept: list[_SingleRow] = []

    def __call__(
        self, X: Rows, attributes: Mapping[str, Any], output: Activation | None = None
    ) -> np.ndarray:
        """Return raw outputs, or predictions.

        Parameters
        ----------
        X : Rows
            Rows to predict.
        attributes : mapping
            Fitted attributes, see :meth:`Layout.attributes`.
        output : Activation, optional
            Output activation to pass through.

        Returns
        -------
        outputs : ndarray of shape (n_members, n_rows, n_outputs)
        """
        if X.n_rows == 1 and not X.is_sparse:
            return self._predict_single(X, attributes, output)  # type: ignore[arg-type]
        return raw_outputs(X, self.layers, self.layout.attribute_views(attributes), output=output)

    def _predict_single(
        self, X: DenseRows, attributes: Mapping[str, Any], output: Activation | None
    ) -> np.ndarray:
        arrays = self.layout.attribute_arrays(attributes)
        # Taken out while it is in use: another thread binds calls of its own.
        kept = self._kept.pop() if self._kept else None
        if kept is None or not kept.serves(arrays, output):
            kept = _SingleRow(self.layout, self.layers, attributes, output)
        outputs = kept(X)
        self._kept[:] = [kept]
        return outputs


class _SingleRow:
    """The calls that predict a single row, bound to fitted attributes."""

    def __init__(
        self,
        layout: Layout,
        layers: Sequence[Layer],
        attributes: Mapping[str, Any],
        output: Activation | None,
    ) -> None:
        self._arrays, self._output = layout.attribute_arrays(attributes), output
        params = layout.attribute_views(attributes)
        like = params["coefs_", 0]
        self._row = np.empty((1, like.shape[1]), like.dtype)
        frame = Frame(params, None, Room({}, len(like), like.dtype, 1, 1))
        bound = list(bind(DenseRows(self._row), layers, frame))
        self._out = bound[-1].value
        self._calls: list[Call] = [call for layer in bound for call in layer.forward]
        if output is not None:
            self._calls.append((output.forward, (self._out, self._out)))

    def serves(self, arrays: Sequence[Any], output: Activation | None) -> bool:
        """Whether these are the very arrays, which may have new values, and the output."""
        return output is self._output and all(map(is_, arrays, self._arrays))

    def __call__(self, X: DenseRows) -> np.ndarray:
        np.copyto(self._row, X.features, casting="unsafe")
        run(self._calls)
        return self._out.copy()
