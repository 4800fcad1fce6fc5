"""Where slots lie in a row, and how rows become fitted attributes and come back."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_actloss.activations import Identity, Tanh
from sknn_actloss.core import ATTRIBUTE_NAMES, Layout, Model, Slot, plain_layout
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.losses import SquaredError
from sknn_actloss.normalization import BatchNorm, LayerNorm

OPTIONS = {
    "plain": {},
    "layer": {"normalization": LayerNorm()},
    "batch": {"normalization": BatchNorm()},
    "scaled": {"feature_scale": FeatureScale()},
    "all": {
        "normalization": BatchNorm(),
        "feature_scale": FeatureScale(),
        "skip_connections": True,
    },
}
every_option = pytest.mark.parametrize("option", OPTIONS)


def layout_of(option):
    model = Model((Tanh(), Tanh()), Identity(), SquaredError(), **OPTIONS[option])
    return model.layout(3, (4, 4), 2)


def test_a_row_lies_in_this_order():
    layout = layout_of("all")
    assert [slot.key for slot in layout.ordered] == [
        ("intercepts_", 0),
        *(("coefs_", index) for index in range(3)),
        *(("intercepts_", index) for index in (1, 2)),
        *(("normalization_scales_", index) for index in (0, 1)),
        *(("normalization_offsets_", index) for index in (0, 1)),
        ("feature_scale_", None),
        *(("running_means_", index) for index in (0, 1)),
        *(("running_variances_", index) for index in (0, 1)),
    ]
    ends = [layout.columns(slot.key) for slot in layout.ordered]
    assert [columns.start for columns in ends[1:]] == [columns.stop for columns in ends[:-1]]
    assert ends[-1].stop == layout.row_size


@every_option
def test_sizes(option):
    layout = layout_of(option)
    assert layout.layer_sizes == (3, 4, 4, 2)
    assert layout.n_layers == 3
    assert layout.n_weights == 36
    scaled = 3 * (option in ("scaled", "all"))
    assert layout.n_params == 46 + 16 * (option in ("layer", "batch", "all")) + scaled
    assert layout.has_moments == (option in ("batch", "all"))
    assert layout.row_size == layout.n_params + 16 * layout.has_moments
    rows = np.zeros((2, layout.row_size))
    assert layout.trained(rows).shape == (2, layout.n_params)
    assert layout.decaying(rows).shape == (2, 36)


@every_option
@pytest.mark.parametrize("n_members", [None, 1, 3])
def test_attributes_come_back(option, n_members):
    layout = layout_of(option)
    shape = (layout.row_size,) if n_members is None else (n_members, layout.row_size)
    rows = np.random.default_rng(0).normal(size=shape)
    attributes = layout.attributes(rows, np.dtype(np.float64))
    assert tuple(attributes) == layout.attribute_names
    assert set(layout.attribute_names) <= set(ATTRIBUTE_NAMES)
    assert_array_equal(layout.from_attributes(attributes, rows.dtype), np.atleast_2d(rows))
    views, expected = layout.attribute_views(attributes), layout.views(np.atleast_2d(rows))
    for key, array in expected.items():
        assert_array_equal(views[key], array)
        assert np.shares_memory(views[key], rows)
    if n_members != 1:
        for name, shapes in layout.attribute_shapes(n_members or 1).items():
            found = attributes[name]
            is_list = isinstance(found, list)
            assert ([part.shape for part in found] if is_list else found.shape) == shapes


@every_option
def test_a_row_to_start_from(option):
    layout = layout_of(option)
    shapes = layout.attribute_shapes()
    drawn = {
        name: [np.full(shape, float(index)) for index, shape in enumerate(shapes[name])]
        for name in ("coefs_", "intercepts_")
    }
    row = layout.initial(drawn, np.dtype(np.float32))
    assert row.dtype == np.float32
    assert row.shape == (1, layout.row_size)
    views, starts = layout.views(row), {"running_means_": 0.0, "normalization_offsets_": 0.0}
    for (name, index), array in views.items():
        assert_array_equal(array, index if name in drawn else starts.get(name, 1.0))


def test_views_of_a_gradient_end_with_what_is_trained():
    layout = layout_of("batch")
    views = layout.views(np.zeros((2, layout.n_params)))
    assert views.of("running_means_") == []
    assert [array.shape for array in views.of("coefs_")] == [(2, 3, 4), (2, 4, 4), (2, 4, 2)]
    assert [array.shape for array in views.of("normalization_scales_")] == [(2, 1, 4)] * 2
    assert views.joint.shape == (2, 4, 4)


@every_option
def test_equal_slots_make_equal_layouts(option):
    layout = layout_of(option)
    assert layout == layout_of(option)
    assert hash(layout) == hash(layout_of(option))
    assert pickle.loads(pickle.dumps(layout)) == layout
    assert (layout == plain_layout((3, 4, 4, 2))) == (option == "plain")


def test_a_slot_of_any_name_finds_its_way():
    slots = (*plain_layout((3, 2)).slots, Slot("gates_", 0, (3,), initial=0.5))
    layout = Layout(slots)
    row = layout.initial({"coefs_": [np.ones((3, 2))], "intercepts_": [np.ones(2)]}, np.float64)
    assert_array_equal(layout.attributes(row[0], np.float64)["gates_"], [[0.5] * 3])
    assert layout.n_params == 11
