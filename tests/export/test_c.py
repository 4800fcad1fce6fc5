"""Estimators as C compile without a warning, and give what they give in Python."""

from __future__ import annotations

import ctypes
import re

import numpy as np
import pytest
from compiled import compiled, needs_compiler, predicted
from export_cases import GROUPS, X_FAR, X, expected, fitted
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor, TabularRegressor
from sknn_actloss.export import to_c
from sknn_actloss.export._c_text import literals
from sknn_actloss.losses import Quantile
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    CommitteeRegressor,
    StackedGridSearchCV,
)
from sknn_actloss.tabular import PiecewiseLinearEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROWS = np.concatenate([X[:8], X_FAR])

#: Shares of the size of the largest value, by data type of the fit.
TOLERANCE = {np.dtype(np.float32): 2e-6, np.dtype(np.float64): 1e-12}


def assert_close(found, wanted, tolerance):
    size = np.max(np.abs(wanted), initial=1, where=np.isfinite(wanted))
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * size)


def compare(library, source, name, estimator, rows, tolerance):
    """Compare all methods."""
    for method, wanted in expected(estimator, rows).items():
        found = predicted(library, source, name, method, rows, wanted.shape)
        if method == "predict" and hasattr(estimator, "classes_") and wanted.ndim == 1:
            np.testing.assert_array_equal(estimator.classes_[found], wanted)
        else:
            assert_close(found, wanted, tolerance)


def compare_all(cases, folder, rows=ROWS, tolerance=None):
    """Compile estimators as one file, and compare them."""
    sources = [to_c(one, f"m{index}") for index, (_, one) in enumerate(cases)]
    library = compiled("\n".join(sources), folder)
    for index, (name, estimator) in enumerate(cases):
        allowed = tolerance or TOLERANCE[estimator.coefs_[0].dtype]
        try:
            compare(library, sources[index], f"m{index}", estimator, rows, allowed)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


@needs_compiler
@pytest.mark.parametrize("group", GROUPS)
def test_same_as_in_python(group, tmp_path):
    compare_all(fitted(group), tmp_path)


def classifier(**parameters):
    defaults = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
    return MLPClassifier(**(defaults | parameters))


def regressor(**parameters):
    defaults = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
    return MLPRegressor(**(defaults | parameters))


CODES = np.arange(len(X)) % 3


@needs_compiler
def test_pipelines_committees_searches_and_tables(tmp_path):
    scalers = [StandardScaler(), MinMaxScaler(clip=True), MaxAbsScaler(), RobustScaler()]
    scalers += [StandardScaler(with_mean=False), RobustScaler(with_scaling=False)]
    steps = [[scaler] for scaler in scalers]
    steps += [[StandardScaler(), "passthrough", PiecewiseLinearEncoder(4, bin_scale=0.5)]]
    pipelines = [make_pipeline(*front, regressor()).fit(X, X[:, 0]) for front in steps]
    members = [make_pipeline(StandardScaler(), classifier()), classifier(n_members=2)]
    mixed = [regressor(loss="gaussian_nll", dtype="float32"), regressor(n_members=2), regressor()]
    quantiles = [regressor(loss=Quantile((0.1, 0.5, 0.7))) for _ in range(2)]
    search = {"activation": ["relu", "tanh"]}
    found = [
        *pipelines,
        CommitteeClassifier(members, weights=[1, 3]).fit(X, CODES),
        CommitteeClassifier(members).fit(X, CODES > 0),
        CommitteeClassifier([classifier(), classifier()]).fit(X, np.eye(3, dtype=int)[CODES]),
        CommitteeRegressor(mixed, weights=[1, 2, 3]).fit(X, X[:, 0]),
        CommitteeRegressor(quantiles).fit(X, X[:, :2]),
        make_pipeline(StandardScaler(), CommitteeRegressor(mixed)).fit(X, X[:, 0]),
        StackedGridSearchCV(classifier(), search, cv=2).fit(X, CODES),
        GridSearchCV(regressor(), search, cv=2).fit(X, X[:, 0]),
    ]
    compare_all([(repr(one), one) for one in found], tmp_path, tolerance=2e-6)


@needs_compiler
def test_tables_of_numbers_with_gaps(tmp_path):
    table = X.copy()
    table[::5, 1] = np.nan
    plain = TabularRegressor(network=regressor()).fit(table, 1e3 * X[:, 0])
    free = TabularRegressor(network=regressor(loss="gaussian_nll"), clip_predictions=False)
    free.set_params(encoder__numbers="passthrough", encoder__dtype=np.float64)
    cases = [("plain", plain), ("free", free.fit(table, X[:, 0]))]
    compare_all(cases, tmp_path, np.concatenate([table, 100 * table]), tolerance=2e-6)
    source = to_c(plain)
    library = compiled(source, tmp_path / "..")
    rows = np.array([[0.0, np.nan, 0.0], [np.inf, 0.0, 0.0]])
    found = predicted(library, source, "model", "predict", rows, (2,))
    np.testing.assert_array_equal(np.isfinite(found), [True, False])


