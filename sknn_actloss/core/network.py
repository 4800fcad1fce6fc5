"""Networks of one shape, trained in lockstep: forward pass, loss and gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from sknn_actloss._calls import Call
from sknn_actloss._numeric import constant
from sknn_actloss.core.dropout import Dropout, mask_streams
from sknn_actloss.core.model import Hidden, Model
from sknn_actloss.core.objective import Objective
from sknn_actloss.core.parameters import Layout
from sknn_actloss.core.penalty import Penalty
from sknn_actloss.core.program import Between, backward_calls, forward_calls
from sknn_actloss.core.workspace import Needs, Signals, Workspace


class Network:
    """A stack of networks of one shape.

    Parameters
    ----------
    layout : Layout
        Sizes of the layers.
    models : sequence of Model
        One for each member.
    params : ndarray of shape (n_members, n_row)
        Parameters and running moments, a row for each member; read and written in place by
        those who train.
    batch_size : int
        Rows of the largest batch.
    group_size : int, optional
        Rows of the largest group of batches between two calls of :meth:`losses`; by default
        those of one batch.
    workspace : Workspace, optional
        That of an earlier network, used again where it serves.
    streams : list of Generator, optional
        Sources of dropout masks, one for the inputs and one for each hidden layer.

    Attributes
    ----------
    views : Views
        Views of the parameters by layer.
    hidden : Hidden
        The hidden layers.
    trained : ndarray of shape (n_members, n_params)
        View of the parameters that solvers update: all but running moments.
    decaying : ndarray of shape (n_members, n_weights)
        View of the parameters that L2 penalty and weight decay act on: all weights.
    workspace : Workspace
        Room for what flows through the networks.
    gradient : ndarray of shape (n_members, n_params)
        Derivative of the mean loss by the parameters, written by the calls of :meth:`bind`.
    """

    def __init__(
        self,
        layout: Layout,
        models: Sequence[Model],
        params: np.ndarray,
        batch_size: int,
        group_size: int | None = None,
        workspace: Workspace | None = None,
        streams: Sequence[np.random.Generator] | None = None,
    ) -> None:
        dtype = params.dtype
        self.params, self.trained = params, layout.trained(params)
        self.gradient = np.empty_like(self.trained)
        self.hidden = Hidden.of(models, dtype)
        self.views, self._gradient_views = layout.views(params), layout.views(self.gradient)
        self.decaying = layout.decaying(params)
        self._objective = Objective(models, dtype)
        alpha, l1 = [model.alpha for model in models], [model.l1 for model in models]
        self._penalty = Penalty(layout, self.trained, self.gradient, alpha, l1)
        self._dropout = _dropout(layout, models, batch_size, dtype, streams)
        is_plain = not (layout.is_normalized or any(self._dropout))
        self._nothing = Between.nothing(len(self.hidden)) if is_plain else None
        self._rooms: dict[tuple[int, int], np.ndarray] = {}
        needs = layout, params, batch_size, group_size or batch_size, self._needs(layout)
        reused = workspace is not None and workspace.serves(*needs)
        self.workspace = workspace if reused else Workspace(*needs)

    def bind(
        self,
        X: np.ndarray | sparse.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        total_weight: float,
        rows: slice,
    ) -> list[Call]:
        """Return the calls that write the gradient of the loss on a batch.

        The loss is ``(sum_i w_i loss_i + penalty) / total_weight``, see :class:`Penalty`. The calls
        hold for as long as the arrays do, whatever is written to them.

        Parameters
        ----------
        X : ndarray of shape (batch, n_features) or (batch, 1 + n_features), or CSR
            Rows of the batch, with or without a column of ones in front.
        y : ndarray of shape (batch, n_outputs)
            Targets; the states of classes and labels as 0 and 1.
        sample_weight : ndarray of shape (batch,) or None
            Weights of the rows.
        total_weight : float
            Rows of the batch times the mean weight of the training rows.
        rows : slice
            The place of the batch in its group.
        """
        signals = self.workspace.signals(rows)
        between = self._between(X, signals, sample_weight)
        passes = self.hidden, signals, between
        return [
            *forward_calls(X, self.views, *passes),
            *self._objective.gradient_calls(y, signals),
            *_weight_calls(signals.deltas[-1], sample_weight, total_weight),
            *backward_calls(X, self.views, self._gradient_views, *passes),
            *self._penalty.calls(total_weight, signals.squares, signals.magnitudes),
        ]

    def losses(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        """Return each member's sum of losses over a group of batches.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Targets of the group.
        sample_weight : ndarray of shape (n_rows,) or None
            Weights of its rows.

        Returns
        -------
        losses : ndarray of shape (n_members,)
            ``sum_i w_i loss_i + sum_batches penalty``, with the weights and the outputs of each
            batch as they were when its gradient was computed.
        """
        values = self.values(y, self.workspace.raw[:, : len(y)])
        losses = values.sum(axis=1) if sample_weight is None else values @ sample_weight
        n_batches = -(-len(y) // self.workspace.batch_size)
        room = self.workspace
        return losses + self._penalty.values(room.squares[:n_batches], room.magnitudes[:n_batches])

    def values(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return each member's loss of each row, without penalties.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Targets.
        raw : ndarray of shape (n_members, n_rows, n_outputs)
            Raw outputs, which may be overwritten.

        Returns
        -------
        values : ndarray of shape (n_members, n_rows)
        """
        return self._objective.value(y, raw)

    def _needs(self, layout: Layout) -> list[Needs]:
        widths = layout.layer_sizes
        return [
            Needs(
                any(activation.reads_input for _, (activation,) in runs),
                self._dropout[1 + layer] is not None,
                self.hidden.skips(layer, widths[layer], widths[layer + 1]),
            )
            for layer, runs in enumerate(self.hidden.activations)
        ]

    def _between(
        self,
        X: np.ndarray | sparse.csr_array,
        signals: Signals,
        sample_weight: np.ndarray | None,
    ) -> Between:
        if self._nothing is not None:
            return self._nothing
        norms = [
            [
                norm.bind(
                    signals.inputs[layer][members],
                    normalized[members],
                    self.views.moments(layer, members),
                    sample_weight,
                )
                for members, (norm,) in self.hidden.normalizations
            ]
            for layer, normalized in enumerate(signals.normalized)
        ]
        return Between(self._dropout, self._dropped(X), norms or [[]] * len(self.hidden))

    def _dropped(
        self, X: np.ndarray | sparse.csr_array
    ) -> np.ndarray | list[sparse.csr_array] | None:
        """Return room for the inputs that dropout leaves, ``None`` without it."""
        if self._dropout[0] is None:
            return None
        n_masks = len(self._dropout[0].mask)
        if not isinstance(X, np.ndarray):
            return [sparse.csr_array(X.shape, dtype=X.dtype) for _ in range(n_masks)]
        if X.shape not in self._rooms:
            self._rooms[X.shape] = np.ones((n_masks, *X.shape), self.params.dtype)
        return self._rooms[X.shape]


def _weight_calls(
    delta: np.ndarray, sample_weight: np.ndarray | None, total_weight: float
) -> Iterator[Call]:
    if sample_weight is not None:
        yield np.multiply, (delta, sample_weight[:, None], delta)
    yield np.multiply, (delta, constant(1.0 / total_weight, delta.dtype), delta)


def _dropout(
    layout: Layout,
    models: Sequence[Model],
    batch_size: int,
    dtype: np.dtype,
    streams: Sequence[np.random.Generator] | None,
) -> list[Dropout | None]:
    """Return dropout for the inputs and each hidden layer, ``None`` where nothing is left out."""
    widths = layout.layer_sizes[:-1]
    none = (0.0,) * len(widths)
    rates = list(zip(*(model.dropout or none for model in models), strict=True))
    if not np.any(rates):
        return [None] * len(widths)
    streams = streams or mask_streams(0, len(widths))
    return [
        Dropout(rate, stream, batch_size, width, dtype) if any(rate) else None
        for rate, stream, width in zip(rates, streams, widths, strict=True)
    ]
