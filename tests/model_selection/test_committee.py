"""Committees: what their members say on average, however these are trained."""

from __future__ import annotations

import builtins
import pickle
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.estimators import JointFit
from sknn_actloss.losses import Focal
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    CommitteeRegressor,
    StackedGridSearchCV,
    _committee,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
TARGETS = np.sin(X[:, 0]) + X[:, 2] / 4
TWO_TARGETS = np.stack([TARGETS, X[:, 1]], axis=1)
ROWS, LABELS = make_multilabel_classification(80, 6, n_classes=3, random_state=0)
WEIGHT = np.random.RandomState(0).randint(0, 3, len(X)).astype(float)
BASE = {"max_iter": 6, "batch_size": 20, "learning_rate_init": 0.02, "random_state": 0}
KINDS = [(CommitteeClassifier, MLPClassifier, Y), (CommitteeRegressor, MLPRegressor, TARGETS)]
each_kind = pytest.mark.parametrize(("committee", "network", "y"), KINDS, ids=["classes", "reals"])


def classifier(hidden: Any = 5, **parameters: Any) -> MLPClassifier:
    return MLPClassifier(hidden, **BASE | parameters)


def regressor(hidden: Any = 5, **parameters: Any) -> MLPRegressor:
    return MLPRegressor(hidden, **BASE | parameters)


def mean(members: list[Any], weights: Any, method: str, X: Any) -> np.ndarray:
    return np.average([getattr(member, method)(X) for member in members], 0, weights)


@pytest.fixture
def trained_together(monkeypatch: pytest.MonkeyPatch) -> list[JointFit]:
    """All that committees have trained together since the test began."""
    made = []

    class Recorded(JointFit):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(_committee, "JointFit", Recorded)
    return made


class Counted(StandardScaler):
    """Counts its fits, and keeps the weights of the latest."""

    n_fits = 0
    weight: Any = None

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        Counted.n_fits += 1
        Counted.weight = sample_weight
        return super().fit(X, y, sample_weight)


@pytest.fixture
def counted() -> type[Counted]:
    Counted.n_fits, Counted.weight = 0, None
    return Counted


# scikit-learn's checks


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("seeds", "weights", "scaled"), [((None, None), [2, 1], False), ((0, 1), None, True)]
)
@each_kind
def test_checks_of_estimators(
    committee: type, network: type, y: np.ndarray, seeds: Any, weights: Any, scaled: bool
) -> None:
    settings = {"max_iter": 25, "learning_rate_init": 0.05}
    members = [
        network(16, random_state=seeds[0], **settings),
        network(8, "tanh", random_state=seeds[1], **settings),
    ]
    if scaled:
        members = [make_pipeline(StandardScaler(), member) for member in members]
    results = check_estimator(committee(members, weights=weights), on_fail=None, on_skip=None)
    assert len(results) > 50
    assert [r for r in results if r["status"] not in ("passed", "skipped")] == []


# What is predicted

MEMBERS = [
    classifier(),
    classifier(activation="tanh", solver="sgd", learning_rate_init=0.2),
    classifier((4, 3), loss=Focal(), max_iter=3),
    classifier(early_stopping=True),
    classifier(solver="lbfgs", random_state=1),
]


def test_probabilities_are_the_mean_of_those_of_members_fitted_alone() -> None:
    weights = [1, 2, 3, 0, 4]
    committee = CommitteeClassifier(MEMBERS, weights=weights).fit(X, Y)
    alone = [clone(member).fit(X, Y) for member in MEMBERS]
    for member, expected in zip(committee.estimators_, alone, strict=True):
        assert_allclose(member.predict_proba(X), expected.predict_proba(X), rtol=1e-10)
        assert member.n_iter_ == expected.n_iter_
    expected = mean(alone, weights, "predict_proba", X)
    assert_allclose(committee.predict_proba(X), expected, rtol=1e-10)
    assert_allclose(committee.predict_log_proba(X), np.log(expected), rtol=1e-8)
    assert_array_equal(committee.predict(X), expected.argmax(axis=1))
    assert committee.score(X, Y) == np.mean(expected.argmax(axis=1) == Y)
    assert_allclose(committee.weights_, np.array(weights) / 10)


