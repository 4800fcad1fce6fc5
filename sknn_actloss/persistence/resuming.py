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
    run: Run, checkpoint: Checkpoint, name: str, identity: Any, verbose: bool
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
    verbose : bool
        Whether to print that a training goes on.

    Raises
    ------
    CheckpointError
        If there is a file that cannot be used.
    """
    file = checkpoint.file(name, _digest(identity))
    saved = file.load()
    if saved is not None:
        _resume(run, file, saved)
        if verbose:
            print(f"Going on from {file.path}")
    yield partial(_train, run, file)
    if "interrupted" not in [member.state.outcome for member in run.members]:
        file.remove()


def _resume(run: Run, file: CheckpointFile, saved: Any) -> None:
    try:
        check(run, saved)
    except Exception as error:  # what forged content leads to is anything
        raise file.refusal(f"holds nothing that this training can go on from ({error})") from error
    run.go_to(restore(run.state(), saved))


def _train(run: Run, file: CheckpointFile, observer: Observer) -> FitResult:
    """Train until all members are done, pausing to save."""
    result = run.train(observer, file.stride)
    try:
        while run.goes_on:
            if file.is_due(file.stride):
                file.save(snapshot(run.state()))
            result = run.train(observer, file.stride)
    except KeyboardInterrupt:  # between epochs: the loop of epochs ends by itself
        run.interrupt()
    return result


def _digest(identity: Any) -> str:
    try:
        return value_digest(identity)
    except (TypeError, RecursionError) as error:
        raise CheckpointError(
            "checkpoint needs parameters that can be told apart in another process, which pickle "
            f"has to be able to take ({error}). Change them, or set checkpoint=None."
        ) from error
