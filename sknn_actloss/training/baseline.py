"""What a network has to beat: the best constant output, by its loss on the same rows."""

from __future__ import annotations

import numpy as np

from sknn_actloss.core import Model, Network, as_rows
from sknn_actloss.training.lbfgs import BestIterate, minimize
from sknn_actloss.training.targets import EncodedTargets

#: In units of the loss of a constant output: how far above it a network is worse, and the share
#: of it that one explains which has learnt something.
WORSE, EXPLAINED = 0.1, 0.2


def constant_loss(y: EncodedTargets, sample_weight: np.ndarray | None, model: Model) -> float:
    """Return the mean loss of the best constant output, without penalties.

    Parameters
    ----------
    y : EncodedTargets
    sample_weight : ndarray of shape (n_rows,) or None
    model : Model
        Has loss and output activation.
    """
    model = Model((), model.output, model.loss)
    layout = model.layout(1, (), y.n_columns * model.loss.outputs_per_target)
    weights = np.ones(y.n_rows) if sample_weight is None else sample_weight.astype(np.float64)
    columns, weights = y.distinct(weights)
    n_rows = len(columns)
    network = Network(layout, [model], np.zeros((1, layout.row_size)), n_rows)
    X, columns = as_rows(np.zeros((n_rows, 1))), columns.astype(np.float64)
    objective = BestIterate(network, X, columns, weights)
    minimize(
        objective,
        objective.start,
        max_iter=200,
        max_fun=1000,
        tol=1e-8,
        max_corrections=10,
        callback=lambda params, loss: False,
    )
    return objective.loss


@np.errstate(all="ignore")
def rough_constant_loss(y: EncodedTargets, sample_weight: np.ndarray | None, model: Model) -> float:
    """Return the mean loss of a constant output that is good, and found at once.

    Infinite where no constant that is looked at lies in the domain of the loss.
    """
    loss, weights = model.loss, np.ones(y.n_rows) if sample_weight is None else sample_weight
    columns, weights = y.distinct(weights)
    columns = columns.astype(np.float64)
    low, high = loss.encoding
    columns = columns if low == 0 else low + (high - low) * columns
    initial = loss.initial_prediction(columns, weights)
    mean = np.average(columns, axis=0, weights=weights).repeat(loss.outputs_per_target)
    likely = np.clip(mean, 1e-3, 1 - 1e-3)
    constants = [likely, mean, np.sign(mean)] if initial is None else [initial]
    found = [
        loss.value_of_prediction(
            columns, np.broadcast_to(constant, (1, len(columns), len(constant)))
        )
        for constant in constants
        if loss.prediction_domain.contains(constant)
    ]
    return min((float(np.average(values[0], weights=weights)) for values in found), default=np.inf)


def explained(loss: float, constant: float) -> float | None:
    """Return the share of the loss of a constant output that is gone, ``None`` for no share."""
    return (constant - loss) / constant if constant > 0 <= loss else None


def flaw_of_loss(loss: float, constant: float, rows: str) -> str:
    """Say that a network is worse than the best constant output, ``""`` where it is not.

    Parameters
    ----------
    loss, constant : float
        Loss of the network and of the best constant output, without penalties.
    rows : str
        What the rows are called.
    """
    if not loss - constant > WORSE * abs(constant) > 0:
        return ""
    return (
        f"The network is worse than a constant: its loss on the {rows} is {loss:.4g}, that of the "
        f"best constant output {constant:.4g}."
    )
