"""Estimators as ONNX models give what they give in Python."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from export_cases import GROUPS, X_FAR, X, expected, fitted
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingRegressor, VotingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor, TabularClassifier
from sknn_actloss.export import to_onnx
from sknn_actloss.export._onnx_converters import OUTPUTS
from sknn_actloss.losses import Quantile
from sknn_actloss.model_selection import CommitteeClassifier
from sknn_actloss.tabular import TableEncoder

runtime = pytest.importorskip("onnxruntime", reason="ONNX models run in onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx makes ONNX models")
onnx = pytest.importorskip("onnx")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def run(model, rows):
    """Return the outputs of a model by name."""
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    feed = {session.get_inputs()[0].name: rows}
    return dict(zip(names, session.run(None, feed), strict=True))


def assert_same(found, wanted, tolerance):
    size = np.max(np.abs(wanted), initial=1, where=np.isfinite(wanted))
    found = found.reshape(wanted.shape)
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * size)


def compare(estimator, rows, tolerance):
    """Compare all methods of an estimator, on rows in the data type of the input."""
    methods = expected(estimator, rows)
    outputs = run(to_onnx(estimator, rows[:1], outputs=list(methods)), rows)
    for method, wanted in methods.items():
        found = outputs[OUTPUTS.get(method, "variable" if "variable" in outputs else "label")]
        if method == "predict" and "label" in outputs:
            np.testing.assert_array_equal(found, wanted)
        else:
            assert_same(found, wanted, tolerance)


@pytest.mark.parametrize("group", GROUPS)
def test_same_as_in_python(group):
    for index, (name, estimator) in enumerate(fitted(group)):
        try:
            if index % 3:
                compare(estimator, X[:8].astype(np.float32), 1e-5)
            else:
                compare(estimator, np.concatenate([X[:8], X_FAR]), 2e-6)
        except Exception as error:
            error.add_note(f"This is the case {name}.")
            raise


def classifier(**parameters):
    return MLPClassifier((4, 4), max_iter=3, random_state=0, **parameters)


def regressor(**parameters):
    return MLPRegressor((4, 4), max_iter=3, random_state=0, **parameters)


CODES = np.arange(len(X)) % 3
SINGLE = X.astype(np.float32)


def test_names_and_types_of_outputs():
    plain, margins = classifier().fit(X, CODES), classifier(loss="hinge").fit(X, CODES)
    assert list(run(to_onnx(plain), SINGLE)) == ["label", "probabilities"]
    assert list(run(to_onnx(margins), SINGLE)) == ["label", "scores"]
    assert list(run(to_onnx(regressor(n_members=2).fit(X, X[:, 0])), SINGLE)) == ["variable"]
    normal = regressor(loss="gaussian_nll").fit(X, X[:, 0])
    assert list(run(to_onnx(normal), SINGLE)) == ["variable", "std"]
    several = regressor(loss=Quantile((0.1, 0.5))).fit(X, X[:, 0])
    outputs = run(to_onnx(several), SINGLE)
    assert [(name, found.shape) for name, found in outputs.items()] == [
        ("variable", (len(X), 1)),
        ("quantiles", (len(X), 2)),
    ]
    assert {found.dtype for found in outputs.values()} == {np.dtype(np.float32)}
    chosen = to_onnx(plain, X, outputs=["decision_function"])
    assert run(chosen, X)["scores"].dtype == np.float64


@pytest.mark.parametrize("n_rows", [0, 1, 500])
def test_any_number_of_rows(n_rows):
    model = classifier(n_members=3, loss="squared_error", out_activation="logistic").fit(X, CODES)
    rows = np.random.RandomState(0).normal(size=(n_rows, X.shape[1])).astype(np.float32)
    found = run(to_onnx(model), rows)
    assert found["label"].shape == (n_rows,)
    if n_rows:
        np.testing.assert_allclose(found["probabilities"], model.predict_proba(rows), atol=1e-5)


@pytest.mark.parametrize("target_opset", [13, 15, 17, 18, 20, None])
def test_versions_of_operators(target_opset):
    model = regressor(loss=Quantile((0.1, 0.5)), normalization="layer", n_members=2)
    model.fit(X, X[:, :2])
    exported = to_onnx(model, target_opset=target_opset)
    onnx.checker.check_model(exported, full_check=True)
    if target_opset is not None:
        assert exported.opset_import[0].version == target_opset
    assert_same(run(exported, SINGLE)["variable"], model.predict(SINGLE), 1e-5)


@pytest.mark.parametrize(
    "labels", [[-1, 0, 1], ["é", "b", "c"], [False, True], [0.0, 2.0, 4.0]], ids=str
)
def test_labels_come_back_as_they_were(labels):
    model = classifier().fit(X, np.array(labels)[np.arange(len(X)) % len(labels)])
    found = run(to_onnx(model), SINGLE)["label"]
    np.testing.assert_array_equal(found, model.predict(SINGLE))
    assert found.dtype.kind == ("O" if isinstance(labels[0], str) else model.classes_.dtype.kind)


CONVERT = """
import numpy as np
import onnxruntime
import skl2onnx
from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes
from skl2onnx.operator_converters.multilayer_perceptron import convert_sklearn_mlp_regressor
from sknn_actloss import MLPRegressor

