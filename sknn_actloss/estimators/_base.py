"""What classifier and regressor share: parameters, validation and the course of a fit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite, check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_actloss._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Options,
    Real,
    StrOptions,
    check_sample_weight,
    number,
    whole_number,
)
from sknn_actloss.activations import (
    ACTIVATIONS,
    Activation,
    canonical_name,
    resolve_activation,
)
from sknn_actloss.averaging import AVERAGES, Averaging, resolve_averaging
from sknn_actloss.core import ATTRIBUTE_NAMES, Layout, Model, Predictor, as_rows
from sknn_actloss.estimators._holdout import Partition
from sknn_actloss.estimators._lbfgs import fit_lbfgs
from sknn_actloss.estimators._lockstep import fit_stochastic
from sknn_actloss.estimators._observer import FitObserver
from sknn_actloss.estimators._problem import Data, Problem
from sknn_actloss.estimators._settings import Settings, named_solver
from sknn_actloss.estimators._validation import NOTHING, Request, partition
from sknn_actloss.initializers import INITIALIZERS, Initializer, resolve_initializer
from sknn_actloss.losses import Loss, resolve_loss
from sknn_actloss.normalization import NORMALIZATIONS, Normalization, resolve_normalization
from sknn_actloss.schedules import SCHEDULES, Schedule, resolve_schedule
from sknn_actloss.solvers import SOLVERS, Solver
from sknn_actloss.training import Checkpoint

#: Data types of X that are taken as they are.
FLOATS = (np.float64, np.float32)


class BaseMLP(CallbackSupportMixin, BaseEstimator):
    """Base of :class:`MLPClassifier` and :class:`MLPRegressor`."""

    _task: ClassVar[str]
    _target_kind: str

    # Groups that are passed to a search are meant for its splitter, unless they are requested.
    __metadata_request__fit: ClassVar[dict] = {"groups": False}

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", whole_number(1)],
        "activation": [StrOptions(set(ACTIVATIONS.names)), Activation, callable, "array-like"],
        "out_activation": [StrOptions({"auto", *ACTIVATIONS.names}), Activation, callable],
        "solver": [StrOptions(set(SOLVERS.names)), Solver],
        "alpha": [number(0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), whole_number(1)],
        "learning_rate": [
            StrOptions(set(SCHEDULES.names)),
            Schedule,
            callable,
            number(0, None),
        ],
        "learning_rate_init": [number(0, None), StrOptions({"auto"})],
        "power_t": [number(0, None, closed="left")],
        "max_iter": [whole_number(1)],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [number(0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [number(0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [number(0, 1, closed="left"), HasMethods("split")],
        "beta_1": [number(0, 1, closed="left")],
        "beta_2": [number(0, 1, closed="left")],
        "epsilon": [number(0, None)],
        "n_iter_no_change": [whole_number(1), Options(Real, {np.inf})],
        "max_fun": [whole_number(1)],
        "weight_init": [StrOptions(set(INITIALIZERS.names)), Initializer],
        "weight_decay": [number(0, None, closed="left"), None],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
        "dropout": [number(0, 1, closed="left"), "array-like"],
        "l1": [number(0, None, closed="left")],
        "max_norm": [number(0, None), None],
        "gradient_clip": [number(0, None), None],
        "normalization": [StrOptions(set(NORMALIZATIONS.names)), Normalization, None],
        "skip_connections": ["boolean"],
        "weight_averaging": [StrOptions(set(AVERAGES.names)), Averaging, None],
        "n_members": [whole_number(1)],
        "monitor": [str, callable],
        "restore_best": ["boolean", StrOptions({"auto"})],
        "max_time": [number(0, None), None],
        "checkpoint": [Checkpoint, None],
    }

    def set_params(self, **params: Any) -> Self:
        """Set the parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Parameters by name. ``loss__delta`` and the like reach into components; where the
            component was given by name, its default instance takes the name's place first.

        Returns
        -------
        self : estimator instance

        Raises
        ------
        ValueError
            If a parameter does not exist, or if the part in front of ``__`` is not a component.
        """
        nested = {name: value for name, value in params.items() if "__" in name}
        super().set_params(**{name: params[name] for name in params if name not in nested})
        for name in dict.fromkeys(name.partition("__")[0] for name in nested):
            self._replace_by_component(name)
        return super().set_params(**nested)

    def _replace_by_component(self, name: str) -> None:
        resolvers: dict[str, Callable[[Any], Any]] = {
            "activation": resolve_activation,
            "out_activation": lambda spec: resolve_activation(spec, "out_activation", hidden=False),
            "loss": lambda spec: resolve_loss(spec, self._task),
            "solver": lambda spec: named_solver(self, spec),
            "learning_rate": lambda spec: resolve_schedule(spec, power_t=self.power_t),
            "normalization": resolve_normalization,
            "weight_averaging": resolve_averaging,
            "weight_init": resolve_initializer,
        }
        value = getattr(self, name, None)
        if name in resolvers and isinstance(value, str):
            setattr(self, name, resolvers[name](value))
        elif name in self._get_param_names() and not hasattr(value, "set_params"):
            raise ValueError(
                f"{name}={value!r} is neither a name nor a component, so that no parameter of it "
                f"can be set. Pass an instance."
            )

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        incremental: bool,
        request: Request = NOTHING,
    ) -> Self:
        settings = Settings.of(self, self._task)
        if incremental and self.early_stopping and self.early_stopping != "auto":
            raise ValueError("partial_fit does not support early_stopping=True")
        request.check(self, settings.solver.stochastic)
        if self.checkpoint is not None:
            self.checkpoint.prepare()
        data = {"X": X, "y": y, "metadata": None}
        if sample_weight is not None:
            data["metadata"] = {"sample_weight": sample_weight}
        context = None if incremental else self._begin_callbacks(data)
        checked = self._checked(X, y, incremental)
        problem = self._problem(settings, checked, sample_weight, incremental)
        observer = FitObserver(self, context, data, problem.attributes)
        if settings.solver.stochastic:
            rows = Partition()
            if not incremental:
                rows = partition(self, checked, problem, sample_weight, request)
            fit_stochastic(self, settings, problem, rows, observer, incremental)
        else:
            fit_lbfgs(self, settings, problem, observer)
        if context is not None:
            context.call_on_fit_task_end(estimator=self, **data, reconstruction_attributes=dict)
        return self

    def _begin_callbacks(self, data: dict[str, Any]) -> Any:
        if not hasattr(self, "_init_callback_context"):
            return None
        context = self._init_callback_context(max_subtasks=self.max_iter)
        return context.call_on_fit_task_begin(estimator=self, **data)

    def _starts_anew(self, incremental: bool) -> bool:
        return not hasattr(self, "coefs_") or not (self.warm_start or incremental)

    def _checked(self, X: Any, y: Any, incremental: bool) -> Data:
        """Validate rows and targets, and encode the targets."""
        before, given = vars(self).copy(), (X, y)
        X, y = self._validate(X, y, reset=self._starts_anew(incremental))
        targets = self._encode(y, incremental)
        found = {name: value for name, value in vars(self).items() if name not in before}
        return Data(X, targets, y, given, found)

    def _problem(
        self, settings: Settings, data: Data, sample_weight: Any, incremental: bool
    ) -> Problem:
        """Set up the networks to train."""
        fresh, X, targets = self._starts_anew(incremental), data.X, data.targets
        dtype = self._compute_dtype(X, fresh)
        working_dtype = dtype if settings.solver.stochastic else np.dtype(np.float64)
        weights = self._training_weights(sample_weight, X, targets, working_dtype, incremental)
        targets = self._cast_targets(targets, working_dtype)
        n_outputs = targets.shape[1] * settings.loss.outputs_per_target
        model = settings.model(self._target_kind, n_outputs)
        self._check_targets(model, targets)
        layout = model.layout(X.shape[1], settings.hidden_layer_sizes, n_outputs)
        random_state = check_random_state(self.random_state)
        if fresh:
            draw = settings, model, layout, targets, weights, random_state
            params = np.concatenate([self._initial_params(*draw) for _ in range(self.n_members)])
        else:
            self._check_shapes(layout)
            params = self._fitted_params(layout, working_dtype)
        self._model = model
        self.n_outputs_, self.n_layers_ = n_outputs, len(layout.layer_sizes)
        self.out_activation_ = canonical_name(model.output) or repr(model.output)
        return Problem(
            X=X,
            y=targets,
            sample_weight=weights,
            layout=layout,
            model=model,
            params=params.astype(working_dtype, copy=False),
            dtype=dtype,
            random_state=random_state,
            fresh=fresh,
            given=data.given[0],
        )

    def _encode_validation(self, y: np.ndarray, trained: np.ndarray) -> np.ndarray:
        """Return validation targets encoded as the training targets (n_samples, n_outputs)."""
        targets = self._encode(y, incremental=True)
        if targets.shape[1] != trained.shape[1]:
            raise ValueError(
                f"y_val has {targets.shape[1]} column(s), but y has {trained.shape[1]}."
            )
        return targets

    @abstractmethod
    def _validate(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        """Check X and y with scikit-learn's means."""

    @abstractmethod
    def _encode(self, y: np.ndarray, incremental: bool) -> np.ndarray:
        """Return targets of shape (n_samples, n_outputs) and set ``_target_kind``."""

    def _class_weights(
        self, targets: np.ndarray, sample_weight: np.ndarray | None, incremental: bool
    ) -> np.ndarray | None:
        """Return the weight of each row by its class, ``None`` where there is none."""
        return None

    @abstractmethod
    def _validation_score(
        self, prediction: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> float:
        """Score predictions (n_samples, n_outputs) on encoded targets, NaN if not finite."""

    def _training_weights(
        self, sample_weight: Any, X: Any, targets: np.ndarray, dtype: np.dtype, incremental: bool
    ) -> np.ndarray | None:
        """Return the product of sample and class weights, ``None`` where all are one."""
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X, ensure_non_negative=True)
        by_class = self._class_weights(targets, sample_weight, incremental)
        factors = [factor for factor in (sample_weight, by_class) if factor is not None]
        if all(np.all(factor == 1) for factor in factors):
            return None
        with np.errstate(over="ignore"):
            weights = np.prod(factors, axis=0).astype(dtype, copy=False)
            total = weights.sum(dtype=np.float64)
        if not 0 < total < np.inf:
            raise ValueError(
                f"sample_weight and class_weight add up to {total:g} in {dtype.name}; the sum "
                "must be finite and above zero."
            )
        return weights

    def _compute_dtype(self, X: Any, fresh: bool) -> np.dtype:
        if not fresh:
            return np.asarray(self.coefs_[0]).dtype
        return X.dtype if self.dtype == "auto" else np.dtype(self.dtype)

    def _cast_targets(self, targets: np.ndarray, dtype: np.dtype) -> np.ndarray:
        with np.errstate(over="ignore"):
            cast = targets.astype(dtype, copy=False)
        if not np.all(np.isfinite(cast)):
            raise ValueError(f"y has values too large for dtype={dtype.name!r}.")
        return cast

    def _check_domain(self, model: Model, targets: np.ndarray, name: str = "y") -> None:
        domain = model.loss.target_domain
        if self._target_kind == "continuous" and not domain.contains(targets):
            raise ValueError(
                f"loss={self.loss!r} needs targets in {domain}, but {name} ranges from "
                f"{targets.min():g} to {targets.max():g}. Some value(s) of {name} are out of the "
                "valid range of the loss; transform y or choose another loss."
            )

    def _check_targets(self, model: Model, targets: np.ndarray) -> None:
        self._check_domain(model, targets)
        rows = targets[np.linspace(0, len(targets) - 1, max(3, 12 // targets.shape[1])).astype(int)]
        n_outputs = targets.shape[1] * model.loss.outputs_per_target
        raw = np.random.RandomState(0).normal(scale=1.5, size=(1, len(rows), n_outputs))
        if model.output_name == "identity" and self._target_kind == "continuous":
            low, high = targets.min() / 2, targets.max() / 2
            raw = (high + low) + np.tanh(raw) * max(high - low, 1e-3)
        model.loss.check(rows.astype(np.float64), model.output(raw)[0])

    def _initial_params(
        self,
        settings: Settings,
        model: Model,
        layout: Layout,
        targets: np.ndarray,
        weights: np.ndarray | None,
        random_state: np.random.RandomState,
    ) -> np.ndarray:
        layers = [
            settings.initializer.draw(
                random_state,
                layout.layer_sizes[layer],
                layout.layer_sizes[layer + 1],
                settings.layer_activation(layer),
            )
            for layer in range(layout.n_layers)
        ]
        coefs, intercepts = map(list, zip(*layers, strict=True))
        if model.is_fused:
            ones = np.ones(len(targets)) if weights is None else weights
            initial = model.loss.initial_prediction(targets, ones)
            if initial is not None:
                intercepts[-1] = model.output.inverse(initial)
        return layout.initial({"coefs_": coefs, "intercepts_": intercepts}, np.float64)

    def _fitted_params(self, layout: Layout, dtype: np.dtype) -> np.ndarray:
        """Return the rows of parameters of the fitted networks."""
        found = {name for name in ATTRIBUTE_NAMES if name in vars(self)}
        if found != set(layout.attribute_names):
            raise ValueError(
                f"The fitted network was normalised otherwise than normalization="
                f"{self.normalization!r} asks for. Training can go on only with the same kind of "
                "normalisation; set warm_start=False to start anew."
            )
        return layout.from_attributes(vars(self), dtype)

    def _check_shapes(self, layout: Layout) -> None:
        members = (self.n_members,) if self.n_members > 1 else ()
        expected = [(*members, *shape) for shape in pairwise(layout.layer_sizes)]
        found = [np.shape(coef) for coef in self.coefs_]
        if found != expected:
            raise ValueError(
                f"The fitted weights have shapes {found}, but the data, n_members={self.n_members} "
                f"and hidden_layer_sizes={self.hidden_layer_sizes} ask for {expected}. Training "
                "can go on only with the same shapes; set warm_start=False to start anew."
            )

    def _outputs(self, X: Any, activated: bool) -> np.ndarray:
        """Return raw or activated outputs of all networks: (n_members, n_samples, n_outputs)."""
        X = self._rows_to_predict(X)
        output = self._model.output if activated else None
        with np.errstate(over="ignore"):
            return self._predictor()(as_rows(X), vars(self), output)

    def _predictor(self) -> Predictor:
        """Return what predicts with the fitted parameters."""
        shapes = [np.shape(coef) for coef in self.coefs_]
        return self._model.predictor((shapes[0][-2], *(shape[-1] for shape in shapes)))

    def _rows_to_predict(self, X: Any) -> np.ndarray | sparse.csr_array:
        if not hasattr(self, "coefs_"):
            check_is_fitted(self, "coefs_")
        if type(X) is not np.ndarray or X.dtype not in FLOATS or X.ndim != 2 or len(X) == 0:
            return validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        # A single row goes through the network in less time than through all checks.
        validate_data(self, X, skip_check_array=True, reset=False)
        assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
        return X

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: all but the room that training works in."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_workspace"}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def is_stochastic(estimator: BaseMLP) -> bool:
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


def mean_of_members(outputs: np.ndarray) -> np.ndarray:
    """Return the mean (n_samples, n_outputs) of what the members of a committee give."""
    return outputs[0] if len(outputs) == 1 else outputs.mean(axis=0)


def known_loss(estimator: BaseMLP) -> Loss:
    """Return the loss of the fit, or the one that a fit would take."""
    if hasattr(estimator, "_model"):
        return estimator._model.loss
    return resolve_loss(estimator.loss, estimator._task)


def single_column(y: np.ndarray) -> np.ndarray:
    """Turn (n_samples, 1) into (n_samples,) with scikit-learn's warning."""
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
