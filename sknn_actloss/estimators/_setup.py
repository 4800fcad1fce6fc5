"""How a fit is set up: networks, where they start, and the rows that they learn from."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sknn_actloss._component import stackable
from sknn_actloss.activations import Link, canonical_name
from sknn_actloss.core import ATTRIBUTE_NAMES, Layout, Model
from sknn_actloss.estimators._attributes import (
    OptimizerState,
    Template,
    continued_course,
)
from sknn_actloss.estimators._conflicts import check_calibration
from sknn_actloss.estimators._fit import Fit, monitored
from sknn_actloss.estimators._monitor import judge_of
from sknn_actloss.estimators._resampling import draws_of
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._targets import Targets
from sknn_actloss.estimators._validation import Data, Request, Validate, hold_out, row_weights
from sknn_actloss.schedules import LearningRate
from sknn_actloss.training import (
    Course,
    EncodedTargets,
    Judge,
    Member,
    MemberSpec,
    MemberState,
    Run,
    Task,
    try_rates,
)


@dataclass(eq=False)
class Setup:
    """What goes into a fit.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The estimator with what an earlier fit has left; it stays as it is.
    settings : Settings
        Its parameters.
    data : Data
        What to train on.
    request : Request
        Weights, validation rows and groups.
    validate : callable
        Checks further rows and targets as those of the fit.
    incremental : bool, default=False
        Whether this is a call of ``partial_fit``.
    """

    estimator: Any
    settings: Settings
    data: Data
    request: Request
    validate: Validate
    incremental: bool = False

    @cached_property
    def fresh(self) -> bool:
        """Whether networks start from initial weights, instead of those of an earlier fit."""
        return starts_anew(self.estimator, self.settings, self.incremental)

    @property
    def earlier(self) -> Mapping[str, Any]:
        """What an earlier fit has left."""
        return {} if self.fresh else vars(self.estimator)

    @cached_property
    def dtype(self) -> np.dtype:
        """Data type of the fitted weights."""
        if not self.fresh:
            return np.asarray(self.earlier["coefs_"][0]).dtype
        auto = self.settings.dtype == "auto"
        return self.data.X.dtype if auto else np.dtype(self.settings.dtype)

    @cached_property
    def y(self) -> EncodedTargets:
        """Encoded targets in the data type of the computation."""
        stochastic = self.settings.solver.stochastic
        return self.data.encoded(self.dtype if stochastic else np.dtype(np.float64))

    @cached_property
    def sample_weight(self) -> np.ndarray | None:
        """Weight of each row, by class as well."""
        given = self.request.sample_weight
        return row_weights(self.settings, self.data.targets, self.y, given, self.incremental)

    @cached_property
    def model(self) -> Model:
        """What a network computes and minimises."""
        n_outputs = self.y.n_columns * self.settings.loss.outputs_per_target
        model = self.settings.model(self.data.targets.kind, n_outputs)
        check_calibration(self.settings.given, self.settings.committee, model)
        return model

    @cached_property
    def layout(self) -> Layout:
        """Where its parameters lie."""
        n_outputs = self.y.n_columns * self.model.loss.outputs_per_target
        sizes = self.settings.hidden_layer_sizes
        return self.model.layout(self.data.X.n_features, sizes, n_outputs)

    def fit(self, range_test: bool = True) -> Fit:
        """Return the fit.

        Parameters
        ----------
        range_test : bool, default=True
            Whether an unknown learning rate is found by a range test.

        Raises
        ------
        ValueError
            If parameters and data do not go together.
        """
        settings, weights = self.settings, self.sample_weight
        domain = self.model.loss.target_domain
        self.data.targets.check(self.y, domain, settings.given["loss"])
        probe(self.model, self.data.targets, self.y)
        random_state = check_random_state(settings.random_state)
        params = self._start(random_state).astype(self.y.dtype, copy=False)
        task = Task(
            X=self.data.X,
            y=self.y,
            labels=self.data.y,
            sample_weight=weights,
            layout=self.layout,
            batch_size=settings.rows_of_batch(self.y.n_rows),
            random_state=random_state,
            shuffle=settings.shuffle,
            given=self.data.given[0],
        )
        if settings.solver.stochastic:
            task = self._in_batches(task)
        return self._with_members(task, params, range_test)

    def _start(self, random_state: np.random.RandomState) -> np.ndarray:
        """Return where training starts, shape (n_members, row_size)."""
        settings = self.settings
        if not self.fresh:
            return self._fitted_params()
        draw = settings, self.model, self.layout, self.y, self.sample_weight, random_state
        return np.concatenate([initial_params(*draw) for _ in range(settings.n_members)])

    def _fitted_params(self) -> np.ndarray:
        settings, layout = self.settings, self.layout
        expected, found = layout.attribute_shapes(settings.n_members), self.earlier
        shapes = [np.shape(coef) for coef in found["coefs_"]]
        if shapes != expected["coefs_"]:
            raise ValueError(
                f"The fitted weights have shapes {shapes}, but the data, n_members="
                f"{settings.n_members} and hidden_layer_sizes="
                f"{settings.given['hidden_layer_sizes']} ask for {expected['coefs_']}. Training "
                "can go on only with the same shapes; set warm_start=False to start anew."
            )
        self._check_layers()
        return layout.from_attributes(found, self.y.dtype)

    def _check_layers(self) -> None:
        """Raise a ValueError where the fitted networks have other layers."""
        found = {name for name in ATTRIBUTE_NAMES if name in self.earlier}
        if found != set(self.layout.attribute_names):
            asked = {name: self.settings.given[name] for name in ("normalization", "feature_scale")}
            raise ValueError(
                f"The fitted network has {sorted(found)}, which is not what "
                f"{' and '.join(f'{name}={value!r}' for name, value in asked.items())} ask for. "
                "Training can go on only with the same layers; set warm_start=False to start anew."
            )

    def _in_batches(self, task: Task) -> Task:
        """Return the task with rows to judge by, and batches no larger than what is left."""
        if not (self.incremental or self.settings.resamples):
            own = self.settings, self.data, self.request, self.model, self.validate
            task = hold_out(task, *own)
        size = self.settings.rows_of_batch(task.n_rows)
        if self.settings.batch_size != "auto" and self.settings.batch_size > task.n_rows:  # type: ignore[operator]
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                f"clipped from {self.settings.batch_size} to {task.n_rows}.",
                stacklevel=2,
            )
        return replace(task, batch_size=size)

    def _with_members(self, task: Task, params: np.ndarray, range_test: bool) -> Fit:
        """Return the fit of the networks, each of which goes on from its own earlier one."""
        earlier = [self.earlier] * len(params)
        if not self.fresh and len(params) > 1:
            earlier = [vars(member) for member in self.earlier["members_"]]
        optimizers = [self._optimizer(own) for own in earlier]
        if range_test and optimizers[0].rate.learning_rate_init is None:
            self._find_rate(task, optimizers, params[:1])
        template = self._template()
        draws = draws_of(task, self.settings, self.data, self.request)
        is_judged = task.holdout is not None or self.settings.resamples
        judge = self._judge(template) if is_judged else None
        scores = self._judge(template) if self.settings.scores_training else None
        members = [
            Member(
                self._spec(task, optimizer),
                self._state(task, optimizer, own, row),
                judge,
                draw,
                scores,
            )
            for optimizer, own, row, draw in zip(optimizers, earlier, params, draws, strict=True)
        ]
        return Fit(
            settings=self.settings,
            request=self.request,
            template=template,
            run=Run(task, members, params, optimizers[0].streams, self._workspace()),
            members=members,
            fresh=self.fresh,
            incremental=self.incremental,
            n_seen=earlier[0].get("t_", 0),
        )

    def _optimizer(self, earlier: Mapping[str, Any]) -> OptimizerState:
        """Return the state to go on from in ``partial_fit``, or a new one."""
        settings = self.settings
        old, rate_init = earlier.get("_optimizer"), settings.learning_rate_init
        goes_on = old is not None and stackable(old.solver, settings.solver)
        if goes_on and rate_init is None:
            rate_init = old.rate.learning_rate_init
        if self.incremental and goes_on:
            # A call that fails leaves the fitted estimator as it was.
            rate, streams = copy.deepcopy((old.rate, old.streams))
            rate.schedule, rate.learning_rate_init = settings.schedule, rate_init
            return OptimizerState(settings.solver, old.state, rate, old.average, streams)
        samples = earlier.get("t_", 0) if old is None else old.rate.samples
        rate = LearningRate(settings.schedule, rate_init, samples=samples)
        return OptimizerState(settings.solver, {}, rate)

    def _find_rate(
        self, task: Task, optimizers: Sequence[OptimizerState], params: np.ndarray
    ) -> None:
        """Set the learning rate of all networks to what a range test of the first suggests."""
        member = Member(self._spec(task, optimizers[0]), MemberState(optimizers[0].rate))
        test = try_rates(task, member, params)
        for optimizer in optimizers:
            optimizer.rate = replace(optimizer.rate, learning_rate_init=test.suggestion)
        if self.settings.verbose:
            print(f"Learning rate found: {test}")

    def _spec(self, task: Task, optimizer: OptimizerState) -> MemberSpec:
        has_rows = self.request.has_rows or self.settings.resamples
        is_judged = task.holdout is not None or self.settings.resamples
        early_stopping = not self.incremental and (
            is_judged
            and self.settings.solver.stochastic
            and self.settings.stops_early(self.y.n_rows, has_rows)
        )
        spec = self.settings.member(self.model, early_stopping, self.incremental)
        return replace(spec, learning_rate_init=optimizer.rate.learning_rate_init)

    def _state(
        self,
        task: Task,
        optimizer: OptimizerState,
        earlier: Mapping[str, Any],
        params: np.ndarray,
    ) -> MemberState:
        """Return where a network stands; ``params`` are set to where it goes on."""
        initial = params.copy()
        course = Course(start=None if self.fresh else initial, initial=initial)
        if self.settings.solver.stochastic:
            own = monitored(self.settings, task)
            goes_on = own is not None and own == earlier.get("_monitored")
            scored = self.settings.scores_training and "_scored_by" in earlier
            scored = scored and self.settings.monitor == earlier["_scored_by"]
            course = continued_course(earlier, course, goes_on, scored)
        average = optimizer.average if self.settings.averaging else {}
        if average:
            self.layout.trained(params[None])[...] = average["last"]
        return MemberState(optimizer.rate, course, optimizer.state, average)

    def _judge(self, template: Template) -> Judge:
        return judge_of(self.settings, self.data.targets, self.model, template)

    def _workspace(self) -> Any:
        return vars(self.estimator).get("_workspace")

    def _template(self) -> Template:
        """Return the estimator with all attributes that do not depend on training."""
        model, layout = self.model, self.layout
        attributes = self.data.attributes | {
            "_model": model,
            "_layout": layout,
            "_targets": self.data.targets,
            "n_outputs_": layout.layer_sizes[-1],
            "n_layers_": len(layout.layer_sizes),
            "out_activation_": canonical_name(model.output) or repr(model.output),
        }
        estimator = copy.copy(self.estimator)
        vars(estimator).update(attributes)
        return Template(estimator, attributes, layout, self.dtype)


def starts_anew(estimator: Any, settings: Settings, incremental: bool) -> bool:
    """Whether a fit draws initial weights, instead of going on from those of an earlier one."""
    return "coefs_" not in vars(estimator) or not (settings.warm_start or incremental)


def initial_params(
    settings: Settings,
    model: Model,
    layout: Layout,
    y: EncodedTargets,
    sample_weight: np.ndarray | None,
    random_state: np.random.RandomState,
) -> np.ndarray:
    """Return drawn weights and biases, and what other layers start from, shape (1, row_size)."""
    sizes = layout.layer_sizes
    drawn = [
        settings.initializer.draw(
            random_state, sizes[layer], sizes[layer + 1], settings.layer_activation(layer)
        )
        for layer in range(layout.n_layers)
    ]
    coefs, intercepts = map(list, zip(*drawn, strict=True))
    if model.is_fused and isinstance(model.output, Link):
        ones = np.ones(y.n_rows) if sample_weight is None else sample_weight
        with np.errstate(over="ignore", invalid="ignore"):  # for the training to complain about
            initial = model.loss.initial_prediction(*y.distinct(ones))
        if initial is not None:
            intercepts[-1] = model.output.inverse(initial)
    return layout.initial({"coefs_": coefs, "intercepts_": intercepts}, np.float64)


def probe(model: Model, targets: Targets, y: EncodedTargets) -> None:
    """Check the formulas of the loss on a few rows, for predictions that may come up."""
    rows = np.linspace(0, y.n_rows - 1, max(3, 12 // y.n_columns)).astype(int)
    n_outputs = y.n_columns * model.loss.outputs_per_target
    raw = _probing_outputs(len(rows), n_outputs)
    if model.output_name == "identity" and targets.kind == "continuous":
        low, high = y.contents.min() / 2, y.contents.max() / 2
        raw = (high + low) + np.tanh(raw) * max(high - low, 1e-3)
    with np.errstate(over="ignore", invalid="ignore"):  # for the training to complain about
        model.loss.check(y.dense(rows).astype(np.float64, order="C"), model.output(raw)[0])


@lru_cache(maxsize=16)
def _probing_outputs(n_rows: int, n_outputs: int) -> np.ndarray:
    outputs = np.random.RandomState(0).normal(scale=1.5, size=(1, n_rows, n_outputs))
    outputs.flags.writeable = False
    return outputs
