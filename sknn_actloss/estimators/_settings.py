"""From an estimator's parameters to checked components."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from sknn_actloss.activations import Activation, Softmax, canonical_name, resolve_activation
from sknn_actloss.averaging import Averaging, resolve_averaging
from sknn_actloss.core import Model
from sknn_actloss.initializers import Initializer, resolve_initializer
from sknn_actloss.losses import BoundLoss, LossSpec, resolve_loss
from sknn_actloss.normalization import Normalization, resolve_normalization
from sknn_actloss.schedules import Constant, Schedule, resolve_schedule
from sknn_actloss.solvers import AdamW, Solver, resolve_solver

#: scikit-learn's default of ``learning_rate_init``.
DEFAULT_RATE = 0.001

#: Parameters of the estimators that feed the solvers chosen by name.
SOLVER_PARAMETERS = ("momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon", "max_fun")


@dataclass(frozen=True)
class Settings:
    """An estimator's parameters with every component resolved and checked.

    ``learning_rate_init`` is ``None`` where a range test has to find it.

    Conflicts between parameters raise a ``ValueError`` that says what to change.
    """

    hidden_layer_sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    out_activation: Activation | None
    loss: LossSpec
    solver: Solver
    schedule: Schedule
    learning_rate_init: float | None
    weight_decay: float
    initializer: Initializer
    alpha: float
    l1: float
    max_norm: float | None
    gradient_clip: float | None
    dropout: tuple[float, ...]
    normalization: Normalization | None
    skip_connections: bool
    averaging: Averaging | None
    max_time: float

    @classmethod
    def of(cls, estimator: Any, task: str) -> Settings:
        """Resolve the parameters of an estimator for a task."""
        sizes = hidden_sizes(estimator.hidden_layer_sizes)
        solver = named_solver(estimator, estimator.solver)
        schedule, rate = _learning_rate(estimator)
        dropout = _dropout(estimator.dropout, len(sizes))
        normalization = resolve_normalization(estimator.normalization)
        _check_lbfgs(estimator, solver, schedule)
        out_activation = estimator.out_activation
        return cls(
            hidden_layer_sizes=sizes,
            activations=_activations(estimator.activation, len(sizes)),
            out_activation=None
            if isinstance(out_activation, str) and out_activation == "auto"
            else resolve_activation(out_activation, "out_activation", hidden=False),
            loss=resolve_loss(estimator.loss, task),
            solver=solver,
            schedule=schedule,
            learning_rate_init=rate,
            weight_decay=_weight_decay(estimator, solver),
            initializer=resolve_initializer(estimator.weight_init),
            alpha=float(estimator.alpha),
            l1=float(estimator.l1),
            max_norm=estimator.max_norm,
            gradient_clip=estimator.gradient_clip,
            dropout=dropout,
            normalization=normalization,
            skip_connections=estimator.skip_connections,
            averaging=resolve_averaging(estimator.weight_averaging),
            max_time=np.inf if estimator.max_time is None else float(estimator.max_time),
        )

    def model(self, target_kind: str, n_outputs: int) -> Model:
        """Bind loss and output activation to the targets.

        Raises
        ------
        ValueError
            If output activation, loss and targets do not go together.
        """
        output = self.out_activation
        if output is None:
            output = resolve_activation(self.loss.natural_output(target_kind), hidden=False)
        loss = self.loss.for_targets(target_kind, canonical_name(output))
        self._check_output(output, loss, target_kind, n_outputs)
        for activation in {id(a): a for a in [*self.activations, output]}.values():
            activation.check()
        return Model(
            self.activations,
            output,
            loss,
            self.alpha,
            self.l1,
            self.dropout,
            self.normalization,
            self.skip_connections,
        )

    def _check_output(
        self, output: Activation, loss: BoundLoss, target_kind: str, n_outputs: int
    ) -> None:
        if not output.range.within(loss.prediction_domain):
            flaw = f"its range {output.range} leaves the loss's domain {loss.prediction_domain}"
        elif isinstance(output, Softmax) and n_outputs == 1:
            flaw = "it needs at least two outputs, and these targets have one"
        else:
            flaw = self.loss.objection(canonical_name(output))
        if not flaw:
            return
        raise ValueError(
            f"out_activation={output!r} does not go with loss={self.loss!r}: {flaw}. "
            f"Use out_activation='auto', which is {self.loss.natural_output(target_kind)!r}."
        )

    def layer_activation(self, layer: int) -> Activation:
        """Return the activation that an initializer sees: the output layer takes the last."""
        if not self.activations:
            return resolve_activation("identity")
        return self.activations[min(layer, len(self.activations) - 1)]


def named_solver(estimator: Any, spec: Any) -> Solver:
    """Resolve a solver; one given by name takes the estimator's parameters for solvers."""
    parameters = {name: getattr(estimator, name) for name in SOLVER_PARAMETERS}
    return resolve_solver(spec, parameters)


