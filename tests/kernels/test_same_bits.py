"""Every kernel of the compiled set gives the very numbers of NumPy's."""

import gc
import inspect
import weakref
from functools import partial
from itertools import product

import numpy as np
import pytest
from kernel_cases import CASES, KERNELS, LAYOUTS, SHAPES, Draw, differences, results, stored

from sknn_actloss import config_context, kernels
from sknn_actloss._calls import run
from sknn_actloss.activations import ACTIVATIONS
from sknn_actloss.kernels import numpy as reference

pytest.importorskip("numba", reason="compiled kernels need numba")
compiled = pytest.importorskip("sknn_actloss.kernels.numba")
compiled_passes = pytest.importorskip("sknn_actloss.kernels._passes")

DTYPES = ["float32", "float64"]


@pytest.fixture(autouse=True)
def quiet_arithmetic():
    """Let numbers overflow, as in a training."""
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_same_bits(name, dtype, layout):
    found = {}
    for case, shape, extremes in product(CASES[name], SHAPES, (False, True)):
        draw = partial(Draw, shape, dtype, layout, extremes, each=not extremes, seed=len(found))
        expected, own = (results(kind, name, case, draw()) for kind in (reference, compiled))
        found[CASES[name].index(case), shape, extremes] = differences(expected, own)
    assert {key: told for key, told in found.items() if told} == {}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["adam", "nadam", "lion", "adadelta", "softmax_residual"])
def test_same_bits_of_large_arrays(name, dtype):
    # Vectorised loops have a rest, and NumPy cuts arrays into buffers.
    for case in CASES[name]:
        draw = partial(Draw, (2, 257, 131), dtype, each=True, extremes=True)
        expected, own = (results(kind, name, case, draw()) for kind in (reference, compiled))
        assert differences(expected, own) == []


def test_sets_have_the_same_kernels_with_the_same_parameters():
    assert KERNELS.keys() == set(kernels.__all__) - {"chosen", "pays"}
    for name, kernel in KERNELS.items():
        expected = list(inspect.signature(kernel).parameters)
        assert list(inspect.signature(getattr(compiled, name)).parameters) == expected, name
        assert list(inspect.signature(getattr(kernels, name)).parameters) == expected, name
    homes = {compiled.__name__, *(kernel.__module__ for kernel in KERNELS.values())}
    own = {
        name for name, made in vars(compiled).items() if getattr(made, "__module__", "") in homes
    }
    assert {name for name in own if not name.startswith("_")} == KERNELS.keys()


