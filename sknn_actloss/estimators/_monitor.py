"""What validation rows are judged by: score, loss, or a scorer of scikit-learn's kind."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names

from sknn_actloss._sklearn import takes_sample_weight, unavailable_responses
from sknn_actloss._suggestion import did_you_mean
from sknn_actloss.core import Model
from sknn_actloss.estimators._attributes import Template
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._targets import Targets
from sknn_actloss.training import Holdout, Judge, LossJudge

#: Quantities that need no scorer.
OWN = ("score", "loss")


def is_default(monitor: Any) -> bool:
    """Whether ``monitor`` is as in scikit-learn."""
    return isinstance(monitor, str) and monitor == "score"


def check_name(monitor: Any, estimator: Any) -> None:
    """Raise a ValueError where a name stands for nothing to monitor."""
    names = (*OWN, *get_scorer_names())
    if isinstance(monitor, str) and monitor not in names:
        hint = did_you_mean(monitor, names)
        raise ValueError(f"monitor={monitor!r} is not known.{hint} {_advice(estimator)}")


def judge_of(settings: Settings, targets: Targets, model: Model, template: Template) -> Judge:
    """Return what judges a network as ``monitor`` asks for.

    Parameters
    ----------
    settings : Settings
    targets : Targets
    model : Model
    template : Template
        Makes the estimators that a scorer is given.

    Raises
    ------
    ValueError
        If it is a metric function, or if it needs predictions that the estimator does not make.
    """
    monitor, estimator = settings.monitor, template.estimator
    if isinstance(monitor, str):
        if monitor == "loss" or (settings.resamples and is_default(monitor)):
            return LossJudge()
        if monitor == "score":
            return ScoreJudge(targets, model)
        scorer = get_scorer(monitor)
    else:
        scorer = check_scoring(estimator, monitor)
    missing = unavailable_responses(scorer, estimator)
    if missing:
        raise ValueError(
            f"monitor={monitor!r} needs {' or '.join(missing)}, which {type(estimator).__name__} "
            f"does not have with loss={settings.given['loss']!r}. {_advice(estimator)}"
        )
    return ScorerJudge(monitor, scorer, template)


class ScoreJudge(Judge):
    """Goes by R² or accuracy.

    Parameters
    ----------
    targets : Targets
    model : Model
    """

    monitor = "score"

    def __init__(self, targets: Targets, model: Model) -> None:
        self._targets, self._model = targets, model

    def look(self, outputs: np.ndarray) -> np.ndarray:
        """Return predicted targets, or the indices of predicted classes."""
        return self._targets.look(self._model, outputs)

    def score(
        self,
        params: np.ndarray,
        seen: np.ndarray,
        loss: float,
        holdout: Holdout,
        rows: Callable[[], Any],
    ) -> float:
        """Return the score of the predictions."""
        return self._targets.score(seen, holdout.y, holdout.sample_weight)


class ScorerJudge(Judge):
    """Goes by a scorer of scikit-learn's kind.

    Parameters
    ----------
    monitor : str or callable
        As the user gave it.
    scorer : callable
        ``scorer(estimator, X, y)``.
    template : Template
        Makes the estimators that it is given.
    """

    def __init__(self, monitor: Any, scorer: Callable[..., Any], template: Template) -> None:
        self.monitor, self._scorer, self._template = monitor, scorer, template

    def look(self, outputs: np.ndarray) -> np.ndarray:
        """Return nothing, as scorers predict themselves."""
        return np.empty((len(outputs), 0), outputs.dtype)

    def score(
        self,
        params: np.ndarray,
        seen: np.ndarray,
        loss: float,
        holdout: Holdout,
        rows: Callable[[], Any],
    ) -> float:
        """Return the score of an estimator that has the parameters, NaN where it is lost."""
        if not (np.isfinite(params).all() and np.isfinite(loss)):
            return float("nan")
        network, weights = self._template.fitted(params.copy()), holdout.sample_weight
        try:
            return _scored(self._scorer, network, rows(), holdout.labels, weights)
        except Exception as error:
            error.add_note(f"This is about monitor={self.monitor!r} on the validation rows.")
            raise


def _scored(
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
