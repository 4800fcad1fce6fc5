"""The threads of BLAS, which leave their processors to ours while these are at work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sknn_actloss._sklearn import n_blas_threads, threadpool_controller

__all__ = ["n_blas_threads", "products_on_one_thread"]

_LOCK = threading.Lock()
_limits: list[Any] = []


@contextmanager
def products_on_one_thread() -> Iterator[None]:
    """Keep BLAS on the thread that asks; the last of several that are inside gives it back.

    Threads of BLAS that have made a product wait for the next one at full speed, and would take
    the processors from ours long after it.
    """
    with _LOCK:
        _limits.append(None if _limits else _limit())
    try:
        yield
    finally:
        with _LOCK:
            limit = _limits.pop(0)
            if not _limits:
                limit.restore_original_limits()
            elif limit is not None:
                _limits[0] = limit


def _limit() -> Any:
    return threadpool_controller().select(user_api="blas").limit(limits=1)
