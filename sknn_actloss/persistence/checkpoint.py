"""Where and how often a training is saved."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sknn_actloss._component import Component
from sknn_actloss._sklearn import number, whole_number
from sknn_actloss.persistence import archive
from sknn_actloss.persistence.archive import CheckpointError


@dataclass(repr=False)
class Checkpoint(Component):
    """Saves a training, so that the next ``fit`` goes on from there after a crash.

    A training that is killed at any moment and resumed ends with the very numbers of one that
    ran through: weights, curves, solver and random stream.

    Each training has a file of its own in the folder, whose name tells type, parameters and data
    of the estimator apart: candidates and folds of a search do not meet. It is written when
    either of the periods is over, at the end of an epoch, replaces the one before at once, and is
    removed when the training has come to an end. After an exception or Ctrl-C it stays, and the
    next ``fit`` with the same parameters and data goes on from it.

    Parameters
    ----------
    folder : str or path-like
        Folder of the files, made where it is missing.
    every_epochs : int or None, default=1
        Epochs after which to save; ``None`` leaves it to ``every_seconds``.
    every_seconds : float or None, default=None
        Seconds after which to save, in (0, inf); ``None`` leaves it to ``every_epochs``.
    resume : bool, default=True
        Whether to go on from a file of an earlier training; otherwise it is overwritten.

    See Also
    --------
    sknn_actloss.persistence.CheckpointError : Why a checkpoint cannot be used.

    Notes
    -----
    A ``RandomState`` instance counts by its state at the start of ``fit``, and a resumed training
    sets it to where the whole training would have left it. With ``random_state=None`` a resumed
    training sets NumPy's global stream in the same way; as all trainings with the same
    parameters and data then share a file, they must not run at the same time if they are to
    differ.

    Functions and classes of your own count by their names and their code, not by global
    variables that these use. ``verbose``, ``checkpoint`` and callbacks do not count. Callbacks
    are told of the epochs that are left.

    A file is on the disk before training goes on, which takes some milliseconds, and more than
    an epoch of a small network: save every hundred epochs, or every minute.

    Files hold arrays and JSON, no pickle, and are refused with a :class:`CheckpointError` where
    they are damaged or not what they should be.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import Checkpoint, MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), checkpoint=Checkpoint(mkdtemp(), every_epochs=10), tol=0.01)
    >>> model.fit(X, y).n_iter_ > 0
    True
    """

    folder: str | os.PathLike
    every_epochs: int | None = 1
    every_seconds: float | None = None
    resume: bool = True

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "folder": [str, os.PathLike],
        "every_epochs": [whole_number(1), None],
        "every_seconds": [number(0, None), None],
        "resume": ["boolean"],
    }

    def validate(self) -> None:
        """Check the values of all fields.

        Raises
        ------
        ValueError
            If a field is out of its range, or if neither epochs nor seconds are given.
        """
        super().validate()
        if self.every_epochs is None and self.every_seconds is None:
            raise ValueError(
                "Checkpoint has every_epochs=None and every_seconds=None; give one of them, such "
                "as every_epochs=1."
            )

    def prepare(self) -> None:
        """Check the fields, and make the folder where it is missing.

        Raises
        ------
        ValueError
            If a field is invalid.
        CheckpointError
            If the folder can neither be made nor written to.
        """
        self.validate()
        try:
            Path(self.folder).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):  # type: ignore[type-var]
                pass
        except OSError as error:
            raise CheckpointError(
                f"checkpoint's folder={os.fspath(self.folder)!r} must be a folder that can be "
                f"written to, or be made: {error}. Choose another one."
            ) from error

    def remove_all(self, name: str) -> None:
        """Remove all files whose names begin like this.

        Parameters
        ----------
        name : str
            How their names begin.
        """
        for path in Path(self.folder).glob(f"{name}*"):
            path.unlink(missing_ok=True)

    def file(self, name: str, key: str) -> CheckpointFile:
        """Return the file of a training.

        Parameters
        ----------
        name : str
            How its name begins.
        key : str
            Hash of what tells the training apart, part of the name and kept inside.

        Returns
        -------
        file : CheckpointFile
            It need not exist.
        """
        path = Path(self.folder).absolute() / f"{name}-{key[:32]}.npz"
        return CheckpointFile(path, key, self)


class CheckpointFile:
    """The file of one training.

    Parameters
    ----------
    path : Path
        Where it is, or will be.
    key : str
        What has to be found inside.
    checkpoint : Checkpoint
        When to write it, and whether to read it.
    """

    def __init__(self, path: Path, key: str, checkpoint: Checkpoint) -> None:
        self.path, self._key, self.checkpoint = path, key, checkpoint
        self._start_period()

    @property
    def stride(self) -> int:
        """Epochs between two looks at whether to save."""
        by_epochs = self.checkpoint.every_seconds is None
        return self.checkpoint.every_epochs if by_epochs else 1  # type: ignore[return-value]

    def load(self) -> Any:
        """Return what was saved, ``None`` where there is nothing to resume.

        Raises
        ------
        CheckpointError
            If the file is damaged, not of this training, or not to be read or replaced.
        """
        if self.path.is_dir():
            raise CheckpointError(f"The checkpoint {self.path} is a folder. Move it away.")
        if not self.checkpoint.resume:
            return None
        try:
            return archive.read(self.path, self._key)
        except FileNotFoundError:
            return None

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Turn what comes of looking at what was saved into an error that says so.

        Raises
        ------
        CheckpointError
            In place of any exception: what forged content leads to is anything.
        """
        try:
            yield
        except Exception as error:
            flaw = f"holds nothing that this training can go on from ({error})"
            raise archive.refusal(self.path, flaw) from error

    def is_due(self, n_epochs: int) -> bool:
        """Whether to save after ``n_epochs`` more."""
        self._n_epochs += n_epochs
        every_epochs, every_seconds = self.checkpoint.every_epochs, self.checkpoint.every_seconds
        seconds = time.monotonic() - self._start
        return (every_epochs is not None and self._n_epochs >= every_epochs) or (
            every_seconds is not None and seconds >= every_seconds
        )

    def save(self, state: Any) -> None:
        """Write plain data to the file, all of it or nothing.

        Raises
        ------
        CheckpointError
            If it cannot be written, as on a full disk.
        """
        try:
            archive.write(self.path, self._key, state)
        except OSError as error:
            raise CheckpointError(
                f"The checkpoint {self.path} cannot be written: {error}. Make room, or choose "
                "another folder."
            ) from error
        self._start_period()

    def remove(self) -> None:
        """Remove the file, if it is there, and what a kill has left of it."""
        archive.remove(self.path)

    def _start_period(self) -> None:
        self._start, self._n_epochs = time.monotonic(), 0
