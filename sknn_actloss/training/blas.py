"""The threads of BLAS, which leave their processors to ours while these are at work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sknn_actloss._sklearn import threadpool_controller

_LOCK = threading.Lock()
_limits: list[Any] = []


def n_blas_threads() -> int:
    """Return how many threads BLAS would use."""
    return min((library["num_threads"] for library in _blas().info()), default=1)


def _blas() -> Any:
    return threadpool_controller().select(user_api="blas")


@contextmanager
def products_on_one_thread() -> Iterator[None]:
    """Keep BLAS on the thread that asks; the last of several that are inside gives it back.

    Threads of BLAS that have made a product wait for the next one at full speed, and would take
    the processors from ours long after it.
    """
    with _LOCK:
        _limits.append(None if _limits else _blas().limit(limits=1))
    try:
        yield
    finally:
        with _LOCK:
            limit = _limits.pop(0)
            if not _limits:
                limit.restore_original_limits()
            elif limit is not None:
                _limits[0] = limit
