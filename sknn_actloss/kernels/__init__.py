"""What steps of training and predictions do to arrays beside matrix products.

A kernel is bound to its arrays once, and returns the calls that act on them in place, whatever is
written to the arrays meanwhile. NumPy's are the reference, :mod:`sknn_actloss.kernels.numpy`, where
each one is described; :mod:`sknn_actloss.kernels.numba` has the same names. ``kernels.relu`` is the
kernel of the set that is chosen when it is asked for, see :func:`sknn_actloss.set_config`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sknn_actloss.kernels._choice import chosen, pays

__all__ = ["chosen", "pays"]


def __getattr__(name: str) -> Callable[..., Any]:
    """Return a kernel of the chosen set."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(chosen(), name)
