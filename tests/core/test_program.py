"""Steps as lists of bound calls: operands, groups of batches, rows that begin with a one."""

from __future__ import annotations

import numpy as np
import pytest
from network_cases import CASES, Case, loss_and_gradient, random_params
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn_actloss import config_context
from sknn_actloss._calls import run
from sknn_actloss.activations import ACTIVATIONS, ELU, GELU, ReLU
from sknn_actloss.core import CSRRows, DenseRows, Network, as_rows, plain_layout

CASE = Case("classification", "log_loss", "multiclass", 4)
HIDDEN = {(): (), (6,): (GELU(),), (6, 5): (ReLU(), ELU())}


def setting(hidden, n_members, case=CASE, n_rows=12):
    rng = np.random.default_rng(0)
    models = [case.model(HIDDEN[hidden], alpha=alpha) for alpha in np.arange(n_members) / 10]
    layout = plain_layout((3, *hidden, case.n_outputs))
    params = random_params(rng, layout, n_members)
    return layout, models, params, rng.normal(size=(n_rows, 3)), case.targets(rng, n_rows)


def with_ones(X):
    return DenseRows(np.hstack([np.ones((len(X), 1)), X]), has_ones=True)


def csr(X):
    return CSRRows(sparse.csr_array(X))


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
def test_a_column_of_ones_takes_the_biases_in(hidden, n_members):
    layout, models, params, X, y = setting(hidden, n_members)
    losses, gradient = loss_and_gradient(layout, models, params, X, y)
    for rows in (with_ones(X), csr(X)):
        found, found_gradient = loss_and_gradient(layout, models, params, rows, y)
        assert_allclose(found, losses, rtol=1e-13)
        assert_allclose(found_gradient, gradient, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_losses_of_a_group_are_those_of_its_batches(case, n_members, weighted):
    layout, models, params, X, y = setting((6, 5), n_members, case, n_rows=11)
    weight = np.linspace(0.5, 2, 11) if weighted else None
    network = Network(layout, models, params, 4, 12)
    expected = 0
    for rows in (slice(0, 4), slice(4, 8), slice(8, 11)):
        part = X[rows], y[rows], None if weight is None else weight[rows], 4.0
        run(network.bind(as_rows(part[0]), *part[1:], rows))
        losses, gradient = loss_and_gradient(layout, models, params, *part)
        assert_allclose(network.gradient, gradient, rtol=1e-12, atol=1e-15)
        expected = expected + 4.0 * losses
    assert_allclose(network.losses(y, weight), expected, rtol=1e-12)


@pytest.mark.parametrize("n_members", [1, 2])
def test_a_group_remembers_the_weights_of_each_batch(n_members):
    layout, models, params, X, y = setting((6,), n_members)
    network = Network(layout, models, params, 6, 12)
    expected = 0
    for rows in (slice(0, 6), slice(6, 12)):
        expected = expected + 6 * loss_and_gradient(layout, models, params, X[rows], y[rows])[0]
        run(network.bind(as_rows(X[rows]), y[rows], None, 6.0, rows))
        params *= 1.5
    assert_allclose(network.losses(y, None), expected, rtol=1e-12)


@pytest.mark.parametrize("container", [with_ones, csr, lambda X: DenseRows(X.copy())])
def test_a_program_follows_its_arrays(container):
    layout, models, params, X, y = setting((6, 5), 2)
    rows, targets = container(X), y.copy()
    network = Network(layout, models, params, 12)
    program = network.bind(rows, targets, None, 12.0, slice(0, 12))
    run(program)
    targets[:] = y[::-1]
    params += 0.1
    negated = as_rows(-X if not rows.is_sparse else sparse.csr_array(-X))
    run(negated.gather(np.arange(12), rows))
    run(program)
    expected, gradient = loss_and_gradient(layout, models, params, -X, y[::-1])
    assert_allclose(network.gradient, gradient, rtol=1e-10, atol=1e-14)
    assert_allclose(network.losses(targets, None) / 12, expected, rtol=1e-12)


@pytest.fixture
def calls_of_numpy():
    with config_context(kernels="numpy"):
        yield


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.usefixtures("calls_of_numpy")
def test_nothing_is_done_for_what_is_off(n_members):
    layout, _, params, X, y = setting((6,), n_members)
    plain, penalised = CASE.model((ReLU(),), alpha=0.0), CASE.model((ReLU(),), alpha=0.1)
    sizes = {}
    for name, model, weight in (
        ("plain", plain, None),
        ("penalty", penalised, None),
        ("weights", plain, np.ones(12)),
    ):
        network = Network(layout, [model] * n_members, params, 12)
        sizes[name] = len(network.bind(as_rows(X), y, weight, 12.0, slice(0, 12)))
    assert sizes["penalty"] == sizes["plain"] + 3
    assert sizes["weights"] == sizes["plain"] + 1
    without_bias = Network(layout, [plain] * n_members, params, 12)
    program = without_bias.bind(with_ones(X), y, None, 12.0, slice(0, 12))
    assert len(program) == sizes["plain"] - 2


def test_no_array_of_a_batch_is_made_in_a_step():
    layout, models, params, X, y = setting((6, 5), 1, n_rows=400)
    network = Network(layout, models, params, 400)
    program = network.bind(with_ones(X), y, None, 400.0, slice(0, 400))
    run(program)
    before = {id(array) for _, operands in program for array in operands}
    gradient = network.gradient.copy()
    run(program)
    assert {id(array) for _, operands in program for array in operands} == before
    assert_array_equal(network.gradient, gradient)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_calls_of_an_activation_are_its_formulas(name):
    activation, rng = ACTIVATIONS[name](), np.random.default_rng(0)
    z, grad = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 3))
    results = []
    for bound in (False, True):
        out, source, delta = np.empty_like(z), z.copy(), grad.copy()
        if bound:
            run(activation.forward_calls(source, out))
            value = out.copy()
            run(activation.backward_calls(source, out, delta))
        else:
            activation.forward(source, out)
            value = out.copy()
            activation.backward(source, out, delta)
        results.append((value, delta))
    assert_array_equal(*(value for value, _ in results))
    assert_array_equal(*(delta for _, delta in results))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_calls_of_a_loss_are_its_gradient(case):
    rng, loss = np.random.default_rng(0), case.model().loss
    y, raw = case.targets(rng, 6), rng.normal(size=(2, 6, case.n_outputs))
    expected, found = np.empty_like(raw), np.empty_like(raw)
    loss.gradient(y, raw, expected)
    run(loss.gradient_calls(y, raw, found))
    assert_array_equal(found, expected)