@pytest.mark.parametrize("y", [TARGETS, TWO_TARGETS], ids=["one", "two"])
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_targets_are_the_mean_of_those_of_members_fitted_alone(loss: str, y: np.ndarray) -> None:
    members = [regressor(loss=loss), regressor(7), regressor(activation="tanh", random_state=3)]
    committee = CommitteeRegressor(members).fit(X, y)
    alone = [clone(member).fit(X, y) for member in members]
    assert committee.predict(X).shape == y.shape
    assert_allclose(committee.predict(X), mean(alone, None, "predict", X), rtol=1e-10)
    assert_allclose(committee.weights_, np.full(3, 1 / 3))


def test_weights_of_one_member_leave_that_member() -> None:
    committee = CommitteeClassifier(MEMBERS[:2], weights=np.array([0, 7])).fit(X, Y)
    alone = clone(MEMBERS[1]).fit(X, Y)
    assert_allclose(committee.predict_proba(X), alone.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize(
    ("rows", "y"),
    [
        (X, NAMES),
        (X, NAMES == "setosa"),
        (X, np.where(NAMES == "setosa", "yes", "no")),
        (X, np.where(NAMES == "setosa", -1.0, 1.0)),
        (X, np.full(len(X), "same")),
        (9 * X, np.ones(len(X), int)),
        (ROWS, LABELS),
        (ROWS, LABELS[:, :2]),
        (ROWS, sparse.csr_array(LABELS)),
    ],
    ids=["names", "bools", "two names", "signs", "one", "one of ten", "labels", "two", "sparse"],
)
@pytest.mark.parametrize("max_iter", [1, 20])
def test_a_committee_of_one_predicts_what_its_member_does(rows: Any, y: Any, max_iter: int) -> None:
    member = classifier(max_iter=max_iter)
    committee, alone = CommitteeClassifier([member]).fit(rows, y), member.fit(rows, y)
    prediction, expected = committee.predict(rows), alone.predict(rows)
    assert type(prediction) is type(expected)
    assert prediction.dtype == expected.dtype
    prediction, expected = (
        value.toarray() if sparse.issparse(value) else value for value in (prediction, expected)
    )
    assert_array_equal(prediction, expected)
    assert_array_equal(committee.classes_, alone.classes_)
    assert_allclose(committee.predict_proba(rows), alone.predict_proba(rows))


def test_labels_are_those_above_one_half_on_average() -> None:
    members = [classifier(), classifier(9, random_state=2)]
    committee = CommitteeClassifier(members, weights=[1, 3]).fit(ROWS, LABELS)
    probabilities = mean(committee.estimators_, [1, 3], "predict_proba", ROWS)
    assert_allclose(committee.predict_proba(ROWS), probabilities)
    assert_array_equal(committee.predict(ROWS), probabilities > 0.5)


def test_no_warning_where_a_probability_is_zero() -> None:
    committee = CommitteeClassifier([classifier(activation="identity")]).fit(X, Y)
    far = committee.predict_log_proba(1e6 * X)
    assert np.isneginf(far).any()


@each_kind
def test_sparse_rows(committee: type, network: type, y: np.ndarray) -> None:
    members = [network(5, **BASE), network(3, **BASE)]
    dense = committee(members).fit(X, y)
    fitted = committee(members).fit(sparse.csr_array(X), y)
    assert_allclose(fitted.predict(sparse.csr_array(X)), dense.predict(X), rtol=1e-9)
    assert get_tags(fitted).input_tags.sparse
    scaled = committee([make_pipeline(StandardScaler(), member) for member in members])
    assert not get_tags(scaled).input_tags.sparse


@pytest.mark.parametrize("scaled", [False, True])
def test_names_of_features(scaled: bool) -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    members = [classifier(), classifier(3)]
    if scaled:
        members = [make_pipeline(StandardScaler(), member) for member in members]
    committee = CommitteeClassifier(members).fit(frame, NAMES)
    assert_array_equal(committee.feature_names_in_, list("abcd"))
    assert committee.n_features_in_ == 4
    assert committee.predict(frame).dtype == NAMES.dtype
    with pytest.raises(ValueError, match="feature names should match"):
        committee.predict(frame[list("dcba")])
    committee.fit(X[:, :2], NAMES)
    assert not hasattr(committee, "feature_names_in_")
    assert committee.n_features_in_ == 2


def test_steps_without_features_leave_none() -> None:
    member = make_pipeline(FunctionTransformer(), classifier())
    committee = CommitteeClassifier([member]).fit(X, Y)
    assert hasattr(committee, "n_features_in_") == hasattr(
        clone(member).fit(X, Y), "n_features_in_"
    )


@each_kind
def test_tags_are_those_of_the_first_member(committee: type, network: type, y: np.ndarray) -> None:
    first = MLPRegressor(loss="poisson") if network is MLPRegressor else network()
    tags, expected = get_tags(committee([first, network()])), get_tags(first)
    assert tags.target_tags == expected.target_tags
    assert tags.classifier_tags == expected.classifier_tags
    assert tags.regressor_tags == expected.regressor_tags
    assert tags.estimator_type == expected.estimator_type
    assert get_tags(committee([])).estimator_type == expected.estimator_type


# How members are trained


def test_members_of_one_shape_share_a_stack(trained_together: list[JointFit]) -> None:
    shapes = [5, 5, (3, 3), 5, (3, 3)]
    activations = ["relu", "tanh", "elu", "gelu", "relu"]
    pairs = zip(shapes, activations, strict=True)
    members = [classifier(hidden, activation=name) for hidden, name in pairs]
    CommitteeClassifier(members).fit(X, Y)
    (together,) = trained_together
    assert together.stacks == [[0, 1, 3], [2, 4]]


def test_equal_steps_are_fitted_once(
    trained_together: list[JointFit], counted: type[Counted]
) -> None:
    members = [
        make_pipeline(counted(), classifier()),
        make_pipeline(counted(with_mean=False), classifier()),
        make_pipeline(counted(), classifier(activation="tanh")),
        classifier(),
        make_pipeline(counted(), classifier(4)),
        classifier(activation="elu"),
    ]
    committee = CommitteeClassifier(members).fit(X, Y)
    assert counted.n_fits == 2
    assert [together.stacks for together in trained_together] == [[[0, 1], [2]], [[0]], [[0, 1]]]
    for member, fitted in zip(members, committee.estimators_, strict=True):
        expected = clone(member).fit(X, Y).predict_proba(X)
        assert_allclose(fitted.predict_proba(X), expected, rtol=1e-10)
    assert committee.estimators_[0].get_params().keys() == members[0].get_params().keys()


def test_steps_that_cannot_be_compared_are_not_shared() -> None:
    def times(factor: int) -> FunctionTransformer:
        return FunctionTransformer(lambda X: factor * X)

    members = [make_pipeline(times(factor), classifier(max_iter=1)) for factor in range(20)]
    committee = CommitteeClassifier(members).fit(X, Y)
    used = [fitted[0].transform(np.ones((1, 4)))[0, 0] for fitted in committee.estimators_]
    assert used == list(range(20))


def test_pipelines_of_other_forms() -> None:
    members = [
        Pipeline([("net", classifier())]),
        Pipeline([("none", "passthrough"), ("select", SelectKBest(k=2)), ("net", classifier(3))]),
        Pipeline(
            [("outer", StandardScaler()), ("rest", make_pipeline(MinMaxScaler(), MEMBERS[1]))]
        ),
    ]
    committee = CommitteeClassifier(members).fit(X, NAMES)
    alone = [clone(member).fit(X, NAMES) for member in members]
    assert_allclose(committee.predict_proba(X), mean(alone, None, "predict_proba", X), rtol=1e-10)


def test_a_network_with_a_fit_of_its_own() -> None:
    class Own(MLPClassifier):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
            self.was_here_ = True
            return super().fit(X, y, sample_weight)

    committee = CommitteeClassifier([classifier(), Own(5, **BASE)]).fit(X, Y)
    own, plain = committee.estimators_[1], committee.estimators_[0]
    assert own.was_here_
    assert_allclose(own.predict_proba(X), plain.predict_proba(X), rtol=1e-10)


@pytest.mark.parametrize("seed", [None, 0, np.random.RandomState(0)], ids=str)
def test_members_without_seeds_differ(seed: Any, trained_together: list[JointFit]) -> None:
    members = [classifier(random_state=None) for _ in range(3)]
    committee = CommitteeClassifier(members, random_state=seed).fit(X, Y)
    first, second, third = (member.coefs_[0] for member in committee.estimators_)
    assert not np.array_equal(first, second)
    assert not np.array_equal(second, third)
    assert trained_together[0].stacks == [[0, 1, 2]]


def test_a_seed_makes_members_without_seeds_repeatable() -> None:
    scaled = make_pipeline(StandardScaler(), classifier(random_state=None))
    members = [classifier(random_state=None), classifier(3, random_state=None), scaled]
    committee = CommitteeClassifier(members, random_state=3)
    expected = committee.fit(X, Y).predict_proba(X)
    assert_array_equal(committee.fit(X, Y).predict_proba(X), expected)
    other = clone(committee).set_params(random_state=4).fit(X, Y).predict_proba(X)
    assert not np.array_equal(other, expected)


def test_the_seed_leaves_seeds_of_members_alone() -> None:
    committee = CommitteeClassifier([classifier()], random_state=7).fit(X, Y)
    assert_array_equal(committee.predict_proba(X), classifier().fit(X, Y).predict_proba(X))


# Sample weights and other arguments


@each_kind
def test_weights_of_rows(committee: type, network: type, y: np.ndarray) -> None:
    members = [network(5, **BASE), network(3, "tanh", **BASE)]
    fitted = committee(members).fit(X, y, sample_weight=WEIGHT)
    alone = [clone(member).fit(X, y, WEIGHT) for member in members]
    for member, expected in zip(fitted.estimators_, alone, strict=True):
        assert_allclose(member.predict(X), expected.predict(X), rtol=1e-10)
    assert_array_equal(committee(members).fit(X, y, WEIGHT).predict(X), fitted.predict(X))


def test_weights_of_rows_reach_networks_and_steps_that_take_them(counted: type[Counted]) -> None:
    members = {
        "net": classifier(),
        "scaled": make_pipeline(counted(), classifier()),
        "squeezed": make_pipeline("passthrough", MinMaxScaler(), classifier()),
        "nested": Pipeline(
            [("outer", MinMaxScaler()), ("in", make_pipeline(counted(), MEMBERS[1]))]
        ),
    }
    arguments = {
        "net": ["sample_weight"],
        "scaled": ["counted__sample_weight", "mlpclassifier__sample_weight"],
        "squeezed": ["mlpclassifier__sample_weight"],
        "nested": ["in__counted__sample_weight", "in__mlpclassifier__sample_weight"],
    }
    committee = CommitteeClassifier(list(members.values())).fit(X, Y, sample_weight=WEIGHT)
    assert counted.weight is WEIGHT
    for name, fitted in zip(members, committee.estimators_, strict=True):
        alone = clone(members[name]).fit(X, Y, **dict.fromkeys(arguments[name], WEIGHT))
        assert_allclose(fitted.predict_proba(X), alone.predict_proba(X), rtol=1e-10)


def test_arguments_of_steps(counted: type[Counted]) -> None:
    pipeline = make_pipeline(counted(), classifier())
    committee = CommitteeClassifier([pipeline, clone(pipeline)])
    committee.fit(X, Y, mlpclassifier__sample_weight=WEIGHT)
    assert counted.weight is None
    alone = clone(pipeline).fit(X, Y, mlpclassifier__sample_weight=WEIGHT)
    assert_allclose(committee.predict_proba(X), alone.predict_proba(X), rtol=1e-10)
    ones = np.ones(len(X))
    committee.fit(X, Y, sample_weight=WEIGHT, counted__sample_weight=ones)
    assert counted.weight is ones


def test_unknown_arguments() -> None:
    with pytest.raises(TypeError, match="colour"):
        CommitteeClassifier([classifier()]).fit(X, Y, colour="red")
    with pytest.raises(ValueError, match="colour"):
        CommitteeClassifier([make_pipeline(classifier())]).fit(X, Y, colour="red")


def routed(form: str, scaler: bool, network: bool | str) -> Any:
    """Return a member whose parts request weights; metadata routing must be enabled."""
    last = classifier().set_fit_request(sample_weight=network)
    first = StandardScaler().set_fit_request(sample_weight=scaler)
    return last if form == "network" else make_pipeline(first, last)


def unweighted_accuracy() -> Any:
    return make_scorer(accuracy_score).set_score_request(sample_weight=False)


@pytest.mark.parametrize("form", ["network", "pipeline"])
@pytest.mark.parametrize("alias", [True, "importance"], ids=str)
def test_metadata_are_routed_as_to_a_member(alias: bool | str, form: str) -> None:
    params = {"sample_weight" if alias is True else alias: WEIGHT}
    options = {"cv": KFold(3, shuffle=True, random_state=0), "return_estimator": True}
    with config_context(enable_metadata_routing=True):
        member = routed(form, False, alias)
        options |= {"scoring": unweighted_accuracy(), "params": params}
        committee = CommitteeClassifier([member, clone(member)])
        fits = cross_validate(committee, X, Y, **options)["estimator"]
        alone = cross_validate(member, X, Y, **options)["estimator"]
    unweighted = classifier().fit(X, Y)
    for fitted, expected in zip(fits, alone, strict=True):
        assert_allclose(fitted.predict_proba(X), expected.predict_proba(X), rtol=1e-10)
        assert not np.allclose(fitted.predict_proba(X), unweighted.predict_proba(X))


@pytest.mark.parametrize("form", ["network", "pipeline"])
@pytest.mark.parametrize("alias", [True, "importance"], ids=str)
def test_metadata_reach_the_committee_of_a_search(alias: bool | str, form: str) -> None:
    params = {"sample_weight" if alias is True else alias: WEIGHT}
    alpha = {"alpha" if form == "network" else "mlpclassifier__alpha": [0.1]}
    with config_context(enable_metadata_routing=True):
        member, scoring = routed(form, False, alias), unweighted_accuracy()
        search = StackedGridSearchCV(member, alpha, cv=2, scoring=scoring, committee_size=1)
        fitted = search.fit(X, Y, **params).best_estimator_
        single = GridSearchCV(member, alpha, cv=2, scoring=scoring).fit(X, Y, **params)
    assert isinstance(fitted, CommitteeClassifier)
    assert_allclose(fitted.predict_proba(X), single.predict_proba(X), rtol=1e-10)


def test_steps_are_shared_by_networks_with_equal_requests(
    trained_together: list[JointFit],
) -> None:
    with config_context(enable_metadata_routing=True):
        requests = [True, False, True, True]
        members = [routed("pipeline", True, request) for request in requests]
        members[2].set_params(mlpclassifier__alpha=0.1)
        committee = CommitteeClassifier(members).fit(X, Y, sample_weight=WEIGHT)
        alone = [clone(member).fit(X, Y, sample_weight=WEIGHT) for member in members]
    assert [together.stacks for together in trained_together] == [[[0, 1, 2]], [[0]]]
    for fitted, expected in zip(committee.estimators_, alone, strict=True):
        assert_allclose(fitted.predict_proba(X), expected.predict_proba(X), rtol=1e-10)


def test_metadata_of_what_is_no_committee_yet() -> None:
    for estimators in ([], None):
        assert CommitteeClassifier(estimators).get_metadata_routing() is not None
    assert not hasattr(CommitteeClassifier([]), "set_fit_request")


# Life as an estimator


@pytest.mark.parametrize("scaled", [False, True])
@each_kind
def test_pickles(committee: type, network: type, y: np.ndarray, scaled: bool) -> None:
    members = [network(5, **BASE), network(3, **BASE | {"random_state": None})]
    if scaled:
        members = [make_pipeline(StandardScaler(), member) for member in members]
    fitted = committee(members, weights=[1, 2], random_state=0).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict(X), fitted.predict(X))
    assert_array_equal(again.fit(X, y).predict(X), fitted.predict(X))


