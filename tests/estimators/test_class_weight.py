"""Weights of classes are weights of rows, balanced by the weights that the rows have already."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from sknn_actloss import MLPClassifier
from sknn_actloss.estimators._class_weight import class_weights, label_weights

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("error::RuntimeWarning"),
]

X, CLASSES = make_classification(
    100, 6, n_informative=4, n_classes=3, weights=[0.6, 0.3], random_state=0
)
X_LABELS, LABELS = make_multilabel_classification(100, 6, n_classes=3, random_state=0)
COUNTS = np.random.RandomState(1).randint(0, 4, 100)


def model(**parameters):
    return MLPClassifier(5, **{"max_iter": 5, "random_state": 0, "alpha": 0.1} | parameters)


def assert_same_fit(first, second):
    for a, b in zip(
        first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_, strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("labels", [[0, 1, 2], ["1", "2", "10"], [-1.0, 1.0, 5.0]], ids=str)
def test_balanced_and_dict_are_those_of_scikit_learn(labels):
    labels = np.sort(np.array(labels))
    y = labels[CLASSES]
    balanced = compute_class_weight("balanced", classes=labels, y=y)[CLASSES]
    np.testing.assert_allclose(class_weights("balanced", labels.tolist(), CLASSES, None), balanced)
    given = dict(zip(labels.tolist(), (2.0, 0.5, 0.0), strict=True))
    expected = np.array([2.0, 0.5, 0.0])[CLASSES]
    np.testing.assert_array_equal(class_weights(given, labels.tolist(), CLASSES, None), expected)
    assert_same_fit(model(class_weight=given).fit(X, y), model().fit(X, y, expected))


def test_weights_of_labels_are_those_of_scikit_learn():
    expected = compute_sample_weight("balanced", LABELS)
    np.testing.assert_allclose(label_weights("balanced", LABELS, None), expected)
    spec = [{0: 1, 1: 2}, {1: 3}, {0: 0.5}]
    expected = compute_sample_weight([{0: 1, 1: 2}, {0: 1, 1: 3}, {0: 0.5, 1: 1}], LABELS)
    np.testing.assert_allclose(label_weights(spec, LABELS, None), expected)


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")  # in scikit-learn
@pytest.mark.parametrize("class_weight", ["balanced", [{0: 1, 1: 2}, {1: 3}, {0: 0.5}]], ids=str)
def test_sparse_labels_are_weighted_alike(class_weight):
    dense = model(class_weight=class_weight).fit(X_LABELS, LABELS)
    assert_same_fit(model(class_weight=class_weight).fit(X_LABELS, sparse.csr_array(LABELS)), dense)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_balance_counts_rows_by_their_weights(kind, solver):
    rows, y = (X_LABELS, LABELS) if kind == "multilabel" else (X, CLASSES)
    y = y > 0 if kind == "binary" else y
    weighted = model(class_weight="balanced", solver=solver).fit(rows, y, COUNTS)
    repeated = model(class_weight="balanced", solver=solver)
    repeated.fit(np.repeat(rows, COUNTS, axis=0), np.repeat(y, COUNTS, axis=0))
    assert_same_fit(weighted, repeated)


def test_balance_is_that_of_a_linear_model():
    linear = LogisticRegression(class_weight="balanced", C=1.0, tol=1e-10, max_iter=1000)
    linear.fit(X, CLASSES, COUNTS)
    network = MLPClassifier(
        (), class_weight="balanced", solver="lbfgs", alpha=1.0, tol=1e-10, max_iter=3000
    )
    network.fit(X, CLASSES, COUNTS)
    np.testing.assert_allclose(network.predict_proba(X), linear.predict_proba(X), rtol=1e-3)


def test_a_class_without_weight_does_not_disturb_the_balance():
    weights = np.where(CLASSES == 2, 0.0, 1.0)
    some = CLASSES < 2
    balanced = class_weights("balanced", [0, 1, 2], CLASSES, weights)
    without = class_weights("balanced", [0, 1], CLASSES[some], None)
    np.testing.assert_allclose(balanced[some], without)
    np.testing.assert_array_equal(balanced[~some], 0)
    fitted = model(class_weight="balanced").fit(X, CLASSES, weights)
    assert np.isfinite(fitted.loss_)


def test_a_dict_serves_batches_without_some_classes():
    some = CLASSES < 2
    by_class = model(class_weight={0: 2.0, 1: 0.5, 2: 7.0})
    by_row = model()
    by_class.partial_fit(X[some], CLASSES[some], classes=[0, 1, 2])
    by_row.partial_fit(X[some], CLASSES[some], np.where(CLASSES[some], 0.5, 2.0), classes=[0, 1, 2])
    assert_same_fit(by_class, by_row)


def test_labels_of_a_dict_that_are_not_in_the_data_are_no_mistake_if_all_others_are_given():
    given = {0: 2.0, 1: 0.5, 2: 1.0, 3: 9.0}
    assert_same_fit(
        model(class_weight=given).fit(X, CLASSES),
        model(class_weight={0: 2.0, 1: 0.5}).fit(X, CLASSES),
    )


@pytest.mark.parametrize(
    ("class_weight", "y", "match"),
    [
        ({0: 1, 7: 2}, CLASSES, r"labels \[7\], which are not among the classes \[0, 1, 2\]"),
        ({0: -1.0}, CLASSES, r"\{0: -1.0\} must hold finite weights"),
        ({1: np.nan}, CLASSES, "must hold finite weights"),
        ({0: "a"}, CLASSES, r"class_weight=\{0: 'a'\} must hold finite weights"),
        ({0: None}, CLASSES, r"class_weight=\{0: None\} must hold finite weights"),
        ({0: [1, 2]}, CLASSES, r"class_weight=.* must hold finite weights"),
        ({0: np.ones(1)}, CLASSES, r"class_weight=.* must hold finite weights"),
        ({0: 10**400}, CLASSES, r"class_weight=.* must hold finite weights"),
        ({0: 1j}, CLASSES, r"class_weight=.* must hold finite weights"),
        ([{0: "a"}] * 3, LABELS, r"class_weight=\{0: 'a'\} must hold finite weights"),
        ([{1: 10**400}] * 3, LABELS, r"class_weight=.* must hold finite weights"),
        ([{1: 1e300}] * 3, LABELS, r"class_weight add up to inf"),
        ([1, 2, 3], LABELS, "class_weight=1 must be a dict of weights, or 'balanced'"),
        ([None] * 3, LABELS, "class_weight=None must be a dict of weights, or 'balanced'"),
        ([{0: 1}], CLASSES, "a list, which goes with multilabel targets only"),
        ({0: 0, 1: 0, 2: 0}, CLASSES, "add up to 0 .* above zero"),
        ({0: 1, 1: 2}, LABELS, "does not go with 3 labels"),
        ([{0: 1, 1: 2}], LABELS, "does not go with 3 labels"),
        ("even", CLASSES, "'class_weight' parameter of MLPClassifier"),
    ],
    ids=str,
)
def test_wrong_weights_of_classes(class_weight, y, match):
    with pytest.raises(ValueError, match=match):
        model(class_weight=class_weight).fit(X, y)


@pytest.mark.parametrize("name", ["sample_weight", "sample_weight_val"])
@pytest.mark.parametrize("class_weight", [{0: 1e300}, "balanced"], ids=str)
def test_weights_whose_sum_is_not_finite(name, class_weight):
    weights = {"sample_weight": np.full(100, 1e-300), name: np.full(100, 1.5e308)}
    rows = {"X_val": X, "y_val": CLASSES} if name == "sample_weight_val" else {}
    with pytest.raises(ValueError, match=rf"{name} .*add up to"):
        model(class_weight=class_weight).fit(X, CLASSES, **weights, **rows)
