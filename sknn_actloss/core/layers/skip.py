"""Skip connections: what comes from below is added to what a hidden layer puts out."""

from __future__ import annotations

import numpy as np

from sknn_actloss.core.layers._base import Bound, Frame, Layer, Step
from sknn_actloss.core.layout import Views


class Fork(Layer):
    """Where a skip connection begins."""

    def bind(self, below: Bound, frame: Frame) -> Bound:
        frame.room.place("skipped", self.index, below.value)
        if not frame.is_training:
            return Bound(below.value)
        grad = below.grad
        kept = frame.room.array("skipped derivatives", self.index, grad.shape[2])
        return Bound(below.value, grad, [], [(np.add, (grad, kept, grad))])

    def describe(self, params: Views) -> Step:
        return Step("fork")


class Join(Layer):
    """Where it ends."""

    def bind(self, below: Bound, frame: Frame) -> Bound:
        a, grad = below.value, below.grad
        width = a.shape[2]
        out = frame.room.array("passed", self.index, width)
        skipped = frame.room.array("skipped", self.index, width)
        forward = [(np.add, (a, skipped, out))]
        if not frame.is_training:
            return Bound(out, None, forward)
        kept = frame.room.array("skipped derivatives", self.index, width)
        return Bound(out, grad, forward, [(np.copyto, (kept, grad))])

    def describe(self, params: Views) -> Step:
        return Step("join")
