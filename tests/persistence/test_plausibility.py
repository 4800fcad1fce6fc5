"""Forged checkpoints: right digest and key, other contents than a training writes."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from sknn_actloss import Checkpoint, Committee, MLPRegressor
from sknn_actloss.persistence import CheckpointError, archive

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).standard_normal((40, 3))
Y = X[:, 0]
BASE = {"hidden_layer_sizes": 4, "max_iter": 5, "batch_size": 10}
SETTINGS = {
    "plain": {"random_state": 0},
    "rich": {
        "random_state": 0,
        "early_stopping": True,
        "dropout": 0.2,
        "weight_averaging": "ema",
        "learning_rate": "reduce_on_plateau",
        "n_members": 2,
    },
    "folds": {"random_state": 0, "n_members": Committee(2, resample="folds")},
    "global stream": {"normalization": "batch", "solver": "rmsprop"},
}
WRONG = [None, -1, 2.5, "x", [], {"a": 1}, np.zeros(3), np.arange(40) + 5]


class StopError(Exception):
    """Ends a training after its file was written."""


def stopped(monkeypatch, folder, settings):
    """Return estimator, path, key and content of a training that was stopped after two epochs."""
    write, saved = archive.write, []

    def stopping(path, key, content):
        write(path, key, content)
        saved[:] = [path, key, copy.deepcopy(content)]
        if content["members"][0]["course"]["n_epochs"] == 2:
            raise StopError

    model = MLPRegressor(**BASE | settings, checkpoint=Checkpoint(folder))
    with monkeypatch.context() as context:
        context.setattr(archive, "write", stopping)
        with pytest.raises(StopError):
            model.fit(X, Y)
    return model, *saved


def parts(content, at=()):
    """Yield the ways to all parts of nested content."""
    yield at
    if isinstance(content, dict):
        for name, part in content.items():
            yield from parts(part, (*at, name))
    elif isinstance(content, list | tuple):
        for index, part in enumerate(content):
            yield from parts(part, (*at, index))


def changed(content, at, new):
    if not at:
        return new
    first, *rest = at
    if isinstance(content, dict):
        return content | {first: changed(content[first], rest, new)}
    items = list(content)
    items[first] = changed(items[first], rest, new)
    return type(content)(items)


@pytest.mark.parametrize("name", SETTINGS)
def test_forged_parts_are_refused_or_harmless(monkeypatch, tmp_path, name):
    np.random.seed(3)
    model, path, key, content = stopped(monkeypatch, tmp_path, SETTINGS[name])
    n_refused, streams = 0, set()
    ways = list(parts(content))[:: 1 if name == "plain" else 4]
    for index, at in enumerate(ways):
        np.random.seed(3)
        archive.write(path, key, changed(content, at, WRONG[index % len(WRONG)]))
        try:
            model.fit(X, Y)
        except CheckpointError:
            n_refused += 1
            streams.add(np.random.get_state()[1].tobytes())
    # What was drawn for initial weights, and nothing of what was saved.
    assert len(streams) == 1
    assert n_refused > 0.7 * len(ways)


@pytest.mark.parametrize(
    ("at", "wrong", "message"),
    [
        ((), [1], r"the parts cannot be \[1\]"),
        (("members",), [None], "MemberState cannot be None"),
        (("members",), [], "the list of 1 members"),
        (("members", 0, "outcome"), "won", "outcome cannot be 'won'"),
        (("members", 0, "rate", "step"), -1, "LearningRate.step cannot be -1"),
        (("members", 0, "course", "loss_curve"), ["a"], "Course.loss_curve cannot be"),
        (("members", 0, "course", "best"), np.zeros(3), "best cannot be"),
        (("members", 0, "solver"), {"m": 1}, "the entries of solver"),
        (("members", 0, "solver", "m"), np.zeros(3), "solver.'m'. cannot be"),
        (("params",), np.zeros((1, 3)), "params cannot be"),
        (("order",), np.arange(1, 41), "order cannot be"),
        (("rows",), (np.arange(3), None), "rows cannot be"),
        (("stream",), None, "stream cannot be None"),
        (("stream",), {"bit_generator": "MT19937"}, "holds nothing that this training"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(monkeypatch, tmp_path, at, wrong, message):
    model, path, key, content = stopped(monkeypatch, tmp_path, SETTINGS["plain"])
    archive.write(path, key, changed(content, at, wrong))
    with pytest.raises(CheckpointError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("resume", [True, False])
def test_a_folder_in_the_files_place_is_refused(monkeypatch, tmp_path, resume):
    model, path, *_ = stopped(monkeypatch, tmp_path, SETTINGS["plain"])
    path.unlink()
    path.mkdir()
    with pytest.raises(CheckpointError, match="is a folder"):
        model.set_params(checkpoint=Checkpoint(tmp_path, resume=resume)).fit(X, Y)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_while_writing_keeps_what_there_is(monkeypatch, tmp_path):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("zipfile._ZipWriteFile.__init__", interrupt)
    model = MLPRegressor(**BASE, random_state=0, checkpoint=Checkpoint(tmp_path))
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, Y)
    assert model.n_iter_ == 1
