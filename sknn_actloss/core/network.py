"""Networks of one shape, trained in lockstep: forward pass, loss and gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import Call, run
from sknn_actloss.core.dropout import Dropout, mask_streams
from sknn_actloss.core.inference import bind, hidden_outputs, raw_outputs
from sknn_actloss.core.layers import Bound, Frame
from sknn_actloss.core.layout import Layout, Slot
from sknn_actloss.core.model import Model, layers_of
from sknn_actloss.core.objective import Objective
from sknn_actloss.core.penalty import Penalty
from sknn_actloss.core.rows import Rows
from sknn_actloss.core.workspace import Room, Workspace

#: A factor of the learning rate, or an array (n_members, 1) where members differ.
Factor = float | np.ndarray


class LayerSignals(NamedTuple):
    """What flows through a linear layer for the rows of a batch.

    Attributes
    ----------
    inputs : Rows or ndarray of shape (n_members, batch, n_inputs)
        What it takes in: the rows of X, before any scaling of features, in front of the first.
    outputs : ndarray of shape (n_members, batch, units) or None
        What the activation behind it puts out; ``None`` behind the last layer.
    delta : ndarray of shape (n_members, batch, units)
        Derivative of the sum of losses with respect to its pre-activations.
    """

    inputs: Rows | np.ndarray
    outputs: np.ndarray | None
    delta: np.ndarray


class Network:
    """A stack of networks of one shape.

    Parameters
    ----------
    layout : Layout
        Where their parameters lie.
    models : sequence of Model
        One for each member.
    params : ndarray of shape (n_members, row_size)
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
    rates_move_together : bool, default=True
        Whether dropout rates that are equal at first are so at any time.

    Attributes
    ----------
    layout : Layout
    layers : list of Layer
        From the rows to the raw outputs.
    views : Views
        Views of the parameters by slot.
    trained : ndarray of shape (n_members, n_params)
        View of the parameters that solvers update: all but running moments.
    decaying : ndarray of shape (n_members, n_weights)
        View of the parameters that L2 penalty and weight decay act on: all weights.
    workspace : Workspace
        Room for what flows through the networks.
    gradient : ndarray of shape (n_members, n_params)
        Derivative of the mean loss with respect to the parameters, written by the calls of
        :meth:`bind`.
    gradient_views : Views
        Views of the gradient by slot.
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
        rates_move_together: bool = True,
    ) -> None:
        self.layout, dtype = layout, params.dtype
        self.params, self.trained = params, layout.trained(params)
        self.gradient = np.empty_like(self.trained)
        self.views, self.gradient_views = layout.views(params), layout.views(self.gradient)
        self.decaying = layout.decaying(params)
        room = batch_size, dtype
        self._dropout = _dropout(layout, models, room, streams, rates_move_together)
        self.layers = layers_of(models, layout.layer_sizes, dtype, self._dropout)
        self._objective = Objective(models, dtype)
        alpha, l1 = [model.alpha for model in models], [model.l1 for model in models]
        self._penalty = Penalty(layout, self.trained, self.gradient, alpha, l1)
        needs = layout, params, batch_size, group_size or batch_size
        if workspace is None or not workspace.serves(*needs):
            workspace = Workspace(*needs)
        self.workspace = workspace

    def bind(
        self,
        X: Rows,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        total_weight: float | np.ndarray,
        rows: slice,
    ) -> list[Call]:
        """Return the calls that write the gradient of the loss on a batch.

        The loss is ``(sum_i w_i loss_i + penalty) / total_weight``, see :class:`Penalty`. The calls
        hold for as long as the arrays do, whatever is written to them.

        Parameters
        ----------
        X : Rows
            Rows of the batch.
        y : ndarray of shape (batch, n_outputs)
            Targets; the states of classes and labels as 0 and 1.
        sample_weight : ndarray of shape (batch,) or (n_members, batch), or None
            Weights of the rows, for all members or for each of them.
        total_weight : float or ndarray of shape (n_members,)
            Rows of the batch times the mean weight of the training rows.
        rows : slice
            Where the batch lies in its group.
        """
        workspace, room = self.workspace, self.workspace.room(rows.stop - rows.start)
        room.place("raw outputs", self.layers[-1].index, workspace.raw[:, rows])
        layers = list(self._bound(X, room, sample_weight))
        delta, batch = layers[-1].grad, rows.start // workspace.batch_size
        share = 1.0 / total_weight
        share = share[:, None, None] if isinstance(share, np.ndarray) else share
        sums = workspace.squares[batch], workspace.magnitudes[batch]
        outputs = workspace.output_room(room, delta, rows), workspace.notes[:, rows]
        return kernels.fused(
            [
                *(call for layer in layers for call in layer.forward),
                *self._objective.gradient_calls(y, *outputs),
                *kernels.weigh(delta, sample_weight, share),
                *(call for layer in reversed(layers) for call in layer.backward),
                *self._penalty.calls(total_weight, *sums),
            ]
        )

    def bind_losses(
        self, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> Callable[[], np.ndarray]:
        """Return what sums up the losses of a group of batches, whatever is written to the arrays.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Targets of the group.
        sample_weight : ndarray of shape (n_rows,) or (n_members, n_rows), or None
            Weights of its rows.

        Returns
        -------
        losses : callable
            Returns ``sum_i w_i loss_i + sum_batches penalty`` of each member, (n_members,), with
            the weights and the outputs of each batch as they were when its gradient was computed.
            It may spoil the outputs: they are to be written anew before the next call.
        """
        room, n_batches = self.workspace, -(-len(y) // self.workspace.batch_size)
        noted = room.squares[:n_batches], room.magnitudes[:n_batches]
        values = np.empty_like(room.raw, shape=(len(room.raw), len(y)))
        raw, notes = room.raw[:, : len(y)], room.notes[:, : len(y)]
        calls = kernels.fused(list(self._objective.value_calls(y, raw, values, notes)))

        def losses() -> np.ndarray:
            run(calls)
            if sample_weight is None:
                sums = np.add.reduce(values, 1)  # the ufunc starts sooner than the method
            else:
                has_own = sample_weight.ndim == 2
                sums = np.vecdot(values, sample_weight) if has_own else values @ sample_weight
            return sums + self._penalty.values(*noted)

        return losses

    def losses(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        """Return what :meth:`bind_losses` returns for these arrays."""
        return self.bind_losses(y, sample_weight)()

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

    def raw_outputs(
        self, X: Rows, params: np.ndarray | None = None, rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Return raw outputs (n_members, n_rows, n_outputs) as predictions compute them.

        Parameters
        ----------
        X : Rows
            Rows to predict.
        params : ndarray of shape (n_members, row_size), optional
            Parameters to take instead of those of the network.
        rows : ndarray of int, optional
            Predict these rows of ``X`` only.
        """
        views = self.views if params is None else self.layout.views(params)
        return raw_outputs(X, self.layers, views, rows)

    def scale_dropout(self, shares: np.ndarray) -> None:
        """Leave out shares (n_members,) of the first dropout rates from here on."""
        for dropout in self._dropout:
            if dropout is not None:
                dropout.go_to(shares)

    def signals(self, X: Rows, y: np.ndarray) -> list[LayerSignals]:
        """Send a batch forward and backward, and return what flows through each linear layer.

        Parameters
        ----------
        X : Rows
            Rows of the batch.
        y : ndarray of shape (batch, n_outputs)
            Targets.
        """
        hidden = list(hidden_outputs(X, self.layers, self.views))
        inputs = [X, *(passed for _, passed in hidden)]
        outputs = [*(outputs for outputs, _ in hidden), None]
        rows = slice(0, len(y))
        run(self.bind(X, y, None, 1.0, rows))
        bound = self._bound(X, self.workspace.room(len(y)), None)
        deltas = [
            layer_bound.grad
            for layer, layer_bound in zip(self.layers, bound, strict=True)
            if layer.is_linear
        ]
        return [LayerSignals(*parts) for parts in zip(inputs, outputs, deltas, strict=True)]  # type: ignore[arg-type]

    def rate_factors(
        self, of_weights: Callable[[int], Factor], members: slice = slice(None)
    ) -> list[tuple[slice, Factor]]:
        """Return factors of the learning rate by columns of the trained parameters.

        Neighbours of one factor come as one slice.

        Parameters
        ----------
        of_weights : callable
            Returns the factor of the weights of a layer, given its number of inputs.
        members : slice, optional
            The members that are asked for, all by default.
        """
        own = {key: factor for layer in self.layers for key, factor in layer.rate_factors.items()}

        def factor(slot: Slot) -> Factor:
            of_layer = own.get(slot.key, 1.0)
            of_layer = of_layer[members] if isinstance(of_layer, np.ndarray) else of_layer
            return of_layer * of_weights(slot.shape[0]) if slot.decays else of_layer

        trained = [slot for slot in self.layout.ordered if slot.trained]
        found = []
        for _, group in groupby(trained, key=lambda slot: np.ravel(factor(slot)).tolist()):
            slots = list(group)
            first, last = (self.layout.columns(slot.key) for slot in (slots[0], slots[-1]))
            found.append((slice(first.start, last.stop), factor(slots[0])))
        return found

    def _bound(self, X: Rows, room: Room, sample_weight: np.ndarray | None) -> Iterator[Bound]:
        frame = Frame(self.views, self.gradient_views, room, sample_weight)
        return bind(X, self.layers, frame)


def _dropout(
    layout: Layout,
    models: Sequence[Model],
    room: tuple[int, np.dtype],
    streams: Sequence[np.random.Generator] | None,
    move_together: bool,
) -> list[Dropout | None]:
    """Return dropout for the inputs and each hidden layer, ``None`` where nothing is left out."""
    widths = layout.layer_sizes[:-1]
    none = (0.0,) * len(widths)
    rates = list(zip(*(model.dropout or none for model in models), strict=True))
    if not np.any(rates):
        return []
    streams, (batch_size, dtype) = streams or mask_streams(0, len(widths)), room
    return [
        Dropout(rate, stream, batch_size, width, dtype, move_together) if any(rate) else None
        for rate, stream, width in zip(rates, streams, widths, strict=True)
    ]
