"""What the methods of fitted networks return, as values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from sknn_actloss.estimators import MLPClassifier, MLPRegressor
from sknn_actloss.export._activations import activated
from sknn_actloss.export._heads import reading_of
from sknn_actloss.export._networks import raw_outputs
from sknn_actloss.export._values import (
    Value,
    argmax,
    cast,
    clip,
    concatenate,
    greater,
    hypot,
    log,
    mean_of_members,
    row_sum,
    sqrt,
    variance_of_members,
    where,
)
from sknn_actloss.losses import ProbabilityHead


class Prediction(NamedTuple):
    """What a method returns.

    Attributes
    ----------
    value : Value
        All its elements for a row.
    shape : tuple of int
        How they are arranged; empty for a single one.
    classes : ndarray or None
        What the elements are indices of, where they are.
    """

    value: Value
    shape: tuple[int, ...]
    classes: np.ndarray | None = None


class Predictions(ABC):
    """Base of the methods of a fitted estimator.

    Parameters
    ----------
    estimator : estimator
    inputs : sequence of Value
        The features of each of its networks, in the data type of the input.
    wide : dtype
        What computes in double precision in Python is computed in this one.
    """

    def __init__(self, estimator: Any, inputs: Sequence[Value], wide: Any) -> None:
        self.estimator, self.inputs, self.wide = estimator, inputs, np.dtype(wide)

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Methods that can be exported, ``predict`` first; "std" is that with ``return_std``."""

    @property
    @abstractmethod
    def usual(self) -> tuple[str, ...]:
        """Those that are exported where nothing else is asked for."""

    @property
    @abstractmethod
    def raw(self) -> list[Value]:
        """Raw outputs of all networks."""

    def method(self, name: str) -> Prediction:
        """Return what a method gives.

        Raises
        ------
        ValueError
            If the estimator has no such method.
        """
        if name not in self.names:
            raise ValueError(
                f"{type(self.estimator).__name__} cannot export {name!r}. It has: "
                f"{', '.join(self.names)}."
            )
        return getattr(self, name)()


class ClassPredictions(Predictions):
    """Base of classifiers."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Methods that can be exported."""
        has_probabilities = hasattr(self.estimator, "predict_proba")
        return ("predict", *["predict_proba"] * has_probabilities, "decision_function")

    @property
    def usual(self) -> tuple[str, ...]:
        """Classes, and probabilities or else scores."""
        return self.names[:2]

    def decided(self, prediction: Value, threshold: float, targets: Any) -> Prediction:
        """Return classes or labels."""
        if targets.compares:
            return Prediction(argmax(prediction), (), targets.classes)
        states = cast(greater(prediction, threshold), np.int64)
        if targets.kind == "multilabel":
            return Prediction(states, (states.width,))
        is_alone = len(targets.classes) == 1
        return Prediction(states * 0 if is_alone else states, (), targets.classes)

    def log_odds(self, probabilities: Value, targets: Any) -> Value:
        """Return logarithms of probabilities, or of their odds where each has a threshold.

        What has been rounded to 0 or 1 is moved to the next number, so that they are finite.
        """
        limits = np.finfo(probabilities.dtype)
        inside = clip(probabilities, limits.tiny, 1 - limits.epsneg)
        return log(inside) if targets.compares else log(inside / (1.0 - inside))

    def scored(self, scores: Value, targets: Any) -> Prediction:
        """Return scores: a single number where there are two classes or one label."""
        return Prediction(scores, () if scores.width == 1 else (scores.width,))


