"""Room for signals: shared by batches, and by networks of the same needs."""

from __future__ import annotations

import numpy as np
import pytest

from sknn_actloss.core import Layout, Needs, Workspace

NEEDS = {
    "layout": Layout((3, 5, 4, 2)),
    "params": np.zeros((2, Layout((3, 5, 4, 2)).n_params), np.float32),
    "batch_size": 4,
    "group_size": 12,
    "needs": [Needs(True), Needs(False)],
}
OTHER_NEEDS = {
    "layout": Layout((3, 5, 3, 2)),
    "params": NEEDS["params"].astype(np.float64),
    "batch_size": 6,
    "group_size": 8,
    "needs": [Needs(True), Needs(True)],
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
    assert signals.squares.shape == signals.magnitudes.shape == (2,)
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
    for name in ("raw", "squares", "magnitudes"):
        one, other = getattr(first, name), getattr(second, name)
        assert not np.shares_memory(one, other)
        assert np.shares_memory(one, getattr(workspace, name))


@pytest.mark.parametrize("name", OTHER_NEEDS)
def test_a_workspace_serves_the_same_needs_only(name):
    workspace = Workspace(**NEEDS)
    assert workspace.serves(*NEEDS.values())
    assert not workspace.serves(*(NEEDS | {name: OTHER_NEEDS[name]}).values())


def test_room_for_what_layers_change_in_between():
    layout = Layout((3, 5, 5, 2), is_normalized=True)
    params = np.zeros((1, layout.n_row))
    needs = [Needs(False, drops=True), Needs(True, skips=True)]
    signals = Workspace(layout, params, 4, 4, needs).signals(slice(0, 3))
    assert [array.shape for array in signals.normalized] == [(1, 3, 5)] * 2
    for a, passed in zip(signals.outputs, signals.passed, strict=True):
        assert a.shape == passed.shape
        assert not np.shares_memory(a, passed)
    assert signals.skipped[0] is None
    assert signals.skipped[1].shape == (1, 3, 5)
    plain = Workspace(**NEEDS).signals(slice(0, 3))
    assert plain.normalized == []
    assert all(a is passed for a, passed in zip(plain.outputs, plain.passed, strict=True))
