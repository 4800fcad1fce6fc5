"""A part of the campaign, and the fuzzer itself: it draws everything, and notices faults."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from sknn_actloss import MLPRegressor
from sknn_actloss.losses import Huber
from sknn_actloss.tabular import (
    PiecewiseLinearEncoder,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)

from .cases import Case
from .components import FIELDS, components, tables
from .data import CONTAINERS, Data
from .encodings import CLASSIFIER, PIECEWISE, REGRESSOR, TABLE
from .extremes import is_allowed, limits
from .families import FAMILIES, drawn
from .functions import failing, swish
from .outcomes import demand_finite, outcome_of, untouched_by_failure, watched
from .parameters import ESTIMATORS, SANE
from .reproducers import code, shrunk

#: Draws of each family in the tests; the campaign makes many more.
DRAWS = {"sane": 240, "extreme": 200, "searches": 16, "tables": 24, "encoders": 60}
#: Number of tests that share them.
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("family", FAMILIES)
def test_draws(family: str, part: int) -> None:
    for number in range(part, DRAWS[family], PARTS):
        case = drawn(family, 0, number)
        outcome = case.run()
        if outcome.is_fault:
            pytest.fail(f"{number}: {outcome}\n{code(shrunk(case, outcome))}")


# Everything is drawn


@pytest.mark.parametrize("task", ESTIMATORS)
def test_every_parameter_has_values(task: str) -> None:
    assert set(SANE[task]) == set(ESTIMATORS[task]().get_params())


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (PiecewiseLinearEncoder, PIECEWISE),
        (TableEncoder, TABLE),
        (TabularClassifier, CLASSIFIER),
        (TabularRegressor, REGRESSOR),
    ],
)
def test_every_parameter_for_tables_has_values(kind: type, values: dict) -> None:
    assert set(values) == set(kind().get_params(deep=False))


@pytest.mark.parametrize("task", ESTIMATORS)
def test_every_parameter_has_limits(task: str) -> None:
    for name, constraints in ESTIMATORS[task]._parameter_constraints.items():
        values = [value for constraint in constraints for value in limits(constraint)]
        parts = [part for part in constraints if isinstance(part, type)]
        assert values or parts or constraints == ["random_state"] or name == "verbose", name
        if values:
            assert any(is_allowed(value, constraints) for value in values), name


def test_every_component_has_values_of_its_fields() -> None:
    for kind in components():
        assert set(FIELDS.get(kind, {})) == {field.name for field in fields(kind)}, kind


@pytest.mark.parametrize("task", ESTIMATORS)
def test_every_table_is_drawn(task: str) -> None:
    params = [drawn("sane", 1, number).params for number in range(3000)]
    for name, table in tables(task).items():
        found = {value for own in params if isinstance(value := own.get(name), str)}
        assert len(found & set(table.names)) > 0.5 * len(table.names), name


def test_draws_follow_from_seed_and_number() -> None:
    for family in FAMILIES:
        first, again, other = (drawn(family, 3, number) for number in (7, 7, 8))
        assert code(first) == code(again) != code(other)


def test_all_containers_hold_the_same_rows() -> None:
    for container in CONTAINERS:
        X = Data(container=container, values="switches").make("regression").X
        dense = X.toarray() if hasattr(X, "toarray") else np.asarray(X, dtype=float)
        np.testing.assert_array_equal(
            dense[:, 0], Data(values="switches").make("regression").X[:, 0]
        )


# Faults are noticed


class Ended(MLPRegressor):
    """Leaves a trace, and then fails."""

    def fit(self, X, y):
        self.trace_ = 1
        raise ValueError("X is wrong")


def warn() -> None:
    with watched(strict=False):
        np.float64(1e300) * np.float64(1e300)


def underflow() -> None:
    with watched(strict=True):
        np.float64(1e-300) * np.float64(1e-300)


def leave_a_trace() -> None:
    model = Ended()
    with untouched_by_failure(model):
        model.fit(None, None)


def say_nothing() -> None:
    raise ValueError("something is wrong")


def say_alpha() -> None:
    raise ValueError("alpha=-1 is wrong")


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (warn, "RuntimeWarning"),
        (underflow, "RuntimeWarning"),
        (leave_a_trace, "leaves a trace"),
        (say_nothing, "names nothing"),
        (say_alpha, "refused"),
        (lambda: {}["key"], "unclean exception"),
        (lambda: demand_finite([np.inf], "loss"), "not finite"),
        (lambda: None, "works"),
    ],
)
def test_outcomes(run, kind: str) -> None:
    outcome = outcome_of(run, {"alpha"})
    assert outcome.kind == kind
    assert outcome.is_fault == (kind not in ("works", "refused"))


def test_a_fault_is_made_small_and_can_be_copied() -> None:
    params = {"alpha": 1.0, "activation": swish, "loss": Huber(0.5), "learning_rate": failing}
    case = Case("regression", params, Data(n_rows=5, container="csr"), then=("pickle",))
    outcome = case.run()
    assert outcome.text == "RuntimeError: a function of the user's fails"
    small = shrunk(case, outcome)
    assert set(small.params) == {"learning_rate"}
    assert small.data == Data()
    scope: dict = {}
    text = code(small).replace("print(", "found = (", 1)
    exec(text, scope)
    assert scope["found"].text == outcome.text
