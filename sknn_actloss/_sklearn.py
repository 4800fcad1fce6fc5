"""All that is private in scikit-learn or depends on its release, in one place."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import lru_cache
from inspect import signature
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
from sklearn import get_config
from sklearn.base import _fit_context
from sklearn.metrics._scorer import _BaseScorer, _MultimetricScorer, _PassthroughScorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._search_successive_halving import _top_k as top_candidates
from sklearn.model_selection._validation import (
    _insert_error_scores as insert_error_scores,
    _score as score_estimator,
    _warn_or_raise_about_fit_failures as warn_or_raise_about_fit_failures,
)
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._set_output import ADAPTERS_MANAGER, _get_output_config
from sklearn.utils.metaestimators import (
    _safe_split as safe_split,
    available_if as _available_if,
)
from sklearn.utils.multiclass import _check_partial_fit_first_call as check_partial_fit_first_call
from sklearn.utils.optimize import _check_optimize_result as check_optimize_result
from sklearn.utils.parallel import _get_threadpool_controller as threadpool_controller
from sklearn.utils.validation import (
    _check_feature_names_in as feature_names_in,
    _check_method_params as check_method_params,
    _check_response_method,
    _check_sample_weight,
    _num_features as num_features,
    _num_samples as num_samples,
)

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks."""


__all__ = [
    "AdamOptimizer",
    "BaseSearchCV",
    "CallbackSupportMixin",
    "HasMethods",
    "Integral",
    "Interval",
    "InvalidParameterError",
    "Names",
    "Options",
    "Real",
    "RemembersParameters",
    "SGDOptimizer",
    "StrOptions",
    "available_if",
    "check_method_params",
    "check_optimize_result",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "feature_names_in",
    "fit_context",
    "in_container",
    "insert_error_scores",
    "n_blas_threads",
    "num_features",
    "num_samples",
    "number",
    "private_state",
    "safe_indexing",
    "safe_split",
    "score_estimator",
    "scorer_parts",
    "sees_predictions_only",
    "set_private_state",
    "takes_sample_weight",
    "threadpool_controller",
    "top_candidates",
    "unavailable_responses",
    "validate_parameter_constraints",
    "warn_or_raise_about_fit_failures",
    "whole_number",
]


def n_blas_threads() -> int:
    """Return how many threads BLAS would use."""
    libraries = threadpool_controller().select(user_api="blas").lib_controllers
    return min((library.num_threads for library in libraries), default=1)


class RemembersParameters:
    """Looks for the names of an estimator's parameters once, which takes as long as a small fit."""

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return list(_param_names(cls))  # type: ignore[arg-type]


@lru_cache
def _param_names(cls: type) -> list[str]:
    return super(RemembersParameters, cls)._get_param_names()  # type: ignore[misc]


Method = TypeVar("Method", bound=Callable[..., Any])


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]:
    """Return scikit-learn's decorator of ``fit``, which keeps the types of the method."""
    return _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Return scikit-learn's decorator of methods that depend, which keeps their types."""
    return _available_if(check)


class Names(StrOptions):
    """Constraint: one of some names, which messages list in alphabetical order.

    Parameters
    ----------
    *names : str
        The names.
    """

    def __init__(self, *names: str) -> None:
        super().__init__(set(names))

    def __str__(self) -> str:
        return f"a str among {{{', '.join(map(repr, sorted(self.options)))}}}"


class FloatInterval(Interval):
    """Constraint: a real number in an interval that a float can hold."""

    def is_satisfied_by(self, value: Any) -> bool:
        """Whether the value is such a number."""
        is_huge = isinstance(value, int) and abs(value) > sys.float_info.max
        return not is_huge and super().is_satisfied_by(value)


def number(low: float | None, high: float | None, closed: str = "neither") -> Interval:
    """Constraint: a real number between ``low`` and ``high``."""
    return FloatInterval(Real, low, high, closed=closed)


def whole_number(low: int | None, high: int | None = None, closed: str = "left") -> Interval:
    """Constraint: an integer between ``low`` and ``high``."""
    return Interval(Integral, low, high, closed=closed)


def in_container(values: np.ndarray, X: Any, estimator: Any, names: np.ndarray) -> Any:
    """Return values in what ``set_output`` asks an estimator for, an array by default.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
    X : array-like
        What they were made of, for its index.
    estimator : estimator
    names : ndarray of str
        Names of the columns.
    """
    container = _get_output_config("transform", estimator)["dense"]
    if container == "default":
        return values
    return ADAPTERS_MANAGER.adapters[container].create_container(values, X, columns=names)


#: What a fitted MLP of scikit-learn keeps to itself, by names of our own.
_MLP_STATE = {
    "binarizer": "_label_binarizer",
    "optimizer": "_optimizer",
    "no_improvement_count": "_no_improvement_count",
    "best_coefs": "_best_coefs",
    "best_intercepts": "_best_intercepts",
}


def private_state(mlp: Any) -> dict[str, Any]:
    """Return what a fitted MLP of scikit-learn has of this state, by the names of our own."""
    return {own: vars(mlp)[name] for own, name in _MLP_STATE.items() if name in vars(mlp)}


def set_private_state(mlp: Any, **state: Any) -> None:
    """Set parts of what :func:`private_state` returns."""
    for own, value in state.items():
        setattr(mlp, _MLP_STATE[own], value)


def sees_predictions_only(scorer: Any, params: dict[str, Any]) -> bool:
    """Whether a scorer looks at nothing but what an estimator predicts and the targets.

    With metadata routing, arguments of an estimator's own ``score`` are for it to pass on.
    """
    if isinstance(scorer, _MultimetricScorer):
        return all(sees_predictions_only(part, params) for part in scorer._scorers.values())
    if isinstance(scorer, _PassthroughScorer):
        return not (params and get_config()["enable_metadata_routing"])
    return isinstance(scorer, _BaseScorer)


def scorer_parts(scorer: Any) -> Any:
    """Return the scorers of several metrics by name, a single one as it is."""
    return scorer._scorers if isinstance(scorer, _MultimetricScorer) else scorer


def takes_sample_weight(scorer: Any) -> bool:
    """Whether a scorer takes ``sample_weight``."""
    if isinstance(scorer, _BaseScorer | _PassthroughScorer):
        return scorer._accept_sample_weight()
    return "sample_weight" in signature(scorer).parameters


def check_sample_weight(sample_weight: Any, X: Any, **options: Any) -> Any:
    """Check weights of rows; what does not name them in scikit-learn's messages does so here."""
    try:
        return _check_sample_weight(sample_weight, X, **options)
    except (TypeError, ValueError) as error:
        if re.search("sample.weight", str(error), re.IGNORECASE):
            raise
        raise ValueError(f"sample_weight must hold a number for each row: {error}") from error


def unavailable_responses(scorer: Any, estimator: Any) -> list[str]:
    """Return the methods one of which a scorer needs, if an estimator has none of them."""
    if not isinstance(scorer, _BaseScorer):
        return []
    try:
        _check_response_method(estimator, scorer._response_method)
    except AttributeError:
        methods = scorer._response_method
        return [methods] if isinstance(methods, str) else list(methods)
    return []
