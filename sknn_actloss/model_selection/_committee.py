"""Committees: networks that are trained together and predict by their average."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Hashable
from typing import Any, ClassVar, Self

import numpy as np
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    clone,
    is_classifier,
)
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sknn_actloss._docs import filled
from sknn_actloss._sklearn import fit_context
from sknn_actloss.estimators import BaseMLP, Together
from sknn_actloss.model_selection._pipeline import (
    Preparation,
    network_name,
    network_of,
    seeded,
    steps_key,
)

_SECTIONS = {
    "parameters": """\
estimators : list of estimator
    The members, unfitted: networks of this package, or Pipelines that end in one.
weights : array-like of shape (n_members,), default=None
    What their predictions count; ``None`` makes all of them equal.
random_state : int, RandomState instance or None, default=None
    Source of random numbers for those networks whose own ``random_state`` is ``None``. They
    share one stream, so that they can share a stack.""",
    "attributes": """\
estimators_ : list of estimator
    The fitted members.
weights_ : ndarray of shape (n_members,)
    Their weights, adding up to one.
n_features_in_ : int
    Number of features.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features, where X had string names.""",
}
documented = filled(_SECTIONS)


class Committee(MetaEstimatorMixin, BaseEstimator):
    """Base of the committees."""

    _parameter_constraints: ClassVar[dict] = {
        "estimators": [list, tuple],
        "weights": ["array-like", None],
        "random_state": ["random_state"],
    }

    def __init__(self, estimators: Any, *, weights: Any = None, random_state: Any = None) -> None:
        self.estimators = estimators
        self.weights = weights
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit all members to the same rows, in as few stacks as their shapes allow.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for the networks and for those steps in front that take them.
        **fit_params : dict
            Further arguments of the members' ``fit``, such as ``step__sample_weight`` where they
            are Pipelines.

        Returns
        -------
        self : object

        Raises
        ------
        TypeError
            If a member is not a network of the right kind, or a Pipeline that ends in one.
        ValueError
            If there are no members, or weights that are negative or as many as there are not
            members; whatever the fit of a member raises.
        """
        self._check_members()
        weights = self._checked_weights()
        self.estimators_ = self._fitted(X, y, self._passed_on(sample_weight, fit_params))
        self.weights_ = weights
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
            if hasattr(self.estimators_[0], name):
                setattr(self, name, getattr(self.estimators_[0], name))
        return self

    def _check_members(self) -> None:
        if len(self.estimators) == 0:
            raise ValueError("estimators is empty; a committee needs one member at least.")
        for place, member in enumerate(self.estimators):
            network_name(member)
            if is_classifier(member) != is_classifier(self):
                kind = "classifier" if is_classifier(self) else "regressor"
                raise TypeError(
                    f"estimators[{place}]={member!r} is no {kind}, as all members of a "
                    f"{type(self).__name__} must be."
                )

    def _checked_weights(self) -> np.ndarray:
        n_members = len(self.estimators)
        if self.weights is None:
            return np.full(n_members, 1 / n_members)
        weights = np.asarray(self.weights, dtype=float)
        if weights.shape != (n_members,) or not (weights >= 0).all() or not weights.sum() > 0:
            raise ValueError(
                f"weights must be {n_members} numbers, one for each of estimators, none of them "
                f"negative and not all of them zero; got {self.weights!r}."
            )
        return weights / weights.sum()

    def _passed_on(self, sample_weight: Any, fit_params: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of the members' ``fit``."""
        if sample_weight is None:
            return fit_params
        member = self.estimators[0]
        name = network_name(member)
        if not name or get_config()["enable_metadata_routing"]:
            return fit_params | {"sample_weight": sample_weight}
        takers = [step for step, taker in member.steps if has_fit_parameter(taker, "sample_weight")]
        weighted = {f"{taker}__sample_weight": sample_weight for taker in {*takers, name}}
        return weighted | fit_params

    def _fitted(self, X: Any, y: Any, fit_params: dict[str, Any]) -> list[Any]:
        """Return fitted clones of all members."""
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        members = [clone(member) for member in self.estimators]
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for place, member in enumerate(members):
            groups[steps_key(member, network_name(member))].append(place)
        for places in groups.values():
            name = network_name(members[places[0]])
            networks = [seeded(network_of(members[place], name), seed) for place in places]
            if not name:
                _train(networks, X, y, fit_params)
                continue
            prepared = Preparation.of(members[places[0]], X, y, fit_params)
            _train(networks, prepared.X, prepared.y, prepared.fit_params)
            for place, network in zip(places, networks, strict=True):
                members[place] = prepared.with_network(network)
        return members

    def _average(self, method: str, X: Any) -> np.ndarray:
        check_is_fitted(self)
        predictions = [getattr(member, method)(X) for member in self.estimators_]
        return np.average(predictions, axis=0, weights=self.weights_)

    def get_metadata_routing(self) -> MetadataRouter:
        """Return how metadata reach the members."""
        mapping = MethodMapping().add(caller="fit", callee="fit")
        members = {f"member_{i}": member for i, member in enumerate(self.estimators)}
        return MetadataRouter(owner=type(self).__name__).add(method_mapping=mapping, **members)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if not self.estimators or not isinstance(self.estimators, list | tuple):
            return tags
        member = copy.deepcopy(get_tags(self.estimators[0]))
        tags.input_tags, tags.target_tags = member.input_tags, member.target_tags
        tags.classifier_tags, tags.regressor_tags = member.classifier_tags, member.regressor_tags
        return tags


@documented
class CommitteeClassifier(ClassifierMixin, Committee):
    """Networks that classify by their averaged probabilities.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}
    classes_ : ndarray of shape (n_classes,)
        Class labels.

    See Also
    --------
    StackedGridSearchCV : Finds members and weights with ``committee_size``.
    """

    def _check_members(self) -> None:
        super()._check_members()
        for place, member in enumerate(self.estimators):
            network = network_of(member, network_name(member))
            if not hasattr(network, "predict_proba"):
                raise ValueError(
                    f"estimators[{place}] has loss={network.loss!r}, which gives no probabilities "
                    "to average. Take a loss such as 'log_loss'."
                )

    @property
    def classes_(self) -> np.ndarray:
        """Class labels."""
        check_is_fitted(self)
        return self.estimators_[0].classes_

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the weighted mean of the members' probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        """
        return self._average("predict_proba", X)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable classes, or the labels above one half.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        probabilities, member = self.predict_proba(X), self.estimators_[0]
        network = network_of(member, network_name(member))
        if network._target_kind == "multilabel":
            return (probabilities > 0.5).astype(int)
        return self.classes_[probabilities.argmax(axis=1)]


@documented
class CommitteeRegressor(RegressorMixin, Committee):
    """Networks that predict by their mean.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    StackedGridSearchCV : Finds members and weights with ``committee_size``.
    """

    def predict(self, X: Any) -> np.ndarray:
        """Return the weighted mean of the members' predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._average("predict", X)


def _train(networks: list[BaseMLP], X: Any, y: Any, fit_params: dict[str, Any]) -> None:
    together = Together(networks, X, y, fit_params)
    together.train()
    for place, error in together.failures.items():
        error.add_note(f"This is what the fit of a member ended in: {networks[place]!r}")
        raise error
