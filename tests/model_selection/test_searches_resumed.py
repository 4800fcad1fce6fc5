"""Searches that are stopped at any moment and resumed, to the results of one that ran through."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import sknn_actloss
from sknn_actloss import Checkpoint, CheckpointError, MLPClassifier, MLPRegressor
from sknn_actloss.estimators import JointFit
from sknn_actloss.model_selection import (
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    StackedRandomizedSearchCV,
)
from sknn_actloss.model_selection._pipeline import fitted_network
from sknn_actloss.persistence import archive
from sknn_actloss.training import Run

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning"),
    pytest.mark.filterwarnings("ignore:One or more of the t"),
]

X = np.random.default_rng(0).standard_normal((60, 3))
Y = X[:, 0] + 0.1 * X[:, 1]
LABELS = np.array(["no", "yes"])[(Y > 0).astype(int)]
BASE = {"hidden_layer_sizes": (4,), "max_iter": 6, "batch_size": 20, "random_state": 0}
NETWORK = MLPClassifier(**BASE)
GRID = {"alpha": [1e-3, 1.0], "activation": ["relu", "tanh"], "hidden_layer_sizes": [(4,), (3,)]}
SCRIPT = Path(__file__).parents[1] / "estimators" / "fits_with_kills.py"


class StopError(CheckpointError):
    """Ends a search where something is to be written."""


def grid(**parameters: Any) -> StackedGridSearchCV:
    return StackedGridSearchCV(NETWORK, GRID, cv=2, **parameters)


def small(**parameters: Any) -> StackedGridSearchCV:
    network = MLPClassifier(**BASE | {"max_iter": 3})
    return StackedGridSearchCV(network, {"alpha": [1e-3, 1.0]}, cv=2, **parameters)


def stopped(folder: Path, *data: Any) -> StackedGridSearchCV:
    """Return a small search that was stopped in its second fold."""
    search = small(checkpoint=Checkpoint(folder))
    with stopping(counting_writes(6)):
        search.fit(*data)
    return search


def halving(**parameters: Any) -> StackedHalvingGridSearchCV:
    own = {"factor": 2, "min_resources": 2, "cv": 2}
    return StackedHalvingGridSearchCV(NETWORK, GRID, **own | parameters)


def in_pipeline(**parameters: Any) -> StackedHalvingGridSearchCV:
    named = {
        "mlpclassifier__solver": ["adam", "lbfgs"],
        "mlpclassifier__alpha": [1e-3, 1.0],
        "standardscaler__with_mean": [True, False],
    }
    own = {"factor": 2, "min_resources": 2, "cv": 2}
    return StackedHalvingGridSearchCV(
        make_pipeline(StandardScaler(), NETWORK), named, **own | parameters
    )


def at_random(**parameters: Any) -> StackedRandomizedSearchCV:
    """Return a search whose candidates, folds and networks come from NumPy's global stream."""
    drawn = {"alpha": stats.loguniform(1e-4, 1), "n_members": [1, 2], "dropout": [0, 0.2]}
    network = MLPClassifier(**BASE | {"random_state": None, "learning_rate": "cosine"})
    own = {"n_iter": 5, "cv": KFold(2, shuffle=True)}
    return StackedRandomizedSearchCV(network, drawn, **own | parameters)


def halving_at_random(**parameters: Any) -> StackedHalvingRandomSearchCV:
    drawn = {"alpha": stats.loguniform(1e-4, 1), "hidden_layer_sizes": [(3,), (4,)]}
    own = {"n_candidates": 6, "factor": 2, "min_resources": 1, "cv": 2, "random_state": 3}
    return StackedHalvingRandomSearchCV(NETWORK, drawn, **own | parameters)


SEARCHES = {
    "grid": grid,
    "halving": halving,
    "pipeline": in_pipeline,
    "random": at_random,
    "halving random": halving_at_random,
    "committee": lambda **own: grid(committee_size=3, **own),
    "committee of halving": lambda **own: halving(committee_size=3, **own),
}


def fitted(search: Any) -> Any:
    """Fit with NumPy's global stream at a known place."""
    np.random.seed(5)
    return search.fit(X, LABELS)


