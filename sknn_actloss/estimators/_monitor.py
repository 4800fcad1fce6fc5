"""What validation rows are judged by: score, loss, or a scorer of scikit-learn's kind."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names

from sknn_actloss._sklearn import takes_sample_weight, unavailable_responses

#: Quantities that need no scorer.
OWN = ("score", "loss")


def is_default(monitor: Any) -> bool:
    """Whether ``monitor`` is as in scikit-learn."""
    return isinstance(monitor, str) and monitor == "score"


def check_name(estimator: Any) -> None:
    """Raise a ValueError where a name stands for nothing to monitor."""
    monitor = estimator.monitor
    if isinstance(monitor, str) and monitor not in (*OWN, *get_scorer_names()):
        raise ValueError(f"monitor={monitor!r} is not known. {_advice(estimator)}")


def resolve_monitor(estimator: Any) -> Callable[..., float] | None:
    """Return the scorer that an estimator monitors, ``None`` for score and loss.

    Raises
    ------
    ValueError
        If it is a metric function, or if it needs predictions that the estimator does not make.
    """
    monitor = estimator.monitor
    if isinstance(monitor, str):
        if monitor in OWN:
            return None
        scorer = get_scorer(monitor)
    else:
        scorer = check_scoring(estimator, monitor)
    missing = unavailable_responses(scorer, estimator)
    if missing:
        raise ValueError(
            f"monitor={monitor!r} needs {' or '.join(missing)}, which {type(estimator).__name__} "
            f"does not have with loss={estimator.loss!r}. {_advice(estimator)}"
        )
    return scorer


def monitored(
    scorer: Callable[..., Any], network: Any, X: Any, y: Any, sample_weight: np.ndarray | None
) -> float:
    """Return the score of a fitted estimator; weights go to scorers that take them.

    Raises
    ------
    ValueError
        If the scorer does not return a number.
    """
    is_weighted = sample_weight is not None and takes_sample_weight(scorer)
    score = scorer(network, X, y, **({"sample_weight": sample_weight} if is_weighted else {}))
    if isinstance(score, np.ndarray) and score.ndim == 0:
        score = score.item()
    if not isinstance(score, Real):
        raise ValueError(f"monitor={scorer!r} must return a number, but it returned {score!r}.")
    return float(score)


def _advice(estimator: Any) -> str:
    scorers = {name: get_scorer(name) for name in get_scorer_names()}
    names = [name for name in scorers if not unavailable_responses(scorers[name], estimator)]
    return (
        "Pass 'score', 'loss', a callable scorer(estimator, X, y), or the name of a scorer: "
        f"{', '.join(names)}."
    )
