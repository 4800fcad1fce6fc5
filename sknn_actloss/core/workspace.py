"""Arrays that training steps write to, made once and reused by every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sknn_actloss.core.parameters import Layout


class Signals(NamedTuple):
    """What flows through a network for the rows of a batch.

    Attributes
    ----------
    inputs : list of ndarray of shape (n_members, batch, units)
        Inputs of the activations, for the hidden layers and the output layer.
    outputs : list of ndarray of shape (n_members, batch, units)
        Outputs of the activations of the hidden layers; the very inputs where an activation
        does without its input afterwards.
    normalized : list of ndarray of shape (n_members, batch, units)
        Normalised inputs of hidden layers; empty without normalisation.
    passed : list of ndarray of shape (n_members, batch, units)
        What hidden layers pass on: the very outputs without dropout and skip connections.
    skipped : list of ndarray of shape (n_members, batch, units), or None
        Room for the derivative by what a hidden layer with a skip connection passes on.
    deltas : list of ndarray of shape (n_members, batch, units)
        Derivatives of the loss by the inputs.
    raw : ndarray of shape (n_members, batch, n_outputs)
        Outputs of the last linear layer.
    prediction, scratch : ndarray of shape (n_members, batch, n_outputs)
        Room for activated outputs, and for what is spoilt on the way back through them.
    signs : ndarray of shape (batch, n_outputs)
        Room for targets encoded as -1/+1.
    ones : ndarray of shape (batch,)
        A product with it sums over rows, several times faster than a reduction.
    squares, magnitudes : ndarray of shape (n_members,)
        Room for the sums of squares and of absolute values of the weights.
    """

    inputs: list[np.ndarray]
    outputs: list[np.ndarray]
    normalized: list[np.ndarray]
    passed: list[np.ndarray]
    skipped: list[np.ndarray | None]
    deltas: list[np.ndarray]
    raw: np.ndarray
    prediction: np.ndarray
    scratch: np.ndarray
    signs: np.ndarray
    ones: np.ndarray
    squares: np.ndarray
    magnitudes: np.ndarray


class Needs(NamedTuple):
    """What a hidden layer needs room for.

    Attributes
    ----------
    keeps_input : bool
        Whether the activation's input is kept beside its output; the output is written over the
        input otherwise.
    drops, skips : bool
        Whether there is dropout, and a skip connection to its output.
    """

    keeps_input: bool
    drops: bool = False
    skips: bool = False


class Workspace:
    """Room for the signals of a group of batches.

    Batches come one by one and share their arrays, except for ``raw``, ``squares`` and
    ``magnitudes``, which last until the losses of the group are added up.

    Parameters
    ----------
    layout : Layout
        Sizes of the layers.
    params : ndarray of shape (n_members, n_params)
        The parameters, for the number of members and the data type.
    batch_size, group_size : int
        Rows of the largest batch and of the largest group.
    needs : sequence of Needs
        Those of each hidden layer.

    Attributes
    ----------
    raw : ndarray of shape (n_members, group_size, n_outputs)
        Raw outputs of the group.
    squares, magnitudes : ndarray of shape (n_batches, n_members)
        Sums of squares and of absolute values of the weights before the step of each batch.
    """

    def __init__(
        self,
        layout: Layout,
        params: np.ndarray,
        batch_size: int,
        group_size: int,
        needs: Sequence[Needs],
    ) -> None:
        def empty(*shape: int) -> np.ndarray:
            return np.empty_like(params, shape=shape)

        def outputs(n_rows: int) -> np.ndarray:
            # Stored output by output: NumPy reduces over a short last axis slowly unless the
            # rows are what lies together in memory.
            return empty(len(params), layout.layer_sizes[-1], n_rows).swapaxes(1, 2)

        widths = layout.layer_sizes[1:]
        self._key = self._key_of(layout, params, batch_size, group_size, needs)
        self.batch_size = batch_size
        self._inputs = [empty(len(params), batch_size, units) for units in widths]
        hidden = self._inputs[:-1]
        self._outputs = [
            np.empty_like(z) if need.keeps_input else z
            for z, need in zip(hidden, needs, strict=True)
        ]
        self._normalized = [np.empty_like(z) for z in hidden if layout.is_normalized]
        self._passed = [
            np.empty_like(a) if need.drops or need.skips else a
            for a, need in zip(self._outputs, needs, strict=True)
        ]
        self._skipped = [
            np.empty_like(z) if need.skips else None for z, need in zip(hidden, needs, strict=True)
        ]
        self._deltas = [empty(len(params), batch_size, units) for units in widths[:-1]]
        self._deltas.append(outputs(batch_size))
        self._prediction, self._scratch = outputs(batch_size), outputs(batch_size)
        self._signs = empty(widths[-1], batch_size).T
        self._ones = np.ones_like(params, shape=batch_size)
        self.raw = outputs(group_size)
        self.squares, self.magnitudes = empty(2, -(-group_size // batch_size), len(params))

    @staticmethod
    def _key_of(
        layout: Layout,
        params: np.ndarray,
        batch_size: int,
        group_size: int,
        needs: Sequence[Needs],
    ) -> tuple:
        return layout, len(params), params.dtype, batch_size, group_size, tuple(needs)

    def serves(self, *arguments: Any) -> bool:
        """Whether a new workspace made with these arguments would be like this one."""
        return self._key == self._key_of(*arguments)

    def signals(self, rows: slice) -> Signals:
        """Return views for the batch that is these rows of its group."""
        n_rows, batch = rows.stop - rows.start, rows.start // self.batch_size
        inputs = [z[:, :n_rows] for z in self._inputs]
        # What is the same array stays so.
        outputs = _cut(self._outputs, n_rows, self._inputs, inputs)
        return Signals(
            inputs=inputs,
            outputs=outputs,
            normalized=[z[:, :n_rows] for z in self._normalized],
            passed=_cut(self._passed, n_rows, self._outputs, outputs),
            skipped=[None if room is None else room[:, :n_rows] for room in self._skipped],
            deltas=[delta[:, :n_rows] for delta in self._deltas],
            raw=self.raw[:, rows],
            prediction=self._prediction[:, :n_rows],
            scratch=self._scratch[:, :n_rows],
            signs=self._signs[:n_rows],
            ones=self._ones[:n_rows],
            squares=self.squares[batch],
            magnitudes=self.magnitudes[batch],
        )


def _cut(
    arrays: Sequence[np.ndarray],
    n_rows: int,
    others: Sequence[np.ndarray],
    views: Sequence[np.ndarray],
) -> list[np.ndarray]:
    """Return views of the first rows, the very ones of other arrays that are the same."""
    return [
        view if array is other else array[:, :n_rows]
        for array, other, view in zip(arrays, others, views, strict=False)
    ]
