"""The network within an estimator, and the steps that rows and targets pass on their way to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.base import clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn_actloss.estimators import BaseMLP, MLPClassifier, MLPRegressor, NetworkHolder
from sknn_actloss.inspection._members import Share, shares

#: Where estimators that wrap another keep it, the fitted one first.
WRAPPED = ("best_estimator_", "regressor_", "estimator_", "regressor", "estimator")


@dataclass(frozen=True)
class Found:
    """A network and the estimators around it.

    Parameters
    ----------
    network : estimator
    around : tuple of estimators
        The outermost first. The steps of a Pipeline in front of the network and the encoder of
        an estimator for tables transform X, a ``TransformedTargetRegressor`` transforms y, a
        :class:`Share` of an ensemble may transform both; others hand both on.
    """

    network: Any
    around: tuple[Any, ...]

    def transform(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return rows and targets as the network sees them.

        Raises
        ------
        NotFittedError
            If an estimator around the network is not fitted.
        """
        for outer in self.around:
            if isinstance(outer, Share):
                X, y = outer.transform(X, y)
                continue
            check_is_fitted(outer)
            if isinstance(outer, Pipeline):
                for step in _steps_in_front(outer):
                    X = X if _resamples(step) else step.transform(X)
            elif isinstance(outer, NetworkHolder):
                X = outer.encoder_.transform(X)
            elif isinstance(outer, TransformedTargetRegressor):
                y = _transformed_targets(outer, y)
        return X, y

    def fit_transform(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Fit clones of the steps, and return rows and targets as a fit of the network has them."""
        for outer in self.around:
            if isinstance(outer, Pipeline):
                for step in map(clone, _steps_in_front(outer)):
                    if _resamples(step):
                        X, y = step.fit_resample(X, y)
                    else:
                        X = step.fit_transform(X, y)
            elif isinstance(outer, NetworkHolder):
                X = outer.unfitted_encoder().fit_transform(X, y)
            elif isinstance(outer, TransformedTargetRegressor):
                stand_in = clone(outer).set_params(regressor=DummyRegressor())
                y = _transformed_targets(stand_in.fit(X, y), y)
        return X, y

    def to_be_fitted(self, y: Any) -> Any:
        """Return an unfitted copy of the network, with what it leaves open until there is ``y``."""
        network = clone(self.network)
        holders = (outer for outer in self.around if isinstance(outer, NetworkHolder))
        return next((holder.completed(network, y) for holder in holders), network)


#: Classes of this package and of scikit-learn.
NETWORKS = (BaseMLP, neural_network.MLPClassifier, neural_network.MLPRegressor)


def find_network(estimator: Any, own: bool = False) -> Found:
    """Find the MLP that an estimator is, ends in or wraps.

    Parameters
    ----------
    estimator : estimator
        A network, a Pipeline, a search, or another estimator that holds one.
    own : bool, default=False
        Whether only networks of this package will do, not those of scikit-learn.

    Raises
    ------
    TypeError
        If there is none.
    """
    inner, around = estimator, []
    while inner is not None and not isinstance(inner, NETWORKS):
        around.append(inner)
        inner = _inner(inner)
    if inner is None or (own and not isinstance(inner, BaseMLP)):
        raise _refusal(estimator, own)
    return Found(inner, tuple(around))


def find_networks(estimator: Any, own: bool = False, apart: bool = True) -> dict[str, Found]:
    """Find all MLPs that a fitted estimator consists of, by where they are.

    A network, or what holds a single one, has the name ``""``; members of committees and
    ensembles are called ``estimators_[0]`` or ``members_[0]`` and so on. Members that are no
    networks are left out.

    Parameters
    ----------
    estimator : estimator
        A fitted one.
    own : bool, default=False
        Whether only networks of this package will do, not those of scikit-learn.
    apart : bool, default=True
        Whether to take the members of a network with several of them apart.

    Raises
    ------
    TypeError
        If there is none.
    """
    found = dict(_walk(estimator, (), "", own, apart))
    if not found:
        raise _refusal(estimator, own)
    return found


def _walk(
    estimator: Any, around: tuple[Any, ...], name: str, own: bool, apart: bool
) -> Iterator[tuple[str, Found]]:
    members = [(f"members_[{i}]", m) for i, m in enumerate(getattr(estimator, "members_", ()))]
    if apart and isinstance(estimator, BaseMLP) and members:
        for member, network in members:
            yield _joined(name, member), Found(network, around)
        return
    if isinstance(estimator, BaseMLP if own else NETWORKS):
        yield name, Found(estimator, around)
        return
    ensemble = list(shares(estimator))
    for member, share in ensemble:
        yield from _walk(share.member, (*around, share), _joined(name, member), own, apart)
    inner = None if ensemble or isinstance(estimator, NETWORKS) else _inner(estimator)
    if inner is not None:
        yield from _walk(inner, (*around, estimator), name, own, apart)


def _joined(*names: str) -> str:
    return ".".join(filter(None, names))


def _refusal(estimator: Any, own: bool) -> TypeError:
    return TypeError(
        f"estimator must be an MLPClassifier or MLPRegressor{' of sknn_actloss' * own}, or a "
        f"Pipeline, search or ensemble that holds one; got {estimator!r}."
    )


def as_own(network: Any) -> BaseMLP:
    """Return a network of this package as it is, and another one as an unfitted one of this."""
    if isinstance(network, BaseMLP):
        return network
    own = MLPClassifier() if is_classifier(network) else MLPRegressor()
    known, theirs = own.get_params(deep=False), network.get_params(deep=False)
    return own.set_params(**{name: theirs[name] for name in theirs if name in known})


def _inner(estimator: Any) -> Any:
    steps = getattr(estimator, "steps", None)
    if steps:
        return steps[-1][1]
    if isinstance(estimator, NetworkHolder):
        return getattr(estimator, "network_", None) or estimator.unfitted_network()
    found = (getattr(estimator, name, None) for name in WRAPPED)
    return next((inner for inner in found if inner is not None), None)


def _steps_in_front(pipeline: Pipeline) -> list[Any]:
    return [step for _, step in pipeline.steps[:-1] if step not in (None, "passthrough")]


def _resamples(step: Any) -> bool:
    """Whether a step draws other rows in a fit, as those of imbalanced-learn do."""
    return hasattr(step, "fit_resample")


def _transformed_targets(estimator: TransformedTargetRegressor, y: Any) -> np.ndarray:
    y = np.asarray(y)
    return estimator.transformer_.transform(y.reshape(len(y), -1)).reshape(y.shape)