class NetworkOfClasses(ClassPredictions):
    """An :class:`MLPClassifier`."""

    def __init__(self, estimator: MLPClassifier, inputs: Sequence[Value], wide: Any) -> None:
        super().__init__(estimator, inputs, wide)
        self._targets, self._model = estimator._targets, estimator._model
        self._reading = reading_of(self._model.loss.head)
        self._threshold = sum(self._model.loss.encoding) / 2

    @cached_property
    def raw(self) -> list[Value]:
        """Raw outputs."""
        return [raw_outputs(self.estimator, self.inputs[0])]

    def predict(self) -> Prediction:
        """Return classes or labels."""
        if self._averages_probabilities:
            return self.decided(self._probabilities, 0.5, self._targets)
        return self.decided(mean_of_members(self._outputs), self._threshold, self._targets)

    def predict_proba(self) -> Prediction:
        """Return probabilities of classes or labels."""
        found = self._probabilities
        if self._targets.kind == "binary":
            is_alone = len(self._targets.classes) == 1
            found = found * 0.0 + 1.0 if is_alone else concatenate([1.0 - found, found])
        return Prediction(found, (found.width,))

    def decision_function(self) -> Prediction:
        """Return scores."""
        if self._averages_probabilities:
            scores = self.log_odds(self._probabilities, self._targets)
        elif self.raw[0].members == 1 and self._targets.has_raw_scores(self._model):
            scores = self.raw[0]
        else:
            scores = mean_of_members(self._outputs) - self._threshold
        return self.scored(scores, self._targets)

    @cached_property
    def _outputs(self) -> Value:
        return activated(self._model.output, self.raw[0])

    @property
    def _averages_probabilities(self) -> bool:
        head = self._model.loss.head
        return self.raw[0].members > 1 and isinstance(head, ProbabilityHead)

    @cached_property
    def _probabilities(self) -> Value:
        """Probabilities of the outputs, averaged over the members."""
        found = self._reading.probabilities(self._outputs)
        is_softmax = self._model.output_name == "softmax" and found is self._outputs
        if self._targets.compares and not is_softmax:
            total = row_sum(found)
            is_positive = greater(total, 0.0)
            shares = found / where(is_positive, total, 1.0)
            found = where(is_positive, shares, 1.0 / found.width)
        return mean_of_members(found)


class NumberPredictions(Predictions):
    """Base of regressors."""

    @property
    @abstractmethod
    def has_std(self) -> bool:
        """Whether there are standard deviations."""

    @property
    @abstractmethod
    def knows_variance(self) -> bool:
        """Whether the loss knows the variance of targets."""

    @property
    @abstractmethod
    def levels(self) -> tuple[float, ...]:
        """Levels of quantiles, empty where there are none."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Methods that can be exported."""
        quantiles = ["predict_quantiles"] if self.levels else []
        return ("predict", *quantiles, *["std"] * self.has_std)

    @property
    def usual(self) -> tuple[str, ...]:
        """Predictions, and what the loss knows beside them."""
        return tuple(name for name in self.names if name != "std" or self.knows_variance)

    def predicted(self, value: Value) -> Prediction:
        """Return a number for each target."""
        return Prediction(value, () if value.width == 1 else (value.width,))


class NetworkOfNumbers(NumberPredictions):
    """An :class:`MLPRegressor`."""

    def __init__(self, estimator: MLPRegressor, inputs: Sequence[Value], wide: Any) -> None:
        super().__init__(estimator, inputs, wide)
        self._reading = reading_of(estimator._model.loss.head)
        self._center: Any = getattr(estimator, "target_center_", None)
        self._scale: Any = getattr(estimator, "target_scale_", None)

    @cached_property
    def raw(self) -> list[Value]:
        """Raw outputs."""
        return [raw_outputs(self.estimator, self.inputs[0])]

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of quantiles."""
        return getattr(self._reading.head, "levels", ())

    @property
    def knows_variance(self) -> bool:
        """Whether the loss knows the variance of targets."""
        return self._deviations is not None

    @property
    def has_std(self) -> bool:
        """Whether there are standard deviations."""
        return self.knows_variance or self.raw[0].members > 1

    def predict(self) -> Prediction:
        """Return the targets."""
        return self.predicted(self._decoded(mean_of_members(self._points), 1))

    def predict_quantiles(self) -> Prediction:
        """Return quantiles of the targets, ascending for each of them."""
        n_levels = self._reading.n_levels
        value = self._decoded(mean_of_members(self._reading.quantiles(self._outputs)), n_levels)
        n_targets = value.width // n_levels
        return Prediction(value, (n_levels,) if n_targets == 1 else (n_targets, n_levels))

    def std(self) -> Prediction:
        """Return standard deviations of the targets."""
        std, known = sqrt(variance_of_members(self._points)), self._deviations
        if known is not None:
            std = hypot(std, sqrt(mean_of_members(known * known))) if known.members > 1 else known
        return self.predicted(std if self._scale is None else cast(std, self.wide) * self._scale)

    @cached_property
    def _outputs(self) -> Value:
        return activated(self.estimator._model.output, self.raw[0])

    @cached_property
    def _points(self) -> Value:
        return self._reading.point(self._outputs)

    @cached_property
    def _deviations(self) -> Value | None:
        return self._reading.deviation(self._outputs)

    def _decoded(self, value: Value, n_columns: int) -> Value:
        """Return values in units of the targets, of which each has some columns."""
        if self._scale is None:
            return value
        scale, center = (np.repeat(part, n_columns) for part in (self._scale, self._center))
        return cast(value, self.wide) * scale + center
