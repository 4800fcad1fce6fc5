"""The progress bar: where it is shown, and where it is not."""

from __future__ import annotations

import io
import re
import sys
import threading
from contextlib import suppress

import pytest

from sknn_actloss.training import ProgressBar, progress

rich_console = pytest.importorskip("rich.console")


@pytest.fixture
def terminal(monkeypatch):
    """Return what is written to a terminal."""
    written = io.StringIO()
    console = rich_console.Console(file=written, force_terminal=True, width=120)
    monkeypatch.setattr(progress, "_console", lambda: console)
    return written


def test_a_bar_tells_what_is_done(terminal):
    with ProgressBar("Epochs", 8, wanted=True) as bar:
        assert bar.is_shown
        bar.show(3, "loss 0.5")
        bar.show(4.5, "loss 0.25")
    assert not bar.is_shown
    # Without the codes that move the cursor and set colours.
    *_, line = re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", terminal.getvalue()).strip().splitlines()
    assert "Epochs" in line
    assert "4/8" in line
    assert "loss 0.25" in line
    assert "left" in line


def test_nothing_unless_it_is_wanted(terminal):
    with ProgressBar("Epochs", 8, wanted=False) as bar:
        assert not bar.is_shown
        bar.show(3)
    assert terminal.getvalue() == ""


def test_one_bar_at_a_time(terminal):
    with ProgressBar("Stacks", 2, wanted=True), ProgressBar("Epochs", 2, wanted=True) as inner:
        assert not inner.is_shown
    with suppress(RuntimeError), ProgressBar("Stacks", 2, wanted=True):
        raise RuntimeError
    with ProgressBar("Epochs", 2, wanted=True) as bar:
        assert bar.is_shown


def test_other_threads_have_none(terminal):
    shown = []

    def show():
        with ProgressBar("Epochs", 2, wanted=True) as bar:
            shown.append(bar.is_shown)

    thread = threading.Thread(target=show)
    thread.start()
    thread.join()
    assert shown == [False]


def test_worker_processes_have_none(terminal, monkeypatch):
    monkeypatch.setattr(progress.current_process(), "_name", "LokyProcess-1")
    with ProgressBar("Epochs", 2, wanted=True) as bar:
        assert not bar.is_shown


def test_files_have_none(monkeypatch, capsys):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    with ProgressBar("Epochs", 2, wanted=True) as bar:
        assert not bar.is_shown
    assert capsys.readouterr().out == ""


def test_without_rich_there_is_none(terminal, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    with ProgressBar("Epochs", 2, wanted=True) as bar:
        assert not bar.is_shown


@pytest.mark.parametrize("has_widgets", [True, False])
def test_notebooks_need_widgets(monkeypatch, has_widgets):
    notebook = rich_console.Console(force_jupyter=True)
    monkeypatch.setattr(rich_console, "Console", lambda: notebook)
    monkeypatch.setattr(progress, "find_spec", lambda name: True if has_widgets else None)
    assert (progress._console() is not None) == has_widgets
