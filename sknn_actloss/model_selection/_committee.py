"""Committees: networks that are trained together and predict by their average."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    clone,
)
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sknn_actloss._docs import filled
from sknn_actloss._pickling import Stamped
from sknn_actloss._site import Documented
from sknn_actloss._sklearn import fit_context
from sknn_actloss.estimators import (
    BaseMLP,
    JointFit,
    NetworkHolder,
)
from sknn_actloss.model_selection._pipeline import (
    Preparation,
    network_name,
    network_of,
    seeded,
    steps_key,
)
from sknn_actloss.model_selection._predictions import predicted
from sknn_actloss.persistence import CheckpointFile

_SECTIONS = {
    "parameters": """\
estimators : list of estimator
    The members, unfitted: networks of this package, Pipelines that end in one, or
    ``TransformedTargetRegressor`` that hold one.
weights : array-like of shape (n_members,), default=None
    What their predictions count; ``None`` makes all of them equal.
random_state : int, RandomState instance or None, default=None
    Source of random numbers for those networks whose own ``random_state`` is ``None``. They
    share one stream: their initial weights differ, and their batches are the same, so that they
    can share a stack.""",
    "attributes": """\
estimators_ : list of estimator
    The fitted members.
weights_ : ndarray of shape (n_members,)
    Their weights, adding up to one.
n_features_in_ : int
    Number of features.
