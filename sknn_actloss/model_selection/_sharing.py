"""Data that all tasks of a search need, sent to a cluster once."""

from __future__ import annotations

import warnings
from typing import Any

from joblib.parallel import get_active_backend


def share(data: Any) -> Any:
    """Send an object to a dask cluster, once for all tasks; with other backends return it.

    It goes there as the result of a task. What is scattered is lost with the worker that has it,
    whereas the scheduler does a lost task anew.
    """
    client = getattr(get_active_backend()[0], "client", None)
    if client is None:
        return data
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        return client.submit(_itself, data, pure=False)


def received(data: Any) -> Any:
    """Return what was shared; joblib runs tasks of a cluster with one worker where it is."""
    is_away = hasattr(data, "client") and hasattr(data, "result")
    return data.result() if is_away else data


def _itself(data: Any) -> Any:
    return data
