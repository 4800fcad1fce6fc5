"""Values at the limits of parameters and beyond, and data that nobody ought to give."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    make_constraint,
)

from sknn_actloss._component import Component

from .components import components, tables, with_fields
from .data import EXTREME_VALUES, EXTREME_WEIGHTS, REFUSED_LABELS, Data, Made
from .draws import Draw
from .functions import (
    exploding,
    failing,
    nan_rate,
    nan_score,
    nothing,
    text_score,
    to_scalar,
)
from .parameters import ESTIMATORS

#: What is no value of any parameter, or of few.
ODDITIES = [
    *("", "text", b"bytes", "nan", None, True, np.True_, np.nan, np.inf, -np.inf, -1, -0.0, 0, 1),
    *(10**400, -(10**400), 1e308, 5e-324, 2**63, 1j, [], (), {}, {"a": 1}, [None], [[1]], ["a"]),
    *(object, float, np.array(1.0), np.array([1.0, 2.0]), np.array(["a"]), np.float16(1)),
    *(slice(3), range(0), frozenset(), NotImplemented, ..., np.datetime64("2020"), "auto"),
]

#: Values that would take hours or all memory, and what they become.
LARGEST = {"max_iter": 20, "hidden_layer_sizes": 50, "n_members": 5, "verbose": 0}

_FUNCTIONS = [exploding, failing, nothing, to_scalar, nan_rate, nan_score, text_score]


def limits(constraint: Any) -> list[Any]:
    """Return values at the limits of a constraint and just beyond."""
    if isinstance(constraint, Interval):
        return _limits_of_interval(constraint)
    if isinstance(constraint, StrOptions):
        names = sorted(constraint.options)
        return [*names, names[0].upper(), f" {names[0]}", names[0][:-1]]
    if isinstance(constraint, Options):
        return list(constraint.options)
    if constraint == "boolean":
        return [True, False, np.bool_(False), 0, "True"]
    if constraint is callable:
        return list(_FUNCTIONS)
    if isinstance(constraint, HasMethods):
        return [[], [([0], [1])], [(range(10**6), [0])]]
    return []


def _limits_of_interval(interval: Interval) -> list[Any]:
    low = -sys.float_info.max if interval.left is None else interval.left
    high = sys.float_info.max if interval.right is None else interval.right
    if interval.type.__name__ == "Integral":
        return [low, low - 1, low + 1, float(low), np.int8(min(low, 100)), 10**30, -(10**30)]
    inside = [math.nextafter(low, math.inf), math.nextafter(high, -math.inf), 1e-300, 1e-30]
    outside = [math.nextafter(low, -math.inf), math.nextafter(high, math.inf), math.nan, math.inf]
    return [low, high, *inside, *outside, 1e30, 1e300, 10**400, np.float32(1e30), 1]


def is_allowed(value: Any, constraints: list[Any]) -> bool:
    """Whether a value satisfies one of some constraints."""
    return any(make_constraint(constraint).is_satisfied_by(value) for constraint in constraints)


def extreme_value(draw: Draw, name: str, constraints: list[Any], task: str) -> Any:
    """Return a value of a parameter that few would write."""
    kinds = _kinds(constraints)
    if kinds and draw.chance(0.6):
        return extreme_component(draw, draw.choice(kinds))
    options = [value for constraint in constraints for value in limits(constraint)]
    if draw.chance(0.7):
        options = [value for value in options if is_allowed(value, constraints)]
    value = draw.choice(options if options and draw.chance(0.8) else ODDITIES)
    if name in LARGEST and isinstance(value, int | float) and value > LARGEST[name]:
        return LARGEST[name]
    return value


def _kinds(constraints: list[Any]) -> list[type[Component]]:
    bases = [part for part in constraints if isinstance(part, type) and issubclass(part, Component)]
    return [kind for kind in components() if bases and issubclass(kind, tuple(bases))]


def extreme_component(draw: Draw, kind: type[Component]) -> Any:
    """Return an instance of a component some of whose fields are at their limits or beyond."""
    component = with_fields(draw, kind)
    fields = kind._parameter_constraints
    for name in draw.some(list(fields), 2) if fields else []:
        value = extreme_value(draw, name, fields[name], "")
        component = replace(component, **{name: value})
    return component


def extreme_changes(draw: Draw, task: str) -> dict[str, Any]:
    """Return extreme values of a few parameters."""
    constraints = ESTIMATORS[task]._parameter_constraints
    names = draw.some(list(constraints), 3)
    changes = {name: extreme_value(draw, name, constraints[name], task) for name in names}
    if "activation" in changes and draw.chance(0.3):
        options = [*tables(task)["activation"], *_FUNCTIONS, 3]
        changes["activation"] = draw.some(options, 3)
    if "dropout" in changes and draw.chance(0.3):
        changes["dropout"] = draw.some([0, 0.5, 1, -1, np.nan, "a", 0.999999], 3)
    if "class_weight" in changes:
        changes["class_weight"] = draw.choice(CLASS_WEIGHTS)
    return changes


CLASS_WEIGHTS = [
    *({}, {0: 0, 1: 0}, {0: -1}, {0: np.nan}, {0: np.inf}, {0: 1e308, 1: 1e308}, {0: "a"}),
    *({7: 1}, {0: 5e-324, 1: 5e-324}, {0: 10**400}, {0: None}, {"a": 2}, {0: [1]}, [{0: 1}]),
    *([], [{0: 1, 1: 1e-300}, {1: 3}], [{5: 1}, {5: 2}], {0: 1e-300, 1: 1e300}, "Balanced"),
]

#: Mistakes in data, as functions of what is right.
MISTAKES: dict[str, Callable[[Made], Made]] = {
    "none": lambda made: made,
    "no rows": lambda made: made._replace(X=np.empty((0, 3)), y=np.empty(0)),
    "no columns": lambda made: made._replace(X=np.empty((len_of(made.y), 0))),
    "a vector": lambda made: made._replace(X=np.arange(12.0)),
    "a cube": lambda made: made._replace(X=np.zeros((12, 2, 2))),
    "text": lambda made: made._replace(X=np.full((len_of(made.y), 3), "a")),
    "complex": lambda made: made._replace(X=np.full((len_of(made.y), 3), 1j)),
    "dates": lambda made: made._replace(X=np.full((len_of(made.y), 3), np.datetime64("2020"))),
    "nothing": lambda made: made._replace(X=None),
    "fewer targets": lambda made: made._replace(y=made.y[:-1]),
    "no targets": lambda made: made._replace(y=None),
    "text as targets": lambda made: made._replace(y=["a", "b"] * (len_of(made.y) // 2)),
    "matrices": lambda made: made._replace(y=np.zeros((len_of(made.y), 2, 2))),
    "classes in columns": lambda made: made._replace(
        y=np.arange(2 * len_of(made.y)).reshape(-1, 2)
    ),
    "other columns": lambda made: made._replace(X_new=np.zeros((3, 9))),
    "no new rows": lambda made: made._replace(X_new=np.zeros((0, 3))),
    "new text": lambda made: made._replace(X_new=[["a", "b", "c"]]),
    "groups": lambda made: _with(made, groups=np.zeros(3)),
    "weights of nothing": lambda made: _with(made, sample_weight=[[1]]),
    "half of validation": lambda made: _with(made, X_val=made.X),
    "other validation": lambda made: _with(made, X_val=np.zeros((3, 1)), y_val=[0, 1, 0]),
    "odd validation": lambda made: _with(made, X_val=made.X, y_val=np.full(len_of(made.y), "z")),
    "text as weights": lambda made: _with(
        made, X_val=made.X, y_val=made.y, sample_weight_val=["a"] * len_of(made.y)
    ),
}


def extreme_data(draw: Draw, data: Data, task: str) -> Data:
    """Return data some of which nobody ought to give."""
    changes = {}
    if draw.chance(0.6):
        changes["values"] = draw.choice(EXTREME_VALUES)
        changes["container"] = draw.choice(["float64", "float32", "lists", "csr", "pandas"])
    if draw.chance(0.4):
        changes["weights"] = draw.choice(EXTREME_WEIGHTS)
    if task == "regression" and draw.chance(0.5):
        changes["target_values"] = draw.choice(EXTREME_VALUES)
        changes["target"] = draw.choice(["float64", "float32", "column", "list"])
    if task == "classification" and draw.chance(0.2):
        changes |= {"target": draw.choice(REFUSED_LABELS), "n_columns": 1}
    return replace(data, **changes)


def len_of(y: Any) -> int:
    """Return the number of rows of targets."""
    return y.shape[0] if hasattr(y, "shape") else len(y)


def _with(made: Made, **options: Any) -> Made:
    return made._replace(options=made.options | options)
