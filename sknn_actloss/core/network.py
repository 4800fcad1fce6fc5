"""Networks of one shape, trained in lockstep: forward pass, loss and gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from sknn_actloss._component import runs
from sknn_actloss.activations import Activation
from sknn_actloss.core.model import Model
from sknn_actloss.core.objective import Objective
from sknn_actloss.core.parameters import Layout
from sknn_actloss.core.workspace import Workspace

#: Hidden layers, each as runs of members that share a stacked activation.
Hidden = list[list[tuple[slice, tuple[Activation]]]]


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
    n_rows : int
        Rows of the largest batch.

    Attributes
    ----------
    gradient : ndarray of shape (n_members, n_params)
        Derivative of the mean loss by the parameters after :meth:`loss_and_gradient`.
    """

    def __init__(
        self, layout: Layout, models: Sequence[Model], params: np.ndarray, n_rows: int
    ) -> None:
        dtype = params.dtype
        self.params = params
        self.gradient = np.empty_like(params)
        self.weights, self.biases = layout.weights(params), layout.biases(params)
        self.hidden = hidden_layers([model.activations for model in models], dtype)
        self._n_weights = layout.n_weights
        self._weight_gradients = layout.weights(self.gradient)
        self._bias_gradients = layout.biases(self.gradient)
        self._objective = Objective(models, dtype)
        self._alpha = _per_member([model.alpha for model in models], dtype)
        self._penalty = np.empty((len(models), layout.n_weights), dtype)
        self._keeps_input = [_reads_input(layer) for layer in self.hidden]
        self._workspace = Workspace(layout, len(models), n_rows, self._keeps_input, dtype)

    @property
    def decaying(self) -> np.ndarray:
        """View of the parameters that L2 penalty and weight decay act on: all weights."""
        return self.params[:, : self._n_weights]

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
        space = self._workspace.rows(X.shape[0])
        self._forward(X, space)
        values = self._objective.value_and_gradient(y, space)
        delta = space.deltas[-1]
        if sample_weight is None:
            losses = values.sum(axis=1)
        else:
            losses = values @ sample_weight
            delta *= sample_weight[:, None]
        delta *= 1.0 / total_weight
        self._backward(X, space)
        losses /= total_weight
        if self._alpha is not None:
            losses += self._penalise(1.0 / total_weight)
        return losses

    def _forward(self, X: np.ndarray | sparse.csr_array, space: Workspace) -> None:
        a = X
        for layer, (z, weights, bias) in enumerate(
            zip(space.inputs, self.weights, self.biases, strict=True)
        ):
            matmul(a, weights, z)
            z += bias
            if layer < len(self.hidden):
                a = space.outputs[layer]
                for members, (activation,) in self.hidden[layer]:
                    activation.forward(z[members], a[members])

    def _backward(self, X: np.ndarray | sparse.csr_array, space: Workspace) -> None:
        for layer in reversed(range(len(self.weights))):
            delta = space.deltas[layer]
            below = space.outputs[layer - 1] if layer else X
            matmul(_transposed(below), delta, self._weight_gradients[layer])
            np.matmul(space.ones, delta, out=self._bias_gradients[layer])
            if layer:
                grad = space.deltas[layer - 1]
                np.matmul(delta, _transposed(self.weights[layer]), out=grad)
                z, kept = space.inputs[layer - 1], self._keeps_input[layer - 1]
                for members, (activation,) in self.hidden[layer - 1]:
                    activation.backward(z[members] if kept else None, below[members], grad[members])

    def _penalise(self, scale: float) -> np.ndarray:
        alpha = self._alpha * scale
        np.multiply(self.decaying, alpha, out=self._penalty)
        self.gradient[:, : self._n_weights] += self._penalty
        return 0.5 * np.vecdot(self.decaying, self._penalty)


def hidden_layers(activations: Sequence[Sequence[Activation]], dtype: np.dtype) -> Hidden:
    """Stack the hidden activations of all members, layer by layer."""
    return [runs(layer, dtype=dtype) for layer in zip(*activations, strict=True)]


def matmul(X: np.ndarray | sparse.csr_array, weights: np.ndarray, out: np.ndarray) -> None:
    """Write ``X @ weights`` for each member; ``X`` may be shared, dense or sparse."""
    if isinstance(X, np.ndarray):
        np.matmul(X, weights, out=out)
    else:
        for member, target in zip(weights, out, strict=True):
            target[...] = X @ member


def _transposed(X: np.ndarray | sparse.csr_array) -> np.ndarray | sparse.csc_array:
    return X.swapaxes(-1, -2) if isinstance(X, np.ndarray) else X.T


def _reads_input(layer: list[tuple[slice, tuple[Activation]]]) -> bool:
    return any(activation.reads_input for _, (activation,) in layer)


def _per_member(values: Sequence[float], dtype: np.dtype) -> float | np.ndarray | None:
    """Return ``None`` if all are zero, a number if all agree, else an array (n_members, 1)."""
    if not any(values):
        return None
    if len(set(values)) == 1:
        return float(values[0])
    return np.array(values, dtype)[:, None]
