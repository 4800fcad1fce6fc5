"""What type checkers and editors know of the package."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

import sknn_actloss
from sknn_actloss import (
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
    _names,
    model_selection,
)
from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.averaging import AVERAGES
from sknn_actloss.estimators import BaseMLP
from sknn_actloss.estimators._fitted import FittedAttributes
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES
from sknn_actloss.normalization import NORMALIZATIONS
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS

USER_CODE = Path(__file__).with_name("user_code.py")
PUBLIC_MODULES = [
    "sknn_actloss",
    *(
        f"sknn_actloss.{name}"
        for name in (
            *("activations", "averaging", "committee", "dropout", "feature_scale", "initializers"),
            *("inspection", "losses", "model_selection", "monitor", "normalization", "schedules"),
            *("solvers", "tabular", "tracking"),
        )
    ),
]
ESTIMATORS = [
    *(MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor),
    *(getattr(model_selection, name) for name in model_selection.__all__),
]
TABLES = {
    _names.OutputActivationName: ACTIVATIONS.names,
    _names.ActivationName: [
        name for name in ACTIVATIONS.names if not ACTIVATIONS[name].output_only
    ],
    _names.RegressionLossName: LOSSES["regression"].names,
    _names.ClassificationLossName: LOSSES["classification"].names,
    _names.ScheduleName: SCHEDULES.names,
    _names.SolverName: SOLVERS.names,
    _names.InitializerName: INITIALIZERS.names,
    _names.NormalizationName: NORMALIZATIONS.names,
    _names.AveragingName: AVERAGES.names,
}


def literals(alias):
    """Return the values of a Literal, or of several that are joined."""
    if get_origin(alias) is Literal:
        return set(get_args(alias))
    return {value for part in get_args(alias) for value in literals(part)}


def classes(module):
    found = importlib.import_module(module)
    names = getattr(found, "__all__", [name for name in vars(found) if not name.startswith("_")])
    values = {name: getattr(found, name) for name in names}
    return {
        name
        for name, value in values.items()
        if inspect.isclass(value) and value.__module__.startswith(module)
    }


@pytest.mark.parametrize("alias", TABLES, ids=lambda alias: min(literals(alias)))
def test_names_for_type_checkers_are_those_of_the_table(alias):
    assert literals(alias) == set(TABLES[alias])


def test_every_alias_has_a_table():
    aliases = [value for name, value in vars(_names).items() if name.endswith("Name")]
    assert len(aliases) == len(TABLES)
    assert all(alias in TABLES for alias in aliases)


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_user_code_uses_every_public_class(module):
    tree = ast.parse(USER_CODE.read_text(encoding="utf-8"))
    uses = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imports = {
        alias.name: alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }
    elsewhere = {"Committee", "Monitor", "TabularClassifier", "TabularRegressor"}
    assert classes(module) <= set(imports) | elsewhere
    assert set(imports.values()) <= uses


def fitted_attributes(estimator):
    """Return the names that the section on attributes describes."""
    section = inspect.getdoc(estimator).partition("\nAttributes\n")[2].partition("\n\n")[0]
    entries = [line for line in section.splitlines() if line and line[0] not in " -"]
    return {name for entry in entries for name in entry.partition(" : ")[0].split(", ")}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_fitted_attribute_is_declared(estimator):
    declared = {
        name
        for kind in estimator.__mro__
        for name in (*inspect.get_annotations(kind), *vars(kind))
        if name.endswith("_") and not name.startswith("_")
    }
    own = (
        set(inspect.get_annotations(FittedAttributes)) if issubclass(estimator, BaseMLP) else set()
    )
    found = fitted_attributes(estimator)
    assert len(found) >= 4
    assert found <= declared
    assert own <= found


def mypy(tmp_path, *arguments):
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"]
    environment = os.environ | {"MYPYPATH": str(Path(sknn_actloss.__file__).parents[1])}
    return subprocess.run(
        [*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
    )


def test_user_code_passes_the_strict_type_checker(tmp_path):
    silent = ["--follow-imports=silent", "--ignore-missing-imports"]
    result = mypy(tmp_path, "--strict", *silent, str(USER_CODE))
    assert result.returncode == 0, result.stdout + result.stderr
