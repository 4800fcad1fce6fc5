"""Parameters are read in one file, and nowhere else in the package."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

import sknn_actloss
from sknn_actloss import Checkpoint, MLPClassifier, MLPRegressor
from sknn_actloss.inspection import ScheduleDisplay, diagnose, find_learning_rate
from sknn_actloss.model_selection import CommitteeClassifier, StackedGridSearchCV

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROOT = Path(sknn_actloss.__file__).parent
READER = ROOT / "estimators" / "_settings.py"
FILES = sorted(ROOT.rglob("*.py"))
X, y = load_iris(return_X_y=True)
X = scale(X)

#: What variables that hold an estimator are called; ``self`` counts in the estimators' classes.
HOLDERS = {"estimator", "network", "draft", "mlp", "alone", "fitted"}
PARAMETERS = {
    name
    for kind in (MLPClassifier, MLPRegressor)
    for name in inspect.signature(kind.__init__).parameters
    if name != "self"
}


def holder(node: ast.expr) -> str:
    """Return the last name of what an attribute is taken from."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def reads(path: Path) -> list[str]:
    """Return the places where a file takes a parameter from an estimator."""
    holders = set(HOLDERS)
    if path.parent == READER.parent and path.stem in {"_base", "_classifier", "_regressor"}:
        holders.add("self")
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if node.attr in PARAMETERS and holder(node.value) in holders:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"getattr", "hasattr"}:
            value, name = node.args[:2]
            is_parameter = isinstance(name, ast.Constant) and name.value in PARAMETERS
            if is_parameter and holder(value) in {*holders, "inner"}:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}")
    return found


def test_the_source_reads_parameters_in_one_file():
    assert [line for path in FILES if path != READER for line in reads(path)] == []
    assert len(reads(READER)) >= 3


class Watched:
    """Notes which files of the package take a parameter from the estimator."""

    readers: set = set()

    def __getattribute__(self, name):
        if name in PARAMETERS:
            path = Path(sys._getframe(1).f_code.co_filename)
            if ROOT in path.parents:
                Watched.readers.add(path)
        return super().__getattribute__(name)


class WatchedClassifier(Watched, MLPClassifier):
    """A classifier that is watched."""


class WatchedRegressor(Watched, MLPRegressor):
    """A regressor that is watched."""


def classifier(**parameters):
    return WatchedClassifier(5, max_iter=2, random_state=0, **parameters)


def regressor(**parameters):
    return WatchedRegressor(5, max_iter=2, random_state=0, **parameters)


def save(folder):
    classifier(checkpoint=Checkpoint(folder)).fit(X, y)


USES = {
    "fit": lambda _: classifier(class_weight="balanced", early_stopping=True).fit(X, y),
    "lbfgs": lambda _: regressor(solver="lbfgs").fit(X, X[:, 0]),
    "committee": lambda _: regressor(n_members=2, monitor="r2", verbose=True).fit(
        X, X[:, 0], X_val=X, y_val=X[:, 0]
    ),
    "rate": lambda _: regressor(learning_rate_init="auto", max_time=60).fit(X, X[:, 0]),
    "partial_fit": lambda _: classifier().partial_fit(X, y, classes=[0, 1, 2]),
    "warm_start": lambda _: classifier(warm_start=True).fit(X, y).fit(X, y),
    "predict": lambda _: classifier().fit(X, y).decision_function(X),
    "methods": lambda _: [hasattr(classifier(), n) for n in ("predict_proba", "partial_fit")],
    "std": lambda _: regressor(loss="gaussian_nll").fit(X, X[:, 0]).predict(X, return_std=True),
    "checkpoint": save,
    "set_params": lambda _: classifier().set_params(loss__label_smoothing=0.1),
    "diagnose": lambda _: str(diagnose(classifier().fit(X, y), X, y)),
    "finder": lambda _: find_learning_rate(classifier(), X, y, n_steps=5),
    "schedule": lambda _: ScheduleDisplay.from_estimator(classifier(), n_samples=150),
    "search": lambda _: StackedGridSearchCV(
        classifier(), {"alpha": [0.1, 1.0]}, cv=2, committee_size=2
    ).fit(X, y),
    "members": lambda _: CommitteeClassifier([classifier(), classifier()]).fit(X, y).predict(X),
}


@pytest.mark.parametrize("use", USES)
def test_a_running_package_reads_parameters_in_one_file(use, tmp_path):
    Watched.readers = set()
    USES[use](tmp_path)
    assert Watched.readers - {READER} == set()
