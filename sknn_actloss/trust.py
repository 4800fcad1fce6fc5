"""What a file of a fitted estimator may be made of: the types that skops is to trust."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sknn_actloss._component import Component
from sknn_actloss._pickling import Stamped
from sknn_actloss.core import Layout, Model, Slot
from sknn_actloss.estimators._attributes import OptimizerState
from sknn_actloss.estimators._out_of_fold import OutOfFold
from sknn_actloss.estimators._target_scale import TargetScale
from sknn_actloss.estimators._targets import Targets
from sknn_actloss.losses import BoundLoss
from sknn_actloss.persistence import Checkpoint
from sknn_actloss.schedules import LearningRate
from sknn_actloss.tabular._categories import Lookup
from sknn_actloss.tabular._dates import CyclicPairs
from sknn_actloss.tabular._levels import Levels
from sknn_actloss.tabular._numbers import GapIndicator, RobustScale
from sknn_actloss.tabular._readers import Feature, Reader
from sknn_actloss.tabular._reading import Reading
from sknn_actloss.training import EncodedTargets

__all__ = ["TRUSTED_TYPES"]

#: Bases of what estimators consist of and keep.
FAMILIES = (BoundLoss, Component, EncodedTargets, Lookup, Reader, Stamped, Targets)

#: What else they keep.
SINGLE = {
    CyclicPairs,
    Feature,
    GapIndicator,
    Layout,
    LearningRate,
    Levels,
    Model,
    OptimizerState,
    OutOfFold,
    Reading,
    RobustScale,
    Slot,
    TargetScale,
    np.dtype,
}

#: What the next fit writes to files.
EXCLUDED = {Checkpoint}


def _family(base: type) -> Iterator[type]:
    """Yield the classes of this package that extend a base."""
    kind: type
    for kind in base.__subclasses__():
        if kind.__module__.partition(".")[0] == __name__.partition(".")[0]:
            yield from {kind, *_family(kind)}


def _trusted() -> list[str]:
    kinds = SINGLE | {kind for base in FAMILIES for kind in _family(base)}
    return sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds - EXCLUDED)


#: Names of the types that fitted estimators of this package consist of, for
#: ``skops.io.load(file, trusted=TRUSTED_TYPES)``. They hold numbers and names, and run no code when
#: they are loaded. Functions of users and a ``Checkpoint`` are not among them, nor what other
#: packages have: ``skops.io.get_untrusted_types`` lists what a file has.
TRUSTED_TYPES: list[str] = _trusted()
