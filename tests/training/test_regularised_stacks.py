"""Members that differ in regularisation and averaging, in one stack and alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from training_cases import Recipe, problem

from sknn_actloss.activations import Tanh
from sknn_actloss.averaging import AVERAGES, EMA, SWA
from sknn_actloss.core import Model, plain_layout
from sknn_actloss.losses import SquaredError
from sknn_actloss.normalization import NORMALIZATIONS, BatchNorm
from sknn_actloss.solvers import SGD
from sknn_actloss.training import Observer, Stack, run_epochs

SMOOTH = Recipe(activations=(Tanh(), Tanh()), max_iter=8, n_iter_no_change=99)
MIXED = [
    replace(SMOOTH, of_model={"dropout": (0.0, 0.4, 0.0)}),
    replace(SMOOTH, of_model={"dropout": (0.1, 0.2, 0.3)}, max_iter=5),
    replace(SMOOTH, of_model={"l1": 0.2}, alpha=0.1),
    replace(SMOOTH, of_member={"gradient_clip": 0.05}),
    replace(SMOOTH, of_member={"gradient_clip": 0.5, "max_norm": 0.8}, solver=SGD(), rate=0.1),
    replace(SMOOTH, of_member={"averaging": EMA(0.9)}),
    replace(SMOOTH, of_member={"averaging": SWA(0.3)}, max_iter=6),
    replace(SMOOTH, of_member={"averaging": EMA(0.7)}, weight_decay=0.1),
    SMOOTH,
]


def layout_of(normalization):
    model = Model((Tanh(), Tanh()), Tanh(), SquaredError(), normalization=normalization)
    return model.layout(5, (8, 6), 1)


def data_of(normalization, dtype=np.float64, **changes):
    return replace(problem("binary", dtype, **changes), layout=layout_of(normalization))


def with_model(recipe, **options):
    return replace(recipe, of_model=recipe.of_model | options)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", [None, *NORMALIZATIONS])
def test_a_mixed_stack_equals_its_members(name, dtype, weighted):
    norm = name and NORMALIZATIONS[name]()
    weights = np.random.default_rng(1).exponential(size=70).astype(dtype) if weighted else None
    data = data_of(norm, dtype, sample_weight=weights)
    recipes = [
        with_model(r, normalization=norm and replace(norm, epsilon=10.0 ** (-2 - i % 3)))
        for i, r in enumerate(MIXED)
    ]
    together = data.run(recipes)
    rtol = 1e-9 if dtype == np.float64 else 1e-2
    for seed, recipe in enumerate(recipes):
        (alone,) = data.run([recipe], [seed])
        member = together[seed]
        assert_allclose(member.state.course.loss_curve, alone.state.course.loss_curve, rtol=rtol)
        assert_allclose(member.state.params, alone.state.params, rtol=rtol, atol=rtol / 10)
        assert member.state.course.n_epochs == alone.state.course.n_epochs == recipe.max_iter


def test_max_norm_bounds_the_incoming_weights_of_every_unit():
    data = data_of(None)
    (member,) = data.run([replace(SMOOTH, of_member={"max_norm": 0.5})])
    for weights in data.layout.views(member.state.params[None]).of("coefs_"):
        assert np.linalg.norm(weights[0], axis=0).max() <= 0.5 * (1 + 1e-12)
    (free,) = data.run([SMOOTH])
    norms = [
        np.linalg.norm(w[0], axis=0).max()
        for w in data.layout.views(free.state.params[None]).of("coefs_")
    ]
    assert min(norms) > 0.5


def test_clipping_bounds_the_step_of_plain_gradient_descent():
    data = replace(data_of(None), batch_size=70, shuffled=False)
    plain = replace(SMOOTH, solver=SGD(0.0, False), rate=1.0, max_iter=1)
    start = data.params([0])[0]
    (clipped,) = data.run([replace(plain, of_member={"gradient_clip": 0.01})])
    (whole,) = data.run([plain])
    step = whole.state.params - start
    assert np.linalg.norm(clipped.state.params - start) == pytest.approx(0.01, rel=1e-3)
    assert_allclose(
        clipped.state.params - start,
        0.01 * step / (np.linalg.norm(step) + 1e-6),
        rtol=1e-9,
        atol=1e-15,
    )


def test_a_large_limit_changes_nothing():
    data = data_of(None)
    free, bound = data.run([SMOOTH, SMOOTH], [3, 3]), None
    bounds = {"gradient_clip": 1e9, "max_norm": 1e9}
    bound = data.run([replace(SMOOTH, of_member=bounds)], [3])
    assert_array_equal(free[0].state.params, bound[0].state.params)


def test_l1_brings_weights_close_to_zero():
    data = data_of(None)
    recipe = replace(SMOOTH, max_iter=60, rate=0.01)
    (plain,) = data.run([recipe])
    (sparse_one,) = data.run([with_model(recipe, l1=3.0)])

    def share(member):
        return np.mean(np.abs(data.layout.decaying(member.state.params[None])) < 0.02)

    assert share(sparse_one) > 0.5 > share(plain)


# Averages


class Weights(Observer):
    """Keeps the parameters after each epoch."""

    def __init__(self):
        self.rows = []

    def epoch_ends(self, epoch):
        self.rows.append(epoch.params.copy())
        return False


def test_ema_is_the_debiased_average_of_all_steps():
    data = replace(data_of(None), batch_size=70)  # a step is an epoch
    seen = Weights()
    data.run([SMOOTH], observer=seen)
    (member,) = data.run([replace(SMOOTH, of_member={"averaging": EMA(0.8)})])
    shares = 0.8 ** np.arange(8)[::-1]
    expected = np.average([row[0] for row in seen.rows], axis=0, weights=shares)
    assert_allclose(member.state.params, expected, rtol=1e-12)
    assert member.state.average["count"] == 8
    assert_array_equal(member.state.average["last"], seen.rows[-1])


def test_swa_is_the_mean_over_the_last_epochs():
    data, seen = data_of(None), Weights()
    data.run([SMOOTH], observer=seen)
    (member,) = data.run([replace(SMOOTH, of_member={"averaging": SWA(0.5)})])
    assert_allclose(member.state.params, np.mean(seen.rows[4:], axis=0)[0], rtol=1e-12)


def test_swa_that_never_starts_leaves_the_weights():
    data = data_of(None)
    recipe = replace(SMOOTH, tol=10.0, n_iter_no_change=1)
    (member,) = data.run([replace(recipe, of_member={"averaging": SWA(0.9)})])
    (plain,) = data.run([recipe])
    assert member.state.outcome == "converged"
    assert member.state.average["count"] == 0
    assert_array_equal(member.state.params, plain.state.params)


@pytest.mark.parametrize("name", AVERAGES)
def test_averages_go_on_after_a_pause(name):
    data = data_of(None)
    recipe = replace(SMOOTH, of_member={"averaging": AVERAGES[name]()})
    whole, pausing = data.run([recipe])[0], recipe.member("binary")
    stack, batches = data.stack([pausing], [0]), data.batches()
    rng = np.random.RandomState(5)
    while stack is not None:
        stack = run_epochs(stack, batches, rng, n_epochs=3)
        if stack is not None:
            pausing.state.average = stack.average(0)
            pausing.state.solver = stack.solver_state(0)
            sizes = data.batch_size, batches.group_size
            stack = Stack(data.layout, [pausing], stack.params, *sizes)
    assert_array_equal(pausing.state.params, whole.state.params)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_moments_of_averaged_weights_are_those_of_the_training_rows(weighted, container):
    weights = np.random.default_rng(1).integers(0, 3, size=70).astype(float) if weighted else None
    data = data_of(BatchNorm(), sample_weight=weights)
    data.X = container(data.X)
    recipe = with_model(SMOOTH, normalization=BatchNorm())
    (member,) = data.run([replace(recipe, of_member={"averaging": EMA()})])
    views = data.layout.views(member.state.params[None])
    X = data.X.toarray() if sparse.issparse(data.X) else data.X
    below = X if weights is None else np.repeat(X, weights.astype(int), axis=0)
    z = below @ views["coefs_", 0][0] + views["intercepts_", 0][0]
    assert_allclose(views["running_means_", 0][0, 0], z.mean(axis=0), rtol=1e-10)
    assert_allclose(views["running_variances_", 0][0, 0], z.var(axis=0, ddof=1), rtol=1e-10)
    a = np.tanh(
        (z - z.mean(axis=0))
        / np.sqrt(z.var(axis=0, ddof=1) + 1e-5)
        * views["normalization_scales_", 0][0]
        + views["normalization_offsets_", 0][0]
    )
    z = a @ views["coefs_", 1][0] + views["intercepts_", 1][0]
    assert_allclose(views["running_means_", 1][0, 0], z.mean(axis=0), rtol=1e-10)
    assert_allclose(views["running_variances_", 1][0, 0], z.var(axis=0, ddof=1), rtol=1e-10)


def test_deep_networks_with_skip_connections():
    data = replace(problem("continuous"), layout=plain_layout((5, *(8,) * 6, 1)))
    recipe = replace(SMOOTH, loss=SquaredError(), activations=(Tanh(),) * 6)
    recipe = with_model(recipe, skip_connections=True)
    together = data.run([recipe, with_model(recipe, dropout=(0.0, *(0.1,) * 6))])
    for seed, member in enumerate(together):
        own = with_model(recipe, dropout=member.spec.model.dropout)
        (alone,) = data.run([own], [seed])
        assert_allclose(member.state.params, alone.state.params, rtol=1e-9, atol=1e-11)
