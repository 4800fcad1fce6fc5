"""Which candidates of a search make the best committee, by what they say of rows held out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from scipy.special import logit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_regressor
from sklearn.utils import Bunch

from sknn_actloss._sklearn import scorer_parts
from sknn_actloss.model_selection._evaluation import Evaluation, Split
from sknn_actloss.model_selection._plan import Candidate


@dataclass(frozen=True)
class Choice:
    """A committee.

    Parameters
    ----------
    picks : tuple of int
        Its members, one entry for each time that one was picked.
    score : float
        Score of their average.
    """

    picks: tuple[int, ...]
    score: float

    @property
    def members(self) -> np.ndarray:
        """The members, each once, in ascending order."""
        return np.unique(self.picks)

    @property
    def weights(self) -> np.ndarray:
        """Share of each member in all picks."""
        _, counts = np.unique(self.picks, return_counts=True)
        return counts / len(self.picks)


def select_greedily(
    predictions: np.ndarray, score: Callable[[np.ndarray], float], size: int
) -> Choice:
    """Pick members one by one, each time the one that makes the average best.

    A member may be picked again, which is how weights come about. Of the committees on the way,
    the best is returned, and the smallest of those.

    Parameters
    ----------
    predictions : ndarray of shape (n_candidates, n_rows, n_outputs)
        What each candidate says.
    score : callable
        Takes an average (n_rows, n_outputs), higher is better.
    size : int
        Picks at most.

    References
    ----------
    R. Caruana, A. Niculescu-Mizil, G. Crew and A. Ksikes (2004). Ensemble selection from
    libraries of models. ICML.
    """
    picks: tuple[int, ...] = ()
    total = np.zeros_like(predictions[0])
    best = Choice((), -np.inf)
    for n_members in range(1, size + 1):
        scores = [score((total + candidate) / n_members) for candidate in predictions]
        pick = int(np.argmax(scores))
        picks, total = (*picks, pick), total + predictions[pick]
        if scores[pick] > best.score or not best.picks:
            best = Choice(picks, float(scores[pick]))
    return best


class Spoken(BaseEstimator):
    """An estimator that says what it was told to, whatever the rows."""

    def __init__(self, prediction: np.ndarray) -> None:
        self.prediction = prediction

    def fit(self, X: Any, y: Any = None) -> Self:
        """Do nothing."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class SpokenClasses(ClassifierMixin, Spoken):
    """Says probabilities, and the classes that follow from them."""

    def __init__(self, prediction: np.ndarray, classes: np.ndarray | None) -> None:
        super().__init__(prediction)
        self.classes = classes
        self.classes_ = np.arange(prediction.shape[1]) if classes is None else classes

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities."""
        return self.prediction

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable classes, or the labels above one half."""
        if self.classes is None:
            return (self.prediction > 0.5).astype(int)
        return self.classes[self.prediction.argmax(axis=1)]

    def decision_function(self, X: Any) -> np.ndarray:
        """Return logarithms of the probabilities, or of odds for two classes and for labels."""
        with np.errstate(divide="ignore"):
            if self.classes is None:
                return logit(self.prediction)
            is_binary = len(self.classes) == 2
            return logit(self.prediction[:, 1]) if is_binary else np.log(self.prediction)


class SpokenTargets(RegressorMixin, Spoken):
    """Says targets."""

    def predict(self, X: Any) -> np.ndarray:
        """Return the targets."""
        return self.prediction


def check_scorer(evaluation: Evaluation, split: Split, metric: str, size: int) -> None:
    """Raise a ValueError where scoring looks at more of an estimator than its predictions.

    It is tried on predictions that are made up from the test rows of a split.
    """
    rows = _indices(split.test)
    score = _scorer(evaluation, rows, metric)
    try:
        with warnings.catch_warnings(action="ignore"):
            score(_made_up(evaluation, evaluation.rows(rows)[1]))
    except AttributeError as error:
        raise ValueError(
            f"committee_size={size} needs a scoring that looks at predictions only, which are all "
            f"that there is of a committee before it is fitted, but this one raises {error!r}. "
            "Set committee_size=None, or take another scoring."
        ) from error
    except Exception:  # what real predictions may be free of
        return


