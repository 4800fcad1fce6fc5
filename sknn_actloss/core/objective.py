"""The loss of every member through its output activation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sknn_actloss._component import runs
from sknn_actloss.activations import Activation, Identity
from sknn_actloss.core.model import Model
from sknn_actloss.core.workspace import Workspace
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
            (members, loss, output, models[members.start].is_fused)
            for members, (loss, output, _) in runs(losses, outputs, chained, dtype=dtype)
        ]
        self._signed = any(loss.encoding != (0.0, 1.0) for loss in losses)

    def value_and_gradient(self, y: np.ndarray, space: Workspace) -> np.ndarray:
        """Return the loss of each row and write its derivative by raw outputs.

        Parameters
        ----------
        y : ndarray of shape (batch, n_outputs)
            Targets; the states of classes and labels as 0 and 1.
        space : Workspace
            Its last input holds the raw outputs, its last delta receives the derivative.

        Returns
        -------
        values : ndarray of shape (n_members, batch)
        """
        if self._signed:
            np.multiply(y, 2, out=space.signs)
            np.subtract(space.signs, 1, out=space.signs)
        values = [
            _run_value_and_gradient(
                loss,
                None if fused else output,
                y if loss.encoding == (0.0, 1.0) else space.signs,
                *(array[-1][members] for array in (space.inputs, space.outputs, space.deltas)),
            )
            for members, loss, output, fused in self._runs
        ]
        return values[0] if len(values) == 1 else np.concatenate(values)


def _run_value_and_gradient(
    loss: Loss,
    output: Activation | None,
    y: np.ndarray,
    raw: np.ndarray,
    prediction: np.ndarray,
    grad: np.ndarray,
) -> np.ndarray:
    if output is None:
        return loss.value_and_gradient(y, raw, grad)
    output.forward(raw, prediction)
    values = loss.value_of_prediction(y, prediction)
    loss.gradient_of_prediction(y, prediction, grad)
    output.backward(raw, prediction, grad)
    return values
