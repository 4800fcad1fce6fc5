"""Files of plain data that are either whole or refused: JSON and arrays, without pickle.

An archive is an uncompressed ``.npz`` file. Its entry ``header`` is JSON, ``digest`` the hash of
that, and every other entry is an array whose name is the hash of its contents, by which the
JSON refers to it. Equal arrays are stored once.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sknn_actloss._version import __version__
from sknn_actloss.persistence.hashing import array_digest

#: Number of the format, to be raised with every change of it.
FORMAT = 2

#: What all headers begin with, whatever their format.
KIND = "checkpoint of sknn_actloss"


class CheckpointError(ValueError):
    """A checkpoint cannot be used, or not be made.

    See Also
    --------
    sknn_actloss.Checkpoint : Where and how often to save a training.

    Examples
    --------
    >>> from sknn_actloss import CheckpointError
    >>> issubclass(CheckpointError, Exception)
    True
    """


def write(path: Path, key: str, content: Any) -> None:
    """Write an archive in a way that leaves the old file or the new one, wherever it is stopped.

    Parameters
    ----------
    path : Path
        The file, in a folder that exists.
    key : str
        What :func:`read` is to be asked for.
    content : object
        Nested dicts with strings as keys, lists and tuples of arrays, numbers, strings and
        ``None``.
    """
    arrays: dict[str, np.ndarray] = {}
    header = {"kind": KIND, "format": FORMAT, "version": __version__, "key": key}
    header |= {"content": _encoded(content, arrays), "arrays": list(arrays)}
    text = json.dumps(header).encode()
    entries = {"header": np.frombuffer(text, np.uint8), "digest": _digest(text)}
    descriptor, temporary = tempfile.mkstemp(".tmp", path.name + ".", path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, **entries, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):  # a twin that came to its end has cleaned up
            os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        # A zip file that an interrupt leaves half written ends in an error of its own.
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None
        raise
    _sync_folder(path.parent)


def read(path: Path, key: str) -> Any:
    """Return the content of an archive.

    Raises
    ------
    CheckpointError
        If the file is damaged, no archive, of another format or version, or has another key, or
        if it cannot be read.
    FileNotFoundError
        If there is none.
    """
    try:
        with open(path, "rb") as file:
            header, arrays = _checked(file)
    except FileNotFoundError:
        raise
    except Exception as error:  # what a wrong byte leads to in zip, npy or JSON is anything
        flaw = "cannot be read" if isinstance(error, OSError) else f"is damaged or no {KIND}"
        raise refusal(path, f"{flaw} ({error})") from error
    written = f"format {header['format']} of sknn_actloss {header['version']}"
    expected = f"format {FORMAT} of sknn_actloss {__version__}"
    if written != expected:
        raise refusal(path, f"has {written}, and this is {expected}")
    if header["key"] != key:
        raise refusal(path, "belongs to other parameters or data")
    try:
        return _decoded(header["content"], arrays)
    except Exception as error:
        raise refusal(path, f"is no {KIND} ({error!r})") from error


def remove(path: Path) -> None:
    """Remove an archive and what was left of it where writing was killed."""
    for temporary in path.parent.glob(f"{path.name}.*.tmp"):
        temporary.unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def refusal(path: Path, flaw: str) -> CheckpointError:
    """Return the error that says what is wrong with a file."""
    return CheckpointError(
        f"The checkpoint {path} {flaw}. Delete the file, or set checkpoint's resume=False to "
        "start anew and overwrite it."
    )


def _encoded(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return a value as JSON has it; arrays are moved to ``arrays`` by their digests."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        digest = array_digest(np.asarray(value))
        arrays[digest] = np.asarray(value)
        return {"array" if isinstance(value, np.ndarray) else "scalar": digest}
    if type(value) is dict and all(type(name) is str for name in value):
        return {"dict": {name: _encoded(item, arrays) for name, item in value.items()}}
    if type(value) in (list, tuple):
        return {type(value).__name__: [_encoded(item, arrays) for item in value]}
    raise TypeError(f"{value!r} of type {type(value).__name__} cannot be saved in a checkpoint.")


def _decoded(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, item),) = value.items()
    match kind:
        case "array":
            return arrays[item].copy()  # what was equal may have been several arrays
        case "scalar":
            return arrays[item][()]
        case "dict":
            return {name: _decoded(part, arrays) for name, part in item.items()}
        case "list" | "tuple":
            parts = [_decoded(part, arrays) for part in item]
            return parts if kind == "list" else tuple(parts)
    raise ValueError(f"{kind!r} is unknown")


def _checked(file: BinaryIO) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return header and arrays, whose digests are right."""
    with np.load(file, allow_pickle=False) as entries:
        arrays = {name: entries[name] for name in entries.files}
    text = arrays.pop("header").tobytes()
    if not np.array_equal(_digest(text), arrays.pop("digest")):
        raise ValueError("the digest does not fit the header")
    header = json.loads(text)
    if not isinstance(header, dict) or header.get("kind") != KIND:
        raise ValueError("the header is another one")
    if missing := {"format", "version", "key", "content", "arrays"} - set(header):
        raise ValueError(f"the header lacks {', '.join(sorted(missing))}")
    if set(arrays) != set(header["arrays"]):
        raise ValueError("there are other arrays than the header says")
    for name, array in arrays.items():
        if array_digest(array) != name:
            raise ValueError("the digest does not fit an array")
    return header, arrays


def _digest(text: bytes) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(text).digest(), np.uint8)


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # where folders cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
