"""A fit that was killed and goes on from its checkpoint ends like one that ran through."""

from __future__ import annotations

import builtins
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sknn_actloss import Checkpoint, MLPClassifier, MLPRegressor
from sknn_actloss.averaging import SWA
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.estimators import JointFit
from sknn_actloss.losses import FunctionLoss, Huber, Quantile
from sknn_actloss.model_selection import StackedGridSearchCV
from sknn_actloss.persistence import CheckpointError, archive, restore, snapshot
from sknn_actloss.persistence.hashing import value_digest
from sknn_actloss.schedules import SCHEDULES, ReduceOnPlateau
from sknn_actloss.solvers import SOLVERS, Adam
from sknn_actloss.training import Batches

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(80, 6, n_informative=4, n_classes=3, random_state=0)
NUMBERS = make_regression(80, 6, noise=2.0, random_state=0)[1]
NUMBERS = NUMBERS / NUMBERS.std()
WEIGHTS = np.random.RandomState(0).uniform(size=80)
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]
BASE = {
    "hidden_layer_sizes": 6,
    "batch_size": 20,
    "tol": 0.0,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}
SCRIPT = Path(__file__).with_name("fits_with_kills.py")


def regressor(max_iter=12, **parameters):
    return MLPRegressor(max_iter=max_iter, **BASE | parameters)


def classifier(max_iter=12, **parameters):
    return MLPClassifier(max_iter=max_iter, **BASE | parameters)


def outcome(estimator):
    """Return all that a fit has left, in hashes of the bits."""
    if hasattr(estimator, "members_"):
        return [outcome(member) for member in estimator.members_]
    names = [name for name in vars(estimator) if name.endswith("_") and name != "_"]
    found = {name: value_digest(getattr(estimator, name)) for name in names}
    found["optimizer"] = value_digest(snapshot(estimator._optimizer))
    found["patience"] = estimator._no_improvement_count
    found["stream"] = value_digest(estimator.random_state)
    return found


class CrashError(Exception):
    pass


class Crashing:
    """Stands in for print and fails in place of a call; a verbose fit has one for each epoch."""

    def __init__(self, n_calls, error=CrashError):
        self.n_calls, self.error = n_calls, error

    def __call__(self, *_):
        self.n_calls -= 1
        if self.n_calls < 0:
            raise self.error


def crash(estimator, *data, n_calls=5, error=CrashError, **arguments):
    """Fit until the line of an epoch is to be printed."""
    verbosity = estimator.verbose
    with pytest.MonkeyPatch.context() as context:
        context.setattr(builtins, "print", Crashing(n_calls, error))
        with pytest.raises(error):
            estimator.set_params(verbose=True).fit(*data, **arguments)
    estimator.set_params(verbose=verbosity)


def saved_in(folder):
    return sorted(folder.iterdir())


def resumes(make, *data, folder, n_calls=5, **arguments):
    """Check that a fit that crashed goes on to where one that ran through comes to."""
    whole = make().fit(*data, **arguments)
    crash(make(checkpoint=Checkpoint(folder)), *data, n_calls=n_calls, **arguments)
    (path,) = saved_in(folder)
    resumed = make(checkpoint=Checkpoint(folder))
    with pytest.MonkeyPatch.context() as context:
        lines = []
        context.setattr(builtins, "print", lines.append)
        resumed.set_params(verbose=True).fit(*data, **arguments)
    assert f"Going on from {path}" in lines
    assert not any(line.startswith("Iteration 1,") for line in lines)
    assert outcome(resumed) == outcome(whole)
    assert saved_in(folder) == []
    return resumed


# Killed for good

KILLED = {
    "defaults": (classifier(80), CLASSES),
    "early stopping": (classifier(80, early_stopping=True, solver="nadam"), CLASSES),
    "instance": (regressor(80, random_state=np.random.RandomState(3)), NUMBERS),
    "plateau": (regressor(80, learning_rate=ReduceOnPlateau(patience=1, threshold=0.1)), NUMBERS),
    "grid": (GridSearchCV(regressor(10), {"alpha": [0.0, 1.0]}, cv=2), NUMBERS),
    "stacked grid": (
        StackedGridSearchCV(
            make_pipeline(StandardScaler(), classifier(10)),
            {"mlpclassifier__activation": ["relu", "tanh"]},
            cv=2,
        ),
        CLASSES,
    ),
}


