"""Docstrings meet numpydoc's checks, which pyproject.toml chooses."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
import tomllib
from pathlib import Path

import pytest

from sknn_actloss._docs import inherit_docs

TOOLS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["tool"]
SETTINGS = TOOLS["numpydoc_validation"]
MODULES = ["sknn_actloss"] + [
    f"sknn_actloss.{name}"
    for name in (
        *("activations", "averaging", "committee", "dropout", "export", "feature_scale"),
        *("initializers", "inspection", "losses", "model_selection", "monitor", "normalization"),
        *("schedules", "solvers", "tabular", "tracking"),
    )
]
#: Checks of classes and functions, whose pages methods are on.
OF_PAGES = {"EX01", "SA01"}


def documented_objects():
    """Return public classes and functions by one of their full names."""
    found = {}
    for module in MODULES:
        values = vars(importlib.import_module(module))
        for name in values.get("__all__", [name for name in values if not name.startswith("_")]):
            value = values[name]
            is_own = getattr(value, "__module__", "").startswith("sknn_actloss")
            if is_own and (inspect.isclass(value) or inspect.isfunction(value)):
                found.setdefault(id(value), (f"{module}.{name}", value))
    return dict(found.values())


PAGES = documented_objects()


def members(cls):
    """Return the names of public methods and properties that this package has written."""
    for name in dir(cls):
        owner = next((base for base in cls.__mro__ if name in vars(base)), object)
        member = vars(owner).get(name)
        is_described = callable(member) or hasattr(member, "__get__")
        is_own = owner.__module__.startswith("sknn_actloss")
        if is_described and is_own and not name.startswith("_"):
            yield name


def chosen(codes):
    return {code for code in codes if code not in SETTINGS["checks"]}


def findings(name, ignored=()):
    validate = pytest.importorskip("numpydoc.validate").validate
    if any(re.search(pattern, name) for pattern in SETTINGS["exclude"]):
        return []
    errors = validate(name)["errors"]
    return [f"{name}: {c} {text}" for c, text in errors if c in chosen({c}) - set(ignored)]


@pytest.mark.parametrize("name", PAGES)
def test_docstrings_pass_the_checks_of_numpydoc(name):
    value = PAGES[name]
    # docs/extending.md has a tested example of how to extend each base.
    found = findings(name, {"EX01"} if inspect.isabstract(value) else ())
    if inspect.isclass(value):
        for member in members(value):
            found += findings(f"{name}.{member}", OF_PAGES)
    assert found == []


def functions():
    for name, value in PAGES.items():
        if inspect.isfunction(value):
            yield name, value
        else:
            for member in members(value):
                method = inspect.getattr_static(value, member)
                method = getattr(method, "fn", getattr(method, "__func__", method))
                if inspect.isfunction(method):
                    yield f"{name}.{member}", inspect.unwrap(method)


def raised(function):
    """Return the names of the errors that the body of a function raises itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc]
    names = [call.func if isinstance(call, ast.Call) else call for call in calls]
    return {node.id for node in names if isinstance(node, ast.Name) and node.id[0].isupper()}


def test_errors_that_functions_raise_are_documented():
    missing = {}
    for name, function in functions():
        _, _, section = (inspect.getdoc(function) or "").partition("\nRaises\n------\n")
        errors = {
            error for error in raised(function) if not re.search(rf"^{error}$", section, re.M)
        }
        if errors:
            missing[name] = errors
    assert missing == {}


# The mechanism


class Base:
    """A base.

    See Also
    --------
    Other : Another.
    """

    def bare(self, x):
        """Do this.

        Parameters
        ----------
        x : int
            A number.
        """

    def summed_up(self, x):
        """Do that.

        Parameters
        ----------
        x : int
            A number.
        """

    @property
    def size(self):
        """How large it is."""


@inherit_docs
class Heir(Base):
    """An heir.

    Examples
    --------
    >>> 1 + 1
    2
    """

    def bare(self, x):
        pass

    def summed_up(self, x):
        """Do that otherwise."""

    @property
    def size(self):
        return 1

    def own(self):
        pass


def test_methods_without_a_docstring_take_over_that_of_their_base():
    assert Heir.bare.__doc__ == Base.bare.__doc__
    assert Heir.size.__doc__ == "How large it is."
    assert Heir.own.__doc__ is None


def test_summaries_are_kept_and_sections_taken_over():
    doc = "Do that otherwise.\n\nParameters\n----------\nx : int\n    A number."
    assert inspect.getdoc(Heir.summed_up) == doc
    assert Base.summed_up.__doc__.startswith("Do that.\n")


def test_classes_take_over_what_to_see_in_front_of_examples():
    parts = ["An heir.", "See Also\n--------\nOther : Another."]
    parts += ["Examples\n--------\n>>> 1 + 1\n2"]
    assert inspect.getdoc(Heir) == "\n\n".join(parts)