def _made_up(evaluation: Evaluation, y: Any) -> np.ndarray:
    """Return predictions that are as good as right."""
    y = y.toarray() if issparse(y) else np.asarray(y)
    if is_regressor(evaluation.estimator):
        return y.astype(float)
    if evaluation.classes is None:
        return 0.1 + 0.8 * y
    matches = y.reshape(-1, 1) == evaluation.classes
    return 0.5 * matches + 0.5 / len(evaluation.classes)


def committee(
    evaluation: Evaluation,
    splits: Sequence[Split],
    candidates: Sequence[Candidate],
    predictions: Sequence[Sequence[np.ndarray | None]],
    metric: str,
    size: int,
) -> Bunch:
    """Select a committee of candidates by their out-of-fold predictions.

    Parameters
    ----------
    evaluation : Evaluation
    splits : sequence of Split
    candidates : sequence of Candidate
        Whom to choose from.
    predictions : sequence of sequences of ndarray or None
        What each of them says of the test rows of each split.
    metric : str
        Which of several metrics counts.
    size : int
        Picks at most.

    Returns
    -------
    committee : Bunch
        ``members`` (their parameters), ``indices`` (their rows in ``cv_results_``), ``weights``
        (adding up to one) and ``score`` (of the average, on all rows that a fold holds out).

    Raises
    ------
    ValueError
        If no candidate has finite predictions on all splits.
    """
    tests = [_indices(split.test) for split in splits]
    rows = np.unique(np.concatenate(tests))
    eligible, pooled = [], []
    for candidate, own in zip(candidates, predictions, strict=True):
        if all(part is not None and np.isfinite(part).all() for part in own):
            eligible.append(candidate)
            pooled.append(_pool(tests, own, rows))
    if not eligible:
        raise ValueError(
            f"committee_size={size} finds no candidate to choose from: each of them failed on a "
            "split, or has a loss that gives no probabilities. Set committee_size=None, or take a "
            "loss such as 'log_loss'."
        )
    choice = select_greedily(np.array(pooled), _scorer(evaluation, rows, metric), size)
    chosen = [eligible[member] for member in choice.members]
    return Bunch(
        members=[candidate.params for candidate in chosen],
        indices=np.array([candidate.index for candidate in chosen]),
        weights=choice.weights,
        score=choice.score,
    )


def _indices(rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _pool(
    tests: Sequence[np.ndarray], predictions: Sequence[np.ndarray], rows: np.ndarray
) -> np.ndarray:
    """Return the mean of what is said of each row, in the order of ``rows``."""
    places = np.searchsorted(rows, np.concatenate(tests))
    said = np.concatenate(predictions)
    total = np.zeros((len(rows), *said.shape[1:]))
    np.add.at(total, places, said)
    counts = np.bincount(places, minlength=len(rows))
    return total / counts.reshape(-1, *(1,) * (said.ndim - 1))


def _scorer(evaluation: Evaluation, rows: np.ndarray, metric: str) -> Callable[[np.ndarray], float]:
    """Return what scores predictions of some rows by the metric that decides."""
    X, y = evaluation.rows(rows)
    params = evaluation.params_of(evaluation.score_params, rows)
    scorer = scorer_parts(evaluation.scorer)
    scorer = scorer[metric] if isinstance(scorer, dict) else scorer

    def score(prediction: np.ndarray) -> float:
        value = scorer(_spoken(evaluation, prediction), X, y, **params)
        value = value[metric] if isinstance(value, dict) else value
        return value if np.isfinite(value) else -np.inf

    return score


def _spoken(evaluation: Evaluation, prediction: np.ndarray) -> Spoken:
    if is_regressor(evaluation.estimator):
        return SpokenTargets(prediction)
    return SpokenClasses(prediction, evaluation.classes)
