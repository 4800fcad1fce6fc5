"""Pipelines, tables, searches and committees as ONNX models."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from export_cases import X
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from sknn_actloss.export import to_onnx
from sknn_actloss.losses import Quantile
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    CommitteeRegressor,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    StackedRandomizedSearchCV,
)
from sknn_actloss.tabular import PiecewiseLinearEncoder, TableEncoder

pandas = pytest.importorskip("pandas")
runtime = pytest.importorskip("onnxruntime", reason="ONNX models run in onnxruntime")
pytest.importorskip("skl2onnx", reason="skl2onnx makes ONNX models")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SINGLE = X.astype(np.float32)
CODES = np.arange(len(X)) % 3
TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}


def classifier(**parameters):
    return MLPClassifier((4,), max_iter=2, random_state=0, **parameters)


def regressor(**parameters):
    return MLPRegressor((4,), max_iter=2, random_state=0, **parameters)


def column(table, name, dtype):
    """Return a column as the input of a model; missing strings are a text."""
    values = table[[name]].to_numpy(dtype=object)
    if dtype is object:
        return np.array([[value if isinstance(value, str) else "nan"] for (value,) in values])
    return np.array([[np.nan if value is None else value] for (value,) in values]).astype(dtype)


def run(model, rows):
    """Return the outputs of a model for an array or a table."""
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    inputs = {entry.name: TYPES[entry.type] for entry in session.get_inputs()}
    if hasattr(rows, "columns"):
        feed = {name: column(rows, name, dtype) for name, dtype in inputs.items()}
    else:
        feed = {name: rows.astype(dtype) for name, dtype in inputs.items()}
    return session.run(None, feed)


def assert_same(estimator, rows, sample=None, tolerance=1e-5, expected_rows=None):
    found = run(to_onnx(estimator, sample), rows)
    rows = rows if expected_rows is None else expected_rows
    wanted = estimator.predict(rows)
    if hasattr(estimator, "classes_"):
        np.testing.assert_array_equal(found[0], wanted)
        wanted = estimator.predict_proba(rows)
        np.testing.assert_allclose(found[1], wanted, atol=tolerance)
    else:
        found = found[0].reshape(wanted.shape)
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def mixed_table(n_rows=90):
    """Return columns of numbers with gaps, truth values, categories, codes and many strings."""
    rng = np.random.RandomState(0)
    table = pandas.DataFrame(
        {
            "number": rng.normal(size=n_rows).astype(np.float32),
            "count": rng.randint(9, size=n_rows),
            "truth": rng.rand(n_rows) < 0.5,
            "colour": rng.choice(["red", "green", "blue", None], size=n_rows),
            "code": pandas.Categorical(rng.choice([3, 5, 8], size=n_rows)),
            "street": [f"street {number % 70}" for number in rng.permutation(n_rows)],
            "name": [f"name {number}" for number in rng.permutation(n_rows)],
        }
    )
    table.loc[::7, "number"] = np.nan
    return table, rng.randint(3, size=n_rows)


@pytest.mark.parametrize("sample", [None, X], ids=["float32", "float64"])
def test_steps_in_front(sample):
    rows, tolerance = (SINGLE, 1e-5) if sample is None else (X, 1e-12)
    columns = [("a", PiecewiseLinearEncoder(4), [0, 2]), ("b", MinMaxScaler(), [1])]
    for steps in ([StandardScaler()], [PiecewiseLinearEncoder(5)], [ColumnTransformer(columns)]):
        for network, y in ((classifier(n_members=2), CODES), (regressor(), X[:, 0])):
            pipeline = make_pipeline(*steps, network).fit(X, y)
            assert_same(pipeline, rows, sample, tolerance)


@pytest.mark.parametrize("sample", [None, X], ids=["float32", "float64"])
def test_committees(sample):
    rows, tolerance = (SINGLE, 1e-5) if sample is None else (X, 1e-12)
    scaled = make_pipeline(StandardScaler(), classifier())
    table = TabularClassifier(network=classifier())
    for y in (CODES, CODES > 0, np.eye(3, dtype=int)[CODES]):
        members = CommitteeClassifier([scaled, classifier(n_members=2)], weights=[1, 2])
        assert_same(members.fit(X, y), rows, sample, tolerance)
    assert_same(CommitteeClassifier([table, scaled]).fit(X, CODES), rows, sample, 1e-5)
    numbers = [regressor(dtype="float32"), regressor(target_scaling="robust"), regressor()]
    pipeline = make_pipeline(StandardScaler(), CommitteeRegressor(numbers))
    assert_same(pipeline.fit(X, X[:, 0]), rows, sample, 1e-5)


def test_quantiles_and_deviations_of_committees():
    levels = Quantile((0.1, 0.5, 0.8))
    quantiles = CommitteeRegressor([regressor(loss=levels) for _ in range(2)], weights=[1, 2])
    quantiles.fit(X, X[:, :2])
    median, found = run(to_onnx(quantiles), X)
    np.testing.assert_allclose(median, quantiles.predict(X), atol=1e-5)
    np.testing.assert_allclose(found, quantiles.predict_quantiles(X), atol=1e-5)
    both = CommitteeRegressor([regressor(loss="gaussian_nll"), regressor(n_members=2)])
    mean, std = run(to_onnx(both.fit(X, X[:, 0])), X)
    wanted = both.predict(X, return_std=True)
    np.testing.assert_allclose([mean[:, 0], std[:, 0]], wanted, atol=1e-5)


SEARCHES = [
    StackedGridSearchCV,
    StackedRandomizedSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    GridSearchCV,
]


@pytest.mark.parametrize("kind", SEARCHES)
def test_searches(kind):
    pipeline = make_pipeline(StandardScaler(), classifier())
    grid = {"mlpclassifier__activation": ["relu", "tanh"]}
    options = {"n_iter": 2} if kind is StackedRandomizedSearchCV else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(kind(pipeline, grid, cv=2, **options).fit(X, CODES), SINGLE)
    inner = make_pipeline(StandardScaler(), StackedGridSearchCV(classifier(), {"alpha": [0, 1]}))
    assert_same(inner.fit(X, CODES), SINGLE)


def test_mixed_tables_with_an_input_for_each_column():
    table, y = mixed_table()
    model = TabularClassifier(network=classifier(), random_state=0).fit(table, y)
    assert model.encoder_.dropped_ == {"name": "has each value once"}
    for sample in (None, table):
        assert_same(model, table, sample)
    onnx = to_onnx(model)
    names = [entry.name for entry in onnx.graph.input]
    assert names == ["number", "count", "truth", "colour", "code", "street"]
    odd = table.copy()
    odd.loc[::2, "colour"] = "pink"
    odd.loc[1::4, "street"] = "elsewhere"
    odd["count"] = -odd["count"]
    assert_same(model, odd, table)


def test_whole_default_for_tables():
    table, _ = mixed_table()
    model = TabularRegressor(random_state=0).set_params(network__max_iter=2)
    model.fit(table, 1e3 * np.nan_to_num(table["number"]))
    assert_same(model, table, table)


@pytest.mark.parametrize("numbers", [None, "passthrough", MinMaxScaler()], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_encoders_of_tables_in_pipelines(numbers, dtype):
    table, y = mixed_table()
    encoder = TableEncoder(numbers=numbers, max_categories=5, dtype=dtype, random_state=0)
    pipeline = make_pipeline(encoder, classifier()).fit(table, y)
    assert_same(pipeline, table, table)


def test_arrays_of_objects():
    table, y = mixed_table()
    cells = table.drop(columns="name").to_numpy(dtype=object)
    model = TabularClassifier(network=classifier()).fit(cells, y)
    named = pandas.DataFrame({f"x{index}": list(values) for index, values in enumerate(cells.T)})
    assert_same(model, named, cells, expected_rows=cells)


def test_arrays_of_numbers_and_of_codes():
    table, y = mixed_table()
    cells = table[["number", "count"]].to_numpy(dtype=np.float32)
    encoder = TableEncoder(categorical_features=[1])
    model = TabularClassifier(encoder, classifier()).fit(cells, y)
    new = cells.copy()
    new[::3, 1], new[1::3, 1] = np.nan, 77
    assert_same(model, np.concatenate([cells, new]))
    with_gaps = TabularClassifier(encoder, classifier()).fit(new, y)
    assert_same(with_gaps, np.concatenate([cells, new]))


def test_networks_on_tables_of_plain_columns():
    table, y = mixed_table()
    numbers = table[["number", "count"]].fillna(0.0)
    assert_same(classifier().fit(numbers, y), numbers, numbers)
    assert_same(make_pipeline(StandardScaler(), classifier()).fit(numbers, y), numbers, numbers)


def test_columns_that_are_picked_by_name():
    table, y = mixed_table()
    table = table[["number", "count", "colour", "truth"]].fillna({"number": 0.0, "colour": "none"})
    steps = [
        ("scaled", StandardScaler(), ["number", "count"]),
        ("encoded", OneHotEncoder(sparse_output=False), ["colour"]),
    ]
    pipeline = make_pipeline(ColumnTransformer(steps), classifier()).fit(table, y)
    assert_same(pipeline, table, table)
    with pytest.raises(ValueError, match=r"X_sample=None.*Pass X_sample=X\[:1\]"):
        to_onnx(pipeline)


def test_tables_of_polars():
    polars = pytest.importorskip("polars")
    table, y = mixed_table()
    columns = {name: table[name].tolist() for name in ("number", "count", "truth", "colour")}
    columns["colour"] = [value if isinstance(value, str) else None for value in columns["colour"]]
    frame = polars.DataFrame(columns)
    model = TabularClassifier(network=classifier()).fit(frame, y)
    as_pandas = pandas.DataFrame(columns)
    for sample in (None, frame):
        assert_same(model, as_pandas, sample, expected_rows=frame)


def test_missing_columns_are_named():
    table, y = mixed_table()
    model = TabularClassifier(network=classifier()).fit(table, y)
    with pytest.raises(ValueError, match=r"lacks columns that X had in fit: \['colour'\]"):
        to_onnx(model, table.drop(columns="colour"))
