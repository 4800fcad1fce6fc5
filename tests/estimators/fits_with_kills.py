"""Fits in processes that are killed again and again: ``python fits_with_kills.py jobs results``.

The file of jobs holds pickled lists of an estimator, X and y. Each fit begins anew in a fork of
this process until one comes to its end; the file of results takes these, and how many kills there
were before each, and at how many of them a checkpoint was there to go on from.
"""

from __future__ import annotations

import os
import pickle
import random
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from sknn_actloss.training import stack

N_KILLS_FROM_OUTSIDE = 4


def kill_self(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def counted(function: Any, n_calls: int, act: Any) -> Any:
    """Return a function that acts instead of its n-th call."""

    def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal n_calls
        n_calls -= 1
        return function(*args, **kwargs) if n_calls else act(*args, **kwargs)

    return counting


def half_written(file: Any, **arrays: np.ndarray) -> None:
    file.write(b"PK\x03\x04 and no more")
    file.flush()
    kill_self()


def replaced(*paths: Any) -> None:
    os.rename(*paths)
    kill_self()


def arrange(moment: str, number: int) -> None:
    """Let this process be killed at some moment of a fit."""
    if moment == "before the rename":
        os.replace = counted(os.replace, number, kill_self)
    elif moment == "after the rename":
        os.replace = counted(os.replace, number, replaced)
    elif moment == "while writing":
        np.savez = counted(np.savez, number, half_written)
    elif moment == "within an epoch":
        stack.Stack._run = staticmethod(counted(stack.run, 10 * number, kill_self))


def attempt(job: list[Any], moment: str, number: int, delay: float, result: Path) -> bool:
    """Fit in a fork and return whether it came to its end."""
    child = os.fork()
    if child == 0:
        arrange(moment, number)
        estimator, X, y = job
        estimator.fit(X, y)
        result.write_bytes(pickle.dumps(estimator))
        os._exit(0)
    if moment == "from outside":
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("the fit failed")
    return os.WIFEXITED(status)


def survive(job: list[Any], folder: Path, result: Path, dice: random.Random) -> dict[str, Any]:
    """Fit until it comes to its end; the kills from outside come last, as they may be too late."""
    moments = ["before the rename", "after the rename", "while writing", "within an epoch"]
    dice.shuffle(moments)
    moments += ["from outside"] * N_KILLS_FROM_OUTSIDE
    n_kills = n_resumable = 0
    for moment in [*moments, "never"]:
        if attempt(job, moment, dice.randint(1, 5), dice.uniform(0, 0.1), result):
            break
        n_kills += 1
        n_resumable += any(path.suffix == ".npz" for path in folder.iterdir())
    fitted = pickle.loads(result.read_bytes())
    left = sorted(path.name for path in folder.iterdir())
    return {"fitted": fitted, "kills": n_kills, "resumable": n_resumable, "left": left}


def main(jobs: Path, results: Path) -> None:
    warnings.simplefilter("ignore")
    dice = random.Random(0)
    found = []
    for number, (job, folder) in enumerate(pickle.loads(jobs.read_bytes())):
        Path(folder).mkdir()
        found.append(survive(job, Path(folder), results.with_suffix(f".{number}"), dice))
    results.write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
