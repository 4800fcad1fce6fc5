"""The work of a search: candidates trained together on a split, and scored one by one."""

from __future__ import annotations

import copy
import time
import traceback
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import clone, is_regressor

from sknn_actloss._sklearn import (
    check_method_params,
    safe_split,
    score_estimator,
    scorer_parts,
    sees_predictions_only,
)
from sknn_actloss.estimators import BaseMLP, JointFit
from sknn_actloss.model_selection._pipeline import Preparation, seeded
from sknn_actloss.model_selection._plan import Candidate
from sknn_actloss.model_selection._progress import StackProgress
from sknn_actloss.model_selection._sharing import received
from sknn_actloss.model_selection._unit import Result, Split, Unit
from sknn_actloss.model_selection._unit_files import Known


@dataclass(eq=False)
class Evaluation:
    """What all parts of the work of a search have in common.

    Parameters
    ----------
    estimator : estimator
        The network or Pipeline, unfitted.
    name : str
        The parameter of the estimator that holds the network.
    X, y : all rows and targets
    scorer : callable
        As ``BaseSearchCV`` makes it from ``scoring``.
    fit_params, score_params : dict
        Further arguments of ``fit`` and of the scorer.
    return_train_score, error_score
        Parameters of the search.
    out_of_fold : bool
        Whether to keep predictions of the test rows.
    """

    estimator: Any
    name: str
    X: Any
    y: Any
    scorer: Any
    fit_params: dict[str, Any]
    score_params: dict[str, Any]
    return_train_score: bool
    error_score: float | str
    out_of_fold: bool = False
    _latest: tuple[Any, Fold] | None = field(default=None, init=False)

    def fold(self, split: Split, preparation: Preparation | None) -> Fold:
        """Return the rows of a split, which are kept until those of another one are asked for."""
        latest, key = self._latest, (split.index, id(preparation))
        if latest is None or latest[0] != key:  # other threads may ask for other folds
            latest = self._latest = key, Fold(self, split, preparation)
        return latest[1]

    def rows(self, indices: np.ndarray, train: np.ndarray | None = None) -> tuple[Any, Any]:
        """Return some rows of X and y."""
        return safe_split(self.estimator, self.X, self.y, indices, train)

    @cached_property
    def classes(self) -> np.ndarray | None:
        """The classes of all rows, ``None`` where columns of y are labels or targets."""
        is_target = is_regressor(self.estimator) or (
            np.ndim(self.y) == 2 and np.shape(self.y)[1] > 1
        )
        return None if is_target else np.unique(self.y)

    def params_of(self, params: dict[str, Any], indices: np.ndarray) -> dict[str, Any]:
        """Return arguments with the entries of some rows."""
        return check_method_params(self.X, params=params, indices=indices)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_latest": None}

    def unscored(self, value: Any) -> dict[str, Any]:
        """Return what is noted of a fit without scores, with a value in their place."""
        metrics = scorer_parts(self.scorer)
        scores = dict.fromkeys(metrics, value) if isinstance(metrics, dict) else value
        fit = {"fit_error": "", "test_scores": scores, "fit_time": np.nan, "score_time": 0.0}
        return fit | ({"train_scores": copy.copy(scores)} if self.return_train_score else {})


def prepare(
    evaluation: Evaluation, split: Split, candidate: Candidate, number: int
) -> tuple[int, Preparation | Exception]:
    """Fit the steps in front of a candidate's network on a split.

    Returns the number of the task, and the fitted steps or what they failed with.
    """
    evaluation = received(evaluation)
    X, y = evaluation.rows(split.train)
    fit_params = evaluation.params_of(evaluation.fit_params, split.train)
    try:
        return number, Preparation.of(clone(candidate.estimator), X, y, fit_params)
    except Exception as error:
        if evaluation.error_score == "raise":
            raise
        return number, error


