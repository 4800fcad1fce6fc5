"""Ufuncs in compiled programs give the very numbers of those that Python calls."""

import threading

import numpy as np
import pytest
from scipy import special

from sknn_actloss._calls import run

pytest.importorskip("numba", reason="compiled kernels need numba")
compiled = pytest.importorskip("sknn_actloss.kernels.numba")
_programs = pytest.importorskip("sknn_actloss.kernels._programs")
_ufuncs = pytest.importorskip("sknn_actloss.kernels._ufuncs")

RNG = np.random.default_rng(0)

#: Those that activations and losses call.
UFUNCS = [
    np.abs,
    np.add,
    np.divide,
    np.exp,
    np.log,
    np.log1p,
    np.multiply,
    np.sign,
    np.subtract,
    np.tanh,
    special.erf,
    special.expit,
]


def numbers(*shape, dtype="float64"):
    found = RNG.normal(scale=3, size=shape).astype(dtype)
    special_ones = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, 1e-40], dtype)
    return np.where(RNG.random(shape) < 0.1, RNG.choice(special_ones, shape), found)


def is_loop(call):
    return isinstance(call[0], _programs.Part)


def same(found, expected):
    """Whether arrays are equal bit by bit, the bits of NaN left out."""
    both_nan = np.isnan(found) & np.isnan(expected)
    return np.where(both_nan, 0, found).tobytes() == np.where(both_nan, 0, expected).tobytes()


@pytest.fixture(autouse=True)
def quiet_arithmetic():
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda ufunc: ufunc.__name__)
def test_numbers_of_every_call(ufunc, dtype):
    for shape in [(1, 1, 1), (3, 1, 5), (2, 33, 4), (1, 200, 100)]:
        operands = [numbers(*shape, dtype=dtype) for _ in range(ufunc.nin)]
        out = np.empty(shape, dtype)
        call = _ufuncs.as_loop(ufunc, (*operands, out))
        assert is_loop(call)
        for _ in range(3):  # a loop may move the addresses that it gets
            operands[0][...] = numbers(*shape, dtype=dtype)
            run([call])
            assert same(out, ufunc(*operands))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_as_operands_and_results_over_them(dtype):
    z, number = numbers(2, 9, 3, dtype=dtype), np.array(0.7, dtype)
    expected = np.subtract(number, z)
    run([_ufuncs.as_loop(np.subtract, (number, z, z))])
    assert same(z, expected)
    number[...] = -2.0
    view = z[:]
    run([_ufuncs.as_loop(np.multiply, (view, number, z))])
    assert same(z, expected * number)


WIDE = np.ones((2, 6, 8))

NOT_TAKEN = {
    "a function of sums": (np.vecdot, (WIDE, WIDE, np.empty((2, 6)))),
    "two results": (np.modf, (WIDE, np.empty_like(WIDE), np.empty_like(WIDE))),
    "no array for the result": (np.exp, (WIDE,)),
    "an option": (np.exp, (WIDE, None)),
    "a Python number": (np.add, (WIDE, 1.0, np.empty_like(WIDE))),
    "two data types": (np.add, (WIDE, np.ones_like(WIDE, "f4"), np.empty_like(WIDE))),
    "integers": (np.add, (np.ones(3, int), np.ones(3, int), np.ones(3, int))),
    "half precision": (np.exp, (np.ones(3, "f2"), np.ones(3, "f2"))),
    "objects": (np.add, (np.ones(3, object), np.ones(3, object), np.ones(3, object))),
    "rows of more columns": (np.exp, (WIDE[..., :4], np.empty((2, 6, 4)))),
    "results in such rows": (np.exp, (np.ones((2, 6, 4)), WIDE[..., 4:].copy("F"))),
    "one row for all": (np.add, (WIDE, np.ones((1, 1, 8)), np.empty_like(WIDE))),
    "results over a part of it": (np.exp, (WIDE.ravel()[:-1], WIDE.ravel()[1:])),
}


@pytest.mark.parametrize(("ufunc", "arguments"), NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_others_stay_with_numpy(ufunc, arguments):
    assert _ufuncs.as_loop(ufunc, arguments) is None
    assert compiled.fused([(ufunc, arguments)]) == [(ufunc, arguments)]


@pytest.mark.parametrize("flaw", ["another structure", "another loop"])
def test_a_loop_that_is_not_the_ufuncs_is_not_taken(monkeypatch, flaw):
    ufunc = {"another structure": np.add, "another loop": np.log}[flaw]
    other = _ufuncs._Ufunc.from_address(id(ufunc))
    monkeypatch.setattr(_ufuncs._Ufunc, "from_address", lambda _: other)
    _ufuncs._loop_of.cache_clear()
    try:
        assert _ufuncs.as_loop(np.exp, (np.ones(3), np.ones(3))) is None
    finally:
        monkeypatch.undo()
        _ufuncs._loop_of.cache_clear()


def test_loops_and_ufuncs_are_one_program():
    z = numbers(1, 8, 4)
    expected = 1 / (np.exp(-z) + 1)
    ((_, (program,)),) = compiled.fused(compiled.logistic(z, z))
    names = [part.loop.name for part in program.parts]
    assert names == ["negate", "elementwise", "inverse_of_one_more"]
    run([(_programs.run_program, (program,))])
    assert same(z, expected)


def test_threads_do_not_meet():
    arrays = [numbers(1, 50, 20) for _ in range(4)]
    outs = [np.empty_like(array) for array in arrays]
    calls = [_ufuncs.as_loop(special.expit, pair) for pair in zip(arrays, outs, strict=True)]
    threads = [threading.Thread(target=run, args=(200 * [call],)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(map(same, outs, map(special.expit, arrays)))
