"""What a search tells while it runs, and what Ctrl-C leaves behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_validate

from sknn_actloss import MLPClassifier
from sknn_actloss.model_selection import (
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    _progress,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
GRID = {"activation": ["relu", "tanh"], "learning_rate_init": [0.003, 0.01, 0.1]}
CLASSIFIER = MLPClassifier((6,), max_iter=8, batch_size=30, random_state=0)


def search(**options: Any) -> StackedGridSearchCV:
    return StackedGridSearchCV(CLASSIFIER, GRID, **{"cv": 3} | options)


def test_silent_by_default(capsys: pytest.CaptureFixture) -> None:
    search().fit(X, Y)
    assert capsys.readouterr().out == ""


def test_verbose(capsys: pytest.CaptureFixture) -> None:
    fitted = search(verbose=1).fit(X, Y)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "Fitting 3 folds for each of 6 candidates, totalling 18 fits, in 3 stacks"
    assert len(lines) == 3
    assert re.fullmatch(
        r"\[stack 1/3\] done, split 1/3, 6 candidates, "
        r"best mean test score \d\.\d{4} \(1 of 3 splits\)",
        lines[0],
    )
    assert lines[2].endswith(f"best mean test score {fitted.best_score_:.4f}")


def test_verbose_epochs(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "PRINT_SECONDS", -1)
    search(verbose=1).fit(X, Y)
    epochs = [line for line in capsys.readouterr().out.splitlines() if "epoch" in line]
    assert len(epochs) == 3 * 8
    assert epochs[0] == "[stack 1/3] epoch 1/8, 6 networks"


@pytest.mark.parametrize(("verbose", "has_scores"), [(2, False), (3, True)])
def test_verbose_fits(capsys: pytest.CaptureFixture, verbose: int, has_scores: bool) -> None:
    search(verbose=verbose).fit(X, Y)
    lines = [line for line in capsys.readouterr().out.splitlines() if "[CV" in line]
    assert len(lines) == 18
    start = "[CV 1/3] END activation=relu, learning_rate_init=0.003;"
    assert any(line.startswith(start) and "total time=" in line for line in lines)
    assert all(("score=" in line) == has_scores for line in lines)


class Recorder:
    """Remembers the tasks of a search that begin and end, and stops stacks after some epochs."""

    def __init__(self, n_epochs: int | None = None) -> None:
        self.n_epochs = n_epochs
        self.begun: list[str] = []
        self.ended: list[str] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.begun.append("setup")

    def teardown(self, estimator: Any, context: Any) -> None:
        self.ended.append("setup")

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        self.ended.append(context.task_name)
        return context.task_name == "stack-epoch" and context.task_id + 1 == self.n_epochs


@pytest.fixture
def _callbacks() -> None:
    pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9 has no callbacks")


@pytest.mark.usefixtures("_callbacks")
@pytest.mark.parametrize("kind", [StackedGridSearchCV, StackedHalvingGridSearchCV])
def test_callbacks_are_told_of_stacks_and_epochs(kind: Any) -> None:
    recorder = Recorder()
    kind(CLASSIFIER, GRID, cv=3).set_callbacks(recorder).fit(X, Y)
    assert sorted(recorder.begun) == sorted(recorder.ended)
    assert recorder.begun[0] == recorder.ended[-1] == "setup"
    n_stages = 1 if kind is StackedGridSearchCV else 2
    assert recorder.begun.count("stack") == 3 * n_stages
    assert recorder.begun.count("stack-epoch") == 3 * (8 if n_stages == 1 else 6)
    assert recorder.begun.count("refit-with-best-params") == 1
    assert any(name.startswith("best mean test score") for name in recorder.begun)


@pytest.mark.usefixtures("_callbacks")
def test_a_callback_stops_the_stacks() -> None:
    stopped = search(refit=False).set_callbacks(Recorder(3)).fit(X, Y)
    short = StackedGridSearchCV(CLASSIFIER.set_params(max_iter=3), GRID, cv=3, refit=False)
    short.fit(X, Y)
    CLASSIFIER.set_params(max_iter=8)
    for name, values in short.cv_results_.items():
        if "score" in name and "time" not in name:
            np.testing.assert_array_equal(stopped.cv_results_[name], values)


@pytest.mark.usefixtures("_callbacks")
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("kind", [StackedGridSearchCV, StackedHalvingGridSearchCV])
def test_progress_bar(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, kind: Any, n_jobs: int
) -> None:
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    from sklearn.callback import ProgressBar

    kind(CLASSIFIER, GRID, cv=3, n_jobs=n_jobs).set_callbacks(ProgressBar()).fit(X, Y)
    out = capsys.readouterr().out
    assert "best mean test score" in out
    assert "stack #0" in out


@pytest.mark.usefixtures("_callbacks")
def test_candidates_that_cannot_share_a_stack_after_all() -> None:
    # The progress of a stack has room for the epochs of one; nothing breaks where there are more.
    grid = {"class_weight": [{0: 1.0, 1: 1.0, 2: 2.0}], "loss": ["log_loss", "hinge"]}
    recorder = Recorder()
    StackedGridSearchCV(CLASSIFIER, grid, cv=2).set_callbacks(recorder).fit(X, Y)
    assert sorted(recorder.begun) == sorted(recorder.ended)


@pytest.mark.usefixtures("_callbacks")
def test_a_search_within_a_meta_estimator_with_callbacks() -> None:
    recorder = Recorder()
    outer = search().set_callbacks(recorder)
    cross_validate(outer, X, Y, cv=2)
    assert sorted(recorder.begun) == sorted(recorder.ended)


class Interrupting:
    """Scores until Ctrl-C, which comes at some call."""

    def __init__(self, call: int) -> None:
        self.calls: Iterator[int] = iter(range(1, call))

    def __call__(self, estimator: Any, X: Any, y: Any) -> Any:
        if next(self.calls, None) is None:
            raise KeyboardInterrupt
        return self.result(estimator.score(X, y))

    def result(self, score: float) -> Any:
        return score


class InterruptingDict(Interrupting):
    def result(self, score: float) -> Any:
        return {"a": score, "b": -score}


def test_ctrl_c_keeps_what_is_known() -> None:
    interrupted, whole = search(scoring=Interrupting(9)), search().fit(X, Y)
    with pytest.raises(KeyboardInterrupt, match="6 of 18 fits were done"):
        interrupted.fit(X, Y)
    results = interrupted.cv_results_
    assert results.keys() == whole.cv_results_.keys()
    expected = whole.cv_results_["split0_test_score"]
    np.testing.assert_array_equal(results["split0_test_score"], expected)
    for name in ("split1_test_score", "split2_test_score", "mean_test_score", "mean_fit_time"):
        assert np.isnan(results[name]).all()
    assert results["params"] == whole.cv_results_["params"]
    assert not hasattr(interrupted, "best_estimator_")


def test_ctrl_c_before_anything_is_known() -> None:
    interrupted = search(scoring=Interrupting(1))
    with pytest.raises(KeyboardInterrupt, match="0 of 18 fits were done"):
        interrupted.fit(X, Y)
    assert np.isnan(interrupted.cv_results_["mean_test_score"]).all()


def test_ctrl_c_with_several_metrics() -> None:
    interrupted = search(scoring=InterruptingDict(14), refit="a")
    with pytest.raises(KeyboardInterrupt, match="12 of 18 fits were done"):
        interrupted.fit(X, Y)
    results = interrupted.cv_results_
    np.testing.assert_array_equal(results["split1_test_a"], -results["split1_test_b"])
    assert np.isnan(results["split2_test_a"]).all()


def test_ctrl_c_in_a_later_iteration_of_halving() -> None:
    interrupted = StackedHalvingGridSearchCV(
        CLASSIFIER, GRID, cv=3, scoring=Interrupting(20), factor=2, return_train_score=False
    )
    with pytest.raises(KeyboardInterrupt, match="18 of 27 fits were done"):
        interrupted.fit(X, Y)
    results = interrupted.cv_results_
    assert np.isfinite(results["mean_test_score"][:6]).all()
    assert np.isnan(results["mean_test_score"][6:]).all()
    assert results["iter"].tolist() == [0] * 6 + [1] * 3


def test_ctrl_c_within_the_training_of_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: Any, stack: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(_progress.StackProgress, "epoch_ends", interrupt)
    interrupted = search()
    with pytest.raises(KeyboardInterrupt, match="0 of 18"):
        interrupted.fit(X, Y)
    assert not hasattr(interrupted, "best_estimator_")


def test_the_best_score_costs_the_same_after_every_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    best_score = _progress.SearchProgress._best_score

    def counting(self: Any, fits: Any) -> Any:
        looked_at.append(len(fits))
        return best_score(self, fits)

    monkeypatch.setattr(_progress.SearchProgress, "_best_score", counting)
    grid = {"random_state": list(range(20))}
    StackedGridSearchCV(CLASSIFIER, grid, cv=2, refit=False, verbose=1).fit(X, Y)
    assert looked_at == [1] * 40
