"""The loss of every member through its output activation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss._component import runs
from sknn_actloss._numeric import constant
from sknn_actloss.activations import Identity
from sknn_actloss.core.model import Model
from sknn_actloss.core.workspace import OutputRoom
from sknn_actloss.losses import BoundLoss

#: Bytes of the raw outputs whose losses are found at once.
VALUE_BYTES = 1 << 19


class Objective:
    """Losses of a stack of networks, given raw outputs.

    A loss whose link is the output activation is taken fused; every other pair goes through
    the chain rule.

    Parameters
    ----------
    models : sequence of Model
        One for each member.
    dtype : dtype
        Data type of the arrays.
    """

    def __init__(self, models: Sequence[Model], dtype: np.dtype) -> None:
        losses, outputs = [model.loss for model in models], [model.output for model in models]
        # A third column keeps a link apart from its own kind with other hyperparameters.
        chained = [Identity() if model.is_fused else model.output for model in models]
        self._runs = [
            (members, loss, None if models[members.start].is_fused else output)
            for members, (loss, output, _) in runs(losses, outputs, chained, dtype=dtype)
        ]
        self._signed = any(_is_signed(loss) for loss in losses)

    def gradient_calls(
        self, y: np.ndarray, room: OutputRoom, notes: np.ndarray | None = None
    ) -> Iterator[Call]:
        """Yield the calls that write the derivative of each row's loss with respect to raw outputs.

        Parameters
        ----------
        y : ndarray of shape (batch, n_targets)
            Targets; the states of classes and labels as 0 and 1.
        room : OutputRoom
            Holds the raw outputs and receives the derivative.
        notes : ndarray of shape (n_members, batch), optional
            Receives what makes the losses take less time, see :meth:`value_calls`.
        """
        signs = room.signs[:, : y.shape[1]]
        if self._signed:
            yield from _sign_calls(y, signs)
        for members, loss, output in self._runs:
            targets = signs if _is_signed(loss) else y
            raw, grad = room.raw[members], room.grad[members]
            if output is None:
                own = np.empty_like(raw, shape=raw.shape[:2]) if notes is None else notes[members]
                yield from loss.noting_calls(targets, raw, own, grad)
                continue
            prediction, scratch = room.prediction[members], room.scratch[members]
            yield output.forward, (raw, prediction)
            yield loss.gradient_of_prediction, (targets, prediction, grad)
            # backward may spoil its arguments, and the value still needs the raw outputs.
            if output.reads_input:
                yield np.copyto, (scratch, raw)
            yield output.backward, (scratch if output.reads_input else None, prediction, grad)

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_targets)
            Targets; the states of classes and labels as 0 and 1.
        raw : ndarray of shape (n_members, n_rows, n_outputs)
            Raw outputs, which may be overwritten.

        Returns
        -------
        values : ndarray of shape (n_members, n_rows)
        """
        values = np.empty_like(raw, shape=raw.shape[:2])
        run(self.value_calls(y, raw, values))
        return values

    def value_calls(
        self, y: np.ndarray, raw: np.ndarray, out: np.ndarray, notes: np.ndarray | None = None
    ) -> Iterator[Call]:
        """Yield the calls of :meth:`value`, which write to ``out`` (n_members, n_rows).

        They need less time with ``notes`` of the same shape that the derivatives have left.
        """
        # Losses need room for several arrays like the raw outputs.
        step = max(1, VALUE_BYTES * len(y) // max(1, raw.nbytes))
        for start in range(0, len(y), step):
            rows = slice(start, start + step)
            own = None if notes is None else notes[:, rows]
            yield from self._value_calls(y[rows], raw[:, rows], out[:, rows], own)

    def _value_calls(
        self, y: np.ndarray, raw: np.ndarray, out: np.ndarray, notes: np.ndarray | None
    ) -> Iterator[Call]:
        signs = np.empty_like(y)
        if self._signed:
            yield from _sign_calls(y, signs)
        for members, loss, output in self._runs:
            targets, own = signs if _is_signed(loss) else y, raw[members]
            if output is None and notes is not None:
                yield from loss.noted_value_calls(targets, own, notes[members], out[members])
                continue
            if output is None:
                yield from loss.value_calls(targets, own, out[members])
                continue
            yield output.forward, (own, own)
            yield _write_value, (loss, targets, own, out[members])


def _write_value(loss: BoundLoss, y: np.ndarray, prediction: np.ndarray, out: np.ndarray) -> None:
    out[...] = loss.value_of_prediction(y, prediction)


def _is_signed(loss: BoundLoss) -> bool:
    return loss.encoding != (0.0, 1.0)


def _sign_calls(y: np.ndarray, signs: np.ndarray) -> list[Call]:
    """Return the calls that turn 0 and 1 into -1 and +1."""
    return [
        (np.multiply, (y, constant(2.0, y.dtype), signs)),
        (np.subtract, (signs, constant(1.0, y.dtype), signs)),
    ]
