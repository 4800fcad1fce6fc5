"""All that is private in scikit-learn or depends on its release, in one place."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import (
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.multiclass import _check_partial_fit_first_call as check_partial_fit_first_call
from sklearn.utils.optimize import _check_optimize_result as check_optimize_result
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:
        """Stands in where scikit-learn has no callbacks."""


__all__ = [
    "CallbackSupportMixin",
    "Integral",
    "Interval",
    "Options",
    "Real",
    "StrOptions",
    "check_optimize_result",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "fit_context",
    "number",
    "validate_parameter_constraints",
    "whole_number",
]


def number(low: float | None, high: float | None, closed: str = "neither") -> Interval:
    """Constraint: a real number between ``low`` and ``high``."""
    return Interval(Real, low, high, closed=closed)


def whole_number(low: int | None, high: int | None = None, closed: str = "left") -> Interval:
    """Constraint: an integer between ``low`` and ``high``."""
    return Interval(Integral, low, high, closed=closed)
