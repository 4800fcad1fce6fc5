"""What the pages in docs/ say: their code runs, and the files and names that they tell of exist."""

import importlib
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pages
import pytest
from test_layers import FLOORS

import sknn_actloss

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGE = Path(sknn_actloss.__file__).parent
NOT_OURS = {"_build", "api", "auto_examples", "jupyter_execute"}
PAGES = {
    str(path.relative_to(DOCS)): path.read_text("utf-8")
    for path in sorted(DOCS.rglob("*.md"))
    if path.relative_to(DOCS).parts[0] not in NOT_OURS
}
DEVELOPERS = ("architecture.md", "extending.md")
#: Their code needs other packages: tests/test_integrations.py and tests/export/ run it.
OF_OTHERS = ("integrations.md", "export.md")
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py")))
TRANSLATIONS = [name for name in PAGES if name.startswith("zh/")]
WITH_CODE = [
    name
    for name in PAGES
    if pages.blocks(PAGES[name]) and name not in (*DEVELOPERS, *OF_OTHERS, *TRANSLATIONS)
]


def sections():
    """Return each section with code of the pages for developers, by page and heading."""
    found = {}
    for name in DEVELOPERS:
        for section in re.split(r"^## ", PAGES[name], flags=re.MULTILINE):
            if pages.blocks(section):
                found[f"{name}: {section.splitlines()[0]}"] = section
    return found


def code_spans(page):
    """Return what stands in backticks, outside of blocks of code."""
    return re.findall(r"`([^`\n]+)`", pages.text(page))


@pytest.mark.parametrize("name", WITH_CODE)
def test_code_of_a_page_prints_the_output_shown(name, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    pages.run(PAGES[name], name)
    plt.close("all")


@pytest.mark.parametrize("section", sections())
def test_code_of_a_section_runs(section):
    pages.run(sections()[section], section)


def test_every_section_of_how_to_extend_has_an_assertion():
    code = {
        name: "".join(block for block, _ in pages.blocks(section))
        for name, section in sections().items()
    }
    assert len(code) >= 9
    assert [name for name in code if "\nassert " not in code[name]] == []


@pytest.mark.parametrize("name", DEVELOPERS)
def test_files_exist(name):
    paths = [span for span in code_spans(PAGES[name]) if re.fullmatch(r"[\w./]+(\.py|/)", span)]
    assert paths
    missing = [path for path in paths if not any((at / path).exists() for at in (PACKAGE, ROOT))]
    assert missing == []


@pytest.mark.parametrize("name", DEVELOPERS)
def test_names_occur_in_the_package(name):
    spans = [span for span in code_spans(PAGES[name]) if re.fullmatch(r"[A-Za-z_][\w.]*", span)]
    names = [span for span in spans if not span.endswith((".py", ".md")) and "tests" not in span]
    words = set(re.findall(r"\w+", SOURCE))
    assert [name for name in names if not set(name.split(".")) <= words] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files(name):
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", pages.text(PAGES[name]))
    local = [target for target in targets if not target.startswith(("https://", "auto_examples/"))]
    assert [target for target in local if not (DOCS / name).parent.joinpath(target).is_file()] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_to_examples_lead_to_files(name):
    examples = re.findall(r"\{doc\}`/auto_examples/(\w+)`", PAGES[name])
    assert [name for name in examples if not (ROOT / "examples" / f"{name}.py").is_file()] == []


def test_every_example_is_linked_from_get_started():
    names = {path.stem for path in (ROOT / "examples").glob("plot_*.py")}
    assert names == set(re.findall(r"`/auto_examples/(\w+)`", PAGES["get_started.md"]))


def test_every_page_is_in_a_table_of_contents():
    trees = re.findall(r"```\{toctree\}\n(.*?)```", "\n".join(PAGES.values()), flags=re.DOTALL)
    lines = [line for tree in trees for line in tree.splitlines() if not line.startswith(":")]
    listed = {re.sub(r".* <(.*)>", r"\1", line) for line in lines}
    assert {name.removesuffix(".md") for name in PAGES} - listed == {"index"}


def test_every_public_module_is_in_the_reference_and_lists_its_names():
    modules = re.findall(r"^   (sknn_actloss[.\w]*)$", PAGES["api.md"], flags=re.MULTILINE)
    public = {path.stem for path in PACKAGE.iterdir() if not path.stem.startswith("_")}
    internal = {"core", "estimators", "kernels", "persistence", "py", "training"}
    expected = {f"sknn_actloss.{name}" for name in public - internal}
    assert expected <= set(modules)
    for name in expected:
        assert importlib.import_module(name).__all__, name


def test_floors_are_those_of_the_package():
    rows = re.findall(r"^\| (\d) \| (.*?) \|", PAGES["architecture.md"], flags=re.MULTILINE)
    shown = [{Path(span).stem for span in code_spans(parts)} for _, parts in rows]
    existing = {path.stem for path in PACKAGE.iterdir()}
    assert shown == [floor & existing for floor in FLOORS]


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_translations_have_the_code_of_the_original(name):
    original, translation = PAGES[name.removeprefix("zh/")], PAGES[name]
    assert pages.blocks(original) == pages.blocks(translation)
    assert sorted(pages.INLINE.findall(original)) == sorted(pages.INLINE.findall(translation))
