"""Growth of a process's own memory while it does a job."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import psutil

from benchmarks._rounds import Job

MEGABYTE = 1e6
#: Seconds between two looks at the process.
PERIOD = 0.002


def peak_growth(prepare: Callable[..., Job], *arguments: Any) -> float:
    """Return by how many megabytes a job makes a new process grow, at its peak.

    The process prepares the job and waits; from then on this one watches it from outside, which
    works even while the job does not let other threads run. A new process for each job keeps
    the memory of one from serving another.

    Parameters
    ----------
    prepare : callable
        Returns the job; a function of a module, so that a new process finds it.
    *arguments : Any
        What ``prepare`` is called with.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, prepare, arguments))
    process.start()
    there.close()
    here.recv()
    watched = psutil.Process(process.pid)
    base = peak = anonymous(watched)
    here.send("go")
    while not here.poll(PERIOD):
        peak = max(peak, anonymous(watched))
    here.recv()
    process.join()
    return (peak - base) / MEGABYTE


def anonymous(process: psutil.Process) -> int:
    """Return the resident bytes of a process without those of files, where the system tells."""
    memory = process.memory_info()
    return memory.rss - getattr(memory, "shared", 0)


def _serve(pipe: Connection, prepare: Callable[..., Job], arguments: tuple) -> None:
    job = prepare(*arguments)
    pipe.send("ready")
    pipe.recv()
    result = job()
    pipe.send("done")
    del result
