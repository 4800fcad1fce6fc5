"""scikit-learn's callbacks: one subtask for each epoch, and a way to stop."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9 has no callbacks")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)


class Recorder:
    """Remembers tasks, and stops the fit after some epochs."""

    def __init__(self, n_epochs=None):
        self.n_epochs = n_epochs
        self.scores, self.tasks = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.tasks.append(context.task_name)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        if context.task_name != "epoch":
            return False
        self.scores.append(fitted_estimator.score(X, y))
        return len(self.scores) == self.n_epochs


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_each_epoch_is_a_task_with_a_model_ready_to_predict(estimator, solver):
    recorder = Recorder()
    model = estimator(5, solver=solver, max_iter=6, random_state=0).set_callbacks(recorder)
    model.fit(X, Y)
    assert recorder.tasks == ["fit"] + ["epoch"] * 6
    assert len(recorder.scores) == model.n_iter_ == 6
    assert recorder.scores[-1] == pytest.approx(model.score(X, Y))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_stops_the_fit(solver):
    model = MLPClassifier(5, solver=solver, random_state=0).set_callbacks(Recorder(3)).fit(X, Y)
    assert model.n_iter_ == 3
    assert len(model.loss_curve_) == 3


def test_early_stopping_and_data_frames():
    recorder = Recorder()
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = MLPClassifier(5, early_stopping=True, max_iter=4, random_state=0)
    model.set_callbacks(recorder).fit(frame, Y)
    assert len(recorder.scores) == 4


def monitored(estimator, monitor):
    estimator.fit(X, Y)
    return monitor.get_logs().data


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scoring_monitor(solver):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = MLPClassifier(5, solver=solver, max_iter=4, random_state=0).set_callbacks(monitor)
    rows = monitored(model, monitor)
    epochs = [row for row in rows if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in epochs] == [0, 1, 2, 3]
    assert epochs[-1]["accuracy"] == model.score(X, Y)
    assert monitored(make_pipeline(StandardScaler(), model), monitor)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_scoring_monitor_in_a_grid_search(n_jobs):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = MLPClassifier(5, max_iter=3, random_state=0).set_callbacks(monitor)
    search = GridSearchCV(model, {"loss": ["log_loss", "hinge"]}, cv=2, n_jobs=n_jobs)
    rows = monitored(search, monitor)
    assert sum(row["task_name"] == "epoch" for row in rows) == (2 * 2 + 1) * 3


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2),
        lambda model: GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2, n_jobs=2),
    ],
    ids=["bare", "pipeline", "search", "parallel search"],
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_progress_bar(wrap, solver, capfd):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar needs rich")
    model = wrap(MLPClassifier(5, solver=solver, max_iter=3, random_state=0))
    model.set_callbacks(callback.ProgressBar()).fit(X, Y)
    assert capfd.readouterr().out


def test_callbacks_change_no_number():
    plain = MLPClassifier(5, max_iter=4, random_state=0).fit(X, Y)
    watched = MLPClassifier(5, max_iter=4, random_state=0).set_callbacks(Recorder()).fit(X, Y)
    np.testing.assert_array_equal(plain.coefs_[0], watched.coefs_[0])
