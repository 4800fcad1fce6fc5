"""Which candidates are trained together: stacks that fit the cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import clone

from sknn_actloss._sklearn import num_features
from sknn_actloss.core import plain_layout
from sknn_actloss.estimators import BaseMLP, Settings, parameters_of
from sknn_actloss.model_selection._pipeline import (
    fingerprint,
    network_name,
    network_of,
    steps_key,
)

#: Bytes that all that is written in a step of a stack may take, and those of one network beyond
#: which it trains alone. Measured on a processor with 1 MiB of second-level cache for each core
#: and 32 MiB of third-level cache: networks of 32 to 100 units gain up to some dozens of members,
#: those of (256, 256) units, whose steps are products of large matrices, gain nothing.
STACK_BYTES, NETWORK_BYTES = 8 << 20, 1 << 20

#: Stacks for each worker at least, so that none waits long for the last one.
STACKS_PER_JOB = 3

#: Parameters that decide on shapes, rows and random numbers, and so on who can share a stack.
SHAPING = (
    "batch_size",
    "class_weight",
    "dtype",
    "early_stopping",
    "feature_scale",
    "hidden_layer_sizes",
    "n_members",
    "normalization",
    "random_state",
    "shuffle",
    "skip_connections",
    "target_scaling",
    "validation_fraction",
    "weight_init",
)

#: Parameters whose components run in one call where they are neighbours of one kind.
ORDERING = ("solver", "loss", "out_activation", "activation")


def configured(estimator: Any, params: dict[str, Any]) -> Any:
    """Return a clone of an estimator with copies of some parameters."""
    return clone(estimator).set_params(**clone(params, safe=False))


@dataclass(eq=False)
class Candidate:
    """A setting of the search.

    Parameters
    ----------
    index : int
        Its place among all candidates.
    params : dict
        The parameters that are set.
    estimator : estimator
        The unfitted network or Pipeline with these parameters.
    """

    index: int
    params: dict[str, Any]
    estimator: Any

    @cached_property
    def name(self) -> str:
        """The parameter of the estimator that holds the network."""
        return network_name(self.estimator)

    @cached_property
    def network(self) -> BaseMLP:
        """The unfitted network."""
        return network_of(self.estimator, self.name)

    @cached_property
    def steps_key(self) -> Hashable:
        """Equal for candidates whose steps in front of the network are equal."""
        return steps_key(self.estimator, self.name)

    @cached_property
    def stack_key(self) -> Hashable:
        """Equal for candidates that may share a stack; the training has the last word."""
        params = parameters_of(self.network)
        shaping = tuple(fingerprint(params[name]) for name in SHAPING if name in params)
        # What trains without minibatches or against the clock trains alone.
        shares = hasattr(self.network, "partial_fit") and params["max_time"] is None
        return shaping if shares else (*shaping, self.index)

    @cached_property
    def order_key(self) -> tuple[str, ...]:
        """Sorts candidates so that equal kinds of components are neighbours."""
        params = parameters_of(self.network)
        return tuple(f"{type(params[name])} {params[name]}" for name in ORDERING)


@dataclass(frozen=True)
class Shape:
    """What the data say about networks.

    Parameters
    ----------
    n_rows, n_features, n_targets : int
        Rows and columns of the training data, and columns of the encoded targets.
    itemsize : int
        Bytes of a number.
    """

    n_rows: int
    n_features: int
    n_targets: int
    itemsize: int

    @classmethod
    def of(cls, X: Any, y: Any, n_rows: int, has_classes: bool) -> Shape:
        """Look at data; what cannot be seen counts as one."""
        itemsize = 4 if getattr(X, "dtype", None) == np.float32 else 8
        return cls(n_rows, _n_features(X), _n_targets(y, has_classes), itemsize)

    def stack_limit(self, network: BaseMLP) -> int:
        """Return how many such networks are best trained together."""
        try:
            n_bytes = self._member_bytes(network)
        except (TypeError, ValueError):  # for the fit to complain about
            return 1
        return STACK_BYTES // n_bytes if n_bytes <= NETWORK_BYTES else 1

    def _member_bytes(self, network: BaseMLP) -> int:
        settings = Settings.of(network)
        n_outputs = self.n_targets * settings.loss.outputs_per_target
        layout = plain_layout((self.n_features, *settings.hidden_layer_sizes, n_outputs))
        auto = settings.dtype == "auto"
        itemsize = self.itemsize if auto else np.dtype(settings.dtype).itemsize
        # Parameters, gradient and two moments; signals and their derivatives.
        n_signals = settings.rows_of_batch(self.n_rows) * sum(layout.layer_sizes[1:])
        return itemsize * (4 * layout.n_params + 2 * n_signals)


def stacks(
    candidates: Sequence[Candidate], limit: Callable[[BaseMLP], int], n_least: int
) -> list[list[Candidate]]:
    """Cut candidates into lists that may share a stack.

    Parameters
    ----------
    candidates : sequence of Candidate
        Candidates with the same steps in front of their networks.
    limit : callable
        Returns the members at most of a stack of such networks.
    n_least : int
        Lists to aim for, as long as none is left with a single candidate.
    """
    groups: dict[Hashable, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[candidate.stack_key].append(candidate)
    share = -(-len(candidates) // n_least)
    cut = []
    for group in groups.values():
        group.sort(key=lambda candidate: candidate.order_key)
        size = min(limit(group[0].network), max(2, share)) if len(group) > 1 else 1
        bounds = np.linspace(0, len(group), -(-len(group) // size) + 1).astype(int)
        cut += [group[start:stop] for start, stop in pairwise(bounds)]
    return cut


def _n_features(X: Any) -> int:
    try:
        return num_features(X)
    except TypeError:
        return 1


def _n_targets(y: Any, has_classes: bool) -> int:
    if np.ndim(y) == 2:
        return np.shape(y)[1]
    try:
        n_classes = np.unique(y).size if has_classes else 1
    except TypeError:
        return 1
    return n_classes if n_classes > 2 else 1
