"""What classifier and regressor share: parameters, the course of a fit, outputs."""

from __future__ import annotations

import re
from abc import abstractmethod
from math import isfinite
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_actloss._pickling import Stamped
from sknn_actloss._site import Documented
from sknn_actloss._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    InvalidParameterError,
    Names,
    Options,
    Real,
    RemembersParameters,
    num_samples,
    number,
    whole_number,
)
from sknn_actloss._suggestion import did_you_mean
from sknn_actloss.activations import ACTIVATIONS, Activation
from sknn_actloss.averaging import AVERAGES, Averaging
from sknn_actloss.committee import Committee
from sknn_actloss.core import Model, Rows, as_rows, forward
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.estimators._attributes import commit
from sknn_actloss.estimators._fitted import FittedAttributes
from sknn_actloss.estimators._hidden_units import BLOCK_SIZE, HiddenUnits, index_of
from sknn_actloss.estimators._observer import FitObserver, Tasks
from sknn_actloss.estimators._settings import (
    Settings,
    component_named,
    hidden_sizes,
    loss_of,
    parameters_of,
)
from sknn_actloss.estimators._setup import Setup, starts_anew
from sknn_actloss.estimators._targets import Targets
from sknn_actloss.estimators._validation import Data, Request
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.initializers import INITIALIZERS, Initializer
from sknn_actloss.losses import Head
from sknn_actloss.monitor import Monitor
from sknn_actloss.normalization import NORMALIZATIONS, Normalization
from sknn_actloss.persistence import Checkpoint
from sknn_actloss.schedules import SCHEDULES, Schedule
from sknn_actloss.solvers import SOLVERS, Solver
from sknn_actloss.training import REMEDY

#: Data types of X that are taken as they are.
FLOATS = (np.float64, np.float32)


