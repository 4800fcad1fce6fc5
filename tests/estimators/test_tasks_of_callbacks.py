"""What callbacks see of a fit: balanced tasks, finite models, and the data as it was given."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.estimators._attributes import Template
from sknn_actloss.solvers import SOLVERS

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9 has no callbacks")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)


class Events:
    """Remembers the name of each hook and task."""

    def __init__(self):
        self.names = []

    def setup(self, estimator, context):
        self.names.append("setup")

    def teardown(self, estimator, context):
        self.names.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.names.append(f"{context.task_name} begins")

    def on_fit_task_end(self, estimator, context):
        self.names.append(f"{context.task_name} ends")


class Models(Events):
    """Keeps a copy of the model at the beginning and the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.begun, self.ended, self.data = [], [], []

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch":
            self.begun.append(fitted_estimator)

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        if context.task_name == "epoch":
            self.ended.append(fitted_estimator)
        self.data.append((X, y, metadata))


class Stopper(Events):
    """Stops after some epochs."""

    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_fit_task_end(self, estimator, context):
        self.n_epochs -= context.task_name == "epoch"
        return self.n_epochs == 0


def classifier(*callbacks, **parameters):
    parameters = {"max_iter": 5, "random_state": 0} | parameters
    return MLPClassifier(5, **parameters).set_callbacks(*callbacks)


@pytest.mark.parametrize("solver", SOLVERS)
def test_tasks_are_balanced(solver):
    events = Events()
    fitted = classifier(events, solver=solver).fit(X, Y)
    epochs = ["epoch begins", "epoch ends"] * fitted.n_iter_
    assert events.names == ["setup", "fit begins", *epochs, "fit ends", "teardown"]


@pytest.mark.parametrize("parameters", [{"solver": "lbfgs"}, {"n_iter_no_change": 2}], ids=str)
def test_tasks_are_balanced_where_training_converges(parameters):
    events = Events()
    fitted = classifier(events, max_iter=500, tol=0.05, **parameters).fit(X, Y)
    assert fitted.n_iter_ < 500
    assert events.names.count("epoch begins") == events.names.count("epoch ends") == fitted.n_iter_


def test_teardown_follows_an_error():
    events = Events()
    with pytest.raises(ValueError, match="NaN"):
        classifier(events).fit(np.full_like(X, np.nan), Y)
    assert events.names == ["setup", "fit begins", "teardown"]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_models_are_those_at_the_beginning_and_the_end_of_an_epoch(solver):
    models = Models()
    fitted = classifier(models, solver=solver).fit(X, Y)
    for ended, begun in zip(models.ended[:-1], models.begun[1:], strict=True):
        np.testing.assert_array_equal(ended.coefs_[0], begun.coefs_[0])
    np.testing.assert_array_equal(models.ended[-1].predict_proba(X), fitted.predict_proba(X))
    probabilities = [model.predict_proba(X) for model in models.ended]
    assert not np.array_equal(probabilities[0], probabilities[-1])
    shorter = classifier(solver=solver, max_iter=2).fit(X, Y)
    np.testing.assert_allclose(probabilities[1], shorter.predict_proba(X))


def test_models_know_the_names_of_features():
    models = Models()
    frame = pd.DataFrame(X, columns=list("abcd"))
    classifier(models).fit(frame, Y)
    assert models.data[0][0] is frame
    for model in models.begun + models.ended:
        model.predict(frame)
        assert list(model.feature_names_in_) == list("abcd")


def test_callbacks_are_given_data_and_weights_as_fit_was():
    models, weights = Models(), np.linspace(0.5, 1.5, 150)
    classifier(models).fit(X, Y, weights)
    rows, y, metadata = models.data[0]
    assert rows is X
    assert y is Y
    assert metadata["sample_weight"] is weights


def test_models_are_built_only_where_asked_for(monkeypatch):
    built, attributes = [], Template.fitted_attributes
    monkeypatch.setattr(Template, "fitted_attributes", lambda *a: built.append(a) or attributes(*a))
    classifier(Events()).fit(X, Y)
    assert len(built) == 1


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_stopping_is_no_failure_to_converge(solver, recwarn):
    fitted = classifier(Stopper(2), solver=solver, max_iter=100).fit(X, Y)
    assert fitted.n_iter_ == 2
    expected = classifier(solver=solver, max_iter=2).fit(X, Y)
    np.testing.assert_allclose(fitted.predict_proba(X), expected.predict_proba(X))
    assert [warning.category for warning in recwarn] in ([], [ConvergenceWarning])
    recwarn.clear()
    classifier(Stopper(2), solver=solver, max_iter=100).fit(X, Y)
    assert not recwarn.list


def test_stopping_under_early_stopping_keeps_the_best_weights():
    parameters = {"early_stopping": True, "learning_rate_init": 0.5, "solver": "sgd"}
    whole = classifier(max_iter=6, **parameters).fit(X, Y)
    assert np.argmax(whole.validation_scores_) < 5
    stopped = classifier(Stopper(6), max_iter=100, **parameters).fit(X, Y)
    np.testing.assert_array_equal(stopped.coefs_[0], whole.coefs_[0])


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline], ids=["bare", "pipeline"])
def test_a_divergence_reaches_no_callback(wrap):
    def explodes(step):
        return 1.0 if step < 15 else 1e200

    y = Y - Y.mean()
    monitor = callback.ScoringMonitor(scoring="r2")
    model = MLPRegressor(5, "identity", batch_size=30, learning_rate=explodes, random_state=0)
    model.set_callbacks(monitor)
    with pytest.warns(ConvergenceWarning, match="diverged in epoch 4"):
        wrap(model).fit(X, y)
    scores = [row["r2"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 3
    assert np.isfinite(scores).all()
    hopeless = MLPRegressor(5, "identity", learning_rate_init=1e200, batch_size=30)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        hopeless.set_callbacks(callback.ScoringMonitor(scoring="r2")).fit(X, y)


def test_partial_fit_calls_no_callback():
    events = Events()
    classifier(events).partial_fit(X, Y, classes=[0, 1, 2])
    assert events.names == []


@pytest.mark.parametrize(
    "make",
    [callback.ProgressBar, lambda: callback.ScoringMonitor(scoring="accuracy")],
    ids=["progress", "scores"],
)
def test_a_fitted_estimator_is_picklable_as_scikit_learns_are(make, capfd):
    theirs = LogisticRegression().set_callbacks(make()).fit(X, Y)
    assert pickle.loads(pickle.dumps(theirs)).score(X, Y)
    fitted = classifier(make()).fit(X, Y)
    restored = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(restored.predict_proba(X), fitted.predict_proba(X))
    assert restored.fit(X, Y).n_iter_ == 5


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search_collects_the_scores_of_all_fits(solver, n_jobs):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    pipeline = make_pipeline(StandardScaler(), classifier(monitor, solver=solver, max_iter=3))
    grid = {"mlpclassifier__alpha": [0.1, 1.0]}
    GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs).fit(X, Y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 3 * (2 * 2 + 1)
    assert all(0 <= row["accuracy"] <= 1 for row in rows)
