"""The contenders of the benchmarks of training and of searches.

Each takes a :class:`~benchmarks._data.Shape`, features and classes, converts the data, and
returns a function that makes a new network and trains it for all epochs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

from benchmarks._data import Shape, classification
from benchmarks._kernels import TITLES, with_kernels
from benchmarks._rounds import Job


class Peer(NamedTuple):
    """Where a contender is found, the data type it computes in, and kernels of ours."""

    module: str
    function: str
    dtype: str
    kernels: str = "auto"


def of_ours(function: str, dtype: str) -> dict[str, Peer]:
    """Return a contender of this package for each set of kernels, by name."""
    return {
        f"ours {dtype}, {title}": Peer("estimators", function, dtype, kernels)
        for kernels, title in TITLES.items()
    }


PEERS = {
    **of_ours("ours", "float32"),
    **of_ours("ours", "float64"),
    "scikit-learn float32": Peer("estimators", "scikit_learn", "float32"),
    "scikit-learn float64": Peer("estimators", "scikit_learn", "float64"),
    "PyTorch": Peer("pytorch", "pytorch", "float32"),
    "JAX": Peer("jitted", "jitted", "float32"),
    "products float32": Peer("products", "products", "float32"),
    "products float64": Peer("products", "products", "float64"),
}

#: Those that train many networks at once: one for each of ``rates`` and ``alphas``.
STACKS = {
    **of_ours("stacked", "float32"),
    "JAX": Peer("vmapped", "vmapped", "float32"),
}


def available(peers: Mapping[str, Peer]) -> dict[str, Peer]:
    """Return the contenders whose libraries are installed."""
    return {name: peer for name, peer in peers.items() if _installed(peer.module)}


def jobs(shape: Shape, peers: Mapping[str, Peer] = PEERS, **parameters: Any) -> dict[str, Job]:
    """Return the fits of all contenders on the same data."""
    X, y = classification(shape)
    return {
        name: with_kernels(
            peer.kernels,
            getattr(_module(peer.module), peer.function)(
                shape, X.astype(peer.dtype), y, **parameters
            ),
        )
        for name, peer in available(peers).items()
    }


def _module(name: str):
    return import_module(f"benchmarks.peers.{name}")


def _installed(name: str) -> bool:
    try:
        _module(name)
    except ModuleNotFoundError as error:
        if error.name in ("torch", "jax"):
            return False
        raise
    return True
