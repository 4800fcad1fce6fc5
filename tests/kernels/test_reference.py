"""Kernels of NumPy do not care how arrays are stored."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from kernel_cases import CASES, KERNELS, LAYOUTS, Draw, results, stored

from sknn_actloss import config_context
from sknn_actloss._calls import run
from sknn_actloss._numeric import _scalar, constant
from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.kernels import numpy as reference

#: In place, np.negative takes wrong numbers where these are 16 or 64 bytes apart.
SHAPES = [(5, 1, 1), (1, 9, 1), (3, 5, 4)]
STEPS = [2, 4, 8, 16]


@pytest.fixture(autouse=True)
def quiet_arithmetic():
    """Let numbers overflow, as in a training."""
    with np.errstate(all="ignore"):
        yield


def test_every_kernel_has_cases():
    assert KERNELS.keys() - {"fused"} == CASES.keys()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_any_layout(name, dtype):
    for case, shape, extremes in product(CASES[name], SHAPES, (False, True)):
        if case.adds_up and extremes:
            continue
        draw = partial(Draw, shape, dtype, extremes=extremes)
        expected = results(reference, name, case, draw())
        for layout in LAYOUTS[:-1]:
            found = results(reference, name, case, draw(layout=layout))
            for first, second in zip(expected, found, strict=True):
                least = 1e-5 if case.adds_up else 1e-30
                np.testing.assert_allclose(second, first, rtol=1e-4, atol=least, err_msg=layout)


def apart(values, step):
    """Return a copy of (n, 1, 1) numbers that lie some numbers apart."""
    copy = np.zeros((len(values), step, 1), values.dtype)[:, :1]
    copy[...] = values
    return copy


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["relu_backward", "hinge"])
def test_members_apart_by_any_step(name, dtype, step):
    draw = Draw((5, 1, 1), dtype)
    first, grad, y = draw.array(), draw.array(), np.ones((1, 1), dtype)

    def result(step):
        own = apart(first, step), apart(grad, step)
        calls = getattr(reference, name)(own[0], *([y] if name == "hinge" else []), own[1])
        for function, arguments in calls:
            function(*arguments)
        return own[1]

    np.testing.assert_array_equal(result(step), result(1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"softmax"}))
def test_activations_in_place_of_any_layout(name, dtype):
    activation = ACTIVATIONS[name]()
    draw = Draw((5, 2, 1), dtype)
    z, grad = draw.array(), draw.array()

    def passes(store):
        own, slopes = store(z), store(grad)
        kept = store(z) if activation.reads_input else None
        with config_context(kernels="numpy"):
            activation.forward(own, own)
            outputs = own.copy()
            activation.backward(kept, own, slopes)
        return outputs, slopes

    expected = passes(np.copy)
    stores = [partial(stored, layout=layout) for layout in LAYOUTS[:-1]]
    stores += [
        lambda values, step=step: np.repeat(values, step, axis=1)[:, ::step] for step in STEPS
    ]
    for store in stores:
        np.testing.assert_allclose(passes(store), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("first", [0.0, -0.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zeros_of_both_signs_are_apart(dtype, first):
    # A loss that bounds residuals by zero asks for a negative one, relu for a positive one.
    _scalar.cache_clear()
    for zero in (first, -first):
        assert np.signbit(constant(zero, np.dtype(dtype))) == np.signbit(zero)
    z, grad = np.full((1, 1, 1), -1.0, dtype), np.ones((1, 1, 1), dtype)
    run(reference.relu(z, z))
    run(reference.relu_backward(z, grad))
    assert grad == 0
