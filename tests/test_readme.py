"""What README.md says: its code runs and prints what it says, its tables are the package's."""

import contextlib
import importlib.util
import io
import re
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLES = {
    "activations": ACTIVATIONS,
    "regression": LOSSES["regression"],
    "classification": LOSSES["classification"],
    "schedules": SCHEDULES,
    "solvers": SOLVERS,
    "initializers": INITIALIZERS,
}


def component_table():
    path = ROOT / "docs" / "component_table.py"
    spec = importlib.util.spec_from_file_location("component_table", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_code_prints_the_output_shown():
    blocks = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", README, flags=re.DOTALL)
    assert len(blocks) == README.count("```python")
    namespace = {"__name__": "readme"}
    for code, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), threadpool_limits(1):
            exec(compile(code, "README.md", "exec"), namespace)
        assert printed.getvalue() == expected


def test_tables_are_those_of_the_package():
    module = component_table()
    _, tables, _ = module.parts(README)
    assert tables == module.tables(), "run python docs/component_table.py"


@pytest.mark.parametrize("kind", TABLES)
def test_every_name_occurs(kind):
    _, tables, _ = component_table().parts(README)
    missing = [name for name in TABLES[kind].names if f"`{name}`" not in tables]
    assert missing == []


@pytest.mark.parametrize("kind", TABLES)
def test_advice_is_of_one_style(kind):
    for name, entry in TABLES[kind].items():
        advice = entry().advice
        assert advice[0].islower(), name
        assert not advice.endswith("."), name
        assert "|" not in advice, name


def test_links_lead_to_files_and_headings():
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", README, flags=re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in headings
        else:
            assert (ROOT / target).is_file(), target
