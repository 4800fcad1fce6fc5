"""The sets of kernels that benchmarks show beside each other."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks._rounds import Job
from sknn_actloss import config_context

#: Sets that are installed, with the names that reports give them, the fastest last.
TITLES = {"numpy": "NumPy"} | ({"numba": "numba"} if find_spec("numba") else {})
FASTEST = list(TITLES)[-1]


def with_kernels(kernels: str, job: Job) -> Job:
    """Return a job that has kernels of a set."""

    def run():
        with config_context(kernels=kernels):
            return job()

    return run
