"""What the loss did over the epochs of a fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sknn_actloss.core import Network, plain_layout
from sknn_actloss.estimators import Problem
from sknn_actloss.training import BestIterate, minimize

#: Epochs from which on the course of the loss is judged.
MIN_EPOCHS = 10


@dataclass(frozen=True)
class CourseReport:
    """The course of the training loss, and what rows say that it has not seen.

    Differences are measured in units of ``constant_loss``, so that they are differences of the
    share of the loss that a network explains: for the squared error, of R². Where losses may be
    below zero, the unit is the range of the training loss.

    Parameters
    ----------
    n_epochs : int
        Epochs, or iterations with "lbfgs".
    first_loss, last_loss : float or None
        Training loss of the first and the last epoch, penalties included.
    loss : float
        Mean loss of the rows given to ``diagnose``, without penalties.
    constant_loss : float
        That of the best constant output.
    explained : float or None
        Lowest training loss, as what it lies below ``constant_loss``.
    late_fall : float or None
        How far the last third of the epochs brought the lowest loss down.
    rise : float or None
        Sum of all rises from one epoch to the next, by the number of epochs.
    gap : float or None
        How far the loss on other rows lies above the training loss: on the validation rows of
        the fit, or else on the rows given to ``diagnose``.
    gap_rows : str
        Which rows these are: "validation rows" or "rows given".
    """

    n_epochs: int
    first_loss: float | None
    last_loss: float | None
    loss: float
    constant_loss: float
    explained: float | None = None
    late_fall: float | None = None
    rise: float | None = None
    gap: float | None = None
    gap_rows: str = "rows given"


def measure_course(estimator: Any, problem: Problem, loss: float) -> CourseReport:
    """Look at the curves of a fitted estimator; ``loss`` is that of the rows of the problem."""
    curve = np.asarray(estimator.loss_curve_, float)
    constant = constant_loss(problem)
    if not len(curve):
        return CourseReport(0, None, None, loss, constant)
    report = CourseReport(len(curve), float(curve[0]), float(curve[-1]), loss, constant)
    positive = min(curve.min(), loss, constant) >= 0 < constant < np.inf
    unit = constant if positive else float(np.ptp(curve))
    if not unit:
        return report
    gap, rows = _gap(estimator, curve, loss)
    report = replace(report, gap=gap / unit, gap_rows=rows)
    return report if len(curve) < MIN_EPOCHS else replace(report, **_shape(curve, constant, unit))


def constant_loss(problem: Problem) -> float:
    """Return the mean loss of the best constant output, without penalties."""
    model = replace(
        problem.model,
        activations=(),
        alpha=0.0,
        l1=0.0,
        dropout=(),
        normalization=None,
        feature_scale=None,
    )
    layout, n_rows = plain_layout((1, problem.layout.layer_sizes[-1])), len(problem.y)
    y = problem.y.astype(np.float64)
    weights = problem.sample_weight
    weights = weights if weights is None else weights.astype(np.float64)
    network = Network(layout, [model], np.zeros((1, layout.row_size)), n_rows)
    objective = BestIterate(network, np.zeros((n_rows, 1)), y, weights)
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


def _shape(curve: np.ndarray, constant: float, unit: float) -> dict[str, float]:
    late = 2 * len(curve) // 3
    rises = np.diff(curve)
    return {
        "explained": float((constant - curve.min()) / unit),
        "late_fall": float((curve[:late].min() - curve.min()) / unit),
        "rise": float(rises[rises > 0].sum() / len(rises) / unit),
    }


def _gap(estimator: Any, curve: np.ndarray, loss: float) -> tuple[float, str]:
    """Return how far other rows lie above the training loss in the epoch that was kept."""
    epoch = _kept_epoch(estimator, curve)
    validation = getattr(estimator, "validation_loss_curve_", None) or ()
    if len(validation) < len(curve):
        return loss - float(curve[epoch]), "rows given"
    return float(validation[epoch] - curve[epoch]), "validation rows"


def _kept_epoch(estimator: Any, curve: np.ndarray) -> int:
    """Return the epoch after which the network had the weights that it has."""
    restores, scores = estimator.restore_best, estimator.validation_scores_ or ()
    if restores == "auto":
        restores = bool(estimator.early_stopping)
    if not restores:
        return len(curve) - 1
    if len(scores) < len(curve):
        return int(np.argmin(curve))
    return int(np.nanargmax(scores[: len(curve)]))
