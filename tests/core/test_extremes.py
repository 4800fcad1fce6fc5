"""Raw outputs far out, through output activations that the loss does not include."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from network_cases import CASES, Case, loss_and_gradient, random_params
from numpy.testing import assert_allclose

from sknn_actloss.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from sknn_actloss.core import plain_layout

ENDS = (-1e4, -100.0, 0.0, 100.0, 1e4)
#: Above this a float64 has no counterpart among the float32.
LARGEST = 1e37
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def at(case: Case, output, raw: np.ndarray, y: np.ndarray, dtype):
    """Return loss and derivative by raw outputs, one member of the stack for each row of raw."""
    layout = plain_layout((1, case.n_outputs))
    params = np.hstack([np.zeros_like(raw), raw]).astype(dtype)
    models = [case.model(output=output, alpha=0.0)] * len(raw)
    with np.errstate(over="ignore", invalid="ignore"):
        X = np.zeros((1, 1), dtype)
        losses, gradient = loss_and_gradient(layout, models, params, X, y.astype(dtype))
    return losses, gradient[:, case.n_outputs :]


@every_case
def test_never_nan_and_finite_where_a_float32_can_be(case: Case) -> None:
    rng = np.random.default_rng(0)
    raw = rng.permutation(list(product(ENDS, repeat=case.n_outputs)))[:125]
    for output in [case.model().output, *case.other_outputs()]:
        for _ in range(3):
            y = case.targets(rng, 1)
            results = at(case, output, raw, y, np.float32)
            exact = at(case, output, raw, y, np.float64)
            for result, reference in zip(results, exact, strict=True):
                assert result.dtype == np.float32
                assert not np.isnan(reference).any(), output
                assert not np.isnan(result).any(), output
                assert np.isfinite(result[np.abs(reference) < LARGEST]).all(), output


@every_case
def test_float32_agrees_with_float64_in_the_middle(case: Case) -> None:
    rng = np.random.default_rng(1)
    for output in [case.model().output, *case.other_outputs()]:
        raw, y = rng.normal(size=(50, case.n_outputs)), case.targets(rng, 1)
        results, exact = (at(case, output, raw, y, dtype) for dtype in (np.float32, np.float64))
        for result, reference in zip(results, exact, strict=True):
            assert_allclose(result, reference, rtol=2e-3, atol=1e-5, err_msg=repr(output))


@every_case
@pytest.mark.parametrize("n_hidden", [1, 2])
def test_huge_inputs_through_hidden_layers_give_no_nan(case: Case, n_hidden: int) -> None:
    rng = np.random.default_rng(2)
    layout = plain_layout((3, *[4] * n_hidden, case.n_outputs))
    params = random_params(rng, layout).astype(np.float32)
    X = rng.choice([-1e4, 1e4], size=(6, 3)).astype(np.float32)
    y = case.targets(rng, 6).astype(np.float32)
    for activation in HIDDEN_ACTIVATIONS:
        model = case.model((ACTIVATIONS[activation](),) * n_hidden)
        with np.errstate(over="ignore", invalid="ignore"):
            losses, _ = loss_and_gradient(layout, [model], params, X, y)
        assert not np.isnan(losses).any(), activation