def hidden_sizes(sizes: Any) -> tuple[int, ...]:
    """Check ``hidden_layer_sizes`` and return them as a tuple."""
    sizes = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes):
        raise TypeError(f"hidden_layer_sizes must be integers, got {list(sizes)}.")
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {list(sizes)}.")
    return tuple(int(size) for size in sizes)


def _activations(spec: Any, n_hidden: int) -> tuple[Activation, ...]:
    if isinstance(spec, list | tuple | np.ndarray):
        if len(spec) != n_hidden:
            raise ValueError(
                f"activation={spec!r} has {len(spec)} entries, but hidden_layer_sizes has "
                f"{n_hidden}. Give one entry for each hidden layer, or a single activation."
            )
        return tuple(resolve_activation(entry) for entry in spec)
    return (resolve_activation(spec),) * n_hidden


def _dropout(spec: Any, n_hidden: int) -> tuple[float, ...]:
    """Return the rate of the inputs and of each hidden layer, nothing where all are zero."""
    if isinstance(spec, Real):
        rates = (0.0, *(float(spec),) * n_hidden)
    elif len(spec) in (n_hidden, n_hidden + 1):
        rates = (0.0,) * (n_hidden + 1 - len(spec)) + tuple(spec)
    else:
        raise ValueError(
            f"dropout={spec!r} has {len(spec)} entries, but hidden_layer_sizes has {n_hidden}. "
            f"Give a single rate, one for each hidden layer, or one more in front for the inputs."
        )
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"dropout={spec!r} must hold rates of at least 0 and below 1.")
    return tuple(map(float, rates)) if any(rates) else ()


def _learning_rate(estimator: Any) -> tuple[Schedule, float | None]:
    spec, init = estimator.learning_rate, estimator.learning_rate_init
    rate = None if isinstance(init, str) else float(init)
    if not isinstance(spec, Real):
        return resolve_schedule(spec, power_t=estimator.power_t), rate
    if rate != DEFAULT_RATE:
        raise ValueError(
            f"learning_rate={spec} and learning_rate_init={init!r} both give a rate. Set "
            f"learning_rate='constant' or leave learning_rate_init at {DEFAULT_RATE}."
        )
    return Constant(), float(spec)


def _check_lbfgs(estimator: Any, solver: Solver, schedule: Schedule) -> None:
    if solver.stochastic:
        return
    if estimator.checkpoint is not None:
        raise ValueError(
            f"solver='lbfgs' takes no checkpoint={estimator.checkpoint!r}: SciPy does not go on "
            "from the middle of a minimisation. Set checkpoint=None, or use a stochastic solver "
            "such as 'adam'."
        )
    conflicts = {
        "early_stopping=True": (
            estimator.early_stopping and estimator.early_stopping != "auto",
            "early_stopping=False",
        ),
        f"learning_rate={estimator.learning_rate!r}": (
            schedule != Constant() or isinstance(estimator.learning_rate, Real),
            "learning_rate='constant'",
        ),
        f"dropout={estimator.dropout!r}": (np.any(estimator.dropout), "dropout=0"),
        f"l1={estimator.l1}": (estimator.l1, "l1=0"),
        f"n_members={estimator.n_members}": (estimator.n_members > 1, "n_members=1"),
        f"normalization={estimator.normalization!r}": (
            getattr(resolve_normalization(estimator.normalization), "has_moments", False),
            "normalization='layer'",
        ),
        f"learning_rate_init={estimator.learning_rate_init!r}": (
            isinstance(estimator.learning_rate_init, str),
            f"learning_rate_init={DEFAULT_RATE}",
        ),
    }
    for name in ("weight_decay", "max_norm", "gradient_clip", "weight_averaging"):
        value = getattr(estimator, name)
        conflicts[f"{name}={value!r}"] = value, f"{name}=None"
    for setting, (conflicting, remedy) in conflicts.items():
        if conflicting:
            raise ValueError(
                f"solver='lbfgs' takes no {setting}: it works on all rows at once and finds its "
                f"own step lengths. Set {remedy}, or use a stochastic solver such as 'adam'."
            )


def _weight_decay(estimator: Any, solver: Solver) -> float:
    own, decay = solver.decoupled_decay, estimator.weight_decay
    if decay is None:
        return float(own)
    if own and not isinstance(estimator.solver, str):
        raise ValueError(
            f"weight_decay={decay} and solver={solver!r} both set a decay. Leave the "
            f"estimator's weight_decay at None, or use {AdamW.__name__}(weight_decay=0)."
        )
    return float(decay)