@each_kind
def test_parameters_and_clones(committee: type, network: type, y: np.ndarray) -> None:
    members = [network(5, **BASE), network(3, **BASE)]
    fitted = committee(members, weights=[1, 2]).fit(X, y)
    assert set(fitted.get_params(deep=False)) == {"estimators", "weights", "random_state"}
    copied = clone(fitted)
    assert not hasattr(copied, "estimators_")
    assert copied.estimators[0] is not members[0]
    assert_array_equal(copied.fit(X, y).predict(X), fitted.predict(X))
    assert not any(hasattr(member, "coefs_") for member in members)
    copied.set_params(weights=None, estimators=members[:1]).fit(X, y)
    assert copied.weights_.tolist() == [1.0]


def test_within_a_search() -> None:
    grid = {"weights": [None, [1, 2]], "estimators": [MEMBERS[:2], MEMBERS[2:4]]}
    search = GridSearchCV(CommitteeClassifier([]), grid, cv=2, error_score="raise").fit(X, NAMES)
    assert search.best_score_ > 0
    assert search.n_features_in_ == 4
    assert_array_equal(search.classes_, np.unique(NAMES))


@each_kind
def test_before_the_fit(committee: type, network: type, y: np.ndarray) -> None:
    unfitted = committee([network()])
    for method in ("predict", "predict_proba", "predict_log_proba"):
        if hasattr(unfitted, method):
            with pytest.raises(NotFittedError):
                getattr(unfitted, method)(X)
    assert not hasattr(unfitted, "classes_")
    assert not hasattr(unfitted, "n_features_in_")


