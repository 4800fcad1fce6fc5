"""Each section of docs/integrations.md, where the tool that it is about is installed."""

import re
from pathlib import Path

import pages
import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "integrations.md").read_text("utf-8")
SECTIONS = {
    section.splitlines()[0]: section
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)
    if pages.blocks(section)
}
MODULES = {
    "MLflow": "mlflow",
    "Optuna": "optuna",
    "SHAP": "shap",
    "MAPIE": "mapie",
    "Dask": "distributed",
    "Ray": "ray",
    "imbalanced-learn": "imblearn",
    "skrub": "skrub",
    "skops": "skops",
}


def test_every_section_names_its_tool():
    assert set(SECTIONS) == set(MODULES)
    assert all(shown for section in SECTIONS.values() for _, shown in pages.blocks(section))


@pytest.mark.parametrize("tool", MODULES)
@pytest.mark.filterwarnings("default")
def test_section_prints_the_output_shown(tool, monkeypatch, tmp_path):
    pytest.importorskip(MODULES[tool], reason=f"{tool} is not installed (extra integrations)")
    if tool == "MLflow":
        pytest.importorskip("sklearn", "1.9", reason="scikit-learn has no callbacks before 1.9")
    monkeypatch.chdir(tmp_path)
    pages.run(SECTIONS[tool], tool)
