"""Arrays that training steps write to, made once and reused by every step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sknn_actloss.core.parameters import Layout


class Workspace:
    """The signals of every layer for the rows of a batch.

    Parameters
    ----------
    layout : Layout
        Sizes of the layers.
    params : ndarray of shape (n_members, n_params)
        The parameters, for the number of members and the data type.
    batch_size, group_size : int
        Rows of the largest batch, and of the largest group of batches.
    keeps_input : sequence of bool
        For each hidden layer whether the activation's input is kept beside its output; the
        output is written over the input otherwise.

    Attributes
    ----------
    inputs : list of ndarray of shape (n_members, batch_size, units)
        Input of the activation, for the hidden layers and the output layer.
    outputs, deltas : list of ndarray of shape (n_members, batch_size, units)
        Output of the activation, and the derivative of the loss by its input, for the hidden
        layers.
    raw : ndarray of shape (n_members, group_size, n_outputs)
        Outputs of the last linear layer, kept for a whole group of batches.
    raw_delta, prediction : ndarray of shape (n_members, batch_size, n_outputs)
        The derivative of the loss by raw outputs, and room for activated outputs.
    signs : ndarray of shape (batch_size, n_outputs)
        Room for targets encoded as -1/+1.
    squares : ndarray of shape (n_batches, n_members)
        The sum of squared weights before the step of each batch of a group.
    ones : ndarray of shape (batch_size,)
        A product with it sums over rows, several times faster than a reduction.

    Arrays of outputs are stored output by output: NumPy reduces over a short last axis slowly
    unless the rows are what lies together in memory.
    """

    def __init__(
        self,
        layout: Layout,
        params: np.ndarray,
        batch_size: int,
        group_size: int,
        keeps_input: Sequence[bool],
    ) -> None:
        def empty(*shape: int) -> np.ndarray:
            return np.empty_like(params, shape=shape)

        n_members, n_outputs = len(params), layout.layer_sizes[-1]
        self.batch_size = batch_size
        widths = layout.layer_sizes[1:]
        self.inputs = [empty(n_members, batch_size, units) for units in widths]
        self.outputs = [
            np.empty_like(z) if kept else z
            for z, kept in zip(self.inputs[:-1], keeps_input, strict=True)
        ]
        self.deltas = [empty(n_members, batch_size, units) for units in widths[:-1]]
        self.raw = empty(n_members, n_outputs, group_size).swapaxes(1, 2)
        self.raw_delta = empty(n_members, n_outputs, batch_size).swapaxes(1, 2)
        self.prediction = empty(n_members, n_outputs, batch_size).swapaxes(1, 2)
        self.signs = empty(n_outputs, batch_size).T
        self.squares = empty(group_size // batch_size, n_members)
        self.ones = np.ones_like(params, shape=batch_size)
