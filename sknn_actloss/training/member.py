"""One network of a stack: what it is and how it trains (frozen), and where it stands (plain)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from sknn_actloss.averaging import Averaging
from sknn_actloss.core import Model
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.schedules import Constant, LearningRate, Schedule
from sknn_actloss.solvers import Solver
from sknn_actloss.training.course import Course
from sknn_actloss.training.judge import Judge
from sknn_actloss.training.resample import Draw


@dataclass(frozen=True, eq=False)
class MemberSpec:
    """Settings of one network in training.

    Parameters
    ----------
    model : Model
        What the network computes and minimises.
    solver : Solver
        How a step updates its parameters.
    schedule : Schedule
        How its learning rate moves.
    learning_rate_init : float
        The rate that the schedule starts from.
    max_iter : int
        Epochs at most, and the horizon of schedules.
    tol : float
        Smallest change of loss or validation score that counts as an improvement.
    n_iter_no_change : int or inf
        Epochs without improvement after which patience is over.
    early_stopping : bool
        Whether patience goes by the validation score instead of the training loss.
    restore_best : bool
        Whether the weights of the best epoch are kept instead of the last ones: the epoch with
        the highest validation score, or with the lowest training loss where there are no
        validation rows.
    weight_decay : float
        Decoupled decay of its weights.
    gradient_clip, max_norm : float or None
        Largest norm of the gradient, and of the incoming weights of a unit.
    averaging : Averaging or None
        How the weights that predictions use come from those that training passes through.
    max_time : float, default=inf
        Seconds of training after which it leaves, at the end of an epoch.
    falling_dropout : FallingDropout or None
        How the dropout rates of the model fall, ``None`` where they stay.
    """

    model: Model
    solver: Solver
    schedule: Schedule = field(default_factory=Constant)
    learning_rate_init: float = 0.001
    max_iter: int = 200
    tol: float = 1e-4
    n_iter_no_change: float = 10
    early_stopping: bool = False
    restore_best: bool = False
    weight_decay: float = 0.0
    gradient_clip: float | None = None
    max_norm: float | None = None
    averaging: Averaging | None = None
    max_time: float = math.inf
    falling_dropout: FallingDropout | None = None

    def new_state(self, samples: float = 0) -> MemberState:
        """Return the state before the first epoch.

        Parameters
        ----------
        samples : float, default=0
            Rows, or the sum of their weights, seen in earlier fits.
        """
        return MemberState(LearningRate(self.schedule, self.learning_rate_init, samples=samples))


@dataclass
class MemberState:
    """Where the training of one network stands.

    Parameters
    ----------
    rate : LearningRate
        Where its learning rate stands.
    course : Course
        Its curves, its patience and its best weights.
    solver : dict, optional
        What the solver remembers, with arrays of shape (1, n_params); new where it is empty.
    average : dict, optional
        Where the average of weights stands, see :meth:`Averages.of`; new where it is empty.
    params : ndarray of shape (row_size,) or None
        The weights to keep, ``None`` where none was finite. Set when the network leaves its
        stack, or when training pauses.
    outcome : str or None
        Which of :data:`~sknn_actloss.training.stopping.STOPPING_RULES` ended the training,
        ``None`` while it goes on.
    stop_requested, interrupted : bool
        Whether a callback, or Ctrl-C, asks for the end.
    kept_loss, kept_score : float or None
        Training loss, or score on validation rows, for which ``params`` are kept in place of the
        last weights; ``None`` where these are kept.
    error : Exception or None
        What judging the network failed with.
    optimum : OptimizeResult or None
        What SciPy says of a minimisation that came to its end by itself.
    """

    rate: LearningRate
    course: Course = field(default_factory=Course)
    solver: dict[str, Any] = field(default_factory=dict)
    average: dict[str, Any] = field(default_factory=dict)
    params: np.ndarray | None = None
    outcome: str | None = None
    stop_requested: bool = False
    interrupted: bool = False
    kept_loss: float | None = field(default=None, metadata={"saved": False})
    kept_score: float | None = field(default=None, metadata={"saved": False})
    error: Exception | None = field(default=None, metadata={"saved": False})
    optimum: OptimizeResult | None = field(default=None, metadata={"saved": False})


@dataclass(eq=False)
class Member:
    """A network of a stack.

    Parameters
    ----------
    spec : MemberSpec
    state : MemberState
    judge : Judge or None
        Says how good it is on validation rows; ``None`` where there are none.
    draw : Draw or None
        Rows that it learns from and rows that judge it; ``None`` for those of the task.
    training_judge : Judge or None
        Says how good it is on the rows that it learns from, for the record; ``None`` where
        nobody wants to know.
    """

    spec: MemberSpec
    state: MemberState
    judge: Judge | None = None
    draw: Draw | None = None
    training_judge: Judge | None = None

    @property
    def progress(self) -> float:
        """Share of the way to the horizon of ``max_iter`` epochs."""
        return self.state.rate.epoch / self.spec.max_iter

    @property
    def dropout_share(self) -> float:
        """Share of the first dropout rates in the coming epoch."""
        falling = self.spec.falling_dropout
        return 1.0 if falling is None else falling.share(self.progress)
