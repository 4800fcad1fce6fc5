"""Skip connections: what comes from below is added to what a hidden layer puts out."""

from __future__ import annotations

import numpy as np

from sknn_actloss.core.layers._base import Bound, Frame, Layer, Signal


class Fork(Layer):
    """Where a skip connection begins."""

    def bind(self, below: Signal, frame: Frame) -> Bound:
        frame.room.place("skipped", self.index, below.value)
        if not frame.is_training:
            return Bound(below, [], [])
        kept = frame.room.array("skipped derivatives", self.index, below.grad.shape[2])
        return Bound(below, [], [(np.add, (below.grad, kept, below.grad))])


class Join(Layer):
    """Where it ends."""

    def bind(self, below: Signal, frame: Frame) -> Bound:
        a, grad = below
        width = a.shape[2]
        out = frame.room.array("passed", self.index, width)
        skipped = frame.room.array("skipped", self.index, width)
        forward = [(np.add, (a, skipped, out))]
        if not frame.is_training:
            return Bound(Signal(out), forward, [])
        kept = frame.room.array("skipped derivatives", self.index, width)
        return Bound(Signal(out, grad), forward, [(np.copyto, (kept, grad))])
