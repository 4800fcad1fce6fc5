"""The course of the loss over the epochs of a fit, and the loss of the best constant output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sknn_actloss.core import Model
from sknn_actloss.estimators import Settings
from sknn_actloss.training import Task, constant_loss

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
        Sum of all rises from one epoch to the next, divided by the number of epochs.
    gap : float or None
        How far the loss on other rows lies above the training loss: on the validation rows of
        the fit, or else on the rows given to ``diagnose``.
    gap_rows : str
        Which rows these are: "validation rows" or "rows given".

    See Also
    --------
    Diagnosis : Holds one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(scale(X), y)
    >>> diagnose(model, scale(X), y).course.loss < 0.1
    True
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


def measure_course(
    estimator: Any, settings: Settings, task: Task, model: Model, loss: float
) -> CourseReport:
    """Look at the curves of a fitted estimator.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        A fitted estimator.
    settings : Settings
        Its parameters.
    task : Task
        Rows to compare with.
    model : Model
        What the network computes.
    loss : float
        Its mean loss on these rows.
    """
    curve = np.asarray(estimator.loss_curve_, float)
    constant = constant_loss(task.y, task.sample_weight, model)
    if not len(curve):
        return CourseReport(0, None, None, loss, constant)
    report = CourseReport(len(curve), float(curve[0]), float(curve[-1]), loss, constant)
    positive = min(curve.min(), loss, constant) >= 0 < constant < np.inf
    unit = constant if positive else float(np.ptp(curve))
    if not unit:
        return report
    gap, rows = _gap(estimator, curve, loss, _restores(estimator, settings, model))
    report = replace(report, gap=gap / unit, gap_rows=rows)
    return report if len(curve) < MIN_EPOCHS else replace(report, **_shape(curve, constant, unit))


def _shape(curve: np.ndarray, constant: float, unit: float) -> dict[str, Any]:
    late = 2 * len(curve) // 3
    rises = np.diff(curve)
    return {
        "explained": float((constant - curve.min()) / unit),
        "late_fall": float((curve[:late].min() - curve.min()) / unit),
        "rise": float(rises[rises > 0].sum() / len(rises) / unit),
    }


def _gap(estimator: Any, curve: np.ndarray, loss: float, restores: bool) -> tuple[float, str]:
    """Return how far other rows lie above the training loss in the epoch that was kept."""
    scores = estimator.validation_scores_ or ()
    epoch = _best_epoch(curve, scores) if restores else len(curve) - 1
    validation = getattr(estimator, "validation_loss_curve_", None) or ()
    if len(validation) < len(curve):
        has_own = restores and estimator.best_loss_ is not None
        return loss - float(estimator.best_loss_ if has_own else curve[epoch]), "rows given"
    return float(validation[epoch] - curve[epoch]), "validation rows"


def _restores(estimator: Any, settings: Settings, model: Model) -> bool:
    """Whether the fit has kept the weights of its best epoch."""
    # Only where patience goes by validation rows is there no best training loss.
    return settings.member(model, early_stopping=estimator.best_loss_ is None).restore_best


def _best_epoch(curve: np.ndarray, scores: Sequence[float]) -> int:
    """Return the best epoch, by validation where there was one."""
    if len(scores) < len(curve):
        return int(np.argmin(curve))
    return int(np.nanargmax(scores[: len(curve)]))
