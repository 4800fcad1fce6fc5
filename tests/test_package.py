"""The package as a whole: metadata, imports and documentation."""

import doctest
import importlib
import importlib.metadata
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
from test_layers import OPTIONAL

import sknn_actloss

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PUBLIC_MODULES = [
    "activations",
    "averaging",
    "committee",
    "feature_scale",
    "dropout",
    "export",
    "initializers",
    "inspection",
    "losses",
    "normalization",
    "schedules",
    "solvers",
    "tabular",
    "tracking",
]
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(sknn_actloss.__path__, "sknn_actloss.")
)
ESTIMATORS = [sknn_actloss.MLPClassifier, sknn_actloss.MLPRegressor]


def requirement_names(requirements):
    return {re.match(r"[\w.-]+", requirement)[0] for requirement in requirements}


# Metadata


def test_version_is_the_same_everywhere():
    assert sknn_actloss.__version__ == PROJECT["version"]
    assert sknn_actloss.__version__ == importlib.metadata.version("sknn-actloss")
    assert f"## [{sknn_actloss.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {sknn_actloss.__version__}\n" in citation


def test_dependencies_at_run_time_are_three():
    expected = {"numpy", "scipy", "scikit-learn"}
    assert requirement_names(PROJECT["dependencies"]) == expected
    installed = importlib.metadata.requires("sknn-actloss")
    at_run_time = [requirement for requirement in installed if "extra ==" not in requirement]
    assert requirement_names(at_run_time) == expected


def test_every_dependency_of_the_tests_has_a_floor():
    requirements = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    assert all(re.fullmatch(r"[\w.-]+>=[\d.]+", requirement) for requirement in requirements)


def test_type_hints_are_shipped():
    assert (Path(sknn_actloss.__file__).parent / "py.typed").is_file()


WITHOUT_OPTIONAL = """
import sys

class Absent:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in ("matplotlib", "pandas", "polars", "rich", "hypothesis", "mpmath", "pytest"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent)
from sknn_actloss import MLPClassifier
print(MLPClassifier((2,), max_iter=2).fit([[0.0], [1.0]], [0, 1]).n_iter_)
"""


# scikit-learn imports some of them where they are installed, so that a look at sys.modules would
# tell nothing.
def test_works_without_optional_packages():
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_OPTIONAL]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout.strip() == "2", result.stderr


def test_ci_runs_the_commands_of_the_readme():
    commands = re.findall(r"```sh\n(.*)\n```", README)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    endings = re.findall(r"^readme '(.*)'$", script, flags=re.MULTILINE)
    assert len(commands) == len(endings) == 2
    for ending in endings:
        (command,) = [command for command in commands if command.endswith(ending)]
        assert command.startswith("python3 -m venv .venv && ")


def test_hooks_and_extra_pin_the_same_linter():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    pin = re.search(r"ruff-pre-commit\n\s+rev: v(\S+)", hooks)[1]
    assert f"ruff=={pin}" in PROJECT["optional-dependencies"]["dev"]


# Documentation


def public_objects():
    for name in PUBLIC_MODULES:
        module = importlib.import_module(f"sknn_actloss.{name}")
        for key in getattr(module, "__all__", dir(module)):
            value = getattr(module, key)
            own = getattr(value, "__module__", "").startswith(module.__name__)
            if not key.startswith("_") and own and (inspect.isclass(value) or callable(value)):
                yield value
    yield from [*ESTIMATORS, sknn_actloss.Checkpoint]


def identifier(value):
    return f"{value.__module__.removeprefix('sknn_actloss.')}.{value.__name__}"


def documented_names(docstring, section):
    """Return the names that a section of a numpydoc docstring describes."""
    lines = inspect.cleandoc(docstring).splitlines()
    headings = [
        index for index, line in enumerate(lines) if set(line) == {"-"} and len(line) > 2 and index
    ]
    for place, heading in enumerate(headings):
        if lines[heading - 1] == section:
            end = headings[place + 1] - 1 if place + 1 < len(headings) else len(lines)
            entries = [line for line in lines[heading + 1 : end] if re.match(r"\w.* : ", line)]
            return {name for entry in entries for name in entry.split(" : ")[0].split(", ")}
    return set()


def test_public_objects_have_docstrings():
    for value in public_objects():
        assert inspect.getdoc(value), identifier(value)
        assert inspect.getdoc(value).splitlines()[0].endswith((".", ":")), identifier(value)


def test_public_classes_have_docstrings_of_their_own_and_of_their_members():
    for value in filter(inspect.isclass, public_objects()):
        inherited = getattr(value.__mro__[1], "__doc__", None)
        assert value.__doc__ != inherited, identifier(value)
        for name, member in inspect.getmembers(value):
            if not name.startswith("_") and (
                inspect.isfunction(member) or isinstance(member, property)
            ):
                assert inspect.getdoc(member), f"{identifier(value)}.{name}"


def test_every_field_of_a_component_is_documented():
    for value in filter(is_dataclass, public_objects()):
        if not inspect.isabstract(value):
            expected = {field.name for field in fields(value) if field.init}
            assert documented_names(value.__doc__, "Parameters") == expected, identifier(value)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_parameter_of_an_estimator_is_documented(estimator):
    expected = set(inspect.signature(estimator).parameters)
    assert documented_names(estimator.__doc__, "Parameters") == expected


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_fitted_attribute_is_documented(estimator, parameters):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(40, 2)), columns=["a", "b"])
    y = (X["a"] > 0).astype(int)
    model = estimator((3,), max_iter=2, **parameters).fit(X, y)
    fitted = {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}
    assert fitted <= documented_names(estimator.__doc__, "Attributes")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_argument_of_a_method_is_documented(estimator):
    for name in ("fit", "partial_fit", "predict", "set_params"):
        method = inspect.unwrap(inspect.getattr_static(estimator, name))
        method = getattr(method, "fn", method)
        arguments = {str(p) for p in inspect.signature(method).parameters if p != "self"}
        documented = {name.lstrip("*") for name in documented_names(method.__doc__, "Parameters")}
        assert {argument.lstrip("*") for argument in arguments} <= documented | {"params"}


def imported(name):
    """Return a module, or ``None`` where it needs an optional package that is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        return None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_examples_in_docstrings():
    modules = filter(None, map(imported, ["sknn_actloss", *MODULES]))
    found = {module.__name__: doctest.testmod(module) for module in modules}
    assert {name for name, results in found.items() if results.failed} == set()
    assert sum(results.attempted for results in found.values()) > 50
