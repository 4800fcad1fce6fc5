"""Diagnoses of committees, ensembles and searches: each network with the rows that it sees."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import Committee, MLPClassifier, MLPRegressor
from sknn_actloss.inspection import (
    CommitteeDiagnosis,
    Diagnosis,
    DiagnosisDisplay,
    LossCurveDisplay,
    diagnose,
)
from sknn_actloss.inspection._networks import find_networks
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).randn(60, 4)
LABELS = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.4, 0.4])]
Y = X[:, 0] + X[:, 1]
TWO = np.column_stack([Y, 10 * X[:, 2]])
NETWORK = MLPClassifier((5,), max_iter=5, random_state=0)
NUMBERS = MLPRegressor((5,), max_iter=5, random_state=0)
SCALED = make_pipeline(StandardScaler(), NETWORK)
GRID = {"mlpclassifier__alpha": [0.1, 1.0]}
ENSEMBLES = {
    "bagging": (BaggingClassifier(NETWORK, n_estimators=2, max_features=0.5), LABELS, 2),
    "bagging of pipelines": (BaggingClassifier(SCALED, n_estimators=2), LABELS, 2),
    "voting": (VotingClassifier([("a", NETWORK), ("b", LogisticRegression())]), LABELS, 1),
    "stacking": (StackingClassifier([("a", NETWORK), ("b", SCALED)], cv=2), LABELS, 2),
    "calibrated": (CalibratedClassifierCV(SCALED, cv=2), LABELS, 2),
    "one against the rest": (OneVsRestClassifier(NETWORK), LABELS, 3),
    "committee": (CommitteeClassifier([NETWORK, SCALED]), LABELS, 2),
    "members": (MLPClassifier((5,), n_members=Committee(3, "folds"), max_iter=5), LABELS, 3),
    "search": (StackedGridSearchCV(SCALED, GRID, cv=2, committee_size=3), LABELS, None),
    "bagging of numbers": (BaggingRegressor(NUMBERS, n_estimators=2, max_features=3), Y, 2),
    "voting of numbers": (VotingRegressor([("a", NUMBERS), ("b", Ridge())]), Y, 1),
    "targets": (MultiOutputRegressor(NUMBERS), TWO, 2),
    "chain": (RegressorChain(NUMBERS), TWO, 2),
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_members_are_diagnosed_one_by_one(name: str) -> None:
    ensemble, y, n_members = ENSEMBLES[name]
    ensemble.fit(X, y)
    report = diagnose(ensemble, X, y)
    assert isinstance(report, CommitteeDiagnosis)
    assert n_members is None or len(report.members) == n_members
    for where, own in report.members.items():
        assert where in str(report)
        assert all(where in flaw.members for flaw in report.findings if flaw in own.findings)
    kinds = {flaw.kind for own in report.members.values() for flaw in own.findings}
    assert {flaw.kind for flaw in report.findings} == kinds
    assert report.layers == report.members[report.shown].layers
    figure = DiagnosisDisplay.from_estimator(ensemble, X, y).figure_
    assert report.shown in figure.get_suptitle()
    plt.close("all")


@pytest.mark.parametrize("name", ["bagging", "voting", "one against the rest", "targets", "chain"])
def test_networks_see_what_they_were_fitted_to(name: str) -> None:
    ensemble, y, _ = ENSEMBLES[name]
    ensemble.fit(X, y)
    for index, found in enumerate(find_networks(ensemble, own=True).values()):
        rows, targets = found.transform(X, y)
        assert rows.shape[1] == found.network.n_features_in_
        if name in ("targets", "chain"):
            expected = TWO[:, index]
        elif name == "one against the rest":
            expected = np.equal(LABELS, "abc"[index])
        else:
            expected = np.searchsorted(["a", "b", "c"], LABELS)
        np.testing.assert_array_equal(targets, expected)


def test_what_is_found_says_in_which_members() -> None:
    broken = MLPClassifier((5,), max_iter=5, random_state=0, learning_rate_init=50.0, solver="sgd")
    committee = CommitteeClassifier([NETWORK, broken, broken])
    report = diagnose(committee.fit(X, LABELS), X, LABELS)
    where = {flaw.members for flaw in report.findings}
    assert ("estimators_[1]", "estimators_[2]") in where
    assert report.shown == "estimators_[1]"
    flaw = next(f for f in report.findings if f.members == ("estimators_[1]", "estimators_[2]"))
    assert flaw.message.startswith("In estimators_[1], estimators_[2] (estimators_[1]): ")


@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(SCALED, GRID, cv=2),
        StackedGridSearchCV(SCALED, GRID, cv=2),
        StackedHalvingGridSearchCV(SCALED, GRID, cv=2),
        make_pipeline(StandardScaler(), StackedGridSearchCV(NETWORK, {"alpha": [1.0]}, cv=2)),
    ],
)
def test_searches_are_looked_into(search: Any) -> None:
    report = diagnose(search.fit(X, LABELS), X, LABELS)
    assert type(report) is Diagnosis
    assert report.course.loss < 2


def test_transformed_targets() -> None:
    model = TransformedTargetRegressor(NUMBERS, transformer=StandardScaler()).fit(X, 50 * Y)
    alone = diagnose(model.regressor_, X, (Y - Y.mean()) / Y.std())
    np.testing.assert_allclose(diagnose(model, X, 50 * Y).course.loss, alone.course.loss)


def test_data_frames_of_ensembles() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    for ensemble in (
        BaggingClassifier(SCALED, n_estimators=2, max_features=0.5),
        VotingClassifier([("a", SCALED), ("b", NETWORK)]),
        CommitteeClassifier([SCALED, NETWORK]),
    ):
        assert len(diagnose(ensemble.fit(frame, LABELS), frame, LABELS).members) == 2


def test_samplers_are_passed_over() -> None:
    imblearn = pytest.importorskip("imblearn")
    sampler = imblearn.over_sampling.RandomOverSampler(random_state=0)
    pipeline = imblearn.pipeline.make_pipeline(StandardScaler(), sampler, NETWORK)
    report = diagnose(pipeline.fit(X, LABELS), X, LABELS)
    expected = diagnose(pipeline[-1], StandardScaler().fit_transform(X), LABELS)
    assert report.layers == expected.layers
    search = StackedGridSearchCV(pipeline, GRID, cv=2).fit(X, LABELS)
    assert search.cv_results_["mean_test_score"].tolist() == pytest.approx(
        GridSearchCV(pipeline, GRID, cv=2).fit(X, LABELS).cv_results_["mean_test_score"].tolist()
    )
    assert diagnose(search, X, LABELS).n_rows == 60
    assert len(diagnose(imblearn.pipeline.make_pipeline(sampler, NETWORK), X, LABELS).layers) == 2


def test_members_with_rows_of_their_own_are_refused() -> None:
    with pytest.raises(TypeError, match="pass one of estimators_"):
        diagnose(OneVsOneClassifier(NETWORK).fit(X, LABELS), X, LABELS)
    with pytest.raises(TypeError, match="search or ensemble that holds one"):
        diagnose(VotingClassifier([("b", LogisticRegression())]).fit(X, LABELS), X, LABELS)


def test_curves_of_the_members_of_a_search() -> None:
    search = StackedGridSearchCV(SCALED, GRID, cv=2)
    members = [SCALED, SCALED.set_params(mlpclassifier__alpha=3.0)]
    search.best_estimator_ = CommitteeClassifier(members).fit(X, LABELS)
    display = LossCurveDisplay.from_estimator(search)
    assert len(display.losses) == 2
    display = LossCurveDisplay.from_estimator({"all": search, "one": members[0].fit(X, LABELS)})
    assert list(display.losses) == ["all, estimators_[0]", "all, estimators_[1]", "one"]
    plt.close("all")
