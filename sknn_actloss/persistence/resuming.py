"""Trainings that are saved while they run, and resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sknn_actloss.persistence.archive import CheckpointError
from sknn_actloss.persistence.checkpoint import Checkpoint, CheckpointFile
from sknn_actloss.persistence.hashing import value_digest
from sknn_actloss.persistence.plausibility import check
from sknn_actloss.persistence.snapshot import restore, snapshot
from sknn_actloss.training import FitResult, Observer, Run


@contextmanager
def resumable(
    run: Run, checkpoint: Checkpoint, name: str, identity: Any, verbose: bool | int
) -> Iterator[Callable[[Observer], FitResult]]:
    """Give what trains a run, resumes it and saves it once in a while.

    The file is removed in the end, unless an exception or Ctrl-C ended the training.

    Parameters
    ----------
    run : Run
        Not yet begun.
    checkpoint : Checkpoint
        Where to save, and how often.
    name : str
        How the name of the file begins.
    identity : object
        All that the training depends on.
    verbose : bool or int
        Whether to print that a training goes on.

    Raises
    ------
    CheckpointError
        If there is a file that cannot be used.
    """
    file = checkpoint.file(name, digest(identity))
    saved = file.load()
    if saved is not None:
        with file.refusing():
            check(run, saved)
        resume(run, saved)
        if verbose:
            print(f"Going on from {file.path}")
    yield partial(train_saving, run, file, lambda: file.save(snapshot(run.state())))
    if "interrupted" not in [member.state.outcome for member in run.members]:
        file.remove()


def resume(run: Run, saved: Any) -> None:
    """Bring a run to what was saved of it and has been checked."""
    run.go_to(restore(run.state(), saved))


def train_saving(
    run: Run,
    file: CheckpointFile,
    save: Callable[[], None],
    observer: Observer,
    until: int | None = None,
) -> FitResult:
    """Train until all members are done, pausing to save.

    Parameters
    ----------
    run : Run
    file : CheckpointFile
        Says when to save.
    save : callable
        Saves the state.
    observer : Observer
    until : int, optional
        Epochs since the start after which to stop, where members are not done.
    """
    try:
        while run.goes_on and (until is None or run.n_epochs < until):
            stride = file.stride if until is None else min(file.stride, until - run.n_epochs)
            run.train(observer, stride)
            # What follows a failure is not worth going on from: it ends in its error.
            if run.goes_on and not run.has_failed and file.is_due(stride):
                save()
    except KeyboardInterrupt:  # between epochs: the loop of epochs ends by itself
        run.interrupt()
    return run.result


def digest(identity: Any) -> str:
    """Return a hash of what tells a training apart.

    Raises
    ------
    CheckpointError
        If there is something in it that cannot be told apart in another process.
    """
    try:
        return value_digest(identity)
    except (TypeError, RecursionError) as error:
        raise CheckpointError(
            "checkpoint needs parameters that can be told apart in another process, which pickle "
            f"has to be able to take ({error}). Change them, or set checkpoint=None."
        ) from error
