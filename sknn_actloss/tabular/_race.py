"""Encodings that race for a table: a short training of each, judged by rows left out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss.estimators import BaseMLP, Settings
from sknn_actloss.schedules import CosineCycles
from sknn_actloss.tabular._repeats import Rows

#: Networks of a short training at most.
N_MEMBERS = 4

#: Share of ``max_time`` that all short trainings may take.
SHARE_OF_TIME = 0.25


@dataclass
class Contender:
    """An encoding and the network behind it, both unfitted.

    Parameters
    ----------
    name : str
        What it is called.
    encoder : TableEncoder
    network : BaseMLP
        Complete: with nothing left open until there are rows.
    """

    name: str
    encoder: Any
    network: BaseMLP


def winner(contenders: Sequence[Contender], rows: Rows) -> tuple[Contender, np.ndarray]:
    """Return the encoding to train with, fitted, and the encoded rows.

    A committee of each trains for the first cycle of its learning rate, a seventh of the whole of
    three cycles, and the one with the lowest loss of rows that its networks have left out wins.
    Without such rows the first one does.

    Parameters
    ----------
    contenders : sequence of Contender
    rows : Rows
        The rows to learn from.
    """
    if len(contenders) == 1 or not Settings.of(contenders[0].network).resamples:
        return contenders[0], contenders[0].encoder.fit_transform(rows.X, rows.y)
    best, lowest = contenders[0], np.inf
    kept: Any = None
    for contender in contenders:
        encoded = contender.encoder.fit_transform(rows.X, rows.y)
        loss = _loss_of_first_cycle(contender.network, encoded, rows, len(contenders))
        if kept is None or loss < lowest:
            best, lowest, kept = contender, loss, encoded
    return best, kept


def _loss_of_first_cycle(
    network: BaseMLP, encoded: np.ndarray, rows: Rows, n_contenders: int
) -> float:
    """Return the mean loss of rows left out by the networks of a short training."""
    settings = Settings.of(network)
    short = clone(network).set_params(verbose=False, monitor="loss", checkpoint=None)
    if settings.committee.resample == "folds":
        short.set_params(n_members__n_members=min(N_MEMBERS, settings.committee.n_members))
    if isinstance(settings.schedule, CosineCycles):
        n_cycles = settings.schedule.n_cycles
        horizon = -(-settings.max_iter // (2**n_cycles - 1))
        short.set_params(max_iter=horizon, learning_rate=CosineCycles(1))
    if np.isfinite(settings.max_time):
        short.set_params(max_time=SHARE_OF_TIME * settings.max_time / n_contenders)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            short.fit(encoded, rows.y, **rows.fit_params)
    except ValueError:  # a divergence; the training itself will say so
        return np.inf
    return -short.best_validation_score_
