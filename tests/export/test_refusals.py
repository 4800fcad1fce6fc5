"""What cannot be exported is refused, by name."""

from __future__ import annotations

import numpy as np
import pytest
from export_cases import X
from scipy import sparse
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor, TabularRegressor
from sknn_actloss.export import to_c, to_onnx
from sknn_actloss.losses import FunctionLoss, Loss, Quantile
from sknn_actloss.model_selection import CommitteeRegressor, StackedGridSearchCV
from sknn_actloss.normalization import LayerNorm

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

Y = X[:, 0]


def ways():
    """Return the functions that export, those of ONNX where skl2onnx is there."""
    absent = pytest.mark.skipif(not has_skl2onnx(), reason="skl2onnx makes ONNX models")
    return [to_c, pytest.param(to_onnx, marks=absent)]


def has_skl2onnx():
    try:
        import skl2onnx  # noqa: F401
    except ImportError:
        return False
    return True


every_way = pytest.mark.parametrize("export", ways())


def regressor(**parameters):
    return MLPRegressor((3,), max_iter=2, random_state=0, **parameters)


def waves(z):
    return z + np.sin(z)


def cauchy(y, p):
    return np.log1p((p - y) ** 2)


class OwnNorm(LayerNorm):
    """Another class may have another formula."""


class Doubled(Loss):
    """Reads twice its output."""

    def point(self, prediction):
        return 2 * prediction

    def value(self, y, raw):
        return np.sum((raw - y) ** 2, axis=-1)

    def gradient(self, y, raw, out):
        np.multiply(2, raw - y, out=out)


@every_way
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"activation": waves}, r"FunctionActivation\(func=waves.*cannot be exported"),
        ({"out_activation": waves}, r"FunctionActivation\(func=waves.*cannot be exported"),
        ({"activation": ["relu"], "normalization": OwnNorm()}, r"OwnNorm\(.*cannot be exported"),
        ({"loss": Doubled()}, r"The method point of the loss Doubled\(\) cannot be exported"),
    ],
)
def test_own_components(export, parameters, message):
    model = regressor(**parameters).fit(X, Y)
    with pytest.raises(NotImplementedError, match=message):
        export(model)
    with pytest.raises(NotImplementedError, match=message):
        export(CommitteeRegressor([regressor(), regressor(**parameters)]).fit(X, Y))


@every_way
def test_committees_of_other_levels_have_no_quantiles(export):
    members = [regressor(loss=Quantile((0.1, 0.5))), regressor(loss=Quantile((0.2, 0.5)))]
    committee = CommitteeRegressor(members).fit(X, Y)
    assert "quantiles" not in str(export(committee))
    alike = CommitteeRegressor([members[0], members[0]]).fit(X, Y)
    assert "quantiles" in str(export(alike))


class Tuned(MLPRegressor):
    """A subclass that predicts as its base does."""


@every_way
def test_subclasses_are_exported_as_their_base(export):
    assert export(Tuned((3,), max_iter=2).fit(X, Y))
    assert export(make_pipeline(StandardScaler(), Tuned((3,), max_iter=2)).fit(X, Y))
    assert export(CommitteeRegressor([Tuned((3,), max_iter=2), regressor()]).fit(X, Y))


@every_way
def test_own_losses_matter_in_training_alone(export):
    assert export(regressor(loss=FunctionLoss(cauchy)).fit(X, Y))


