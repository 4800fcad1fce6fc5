"""The network at the end of an estimator, and the steps in front of it."""

from __future__ import annotations

import copy
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Self

import joblib
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import Pipeline

from sknn_actloss.estimators import BaseMLP, parameters_of


def network_name(estimator: Any) -> str:
    """Return the parameter that holds the network: "" for a network, a step's name otherwise.

    Raises
    ------
    TypeError
        If the estimator is neither a network of this package nor a Pipeline that ends in one.
    """
    if isinstance(estimator, BaseMLP):
        return ""
    if isinstance(estimator, Pipeline) and estimator.steps:
        name, last = estimator.steps[-1]
        if isinstance(last, BaseMLP | Pipeline):
            inner = network_name(last)
            return f"{name}__{inner}" if inner else name
        estimator = last
    raise TypeError(
        "estimator must be an MLPClassifier or MLPRegressor of sknn_actloss, or a Pipeline that "
        f"ends in one; got {estimator!r}{_hint(estimator)}. Use sklearn.model_selection's "
        "GridSearchCV, or the search of that module that corresponds, for other estimators."
    )


def _hint(estimator: Any) -> str:
    is_theirs = type(estimator).__module__.startswith("sklearn.neural_network")
    return ", which is scikit-learn's class of that name" if is_theirs else ""


def network_of(estimator: Any, name: str) -> BaseMLP:
    """Return the network of an estimator, given what :func:`network_name` returned for it."""
    return estimator.get_params()[name] if name else estimator


def steps_key(estimator: Any, name: str) -> Hashable:
    """Return what is equal for estimators with equal steps in front of their networks."""
    if not name:
        return None
    requests = repr(getattr(network_of(estimator, name), "_metadata_request", None))
    return fingerprint(clone(estimator).set_params(**{name: Recorder()})), requests, name


def fingerprint(value: Any) -> Hashable:
    """Return what is equal for equal values; what cannot be pickled equals nothing else."""
    try:
        return joblib.hash(value)
    except Exception:
        return object()


def seeded(network: BaseMLP, seed: int | np.random.RandomState | None) -> BaseMLP:
    """Set ``random_state`` of an unfitted network that has none, and return the network."""
    has_seed = parameters_of(network)["random_state"] is not None
    return network if has_seed else network.set_params(random_state=seed)


class Recorder(TransformerMixin, BaseEstimator):
    """Stands in for the network at the end of a Pipeline and keeps what it is given to fit."""

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Self:
        """Keep rows and arguments."""
        self.X_, self.y_, self.fit_params_ = X, y, fit_params
        return self

    def transform(self, X: Any) -> Any:
        """Return the rows as they come."""
        return X

    def __sklearn_is_fitted__(self) -> bool:
        return True


@dataclass(eq=False)
class Preparation:
    """Steps of a Pipeline fitted to the training rows of a split.

    Parameters
    ----------
    pipeline : Pipeline
        Its fitted steps, with a placeholder for the network.
    name : str
        Where the network belongs.
    X, y : training rows as the steps hand them on, and their targets
    fit_params : dict
        What the steps leave of the arguments of ``fit`` for the network.
    seconds : float
        Time that fitting the steps has taken.
    """

    pipeline: Pipeline
    name: str
    X: Any
    y: Any
    fit_params: dict[str, Any]
    seconds: float

    @classmethod
    def of(cls, pipeline: Pipeline, X: Any, y: Any, fit_params: dict[str, Any]) -> Preparation:
        """Fit the steps of a Pipeline in front of its network."""
        start = time.perf_counter()
        name = network_name(pipeline)
        recorder = Recorder()
        request = getattr(network_of(pipeline, name), "_metadata_request", None)
        if request is not None:
            recorder._metadata_request = copy.deepcopy(request)
        pipeline.set_params(**{name: recorder}).fit(X, y, **fit_params)
        rows, targets, rest = recorder.X_, recorder.y_, recorder.fit_params_
        pipeline.set_params(**{name: Recorder()})
        return cls(pipeline, name, rows, targets, rest, time.perf_counter() - start)

    @property
    def is_plain(self) -> bool:
        """Whether a prediction is the network's, of rows that have gone through the steps."""
        return _is_plain(self.pipeline)

    def transform(self, X: Any) -> Any:
        """Return rows as the network sees them."""
        return self.pipeline.transform(X)

    def with_network(self, network: BaseMLP) -> Pipeline:
        """Return the Pipeline with a fitted network at its end; the steps are shared."""
        return _replaced(self.pipeline, self.name, network)


def _replaced(pipeline: Pipeline, name: str, network: BaseMLP) -> Pipeline:
    """Return a shallow copy of a fitted Pipeline with another last step."""
    step, _, inner = name.partition("__")
    last = _replaced(pipeline.steps[-1][1], inner, network) if inner else network
    other = copy.copy(pipeline)
    other.steps = [*pipeline.steps[:-1], (step, last)]
    return other


def _is_plain(pipeline: Any) -> bool:
    if isinstance(pipeline, Recorder):
        return True
    return type(pipeline) is Pipeline and _is_plain(pipeline.steps[-1][1])
