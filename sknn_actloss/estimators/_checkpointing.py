"""Trainings that are saved while they run, and resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from sknn_actloss.core import Workspace
from sknn_actloss.estimators._fitting import Training
from sknn_actloss.training import CheckpointError, CheckpointFile, Observer, Outcome
from sknn_actloss.training.hashing import value_digest
from sknn_actloss.training.snapshot import snapshot

if TYPE_CHECKING:
    from sknn_actloss.estimators._lockstep import Lockstep

#: Parameters that leave the result as it is.
WITHOUT_INFLUENCE = {"checkpoint", "verbose"}


@contextmanager
def resumable(
    lockstep: Lockstep, data: Mapping[str, Any]
) -> Iterator[Callable[..., Workspace | None]]:
    """Give :meth:`Lockstep.train`, or one that resumes and saves as the estimator asks for.

    The file is removed in the end, unless an exception or Ctrl-C ended the training.

    Parameters
    ----------
    lockstep : Lockstep
        The trainings of one estimator, not yet begun.
    data : mapping of str to array or None
        Rows, targets, weights, and whatever else was given to ``fit``, validated.

    Raises
    ------
    CheckpointError
        If there is a file that cannot be used.
    """
    checkpoint = lockstep.trainings[0].estimator.checkpoint
    if checkpoint is None:
        yield lockstep.train
        return
    file = checkpoint.file(*_identity(lockstep.trainings, data))
    _resume(lockstep, file)
    yield partial(_train, lockstep, file)
    outcomes = [training.member.course.outcome for training in lockstep.trainings]
    if Outcome.INTERRUPTED not in outcomes:
        file.remove()


def _resume(lockstep: Lockstep, file: CheckpointFile) -> None:
    saved = file.load()
    if saved is None:
        return
    lockstep.restore(saved)
    if lockstep.trainings[0].estimator.verbose:
        print(f"Going on from {file.path}")


def _train(
    lockstep: Lockstep,
    file: CheckpointFile,
    observer: Observer,
    workspace: Workspace | None,
) -> Workspace | None:
    """Train until all members are done, pausing to save."""
    workspace = lockstep.train(observer, file.stride, workspace)
    try:
        while lockstep.goes_on:
            if file.is_due(file.stride):
                file.save(lockstep.state())
            workspace = lockstep.train(observer, file.stride, workspace)
    except KeyboardInterrupt:  # between epochs: the loop of epochs ends by itself
        lockstep.interrupt()
    return workspace


def _identity(trainings: list[Training], data: Mapping[str, Any]) -> tuple[str, str]:
    """Return the type's name of an estimator, and the hash of all that its fit depends on."""
    estimator, problem = trainings[0].estimator, trainings[0].problem
    parameters = estimator.get_params(deep=False)
    parameters = {name: parameters[name] for name in set(parameters) - WITHOUT_INFLUENCE}
    if estimator.random_state is not None:
        parameters["random_state"] = problem.random_state
    start = None
    if not problem.fresh:
        start = [(snapshot(t.member), t.problem.params, t.n_seen) for t in trainings]
    kind = type(estimator)
    return kind.__name__, _digest(kind, parameters, len(trainings), dict(data), start)


def _digest(*values: Any) -> str:
    try:
        return value_digest(values)
    except (TypeError, RecursionError) as error:
        raise CheckpointError(
            "checkpoint needs parameters that can be told apart in another process, which pickle "
            f"has to be able to take ({error}). Change them, or set checkpoint=None."
        ) from error