@every_way
@pytest.mark.parametrize(
    "estimator",
    [
        MLPRegressor(),
        MLPClassifier(),
        TabularRegressor(),
        CommitteeRegressor([MLPRegressor()]),
        make_pipeline(PolynomialFeatures(), MLPRegressor()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_estimators_that_are_not_fitted(export, estimator):
    with pytest.raises(NotFittedError):
        export(estimator)


@every_way
def test_searches_that_are_not_fitted_or_have_no_best_estimator(export):
    search = StackedGridSearchCV(regressor(), {"alpha": [0, 1]}, cv=2)
    with pytest.raises(NotFittedError):
        export(search)
    search.set_params(refit=False).fit(X, Y)
    with pytest.raises(TypeError, match="refit=True"):
        export(search)


@every_way
@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (None, "got None"),
        (MLPRegressor, "got the class MLPRegressor"),
        (Ridge(), r"got Ridge\(\)"),
        (make_pipeline(PolynomialFeatures(), Ridge()), r"got Ridge\(\)"),
        (TheirRegressor(), "which is scikit-learn's class of that name"),
        (VotingRegressor([("a", MLPRegressor())]), r"got VotingRegressor\("),
    ],
)
def test_what_is_no_estimator_of_this_package(export, subject, message):
    with pytest.raises(TypeError, match=message):
        export(subject)


def test_steps_that_c_does_not_know():
    model = make_pipeline(PolynomialFeatures(), regressor()).fit(X, Y)
    with pytest.raises(NotImplementedError, match=r"step PolynomialFeatures\(\).*StandardScaler"):
        to_c(model)


def test_columns_that_c_does_not_take():
    table = np.array([[1.0, "a"], [2.0, "b"]] * 12, dtype=object)
    model = TabularRegressor(network=regressor()).fit(table, Y)
    with pytest.raises(NotImplementedError, match="Column 'x1' of X does not hold numbers"):
        to_c(model)


needs_skl2onnx = pytest.mark.skipif(not has_skl2onnx(), reason="skl2onnx makes ONNX models")


@needs_skl2onnx
def test_samples_and_outputs_that_onnx_does_not_take():
    model = regressor().fit(X, Y)
    with pytest.raises(TypeError, match="X_sample is sparse"):
        to_onnx(model, sparse.csr_array(X))
    with pytest.raises(ValueError, match="X_sample must have two axes"):
        to_onnx(model, X[0])
    with pytest.raises(TypeError, match="complex128, which ONNX lacks"):
        to_onnx(model, X.astype(complex))
    with pytest.raises(ValueError, match=r"X_sample has 2 features, but .* is expecting 3"):
        to_onnx(model, X[:, :2])
    with pytest.raises(ValueError, match=r"cannot export 'predict_proba'\. It has: predict"):
        to_onnx(model, outputs=["predict_proba"])
    with pytest.raises(ValueError, match="must be a list of methods"):
        to_onnx(model, outputs="predict")
    with pytest.raises(ValueError, match="target_opset=9 is too low"):
        to_onnx(model, target_opset=9)


@needs_skl2onnx
def test_numbers_that_single_precision_cannot_hold():
    model = regressor(target_scaling="standard").fit(X, 1e200 * Y)
    with pytest.raises(ValueError, match=r"too large for float32.*X_sample of float64"):
        to_onnx(model)
    assert to_onnx(model, X)


@needs_skl2onnx
def test_labels_and_columns_that_onnx_lacks():
    days = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]")[np.arange(len(X)) % 2]
    by_day = MLPClassifier((3,), max_iter=2).fit(X, days)
    with pytest.raises(NotImplementedError, match=r"Classes such as .* cannot be exported to ONNX"):
        to_onnx(by_day)
    huge = MLPClassifier((3,), max_iter=2).fit(
        X, np.array([1, 2**64 - 1], np.uint64)[np.arange(len(X)) % 2]
    )
    with pytest.raises(NotImplementedError, match="integers of 64 bits"):
        to_onnx(huge)
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": X[:, 0], "day": days + np.arange(len(X))})
    dated = TabularRegressor(network=regressor()).fit(table, Y)
    with pytest.raises(NotImplementedError, match="Column 'day' of X holds dates"):
        to_onnx(dated)


def test_without_skl2onnx(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'sknn-actloss\[onnx\]'"):
        to_onnx(regressor().fit(X, Y))
