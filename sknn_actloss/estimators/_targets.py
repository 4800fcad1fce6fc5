"""Targets, and those that are classes or labels: encoded, weighed, scored, and predicted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from scipy.special import logit
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from sknn_actloss._interval import Interval
from sknn_actloss.core import Model
from sknn_actloss.estimators._class_weight import class_weights, label_weights
from sknn_actloss.losses import ProbabilityHead
from sknn_actloss.training import Columns, EncodedTargets, OneHot


class Targets(ABC):
    """What the targets of an estimator are.

    Activated outputs have shape ``(n_members, n_rows, n_outputs)``; what is read from those of a
    committee is averaged over its members.

    Attributes
    ----------
    kind : {"continuous", "binary", "multiclass", "multilabel"}
        As losses call it.
    """

    kind: ClassVar[str]

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of a fitted estimator that follow from its targets."""
        return {}

    def scaled(self, scaling: str | None, y: Any, sample_weight: Any) -> Targets:
        """Return targets on the scale that is found from those of a first fit.

        Parameters
        ----------
        scaling : {"standard", "robust"} or None
            How, if at all.
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Validated targets.
        sample_weight : array-like of shape (n_samples,) or None
            Weights that were given to ``fit``.
        """
        return self

    @abstractmethod
    def check_scaling(self, scaling: str | None) -> None:
        """Raise a ValueError where a later fit asks for another scaling than the first one."""

    @abstractmethod
    def encode(self, y: Any, dtype: np.dtype) -> EncodedTargets:
        """Return validated targets as networks are compared with them.

        Raises
        ------
        ValueError
            If they are not like those that the estimator knows, or too large for the data type.
        """

    @abstractmethod
    def check(self, y: EncodedTargets, domain: Interval, loss: Any, name: str = "y") -> None:
        """Raise a ValueError where encoded targets lie outside the domain of a loss.

        Parameters
        ----------
        y : EncodedTargets
        domain : Interval
            The domain.
        loss : str or LossSpec
            The loss, as it was given.
        name : str
            What the targets are called.
        """

    @abstractmethod
    def check_validation(self, y: Any) -> None:
        """Raise a ValueError where targets of validation rows are of another kind."""

    def class_weights(
        self, spec: Any, y: EncodedTargets, sample_weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Return the weight of each row by its class, ``None`` where there is none."""
        return None

    def strata(self, y: EncodedTargets) -> np.ndarray | None:
        """Return what a random split keeps the shares of, ``None`` for nothing."""
        return None

    def classes_of(self, y: EncodedTargets) -> np.ndarray | None:
        """Return the index of each row's class, ``None`` where there is no single one."""
        return None

    @abstractmethod
    def look(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return what a score needs of the activated outputs (n_rows, n_outputs) of a network."""

    @abstractmethod
    def score(self, seen: np.ndarray, y: EncodedTargets, sample_weight: np.ndarray | None) -> float:
        """Return R² or accuracy of what :meth:`look` has returned, NaN where it is not finite."""

    @abstractmethod
    def predict(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return what ``predict`` gives."""


def mean_of_members(outputs: np.ndarray) -> np.ndarray:
    """Return the mean (n_rows, n_outputs) of what the members of a committee give."""
    if len(outputs) == 1:
        return outputs[0]
    with np.errstate(all="ignore"):
        mean = outputs.mean(axis=0)
        # The sum may be too large for a number where the mean is not.
        return mean if np.isfinite(mean).all() else (outputs / len(outputs)).sum(axis=0)


class ClassTargets(Targets):
    """Base of classes and labels.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Class labels, or the numbers of the columns of labels.
    """

    def __init__(self, classes: np.ndarray) -> None:
        self.classes = classes

    @property
    def attributes(self) -> dict[str, Any]:
        """The classes."""
        return {"classes_": self.classes}

    @staticmethod
    def of(y: Any) -> ClassTargets:
        """Find out what the targets of a first fit are.

        Raises
        ------
        ValueError
            If they are neither classes nor labels.
        """
        try:
            binarizer = LabelBinarizer().fit(y)
        except ValueError:
            check_classification_targets(y)  # says what is wrong with numbers
            raise
        if binarizer.y_type_.startswith("multilabel"):
            return Multilabel(binarizer)
        kind = Multiclass if len(binarizer.classes_) > 2 else Binary
        return kind(binarizer.classes_)

    def check_scaling(self, scaling: str | None) -> None:
        """Accept all, as classes have no scale."""

    def check(self, y: EncodedTargets, domain: Interval, loss: Any, name: str = "y") -> None:
        """Accept all, as losses of classes take their two states."""

    def check_validation(self, y: Any) -> None:
        """Raise a ValueError where targets of validation rows are of another kind or class."""
        is_multilabel = type_of_target(y).startswith("multilabel")
        if is_multilabel != (self.kind == "multilabel"):
            raise ValueError(f"y_val must hold {self.kind} targets, as y does.")
        known = self.classes.tolist()
        unseen = [label for label in unique_labels(y).tolist() if label not in known]
        if unseen:
            raise ValueError(f"y_val has classes {unseen}, but those of y are {known}.")

    def check_seen(self, y: Any, incremental: bool) -> None:
        """Raise a ValueError where a later fit has classes that the first one had not.

        Parameters
        ----------
        y : array-like
            Its targets.
        incremental : bool
            Whether classes may be missing.
        """
        is_multilabel = type_of_target(y).startswith("multilabel")
        if is_multilabel != (self.kind == "multilabel"):
            raise ValueError(f"y must hold {self.kind} targets, as in the previous call to fit.")
        found = unique_labels(y)
        if not incremental and set(found) != set(self.classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes}, `y` has {found}"
            )
        if np.setdiff1d(found, self.classes).size:
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes}. "
                f"'y' has {found}."
            )

    @property
    @abstractmethod
    def compares(self) -> bool:
        """Whether classes are compared with each other, instead of each with a threshold."""

    @abstractmethod
    def _decode(self, prediction: np.ndarray, threshold: float) -> np.ndarray:
        """Return labels from (n_rows, n_outputs)."""

    def predict(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return classes or labels."""
        if len(outputs) > 1 and isinstance(model.loss.head, ProbabilityHead):
            return self.decide(self.mean_probabilities(model, outputs))
        return self._decode(mean_of_members(outputs), _threshold(model))

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Return classes or labels from probabilities (n_rows, n_outputs)."""
        return self._decode(probabilities, 0.5)

    def probabilities(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return what ``predict_proba`` gives."""
        return self.mean_probabilities(model, outputs)

    def mean_probabilities(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return probabilities (n_rows, n_outputs), averaged over the members."""
        return mean_of_members(model.loss.head.probabilities(outputs))  # type: ignore[attr-defined]

    @np.errstate(all="ignore")
    def scores(self, model: Model, raw: np.ndarray) -> np.ndarray:
        """Return what ``decision_function`` gives, from raw outputs."""
        if len(raw) > 1 and isinstance(model.loss.head, ProbabilityHead):
            return self.log_odds(self.mean_probabilities(model, model.output(raw)))
        if len(raw) == 1 and self.has_raw_scores(model):
            return raw[0]
        return mean_of_members(model.output(raw)) - _threshold(model)

    def log_odds(self, probabilities: np.ndarray) -> np.ndarray:
        """Return logarithms of probabilities, or of their odds where each has a threshold.

        What has been rounded to 0 or 1 is moved to the next number, so that they are finite.
        """
        limits = np.finfo(probabilities.dtype)
        inside = np.clip(probabilities, limits.tiny, 1 - limits.epsneg)
        return np.log(inside) if self.compares else logit(inside)

    def has_raw_scores(self, model: Model) -> bool:
        """Whether raw outputs order the classes, or pass zero, just where predictions do."""
        if model.output_name == "softmax":
            return self.compares
        return (model.output_name, _threshold(model)) in (("identity", 0.0), ("logistic", 0.5))

    def score(self, seen: np.ndarray, y: EncodedTargets, sample_weight: np.ndarray | None) -> float:
        """Return the accuracy."""
        if np.any(seen < 0):
            return float("nan")
        correct = seen == y.contents.T
        if correct.ndim == 2:
            correct = np.all(correct, axis=1)
        return float(np.average(correct, weights=sample_weight))


class Multiclass(ClassTargets):
    """More than two classes, a column for each."""

    kind = "multiclass"
    compares = True

    def encode(self, y: np.ndarray, dtype: np.dtype) -> EncodedTargets:
        """Return the index of each row's class."""
        return OneHot(np.searchsorted(self.classes, y), len(self.classes), dtype)

    def class_weights(
        self, spec: Any, y: EncodedTargets, sample_weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Return the weight of each row by its class."""
        return class_weights(spec, self.classes.tolist(), y.contents, sample_weight)

    def classes_of(self, y: EncodedTargets) -> np.ndarray:
        """Return the index of each row's class."""
        return y.contents

    def mean_probabilities(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return probabilities (n_rows, n_classes) that add up to one, averaged over members."""
        probabilities = model.loss.head.probabilities(outputs)  # type: ignore[attr-defined]
        is_softmax = model.output_name == "softmax" and probabilities is outputs
        return mean_of_members(probabilities if is_softmax else _normalised(probabilities))

    def look(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return the predicted class of each row, -1 where outputs are not finite."""
        return np.where(np.isfinite(outputs).all(axis=1), outputs.argmax(axis=1), -1)

    def _decode(self, prediction: np.ndarray, threshold: float) -> np.ndarray:
        return self.classes[prediction.argmax(axis=1)]


class Labels(ClassTargets):
    """Base of outputs that are each compared with a threshold."""

    compares = False

    def strata(self, y: EncodedTargets) -> np.ndarray | None:
        """Return the states of a single column; other targets are not stratified, as in
        scikit-learn.
        """
        # As text, as scikit-learn turns a column into for its messages, row by row.
        return y.contents[0].astype(bool).astype(str) if y.n_columns == 1 else None

    def look(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return the predicted state of each output, -1 where it is not finite."""
        states = (outputs > _threshold(model)).astype(np.int8)
        return np.where(np.isfinite(outputs), states, np.int8(-1))


class Binary(Labels):
    """Two classes, or a single one, in one column that is 1 for the second."""

    kind = "binary"

    def encode(self, y: np.ndarray, dtype: np.dtype) -> EncodedTargets:
        """Return a column of 0 and 1."""
        second = self.classes[-1] if len(self.classes) == 2 else None
        column = np.zeros(len(y), bool) if second is None else np.asarray(y) == second
        return Columns(column[:, None].astype(dtype))

    def look(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return the predicted state, that of the only class where there is no other."""
        return np.minimum(super().look(model, outputs), len(self.classes) - 1)

    def class_weights(
        self, spec: Any, y: EncodedTargets, sample_weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Return the weight of each row by its class."""
        codes = y.contents[0].astype(int)
        return class_weights(spec, self.classes.tolist(), codes, sample_weight)

    def classes_of(self, y: EncodedTargets) -> np.ndarray:
        """Return the index of each row's class."""
        return y.contents[0].astype(int)

    def probabilities(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """Return the probabilities of both classes, a column of ones for a single class."""
        positive = self.mean_probabilities(model, outputs)
        if len(self.classes) == 1:
            return np.ones_like(positive)
        probabilities = np.empty((len(positive), 2), positive.dtype)
        probabilities[:, 1:] = positive
        np.subtract(1, positive, out=probabilities[:, :1])
        return probabilities

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Return classes from the probability of the second one, or from those of all."""
        return super().decide(probabilities[:, -1:])

    def log_odds(self, probabilities: np.ndarray) -> np.ndarray:
        """Return a column of logarithms of the second class's odds."""
        return super().log_odds(probabilities[:, -1:])

    def _decode(self, prediction: np.ndarray, threshold: float) -> np.ndarray:
        codes = (prediction[:, 0] > threshold).astype(int)
        return self.classes[np.minimum(codes, len(self.classes) - 1)]


class Multilabel(Labels):
    """Any number of labels for each row, a column of 0 and 1 for each.

    Parameters
    ----------
    binarizer : LabelBinarizer
        Fitted to labels; predictions are sparse where these are.
    """

    kind = "multilabel"

    def __init__(self, binarizer: LabelBinarizer) -> None:
        super().__init__(binarizer.classes_)
        self.binarizer = binarizer

    def encode(self, y: Any, dtype: np.dtype) -> EncodedTargets:
        """Return columns of 0 and 1."""
        return Columns(self.binarizer.transform(y).astype(bool).astype(dtype))

    def class_weights(
        self, spec: Any, y: EncodedTargets, sample_weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Return the product of the weights that the states of all labels give to a row."""
        return label_weights(spec, y.contents.T, sample_weight)

    def _decode(self, prediction: np.ndarray, threshold: float) -> np.ndarray:
        return self.binarizer.inverse_transform(prediction, threshold=threshold)


def _threshold(model: Model) -> float:
    """Return the output halfway between the two states of a class or label."""
    return sum(model.loss.encoding) / 2


@np.errstate(all="ignore")
def _normalised(probabilities: np.ndarray) -> np.ndarray:
    total = probabilities.sum(axis=-1, keepdims=True)
    n_classes = probabilities.shape[-1]
    return np.where(total > 0, probabilities / np.where(total > 0, total, 1), 1 / n_classes)