@pytest.mark.parametrize("kind", ["numpy", "numba"])
def test_kernels_are_those_of_the_chosen_set(kind):
    z = np.array([[[-1.0, 2.0]]])
    with config_context(kernels=kind):
        (function, _), *_ = kernels.relu(z, z)
    (expected, _), *_ = {"numpy": reference, "numba": compiled}[kind].relu(z, z)
    assert getattr(function, "loop", function) is getattr(expected, "loop", expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_arrays_of_any_number_of_axes(name, dtype):
    activation, z = ACTIVATIONS[name](), Draw((2, 5, 3), dtype, extremes=True).array()
    for part in (z, z[0], z[0, 0], z[:0], np.asfortranarray(z[0])):
        found = []
        for kind in ("numpy", "numba"):
            with config_context(kernels=kind):
                outputs = activation(part)
                grad = np.ones_like(outputs)
                kept = np.array(part) if activation.reads_input else None
                activation.backward(kept, np.array(outputs), grad)
                found.append((outputs, grad))
        assert differences(*found) == []


# -- Neighbours in one pass ------------------------------------------------------------------------


def bias_and_relu(kernel, draw):
    z, bias = draw.array(), draw.array(draw.members, 1, draw.units)
    return [*kernel.add_row(z, bias, z), *kernel.relu(z, z)], [z]


def bias_and_softmax(kernel, draw):
    raw, out = (stored(draw.values(*draw.shape), "output by output") for _ in range(2))
    y = stored(draw.values(draw.rows, draw.units), "output by output")
    bias, totals = draw.array(draw.members, 1, draw.units), draw.array(*draw.shape[:2])
    residuals = kernel.softmax_residual(raw, y, totals, out)
    return [*kernel.add_row(draw.array(), bias, raw), *residuals], [totals, out]


def softmax_and_share(kernel, draw):
    raw, out = (stored(draw.values(*draw.shape), "output by output") for _ in range(2))
    y = stored(draw.values(draw.rows, draw.units), "output by output")
    residuals = kernel.softmax_residual(raw, y, draw.array(*draw.shape[:2]), out)
    return [*residuals, *kernel.weigh(out, None, draw.constant(0.1, 0.9))], [out]


def drop_and_relu_backward(kernel, draw):
    a, grad = draw.array(), draw.array()
    mask = draw.array(draw.members if draw.each else 1, draw.rows, draw.units)
    return [*kernel.drop(grad, mask, grad), *kernel.relu_backward(a, grad)], [grad]


PAIRS = [bias_and_relu, bias_and_softmax, softmax_and_share, drop_and_relu_backward]


def n_passes(calls):
    """Return how many loops and functions of NumPy calls come to."""
    return sum(len(getattr(own[0], "parts", (None,))) if own else 1 for _, own in calls)


def fused_and_plain(make, draw):
    """Return how many passes there are, how many are saved, and what differs from NumPy's."""
    found = []
    for kind in (compiled, reference):
        calls, arrays = make(kind, draw())
        fused = kind.fused(calls)
        run(fused)
        found.append((calls, fused, arrays))
    (calls, fused, own), (*_, expected) = found
    return n_passes(calls), n_passes(calls) - n_passes(fused), differences(expected, own)


@pytest.mark.parametrize("each", [True, False], ids=["a number for each", "one for all"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", PAIRS)
def test_neighbours_in_one_pass(make, dtype, each):
    for shape, extremes in product([(1, 2, 1), (1, 9, 7), (3, 8, 5)], (False, True)):
        draw = partial(Draw, shape, dtype, extremes=extremes, each=each)
        _, n_saved, told = fused_and_plain(make, draw)
        assert n_saved == 1
        assert told == []


def test_all_pairs_are_tested():
    assert len(compiled_passes.PAIRS) == len(PAIRS)


def other_array(kernel, draw):
    z, bias, other = draw.array(), draw.array(draw.members, 1, draw.units), draw.array()
    return [*kernel.add_row(z, bias, z), *kernel.relu(other, other)], [z, other]


def something_between(kernel, draw):
    z, bias = draw.array(), draw.array(draw.members, 1, draw.units)
    between = np.multiply, (z, np.array(2, draw.dtype), z)
    return [*kernel.add_row(z, bias, z), between, *kernel.relu(z, z)], [z]


def factors(shape, of=lambda array: array):
    """Return what makes a product in front of the backward pass that is no mask of dropout."""

    def make(kernel, draw):
        a, grad = draw.array(), draw.array()
        product = np.multiply, (grad, of(draw.values(*shape)), grad)
        return [product, *kernel.relu_backward(a, grad)], [grad]

    return make


UNLIKE = {
    "another array": other_array,
    "something in between": something_between,
    "factors of units": factors((3, 1, 5)),
    "factors of rows": factors((3, 8, 1)),
    "factors of members": factors((3, 1, 1)),
    "one factor": factors(()),
    "factors of two axes": factors((8, 5)),
    "states": factors((3, 8, 5), lambda array: array > 0),
    "a mask in another order": factors((5, 8, 3), lambda array: array.T),
}


@pytest.mark.parametrize("make", UNLIKE.values(), ids=UNLIKE)
def test_what_only_looks_like_a_pair_stays_apart(make):
    n, n_saved, told = fused_and_plain(make, partial(Draw, (3, 8, 5), "float64"))
    assert n > 1
    assert n_saved == 0
    assert told == []


def test_calls_stay_in_order():
    z, seen = np.ones((1, 2, 2)), []
    doubled = compiled.scale(z[0], np.full((1, 1), 2.0))
    note = (lambda: seen.append(z[0, 0, 0])), ()
    run(compiled.fused([note, *doubled, note, *doubled, *doubled, note, note]))
    assert seen == [1, 2, 8, 8]


def test_loops_in_a_row_are_one_call():
    draw = Draw((3, 8, 5), "float64")
    a, b, z = draw.array(), draw.array(3, 5, 4), np.empty((3, 8, 4))
    calls = [*compiled.product(a, b, z), *compiled.add_row(z, draw.array(3, 1, 4), z)]
    calls += compiled.relu(z, z)
    ((_, (program,)),) = compiled.fused(calls)
    assert [part.loop.name for part in program.parts] == ["gemm", "add_row_relu"]


def test_arrays_of_a_program_live_as_long_as_it_does():
    z = np.ones((1, 2, 2))
    calls = compiled.fused([*compiled.relu(z, z), *compiled.relu(z, z)])
    kept = weakref.ref(z)
    del z
    gc.collect()
    assert kept() is not None
    del calls
    assert kept() is None
