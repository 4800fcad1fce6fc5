"""PiecewiseLinearEncoder: bins, shares, names, and the data types that it keeps."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import KBinsDiscretizer
from sklearn.utils.estimator_checks import check_estimator

from sknn_actloss.tabular import PiecewiseLinearEncoder

STRATEGIES = ["quantile", "tree", "both"]
TABLES = st.sampled_from([np.float64, np.float32]).flatmap(
    lambda dtype: arrays(
        dtype,
        st.tuples(st.integers(2, 30), st.integers(1, 4)),
        elements=st.floats(-(2.0**100), 2.0**100, width=32) | st.integers(-2, 2).map(float),
    )
)


def by_hand(x, edges):
    """Return the shares of the bins as the formula writes them."""
    shares = [np.clip((x - low) / (high - low), 0, 1) - 0.5 for low, high in pairwise(edges)]
    return np.stack(shares, axis=1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_checks_of_scikit_learn(strategy):
    results = check_estimator(PiecewiseLinearEncoder(strategy=strategy), on_fail=None, on_skip=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}


@pytest.mark.parametrize("bin_scale", [1.0, 0.25])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_shares_are_those_of_the_formula(strategy, bin_scale):
    X, y = load_diabetes(return_X_y=True)
    encoder = PiecewiseLinearEncoder(8, strategy=strategy, bin_scale=bin_scale)
    encoded = encoder.fit(X, y).transform(X)
    assert np.array_equal(encoded[:, : X.shape[1]], X)
    bins = [by_hand(x, edges) for x, edges in zip(X.T, encoder.edges_, strict=True) if len(edges)]
    np.testing.assert_allclose(encoded[:, X.shape[1] :], bin_scale * np.hstack(bins), atol=1e-12)


def test_edges_are_those_of_scikit_learn_where_quantiles_are_distinct():
    X = np.random.RandomState(0).normal(size=(300, 3))
    expected = KBinsDiscretizer(
        16, strategy="quantile", quantile_method="linear", encode="ordinal"
    ).fit(X)
    found = PiecewiseLinearEncoder(16).fit(X).edges_
    for edges, reference in zip(found, expected.bin_edges_, strict=True):
        np.testing.assert_allclose(edges, reference)


def test_bins_that_quantiles_leave_free_go_to_the_other_values():
    rng = np.random.RandomState(0)
    x = np.where(rng.rand(1000) < 0.9, 0.0, rng.exponential(size=1000))[:, np.newaxis]
    (edges,) = PiecewiseLinearEncoder(16).fit(x).edges_
    assert len(edges) == 17
    assert len(np.unique(np.quantile(x, np.linspace(0, 1, 17)))) < 6


def test_blocks_of_rows_give_what_single_rows_give():
    X = np.random.RandomState(0).normal(size=(1100, 2))
    encoder = PiecewiseLinearEncoder(4).fit(X)
    assert np.array_equal(encoder.transform(X)[-5:], encoder.transform(X[-5:]))


def test_columns_of_few_values_stay_as_they_are():
    X = np.array([[1.0, 0.0, 0.0], [1.0, 5.0, 1.0], [1.0, 0.0, 2.0], [1.0, 5.0, 7.0]])
    encoder = PiecewiseLinearEncoder(2).fit(X)
    assert [len(edges) for edges in encoder.edges_] == [0, 0, 3]
    assert encoder.transform(X).shape == (4, 5)


def test_one_bin_leaves_all_columns_as_they_are():
    X = load_iris().data
    for strategy in STRATEGIES:
        encoder = PiecewiseLinearEncoder(1, strategy=strategy).fit(X, load_iris().target)
        assert np.array_equal(encoder.transform(X), X)


def test_trees_cut_where_the_target_jumps():
    x = np.linspace(0, 1, 400)[:, np.newaxis]
    for y in (np.where(x[:, 0] < 0.3, 0, 1), np.where(x[:, 0] < 0.3, "no", "yes")):
        (edges,) = PiecewiseLinearEncoder(2, strategy="tree").fit(x, y).edges_
        np.testing.assert_allclose(edges, [0, 0.3, 1], atol=0.01)


@pytest.mark.parametrize("strategy", ["tree", "both"])
@pytest.mark.parametrize(("scale", "shift"), [(1e-3, 1e6), (1e300, 0), (1e-300, 0)])
def test_trees_cut_numbers_of_any_scale(strategy, scale, shift):
    X, y = load_iris(return_X_y=True)
    plain = PiecewiseLinearEncoder(4, strategy=strategy).fit(X, y)
    moved = PiecewiseLinearEncoder(4, strategy=strategy).fit(X * scale + shift, y)
    for edges, expected in zip(moved.edges_, plain.edges_, strict=True):
        np.testing.assert_allclose(np.sort((edges - shift) / scale), expected, rtol=1e-6)


def test_integers_are_classes_unless_target_type_says_that_they_are_not():
    x = np.arange(300.0)[:, np.newaxis]
    y = np.repeat([0, 1, 100], 100)
    edges = {
        target_type: PiecewiseLinearEncoder(2, strategy="tree", target_type=target_type)
        .fit(x, y)
        .edges_[0][1]
        for target_type in ("auto", "continuous")
    }
    assert edges == {"auto": 99.5, "continuous": 199.5}


def test_trees_need_a_target():
    with pytest.raises(ValueError, match='pass y to fit, or use strategy="quantile"'):
        PiecewiseLinearEncoder(strategy="tree").fit([[0.0], [1.0]])


@settings(max_examples=60, deadline=None)
@given(TABLES, st.integers(1, 20))
def test_any_numbers_give_finite_shares_of_their_own_dtype(X, n_bins):
    encoder = PiecewiseLinearEncoder(n_bins, bin_scale=0.5)
    encoded = encoder.fit_transform(X)
    assert encoded.dtype == X.dtype
    assert encoded.shape == (len(X), len(encoder.get_feature_names_out()))
    shares = encoded[:, X.shape[1] :]
    assert np.isfinite(shares).all()
    assert (np.abs(shares) <= 0.25).all()
    assert all(len(edges) in range(3, n_bins + 2) or not len(edges) for edges in encoder.edges_)


@settings(max_examples=30, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(X, random):
    order = list(range(len(X)))
    random.shuffle(order)
    encoder = PiecewiseLinearEncoder(5)
    assert np.array_equal(encoder.fit_transform(X)[order], encoder.fit_transform(X[order]))


def test_shares_never_fall_as_numbers_rise():
    x = np.sort(np.random.RandomState(0).standard_cauchy(200))[:, np.newaxis]
    encoded = PiecewiseLinearEncoder(8).fit(x).transform(x)
    assert (np.diff(encoded, axis=0) >= 0).all()


def test_float32_after_a_fit_on_float64():
    X = np.array([[0.0], [1e-300], [1.0], [2.0]])
    encoder = PiecewiseLinearEncoder(3).fit(X)
    assert np.isfinite(encoder.transform(X.astype(np.float32))).all()


def test_names_and_containers():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 1.0, 0.0]}, index=[3, 4, 5])
    encoder = PiecewiseLinearEncoder(2).set_output(transform="pandas")
    encoded = encoder.fit_transform(frame)
    assert list(encoded.columns) == ["a", "b", "a_bin0", "a_bin1"]
    assert list(encoded.index) == [3, 4, 5]


def test_clones_have_the_same_parameters():
    encoder = PiecewiseLinearEncoder(4, strategy="both", bin_scale=2.0, target_type="continuous")
    assert clone(encoder).get_params() == encoder.get_params()
