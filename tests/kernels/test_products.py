"""Products of compiled programs are NumPy's to the last bit, or are left to NumPy."""

import numpy as np
import pytest

from sknn_actloss import MLPClassifier, config_context
from sknn_actloss._calls import run
from sknn_actloss.core import inference
from sknn_actloss.kernels import numpy as reference

pytest.importorskip("numba", reason="compiled kernels need numba")
compiled = pytest.importorskip("sknn_actloss.kernels.numba")
_blas = pytest.importorskip("sknn_actloss.kernels._blas")
_programs = pytest.importorskip("sknn_actloss.kernels._programs")

RNG = np.random.default_rng(0)


def matrices(members, rows, columns, order, dtype="float64"):
    numbers = RNG.normal(size=(members, rows, columns)).astype(dtype)
    return numbers if order == "C" else np.ascontiguousarray(numbers.swapaxes(1, 2)).swapaxes(1, 2)


def loops_of(calls):
    return [call.loop.name if isinstance(call, _programs.Part) else None for call, _ in calls]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("members", [1, 3])
def test_random_shapes(members, dtype):
    for _ in range(60):
        n, m, k = (int(2 ** RNG.uniform(0, 7)) for _ in range(3))
        a, b = (matrices(members, *s, RNG.choice(["C", "F"]), dtype) for s in ((n, m), (m, k)))
        found = []
        for kernels in (reference, compiled):
            out = np.full((members, n, k), np.nan, dtype)
            run(kernels.product(a, b, out))
            found.append(out)
        assert found[0].tobytes() == found[1].tobytes(), (n, m, k, a.strides, b.strides)


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((7, 5, 4), "gemm"),
        ((7, 1, 4), "outer"),
        ((7, 5, 1), "gemv"),
        ((1, 50, 40), "gemv"),
        ((1, 1, 4), None),
        ((90, 90, 90), None),
        ((100, 100, 1), None),
    ],
)
def test_what_makes_a_product(monkeypatch, shape, name):
    monkeypatch.setattr(compiled._pieces, "n_blas_threads", lambda: 2)
    n, m, k = shape
    calls = compiled.product(matrices(1, n, m, "C"), matrices(1, m, k, "C"), np.empty((1, n, k)))
    assert loops_of(calls) == [name]


@pytest.mark.parametrize(("n", "name"), [(2, "dot"), (10_000, "dot"), (10_001, None)])
def test_what_makes_a_dot_product(n, name):
    rows = RNG.normal(size=(1, n))
    assert loops_of(compiled.row_dot(rows, rows, np.empty(1))) == [name]


@pytest.mark.parametrize("dtypes", [("f4", "f8", "f8"), ("f8", "f8", "f4"), ("f2", "f2", "f2")])
def test_other_data_types_stay_with_numpy(dtypes):
    a, b, out = (np.ones((2, 4, 4), dtype) for dtype in dtypes)
    assert loops_of(compiled.product(a, b, out)) == [None]


def last_column_backwards(a, b, out):
    def multiply():
        np.matmul(a, b, out)
        out[..., -1] = (a[..., ::-1] * b[:, None, ::-1, -1]).cumsum(axis=-1, dtype=a.dtype)[..., -1]

    return [(multiply, ())]


def in_higher_precision(a, b, out):
    return [(lambda: np.copyto(out, a.astype("f8") @ b.astype("f8"), casting="unsafe"), ())]


def backwards(a, b, out):
    return [(lambda: np.copyto(out, a[..., ::-1].copy() @ b[:, ::-1].copy()), ())]


def with_signed_zeros(a, b, out):
    return [(np.multiply, (a, b, out))]


@pytest.mark.parametrize(
    ("bind", "shape"),
    [
        (in_higher_precision, (9, 5, 4)),
        (in_higher_precision, (1, 3, 2)),
        (backwards, (9, 5, 4)),
        (backwards, (2, 19, 1)),
        (with_signed_zeros, (4, 1, 3)),
        (last_column_backwards, (1, 6, 71)),
        (last_column_backwards, (2, 4, 90)),
    ],
)
@pytest.mark.parametrize("members", [1, 2])
def test_other_numbers_are_not_taken(bind, shape, members):
    n, m, k = shape
    arrays = matrices(members, n, m, "C", "f4"), matrices(members, m, k, "C", "f4")
    out = np.empty((members, n, k), "f4")
    assert _blas.as_numpy(reference.product, reference.product, *arrays, out)
    assert _blas.as_numpy(reference.product, bind, *arrays, out) == []


def test_trials_go_by_strides():
    wide = np.empty((1, 16, 32))
    arrays = wide, wide[..., :8], wide[..., :8].copy()
    assert len({_blas.form(a.shape, a.strides, a.itemsize) for a in arrays}) == 3


@pytest.mark.parametrize("n_members", [1, 3])
def test_few_rows_are_predicted_by_numpy(monkeypatch, n_members):
    X = RNG.normal(size=(40, 3))
    model = MLPClassifier((8,), max_iter=2, tol=0, n_members=n_members, random_state=0)
    with config_context(kernels="numba"):
        model.set_params(max_iter=1, solver="sgd").partial_fit(
            X, X[:, 0] > 0, classes=[False, True]
        )
        monkeypatch.setattr(compiled, "relu", None)
        expected = model.predict_proba(X[:5])
        monkeypatch.undo()
        monkeypatch.setattr(inference, "FEW_NUMBERS", 0)
        np.testing.assert_array_equal(model.predict_proba(X[:5]), expected)