class BaseMLP(
    FittedAttributes,
    HiddenUnits,
    CallbackSupportMixin,
    Documented,
    Stamped,
    TransformerMixin,
    RemembersParameters,
    BaseEstimator,
):
    """Base of :class:`MLPClassifier` and :class:`MLPRegressor`."""

    _task: ClassVar[str]

    # Groups that are passed to a search are meant for its splitter, unless they are requested.
    __metadata_request__fit: ClassVar[dict] = {"groups": False}

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", whole_number(1)],
        "activation": [Names(*ACTIVATIONS.names), Activation, callable, "array-like"],
        "out_activation": [Names("auto", *ACTIVATIONS.names), Activation, callable],
        "solver": [Names(*SOLVERS.names), Solver],
        "alpha": [number(0, None, closed="left")],
        "batch_size": [Names("auto"), whole_number(1)],
        "learning_rate": [
            Names(*SCHEDULES.names),
            Schedule,
            callable,
            number(0, None),
        ],
        "learning_rate_init": [number(0, None), Names("auto")],
        "power_t": [number(0, None, closed="left")],
        "max_iter": [whole_number(1)],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [number(0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [number(0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean", Names("auto")],
        "validation_fraction": [
            number(0, 1, closed="left"),
            whole_number(1),
            HasMethods("split"),
            HasMethods("__iter__"),
        ],
        "beta_1": [number(0, 1, closed="left")],
        "beta_2": [number(0, 1, closed="left")],
        "epsilon": [number(0, None)],
        "n_iter_no_change": [whole_number(1), Options(Real, {np.inf})],
        "max_fun": [whole_number(1)],
        "weight_init": [Names(*INITIALIZERS.names), Initializer],
        "weight_decay": [number(0, None, closed="left"), None],
        "dtype": [Names("auto", "float32", "float64")],
        "dropout": [number(0, 1, closed="left"), "array-like", FallingDropout],
        "l1": [number(0, None, closed="left")],
        "max_norm": [number(0, None), None],
        "gradient_clip": [number(0, None), None],
        "normalization": [Names(*NORMALIZATIONS.names), Normalization, None],
        "skip_connections": ["boolean"],
        "feature_scale": ["boolean", FeatureScale],
        "weight_averaging": [Names(*AVERAGES.names), Averaging, None],
        "n_members": [whole_number(1), Committee],
        "monitor": [str, callable, Monitor],
        "restore_best": ["boolean", Names("auto")],
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
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter does not exist, or if the part in front of ``__`` is not a component.
        """
        nested = {name: value for name, value in params.items() if "__" in name}
        super().set_params(**{name: params[name] for name in params if name not in nested})
        for name in dict.fromkeys(name.partition("__")[0] for name in nested):
            component = component_named(self, name)
            if component is not None:
                setattr(self, name, component)
        return super().set_params(**nested)

    def _validate_params(self) -> None:
        """Check the parameters one by one, as scikit-learn does, and suggest what was meant."""
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            hint = next(filter(None, map(self._hint, re.findall(r"^The '(\w+)'", str(error)))), "")
            raise InvalidParameterError(f"{error}{hint}") from None

    def _hint(self, name: str) -> str:
        """Return what may have been meant by the value of a parameter, ``""`` for no idea."""
        value, constraints = getattr(self, name), self._parameter_constraints
        options = {
            other: [n for part in parts if isinstance(part, Names) for n in part.options]
            for other, parts in constraints.items()
        }
        others = [other for other in options if isinstance(value, str) and value in options[other]]
        if not others:
            return did_you_mean(value, options[name])
        first = " It is the first parameter." if name == next(iter(constraints)) else ""
        return f"{first} Did you mean {others[0]}={value!r}?"

    # What numbers come to is for checks to say, whatever the user has asked NumPy to make of it.
    @np.errstate(all="ignore")
    def _fit(
        self,
        X: Any,
        y: Any,
        request: Request,
        incremental: bool = False,
        classes: Any = None,
    ) -> Self:
        settings = Settings.of(self)
        if incremental and settings.must_validate:
            raise ValueError("partial_fit does not support early_stopping=True")
        if incremental and settings.resamples:
            raise ValueError(
                f"partial_fit does not support n_members={settings.committee!r}: it does not see "
                "the rows of other calls, of which networks are to leave out some. Set "
                f"n_members={settings.n_members}."
            )
        request.check(settings, self)
        if settings.checkpoint is not None:
            settings.checkpoint.prepare()
        data = {"X": X, "y": y, "metadata": None}
        if request.sample_weight is not None:
            data["metadata"] = {"sample_weight": request.sample_weight}
        context = None if incremental else self._begin_callbacks(data, settings)
        # What validation sets on the way to a failure must not stay.
        draft = draft_of(self)
        checked = check_data(draft, settings, X, y, request.sample_weight, incremental, classes)
        fit = Setup(draft, settings, checked, request, draft._checked_rows, incremental).fit()
        tasks = Tasks(context, {"estimator": self, **data}, fit.template.fitted_attributes)
        n_epochs = 1 if incremental else settings.max_iter
        with fit.training() as train, FitObserver(settings, tasks, n_epochs) as observer:
            result = train(observer)
            commit(self, fit.attributes(result))
            fit.warn()
        if context is not None:
            context.call_on_fit_task_end(estimator=self, **data, reconstruction_attributes=dict)
        return self

    def _begin_callbacks(self, data: dict[str, Any], settings: Settings) -> Any:
        if not hasattr(self, "_init_callback_context"):
            return None
        context = self._init_callback_context(max_subtasks=settings.max_iter)
        return context.call_on_fit_task_begin(estimator=self, **data)

    @abstractmethod
    def _validate(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        """Check X and y with scikit-learn's means."""

    @abstractmethod
    def _find_targets(self, y: Any, anew: bool, incremental: bool, classes: Any) -> Targets:
        """Return what the targets of a fit are, those of an earlier one unless it is new."""

    def _checked_targets(self, y: Any) -> Any:
        """Check targets by themselves, as ``fit`` does beside their rows."""
        return self._validate(np.zeros((num_samples(y), 1)), y, reset=True)[1]

    def _checked_rows(self, X: Any, y: Any) -> tuple[Rows, Any]:
        """Check further rows and targets as those of the fit."""
        X, y = self._validate(X, y, reset=False)
        return as_rows(X), y

    def _outputs(self, X: Any, activated: bool) -> np.ndarray:
        """Return raw or activated outputs of all networks: (n_members, n_samples, n_outputs)."""
        # Also for scikit-learn, which adds up numbers to see whether they are finite.
        with np.errstate(all="ignore"):
            return self._outputs_of(self._rows_to_predict(X), activated)

    def _outputs_of(self, X: Any, activated: bool) -> np.ndarray:
        """Return what :meth:`_outputs` does, for rows that have been validated."""
        predictor = self._fitted_model.predictor(self._layout.layer_sizes)
        output = self._model.output if activated else None
        return check_finite(predictor(as_rows(X), vars(self), output), self, "outputs")

    @property
    def _fitted_model(self) -> Model:
        """What the fitted networks compute."""
        try:
            model, _, _ = self._model, self._layout, self._targets
        except AttributeError as error:
            raise AttributeError(
                f"This {type(self).__name__} was pickled by another version of sknn_actloss "
                f"({error}). Fit it again, or unpickle it with the version that it was pickled by."
            ) from None
        return model

    def _hidden_layer_sizes(self) -> tuple[int, ...]:
        if hasattr(self, "_layout"):
            return self._layout.layer_sizes[1:-1]
        return hidden_sizes(parameters_of(self)["hidden_layer_sizes"])

    def _n_columns(self, hidden_layer: int) -> int:
        sizes = self._hidden_layer_sizes()
        return sizes[index_of(hidden_layer, sizes)] * len(getattr(self, "members_", [self]))

    @np.errstate(all="ignore")
    def _hidden_outputs(self, X: Any, hidden_layer: int) -> np.ndarray:
        rows, layout = as_rows(self._rows_to_predict(X)), self._layout
        index = index_of(hidden_layer, layout.layer_sizes[1:-1])
        layers = self._fitted_model.layers(layout.layer_sizes)
        layers = [layer for layer in layers if layer.index <= index]
        params, blocks = layout.attribute_views(vars(self)), []
        for start in range(0, rows.n_rows, BLOCK_SIZE):
            block = slice(start, min(start + BLOCK_SIZE, rows.n_rows))
            outputs = forward(rows, layers, params, block)
            blocks.append(outputs.swapaxes(0, 1).reshape(outputs.shape[1], -1))
        return np.concatenate(blocks)

    def _rows_to_predict(self, X: Any) -> Any:
        if not hasattr(self, "coefs_"):
            check_is_fitted(self, "coefs_")
        if type(X) is not np.ndarray or X.dtype not in FLOATS or X.ndim != 2 or len(X) == 0:
            return validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        # A single row goes through the network in less time than through all checks.
        validate_data(self, X, skip_check_array=True, reset=False)
        assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
        return X

    def _has_head(self, kind: type[Head]) -> bool:
        """Whether the loss of the fit, or the one that a fit would take, has a head of a kind."""
        if hasattr(self, "_model"):
            return isinstance(self._model.loss.head, kind)
        return issubclass(loss_of(self).head_kind, kind)

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: all but the room that training works in."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_workspace"}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []  # that goes by a parameter
        return tags


def draft_of(estimator: BaseMLP) -> BaseMLP:
    """Return an estimator that shares all that another one has, and takes what is set on it."""
    draft = object.__new__(type(estimator))
    vars(draft).update(vars(estimator))  # type: ignore[attr-defined]
    return draft


def check_data(
    estimator: BaseMLP,
    settings: Settings,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    incremental: bool = False,
    classes: Any = None,
) -> Data:
    """Check rows and targets for a fit.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Takes what scikit-learn notes of the features.
    settings : Settings
        Its parameters.
    X, y, sample_weight : as in ``fit``
    incremental : bool, default=False
        Whether this is a call of ``partial_fit``.
    classes : array-like or None
        All classes of all calls, where they are given.
    """
    anew = starts_anew(estimator, settings, incremental)
    rows, labels = estimator._validate(X, y, reset=anew)
    targets = estimator._find_targets(labels, anew, incremental, classes)
    if anew:
        targets = targets.scaled(settings.target_scaling, labels, sample_weight)
    else:
        targets.check_scaling(settings.target_scaling)
    names = ("n_features_in_", "feature_names_in_")
    attributes = {name: vars(estimator)[name] for name in names if name in vars(estimator)}
    return Data(as_rows(rows), labels, targets, (X, y), attributes | targets.attributes)


@np.errstate(over="ignore", invalid="ignore")
def check_finite(values: np.ndarray, estimator: BaseMLP, what: str) -> np.ndarray:
    """Return what rows lead to, and raise a ValueError where it is beyond the largest number.

    Parameters
    ----------
    values : ndarray
    estimator : MLPClassifier or MLPRegressor
        A fitted estimator.
    what : str
        What the values are.
    """
    # A sum is found sooner than whether each is finite, of which it leaves little doubt.
    if isfinite(np.add.reduce(values, axis=None)) or np.isfinite(values).all():
        return values
    largest = max(float(np.abs(coef).max()) for coef in estimator.coefs_)
    raise ValueError(
        f"{type(estimator).__name__} cannot predict these rows: {what} of the network are beyond "
        f"{values.dtype.name}, since its weights, of up to {largest:.3g}, or the entries of X are "
        f"too large. {REMEDY} Fit with a lower learning_rate_init where weights have exploded."
    )


def check_score(score: float, estimator: BaseMLP, X: Any, y: Any) -> float:
    """Return R² of predictions, and raise a ValueError where their squares are no numbers."""
    largest = 0.0 if isfinite(score) else float(np.abs(estimator.predict(X)).max())
    if isfinite(largest * largest * len(np.asarray(y))):
        return score
    raise ValueError(
        f"R² is beyond the largest number, since {type(estimator).__name__} predicts targets of up "
        f"to {largest:.3g} where they are up to {np.abs(y).max():.3g}. {REMEDY}"
    )


def single_column(y: np.ndarray) -> np.ndarray:
    """Turn (n_samples, 1) into (n_samples,) with scikit-learn's warning."""
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
