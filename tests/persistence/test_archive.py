"""Archives of plain data: exact, atomic, and refused where they are not as they were written."""

from __future__ import annotations

import builtins
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_actloss.persistence import CheckpointError, archive
from sknn_actloss.persistence.archive import read, remove, write

CONTENT = {
    "numbers": [0.1, 1e308 * 1.0, float("inf"), -float("inf"), 1 / 3, 5e-324, -0.0, 3, 1 << 130],
    "nothing": None,
    "truth": [True, False],
    "text": "βñ\n",
    "nested": {"tuple": (1, (2.0, None)), "empty": [[], (), {}]},
    "outcome": "converged",
    "scalars": [np.float32(0.1), np.int64(5), np.bool_(True), np.float64(0.1)],
    "stream": np.random.RandomState(0).get_state(legacy=False),
    "generator": np.random.default_rng(0).bit_generator.state,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.npz"


def test_content_comes_back_with_values_and_types(path):
    write(path, "key", CONTENT)
    assert repr(read(path, "key")) == repr(CONTENT)


@pytest.mark.parametrize(
    "array",
    [
        np.array(1.5),
        np.empty((0, 3)),
        np.array([np.nan, -0.0, np.inf], np.float32),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array([True, False]),
        np.arange(10.0)[::2],
    ],
    ids=str,
)
def test_arrays_come_back_with_their_bits(path, array):
    write(path, "key", {"array": array})
    found = read(path, "key")["array"]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable


def test_equal_arrays_are_stored_once_and_come_back_apart(path):
    write(path, "key", [np.zeros(10_000), np.zeros(10_000)])
    assert path.stat().st_size < 100_000
    first, second = read(path, "key")
    first += 1
    assert_array_equal(second, 0)


@pytest.mark.parametrize("value", [object(), {1: 2}, {1, 2}, 1j, np.array([None])], ids=type)
def test_what_is_not_plain_is_not_written(path, value):
    with pytest.raises(TypeError):
        write(path, "key", [value])
    assert list(path.parent.iterdir()) == []


def test_a_file_is_replaced(path):
    write(path, "key", 1)
    write(path, "key", 2)
    assert read(path, "key") == 2
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file(path, name, error, monkeypatch):
    def fail(*args):
        raise error("no space left")

    write(path, "key", 1)
    with monkeypatch.context() as context:
        context.setattr(os, name, fail)
        with pytest.raises(error):
            write(path, "key", 2)
    assert read(path, "key") == 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_within_the_zip_file_stays_one(path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    write(path, "key", 1)
    with monkeypatch.context() as context:
        context.setattr(zipfile._ZipWriteFile, "__init__", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write(path, "key", 2)
    assert read(path, "key") == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_read_is_refused(path, monkeypatch):
    def deny(*args, **kwargs):
        raise PermissionError("not allowed")

    write(path, "key", 1)
    monkeypatch.setattr(builtins, "open", deny)
    assert refused(path, r"cannot be read \(not allowed\)")


def test_a_folder_is_no_file(path):
    path.mkdir()
    assert refused(path, "cannot be read")


@pytest.mark.parametrize("content", [{"unknown": 1}, {"array": "none"}, {"dict": 1}, {}], ids=str)
def test_content_of_an_unknown_kind_is_refused(path, content, monkeypatch):
    with monkeypatch.context() as context:
        context.setattr(archive, "_encoded", lambda value, arrays: value)
        write(path, "key", content)
    assert refused(path, "is no checkpoint of sknn_actloss")


@pytest.mark.parametrize("header", [[], 1, {"kind": archive.KIND}], ids=str)
def test_another_header_is_refused(path, header):
    text = json.dumps(header).encode()
    np.savez(path, header=np.frombuffer(text, np.uint8), digest=archive._digest(text))
    assert refused(path, "is damaged or no checkpoint of sknn_actloss")


def test_it_is_on_the_disk_before_it_takes_its_name(path, monkeypatch):
    calls, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append("fsync") or fsync(descriptor))
    monkeypatch.setattr(os, "replace", lambda *paths: calls.append("replace") or replace(*paths))
    write(path, "key", 1)
    assert calls == ["fsync", "replace", "fsync"]


def test_removal_takes_the_leftovers_of_a_kill_along(path):
    write(path, "key", 1)
    leftover, other = path.parent / "file.npz.abc.tmp", path.parent / "other.npz.abc.tmp"
    leftover.touch(), other.touch()
    remove(path)
    assert list(path.parent.iterdir()) == [other]
    remove(path)


def test_a_twin_may_clean_up_while_writing(path, monkeypatch):
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (fsync(descriptor), remove(path)))
    write(path, "key", 1)
    assert list(path.parent.iterdir()) == []


# Refusals


def refused(path, reason, key="key"):
    with pytest.raises(CheckpointError, match=reason) as caught:
        read(path, key)
    message = str(caught.value)
    assert str(path) in message
    assert "Delete the file, or set checkpoint's resume=False" in message
    return True


def test_every_truncation_is_refused(path):
    write(path, "key", {"a": np.arange(5.0), "b": 1})
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        assert refused(path, "is damaged")


def test_a_wrong_bit_is_refused_or_changes_nothing(path):
    content = {"a": np.arange(5.0), "b": 1}
    write(path, "key", content)
    whole, n_refused = path.read_bytes(), 0
    for place in range(0, 8 * len(whole), 61):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(bytes(damaged))
        try:
            assert repr(read(path, "key")) == repr(content)
        except CheckpointError:
            n_refused += 1
    assert n_refused > 50


def rewritten(path, change):
    """Write the entries of a file anew, changed, with sums of the zip format that are right."""
    with np.load(path) as file:
        entries = dict(file)
    change(entries)
    np.savez(path, **entries)


def test_exchanged_arrays_are_refused(path):
    def exchange(entries):
        one, two = [name for name in entries if name not in ("header", "digest")]
        entries[one], entries[two] = entries[two], entries[one]

    write(path, "key", [np.zeros(2), np.ones(2)])
    rewritten(path, exchange)
    assert refused(path, "the digest does not fit an array")


def test_missing_arrays_are_refused(path):
    write(path, "key", np.zeros(2))
    name = next(iter(np.load(path).files[2:]))
    rewritten(path, lambda entries: entries.pop(name))
    assert refused(path, "other arrays than the header says")


def test_a_changed_header_is_refused(path):
    def change(entries):
        text = entries["header"].tobytes().replace(b"0.25", b"0.75")
        entries["header"] = np.frombuffer(text, np.uint8)

    write(path, "key", 0.25)
    rewritten(path, change)
    assert refused(path, "the digest does not fit the header")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("FORMAT", 99, "has format 99 of sknn_actloss .*, and this is format 2"),
        ("__version__", "9.9.9", r"has format 2 of sknn_actloss 9\.9\.9, and this is"),
        ("KIND", "something else", "is damaged or no checkpoint"),
    ],
)
def test_other_formats_are_refused(path, name, value, reason, monkeypatch):
    with monkeypatch.context() as context:
        context.setattr(archive, name, value)
        write(path, "key", 1)
    assert refused(path, reason)


def test_another_key_is_refused(path):
    write(path, "key", 1)
    assert refused(path, "belongs to other parameters or data", key="other")


class Trap:
    """Would act if it were unpickled."""

    def __reduce__(self):
        return (os.abort, ())


def foreign(kind):
    buffer = io.BytesIO()
    if kind == "pickle":
        pickle.dump(Trap(), buffer)
    elif kind == "npy":
        np.save(buffer, np.ones(3))
    elif kind == "npz":
        np.savez(buffer, header=np.ones(3))
    elif kind == "npz with a pickle":
        np.savez(buffer, header=np.array([Trap()]), digest=np.ones(1))
    elif kind == "zip":
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("header", "{}")
    else:
        buffer.write(kind.encode())
    return buffer.getvalue()


@pytest.mark.parametrize(
    "kind", ["pickle", "npy", "npz", "npz with a pickle", "zip", "plain text", ""]
)
def test_foreign_files_are_refused(path, kind):
    path.write_bytes(foreign(kind))
    assert refused(path, "is damaged or no checkpoint of sknn_actloss")