def with_checkpoint(estimator, checkpoint):
    estimator = clone(estimator)
    name = next(name for name in estimator.get_params() if name.split("__")[-1] == "checkpoint")
    return estimator.set_params(**{name: checkpoint})


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    if not hasattr(os, "fork"):
        pytest.skip("needs os.fork")
    folder = tmp_path_factory.mktemp("killed")
    jobs = []
    for number, (estimator, y) in enumerate(KILLED.values()):
        own = folder / str(number)
        jobs.append(([with_checkpoint(estimator, Checkpoint(own)), X, y], own))
    (folder / "jobs").write_bytes(pickle.dumps(jobs))
    command = [sys.executable, SCRIPT, folder / "jobs", folder / "results"]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(zip(KILLED, pickle.loads((folder / "results").read_bytes()), strict=True))


@pytest.mark.parametrize("name", KILLED)
def test_killed_again_and_again(killed, name):
    estimator, y = KILLED[name]
    report, whole = killed[name], clone(estimator).fit(X, y)
    assert report["kills"] >= 2
    assert report["resumable"] >= 1
    assert report["left"] == []
    fitted = report["fitted"]
    if hasattr(whole, "best_estimator_"):
        for key in ("mean_test_score", "params"):
            assert_array_equal(fitted.cv_results_[key], whole.cv_results_[key])
        fitted, whole = fitted.best_estimator_, whole.best_estimator_
    if hasattr(whole, "steps"):
        fitted, whole = fitted[-1], whole[-1]
    assert outcome(fitted) == outcome(whole)


# Whatever the settings


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_every_solver(tmp_path, solver):
    resumes(lambda **p: regressor(solver=solver, **p), X, NUMBERS, folder=tmp_path)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule(tmp_path, schedule):
    settings = {"solver": "sgd", "learning_rate": schedule, "learning_rate_init": 0.1}
    settings |= {"tol": 1e-2, "n_iter_no_change": 1}
    resumes(lambda **p: classifier(20, **settings | p), X, CLASSES, folder=tmp_path, n_calls=3)


