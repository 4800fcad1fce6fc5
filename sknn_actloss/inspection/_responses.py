"""What predictions read from the raw outputs of networks, and the derivative of that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from sklearn.base import is_classifier

from sknn_actloss.core import Model
from sknn_actloss.estimators import BaseMLP, parameters_of
from sknn_actloss.losses import ProbabilityHead

#: Step of a central difference, relative to the number that is moved.
STEP = float(np.finfo(np.float64).eps) ** (1 / 3)


class Response(ABC):
    """A method of a fitted estimator as a function of the raw outputs of its networks.

    Parameters
    ----------
    targets : Targets
        What the targets of the estimator are.
    model : Model
        What its networks compute.
    """

    name: ClassVar[str]

    def __init__(self, targets: Any, model: Model) -> None:
        self.targets, self.model = targets, model

    @abstractmethod
    def value(self, raw: np.ndarray) -> np.ndarray:
        """Return what the method gives, with one column for two classes.

        Parameters
        ----------
        raw : ndarray of shape (n_members, n_rows, n_outputs)

        Returns
        -------
        value : ndarray of shape (n_rows, n_columns)
        """

    @abstractmethod
    def pull(self, raw: np.ndarray, grad: np.ndarray) -> np.ndarray:
        """Return the derivative of ``sum(grad * value(raw))`` with respect to the raw outputs."""

    def _through_output(self, raw: np.ndarray, grad: np.ndarray) -> np.ndarray:
        """Turn a derivative with respect to activated outputs into that of raw ones."""
        grad = np.array(np.broadcast_to(grad, raw.shape))
        self.model.output.backward(raw.copy(), self.model.output(raw), grad)
        return grad


class Prediction(Response):
    """``predict`` of a regressor."""

    name = "predict"

    def value(self, raw: np.ndarray) -> np.ndarray:
        return self.targets.predict(self.model, self.model.output(raw))

    def pull(self, raw: np.ndarray, grad: np.ndarray) -> np.ndarray:
        grad = grad * self.targets.attributes.get("target_scale_", 1.0) / len(raw)
        grad = np.broadcast_to(grad, (len(raw), *grad.shape))
        outputs = self.model.output(raw)
        return self._through_output(raw, _through_head(self.model.loss.head.point, outputs, grad))


class Probabilities(Response):
    """``predict_proba``."""

    name = "predict_proba"

    def value(self, raw: np.ndarray) -> np.ndarray:
        return self.targets.mean_probabilities(self.model, self.model.output(raw))

    def pull(self, raw: np.ndarray, grad: np.ndarray) -> np.ndarray:
        outputs, read = self.model.output(raw), self.model.loss.head.probabilities  # type: ignore[attr-defined]
        grad = np.broadcast_to(grad / len(raw), (len(raw), *grad.shape))
        if self.targets.compares:
            grad = _through_normalisation(read(outputs), grad)
        return self._through_output(raw, _through_head(read, outputs, grad))


class Scores(Response):
    """``decision_function``."""

    name = "decision_function"

    def value(self, raw: np.ndarray) -> np.ndarray:
        return self.targets.scores(self.model, raw)

    def pull(self, raw: np.ndarray, grad: np.ndarray) -> np.ndarray:
        if len(raw) > 1 and isinstance(self.model.loss.head, ProbabilityHead):
            mean = Probabilities(self.targets, self.model)
            return mean.pull(raw, self._through_logarithm(mean.value(raw), grad))
        if len(raw) == 1 and self.targets.has_raw_scores(self.model):
            return grad[None]
        return self._through_output(raw, grad / len(raw))

    def _through_logarithm(self, mean: np.ndarray, grad: np.ndarray) -> np.ndarray:
        slope = mean if self.targets.compares else mean * (1 - mean)
        return np.divide(grad, slope, out=np.zeros_like(grad), where=slope > 0)


RESPONSES: dict[str, type[Response]] = {
    response.name: response for response in (Prediction, Probabilities, Scores)
}


def response_of(network: BaseMLP, method: str) -> Response:
    """Return a method of a fitted network as a function of its raw outputs.

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
    method : {"auto", "predict", "predict_proba", "decision_function"}
        "auto" is ``predict`` for a regressor, and for a classifier ``predict_proba``, or
        ``decision_function`` where there are no probabilities.

    Raises
    ------
    ValueError
        If the network has no such method, or if it is ``predict`` of a classifier.
    """
    options = ["predict"]
    if is_classifier(network):
        options = [
            name for name in ("predict_proba", "decision_function") if hasattr(network, name)
        ]
    if method != "auto" and method not in options:
        kind, loss = type(network).__name__, parameters_of(network)["loss"]
        raise ValueError(
            f"response_method={method!r} has no derivative for {kind} with loss={loss!r}; it may "
            f"be 'auto', {', '.join(map(repr, options))}."
        )
    chosen = options[0] if method == "auto" else method
    return RESPONSES[chosen](network._targets, network._model)


def columns_of(network: BaseMLP, n_columns: int, target: Any) -> np.ndarray:
    """Return which sums of the columns of a response are asked for, (n_sums, n_columns).

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
    n_columns : int
        Columns of the response.
    target : object
        A class, the index of a target or label, or ``None`` for all columns.

    Raises
    ------
    ValueError
        If there is no such target.
    """
    if target is None:
        return np.eye(n_columns)
    known = network.classes_.tolist() if is_classifier(network) else list(range(n_columns))
    if target not in known:
        raise ValueError(f"target={target!r} is none of {known}, nor None for all of them.")
    index = known.index(target)
    if len(known) == 2 and n_columns == 1:
        return np.array([[1.0 if index == 1 else -1.0]])
    return np.eye(n_columns)[[min(index, n_columns - 1)]]


def _through_normalisation(values: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """Return the derivative with respect to what is divided by its sum over the last axis."""
    total = values.sum(axis=-1, keepdims=True)
    total = np.where(total > 0, total, np.inf)
    return (grad - (grad * values / total).sum(axis=-1, keepdims=True)) / total


def _through_head(
    read: Callable[[np.ndarray], np.ndarray], outputs: np.ndarray, grad: np.ndarray
) -> np.ndarray:
    """Return the derivative with respect to outputs of what a head reads from them.

    A head that does not hand on outputs as they are may be any function of the few outputs of a
    row, a user's as well: it alone is differentiated by central differences.
    """
    if read(outputs) is outputs:
        return grad
    pulled = np.empty_like(outputs)
    for column in range(outputs.shape[-1]):
        step = STEP * np.maximum(np.abs(outputs[..., column]), 1)
        high, low = outputs.copy(), outputs.copy()
        high[..., column] += step
        low[..., column] -= step
        slope = (read(high) - read(low)) / (high - low)[..., column, None]
        pulled[..., column] = (slope * grad).sum(axis=-1)
    return pulled
