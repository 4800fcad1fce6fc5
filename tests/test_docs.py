"""What the pages in docs/ say: their code runs, and the files and names that they tell of exist."""

import re
from pathlib import Path

import pytest
from test_layers import FLOORS
from threadpoolctl import threadpool_limits

import sknn_actloss

ROOT = Path(__file__).parents[1]
PACKAGE = Path(sknn_actloss.__file__).parent
PAGES = {
    name: (ROOT / "docs" / name).read_text("utf-8") for name in ("architecture.md", "extending.md")
}
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py")))
BLOCK = re.compile(r"```python\n(.*?)```", flags=re.DOTALL)


def sections():
    """Return the code of each section of each page that has any, by page and heading."""
    found = {}
    for name, page in PAGES.items():
        for section in re.split(r"^## ", page, flags=re.MULTILINE):
            blocks = BLOCK.findall(section)
            if blocks:
                found[f"{name}: {section.splitlines()[0]}"] = blocks
    return found


def code_spans(page):
    """Return what stands in backticks, outside of blocks of code."""
    return re.findall(r"`([^`\n]+)`", BLOCK.sub("", page))


@pytest.mark.parametrize("section", sections())
def test_code_of_a_section_runs(section):
    namespace = {"__name__": "docs"}
    with threadpool_limits(1):
        for code in sections()[section]:
            exec(compile(code, section, "exec"), namespace)


def test_every_section_of_how_to_extend_has_an_assertion():
    code = {name: "".join(blocks) for name, blocks in sections().items()}
    assert len(code) >= 9
    assert [name for name in code if "\nassert " not in code[name]] == []


@pytest.mark.parametrize("name", PAGES)
def test_files_exist(name):
    paths = [span for span in code_spans(PAGES[name]) if re.fullmatch(r"[\w./]+(\.py|/)", span)]
    assert paths
    missing = [path for path in paths if not any((at / path).exists() for at in (PACKAGE, ROOT))]
    assert missing == []


@pytest.mark.parametrize("name", PAGES)
def test_names_occur_in_the_package(name):
    spans = [span for span in code_spans(PAGES[name]) if re.fullmatch(r"[A-Za-z_][\w.]*", span)]
    names = [span for span in spans if not span.endswith((".py", ".md")) and "tests" not in span]
    words = set(re.findall(r"\w+", SOURCE))
    assert [name for name in names if not set(name.split(".")) <= words] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files(name):
    targets = re.findall(r"\]\(([^)#]+)\)", PAGES[name])
    assert [target for target in targets if not (ROOT / "docs" / target).is_file()] == []


def test_floors_are_those_of_the_package():
    rows = re.findall(r"^\| (\d) \| (.*?) \|", PAGES["architecture.md"], flags=re.MULTILINE)
    shown = [{Path(span).stem for span in code_spans(parts)} for _, parts in rows]
    existing = {path.stem for path in PACKAGE.iterdir()}
    assert shown == [floor & existing for floor in FLOORS]