X = np.random.RandomState(0).normal(size=(40, 3)).astype(np.float32)
network = MLPRegressor((8, 8), normalization="layer", skip_connections=True, random_state=0)
network.set_params(max_iter=3).fit(X, X[:, 0])
alias = "SklearnMLPRegressor"
convert, shapes = convert_sklearn_mlp_regressor, calculate_linear_regressor_output_shapes
skl2onnx.update_registered_converter(MLPRegressor, alias, shapes, convert)


def error():
    model = skl2onnx.to_onnx(network, X[:1]).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.abs(session.run(None, {"X": X})[0][:, 0] - network.predict(X)).max()


theirs = error()
import sknn_actloss.export
print(theirs > 0.01, error() < 1e-5)
"""


def test_import_takes_the_place_of_converters_of_scikit_learns_networks():
    command = [sys.executable, "-W", "ignore", "-c", CONVERT]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "True True\n", done.stderr


def test_within_other_estimators():
    models = [
        VotingRegressor([("a", regressor(n_members=2)), ("b", Ridge())]).fit(X, X[:, 0]),
        StackingRegressor([("a", regressor(loss="gaussian_nll", normalization="batch"))], cv=2),
        GridSearchCV(regressor(), {"activation": ["relu", "tanh"]}, cv=2).fit(X, X[:, 0]),
    ]
    for model in models:
        model.fit(X, X[:, 0])
        options = {MLPRegressor: {"outputs": ["predict"]}}
        exported = skl2onnx.to_onnx(model, SINGLE[:1], options=options)
        assert_same(run(exported, SINGLE)["variable"], model.predict(SINGLE), 1e-5)


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_calibration_sees_the_scores_that_it_has_seen_in_python(loss, n_classes):
    model = CalibratedClassifierCV(classifier(loss=loss, n_members=2), cv=2)
    model.fit(X, CODES % n_classes)
    exported = skl2onnx.to_onnx(model, SINGLE[:1], options={"zipmap": False})
    found = run(exported, SINGLE)["probabilities"]
    np.testing.assert_allclose(found, model.predict_proba(SINGLE), atol=1e-5)
    committee = CalibratedClassifierCV(CommitteeClassifier([classifier(), classifier()]), cv=2)
    committee.fit(X, CODES)
    exported = skl2onnx.to_onnx(committee, SINGLE[:1], options={"zipmap": False})
    found = run(exported, SINGLE)["probabilities"]
    np.testing.assert_allclose(found, committee.predict_proba(SINGLE), atol=1e-5)


def test_encoders_are_not_passed_over():
    table = TabularClassifier(TableEncoder(numbers="passthrough"), classifier())
    model = CalibratedClassifierCV(table, cv=2).fit(X, CODES)
    with pytest.raises(NotImplementedError, match="TabularClassifier cannot be exported within"):
        skl2onnx.to_onnx(model, SINGLE[:1])


def test_probabilities_are_arrays_in_pipelines_without_options_too():
    model = make_pipeline(StandardScaler(), classifier()).fit(X, CODES)
    found = run(skl2onnx.to_onnx(model, SINGLE[:1]), SINGLE)["probabilities"]
    np.testing.assert_allclose(found, model.predict_proba(SINGLE), atol=1e-5)
