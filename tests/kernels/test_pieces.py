"""Large products in pieces give NumPy's numbers, and are taken where that saves time alone."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sknn_actloss import MLPClassifier, config_context
from sknn_actloss._calls import run
from sknn_actloss.kernels import numpy as reference

pytest.importorskip("numba", reason="compiled kernels need numba")
compiled = pytest.importorskip("sknn_actloss.kernels.numba")
_blas = pytest.importorskip("sknn_actloss.kernels._blas")
_pieces = pytest.importorskip("sknn_actloss.kernels._pieces")
_programs = pytest.importorskip("sknn_actloss.kernels._programs")

RNG = np.random.default_rng(0)

#: Rows, inputs and units of products that are worth cutting.
SHAPES = [(200, 51, 128), (200, 128, 64), (256, 101, 256), (131, 200, 77)]


def operands(n, m, k, members=1, order="C", dtype="float32"):
    a = RNG.normal(size=(members, m, n)).swapaxes(1, 2).astype(dtype)
    a = np.ascontiguousarray(a) if order == "C" else a
    return a, RNG.normal(size=(members, m, k)).astype(dtype), np.empty((members, n, k), dtype)


def is_loop(call):
    return isinstance(call[0], _programs.Part)


@pytest.fixture
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture
def pieces_win(monkeypatch, one_thread):
    monkeypatch.setattr(_pieces, "_are_faster", lambda dtype, forms: True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_same_bits(pieces_win, shape, order, members, dtype):
    a, b, out = operands(*shape, members, order, dtype)
    run(reference.product(a, b, out))
    expected = out.tobytes()
    out[...] = np.nan
    run(compiled.product(a, b, out))
    assert out.tobytes() == expected


def test_pieces_are_products_of_their_own(pieces_win):
    calls = compiled.product(*operands(200, 51, 128))
    assert len(calls) == 3
    assert all(map(is_loop, calls))
    rows, columns = zip(*(call[0].arrays[2].shape[1:] for call in calls), strict=True)
    assert sum(rows) == 200
    assert set(columns) == {128}


NOT_CUT = {
    "small": operands(20, 5, 8),
    "very large": operands(2000, 200, 400),
    "few rows": operands(4, 1000, 1000),
    "few columns": operands(100_000, 100, 3),
    "the second one by columns": tuple(
        array if place != 1 else np.asfortranarray(array[0])[None]
        for place, array in enumerate(operands(200, 51, 128))
    ),
}


@pytest.mark.parametrize("arrays", NOT_CUT.values(), ids=NOT_CUT)
def test_what_stays_whole(pieces_win, arrays):
    assert _pieces.product(*arrays) == []


def test_products_of_several_threads_stay_whole(monkeypatch):
    monkeypatch.setattr(_pieces, "n_blas_threads", lambda: 2)
    assert _pieces.product(*operands(200, 51, 128)) == []


@pytest.mark.parametrize(("seconds", "expected"), [((2.0, 1.0), True), ((1.0, 2.0), False)])
def test_the_faster_one_is_taken(monkeypatch, one_thread, seconds, expected):
    times = {True: seconds[1], False: seconds[0]}
    monkeypatch.setattr(_pieces, "_seconds", lambda calls: times[is_loop(calls[0])])
    _pieces._are_faster.cache_clear()
    try:
        assert bool(_pieces.product(*operands(200, 51, 128))) is expected
    finally:
        _pieces._are_faster.cache_clear()


def test_other_numbers_are_not_taken(monkeypatch, pieces_win):
    def halved(a, b, out):
        return [*reference.product(a, b, out), (np.multiply, (out, 0.5, out))]

    monkeypatch.setattr(_pieces, "_pieces", halved)
    assert _pieces.product(*operands(200, 51, 128)) == []


def test_fits_have_the_same_numbers(pieces_win):
    X = RNG.normal(size=(450, 60))
    found = []
    for kernels in ("numpy", "numba"):
        with config_context(kernels=kernels):
            model = MLPClassifier((130, 70), random_state=0)
            found.append(model.partial_fit(X, X[:, 0] > 0, classes=[0, 1]))
    assert [a.tobytes() for a in found[0].coefs_] == [a.tobytes() for a in found[1].coefs_]
