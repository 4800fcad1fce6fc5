"""A progress bar where there is somebody to see it; rich draws it, where it is installed."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from importlib.util import find_spec
from multiprocessing import current_process
from typing import Any, Self

#: Held by the bar that is shown: a terminal has room for one.
_shown = threading.Lock()


class ProgressBar:
    """A line that tells how much of something is done, what it has come to, and the time left.

    It is shown within its context, unless there is nobody to see it: without rich, where output
    goes to a file, in worker processes and threads, and within the context of another bar. Lines
    that are printed meanwhile appear above it.

    Parameters
    ----------
    what : str
        What is counted.
    total : int
        How many there will be at most.
    wanted : bool
        Whether to show a bar at all.

    Attributes
    ----------
    is_shown : bool
        Whether there is a bar, so that lines need not tell the same.
    """

    def __init__(self, what: str, total: int, wanted: bool) -> None:
        self._what, self._total, self._wanted = what, total, wanted
        self._stack = ExitStack()
        self._bar: Any = None
        self._task: Any = None

    @property
    def is_shown(self) -> bool:
        """Whether there is a bar."""
        return self._bar is not None

    def __enter__(self) -> Self:
        console = _console() if self._wanted and _may_draw() else None
        if console is None or not _shown.acquire(blocking=False):
            return self
        self._stack.callback(_shown.release)
        self._bar = self._stack.enter_context(_bar_on(console))
        self._task = self._bar.add_task(self._what, total=self._total, text="")
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()
        self._bar = None

    def show(self, done: float, text: str = "") -> None:
        """Tell how many are done, and what that has come to; nothing where there is no bar."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, text=text)


def _may_draw() -> bool:
    """Whether this is the thread that the user waits for."""
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and current_process().name == "MainProcess" and find_spec("rich") is not None


def _console() -> Any:
    """Return the terminal or notebook, ``None`` where there is none."""
    from rich.console import Console

    console = Console()
    if console.is_jupyter:
        # Without widgets, a notebook shows no more than where a bar has ended.
        return console if find_spec("ipywidgets") is not None else None
    return console if console.is_terminal and not console.is_dumb_terminal else None


def _bar_on(console: Any) -> Any:
    from rich import progress

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[text]}"),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left"),
        progress.TimeRemainingColumn(),
        console=console,
    )
