"""Dropout of input features and of hidden units."""

from __future__ import annotations

from sknn_actloss import kernels
from sknn_actloss.core.dropout import Dropout
from sknn_actloss.core.layers._base import Bound, Frame, Layer, Step
from sknn_actloss.core.layout import Views


class DropInputs(Layer):
    """Dropout of the features of X, of their stored entries where X is sparse.

    Parameters
    ----------
    dropout : Dropout
        Draws the masks.
    """

    def __init__(self, dropout: Dropout) -> None:
        super().__init__(0)
        self._dropout = dropout

    def bind(self, below: Bound, frame: Frame) -> Bound:
        if not frame.is_training:
            return Bound(below.value)
        X, n_masks = below.value, len(self._dropout.mask)
        key = "dropped", X.is_sparse, X.has_ones, X.n_rows, n_masks
        out = frame.room.keep(key, lambda: X.copies(n_masks))
        return Bound(out, None, X.drop_calls(self._dropout, out))

    def describe(self, params: Views) -> Step:
        return Step("dropout")


class DropUnits(Layer):
    """Dropout of what the units of a hidden layer put out.

    Parameters
    ----------
    index : int
    dropout : Dropout
        Draws the masks.
    """

    def __init__(self, index: int, dropout: Dropout) -> None:
        super().__init__(index)
        self._dropout = dropout

    def bind(self, below: Bound, frame: Frame) -> Bound:
        if not frame.is_training:
            return Bound(below.value)
        a, grad = below.value, below.grad
        n_rows, n_units = a.shape[1:]
        out, mask = frame.room.array("passed", self.index, n_units), self._dropout.mask[:, :n_rows]
        forward = [*self._dropout.draw_calls(n_rows), *kernels.drop(a, mask, out)]
        return Bound(out, grad, forward, kernels.drop(grad, mask, grad))

    def describe(self, params: Views) -> Step:
        return Step("dropout")
