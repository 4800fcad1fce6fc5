"""The parameters of an estimator, read once and resolved to checked components."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from sknn_actloss._component import as_python
from sknn_actloss.activations import Activation, Softmax, canonical_name, resolve_activation
from sknn_actloss.averaging import Averaging, resolve_averaging
from sknn_actloss.committee import Committee, resolve_committee
from sknn_actloss.core import Model
from sknn_actloss.dropout import FallingDropout, resolve_dropout
from sknn_actloss.estimators._conflicts import (
    DEFAULT_RATE,
    check_decay,
    check_lbfgs,
    check_resampling,
    check_scaling,
)
from sknn_actloss.feature_scale import FeatureScale, resolve_feature_scale
from sknn_actloss.initializers import Initializer, resolve_initializer
from sknn_actloss.losses import LossSpec, resolve_loss
from sknn_actloss.monitor import resolve_monitor
from sknn_actloss.normalization import Normalization, resolve_normalization
from sknn_actloss.persistence import Checkpoint
from sknn_actloss.schedules import Constant, Schedule, resolve_schedule
from sknn_actloss.solvers import Solver, resolve_solver
from sknn_actloss.training import MemberSpec

#: Rows of a batch where ``batch_size="auto"``, at most.
AUTO_BATCH_SIZE = 200

#: Rows above which ``early_stopping="auto"`` sets some of them aside.
AUTO_ROWS = 10_000


def parameters_of(estimator: Any) -> dict[str, Any]:
    """Return the parameters of an estimator; nobody else reads them."""
    return {name: getattr(estimator, name) for name in estimator._parameter_constraints}


@dataclass(frozen=True, eq=False)
class Settings:
    """An estimator's parameters with every component resolved and checked.

    Fields are named as the parameters of the estimators and mean the same, except for those
    below. Conflicts between parameters raise a ``ValueError`` that says what to change.

    Parameters
    ----------
    given : dict
        The parameters as they were given, for messages and for later estimators.
    activations : tuple of Activation
        One for each hidden layer.
    schedule : Schedule
        How the learning rate moves.
    learning_rate_init : float or None
        ``None`` where a range test has to find it.
    rate_parameter : str
        The parameter that sets the initial learning rate.
    initializer : Initializer
        Draws the initial weights.
    dropout : tuple of float
        Rate of the inputs and of each hidden layer, empty where all are zero.
    falling_dropout : FallingDropout or None
        How these rates fall, ``None`` where they stay.
    averaging : Averaging or None
        The average of weights that predictions use.
    committee : Committee
        How many networks there are, and which rows each learns from.
    scores_training : bool
        Whether what is monitored is recorded for the training rows as well.
    """

    given: dict[str, Any]
    hidden_layer_sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    out_activation: Activation | None
    loss: LossSpec
    target_scaling: str | None
    class_weight: Any
    solver: Solver
    alpha: float
    batch_size: int | str
    schedule: Schedule
    learning_rate_init: float | None
    rate_parameter: str
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool | int
    warm_start: bool
    early_stopping: bool | str
    validation_fraction: Any
    n_iter_no_change: float
    initializer: Initializer
    weight_decay: float
    dtype: str
    dropout: tuple[float, ...]
    falling_dropout: FallingDropout | None
    l1: float
    max_norm: float | None
    gradient_clip: float | None
    normalization: Normalization | None
    skip_connections: bool
    feature_scale: FeatureScale | None
    averaging: Averaging | None
    committee: Committee
    monitor: Any
    scores_training: bool
    restore_best: bool | str
    max_time: float
    checkpoint: Checkpoint | None

    @classmethod
    def of(cls, estimator: Any) -> Settings:
        """Resolve the parameters of an estimator."""
        given = parameters_of(estimator)
        sizes = hidden_sizes(given["hidden_layer_sizes"])
        solver = resolve_solver(given["solver"], given)
        schedule, rate, rate_parameter = _learning_rate(given)
        normalization = resolve_normalization(given["normalization"])
        feature_scale = resolve_feature_scale(given["feature_scale"])
        committee = resolve_committee(given["n_members"])
        check_lbfgs(given, solver, schedule, normalization, committee)
        check_resampling(given, committee)
        dropout, monitor = given["dropout"], resolve_monitor(given["monitor"])
        plain = {name: as_python(given[name]) for name in _PLAIN}
        return cls(
            given=given,
            hidden_layer_sizes=sizes,
            activations=_activations(given["activation"], len(sizes)),
            out_activation=_out_activation(given["out_activation"]),
            loss=resolve_loss(given["loss"], estimator._task),
            target_scaling=given.get("target_scaling"),
            monitor=monitor.metric,
            scores_training=monitor.training,
            class_weight=given.get("class_weight"),
            solver=solver,
            schedule=schedule,
            learning_rate_init=rate,
            rate_parameter=rate_parameter,
            weight_decay=check_decay(given, solver),
            initializer=resolve_initializer(given["weight_init"]),
            alpha=float(given["alpha"]),
            l1=float(given["l1"]),
            dropout=resolve_dropout(dropout, len(sizes)),
            falling_dropout=dropout if isinstance(dropout, FallingDropout) else None,
            normalization=normalization,
            feature_scale=feature_scale,
            averaging=resolve_averaging(given["weight_averaging"]),
            committee=committee,
            max_time=np.inf if given["max_time"] is None else float(given["max_time"]),
            **plain,
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
        bound = self.loss.for_targets(target_kind, canonical_name(output))
        if self.target_scaling is not None:
            check_scaling(self.given, bound, output)
        flaw = self._flaw_of_output(output, bound.prediction_domain, n_outputs)
        if flaw:
            raise ValueError(
                f"out_activation={output!r} does not go with loss={self.loss!r}: {flaw}. "
                f"Use out_activation='auto', which is {self.loss.natural_output(target_kind)!r}."
            )
        for activation in {id(a): a for a in [*self.activations, output]}.values():
            activation.check()
        return Model(
            self.activations,
            output,
            bound,
            self.alpha,
            self.l1,
            self.dropout,
            self.normalization,
            self.skip_connections,
            self.feature_scale,
        )

    def _flaw_of_output(self, output: Activation, domain: Any, n_outputs: int) -> str:
        if not output.range.within(domain):
            return f"its range {output.range} leaves the loss's domain {domain}"
        if isinstance(output, Softmax) and n_outputs == 1:
            return "it needs at least two outputs, and these targets have one"
        return self.loss.objection(canonical_name(output))

    def member(self, model: Model, early_stopping: bool, incremental: bool = False) -> MemberSpec:
        """Return how a network trains; the learning rate is 1 where it is yet to be found.

        Parameters
        ----------
        model : Model
            What the network computes.
        early_stopping : bool
            Whether patience goes by validation rows.
        incremental : bool, default=False
            Whether it trains for a single epoch, as ``partial_fit`` does.
        """
        restores = bool(self.restore_best)
        if self.restore_best == "auto":
            restores = early_stopping or self.resamples
        return MemberSpec(
            model=model,
            solver=self.solver,
            schedule=self.schedule,
            learning_rate_init=self.learning_rate_init or 1.0,
            max_iter=self.max_iter,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            early_stopping=early_stopping,
            restore_best=restores and not incremental,
            weight_decay=self.weight_decay,
            gradient_clip=self.gradient_clip,
            max_norm=self.max_norm,
            averaging=self.averaging,
            max_time=np.inf if incremental else self.max_time,
            falling_dropout=self.falling_dropout,
        )

    @property
    def n_members(self) -> int:
        """Number of networks."""
        return self.committee.n_members

    @property
    def resamples(self) -> bool:
        """Whether networks leave out rows of their own, by which they are judged."""
        return self.committee.resample is not None

    @property
    def must_validate(self) -> bool:
        """Whether every fit sets rows aside."""
        return self.early_stopping is not False and self.early_stopping != "auto"

    def stops_early(self, n_rows: int, has_rows: bool) -> bool:
        """Whether patience goes by validation rows.

        Parameters
        ----------
        n_rows : int
            Rows that were given to ``fit``.
        has_rows : bool
            Whether ``fit`` was given validation rows of their own.
        """
        if self.early_stopping == "auto":
            return has_rows or n_rows > AUTO_ROWS
        return bool(self.early_stopping)

    def rows_of_batch(self, n_rows: int) -> int:
        """Return the rows of a batch of so many rows."""
        return min(AUTO_BATCH_SIZE if self.batch_size == "auto" else int(self.batch_size), n_rows)

    def layer_activation(self, layer: int) -> Activation:
        """Return the activation that an initializer sees: the output layer takes the last."""
        if not self.activations:
            return resolve_activation("identity")
        return self.activations[min(layer, len(self.activations) - 1)]


#: Parameters that are taken as they are given.
_PLAIN = (
    "batch_size",
    "max_iter",
    "shuffle",
    "random_state",
    "tol",
    "verbose",
    "warm_start",
    "early_stopping",
    "validation_fraction",
    "n_iter_no_change",
    "dtype",
    "max_norm",
    "gradient_clip",
    "skip_connections",
    "restore_best",
    "checkpoint",
)


def component_named(estimator: Any, name: str) -> Any:
    """Return the default instance of a component that an estimator has by name, or what it has.

    Raises
    ------
    ValueError
        If the parameter is neither a name nor something whose parameters can be set.
    """
    value = getattr(estimator, name, None)
    resolvers: dict[str, Callable[[Any], Any]] = {
        "activation": resolve_activation,
        "out_activation": lambda spec: resolve_activation(spec, "out_activation", hidden=False),
        "loss": lambda spec: resolve_loss(spec, estimator._task),
        "solver": lambda spec: resolve_solver(spec, parameters_of(estimator)),
        "learning_rate": lambda spec: resolve_schedule(spec, power_t=estimator.power_t),
        "normalization": resolve_normalization,
        "weight_averaging": resolve_averaging,
        "weight_init": resolve_initializer,
        "feature_scale": resolve_feature_scale,
        "n_members": resolve_committee,
        "monitor": resolve_monitor,
    }
    if name in resolvers and (isinstance(value, str | int) and value is not False):
        return resolvers[name](value)
    if name in estimator._get_param_names() and not hasattr(value, "set_params"):
        raise ValueError(
            f"{name}={value!r} is neither a name nor a component, so that no parameter of it "
            f"can be set. Pass an instance."
        )
    return value


def loss_of(estimator: Any) -> LossSpec:
    """Return the loss that a fit would take."""
    return resolve_loss(estimator.loss, estimator._task)


def takes_partial_fit(estimator: Any) -> bool:
    """Whether ``partial_fit`` is available; raises AttributeError where it is not."""
    solver = estimator.solver
    if solver == "lbfgs" or (isinstance(solver, Solver) and not solver.stochastic):
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {solver} is not stochastic."
        )
    if estimator.checkpoint is not None:
        raise AttributeError(
            f"partial_fit is a single epoch, in which checkpoint={estimator.checkpoint!r} would "
            "save nothing. Set checkpoint=None, and pickle the estimator between the calls."
        )
    return True


def hidden_sizes(sizes: Any) -> tuple[int, ...]:
    """Check ``hidden_layer_sizes`` and return them as a tuple."""
    sizes = sizes.tolist() if isinstance(sizes, np.ndarray) else sizes
    sizes = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes):
        raise TypeError(f"hidden_layer_sizes must be integers, got {list(sizes)}.")
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {list(sizes)}.")
    return tuple(int(size) for size in sizes)


def _out_activation(spec: Any) -> Activation | None:
    if isinstance(spec, str) and spec == "auto":
        return None
    return resolve_activation(spec, "out_activation", hidden=False)


def _activations(spec: Any, n_hidden: int) -> tuple[Activation, ...]:
    spec = as_python(spec)
    if isinstance(spec, list | tuple | np.ndarray):
        if len(spec) != n_hidden:
            raise ValueError(
                f"activation={spec!r} has {len(spec)} entries, but hidden_layer_sizes has "
                f"{n_hidden}. Give one entry for each hidden layer, or a single activation."
            )
        return tuple(resolve_activation(entry) for entry in spec)
    return (resolve_activation(spec),) * n_hidden


def _learning_rate(given: Mapping[str, Any]) -> tuple[Schedule, float | None, str]:
    spec, init = given["learning_rate"], given["learning_rate_init"]
    rate = None if isinstance(init, str) else float(init)
    if not isinstance(spec, Real):
        return resolve_schedule(spec, power_t=given["power_t"]), rate, "learning_rate_init"
    if rate != DEFAULT_RATE:
        raise ValueError(
            f"learning_rate={spec} and learning_rate_init={init!r} both give a rate. Set "
            f"learning_rate='constant' or leave learning_rate_init at {DEFAULT_RATE}."
        )
    return Constant(), float(spec), "learning_rate"
