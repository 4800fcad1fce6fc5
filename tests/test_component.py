"""Components: parameters, representation, validation, look-up by name, and stacks."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sknn_actloss._component import Component, Table, resolve, runs, stack, stackable
from sknn_actloss._sklearn import number
from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS

TABLES = {
    "activations": ACTIVATIONS,
    "regression losses": LOSSES["regression"],
    "classification losses": LOSSES["classification"],
    "schedules": SCHEDULES,
    "solvers": SOLVERS,
    "initializers": INITIALIZERS,
}
ENTRIES = [
    pytest.param(table, name, id=f"{kind}-{name}")
    for kind, table in TABLES.items()
    for name in table
]


@dataclass(repr=False)
class Wave(Component):
    height: float = 1.0
    name: str = "sine"
    shift: float | None = None
    broken: bool = False

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "height": [number(0, None)],
        "name": [str],
        "shift": [number(None, None), None],
        "broken": ["boolean"],
    }


@dataclass(repr=False)
class Tide(Wave):
    """Of another type, with the same fields."""


@dataclass(repr=False)
class Loner(Component):
    height: float = 1.0

    mergeable: ClassVar[bool] = False


@dataclass(repr=False)
class Plain(Component):
    """Without fields."""


def waves(*heights, **fields):
    return [Wave(height, **fields) for height in heights]


def test_parameters_are_the_fields():
    wave = Wave(2.0, shift=0.5)
    expected = {"height": 2.0, "name": "sine", "shift": 0.5, "broken": False}
    assert wave.get_params() == wave.get_params(deep=False) == expected
    assert Plain().get_params() == {}


def test_set_params_assigns_and_returns_itself():
    wave = Wave()
    assert wave.set_params(height=3.0, name="cosine") is wave
    assert wave == Wave(3.0, "cosine")
    assert wave.set_params() is wave


def test_set_params_lists_the_valid_names():
    with pytest.raises(
        ValueError,
        match=r"Invalid parameter 'hight' for Wave. Valid parameters are: "
        r"\['broken', 'height', 'name', 'shift'\]",
    ):
        Wave().set_params(hight=2.0)


def test_values_are_checked_by_validate_alone():
    wave = Wave(-1.0)
    assert wave.set_params(height=-2.0).height == -2.0
    with pytest.raises(ValueError, match=r"'height' parameter of Wave must be .* Got -2.0 instead"):
        wave.validate()
    Wave(np.float64(0.5), shift=1).validate()


@pytest.mark.parametrize(
    "fields",
    [{"height": 0.0}, {"height": "1"}, {"name": 3}, {"shift": "left"}, {"broken": 2}],
    ids=str,
)
def test_the_error_names_field_type_and_range(fields):
    (name,) = fields
    with pytest.raises(ValueError, match=f"The '{name}' parameter of Wave must be"):
        Wave(**fields).validate()


@pytest.mark.parametrize(
    ("component", "text"),
    [
        (Wave(), "Wave(height=1.0, name='sine', shift=None, broken=False)"),
        (
            Wave(np.float32(0.5), shift=np.int64(2)),
            "Wave(height=0.5, name='sine', shift=2, broken=False)",
        ),
        (Wave(np.inf), "Wave(height=float('inf'), name='sine', shift=None, broken=False)"),
        (Wave(-np.inf), "Wave(height=float('-inf'), name='sine', shift=None, broken=False)"),
        (Loner(np.tanh), "Loner(height=tanh)"),
        (Loner(waves), "Loner(height=waves)"),
        (Plain(), "Plain()"),
    ],
    ids=["defaults", "numpy", "infinite", "minus", "ufunc", "function", "empty"],
)
def test_representation_shows_all_fields(component, text):
    assert repr(component) == text


def test_representation_can_be_evaluated():
    for component in (Wave(0.1, shift=np.inf), Wave(np.float32(0.1)), Plain()):
        assert eval(repr(component), {"Wave": Wave, "Plain": Plain}).get_params() == pytest.approx(
            component.get_params()
        )


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_every_component_survives_clone_pickle_and_a_round_of_its_parameters(table, name):
    component = table[name]()
    component.validate()
    for copy in (
        clone(component),
        pickle.loads(pickle.dumps(component)),
        type(component)(**component.get_params()),
        table[name]().set_params(**component.get_params()),
    ):
        assert copy == component
        assert type(copy) is type(component)
    clone(component, safe=False).validate()


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_every_component_has_constraints_for_its_fields_alone(table, name):
    component = table[name]()
    assert set(component._parameter_constraints) == set(component.get_params())


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_every_component_stacks_with_itself(table, name):
    component, other = table[name](), table[name]()
    assert stackable(component, other)
    if type(component).mergeable:
        assert stack([component, other], np.dtype(float)).get_params() == component.get_params()


# Tables.


@pytest.fixture
def table():
    return Table("wave", {"wave": Wave, "tide": Tide, "plain": Plain}, {"swell": "tide"})


def test_a_table_iterates_over_canonical_names(table):
    assert list(table) == ["wave", "tide", "plain"]
    assert len(table) == 3
    assert list(table.values()) == [Wave, Tide, Plain]
    assert dict(table) == {"wave": Wave, "tide": Tide, "plain": Plain}


def test_a_table_looks_aliases_up(table):
    assert table["swell"] is table["tide"] is Tide
    assert "swell" in table
    assert "swel" not in table
    assert 3 not in table
    assert table.get("swell") is Tide
    assert table.names == ["plain", "swell", "tide", "wave"]
    with pytest.raises(KeyError):
        table["swel"]


def test_resolve_takes_names_aliases_and_instances(table):
    assert resolve(table, "wave", Wave, "motion") == Wave()
    assert resolve(table, "swell", Wave, "motion") == Tide()
    wave = Wave(2.0)
    assert resolve(table, wave, Wave, "motion") is wave
    assert resolve(table, "wave", Wave, "motion", height=3.0) == Wave(3.0)


def test_arguments_are_for_names_alone(table):
    assert resolve(table, Wave(2.0), Wave, "motion", height=3.0) == Wave(2.0)


def test_an_unknown_name_is_answered_with_all_names(table):
    with pytest.raises(
        ValueError,
        match=r"motion='wav' is not a known wave. Valid names are: plain, swell, tide, wave. "
        r"Did you mean 'wave'\?",
    ):
        resolve(table, "wav", Wave, "motion")


@pytest.mark.parametrize("spec", [3, None, Plain(), ["wave"], np.tanh], ids=str)
def test_neither_name_nor_instance_is_a_type_error_that_lists_the_names(table, spec):
    with pytest.raises(TypeError, match="names plain, swell, tide, wave, or an instance of Wave"):
        resolve(table, spec, Wave, "motion")


def test_an_entry_of_another_type_is_a_type_error(table):
    with pytest.raises(TypeError, match="an instance of Wave; got 'plain'"):
        resolve(table, "plain", Wave, "motion")


@pytest.mark.parametrize("spec", [Wave, Tide])
def test_a_class_is_answered_with_a_request_for_an_instance(table, spec):
    with pytest.raises(TypeError, match=f"motion={spec.__name__} is a class; pass an instance"):
        resolve(table, spec, Wave, "motion")


def test_resolve_validates(table):
    with pytest.raises(ValueError, match="'height' parameter of Wave"):
        resolve(table, Wave(-1.0), Wave, "motion")
    with pytest.raises(ValueError, match="'height' parameter of Tide"):
        resolve(table, "swell", Wave, "motion", height=-1.0)


@pytest.mark.parametrize("kind", TABLES)
def test_aliases_stand_for_entries_and_names_are_all_accepted(kind):
    table = TABLES[kind]
    assert set(table.aliases.values()) <= set(table)
    assert not set(table.aliases) & set(table)
    for name in table.names:
        assert isinstance(resolve(table, name, Component, kind), Component)


# Stacks.


def test_numbers_that_agree_stay_numbers():
    stacked = stack(waves(2.0, 2.0, shift=np.float64(1.0)), np.dtype(np.float32))
    assert stacked == Wave(2.0, shift=1.0)
    assert type(stacked.shift) is float


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_dims", [2, 3])
def test_numbers_that_differ_become_arrays_with_members_first(n_dims, dtype):
    stacked = stack(waves(1.0, 2, np.float64(3.0), name="cosine"), np.dtype(dtype), n_dims)
    assert type(stacked) is Wave
    assert stacked.height.dtype == dtype
    assert stacked.height.shape == (3, *[1] * (n_dims - 1))
    assert_array_equal(stacked.height.ravel(), [1, 2, 3])
    assert (stacked.name, stacked.shift, stacked.broken) == ("cosine", None, False)


def test_stacking_leaves_the_components_alone():
    components = waves(1.0, 2.0)
    stack(components, np.dtype(float))
    assert components == waves(1.0, 2.0)


def test_a_stack_of_one_is_equal_to_its_component():
    assert stack([Wave(3.0)], np.dtype(float)) == Wave(3.0)
    assert stack([Plain()], np.dtype(float)) == Plain()


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Wave(), Wave(), True),
        (Wave(1.0), Wave(2.0), True),
        (Wave(1.0), Wave(2), True),
        (Wave(1.0), Wave(np.float32(2.0)), True),
        (Wave(), Tide(), False),
        (Wave(), Plain(), False),
        (Wave(), Wave(name="cosine"), False),
        (Wave(), Wave(shift=1.0), False),
        (Wave(shift=1.0), Wave(shift=2.0), True),
        (Wave(), Wave(broken=True), False),
        (Wave(broken=np.True_), Wave(broken=np.False_), False),
        (Wave([0.1, 0.2]), Wave([0.1, 0.2]), True),
        (Wave([0.1, 0.2]), Wave([0.1, 0.3]), False),
        (Wave(np.array([0.1, 0.2])), Wave(np.array([0.1, 0.2])), True),
        (Wave(np.array([0.1, 0.2])), Wave(np.array([0.1, 0.3])), False),
        (Wave(np.array([0.1, 0.2])), Wave(0.1), False),
        (Wave(np.tanh), Wave(np.tanh), True),
        (Wave(np.tanh), Wave(np.sinh), False),
        (Loner(), Loner(), True),
        (Loner(), Loner(2.0), False),
        (Plain(), Plain(), True),
    ],
)
def test_components_stack_if_they_are_equal_or_differ_in_numbers(first, second, expected):
    assert stackable(first, second) is expected
    assert stackable(second, first) is expected


def cut(*columns, **options):
    return runs(*columns, dtype=np.dtype(float), **options)


def test_runs_are_neighbours_that_stack():
    column = [*waves(1.0, 2.0), Tide(), *waves(3.0), *waves(4.0, 4.0, name="cosine")]
    found = cut(column)
    assert [members for members, _ in found] == [
        slice(0, 2),
        slice(2, 3),
        slice(3, 4),
        slice(4, 6),
    ]
    assert_array_equal(found[0][1][0].height, np.reshape([1.0, 2.0], (2, 1, 1)))
    assert [components for _, components in found[1:]] == [
        (Tide(),),
        (Wave(3.0),),
        (Wave(4.0, "cosine"),),
    ]


def test_runs_of_several_columns_stack_in_all_of_them():
    first, second = waves(1.0, 2.0, 3.0), [Plain(), Plain(), Tide()]
    found = cut(first, second, n_dims=2)
    assert [members for members, _ in found] == [slice(0, 2), slice(2, 3)]
    assert found[0][1][0].height.shape == (2, 1)
    assert found[0][1][1] == Plain()
    assert found[1][1] == (Wave(3.0), Tide())


def test_runs_cover_all_members_in_order():
    rng = np.random.default_rng(0)
    kinds = [Wave(1.0), Wave(2.0), Tide(), Plain(), Loner(1.0), Loner(2.0)]
    for n_members in range(1, 12):
        column = [kinds[i] for i in rng.integers(len(kinds), size=n_members)]
        found = cut(column)
        covered = [i for members, _ in found for i in range(n_members)[members]]
        assert covered == list(range(n_members))
        for members, (component,) in found:
            assert type(component) is type(column[members.start])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="zip"):
        cut(waves(1.0, 2.0), [Plain()])


# Final methods.


class Formula(Component, final=("calls",), instead="write plain, or extend ByCalls"):
    def plain(self):
        return "plain"

    def calls(self):
        return [self.plain]


class ByCalls(Formula, final=("plain",), instead="extend Formula and write plain"):
    def calls(self):
        return []

    def plain(self):
        return self.calls()


class Mixin:
    def plain(self):
        return "mixed in"


def test_a_subclass_writes_the_form_that_is_open():
    class Own(Formula):
        def plain(self):
            return "own"

    class Bound(ByCalls):
        def calls(self):
            return ["own"]

    class Same(Bound):
        pass

    assert Own().calls()[0]() == "own"
    assert Same().plain() == ["own"]


@pytest.mark.parametrize(
    ("bases", "methods", "message"),
    [
        (
            (Formula,),
            ["calls"],
            r"Bad\.calls .* in Formula: write plain, or extend ByCalls\.",
        ),
        (
            (ByCalls,),
            ["plain"],
            r"Bad\.plain .* in ByCalls: extend Formula and write plain\.",
        ),
        ((ByCalls,), ["plain", "calls"], r"Bad\.plain"),
        ((Mixin, ByCalls), [], r"Mixin\.plain .* final in ByCalls"),
    ],
)
def test_overriding_a_final_method_is_refused_when_the_class_is_made(bases, methods, message):
    with pytest.raises(TypeError, match=message):
        type("Bad", bases, dict.fromkeys(methods, lambda self: None))


def test_bases_of_two_forms_meet_in_the_one_that_comes_first():
    class Fields(Formula):
        pass

    class Both(Fields, ByCalls):
        def calls(self):
            return ["both"]

    assert Both().plain() == ["both"]
