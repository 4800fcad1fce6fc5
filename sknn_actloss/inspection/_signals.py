"""What flows through a fitted network: activations, gradients and the loss over rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss._calls import run
from sknn_actloss.activations import Activation
from sknn_actloss.core import Model, Network, hidden_outputs
from sknn_actloss.estimators import Problem

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
        derivative of a row's loss.
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
        self._sums += a.size, a.sum(), np.square(a).sum(), n_saturated

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
        variance = self._sums[2] / self._sums[0] - self.mean**2
        return float(np.sqrt(np.maximum(variance, 0.0)))


def measure_signals(problem: Problem) -> Signals:
    """Send all rows forward and backward through a network, without dropout and penalties.

    Batch normalisation takes its running moments, as it does in predictions.
    """
    model = _bare(problem.model)
    network = Network(problem.layout, [model], problem.params, min(BLOCK_SIZE, len(problem.y)))
    hidden = [
        Outputs(activation, units)
        for activation, units in zip(
            model.activations, problem.layout.layer_sizes[1:-1], strict=True
        )
    ]
    squares, loss, total = np.zeros(problem.layout.n_layers), 0.0, 0.0
    with np.errstate(all="ignore"):
        for X, y, weights in _blocks(problem):
            sizes = _forward(network, X, hidden)
            squares += weights @ (sizes * _backward(network, X, y))
            loss += float(network.losses(y, weights.astype(y.dtype))[0])
            total += weights.sum()
        return Signals(hidden, np.sqrt(squares / total).tolist(), float(loss / total))


def _bare(model: Model) -> Model:
    """Return the model that predictions see: without dropout, by running moments."""
    norm = model.normalization
    norm = norm if norm is None else norm.frozen()
    return replace(model, alpha=0.0, l1=0.0, dropout=(), normalization=norm)


def _forward(network: Network, X: Any, hidden: list[Outputs]) -> np.ndarray:
    """Take in the outputs and return squared norms (n_rows, n_layers) of the layers' inputs."""
    sizes = [_row_squares(X)]
    for outputs, (a, passed) in zip(
        hidden, hidden_outputs(X, network.views, network.hidden), strict=True
    ):
        outputs.add(a[0])
        sizes.append(_row_squares(passed[0]))
    return np.stack(sizes, axis=1)


def _backward(network: Network, X: Any, y: np.ndarray) -> np.ndarray:
    """Return squared norms (n_rows, n_layers) of the derivatives by the products of the layers.

    A row's derivative by the weights is the outer product of this and what the layer takes in.
    """
    rows = slice(0, len(y))
    run(network.bind(X, y, None, 1.0, rows))
    deltas = network.workspace.signals(rows).deltas
    return np.stack([_row_squares(delta[0]) for delta in deltas], axis=1)


def _blocks(problem: Problem) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
    """Yield rows and targets in the data type of the network, and weights in double precision."""
    dtype, n_rows = problem.params.dtype, len(problem.y)
    for start in range(0, n_rows, BLOCK_SIZE):
        rows = slice(start, min(start + BLOCK_SIZE, n_rows))
        X = problem.X[rows].astype(dtype, copy=False)
        weights = problem.sample_weight
        weights = np.ones(n_rows)[rows] if weights is None else weights[rows]
        yield X, problem.y[rows], weights.astype(np.float64, copy=False)


def _row_squares(a: np.ndarray | sparse.csr_array) -> np.ndarray:
    if sparse.issparse(a):
        return np.asarray(a.multiply(a).sum(axis=1), np.float64).ravel()
    return np.einsum("ij,ij->i", a, a, dtype=np.float64)


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
