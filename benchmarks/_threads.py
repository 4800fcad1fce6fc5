"""Processes that have so many cores and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def run_limited(module: str, arguments: Sequence[str], n_threads: int, **environment: str) -> Any:
    """Run a module in a process of its own and return what it prints, read as JSON.

    Its command line is that of this process with further arguments, its environment that of this
    process with further variables.

    The cores are restricted before the process starts, because the pool of JAX takes its size
    from them once and for all. Systems that cannot restrict them leave JAX with all cores.
    """
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(n_threads))
    with _cores(n_threads):
        process = subprocess.run(
            [sys.executable, "-m", module, *sys.argv[1:], *arguments],
            env=os.environ | limits | environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    return json.loads(process.stdout)


def threads(n_threads: int) -> str:
    """Return how many threads there are, in words."""
    return f"{n_threads} thread" + "s" * (n_threads > 1)


@contextmanager
def _cores(n_cores: int) -> Iterator[None]:
    """Restrict this process and those that it starts, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(every)[:n_cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)
