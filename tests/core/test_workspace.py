"""Room for signals: shared by batches, and by networks of the same shape."""

from __future__ import annotations

import numpy as np
import pytest

from sknn_actloss.core import Workspace, plain_layout

NEEDS = {
    "layout": plain_layout((3, 5, 4, 2)),
    "params": np.zeros((2, plain_layout((3, 5, 4, 2)).row_size), np.float32),
    "batch_size": 4,
    "group_size": 12,
}
OTHER_NEEDS = {
    "layout": plain_layout((3, 5, 3, 2)),
    "params": NEEDS["params"].astype(np.float64),
    "batch_size": 6,
    "group_size": 8,
}


def outputs_of(workspace, rows):
    room = workspace.room(rows.stop - rows.start)
    return workspace.output_room(room, room.outputs("derivatives", 2), rows)


def test_shapes():
    workspace = Workspace(**NEEDS)
    room = workspace.room(3)
    assert room.array("pre-activations", 0, 5).shape == (2, 3, 5)
    assert room.parameters("scaled", (4, 5)).shape == (2, 4, 5)
    outputs = outputs_of(workspace, slice(4, 7))
    for array in outputs[:-1]:
        assert array.shape == (2, 3, 2)
        assert array.dtype == np.float32
    assert outputs.signs.shape == (3, 2)
    assert workspace.squares.shape == workspace.magnitudes.shape == (3, 2)
    np.testing.assert_array_equal(room.ones, np.ones(3))


def test_outputs_lie_output_by_output():
    for array in outputs_of(Workspace(**NEEDS), slice(0, 4)):
        assert array.strides[-2] == array.itemsize


def test_a_name_stands_for_one_array():
    room = Workspace(**NEEDS).room(4)
    first = room.array("outputs", 0, 5)
    assert room.array("outputs", 0, 5) is first
    for name, index in (("outputs", 1), ("passed", 0)):
        assert not np.shares_memory(room.array(name, index, 5), first)
    room.place("passed", 1, first)
    assert room.array("passed", 1, 5) is first


def test_batches_share_all_but_what_lasts_for_their_group():
    workspace = Workspace(**NEEDS)
    first, second = (workspace.room(4).array("outputs", 0, 5) for _ in range(2))
    assert np.shares_memory(first, second)
    one, other = (outputs_of(workspace, rows) for rows in (slice(0, 4), slice(8, 12)))
    assert np.shares_memory(one.grad, other.grad)
    assert not np.shares_memory(one.raw, other.raw)
    assert np.shares_memory(one.raw, workspace.raw)


def test_a_placed_array_stays_with_its_batch():
    workspace, array = Workspace(**NEEDS), np.zeros((2, 4, 5), np.float32)
    workspace.room(4).place("skipped", 0, array)
    assert not np.shares_memory(workspace.room(4).array("skipped", 0, 5), array)


@pytest.mark.parametrize("name", OTHER_NEEDS)
def test_a_workspace_serves_the_same_needs_only(name):
    workspace = Workspace(**NEEDS)
    assert workspace.serves(*NEEDS.values())
    assert not workspace.serves(*(NEEDS | {name: OTHER_NEEDS[name]}).values())
