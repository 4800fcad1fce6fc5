"""Which set of kernels is taken: by settings, and by what it takes to load compiled ones."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType, SimpleNamespace

from sknn_actloss._config import setting
from sknn_actloss.kernels import numpy as reference

#: Seconds after which a training goes on with compiled kernels, and seconds of trainings without
#: after which the next one does: several times what it takes to load them.
SECONDS, SECONDS_IN_ALL = 1.5, 10.0

_seconds_in_all = 0.0
_loaded: ModuleType | None = None
_has_failed = False


def chosen() -> ModuleType | SimpleNamespace:
    """Return the set of kernels that calls are bound to now.

    If there is a choice, those are compiled that have been so before: no compilation holds up a
    short fit, or a prediction.
    """
    kernels = setting("kernels")
    if kernels == "auto":
        return _loaded.ready if _loaded else reference
    return reference if kernels == "numpy" else _compiled()


def pays(seconds: float, more: float) -> bool:
    """Whether a training should have all its kernels compiled from here on.

    Parameters
    ----------
    seconds : float
        Seconds that it has taken.
    more : float
        Seconds since this was asked last.
    """
    global _seconds_in_all, _has_failed
    if _has_failed or setting("kernels") != "auto":
        return False
    _seconds_in_all += more
    if seconds < SECONDS and _seconds_in_all < SECONDS_IN_ALL:
        return False
    _seconds_in_all = 0.0
    try:
        _compiled()
    except ImportError:  # not installed, as a rule
        _has_failed = True
    return not _has_failed


@contextmanager
def collecting_later() -> Iterator[None]:
    """Let no garbage be collected meanwhile.

    Loading numba makes so many objects that Python would look for garbage among those of the whole
    process again and again, which takes a third of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def interrupted_later() -> Iterator[None]:
    """Hold back Ctrl-C meanwhile, which would leave modules half loaded for good."""
    handler = signal.getsignal(signal.SIGINT)
    # Signals come to the main thread, and handlers that Python does not know cannot be put back.
    if threading.current_thread() is not threading.main_thread() or handler is None:
        yield
        return
    held: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if held:
            signal.raise_signal(signal.SIGINT)


def _compiled() -> ModuleType:
    global _loaded
    if _loaded is None:
        try:
            with collecting_later(), interrupted_later():
                module = import_module("sknn_actloss.kernels.numba")
                module._try_out()
                _loaded = module
        except Exception as error:  # numba may not go with this NumPy, LLVM not with this system
            raise ImportError(
                f'kernels="numba" cannot load numba: {error} Install a version that goes with '
                'this NumPy by pip install -U "sknn-actloss[fast]", or take kernels="numpy".'
            ) from error
    return _loaded