SETTINGS = {
    "shuffle": {"shuffle": False},
    "dtype": {"dtype": "float32"},
    "early stopping": {"early_stopping": True, "learning_rate_init": 0.2},
    "patience": {"early_stopping": True, "learning_rate_init": 0.2, "n_iter_no_change": 2},
    "loss": {"loss": Huber(0.5), "activation": "tanh", "weight_decay": 0.1},
    "plateau": {"learning_rate": ReduceOnPlateau(patience=0, threshold=0.5)},
    "tol": {"tol": 0.05, "n_iter_no_change": 3},
    "linear": {"hidden_layer_sizes": ()},
    "instance": {"random_state": np.random.RandomState(5)},
    "other stream": {
        "random_state": np.random.RandomState(np.random.PCG64(5)),
        "early_stopping": True,
    },
    "dropout": {"dropout": (0.1, 0.3)},
    "falling dropout": {"dropout": FallingDropout(0.3, 0.1)},
    "dropout of another stream": {
        "dropout": 0.2,
        "random_state": np.random.RandomState(np.random.PCG64(5)),
    },
    "rates by fan-in": {"solver": Adam(fan_in_reference=3.0), "feature_scale": True},
    "normalization": {"normalization": "batch", "skip_connections": True},
    "ema": {"weight_averaging": "ema", "normalization": "batch"},
    "swa": {"weight_averaging": SWA(0.5), "l1": 0.01},
    "bounds": {"max_norm": 1.0, "gradient_clip": 0.5},
    "committee with falling dropout": {"n_members": 2, "dropout": FallingDropout(0.3)},
    "committee": {"n_members": 3, "dropout": 0.2, "tol": 0.05, "n_iter_no_change": 2},
    "committee with validation": {"n_members": 2, "early_stopping": True, "monitor": "loss"},
    "monitor": {"early_stopping": True, "monitor": "neg_mean_absolute_error"},
    "restore": {"restore_best": True, "learning_rate_init": 0.3},
    "rate": {"learning_rate_init": "auto", "learning_rate": "cosine"},
    "quantiles": {"loss": Quantile((0.1, 0.5, 0.9))},
    "target_scaling": {"target_scaling": "robust", "early_stopping": True},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(tmp_path, name):
    settings = SETTINGS[name]
    resumes(lambda **p: clone(regressor(**settings | p)), X, NUMBERS, folder=tmp_path)


@pytest.mark.parametrize(
    "rows", [sparse.csr_array(X), X.astype(np.float32), np.asfortranarray(X)], ids=type
)
def test_kinds_of_rows(tmp_path, rows):
    resumes(classifier, rows, CLASSES, folder=tmp_path, sample_weight=WEIGHTS)


def test_several_outputs(tmp_path):
    targets = np.column_stack([NUMBERS, X[:, 0]])
    resumes(regressor, X, targets, folder=tmp_path)


def test_the_random_stream_of_the_user_goes_on(tmp_path):
    stream = np.random.RandomState(7)
    regressor(random_state=stream).fit(X, NUMBERS)
    expected = stream.normal(size=3)

    def interrupted():
        return regressor(random_state=np.random.RandomState(7), checkpoint=Checkpoint(tmp_path))

    crash(interrupted(), X, NUMBERS)
    resumed = interrupted().fit(X, NUMBERS)
    assert_array_equal(resumed.random_state.normal(size=3), expected)


def test_without_a_seed_the_saved_stream_goes_on(tmp_path):
    settings = {"random_state": None, "early_stopping": True, "learning_rate_init": 0.1}
    np.random.seed(1)
    whole = regressor(**settings).fit(X, NUMBERS)
    np.random.seed(1)
    crash(regressor(**settings, checkpoint=Checkpoint(tmp_path)), X, NUMBERS, n_calls=8)
    np.random.seed(2)
    resumed = regressor(**settings, checkpoint=Checkpoint(tmp_path)).fit(X, NUMBERS)
    assert outcome(resumed) == outcome(whole)


def test_what_follows_is_the_same(tmp_path):
    whole = classifier().fit(X, CLASSES)
    resumed = resumes(classifier, X, CLASSES, folder=tmp_path)
    assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
    resumed.set_params(checkpoint=None).partial_fit(X, CLASSES)
    assert outcome(resumed) == outcome(whole.partial_fit(X, CLASSES))


def test_a_divergence_after_a_resumption(tmp_path):
    def explode(step):
        return 1.0 if step < 30 else 1e300

    settings = {"learning_rate": explode, "solver": "sgd", "activation": "identity"}
    resumed = resumes(lambda **p: regressor(**settings | p), X, NUMBERS, folder=tmp_path)
    assert resumed.n_iter_ < 12


def together(n_epochs=None):
    """Return a run of members of which some stop early, and the fit of their estimators."""
    early = {"tol": 1.0, "n_iter_no_change": 2}
    settings = [{}, early, {"learning_rate": "adaptive", "solver": "sgd"}, {"solver": "rmsprop"}]
    networks = JointFit([regressor(**s) for s in settings], X, NUMBERS)
    (run,) = networks._runs
    run.train(n_epochs=n_epochs)
    return run, networks


def test_a_stack_of_members_goes_on(tmp_path):
    whole, expected = together()
    paused, _ = together(6)
    file = Checkpoint(tmp_path).file("stack", "key")
    file.save(snapshot(paused.state()))
    fresh, resumed = together(1)
    fresh.go_to(restore(fresh.state(), file.load()))
    assert [member.state.outcome for member in fresh.members].count("converged") == 1
    for run, networks in ((whole, expected), (fresh, resumed)):
        networks.train()
        assert not run.goes_on
    left = [[outcome(network) for network in fit.estimators] for fit in (resumed, expected)]
    assert left[0] == left[1]


# When it is written, and when it goes


def epochs_saved(folder, monkeypatch, **fields):
    """Return the epochs after which a fit of ten is saved."""
    epochs, write = [], archive.write

    def noting(path, key, content):
        epochs.append(content["members"][0]["course"]["n_epochs"])
        write(path, key, content)

    monkeypatch.setattr(archive, "write", noting)
    regressor(10, checkpoint=Checkpoint(folder, **fields)).fit(X, NUMBERS)
    return epochs


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, list(range(1, 10))),
        ({"every_epochs": 4}, [4, 8]),
        ({"every_epochs": 10}, []),
        ({"every_epochs": None, "every_seconds": 1e6}, []),
        ({"every_epochs": None, "every_seconds": 1e-9}, list(range(1, 10))),
        ({"every_epochs": 3, "every_seconds": 1e6}, [3, 6, 9]),
    ],
)
def test_it_is_written_when_due(tmp_path, monkeypatch, fields, expected):
    assert epochs_saved(tmp_path, monkeypatch, **fields) == expected


