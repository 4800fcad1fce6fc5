"""Rows and targets as given to ``fit``, checked; rows to judge by, given or set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sknn_actloss._sklearn import check_sample_weight
from sknn_actloss.core import Model, Rows
from sknn_actloss.estimators._monitor import check_name, is_default
from sknn_actloss.estimators._other_scales import warn_of_other_scales
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._splits import brief, is_drawn, split, takes_groups
from sknn_actloss.estimators._targets import Targets
from sknn_actloss.training import EncodedTargets, Holdout, Task

#: Checks rows and targets, and returns both.
Validate = Callable[[Any, Any], tuple[Rows, Any]]


@dataclass(eq=False)
class Data:
    """Validated data, whatever the parameters of an estimator.

    Parameters
    ----------
    X : Rows
    y : ndarray or CSR of shape (n_samples,) or (n_samples, n_outputs)
        Validated targets before they are encoded.
    targets : Targets
        What they are.
    given : tuple
        X and y as they were given to fit.
    attributes : dict
        What an estimator fitted to them says of features and classes.
    """

    X: Rows
    y: Any
    targets: Targets
    given: tuple[Any, Any]
    attributes: dict[str, Any]
    _encoded: dict[np.dtype, EncodedTargets] = field(default_factory=dict)

    def encoded(self, dtype: np.dtype) -> EncodedTargets:
        """Return the encoded targets, once for each data type."""
        if dtype not in self._encoded:
            self._encoded[dtype] = self.targets.encode(self.y, dtype)
        return self._encoded[dtype]


@dataclass(frozen=True, eq=False)
class Request:
    """What ``fit`` is given beside rows and targets.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        Weights of the training rows.
    X_val, y_val, sample_weight_val
        Rows to judge by, their targets and weights.
    groups : array-like of shape (n_samples,) or None
        Groups of the training rows, for the splitter.
    """

    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None
    groups: Any = None

    @property
    def has_rows(self) -> bool:
        """Whether there are validation rows of their own."""
        return self.X_val is not None

    def check(self, settings: Settings, estimator: Any) -> None:
        """Raise a ValueError where the request contradicts itself or the parameters."""
        self._check_pair()
        if not settings.solver.stochastic and self.has_rows:
            raise ValueError(
                "solver='lbfgs' takes no X_val and y_val: it works on all rows at once, to the "
                "minimum of their loss. Leave them out, or use a stochastic solver such as 'adam'."
            )
        self._check_splitter(settings)
        check_name(settings.monitor, estimator)
        self._check_committee(settings)
        may_validate = self.has_rows or bool(settings.early_stopping) or settings.resamples
        if not (may_validate or settings.scores_training or is_default(settings.monitor)):
            raise ValueError(
                f"monitor={settings.monitor!r} needs validation rows. Set early_stopping=True, "
                "pass X_val and y_val to fit, or leave monitor='score'. To record it for the "
                f"training rows, set monitor=Monitor({settings.monitor!r}, training=True)."
            )

    def _check_committee(self, settings: Settings) -> None:
        if settings.resamples and self.has_rows:
            raise ValueError(
                f"n_members={settings.committee!r} and X_val both say what networks are judged "
                "by. Leave out X_val, or set resample=None."
            )

    def _check_pair(self) -> None:
        names = ("X_val", "y_val", "sample_weight_val")
        missing = [name for name in names[:2] if getattr(self, name) is None]
        present = [name for name in names if getattr(self, name) is not None]
        if missing and present:
            raise ValueError(
                f"{' and '.join(present)} given to fit without {' and '.join(missing)}. Pass "
                "X_val and y_val together."
            )

    def _check_splitter(self, settings: Settings) -> None:
        spec = settings.validation_fraction
        is_splitter = not is_drawn(spec)
        if isinstance(spec, str | bytes | type | bool | Mapping):
            raise ValueError(
                f"validation_fraction={spec!r} must be a number in [0, 1), a count of rows, a "
                "splitter such as ShuffleSplit(n_splits=1, test_size=0.1, random_state=0) or "
                "GroupKFold(5), or pairs of training and validation rows."
            )
        if is_splitter and self.has_rows:
            raise ValueError(
                f"validation_fraction={brief(spec)} and X_val both say what the validation rows "
                "are. Leave out one of them."
            )
        resample = settings.committee.resample
        if is_splitter and resample == "bootstrap":
            raise ValueError(
                f"validation_fraction={brief(spec)} gives folds, but n_members="
                f"{settings.committee!r} draws the rows of each network. Set resample='folds', or "
                "leave validation_fraction at 0.1."
            )
        splits = settings.early_stopping or resample == "folds"
        uses_groups = is_splitter and splits and takes_groups(spec)
        if self.groups is not None and not uses_groups:
            raise ValueError(
                f"groups given to fit, but validation_fraction={brief(spec)} with early_stopping="
                f"{settings.early_stopping!r} and n_members={settings.committee!r} does not use "
                f"them. Set {_way_to_groups(settings)}."
            )


def _way_to_groups(settings: Settings) -> str:
    """Return what makes a fit go by groups."""
    if not settings.resamples:
        return "early_stopping=True and validation_fraction to a splitter such as GroupKFold(5)"
    splitter = f"validation_fraction to a splitter such as GroupKFold({settings.n_members})"
    return (
        splitter if settings.committee.resample == "folds" else f"resample='folds' and {splitter}"
    )


def row_weights(
    settings: Settings,
    targets: Targets,
    y: EncodedTargets,
    sample_weight: Any,
    incremental: bool = False,
) -> np.ndarray | None:
    """Return the product of sample and class weights, ``None`` where all are one.

    Parameters
    ----------
    settings : Settings
    targets : Targets
    y : EncodedTargets
        Those of the training rows.
    sample_weight : array-like of shape (n_samples,) or None
        Weights that were given to ``fit``.
    incremental : bool
        Whether this is a call of ``partial_fit``.
    """
    factors = []
    if sample_weight is not None:
        factors.append(checked_weights(sample_weight, y))
    if settings.class_weight is not None:
        if incremental and isinstance(settings.class_weight, str):
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which does not see "
                "how frequent the classes are. Pass a dict of weights instead."
            )
        own = factors[0] if factors else None
        factors.append(targets.class_weights(settings.class_weight, y, own))
    if all(np.all(factor == 1) for factor in factors):
        return None
    return _product(factors, y.dtype, "sample_weight")


def _product(factors: Sequence[np.ndarray], dtype: np.dtype, name: str) -> np.ndarray:
    """Return the product of weights, and raise a ValueError where it is of no use."""
    with np.errstate(over="ignore"):
        weights = np.prod(factors, axis=0).astype(dtype, copy=False)
        total = weights.sum(dtype=np.float64)
    if not np.finfo(dtype).tiny * len(weights) <= total < np.inf:
        raise ValueError(
            f"{name} and class_weight add up to {total:g} in {dtype.name}; the sum must be finite "
            "and above zero, and large enough to divide by."
        )
    return weights


def hold_out(
    task: Task, settings: Settings, data: Data, request: Request, model: Model, validate: Validate
) -> Task:
    """Return the task with rows to judge by, if there are to be any.

    Parameters
    ----------
    task : Task
        Its random numbers are drawn from, as scikit-learn draws them.
    settings : Settings
    data : Data
    request : Request
    model : Model
        Has the domain of validation targets.
    validate : callable
        Checks further rows and targets as those of the fit.
    """
    if request.has_rows:
        return replace(task, holdout=_given_rows(task, settings, data, request, model, validate))
    if not settings.stops_early(task.y.n_rows, has_rows=False):
        return task
    return split(task, settings, data.targets, data.given, request.groups)


def _given_rows(
    task: Task, settings: Settings, data: Data, request: Request, model: Model, validate: Validate
) -> Holdout:
    """Check validation rows that were given to fit, and encode their targets."""
    targets = data.targets
    try:
        X, labels = validate(request.X_val, request.y_val)
        warn_of_other_scales(task.X, X, data.attributes.get("feature_names_in_"))
        targets.check_validation(labels)
        y = targets.encode(labels, task.y.dtype)
        if y.n_columns != task.y.n_columns:
            raise ValueError(f"y_val has {y.n_columns} column(s), but y has {task.y.n_columns}.")
        weights = _given_weights(task, settings, targets, y, request)
        targets.check(y, model.loss.target_domain, settings.given["loss"], "y_val")
    except (TypeError, ValueError) as error:
        error.add_note("This is about X_val, y_val and sample_weight_val.")
        raise
    return Holdout(None, y, labels, weights, X, request.X_val)


def _given_weights(
    task: Task, settings: Settings, targets: Targets, y: EncodedTargets, request: Request
) -> np.ndarray | None:
    """Return sample weights times the weights that classes have among the training rows."""
    if request.sample_weight_val is None and settings.class_weight is None:
        return None
    factors = [checked_weights(request.sample_weight_val, y)]
    if settings.class_weight is not None:
        # Validation rows do not count among the frequencies of classes.
        own = checked_weights(request.sample_weight, task.y)
        counts = np.append(own, np.zeros(y.n_rows))
        by_class = targets.class_weights(settings.class_weight, task.y.followed_by(y), counts)
        factors.append(by_class[task.y.n_rows :])
    return _product(factors, y.dtype, "sample_weight_val")


def checked_weights(sample_weight: Any, y: EncodedTargets) -> np.ndarray:
    """Return weights of rows that were given to ``fit``, one for each row."""
    return check_sample_weight(sample_weight, np.empty((y.n_rows, 0)), ensure_non_negative=True)
