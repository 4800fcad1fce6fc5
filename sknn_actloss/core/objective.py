"""The loss of every member through its output activation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sknn_actloss._component import runs
from sknn_actloss.activations import Activation, Identity
from sknn_actloss.core.model import Model
from sknn_actloss.core.passes import Pass
from sknn_actloss.losses import Loss


class Objective:
    """Losses of a stack of networks, by raw outputs.

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

    def gradient(self, y: np.ndarray, space: Pass) -> None:
        """Write the derivative by raw outputs of each row's loss.

        Parameters
        ----------
        y : ndarray of shape (batch, n_outputs)
            Targets; the states of classes and labels as 0 and 1.
        space : Pass
            Holds the raw outputs and receives the derivative.
        """
        if self._signed:
            _to_signs(y, space.signs)
        for members, loss, output in self._runs:
            targets = space.signs if _is_signed(loss) else y
            raw, grad = space.raw[members], space.delta[members]
            if output is None:
                loss.gradient(targets, raw, grad)
            else:
                _chained_gradient(loss, output, targets, raw, space.prediction[members], grad)

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Targets; the states of classes and labels as 0 and 1.
        raw : ndarray of shape (n_members, n_rows, n_outputs)
            Raw outputs, which may be overwritten.

        Returns
        -------
        values : ndarray of shape (n_members, n_rows)
        """
        signs = _to_signs(y, np.empty_like(y)) if self._signed else y
        values = []
        for members, loss, output in self._runs:
            targets, outputs = signs if _is_signed(loss) else y, raw[members]
            if output is None:
                values.append(loss.value(targets, outputs))
            else:
                output.forward(outputs, outputs)
                values.append(loss.value_of_prediction(targets, outputs))
        return values[0] if len(values) == 1 else np.concatenate(values)


def _chained_gradient(
    loss: Loss,
    output: Activation,
    y: np.ndarray,
    raw: np.ndarray,
    prediction: np.ndarray,
    grad: np.ndarray,
) -> None:
    output.forward(raw, prediction)
    loss.gradient_of_prediction(y, prediction, grad)
    # The raw outputs are still needed for the value, and backward may spoil its arguments.
    output.backward(raw.copy() if output.reads_input else None, prediction, grad)


def _is_signed(loss: Loss) -> bool:
    return loss.encoding != (0.0, 1.0)


def _to_signs(y: np.ndarray, out: np.ndarray) -> np.ndarray:
    np.multiply(y, 2, out=out)
    return np.subtract(out, 1, out=out)
