"""The component that says where and how often a training is saved."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

import sknn_actloss
from sknn_actloss.persistence import Checkpoint, CheckpointError, checkpoint


def test_it_is_exported():
    assert sknn_actloss.Checkpoint is Checkpoint


def test_a_component_like_the_others(tmp_path):
    original = Checkpoint(tmp_path, every_epochs=3, resume=False)
    copies = clone(original), pickle.loads(pickle.dumps(original))
    assert copies == (original, original)
    expected = {"folder": tmp_path, "every_epochs": 3, "every_seconds": None, "resume": False}
    assert original.get_params() == expected
    assert original.set_params(every_seconds=5.0).every_seconds == 5.0
    assert repr(Checkpoint("runs")).startswith("Checkpoint(folder='runs', every_epochs=1")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"folder": 3}, "'folder' parameter of Checkpoint"),
        ({"every_epochs": 0}, "'every_epochs' parameter of Checkpoint"),
        ({"every_epochs": 1.5}, "'every_epochs' parameter of Checkpoint"),
        ({"every_seconds": 0}, "'every_seconds' parameter of Checkpoint"),
        ({"every_seconds": np.nan}, "'every_seconds' parameter of Checkpoint"),
        ({"resume": 1.5}, "'resume' parameter of Checkpoint"),
        ({"every_epochs": None}, "every_epochs=None and every_seconds=None; give one of them"),
    ],
)
def test_fields_out_of_range(fields, message):
    with pytest.raises(ValueError, match=message):
        Checkpoint(**{"folder": "folder"} | fields).validate()


def test_the_folder_is_made(tmp_path):
    folder = tmp_path / "a" / "b"
    Checkpoint(str(folder)).prepare()
    assert folder.is_dir()
    Checkpoint(folder).prepare()
    assert list(folder.iterdir()) == []


def test_a_file_is_no_folder(tmp_path):
    path = tmp_path / "file"
    path.touch()
    for folder in (path, path / "inside"):
        with pytest.raises(CheckpointError, match=f"folder={re.escape(repr(str(folder)))} must be"):
            Checkpoint(folder).prepare()


def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch):
    def denied(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checkpoint.tempfile, "TemporaryFile", denied)
    with pytest.raises(CheckpointError, match=r"or be made: .*Permission denied"):
        Checkpoint(tmp_path).prepare()


class Clock:
    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(checkpoint, "time", Clock())
    return checkpoint.time


@pytest.mark.parametrize(
    ("every", "stride", "expected"),
    [
        ((1, None), 1, [1, 1, 1, 1, 1, 1]),
        ((3, None), 3, [1, 1, 1, 1, 1, 1]),
        ((None, 2.5), 1, [0, 0, 1, 0, 0, 1]),
        ((2, 100.0), 1, [0, 1, 0, 1, 0, 1]),
        ((3, 2.0), 1, [0, 1, 0, 1, 0, 1]),
    ],
)
def test_when_either_period_is_over_it_is_time_to_save(tmp_path, clock, every, stride, expected):
    file = Checkpoint(tmp_path, *every).file("name", "key")
    assert file.stride == stride
    found = []
    for _ in expected:
        clock.now += 1
        found.append(file.is_due(file.stride))
        if found[-1]:
            file.save(None)
    assert found == [bool(due) for due in expected]


def test_files_are_told_apart_by_name_and_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = Checkpoint(".").file("MLPClassifier", "1" * 64)
    second = Checkpoint(".").file("MLPClassifier", "2" * 64)
    assert first.path == Path.cwd() / f"MLPClassifier-{'1' * 32}.npz"
    first.save({"a": 1})
    assert first.load() == {"a": 1}
    assert second.load() is None
    first.remove()
    assert first.load() is None


def test_without_resume_nothing_is_read(tmp_path):
    fresh = Checkpoint(tmp_path, resume=False).file("name", "key")
    fresh.save(1)
    assert fresh.load() is None
    assert Checkpoint(tmp_path).file("name", "key").load() == 1
    fresh.path.write_bytes(b"damaged")
    assert fresh.load() is None


def test_a_file_under_the_name_of_another_is_refused(tmp_path):
    file = Checkpoint(tmp_path).file("name", "a" * 40)
    file.save(1)
    with pytest.raises(CheckpointError, match="belongs to other parameters or data"):
        Checkpoint(tmp_path).file("name", "a" * 39 + "b").load()
