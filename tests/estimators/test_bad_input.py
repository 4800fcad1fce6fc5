"""Bad input gets a clear error before any work."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification

from sknn_actloss import MLPClassifier, MLPRegressor, TabularClassifier
from sknn_actloss.activations import ReLU
from sknn_actloss.losses import Focal, Hinge, Huber, LogLoss, Quantile
from sknn_actloss.schedules import MultiStep

X, Y = make_classification(60, 5, n_informative=3, n_classes=3, random_state=0)

PARAMETERS = [
    ({"activation": "sine"}, "'activation'.*relu"),
    ({"activation": "softmax"}, "output layer only.*relu"),
    ({"activation": ReLU}, "is a class; pass an instance"),
    ({"activation": ["relu", "tanh"]}, "2 entries.*hidden_layer_sizes has 1"),
    ({"activation": ["sine"]}, "'sine'.*relu"),
    ({"activation": 3}, "'activation'"),
    ({"out_activation": "sine"}, "'out_activation'.*identity"),
    ({"loss": "sine"}, "'loss'.*absolute_error"),
    ({"loss": Hinge()}, "not a regression loss.*huber"),
    ({"loss": Huber(delta=-1.0)}, "'delta' parameter of Huber.*-1"),
    ({"loss": 3}, "'loss'"),
    ({"solver": "sine"}, "'solver'.*adam"),
    ({"learning_rate": "sine"}, "'learning_rate'.*cosine"),
    ({"learning_rate": -0.1}, "'learning_rate'"),
    ({"learning_rate": 0.1, "learning_rate_init": 0.2}, "both give a rate"),
    ({"learning_rate_init": 0}, "'learning_rate_init'"),
    ({"weight_init": "sine"}, "'weight_init'.*glorot_uniform"),
    ({"weight_decay": -1}, "'weight_decay'"),
    ({"batch_size": 0}, "'batch_size'.*0"),
    ({"dtype": "int8"}, "'dtype'.*float32"),
    ({"max_iter": 0}, "'max_iter'"),
    ({"alpha": -1}, "'alpha'"),
    ({"tol": -1}, "'tol'"),
    ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be > 0"),
    ({"hidden_layer_sizes": (-1,)}, "hidden_layer_sizes must be > 0"),
    ({"hidden_layer_sizes": (5.5,)}, "hidden_layer_sizes must be integers"),
    ({"hidden_layer_sizes": "100"}, "hidden_layer_sizes"),
    ({"validation_fraction": 1.0}, "'validation_fraction'"),
    ({"n_iter_no_change": 0}, "'n_iter_no_change'"),
]


@pytest.mark.parametrize(("parameters", "match"), PARAMETERS, ids=[str(p[0]) for p in PARAMETERS])
def test_parameters(parameters, match):
    model = MLPRegressor(**{"hidden_layer_sizes": (5,)} | parameters)
    with pytest.raises((ValueError, TypeError), match=match):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


def test_classifiers_refuse_losses_of_regression_and_wrong_weights_of_classes():
    with pytest.raises(ValueError, match=r"'loss'.*log_loss"):
        MLPClassifier(loss="huber").fit(X, Y)
    with pytest.raises(ValueError, match=r"not a classification loss.*hinge"):
        MLPClassifier(loss=Huber()).fit(X, Y)
    with pytest.raises(ValueError, match="class_weight"):
        MLPClassifier(class_weight="even").fit(X, Y)
    with pytest.raises(ValueError, match="label_smoothing"):
        MLPClassifier(loss=LogLoss(label_smoothing=2.0)).fit(X, Y)
    with pytest.raises(ValueError, match="alpha"):
        MLPClassifier(loss=Focal(alpha=[0.5, 0.5])).fit(X, Y)


@pytest.mark.parametrize(
    ("loss", "bad"),
    [("poisson", -1.0), ("squared_log_error", -1.0), ("tweedie", -1.0), ("gamma", 0.0)],
)
def test_targets_outside_the_domain_of_the_loss(loss, bad):
    targets = np.ones(60)
    targets[7] = bad
    model = MLPRegressor(5, loss=loss)
    with pytest.raises(ValueError, match=f"loss='{loss}' needs targets in"):
        model.fit(X, targets)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite(estimator, bad):
    rows = X.copy()
    rows[3, 2] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        estimator(5).fit(rows, Y)
    model = estimator(5, max_iter=300, tol=1.0).fit(X, Y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict(rows)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_wrong_shapes(estimator):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        estimator(5).fit(X, Y[:-1])
    with pytest.raises(ValueError, match="2D array"):
        estimator(5).fit(X[:, 0], Y)
    model = estimator(5, max_iter=300, tol=1.0).fit(X, Y)
    with pytest.raises(ValueError, match="features"):
        model.predict(X[:, :3])


def test_targets_too_large_for_float32():
    with pytest.raises(ValueError, match="too large for dtype='float32'"):
        MLPRegressor(5, dtype="float32").fit(X, Y * 1e300)


def test_sparse_targets_of_a_regression():
    with pytest.raises((ValueError, TypeError), match=r"[Ss]parse"):
        MLPRegressor(5).fit(X, sparse.csr_array(np.ones((60, 2))))


def test_partial_fit():
    with pytest.raises(ValueError, match="classes is empty"):
        MLPClassifier(5).partial_fit(X, Y, classes=[])
    with pytest.raises(ValueError, match="classes"):
        MLPClassifier(5).partial_fit(X, Y)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        MLPRegressor(5, early_stopping=True).partial_fit(X, Y)
    for estimator in (MLPClassifier, MLPRegressor):
        assert not hasattr(estimator(solver="lbfgs"), "partial_fit")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_starts_keep_shapes_and_classes():
    model = MLPClassifier(5, warm_start=True, max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match="same classes"):
        model.fit(X, Y + 1)
    with pytest.raises(ValueError, match=r"have shapes .*warm_start=False"):
        model.set_params(hidden_layer_sizes=(6,)).fit(X, Y)


def test_a_validation_set_needs_two_rows():
    with pytest.raises(ValueError, match="validation set is too small"):
        MLPRegressor(5, early_stopping=True, validation_fraction=0.01).fit(X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_is_accepted_as_in_scikit_learn():
    single = MLPClassifier(5, max_iter=2).fit(X, np.full(60, "only"))
    assert set(single.predict(X)) == {"only"}
    with pytest.warns(UserWarning, match="larger than sample size. It is going to be clipped"):
        MLPClassifier(5, max_iter=2, batch_size=100).fit(X, Y)


@pytest.mark.parametrize("y", [["a", "b"] * 30, np.array(["a"] * 60, dtype=object)])
@pytest.mark.parametrize("scaling", [None, "robust"])
def test_text_as_target_of_a_regression(y, scaling):
    with pytest.raises(ValueError, match="y holds 'a', which cannot be converted to a number"):
        MLPRegressor(5, target_scaling=scaling).fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_numbers_as_text_are_targets_of_a_regression():
    expected = MLPRegressor(5, max_iter=2, random_state=0).fit(X, Y).predict(X)
    found = MLPRegressor(5, max_iter=2, random_state=0).fit(X, Y.astype(str)).predict(X)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("labels", [["a", "b"], [True, False]], ids=["text", "truth"])
@pytest.mark.parametrize("estimator", [MLPClassifier(max_iter=2), TabularClassifier()], ids=str)
def test_labels_that_pandas_lacks(estimator, labels):
    pd = pytest.importorskip("pandas")
    whole = pd.Series(labels * 10)
    for dtype in ("object", "string" if labels[0] == "a" else "boolean"):
        y = whole.astype(dtype)
        y[3] = pd.NA
        with pytest.raises(ValueError, match="y contains NA, a missing value"):
            estimator.fit(np.arange(40.0).reshape(20, 2), y)


def test_labels_of_several_types():
    y = np.where(Y > 0, Y.astype(object), "none")
    with pytest.raises(TypeError, match=r"y has labels of the types int, str.*astype\(str\)"):
        MLPClassifier(5).fit(X, y)
    with pytest.raises(TypeError, match="y has labels of the types NoneType, str"):
        MLPClassifier(5).fit(X, np.where(Y > 0, "some", None))
    with pytest.raises(TypeError, match="y has labels of the types NoneType, which"):
        MLPClassifier().fit(X, np.full(len(X), None))
    with pytest.raises(TypeError, match="classes has labels of the types NoneType, int"):
        MLPClassifier().partial_fit(X, np.zeros(len(X), int), classes=[0, 1, None])


@pytest.mark.parametrize("name", ["sample_weight", "sample_weight_val"])
@pytest.mark.parametrize("scaling", [None, "standard"])
def test_text_as_weights(name, scaling):
    data = {"X_val": X, "y_val": Y} if name == "sample_weight_val" else {}
    with pytest.raises(ValueError, match="sample_weight must hold a number for each row"):
        MLPRegressor(5, target_scaling=scaling).fit(X, Y, **data, **{name: ["a"] * 60})


def test_several_columns_of_classes():
    with pytest.raises(ValueError, match="y has several columns of classes, but a row has one"):
        MLPClassifier(5).fit(X, np.column_stack([Y, Y + 3]))


def test_sizes_as_an_array_without_dimensions():
    with pytest.raises(TypeError, match=r"hidden_layer_sizes must be integers, got \[1.0\]"):
        MLPRegressor(np.array(1.0)).fit(X, Y)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"dropout": np.array(1.0)}, r"dropout=.* must hold rates"),
        ({"activation": np.array(1.0)}, "activation must be one of"),
        ({"loss": Quantile(np.array(0.5))}, "'quantile' parameter of Quantile"),
        ({"learning_rate": MultiStep(np.array(1.0))}, "'milestones' parameter of MultiStep"),
    ],
)
def test_arrays_without_dimensions_in_the_place_of_sequences(parameters, match):
    with pytest.raises((TypeError, ValueError), match=match):
        MLPRegressor(5, **parameters).fit(X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_arrays_without_dimensions_are_numbers_and_names():
    common = {"max_iter": 2, "random_state": 0}
    found = MLPRegressor(
        np.array(5), np.array("tanh"), dropout=np.array(0.5), alpha=np.float32(0.5), **common
    )
    expected = MLPRegressor(5, "tanh", dropout=0.5, alpha=0.5, **common)
    assert found.fit(X, Y).loss_curve_ == expected.fit(X, Y).loss_curve_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("number", [np.int8(20), np.uint8(20), np.int64(20)])
def test_whole_numbers_of_numpy_are_numbers(number):
    common = {"random_state": 0, "learning_rate_init": 0.1, "early_stopping": True}
    expected = MLPRegressor(5, max_iter=20, batch_size=20, n_iter_no_change=20, **common)
    found = MLPRegressor(
        np.array(5), max_iter=number, batch_size=number, n_iter_no_change=number, **common
    )
    assert found.fit(X, Y).loss_curve_ == expected.fit(X, Y).loss_curve_
