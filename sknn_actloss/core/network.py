"""Networks of one shape, trained in lockstep: forward pass, loss and gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from sknn_actloss._calls import Call
from sknn_actloss._numeric import constant
from sknn_actloss.activations import Activation
from sknn_actloss.core.model import Model, hidden_layers
from sknn_actloss.core.objective import Objective
from sknn_actloss.core.parameters import Layout
from sknn_actloss.core.program import backward_calls, forward_calls
from sknn_actloss.core.workspace import Workspace


class Network:
    """A stack of networks of one shape.

    Parameters
    ----------
    layout : Layout
        Sizes of the layers.
    models : sequence of Model
        One for each member.
    params : ndarray of shape (n_members, n_params)
        Parameters, a row for each member; read and written in place by those who train.
    batch_size : int
        Rows of the largest batch.
    group_size : int, optional
        Rows of the largest group of batches between two calls of :meth:`losses`; by default
        those of one batch.
    workspace : Workspace, optional
        That of an earlier network, used again where it serves.

    Attributes
    ----------
    weights, biases : list of ndarray
        Views of the parameters by layer.
    hidden : list of list of (slice, (Activation,))
        Activations of the hidden layers.
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
    ) -> None:
        dtype = params.dtype
        self.params = params
        self.gradient = np.empty_like(params)
        self.hidden = hidden_layers([model.activations for model in models], dtype)
        self._views, self._gradient_views = layout.views(params), layout.views(self.gradient)
        self.weights, self.biases, _ = self._views
        self.decaying = layout.decaying(params)
        self._decaying_gradient = layout.decaying(self.gradient)
        self._objective = Objective(models, dtype)
        self._alpha = _per_member([model.alpha for model in models])
        keeps_input = [_reads_input(layer) for layer in self.hidden]
        needs = layout, params, batch_size, group_size or batch_size, keeps_input
        reused = workspace is not None and workspace.serves(*needs)
        self.workspace = workspace if reused else Workspace(*needs)
        self._layout, self._penalties = layout, {}
        is_mixed = isinstance(self._alpha, np.ndarray)
        shrinking = params if is_mixed else self.decaying
        self._shrinkage = None if self._alpha is None else np.empty_like(shrinking)

    def bind(
        self,
        X: np.ndarray | sparse.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        total_weight: float,
        rows: slice,
    ) -> list[Call]:
        """Return the calls that write the gradient of the loss on a batch.

        The loss is ``(sum_i w_i loss_i + alpha / 2 * |weights|^2) / total_weight``. The calls hold
        for as long as the arrays do, whatever is written to them.

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
        return [
            *forward_calls(X, self._views, self.hidden, signals),
            *self._objective.gradient_calls(y, signals),
            *_weight_calls(signals.deltas[-1], sample_weight, total_weight),
            *backward_calls(X, self._views, self._gradient_views, self.hidden, signals),
            *self._penalty_calls(total_weight, signals.squares),
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
            ``sum_i w_i loss_i + alpha / 2 * sum_batches |weights|^2``, with the weights and the
            outputs of each batch as they were when its gradient was computed.
        """
        values = self._objective.value(y, self.workspace.raw[:, : len(y)])
        losses = values.sum(axis=1) if sample_weight is None else values @ sample_weight
        if self._alpha is not None:
            n_batches = -(-len(y) // self.workspace.batch_size)
            squares = self.workspace.squares[:n_batches].sum(axis=0, dtype=np.float64)
            losses = losses + 0.5 * np.ravel(self._alpha) * squares
        return losses

    def _penalty_calls(self, total_weight: float, squares: np.ndarray) -> Iterator[Call]:
        if self._alpha is None:
            return
        params, gradient = self.decaying, self._decaying_gradient
        alpha = np.asarray(self._alpha / total_weight, self.params.dtype)
        if alpha.ndim:
            # Whole rows, biases with a penalty of zero, take one loop instead of one per member.
            params, gradient, alpha = self.params, self.gradient, self._by_param(alpha)
        shrinkage = self._shrinkage
        yield np.multiply, (params, alpha, shrinkage)
        yield np.add, (gradient, shrinkage, gradient)
        if len(squares) == 1:
            yield np.dot, (self.decaying[0], self.decaying[0], squares.reshape(()))
        else:
            yield np.vecdot, (self.decaying, self.decaying, squares)

    def _by_param(self, alpha: np.ndarray) -> np.ndarray:
        """Return the penalty of each parameter, the same array for equal penalties."""
        key = alpha.tobytes()
        if key not in self._penalties:
            self._penalties[key] = np.zeros_like(self.params)
            self._layout.decaying(self._penalties[key])[...] = alpha
        return self._penalties[key]


def _weight_calls(
    delta: np.ndarray, sample_weight: np.ndarray | None, total_weight: float
) -> Iterator[Call]:
    if sample_weight is not None:
        yield np.multiply, (delta, sample_weight[:, None], delta)
    yield np.multiply, (delta, constant(1.0 / total_weight, delta.dtype), delta)


def _reads_input(layer: list[tuple[slice, tuple[Activation]]]) -> bool:
    return any(activation.reads_input for _, (activation,) in layer)


def _per_member(values: Sequence[float]) -> float | np.ndarray | None:
    """Return ``None`` if all are zero, a number if all agree, else an array (n_members, 1)."""
    if not any(values):
        return None
    return float(values[0]) if len(set(values)) == 1 else np.array(values, float)[:, None]