def test_networks_warn_as_they_do_alone() -> None:
    members = [classifier(max_iter=1), classifier(max_iter=2)]
    with pytest.warns(ConvergenceWarning, match="iterations") as caught:
        CommitteeClassifier(members).fit(X, Y)
    assert [f"({n_epochs})" in str(w.message) for n_epochs, w in zip((1, 2), caught, strict=True)]


def test_ctrl_c_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    committee = CommitteeClassifier([classifier()]).fit(X, Y)
    expected = committee.predict_proba(X)

    def interrupt(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    committee.set_params(estimators=[classifier(), classifier(verbose=True)])
    monkeypatch.setattr(builtins, "print", interrupt)
    with pytest.raises(KeyboardInterrupt):
        committee.fit(X, Y)
    monkeypatch.undo()
    assert_array_equal(committee.predict_proba(X), expected)


# Errors


def test_a_failure_tells_which_member(counted: type[Counted]) -> None:
    members = [
        classifier(),
        make_pipeline(counted(), classifier()),
        make_pipeline(counted(), classifier(alpha=-1)),
    ]
    committee = CommitteeClassifier(members)
    with pytest.raises(ValueError, match="'alpha' parameter of MLPClassifier") as caught:
        committee.fit(X, Y)
    (note,) = caught.value.__notes__
    assert "estimators[2]" in note
    assert "MLPClassifier(alpha=-1" in note
    assert not hasattr(committee, "estimators_")


def test_a_failure_of_a_step_tells_which_member() -> None:
    broken = make_pipeline(MinMaxScaler(feature_range=(1, 0)), classifier())
    with pytest.raises(ValueError, match="Minimum of desired feature range") as caught:
        CommitteeClassifier([classifier(), broken]).fit(X, Y)
    (note,) = caught.value.__notes__
    assert "estimators[1]" in note
    assert "MLPClassifier" in note


def test_a_failure_while_training() -> None:
    members = [regressor(), regressor(learning_rate_init=1e300)]
    with pytest.raises(ValueError, match="Lower learning_rate_init") as caught:
        CommitteeRegressor(members).fit(X, TARGETS)
    assert "estimators[1]" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("committee", "estimators", "given"),
    [
        (CommitteeClassifier, [classifier(), regressor()], r"\[1\].*MLPClassifier.*MLPRegressor"),
        (CommitteeRegressor, [classifier()], r"\[0\].*MLPRegressor.*MLPClassifier"),
        (CommitteeClassifier, [make_pipeline(regressor())], r"\[0\].*Pipeline"),
        (CommitteeClassifier, [LogisticRegression()], r"\[0\].*LogisticRegression"),
        (CommitteeClassifier, [TheirClassifier()], r"\[0\].*of sklearn\.neural_network"),
        (CommitteeClassifier, [make_pipeline(classifier(), StandardScaler())], r"\[0\]"),
        (CommitteeClassifier, [make_pipeline(StandardScaler(), "passthrough")], r"\[0\]"),
        (CommitteeClassifier, [Pipeline([])], r"\[0\]"),
        (CommitteeClassifier, [("net", classifier())], r"\[0\]"),
        (CommitteeClassifier, [MLPClassifier], r"\[0\]"),
        (CommitteeClassifier, [None], r"\[0\]"),
        (CommitteeClassifier, ["MLPClassifier"], r"\[0\]"),
    ],
    ids=str,
)
def test_members_of_the_wrong_kind(committee: type, estimators: list[Any], given: str) -> None:
    with pytest.raises(TypeError, match=f"(?s)estimators{given}"):
        committee(estimators).fit(X, Y)