def weights_of(search: Any) -> list[np.ndarray]:
    """Return the weights of all refitted networks."""
    best = search.best_estimator_
    ends = [fitted_network(one) for one in getattr(best, "estimators_", [best])]
    return [weight for end in ends for weight in (*end.coefs_, *end.intercepts_)]


def assert_same(search: Any, whole: Any) -> None:
    """Compare everything but times, to the last bit."""
    assert set(search.cv_results_) == set(whole.cv_results_)
    for name, values in whole.cv_results_.items():
        if not name.endswith("_time"):
            np.testing.assert_array_equal(search.cv_results_[name], values, err_msg=name)
    assert search.best_params_ == whole.best_params_
    assert search.best_index_ == whole.best_index_
    assert search.best_score_ == whole.best_score_
    for coefs, expected in zip(weights_of(search), weights_of(whole), strict=True):
        np.testing.assert_array_equal(coefs, expected)
    assert repr(search.best_estimator_) == repr(whole.best_estimator_)
    if hasattr(whole, "committee_"):
        np.testing.assert_array_equal(search.committee_.weights, whole.committee_.weights)


def counting_writes(n_writes: int, error: type = StopError) -> Any:
    """Return what writes, and fails after so many files and one more."""
    write = archive.write

    def counting(*arguments: Any) -> None:
        nonlocal n_writes
        write(*arguments)
        n_writes -= 1
        if n_writes < 0:
            raise error

    return counting


@contextmanager
def stopping(write: Any) -> Iterator[None]:
    """Let a search be stopped by what stands in for writing."""
    with pytest.MonkeyPatch.context() as context:
        context.setattr(archive, "write", write)
        with pytest.raises(StopError):
            yield


@pytest.mark.parametrize("name", SEARCHES)
def test_searches_that_are_stopped_again_and_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = SEARCHES[name]
    whole = fitted(make())
    search, n_stops = make(checkpoint=Checkpoint(tmp_path, every_epochs=2)), 0
    for n_writes in (0, 2, 5, 9):
        with monkeypatch.context() as context:
            error = StopError if n_writes % 2 else KeyboardInterrupt
            context.setattr(archive, "write", counting_writes(n_writes, error))
            np.random.seed(n_writes if n_stops else 5)
            try:
                search.fit(X, LABELS)
            except (StopError, KeyboardInterrupt):
                n_stops += 1
                assert list(tmp_path.iterdir())
            else:
                break
    else:
        np.random.seed(99)
        search.set_params(n_jobs=2 if name == "grid" else None).fit(X, LABELS)
    assert n_stops >= 3
    assert_same(search, whole)
    assert list(tmp_path.iterdir()) == []


def test_searches_that_are_killed_end_with_the_same_results(tmp_path: Path) -> None:
    names = ["grid", "committee of halving"]
    jobs, results = tmp_path / "jobs", tmp_path / "results"
    folders = [tmp_path / name for name in names]
    searches = [
        SEARCHES[name](checkpoint=Checkpoint(folder))
        for name, folder in zip(names, folders, strict=True)
    ]
    jobs.write_bytes(
        pickle.dumps(
            [
                ([search, X, LABELS], str(folder))
                for search, folder in zip(searches, folders, strict=True)
            ]
        )
    )
    paths = os.pathsep.join([str(Path(sknn_actloss.__file__).parents[1]), *sys.path])
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": paths}
    command = [sys.executable, SCRIPT, jobs, results]
    subprocess.run(command, check=True, timeout=300, env=environment)
    found = pickle.loads(results.read_bytes())
    for name, own in zip(names, found, strict=True):
        assert_same(own["fitted"], fitted(SEARCHES[name]()))
        assert own["left"] == []
    assert sum(own["kills"] for own in found) >= 10
    assert sum(own["resumable"] for own in found) >= 8