feature_names_in_ : ndarray of shape (``n_features_in_``,)
    Names of the features, where X had string names.""",
}
documented = filled(_SECTIONS)


class Committee(MetaEstimatorMixin, Documented, Stamped, BaseEstimator):
    """Base of the committees."""

    estimators_: list[Any]
    weights_: np.ndarray
    n_features_in_: int
    feature_names_in_: np.ndarray

    _kind: ClassVar[type[BaseMLP]]
    _file_of: Callable[..., CheckpointFile] | None = None

    _parameter_constraints: ClassVar[dict] = {
        "estimators": [list, tuple],
        "weights": ["array-like", None],
        "random_state": ["random_state"],
    }

    # The members say what they request.
    __metadata_request__fit = {"sample_weight": UNUSED}

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
            Weights of the rows, for the networks and for those steps in front that take them;
            with metadata routing, for those that request them.
        **fit_params : dict
            Further arguments of every member's ``fit``, such as ``step__sample_weight`` where
            they are Pipelines.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        TypeError
            If a member is not a network of the right kind, or a Pipeline that ends in one.
        ValueError
            If there are no members, if weights are negative or not one for each member, or if the
            loss of a classifier gives no probabilities.
        Exception
            What the fit of a member raises, with a note on which one it is.
        """
        self._check_members()
        weights = self._checked_weights()
        self.estimators_ = self._fitted(X, y, sample_weight, fit_params)
        self.weights_ = weights
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)  # type: ignore[attr-defined]
            if hasattr(self.estimators_[0], name):
                setattr(self, name, getattr(self.estimators_[0], name))
        return self

    def _check_members(self) -> None:
        if len(self.estimators) == 0:
            raise ValueError("estimators is empty; a committee needs one member at least.")
        for index, member in enumerate(self.estimators):
            self._check_member(index, member)

    def _check_member(self, index: int, member: Any) -> None:
        try:
            network = network_of(member, network_name(member))
        except TypeError:
            network = None
        if not isinstance(network, self._kind):
            raise TypeError(
                f"estimators[{index}] must be an {self._kind.__name__} of sknn_actloss, or a "
                f"Pipeline that ends in one; got {member!r} of {type(member).__module__}. Use an "
                "ensemble of sklearn.ensemble, such as its Voting estimators, for others."
            )

    def _checked_weights(self) -> np.ndarray:
        n_members = len(self.estimators)
        if self.weights is None:
            return np.full(n_members, 1 / n_members)
        try:
            weights = np.asarray(self.weights, dtype=float)
        except (TypeError, ValueError):
            weights = np.empty(0)
        with np.errstate(over="ignore"):
            total = weights.sum()
        if weights.shape != (n_members,) or not (weights >= 0).all() or not 0 < total < np.inf:
            raise ValueError(
                f"weights must be {n_members} finite numbers, one for each of estimators, none of "
                f"them negative and not all of them zero; got {self.weights!r}."
            )
        return weights / total

    def _fitted(self, X: Any, y: Any, sample_weight: Any, fit_params: dict[str, Any]) -> list[Any]:
        """Return fitted clones of all members."""
        members = [clone(member) for member in self.estimators]
        seed = self.random_state
        stream = None if seed is None else check_random_state(seed)
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for index, member in enumerate(members):
            groups[steps_key(member, network_name(member))].append(index)
        for indices in groups.values():
            first = members[indices[0]]
            passed_on = _passed_on(first, sample_weight, fit_params)
            name = network_name(first)
            networks = [seeded(network_of(members[index], name), stream) for index in indices]
            if not name:
                self._train(networks, indices, X, y, passed_on)
                continue
            with self._noted(indices[0]):
                prepared = Preparation.of(first, X, y, passed_on)
            networks = [prepared.completed(network) for network in networks]
            self._train(networks, indices, prepared.X, prepared.y, prepared.fit_params)
            for index, network in zip(indices, networks, strict=True):
                members[index] = prepared.with_network(network)
        return members

    def _train(
        self,
        networks: list[BaseMLP],
        indices: list[int],
        X: Any,
        y: Any,
        fit_params: dict[str, Any],
    ) -> None:
        """Train the networks of the members in some indices."""
        joint = JointFit(networks, X, y, fit_params)
        file = None if self._file_of is None else self._file_of(indices)
        saved = None if file is None else file.load()
        if saved is not None:
            with file.refusing():
                joint.go_to(saved)
        if not joint.failures:
            joint.train(file=file)
        for number, error in sorted(joint.failures.items()):
            with self._noted(indices[number]):
                raise error

    @contextmanager
    def saved_by(self, file_of: Callable[..., CheckpointFile]) -> Iterator[None]:
        """Let fits within be saved; ``file_of`` returns a file, given the indices of members.

        Parameters
        ----------
        file_of : callable
            Returns the file for the members of some indices.

        Yields
        ------
        None
            Fits are saved within the block.
        """
        self._file_of = file_of
        try:
            yield
        finally:
            del self._file_of

    @contextmanager
    def _noted(self, index: int) -> Iterator[None]:
        """Note on an exception which member it comes from."""
        try:
            yield
        except Exception as error:
            member = self.estimators[index]
            error.add_note(f"This is what the fit of estimators[{index}] ended in: {member!r}")
            raise

    def _average(self, method: str, X: Any) -> np.ndarray:
        check_is_fitted(self)
        predictions = [predicted(member, method, X) for member in self.estimators_]
        return np.average(predictions, axis=0, weights=self.weights_)

    def get_metadata_routing(self) -> Any:
        """Return the routing of the first member, whose arguments all members are given.

        Returns
        -------
        routing : MetadataRequest or MetadataRouter
            What ``fit`` passes on.
        """
        first = self._first
        return super().get_metadata_routing() if first is None else first.get_metadata_routing()  # type: ignore[union-attr]

    @property
    def _first(self) -> BaseMLP | NetworkHolder | Pipeline | TransformedTargetRegressor | None:
        """The first member, ``None`` before the fit has complained about it."""
        members = self.estimators if isinstance(self.estimators, list | tuple) else []
        kinds = BaseMLP | NetworkHolder | Pipeline | TransformedTargetRegressor
        return members[0] if members and isinstance(members[0], kinds) else None

    def _like_first(self, tags: Any) -> Any:
        """Return tags with those of the first member in their stead."""
        if self._first is None:
            return tags
        member = copy.deepcopy(get_tags(self._first))
        tags.input_tags, tags.target_tags = member.input_tags, member.target_tags
        tags.classifier_tags, tags.regressor_tags = member.classifier_tags, member.regressor_tags
        return tags


def _passed_on(member: Any, sample_weight: Any, fit_params: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a member's ``fit``."""
    if sample_weight is None:
        return fit_params
    names = ["sample_weight"]
    if not get_config()["enable_metadata_routing"]:
        names = _names_of_weights(member)
    return dict.fromkeys(names, sample_weight) | fit_params


def _names_of_weights(estimator: Any) -> list[str]:
    """Return the arguments in which a network or the steps of a Pipeline take weights."""
    if isinstance(estimator, Pipeline):
        named = [(step, _names_of_weights(part)) for step, part in estimator.steps]
        return [f"{step}__{name}" for step, names in named for name in names]
    if isinstance(estimator, TransformedTargetRegressor):
        return _names_of_weights(estimator.regressor)
    takes = isinstance(estimator, BaseMLP | NetworkHolder) or has_fit_parameter(
        estimator, "sample_weight"
    )
    return ["sample_weight"] if takes else []
