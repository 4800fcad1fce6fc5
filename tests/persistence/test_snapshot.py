"""State as plain data, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_actloss.persistence.snapshot import restore, snapshot
from sknn_actloss.schedules import LearningRate, ReduceOnPlateau
from sknn_actloss.training import MemberState


@dataclass
class Inner:
    stream: Any
    numbers: list[float] = field(default_factory=list)


@dataclass
class Outer:
    inner: Inner
    array: np.ndarray | None = None
    schedule: Any = field(default_factory=ReduceOnPlateau, metadata={"saved": False})
    function: Any = field(default=np.tanh, metadata={"saved": False})


def streams():
    return [np.random.RandomState(0), np.random.default_rng(0), np.random.RandomState()]


@pytest.mark.parametrize("stream", streams(), ids=lambda stream: type(stream).__name__)
def test_dataclasses_and_streams_are_brought_back_in_place(stream):
    outer = Outer(Inner(stream, [1.0]), np.arange(3))
    saved = snapshot(outer)
    assert set(saved) == {"inner", "array"}
    drawn = stream.normal(size=5)
    other = Outer(Inner(type(stream)(*_source(stream)), [2.0, 3.0]))
    inner, other_stream = other.inner, other.inner.stream
    assert restore(other, saved) is other
    assert other.inner is inner
    assert inner.stream is other_stream
    assert inner.numbers == [1.0]
    assert_array_equal(other.array, np.arange(3))
    assert_array_equal(other_stream.normal(size=5), drawn)


def _source(stream):
    return (np.random.PCG64(7),) if isinstance(stream, np.random.Generator) else ()


def test_streams_may_lie_in_containers():
    state = {"streams": [np.random.default_rng(0)], "step": 3, "pair": (1, np.ones(2))}
    saved = snapshot(state)
    drawn = state["streams"][0].integers(1 << 60)
    fresh = {"streams": [np.random.default_rng(1)], "step": 0}
    stream = fresh["streams"][0]
    restored = restore(fresh, saved)
    assert restored["streams"] == [stream]
    assert stream.integers(1 << 60) == drawn
    assert restored["step"] == 3
    assert restored["pair"][0] == 1


def test_lists_become_as_long_as_they_were():
    assert restore([1, 2, 3], [4]) == [4]
    assert restore([], [4, 5]) == [4, 5]
    assert restore(None, (1, None)) == (1, None)


def test_other_fields_are_refused():
    saved = snapshot(Outer(Inner(np.random.default_rng(0))))
    del saved["array"]
    with pytest.raises(ValueError, match="Outer has the fields"):
        restore(Outer(Inner(np.random.default_rng(0))), saved)


def test_the_state_of_a_member_is_saved_without_settings():
    state = MemberState(LearningRate(ReduceOnPlateau(), 0.1), solver={"step": 1, "m": np.ones(2)})
    saved = snapshot(state)
    assert {"course", "rate", "solver", "params", "outcome"} <= set(saved)
    assert not {"error", "optimum"} & set(saved)
    assert "_memory" in saved["rate"]
    assert "schedule" not in saved["rate"]
