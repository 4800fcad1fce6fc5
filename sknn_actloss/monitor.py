"""What a fit records of its network after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from sknn_actloss._component import Component

__all__ = ["Monitor", "resolve_monitor"]


@dataclass(repr=False)
class Monitor(Component):
    """What a network is judged by after each epoch, and on which rows.

    As ``monitor`` of an estimator, a plain metric is short for ``Monitor(metric)``: it is about
    validation rows, and early stopping goes by it. ``Monitor(metric, training=True)`` records it
    for the rows that the network learns from as well, with validation rows and without, as
    ``score_curve_``; training goes the same way. That costs a prediction of these rows in each
    epoch.

    Parameters
    ----------
    metric : str or callable, default="score"
        "score" (accuracy or R^2), "loss" (the negative loss without penalties), the name of a
        scorer of scikit-learn, or a callable ``scorer(estimator, X, y)``.
    training : bool, default=False
        Whether the training rows are scored.

    See Also
    --------
    sknn_actloss.inspection.LossCurveDisplay : Draws what was recorded.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier, Monitor
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), monitor=Monitor("accuracy", training=True), tol=0.01)
    >>> model.fit(X, y).n_iter_ == len(model.score_curve_)
    True
    """

    metric: str | Callable[..., Any] = "score"
    training: bool = False

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "metric": [str, callable],
        "training": ["boolean"],
    }


def resolve_monitor(spec: Any) -> Monitor:
    """Turn a metric or an instance into a checked monitor.

    Parameters
    ----------
    spec : str, callable or Monitor
        What the user gave.

    Returns
    -------
    monitor : Monitor
        An instance whose values are checked.

    Raises
    ------
    ValueError
        If a value is out of its range.
    TypeError
        If ``spec`` is none of these.

    See Also
    --------
    Monitor : What it returns.

    Examples
    --------
    >>> from sknn_actloss.monitor import resolve_monitor
    >>> resolve_monitor("accuracy")
    Monitor(metric='accuracy', training=False)
    """
    monitor = spec if isinstance(spec, Monitor) else Monitor(spec)
    monitor.validate()
    return monitor
