"""Stacks that take their steps in threads of their own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from contextvars import copy_context
from typing import Any

from sknn_actloss._calls import Call
from sknn_actloss.training.blas import products_on_one_thread
from sknn_actloss.training.stack import Stack


class Threaded(Stack):
    """Base of stacks that take their steps in several threads, each with products of its own."""

    _executor: ThreadPoolExecutor

    def at_work(self) -> AbstractContextManager[None]:
        """Return the context of an epoch, in which matrix products stay in the thread that asks."""
        return products_on_one_thread()

    def _together(self, calls: Sequence[Call]) -> list[Any]:
        """Make calls at the same time, the first one in this thread, and return their results."""
        jobs = [
            self._executor.submit(copy_context().run, function, *arguments)
            for function, arguments in calls[1:]
        ]
        function, arguments = calls[0]
        try:
            first = function(*arguments)
        finally:
            wait(jobs)
        return [first, *(job.result() for job in jobs)]