@pytest.mark.parametrize("stop", [1, 5, 8, 13, 16])
def test_scores_that_are_known_are_not_computed_again(stop: int, tmp_path: Path) -> None:
    n_calls = 0

    def scorer(estimator: Any, X: Any, y: Any) -> float:
        nonlocal n_calls
        n_calls += 1
        if n_calls == stop:
            raise KeyboardInterrupt
        return estimator.score(X, y)

    search = grid(scoring=scorer, checkpoint=Checkpoint(tmp_path))
    with pytest.raises(KeyboardInterrupt, match="goes on"):
        search.fit(X, LABELS)
    assert np.isfinite(search.cv_results_["split0_test_score"]).sum() <= stop
    search.fit(X, LABELS)
    assert n_calls == 16 + 1
    assert_same(search, grid().fit(X, LABELS))


def test_epochs_are_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs, train = [], Run.train

    def counting(self: Run, observer: Any = None, n_epochs: int | None = None) -> Any:
        before = self.n_epochs
        result = train(self, observer, n_epochs)
        epochs.append(self.n_epochs - before)
        return result

    monkeypatch.setattr(Run, "train", counting)
    search = grid(refit=False)
    search.fit(X, LABELS)
    n_epochs = sum(epochs)
    epochs.clear()
    search.set_params(checkpoint=Checkpoint(tmp_path))
    with stopping(counting_writes(12)):
        search.fit(X, LABELS)
    search.fit(X, LABELS)
    assert sum(epochs) == n_epochs


def test_the_refit_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for make in (halving, SEARCHES["committee"]):
        whole = make().fit(X, LABELS)
        search = make(checkpoint=Checkpoint(tmp_path))
        write = archive.write

        def in_the_refit(path: Path, *own: Any, write: Any = write) -> None:
            write(path, *own)
            if path.name.startswith("MLPClassifier") or "refit" in path.name:
                raise StopError

        with stopping(in_the_refit):
            search.fit(X, LABELS)
        with monkeypatch.context() as context:
            context.setattr(JointFit, "_train_stack", None)  # nothing but the refit is left
            if make is halving:
                assert_same(search.fit(X, LABELS), whole)
        assert_same(search.fit(X, LABELS), whole)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.set_params(scoring="neg_log_loss"),
        lambda s: s.set_params(cv=KFold(2, shuffle=True, random_state=1)),
        lambda s: s.set_params(cv=iter([(np.arange(30), np.arange(30, 60))] * 2)),
        lambda s: s.set_params(param_grid={"alpha": [1e-3, 2.0]}),
        lambda s: s.set_params(estimator__tol=0.5),
        lambda s: s.set_params(return_train_score=True),
        lambda s: s.set_params(error_score=0.0),
        lambda s: s.set_params(committee_size=2),
        lambda s: halving(checkpoint=s.checkpoint),
        lambda s: s.set_params(
            estimator=make_pipeline(FrozenEstimator(StandardScaler().fit(X)), NETWORK),
            param_grid={"mlpclassifier__alpha": [1e-3, 1.0]},
        ),
    ],
)
def test_other_searches_keep_to_files_of_their_own(change: Any, tmp_path: Path) -> None:
    search = stopped(tmp_path, X, LABELS)
    before = sorted(tmp_path.iterdir())
    other = change(copy.deepcopy(search))
    without = copy.deepcopy(other).set_params(checkpoint=None)
    assert_same(other.fit(X, LABELS), without.fit(X, LABELS))
    assert sorted(tmp_path.iterdir()) == before
    assert_same(search.fit(X, LABELS), small().fit(X, LABELS))


def test_other_data_have_files_of_their_own(tmp_path: Path) -> None:
    stopped(tmp_path, X, LABELS)
    before = sorted(tmp_path.iterdir())
    weight = np.linspace(1, 2, len(X))
    for data, further in (
        ((X + 1, LABELS), {}),
        ((X, LABELS[::-1]), {}),
        ((X, LABELS), {"sample_weight": weight}),
    ):
        whole = small().fit(*data, **further)
        assert_same(small(checkpoint=Checkpoint(tmp_path)).fit(*data, **further), whole)
        assert sorted(tmp_path.iterdir()) == before