class Fold:
    """The rows of a split, as networks and scorers see them.

    Parameters
    ----------
    evaluation : Evaluation
    split : Split
    preparation : Preparation or None
        Fitted steps in front of the networks, if there are any.
    """

    def __init__(
        self, evaluation: Evaluation, split: Split, preparation: Preparation | None
    ) -> None:
        self._evaluation, self._split, self._preparation = evaluation, split, preparation
        #: Validated rows and targets, by what they depend on.
        self.checked: dict[Any, Any] = {}
        # Scorers that see predictions only need no steps before each of them.
        is_plain = preparation is not None and preparation.is_plain
        self._shortcut = is_plain and sees_predictions_only(
            evaluation.scorer, evaluation.score_params
        )
        if preparation is None:
            self.X, self.y = evaluation.rows(split.train)
            self.fit_params = evaluation.params_of(evaluation.fit_params, split.train)
            self.seconds = 0.0
        else:
            self.X, self.y = preparation.X, preparation.y
            self.fit_params, self.seconds = preparation.fit_params, preparation.seconds

    def network(self, candidate: Candidate) -> BaseMLP:
        """Return the network of a candidate, to be trained on the fold."""
        network = seeded(clone(candidate.network), self._split.seed)
        return network if self._preparation is None else self._preparation.completed(network)

    def score(self, network: BaseMLP, on_train: bool = False) -> Any:
        """Score a fitted network, with the steps in front of it, on test or training rows."""
        evaluation, split = self._evaluation, self._split
        if self._preparation is None or self._shortcut:
            X, y = self._train_rows if on_train else self._test_rows
            estimator = self._end_with(network)
        else:
            # Rows of their own, as steps may work in place.
            X, y = evaluation.rows(split.train) if on_train else self._raw_test_rows()
            estimator = self._preparation.with_network(network)
        params = evaluation.params_of(
            evaluation.score_params, split.train if on_train else split.test
        )
        return score_estimator(estimator, X, y, evaluation.scorer, params, evaluation.error_score)

    def predict(self, network: BaseMLP) -> np.ndarray | None:
        """Return probabilities or predictions of the test rows, ``None`` where there are none."""
        X, _ = self._test_rows
        estimator = self._end_with(network)
        if is_regressor(estimator):
            return estimator.predict(X)
        if not hasattr(estimator, "predict_proba"):
            return None
        probabilities, classes = estimator.predict_proba(X), self._evaluation.classes
        if classes is None or len(classes) == len(network.classes_):
            return probabilities
        # The training rows of a split may lack a class.
        complete = np.zeros((len(probabilities), len(classes)), probabilities.dtype)
        complete[:, np.searchsorted(classes, network.classes_)] = probabilities
        return complete

    @cached_property
    def _test_rows(self) -> tuple[Any, Any]:
        return self._seen(*self._raw_test_rows())

    @cached_property
    def _train_rows(self) -> tuple[Any, Any]:
        return self._seen(*self._evaluation.rows(self._split.train))

    def _end_with(self, network: BaseMLP) -> Any:
        """Return what predicts with a network from rows as the networks see them."""
        return network if self._preparation is None else self._preparation.end_with(network)

    def _raw_test_rows(self) -> tuple[Any, Any]:
        return self._evaluation.rows(self._split.test, self._split.train)

    def _seen(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return rows as the networks see them."""
        return (X if self._preparation is None else self._preparation.transform(X)), y


def run_unit(
    evaluation: Evaluation,
    unit: Unit,
    preparation: Preparation | Exception | None,
    progress: StackProgress,
    number: int,
) -> Result:
    """Train and score the candidates of a unit, the ``number``-th."""
    evaluation, preparation = received(evaluation), received(preparation)
    if isinstance(preparation, Exception):
        fit = _failure(evaluation, preparation) | {"fit_time": 0.0}
        return Result(number, [(fit, None)] * len(unit.candidates))
    fold = evaluation.fold(unit.split, preparation)
    joint = _joint(fold, unit)
    file = None if unit.files is None else unit.files.state
    with progress:
        joint.train(progress, unit.until, file)
    is_paused = unit.until is not None
    if is_paused and file is not None:
        file.save(joint.state())
    _score_all(fold, evaluation, unit, joint)
    if not is_paused and file is not None:
        file.remove()
    return Result(number, unit.known, joint if is_paused else None)


def _joint(fold: Fold, unit: Unit) -> JointFit:
    """Return the networks of a unit where they have got to."""
    joint = unit.joint
    if joint is None:
        saved = None if unit.files is None else unit.files.state.load()
        networks = [fold.network(candidate) for candidate in unit.origin or unit.candidates]
        joint = JointFit(networks, fold.X, fold.y, fold.fit_params, fold.checked)
        joint.seconds += fold.seconds / unit.n_sharing
        if saved is not None:
            with unit.files.state.refusing():
                joint.go_to(saved)
                joint.keep([joint.origin.index(place) for place in unit.places])
        elif unit.origin:
            joint.keep(unit.places)
    joint.bind(fold.X, fold.y)
    return joint


def _score_all(fold: Fold, evaluation: Evaluation, unit: Unit, joint: JointFit) -> None:
    """Score those networks of a unit that have not been, and save what is known of all."""
    try:
        for index in range(len(unit.known), len(joint.estimators)):
            unit.known.append(_judged(fold, evaluation, joint, index))
    finally:
        if unit.files is not None:
            unit.files.save(unit.until, unit.known)


def _judged(fold: Fold, evaluation: Evaluation, joint: JointFit, index: int) -> Known:
    """Return what is noted of a fit, and predictions of its test rows where they are kept."""
    network, error = joint.estimators[index], joint.failures.get(index)
    fit = _failure(evaluation, error) if error else _scored(fold, evaluation, network)
    fit |= {"fit_time": float(joint.seconds[index])}
    return fit, fold.predict(network) if evaluation.out_of_fold and not error else None


def _scored(fold: Fold, evaluation: Evaluation, network: BaseMLP) -> dict[str, Any]:
    start = time.perf_counter()
    fit = {"fit_error": None, "test_scores": fold.score(network)}
    fit["score_time"] = time.perf_counter() - start
    if evaluation.return_train_score:
        fit["train_scores"] = fold.score(network, on_train=True)
    return fit


def _failure(evaluation: Evaluation, error: Exception) -> dict[str, Any]:
    if evaluation.error_score == "raise":
        raise error
    text = "".join(traceback.format_exception(error))
    return evaluation.unscored(evaluation.error_score) | {"fit_error": text}
