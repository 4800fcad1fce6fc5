"""What flows through a fitted network: activations, gradients and the loss over rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sknn_actloss.activations import Activation
from sknn_actloss.core import LayerSignals, Model, Network, Rows, as_rows
from sknn_actloss.training import Task

#: Rows that go through the network together.
BLOCK_SIZE = 1000

#: How near to an end of its range an output is saturated, as a share of the range. There the
#: slope of logistic and tanh is 4 % of the steepest.
MARGIN = 0.01


@dataclass(frozen=True)
class Signals:
    """What flows through a network, in the way that predictions see it.

    Parameters
    ----------
    hidden : list of Outputs
        Outputs of each hidden layer.
    gradient_norms : list of float
        For each layer of weights, the root of the mean over rows of the squared norm of the
        derivative of a row's loss with respect to the weights.
    loss : float
        Mean loss of the rows, without penalties.
    """

    hidden: list[Outputs]
    gradient_norms: list[float]
    loss: float


class Outputs:
    """Sums over the outputs of a hidden layer, block by block.

    Parameters
    ----------
    activation : Activation
    n_units : int
    """

    def __init__(self, activation: Activation, n_units: int) -> None:
        self.activation = activation
        self._bounds = _saturation_bounds(activation)
        self._alive = np.zeros(n_units, bool)
        self._sums = np.zeros(4)

    def add(self, a: np.ndarray) -> None:
        """Take in the outputs (n_rows, n_units) of a block of rows."""
        low, high = self._bounds
        a = a.astype(np.float64, copy=False)
        self._alive |= a.any(axis=0)
        n_saturated = np.count_nonzero((a <= low) | (a >= high))
        self._sums += a.size, a.sum(), np.square(a).sum(), n_saturated  # type: ignore[arg-type]

    @property
    def dead(self) -> float:
        """Share of the units that are zero for all rows."""
        return float(1 - self._alive.mean())

    @property
    def saturated(self) -> float | None:
        """Share of the outputs near an end of the range, ``None`` where it is unbounded."""
        return float(self._sums[3] / self._sums[0]) if np.isfinite(self._bounds).any() else None

    @property
    def mean(self) -> float:
        """Mean over rows and units."""
        return float(self._sums[1] / self._sums[0])

    @property
    def std(self) -> float:
        """Standard deviation over rows and units."""
        with np.errstate(over="ignore", invalid="ignore"):
            mean, mean_square = self._sums[1:3] / self._sums[0]
            return float(np.sqrt(np.maximum(mean_square - mean**2, 0.0)))


def measure_signals(task: Task, model: Model, params: np.ndarray) -> Signals:
    """Send all rows forward and backward through a network, without dropout and penalties.

    Batch normalisation takes its running moments, as it does in predictions.

    Parameters
    ----------
    task : Task
        The rows.
    model : Model
        What the network computes.
    params : ndarray of shape (1, row_size)
        Its parameters.
    """
    model, sizes = model.as_predicting(), task.layout.layer_sizes
    network = Network(task.layout, [model], params, min(BLOCK_SIZE, task.y.n_rows))
    hidden = [Outputs(*units) for units in zip(model.activations, sizes[1:-1], strict=True)]
    squares, loss, total = np.zeros(task.layout.n_layers), 0.0, 0.0
    with np.errstate(all="ignore"):
        for X, y, weights in _blocks(task, params.dtype):
            squares += weights @ _row_gradients(X, network.signals(X, y), hidden)
            loss += float(network.losses(y, weights.astype(y.dtype))[0])
            total += weights.sum()
        return Signals(hidden, np.sqrt(squares / total).tolist(), float(loss / total))


def _row_gradients(X: Rows, layers: Sequence[LayerSignals], hidden: list[Outputs]) -> np.ndarray:
    """Take in the outputs of a block of rows, and return what their gradients are like.

    Returns
    -------
    squares : ndarray of shape (n_rows, n_layers)
        Squared norms of the derivative of each row's loss with respect to the weights: it is the
        outer product of what the layer takes in and of the derivative with respect to its
        pre-activations.
    """
    for outputs, layer in zip(hidden, layers[:-1], strict=True):
        outputs.add(layer.outputs[0])
    inputs = [X, *(as_rows(layer.inputs[0]) for layer in layers[1:])]  # type: ignore[index]
    sizes = np.stack([rows.row_squares() for rows in inputs], axis=1)
    return sizes * np.stack([as_rows(layer.delta[0]).row_squares() for layer in layers], axis=1)


def _blocks(task: Task, dtype: np.dtype) -> Iterator[tuple[Rows, np.ndarray, np.ndarray]]:
    """Yield rows and targets in the data type of the network, and weights in double precision."""
    n_rows, weights = task.y.n_rows, task.sample_weight
    weights = np.ones(n_rows) if weights is None else weights.astype(np.float64, copy=False)
    for start in range(0, n_rows, BLOCK_SIZE):
        rows = slice(start, min(start + BLOCK_SIZE, n_rows))
        yield task.X.block(rows, dtype), task.y.dense(rows), weights[rows]


def _saturation_bounds(activation: Activation) -> tuple[float, float]:
    """Return the outputs beyond which the activation is saturated, infinite where it never is.

    An end that it has at zero input is where it rests, as ``relu6`` does at zero.
    """
    low, high, *_ = activation.range
    margin, rest = MARGIN * (high - low), activation(np.zeros((1, 1, 1))).item()
    if not np.isfinite(margin):
        return -np.inf, np.inf
    low, high = low + margin, high - margin
    return (low if rest > low else -np.inf), (high if rest < high else np.inf)
