"""README.md: its code prints what it says, and it can be read away from the repository."""

import re
from pathlib import Path

import pages

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_code_prints_the_output_shown():
    assert all(shown for _, shown in pages.blocks(README))
    pages.run(README, "README.md")


def test_links_are_absolute():
    """A package index shows README.md without the files next to it."""
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert [target for target in targets if not target.startswith("https://")] == []


def test_files_exist():
    spans = re.findall(r"`([\w./]+(?:/|\.md|\.py)|LICENSE)`", pages.text(README))
    assert len(spans) >= 4
    assert [span for span in spans if not (ROOT / span).exists()] == []
