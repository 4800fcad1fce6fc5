"""Timing of several jobs in turn, so that a disturbance of the machine hits all of them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

Job = Callable[[], Any]


@dataclass(frozen=True)
class Timing:
    """Seconds of a job: its first call, which is no round, then the best and the middle round."""

    first: float
    minimum: float
    median: float


def interleave(jobs: Mapping[str, Job], rounds: int, repeat: int = 1) -> dict[str, Timing]:
    """Time jobs round by round: A B C, A B C, and so on.

    Parameters
    ----------
    jobs : mapping of str to callable
        What to time, by name.
    rounds : int
        Measurements of each job.
    repeat : int, default=1
        Calls in one measurement, for jobs that take no time to speak of.
    """
    first = {name: _seconds(job, 1) for name, job in jobs.items()}
    # What exists by now need not be searched for garbage before every job.
    gc.freeze()
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            seconds[name].append(_seconds(job, repeat))
    return {name: Timing(first[name], min(s), median(s)) for name, s in seconds.items()}


def _seconds(job: Job, repeat: int) -> float:
    gc.collect()
    gc.disable()
    start = perf_counter()
    for _ in range(repeat):
        job()
    elapsed = perf_counter() - start
    gc.enable()
    return elapsed / repeat