class Doubled(ReLU):
    """Adds one, and doubles the derivative."""

    def forward_calls(self, z, out):
        return [*super().forward_calls(z, out), (np.add, (out, 1.0, out))]

    def backward_calls(self, z, a, grad):
        calls = super().backward_calls(z, a, grad)
        return [(np.subtract, (a, 1.0, a)), *calls, (np.multiply, (grad, 2.0, grad))]


@pytest.mark.parametrize("n_members", [1, 2])
def test_a_formula_of_a_subclass_prevails(n_members):
    X, rng = np.random.default_rng(1).normal(size=(12, 3)), np.random.default_rng(0)
    layout, y = plain_layout((3, 6, 4)), CASE.targets(rng, 12)
    params = random_params(rng, layout, n_members)
    shifted = params.copy()
    layout.views(shifted).of("intercepts_")[1][:] += (
        layout.views(params).of("coefs_")[1].sum(axis=1, keepdims=True)
    )
    plain = [CASE.model((ReLU(),), alpha=0.0)] * n_members
    own = [CASE.model((Doubled(),), alpha=0.0)] * n_members
    losses, gradient = loss_and_gradient(layout, plain, shifted, X, y)
    found, own_gradient = loss_and_gradient(layout, own, params, X, y)
    assert_allclose(found, losses, rtol=1e-12)
    first = layout.views(gradient).joint
    assert_allclose(layout.views(own_gradient).joint, 2 * first, rtol=1e-10, atol=1e-14)
