"""The network at the end of an estimator, and what prepares rows in front of it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from sknn_actloss.estimators import BaseMLP, NetworkHolder, Recorder, parameters_of
from sknn_actloss.persistence import value_digest


def network_name(estimator: Any) -> str:
    """Return the parameter that holds the network, "" for a network itself.

    Raises
    ------
    TypeError
        If the estimator is neither a network of this package nor one that prepares rows or
        targets for it.
    """
    if isinstance(estimator, BaseMLP):
        return ""
    if isinstance(estimator, NetworkHolder):
        return estimator.network_name
    name, inner = _held(estimator)
    kinds = BaseMLP | NetworkHolder | Pipeline | TransformedTargetRegressor
    if inner is not estimator and isinstance(inner, kinds):
        return "__".join(filter(None, (name, network_name(inner))))
    raise TypeError(
        "estimator must be an MLPClassifier or MLPRegressor of sknn_actloss, or a Pipeline that "
        "ends in one, or a TransformedTargetRegressor that holds one; got "
        f"{inner!r}{_hint(inner)}. Use sklearn.model_selection's GridSearchCV, or the search of "
        "that module that corresponds, for other estimators."
    )


def _held(estimator: Any) -> tuple[str, Any]:
    """Return what an estimator hands rows to, and its name; another estimator as it is."""
    if isinstance(estimator, TransformedTargetRegressor):
        return "regressor", getattr(estimator, "regressor_", estimator.regressor)
    if isinstance(estimator, Pipeline) and estimator.steps:
        return estimator.steps[-1]
    return "", estimator


def _hint(estimator: Any) -> str:
    is_theirs = type(estimator).__module__.startswith("sklearn.neural_network")
    return ", which is scikit-learn's class of that name" if is_theirs else ""


def network_of(estimator: Any, name: str) -> BaseMLP:
    """Return the network of an estimator, given what :func:`network_name` returned for it.

    That of an estimator that makes it, or changes it in advance, is a copy.
    """
    last = innermost(estimator)
    if isinstance(last, NetworkHolder):
        return last.unfitted_network()
    return estimator.get_params()[name] if name else estimator


def completed(estimator: Any, network: BaseMLP, y: Any) -> BaseMLP:
    """Return a network of an estimator with what it leaves open until there are targets."""
    last = innermost(estimator)
    return last.completed(network, y) if isinstance(last, NetworkHolder) else network


def last_step(estimator: Any) -> Any:
    """Return the end of a Pipeline, or another estimator as it is."""
    return last_step(estimator.steps[-1][1]) if isinstance(estimator, Pipeline) else estimator


def innermost(estimator: Any) -> Any:
    """Return what Pipelines end in and a ``TransformedTargetRegressor`` holds."""
    _, inner = _held(estimator)
    return estimator if inner is estimator else innermost(inner)


def steps_key(estimator: Any, name: str) -> Hashable:
    """Return what is equal for estimators with equal steps in front of their networks."""
    if not name:
        return None
    requests = repr(getattr(network_of(estimator, name), "_metadata_request", None))
    return fingerprint(clone(estimator).set_params(**{name: _recorder(estimator)})), requests, name


def _recorder(estimator: Any) -> Recorder:
    """Return what stands in for the network of an estimator."""
    last = innermost(estimator)
    return Recorder(isinstance(last, NetworkHolder) and last.network is None)


def fingerprint(value: Any) -> Hashable:
    """Return what is equal for equal values; what has no hash equals nothing else."""
    if value is None or isinstance(value, bool | int | float | str):
        return type(value).__name__, repr(value)
    with suppress(Exception):
        return joblib.hash(value)
    with suppress(Exception):
        return value_digest(value)
    return object()


def seeded(network: BaseMLP, seed: int | np.random.RandomState | None) -> BaseMLP:
    """Set ``random_state`` of an unfitted network that has none, and return the network."""
    has_seed = parameters_of(network)["random_state"] is not None
    return network if has_seed else network.set_params(random_state=seed)


@dataclass(eq=False)
class Preparation:
    """What prepares rows for networks, fitted to the training rows of a split.

    Parameters
    ----------
    estimator : Pipeline or NetworkHolder
        The fitted estimator, with a placeholder for the network.
    name : str
        Where the network belongs.
    X, y : training rows as the networks are given them, and their targets
    fit_params : dict
        What is left of the arguments of ``fit`` for the network.
    seconds : float
        Time that fitting has taken.
    """

    estimator: Any
    name: str
    X: Any
    y: Any
    fit_params: dict[str, Any]
    seconds: float

    @classmethod
    def of(cls, estimator: Any, X: Any, y: Any, fit_params: dict[str, Any]) -> Preparation:
        """Fit what is in front of the network of an estimator."""
        start = time.perf_counter()
        name = network_name(estimator)
        recorder = _recorder(estimator)
        request = getattr(network_of(estimator, name), "_metadata_request", None)
        if request is not None:
            recorder._metadata_request = copy.deepcopy(request)
        estimator.set_params(**{name: recorder}).fit(X, y, **fit_params)
        found = fitted_network(estimator)
        rows, targets, rest = found.X_, found.y_, found.fit_params_
        emptied = _replaced(estimator, Recorder())
        return cls(emptied, name, rows, targets, rest, time.perf_counter() - start)

    @property
    def is_plain(self) -> bool:
        """Whether predictions need no more than rows that have been prepared."""
        return _is_plain(self.estimator)

    def transform(self, X: Any) -> Any:
        """Return rows as the network sees them."""
        return _preparing(self.estimator).transform(X)

    def completed(self, network: BaseMLP) -> BaseMLP:
        """Return a network with what it leaves open until there are targets."""
        return completed(self.estimator, network, self.y)

    def with_network(self, network: BaseMLP) -> Any:
        """Return the estimator with a fitted network; all else is shared."""
        return _replaced(self.estimator, network)

    def end_with(self, network: BaseMLP) -> Any:
        """Return what predicts with a fitted network from rows that have been prepared."""
        return _end_with(self.estimator, network)


def fitted_network(estimator: Any) -> Any:
    """Return the network, or what stands in for it, of a fitted estimator."""
    last = innermost(estimator)
    return last.network_ if isinstance(last, NetworkHolder) else last


def _replaced(estimator: Any, network: Any) -> Any:
    """Return a shallow copy of a fitted estimator with another network."""
    if isinstance(estimator, NetworkHolder):
        return estimator.with_network(network)
    if isinstance(estimator, TransformedTargetRegressor):
        return _with_regressor(estimator, _replaced, network)
    return _with_last(estimator, _replaced, network) if isinstance(estimator, Pipeline) else network


def _end_with(estimator: Any, network: Any) -> Any:
    """Return what predicts with a network from rows that have been prepared."""
    if isinstance(estimator, Pipeline):
        return _end_with(estimator.steps[-1][1], network)
    if isinstance(estimator, TransformedTargetRegressor):
        return _with_regressor(estimator, _end_with, network)
    if isinstance(estimator, NetworkHolder):
        return estimator.with_network(network).for_prepared_rows()
    return network


def _preparing(estimator: Any) -> Any:
    """Return what prepares rows for the network of a fitted estimator."""
    if isinstance(estimator, NetworkHolder):
        return estimator.encoder_
    if isinstance(estimator, TransformedTargetRegressor):
        return _preparing(estimator.regressor_)
    return _with_last(estimator, _preparing) if isinstance(estimator, Pipeline) else estimator


def _with_last(pipeline: Pipeline, change: Callable[..., Any], *arguments: Any) -> Pipeline:
    """Return a shallow copy of a Pipeline whose last step is changed."""
    other = copy.copy(pipeline)
    step, last = pipeline.steps[-1]
    other.steps = [*pipeline.steps[:-1], (step, change(last, *arguments))]
    return other


def _with_regressor(
    estimator: TransformedTargetRegressor, change: Callable[..., Any], network: Any
) -> TransformedTargetRegressor:
    """Return a shallow copy of a fitted estimator whose regressor is changed."""
    other = copy.copy(estimator)
    other.regressor_ = change(estimator.regressor_, network)
    other.regressor = clone(other.regressor_, safe=False)
    return other


def _is_plain(estimator: Any) -> bool:
    if isinstance(estimator, Recorder | NetworkHolder):
        return True
    is_known = type(estimator) in (Pipeline, TransformedTargetRegressor)
    return is_known and _is_plain(_held(estimator)[1])