@pytest.mark.parametrize("estimators", [[], ()])
def test_no_members(estimators: Any) -> None:
    with pytest.raises(ValueError, match="estimators is empty"):
        CommitteeClassifier(estimators).fit(X, Y)


@pytest.mark.parametrize("estimators", [None, classifier(), make_pipeline(classifier()), "all"])
def test_what_is_no_list_of_members(estimators: Any) -> None:
    with pytest.raises(ValueError, match="'estimators' parameter of CommitteeClassifier"):
        CommitteeClassifier(estimators).fit(X, Y)


@pytest.mark.parametrize(
    "weights",
    [
        [1],
        [1, 2, 3],
        [[1, 2]],
        [1, -1],
        [0, 0],
        [1, np.nan],
        [1, np.inf],
        [1e308, 1e308],
        ["a", "b"],
        [1, None],
        [[1], [1, 2]],
        [1j, 1],
    ],
    ids=str,
)
def test_invalid_weights(weights: Any) -> None:
    with pytest.raises(ValueError, match=r"weights must be 2 finite numbers.*; got") as caught:
        CommitteeClassifier(MEMBERS[:2], weights=weights).fit(X, Y)
    assert repr(weights) in str(caught.value)


@pytest.mark.parametrize("weights", [1, "equal"])
def test_weights_that_are_no_array(weights: Any) -> None:
    with pytest.raises(ValueError, match="'weights' parameter of CommitteeClassifier"):
        CommitteeClassifier(MEMBERS[:2], weights=weights).fit(X, Y)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_losses_without_probabilities(loss: str, counted: type[Counted]) -> None:
    members = [make_pipeline(counted(), classifier()), make_pipeline(counted(), MEMBERS[0])]
    members[1] = clone(members[1]).set_params(mlpclassifier__loss=loss)
    with pytest.raises(ValueError, match=rf"estimators\[1\] has loss='{loss}'.*'log_loss'"):
        CommitteeClassifier(members).fit(X, Y)
    assert counted.n_fits == 0


def test_what_is_no_loss() -> None:
    with pytest.raises(ValueError, match="loss='hing' is not a known classification loss"):
        CommitteeClassifier([classifier(loss="hing")]).fit(X, Y)


@each_kind
def test_invalid_data(committee: type, network: type, y: np.ndarray) -> None:
    made = committee([network(5, **BASE), network(3, **BASE)])
    with pytest.raises(ValueError, match="NaN"):
        made.fit(np.where(X > 5, np.nan, X), y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        made.fit(X, y[:-1])
    with pytest.raises(ValueError, match="requires y to be passed"):
        made.fit(X, None)
    with pytest.raises(ValueError, match="4 features as input"):
        made.fit(X, y).predict(X[:, :2])
