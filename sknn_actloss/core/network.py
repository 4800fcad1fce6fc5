"""Networks of one shape, trained in lockstep: forward pass, loss and gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from sknn_actloss._component import runs
from sknn_actloss._numeric import constant
from sknn_actloss.activations import Activation
from sknn_actloss.core.model import Model
from sknn_actloss.core.objective import Objective
from sknn_actloss.core.parameters import Layout
from sknn_actloss.core.passes import Hidden, Pass
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

    Attributes
    ----------
    weights, biases : list of ndarray
        Views of the parameters by layer.
    hidden : list of list of (slice, (Activation,))
        Activations of the hidden layers.
    gradient : ndarray of shape (n_members, n_params)
        Derivative of the mean loss by the parameters after :meth:`differentiate`.
    """

    def __init__(
        self,
        layout: Layout,
        models: Sequence[Model],
        params: np.ndarray,
        batch_size: int,
        group_size: int | None = None,
    ) -> None:
        dtype = params.dtype
        self.params = params
        self.gradient = np.empty_like(params)
        self.hidden = hidden_layers([model.activations for model in models], dtype)
        self._views, self._gradient_views = layout.views(params), layout.views(self.gradient)
        self.weights, self.biases = self._views
        #: The parameters that L2 penalty and weight decay act on: all weights.
        self.decaying = params[:, : layout.n_weights]
        self._decaying_gradient = self.gradient[:, : layout.n_weights]
        self._objective = Objective(models, dtype)
        self._alpha = _per_member([model.alpha for model in models], dtype)
        self._shrinkage = np.empty_like(self.decaying) if self._alpha is not None else None
        keeps_input = [_reads_input(layer) for layer in self.hidden]
        self._space = Workspace(layout, params, batch_size, group_size or batch_size, keeps_input)
        self._passes: dict[tuple[int, int, bool], Pass] = {}

    def loss_and_gradient(
        self,
        X: np.ndarray | sparse.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        total_weight: float,
    ) -> np.ndarray:
        """Return each member's loss on a batch and write its gradient.

        The loss is ``(sum_i w_i loss_i + alpha / 2 * |weights|^2) / total_weight``.

        Parameters
        ----------
        X : ndarray or CSR of shape (batch, n_features)
            Rows of the batch.
        y : ndarray of shape (batch, n_outputs)
            Targets; the states of classes and labels as 0 and 1.
        sample_weight : ndarray of shape (batch,) or None
            Weights of the rows.
        total_weight : float
            Rows of the batch times the mean weight of the training rows.

        Returns
        -------
        losses : ndarray of shape (n_members,)
        """
        self.differentiate(X, y, sample_weight, total_weight, slice(0, len(y)))
        return self.losses(y, sample_weight) / total_weight

    def differentiate(
        self,
        X: np.ndarray | sparse.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        total_weight: float,
        rows: slice,
    ) -> None:
        """Write the gradient of the loss on a batch.

        Parameters
        ----------
        X, y, sample_weight, total_weight
            As in :meth:`loss_and_gradient`.
        rows : slice
            The place of the batch in its group.
        """
        space = self._pass(rows, not isinstance(X, np.ndarray))
        space.forward(X)
        self._objective.gradient(y, space)
        delta = space.delta
        if sample_weight is not None:
            np.multiply(delta, sample_weight[:, None], delta)
        np.multiply(delta, constant(1.0 / total_weight, delta.dtype), delta)
        space.backward(X)
        if self._alpha is not None:
            self._penalise(total_weight, space.squares)

    def losses(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        """Return each member's sum of losses since the last call: one group of batches.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Targets of the group.
        sample_weight : ndarray of shape (n_rows,) or None
            Weights of its rows.

        Returns
        -------
        losses : ndarray of shape (n_members,)
            ``sum_i w_i loss_i + alpha / 2 * sum_batches |weights|^2``
        """
        values = self._objective.value(y, self._space.raw[:, : len(y)])
        losses = values.sum(axis=1) if sample_weight is None else values @ sample_weight
        if self._alpha is not None:
            n_batches = -(-len(y) // self._space.batch_size)
            squares = self._space.squares[:n_batches].sum(axis=0, dtype=np.float64)
            losses = losses + 0.5 * np.ravel(self._alpha) * squares
        return losses

    def _pass(self, rows: slice, is_sparse: bool) -> Pass:
        key = rows.start, rows.stop, is_sparse
        if key not in self._passes:
            self._passes[key] = Pass(
                self._views, self._gradient_views, self.hidden, self._space, rows, is_sparse
            )
        return self._passes[key]

    def _penalise(self, total_weight: float, squares: np.ndarray) -> None:
        weights, gradient, shrinkage = self.decaying, self._decaying_gradient, self._shrinkage
        np.multiply(weights, constant(self._alpha / total_weight, weights.dtype), shrinkage)
        np.add(gradient, shrinkage, gradient)
        np.vecdot(weights, weights, squares)


def hidden_layers(activations: Sequence[Sequence[Activation]], dtype: np.dtype) -> Hidden:
    """Stack the hidden activations of all members, layer by layer."""
    return [runs(layer, dtype=dtype) for layer in zip(*activations, strict=True)]


def _reads_input(layer: list[tuple[slice, tuple[Activation]]]) -> bool:
    return any(activation.reads_input for _, (activation,) in layer)


def _per_member(values: Sequence[float], dtype: np.dtype) -> float | np.ndarray | None:
    """Return ``None`` if all are zero, a number if all agree, else an array (n_members, 1)."""
    if not any(values):
        return None
    if len(set(values)) == 1:
        return float(values[0])
    return np.array(values, dtype)[:, None]