def test_tables_are_told_apart(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    search = stopped(tmp_path, frame, LABELS)
    before = sorted(tmp_path.iterdir())
    small(checkpoint=Checkpoint(tmp_path)).fit(frame[["c", "b", "a"]], LABELS)
    assert sorted(tmp_path.iterdir()) == before
    assert_same(search.fit(frame.copy(), LABELS), small().fit(frame, LABELS))
    assert list(tmp_path.iterdir()) == []


WRONG = [-1, 2.5, "x", [], {"a": 1}, [None], [({}, None)], np.zeros(3)]


@pytest.mark.parametrize("kind", ["start", "plan", "state", "done"])
def test_forged_and_damaged_files_are_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search, written = halving(checkpoint=Checkpoint(tmp_path)), {}
    write = archive.write

    def noting(path: Path, key: str, content: Any) -> None:
        written[path] = key, copy.deepcopy(content)
        write(path, key, content)
        if len(written) == 12:
            raise StopError

    with stopping(noting):
        search.fit(X, LABELS)
    path = [path for path in written if f"-{kind}-" in path.name and path.exists()][-1]
    key, content = written[path]
    forged = [wrong for wrong in WRONG if kind != "done" or not isinstance(wrong, list) or wrong]
    if kind == "state":
        forged += [content | {name: wrong} for name in content for wrong in (None, "x", [0, 99])]
        forged += [{name: content[name] for name in content if name != "runs"}]
    if kind == "plan":
        forged += [content[1:], [*content, content[0]], [(0, []), *content]]
    if kind == "done":
        forged += [[(content[0][0] | {"test_scores": "1"}, None)], [*content, content[0]]]
    for wrong in forged:
        archive.write(path, key, wrong)
        with pytest.raises(CheckpointError, match="Delete the file"):
            search.fit(X, LABELS)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CheckpointError, match="Delete the file"):
        search.fit(X, LABELS)
    path.unlink()
    path.mkdir()
    with pytest.raises(CheckpointError, match="is a folder"):
        search.fit(X, LABELS)
    path.rmdir()
    assert_same(search.fit(X, LABELS), halving().fit(X, LABELS))


def test_without_resume_a_search_starts_anew(tmp_path: Path) -> None:
    search = stopped(tmp_path, X, LABELS)
    for path in tmp_path.iterdir():
        path.write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match="damaged"):
        search.fit(X, LABELS)
    search.set_params(checkpoint=Checkpoint(tmp_path, resume=False)).fit(X, LABELS)
    assert list(tmp_path.iterdir()) == []


def test_single_failures_stay_single(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def falls(step: int) -> float:
        return 1 - step / 4

    def make(**parameters: Any) -> StackedHalvingGridSearchCV:
        rates = {"learning_rate": ["constant", falls, "linear"], "alpha": [0.0, 1.0]}
        network = MLPRegressor(**BASE)
        own = {"cv": 2, "factor": 2, "min_resources": 3, "refit": False}
        return StackedHalvingGridSearchCV(network, rates, **own | parameters)

    whole = make().fit(X, Y)
    assert np.isnan(whole.cv_results_["mean_test_score"]).any()
    search = make(checkpoint=Checkpoint(tmp_path))
    for n_writes in (6, 9):
        with stopping(counting_writes(n_writes)):
            search.fit(X, Y)
    search.fit(X, Y)
    for name in ("split0_test_score", "split1_test_score", "n_resources"):
        np.testing.assert_array_equal(search.cv_results_[name], whole.cv_results_[name])


def test_what_cannot_be_told_apart_is_refused(tmp_path: Path) -> None:
    search = StackedGridSearchCV(
        make_pipeline(FunctionTransformer(kw_args={"a": (i for i in range(3))}), NETWORK),
        {"mlpclassifier__alpha": [1.0]},
        checkpoint=Checkpoint(tmp_path),
    )
    with pytest.raises(CheckpointError, match="told apart"):
        search.fit(X, LABELS)


def test_a_full_disk_ends_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    for search in (small(checkpoint=Checkpoint(tmp_path)), stopped(tmp_path, X, LABELS)):
        with monkeypatch.context() as context:
            context.setattr("os.fsync", full)
            with pytest.raises(CheckpointError, match="No space left"):
                search.fit(X, LABELS)
    assert_same(search.fit(X, LABELS), small().fit(X, LABELS))