@pytest.mark.parametrize(
    "settings", [{}, {"early_stopping": True}, {"learning_rate": "one_cycle"}, {"shuffle": False}]
)
def test_saving_leaves_the_result_as_it_is(tmp_path, settings):
    saving = regressor(checkpoint=Checkpoint(tmp_path / "new"), **settings).fit(X, NUMBERS)
    assert outcome(saving) == outcome(regressor(**settings).fit(X, NUMBERS))
    assert saved_in(tmp_path / "new") == []


def test_a_converged_fit_leaves_no_file(tmp_path):
    fitted = regressor(100, tol=1.0, n_iter_no_change=2, checkpoint=Checkpoint(tmp_path))
    assert fitted.fit(X, NUMBERS).n_iter_ < 100
    assert saved_in(tmp_path) == []


def test_after_a_warning_turned_into_an_error_the_file_stays(tmp_path):
    model = regressor(checkpoint=Checkpoint(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(X, NUMBERS)
    assert len(saved_in(tmp_path)) == 1
    assert outcome(model.fit(X, NUMBERS)) == outcome(regressor().fit(X, NUMBERS))


def test_an_interrupted_fit_keeps_its_weights_and_its_file(tmp_path, monkeypatch):
    whole = regressor().fit(X, NUMBERS)
    model = regressor(checkpoint=Checkpoint(tmp_path), verbose=True)
    with monkeypatch.context() as context:
        context.setattr(builtins, "print", Crashing(5, KeyboardInterrupt))
        with pytest.warns(UserWarning, match="interrupted by user"):
            model.fit(X, NUMBERS)
    assert model.n_iter_ == 6
    assert len(saved_in(tmp_path)) == 1
    model.set_params(verbose=False).fit(X, NUMBERS)
    assert outcome(model) == outcome(whole)


@pytest.mark.parametrize("name", ["replace", "fsync"])
def test_an_interrupt_while_saving_ends_the_fit_as_well(tmp_path, monkeypatch, name):
    model = regressor(checkpoint=Checkpoint(tmp_path, every_epochs=4))
    with monkeypatch.context() as context:
        context.setattr(os, name, Crashing(0, KeyboardInterrupt))
        with pytest.warns(UserWarning, match="interrupted by user"):
            model.fit(X, NUMBERS)
    expected = outcome(regressor(4).fit(X, NUMBERS))
    assert outcome(model) | {"optimizer": None} == expected | {"optimizer": None}
    assert saved_in(tmp_path) == []


def test_an_interrupt_between_epochs_does_so_too(tmp_path, monkeypatch):
    model, init = regressor(checkpoint=Checkpoint(tmp_path)), Batches.__init__
    calls = Crashing(3, KeyboardInterrupt)
    with monkeypatch.context() as context:
        context.setattr(Batches, "__init__", lambda *args: (calls(), init(*args))[1])
        with pytest.warns(UserWarning, match="interrupted by user"):
            model.fit(X, NUMBERS)
    assert model.loss_curve_ == regressor(3).fit(X, NUMBERS).loss_curve_
    assert len(saved_in(tmp_path)) == 1
    assert outcome(model.fit(X, NUMBERS)) == outcome(regressor().fit(X, NUMBERS))


def test_a_full_disk_ends_the_fit_and_leaves_the_file_before(tmp_path, monkeypatch):
    model = regressor(checkpoint=Checkpoint(tmp_path))
    crash(model, X, NUMBERS)
    (path,) = saved_in(tmp_path)
    before = path.read_bytes()
    with monkeypatch.context() as context:
        context.setattr(os, "fsync", Crashing(0, OSError))
        with pytest.raises(CheckpointError, match="cannot be written"):
            model.fit(X, NUMBERS)
    assert saved_in(tmp_path) == [path]
    assert path.read_bytes() == before


def test_without_resume_a_fit_starts_anew(tmp_path):
    crash(regressor(checkpoint=Checkpoint(tmp_path)), X, NUMBERS)
    (path,) = saved_in(tmp_path)
    path.write_bytes(b"damaged")
    model = regressor(checkpoint=Checkpoint(tmp_path, resume=False))
    assert outcome(model.fit(X, NUMBERS)) == outcome(regressor().fit(X, NUMBERS))
    assert saved_in(tmp_path) == []


# Whose file it is


def own(y, p):
    return (p - y) ** 2


def other(y, p):
    return 2 * (p - y) ** 2


CHANGES = {
    "penalty": {"alpha": 0.5},
    "seed": {"random_state": 1},
    "no seed": {"random_state": None},
    "horizon": {"max_iter": 13},
    "function": {"loss": FunctionLoss(own)},
    "other function": {"loss": FunctionLoss(other)},
    "component": {"activation": "tanh"},
}
DATA = {
    "rows": {"X": X + 1e-9},
    "sparse": {"X": sparse.csr_array(X)},
    "targets": {"y": NUMBERS + 1e-9},
    "weights": {"sample_weight": WEIGHTS},
    "fewer": {"X": X[:-1], "y": NUMBERS[:-1]},
}


@pytest.mark.parametrize("name", [*CHANGES, *DATA])
def test_other_parameters_or_data_have_files_of_their_own(tmp_path, name):
    checkpoint, data = Checkpoint(tmp_path), {"X": X, "y": NUMBERS} | DATA.get(name, {})
    crash(regressor(checkpoint=checkpoint), X, NUMBERS)
    before = saved_in(tmp_path)
    fitted = regressor(checkpoint=checkpoint, **CHANGES.get(name, {})).fit(**data)
    assert saved_in(tmp_path) == before
    if name != "no seed":
        expected = clone(fitted).set_params(checkpoint=None).fit(**data)
        assert outcome(fitted) == outcome(expected)


@pytest.mark.parametrize(
    "change",
    [{"verbose": 2}, {"checkpoint__every_epochs": 5}, {"checkpoint__every_seconds": 9.0}],
    ids=str,
)
def test_what_leaves_the_result_alone_may_change(tmp_path, change):
    crash(regressor(checkpoint=Checkpoint(tmp_path)), X, NUMBERS)
    model = regressor(checkpoint=Checkpoint(tmp_path)).set_params(**change)
    assert outcome(model.fit(X, NUMBERS)) == outcome(regressor().fit(X, NUMBERS))
    assert saved_in(tmp_path) == []


def test_a_subclass_has_files_of_its_own(tmp_path):
    class Own(MLPRegressor):
        pass

    crash(regressor(checkpoint=Checkpoint(tmp_path)), X, NUMBERS)
    before = saved_in(tmp_path)
    Own(max_iter=12, checkpoint=Checkpoint(tmp_path), **BASE).fit(X, NUMBERS)
    assert saved_in(tmp_path) == before


def test_a_file_of_other_data_under_the_right_name_is_refused(tmp_path):
    model = regressor(checkpoint=Checkpoint(tmp_path))
    crash(model, X, NUMBERS)
    (first,) = saved_in(tmp_path)
    crash(model, X, NUMBERS + 1)
    (second,) = set(saved_in(tmp_path)) - {first}
    os.replace(second, first)
    with pytest.raises(CheckpointError, match="belongs to other parameters or data"):
        model.fit(X, NUMBERS)
    assert saved_in(tmp_path) == [first]


def test_a_damaged_file_is_refused(tmp_path):
    model = regressor(checkpoint=Checkpoint(tmp_path))
    crash(model, X, NUMBERS)
    (path,) = saved_in(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="is damaged"):
        model.fit(X, NUMBERS)
    assert not hasattr(model, "coefs_")


def test_warm_starts_count_by_where_they_start(tmp_path):
    def started(checkpoint=None):
        model = regressor(warm_start=True).fit(X, NUMBERS)
        return model.set_params(checkpoint=checkpoint)

    checkpoint = Checkpoint(tmp_path)
    whole = started().fit(X, NUMBERS)
    crash(started(checkpoint), X, NUMBERS)
    assert len(saved_in(tmp_path)) == 1
    regressor(warm_start=True, checkpoint=checkpoint).fit(X, NUMBERS)
    assert len(saved_in(tmp_path)) == 1
    resumed = started(checkpoint).fit(X, NUMBERS)
    assert outcome(resumed) == outcome(whole)
    assert resumed.t_ == 2 * 12 * 80
    assert saved_in(tmp_path) == []


def test_candidates_of_a_stack_train_alone_and_do_not_meet(tmp_path):
    grid = {"alpha": [0.0, 1.0], "checkpoint__every_epochs": [2, 5]}
    search = StackedGridSearchCV(regressor(checkpoint=Checkpoint(tmp_path)), grid, cv=2)
    expected = StackedGridSearchCV(regressor(), {"alpha": [0.0, 1.0]}, cv=2).fit(X, NUMBERS)
    scores = search.fit(X, NUMBERS).cv_results_["mean_test_score"]
    assert_array_equal(scores, np.repeat(expected.cv_results_["mean_test_score"], 2))
    assert saved_in(tmp_path) == []


# What does not go together


def test_partial_fit_is_not_there(tmp_path):
    model = regressor(checkpoint=Checkpoint(tmp_path))
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError) as caught:
        model.partial_fit(X, NUMBERS)
    assert "Set checkpoint=None" in str(caught.value.__cause__)


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks(tmp_path):
    settings = {"hidden_layer_sizes": 16, "max_iter": 50, "learning_rate_init": 0.02}
    model = MLPClassifier(**settings, checkpoint=Checkpoint(tmp_path, every_epochs=20))
    results = check_estimator(model, on_fail=None, on_skip=None)
    assert {result["status"] for result in results} <= {"passed", "skipped"}
    assert saved_in(tmp_path) == []


def test_lbfgs_does_not_go_on(tmp_path):
    model = regressor(solver="lbfgs", checkpoint=Checkpoint(tmp_path))
    with pytest.raises(ValueError, match="solver='lbfgs' takes no checkpoint=Checkpoint"):
        model.fit(X, NUMBERS)


def test_the_folder_is_looked_at_before_the_data(tmp_path):
    (tmp_path / "file").touch()
    for checkpoint in (Checkpoint(tmp_path / "file"), Checkpoint(tmp_path, every_epochs=None)):
        with pytest.raises(ValueError, match=r"folder=.*must be a folder|give one of them"):
            regressor(checkpoint=checkpoint).fit("no data", None)


def test_other_types_are_refused(tmp_path):
    with pytest.raises(ValueError, match="'checkpoint' parameter of MLPRegressor"):
        regressor(checkpoint=str(tmp_path)).fit(X, NUMBERS)
    with pytest.raises(ValueError, match="checkpoint=None is neither a name nor a component"):
        regressor().set_params(checkpoint__every_epochs=3)


def test_parameters_that_cannot_be_hashed_are_refused(tmp_path):
    stuck = (number for number in [1])
    model = regressor(checkpoint=Checkpoint(tmp_path), loss=FunctionLoss(_with(own, stuck)))
    with pytest.raises(CheckpointError, match="told apart in another process"):
        model.fit(X, NUMBERS)


def _with(function, attachment):
    def attached(y, p):
        assert attachment is not None
        return function(y, p)

    return attached
