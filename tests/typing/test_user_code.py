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
from sknn_actloss import MLPClassifier, MLPRegressor, _names
from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.averaging import AVERAGES
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


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_every_fitted_attribute_of_a_network_is_declared(estimator):
    documented = inspect.getdoc(estimator).partition("\nAttributes\n")[2]
    documented = documented.partition("\nSee Also\n")[0]
    entries = [line.partition(" : ")[0] for line in documented.splitlines() if " : " in line]
    names = {name for entry in entries if not entry.startswith(" ") for name in entry.split(", ")}
    declared = {name for kind in estimator.__mro__ for name in inspect.get_annotations(kind)}
    assert {name for name in names if name.endswith("_")} <= declared
    assert {name for name in declared if name.endswith("_")} <= names


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
