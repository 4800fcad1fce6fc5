"""Room for signals: shared by batches, and by networks of the same needs."""

from __future__ import annotations

import numpy as np
import pytest

from sknn_actloss.core import Layout, Workspace

NEEDS = {
    "layout": Layout((3, 5, 4, 2)),
    "params": np.zeros((2, Layout((3, 5, 4, 2)).n_params), np.float32),
    "batch_size": 4,
    "group_size": 12,
    "keeps_input": [True, False],
}
OTHER_NEEDS = {
    "layout": Layout((3, 5, 3, 2)),
    "params": NEEDS["params"].astype(np.float64),
    "batch_size": 6,
    "group_size": 8,
    "keeps_input": [True, True],
}


def test_shapes_of_signals():
    signals = Workspace(**NEEDS).signals(slice(4, 7))
    assert [z.shape for z in signals.inputs] == [(2, 3, 5), (2, 3, 4), (2, 3, 2)]
    assert [a.shape for a in signals.outputs] == [(2, 3, 5), (2, 3, 4)]
    assert [delta.shape for delta in signals.deltas] == [(2, 3, 5), (2, 3, 4), (2, 3, 2)]
    for array in (signals.raw, signals.prediction, signals.scratch):
        assert array.shape == (2, 3, 2)
        assert array.dtype == np.float32
    assert signals.signs.shape == (3, 2)
    assert signals.squares.shape == (2,)
    np.testing.assert_array_equal(signals.ones, np.ones(3))


def test_an_input_is_kept_where_it_is_needed_afterwards():
    signals = Workspace(**NEEDS).signals(slice(0, 4))
    shared = [np.shares_memory(z, a) for z, a in zip(signals.inputs, signals.outputs, strict=False)]
    assert shared == [False, True]


def test_batches_share_all_but_what_lasts_for_their_group():
    workspace = Workspace(**NEEDS)
    first, second = workspace.signals(slice(0, 4)), workspace.signals(slice(8, 12))
    assert np.shares_memory(first.inputs[0], second.inputs[0])
    assert np.shares_memory(first.deltas[-1], second.deltas[-1])
    for name in ("raw", "squares"):
        one, other = getattr(first, name), getattr(second, name)
        assert not np.shares_memory(one, other)
        assert np.shares_memory(one, getattr(workspace, name))


@pytest.mark.parametrize("name", OTHER_NEEDS)
def test_a_workspace_serves_the_same_needs_only(name):
    workspace = Workspace(**NEEDS)
    assert workspace.serves(*NEEDS.values())
    assert not workspace.serves(*(NEEDS | {name: OTHER_NEEDS[name]}).values())