@needs_compiler
def test_features_that_are_not_finite(tmp_path):
    estimators = [
        classifier().fit(X, CODES),
        classifier().fit(X, np.eye(3, dtype=int)[CODES]),
        regressor(activation="relu", n_members=2).fit(X, X[:, :2]),
        regressor(loss="gaussian_nll", activation="hard_tanh").fit(X, X[:, 0]),
    ]
    sources = [to_c(one, f"m{index}") for index, one in enumerate(estimators)]
    library = compiled("\n".join(sources), tmp_path)
    rows = np.tile(X[:1], (3, 1))
    rows[0, 1], rows[1, 2] = np.nan, -np.inf
    for index, (estimator, source) in enumerate(zip(estimators, sources, strict=True)):
        for method, wanted in expected(estimator, rows[2:]).items():
            shape = (3, *wanted.shape[1:])
            found = predicted(library, source, f"m{index}", method, rows, shape)
            nothing = -1 if found.dtype.kind == "i" else np.nan
            np.testing.assert_array_equal(found[:2], np.full_like(found[:2], nothing))
            assert np.all(found[2] >= 0) or np.isfinite(found[2]).all()


@needs_compiler
def test_labels_are_in_the_file(tmp_path):
    texts = [
        "",
        'a "quoted" one',
        "??/ and ??=",
        "back\\slash\n",
        "/* comment */",
        "é 中 \U0001f600",
    ]
    texts += ["100% %s", "x" * 3000]
    cases = {
        "texts": (np.array(texts), ctypes.c_char_p),
        "ints": (np.array([-(2**31) + 1, 0, 7]), ctypes.c_int),
        "longs": (np.array([-(2**63), 0, 2**62]), ctypes.c_longlong),
        "unsigned": (np.array([0, 1, 2**64 - 1], dtype=np.uint64), ctypes.c_ulonglong),
        "bools": (np.array([False, True]), ctypes.c_int),
        "floats": (np.array([-1.0, 0.0, 1e15]), ctypes.c_double),
    }
    sources = {}
    for name, (labels, _) in cases.items():
        y = labels[np.arange(len(X)) % len(labels)]
        sources[name] = to_c(classifier().fit(X, y), name)
    library = compiled("\n".join(sources.values()), tmp_path)
    for name, (labels, kind) in cases.items():
        found = (kind * len(labels)).in_dll(library, f"{name}_classes")
        shown = [one.decode() if isinstance(one, bytes) else one for one in found]
        assert shown == sorted(labels.tolist())


@needs_compiler
def test_names_of_features_stand_in_a_comment(tmp_path):
    pandas = pytest.importorskip("pandas")
    names = ["age", "*/ int x; /*", "a\\\nb ??/"]
    model = regressor().fit(pandas.DataFrame(X, columns=names), X[:, 0])
    source = to_c(model)
    compiled(source, tmp_path)
    assert " * x[0]: age\n" in source


@needs_compiler
def test_deep_and_wide_networks_share_their_arrays(tmp_path):
    rng = np.random.RandomState(0)
    wide = rng.normal(size=(20, 90))
    model = regressor(
        hidden_layer_sizes=(100,) * 4, activation="mish", normalization="layer", max_iter=1
    ).fit(wide, wide[:, 0])
    source = to_c(model)
    compare(compiled(source, tmp_path), source, "model", model, wide, 1e-11)
    arrays = re.findall(r"^    double \w+\[100\];$", source, flags=re.MULTILINE)
    assert len(arrays) <= 8


def test_numbers_are_written_to_the_last_bit():
    rng = np.random.RandomState(0)
    for dtype, read in ((np.float32, lambda text: np.float32(text[:-1])), (np.float64, float)):
        numbers = (rng.normal(size=500) * 10.0 ** rng.randint(-30, 30, 500)).astype(dtype)
        texts = list(literals(numbers))
        assert [read(text) for text in texts] == numbers.tolist()
        assert all(set(text) & set(".e") for text in texts)


def test_the_file_is_plain_and_needs_math_alone():
    source = to_c(classifier(n_members=2).fit(X, CODES), "net")
    assert source.isascii()
    assert re.findall(r"#\s*\w+.*", source) == ["#include <math.h>"]
    assert "malloc" not in source
    assert max(map(len, source.splitlines())) < 200
    functions = re.findall(r"^\w.* \**(\w+)\(", source, flags=re.MULTILINE)
    assert all(name.startswith("net_") for name in functions)


@pytest.mark.parametrize("name", ["", "2x", "a-b", "a b", "_x", "é", None, "x;"])
def test_names_that_c_does_not_take(name):
    with pytest.raises(ValueError, match="must be a name for C"):
        to_c(regressor().fit(X, X[:, 0]), name)


def test_labels_that_c_cannot_hold():
    y = np.array(["a", "b\0c"], dtype=object)[CODES % 2]
    with pytest.raises(ValueError, match="null character"):
        to_c(classifier().fit(X, y))
