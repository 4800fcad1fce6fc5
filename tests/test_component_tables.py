"""The tables of docs/components.md are those of the package."""

import importlib.util
from pathlib import Path

import pytest

from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "components.md").read_text(encoding="utf-8")
TABLES = {
    "activations": ACTIVATIONS,
    "regression": LOSSES["regression"],
    "classification": LOSSES["classification"],
    "schedules": SCHEDULES,
    "solvers": SOLVERS,
    "initializers": INITIALIZERS,
}


def component_table():
    spec = importlib.util.spec_from_file_location("component_table", DOCS / "component_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_are_those_of_the_package():
    module = component_table()
    _, tables, _ = module.parts(PAGE)
    assert tables == module.tables(), "run python docs/component_table.py"


@pytest.mark.parametrize("kind", TABLES)
def test_every_name_occurs(kind):
    _, tables, _ = component_table().parts(PAGE)
    missing = [name for name in TABLES[kind].names if f"`{name}`" not in tables]
    assert missing == []


@pytest.mark.parametrize("kind", TABLES)
def test_advice_is_of_one_style(kind):
    for name, entry in TABLES[kind].items():
        advice = entry().advice
        assert advice[0].islower(), name
        assert not advice.endswith("."), name
        assert "|" not in advice, name
