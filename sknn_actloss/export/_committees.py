"""What the methods of committees and of estimators for tables return, as values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn_actloss._sklearn import BaseSearchCV
from sknn_actloss.estimators import MLPClassifier, MLPRegressor, NetworkHolder
from sknn_actloss.export._predictions import (
    ClassPredictions,
    NetworkOfClasses,
    NetworkOfNumbers,
    NumberPredictions,
    Prediction,
    Predictions,
)
from sknn_actloss.export._values import Value, cast, clip, columns, sqrt
from sknn_actloss.model_selection import CommitteeClassifier, CommitteeRegressor
from sknn_actloss.tabular import TabularClassifier, TabularRegressor


class _Committee(Predictions):
    """Weighted averages of what the members of a committee give."""

    @cached_property
    def _members(self) -> list[Any]:
        ends = map(last_step, self.estimator.estimators_)
        pairs = zip(ends, self.inputs, strict=True)
        return [predictions_of(end, [x], self.wide) for end, x in pairs]

    @property
    def raw(self) -> list[Value]:
        """Raw outputs of all members."""
        return [value for member in self._members for value in member.raw]

    def average(self, values: Sequence[Value]) -> Value:
        """Return the weighted mean of the members' values."""
        pairs = zip(self.estimator.weights_, values, strict=True)
        first, *others = (float(weight) * cast(value, self.wide) for weight, value in pairs)
        for value in others:
            first = first + value
        return first

    def averaged(self, name: str) -> Prediction:
        """Return the weighted mean of what a method of all members gives."""
        found = [member.method(name) for member in self._members]
        return found[0]._replace(value=self.average([one.value for one in found]))


class CommitteeOfClasses(_Committee, ClassPredictions):
    """A :class:`CommitteeClassifier`."""

    @property
    def _targets(self) -> Any:
        return networks_of(self.estimator)[0]._targets

    def predict(self) -> Prediction:
        """Return classes or labels."""
        return self.decided(self._probabilities, 0.5, self._targets)

    def predict_proba(self) -> Prediction:
        """Return probabilities of classes or labels."""
        return self.averaged("predict_proba")

    def decision_function(self) -> Prediction:
        """Return scores."""
        return self.scored(self.log_odds(self._probabilities, self._targets), self._targets)

    @cached_property
    def _probabilities(self) -> Value:
        """Probabilities as a decision looks at them: those of the second of two classes."""
        found = self.averaged("predict_proba").value
        return columns(found, [found.width - 1]) if self._targets.kind == "binary" else found


class CommitteeOfNumbers(_Committee, NumberPredictions):
    """A :class:`CommitteeRegressor`."""

    @property
    def has_std(self) -> bool:
        """Whether there are standard deviations."""
        return True

    @property
    def knows_variance(self) -> bool:
        """Whether the loss of a member knows the variance of targets."""
        return any(member.knows_variance for member in self._members)

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of quantiles that all members have."""
        first, *others = {member.levels for member in self._members}
        return () if others else first

    def predict(self) -> Prediction:
        """Return the targets."""
        return self.averaged("predict")

    def predict_quantiles(self) -> Prediction:
        """Return quantiles of the targets."""
        return self.averaged("predict_quantiles")

    def std(self) -> Prediction:
        """Return standard deviations of the mixture of the members."""
        mean = self.predict().value
        squares = []
        for member in self._members:
            away = cast(member.predict().value, self.wide) - mean
            square = away * away
            if member.has_std:
                own = cast(member.std().value, self.wide)
                square = square + own * own
            squares.append(square)
        return self.predicted(sqrt(self.average(squares)))


class TableOfClasses(NetworkOfClasses):
    """A :class:`TabularClassifier`, which says what its network says."""

    def __init__(self, estimator: TabularClassifier, inputs: Sequence[Value], wide: Any) -> None:
        super().__init__(estimator.network_, inputs, wide)


class TableOfNumbers(NetworkOfNumbers):
    """A :class:`TabularRegressor`, whose predictions stay within a range."""

    def __init__(self, estimator: TabularRegressor, inputs: Sequence[Value], wide: Any) -> None:
        super().__init__(estimator.network_, inputs, wide)
        self._table = estimator

    def predict(self) -> Prediction:
        """Return the targets."""
        found = super().predict()
        if not self._table.clip_predictions:
            return found
        ends = (np.asarray(end, dtype=float) for end in self._table._target_range)
        return found._replace(value=clip(cast(found.value, self.wide), *ends))


KINDS: dict[type, type[Predictions]] = {
    MLPClassifier: NetworkOfClasses,
    MLPRegressor: NetworkOfNumbers,
    CommitteeClassifier: CommitteeOfClasses,
    CommitteeRegressor: CommitteeOfNumbers,
    TabularClassifier: TableOfClasses,
    TabularRegressor: TableOfNumbers,
}


def predictions_of(estimator: Any, inputs: Sequence[Value], wide: Any) -> Predictions:
    """Return the methods of a fitted estimator.

    Parameters
    ----------
    estimator : estimator of one of :data:`KINDS`
    inputs : sequence of Value
        The features of each of its networks.
    wide : dtype
        Stands in for double precision.
    """
    kind = next(kind for base, kind in KINDS.items() if isinstance(estimator, base))
    return kind(estimator, inputs, wide)


def prepared_by(estimator: Any) -> list[list[Any]]:
    """Return for each network of an estimator the steps that prepare its rows."""
    if isinstance(estimator, NetworkHolder):
        return [[estimator.encoder_]]
    if not isinstance(estimator, CommitteeClassifier | CommitteeRegressor):
        return [[]]
    return [
        steps_in_front(member) + prepared_by(last_step(member))[0]
        for member in estimator.estimators_
    ]


def networks_of(estimator: Any) -> list[Any]:
    """Return the fitted networks of an estimator."""
    ends = map(last_step, getattr(estimator, "estimators_", [estimator]))
    return [end.network_ if isinstance(end, NetworkHolder) else end for end in ends]


def last_step(estimator: Any) -> Any:
    """Return the end of a Pipeline, or of what a search has found, or another estimator as it is.

    Raises
    ------
    NotFittedError
        If there is a search that is not fitted.
    TypeError
        If there is a search that has no best estimator.
    """
    if isinstance(estimator, BaseSearchCV):
        return last_step(best_of(estimator))
    if isinstance(estimator, Pipeline) and estimator.steps:
        return last_step(estimator.steps[-1][1])
    return estimator


def steps_in_front(estimator: Any) -> list[Any]:
    """Return the steps in front of the last one."""
    if isinstance(estimator, BaseSearchCV):
        return steps_in_front(best_of(estimator))
    if not isinstance(estimator, Pipeline):
        return []
    *first, (_, last) = estimator.steps
    steps = [step for _, step in first if step not in (None, "passthrough")]
    return steps + steps_in_front(last)


def best_of(search: BaseSearchCV) -> Any:
    """Return the best estimator of a search."""
    check_is_fitted(search)
    if not search.refit:
        raise TypeError(
            f"{type(search).__name__} with refit=False has no best estimator to export; set "
            "refit=True."
        )
    return search.best_estimator_
