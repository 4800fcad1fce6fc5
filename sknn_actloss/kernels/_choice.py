"""Which set of kernels is taken: by settings, and by what it takes to load compiled ones."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from sknn_actloss._config import setting
from sknn_actloss.kernels import numpy as reference

#: Seconds after which a training goes on with compiled kernels, and seconds of all trainings of
#: the process after which the next one does: several times what it takes to load them.
SECONDS, SECONDS_IN_ALL = 1.0, 4.0

_seconds_in_all = 0.0
_loaded: ModuleType | None = None
_has_failed = False


def chosen() -> ModuleType:
    """Return the set of kernels that calls are bound to now."""
    kernels = setting("kernels")
    if kernels == "auto":
        return _loaded or reference
    return reference if kernels == "numpy" else _compiled()


def pays(seconds: float, more: float) -> bool:
    """Whether a training should go on with compiled kernels, which it has done without so far.

    Parameters
    ----------
    seconds : float
        Seconds that it has taken.
    more : float
        Seconds since this was asked last.
    """
    global _seconds_in_all, _has_failed
    if _loaded or _has_failed or setting("kernels") != "auto" or not _is_installed():
        return False
    _seconds_in_all += more
    if seconds < SECONDS and _seconds_in_all < SECONDS_IN_ALL:
        return False
    try:
        _compiled()
    except ImportError:  # of a version that does not go with this NumPy
        _has_failed = True
    return _loaded is not None


@cache
def _is_installed() -> bool:
    return find_spec("numba") is not None


def _compiled() -> ModuleType:
    global _loaded
    if _loaded is None:
        _loaded = import_module("sknn_actloss.kernels.numba")
    return _loaded
