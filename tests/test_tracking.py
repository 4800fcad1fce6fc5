"""What MLflow is told of a search is what its autologging tells of ``GridSearchCV``."""

import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier
from sknn_actloss.model_selection import StackedGridSearchCV, StackedHalvingGridSearchCV
from sknn_actloss.tracking import MLflowCallback

pytestmark = pytest.mark.filterwarnings("default")

X, Y = load_iris(return_X_y=True)
GRID = {
    "mlpclassifier__activation": ["relu", "tanh"],
    "mlpclassifier__learning_rate_init": [0.003, 0.03],
}


def pipeline():
    network = MLPClassifier((5,), learning_rate="linear", max_iter=5, random_state=0)
    return make_pipeline(StandardScaler(), network)


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """Return MLflow, with a store of its own."""
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed (extra integrations)")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db")
    return mlflow


@pytest.fixture
def mlflow(store, request):
    """Return MLflow, with an experiment for each test."""
    store.set_experiment(request.node.name)
    yield store
    assert store.active_run() is None
    store.sklearn.autolog(disable=True)


@pytest.fixture
def callbacks():
    """Skip where scikit-learn has no callbacks."""
    pytest.importorskip("sklearn", "1.9", reason="scikit-learn has no callbacks before 1.9")


def recorded(mlflow):
    """Return the runs without a parent, and those with one, the best first."""
    runs = mlflow.search_runs(output_format="list")
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    ids = {run.info.run_id for run in parents}
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") in ids]
    assert len(parents) + len(children) == len(runs)

    def rank(run):
        return run.data.metrics["rank_test_score"], *(run.data.params[name] for name in GRID)

    return parents, sorted(children, key=rank)


def test_as_autologging_of_grid_search(mlflow, callbacks):
    stacked = StackedGridSearchCV(pipeline(), GRID, cv=3).set_callbacks(MLflowCallback())
    stacked.fit(X, Y)
    (ours,), children = recorded(mlflow)
    mlflow.set_experiment("autologging of scikit-learn's search")
    mlflow.sklearn.autolog(log_models=False, log_datasets=False)
    GridSearchCV(pipeline(), GRID, cv=3).fit(X, Y)
    (theirs,), their_children = recorded(mlflow)
    best = {"best_cv_score": stacked.best_score_}
    assert ours.data.metrics == pytest.approx(best)
    assert theirs.data.metrics.items() >= ours.data.metrics.items()
    assert set(theirs.data.params) <= set(ours.data.params)
    for name, value in stacked.best_params_.items():
        assert ours.data.params[f"best_{name}"] == str(value)
    assert len(children) == len(their_children) == 4
    for child, their_child in zip(children, their_children, strict=True):
        assert set(child.data.metrics) == set(their_child.data.metrics)
        for name in ("mean_test_score", "std_test_score", "rank_test_score"):
            assert child.data.metrics[name] == pytest.approx(their_child.data.metrics[name])
        assert set(child.data.params) == set(their_child.data.params)
        for name in GRID:
            assert child.data.params[name] == their_child.data.params[name]


def test_with_autologging_one_run_has_both(mlflow, callbacks):
    mlflow.sklearn.autolog(log_models=False, log_datasets=False)
    StackedGridSearchCV(pipeline(), GRID, cv=3).set_callbacks(MLflowCallback()).fit(X, Y)
    (run,), children = recorded(mlflow)
    assert {"best_cv_score", "training_accuracy_score"} <= set(run.data.metrics)
    assert len(children) == 4


@pytest.mark.parametrize(("limit", "n_children"), [(1, 1), (3, 3), (None, 4)])
def test_best_candidates_have_child_runs(mlflow, limit, n_children):
    search = GridSearchCV(pipeline(), GRID, cv=3).fit(X, Y)
    MLflowCallback(limit).log(search)
    (run,), children = recorded(mlflow)
    assert [child.data.metrics["rank_test_score"] for child in children] == sorted(
        search.cv_results_["rank_test_score"]
    )[:n_children]
    client = mlflow.MlflowClient()
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["cv_results.csv"]


def test_halving_in_an_active_run(mlflow, callbacks):
    with mlflow.start_run(run_name="mine"):
        search = StackedHalvingGridSearchCV(pipeline(), GRID, cv=3, min_resources=2)
        search.set_callbacks(MLflowCallback(None)).fit(X, Y)
    (run,), children = recorded(mlflow)
    assert run.info.run_name == "mine"
    assert run.data.metrics["best_cv_score"] == pytest.approx(search.best_score_)
    assert len(children) == len(search.cv_results_["params"])


def test_several_metrics_without_a_fit_of_the_best(mlflow):
    scoring = ["accuracy", "neg_log_loss"]
    search = GridSearchCV(pipeline(), GRID, cv=3, scoring=scoring, refit=False).fit(X, Y)
    MLflowCallback(2).log(search)
    parents = [
        run
        for run in mlflow.search_runs(output_format="list")
        if "mlflow.parentRunId" not in run.data.tags
    ]
    assert [run.data.metrics for run in parents] == [{}]


def test_a_search_that_fails_is_marked(mlflow, callbacks):
    search = StackedGridSearchCV(pipeline(), {"mlpclassifier__alpha": [-1.0]}, cv=3)
    with pytest.raises(ValueError, match="alpha"):
        search.set_callbacks(MLflowCallback()).fit(X, Y)
    (run,), children = recorded(mlflow)
    assert run.info.status == "FAILED"
    assert children == []


def test_long_values_are_cut(mlflow):
    grid = {"mlpclassifier__learning_rate_init": [0.001 * k for k in range(1, 80)]}
    grid["mlpclassifier__activation"] = ["relu"]
    search = StackedGridSearchCV(pipeline(), grid, cv=2).fit(X, Y)
    MLflowCallback().log(search)
    (run,), _ = recorded(mlflow)
    assert len(str(grid)) > 500
    assert run.data.params["param_grid"] == str(grid)[:500]


@pytest.mark.parametrize("limit", [0, -1, 2.5, "all"])
def test_senseless_limits_are_refused(limit):
    with pytest.raises(ValueError, match="'max_tuning_runs' parameter of MLflowCallback"):
        MLflowCallback(limit).setup(StackedGridSearchCV(pipeline(), GRID), None)


def test_a_single_fit_is_refused():
    with pytest.raises(TypeError, match=r"logs searches.*got MLPClassifier"):
        MLflowCallback().setup(MLPClassifier(), None)
