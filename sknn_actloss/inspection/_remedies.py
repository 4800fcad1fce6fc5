"""What to change in an estimator: names of parameters, with values that suit the others."""

from __future__ import annotations

from typing import Any

from sklearn.base import is_classifier

from sknn_actloss.activations import LeakyReLU
from sknn_actloss.estimators import Settings
from sknn_actloss.losses import LogLoss, SquaredError
from sknn_actloss.schedules import Constant

#: A parameter, or the step to put in front, and what to do with it.
Remedy = tuple[str, str]


class Remedies:
    """Remedies for an estimator; each is ``None`` where it has been taken or does not apply.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    settings : Settings
        Its parameters, checked.
    is_sparse : bool
        Whether the rows are sparse.
    batch_size : int
        Rows of a batch.
    """

    def __init__(
        self, estimator: Any, settings: Settings, is_sparse: bool, batch_size: int
    ) -> None:
        self._estimator, self._settings = estimator, settings
        self._is_sparse, self._batch_size = is_sparse, batch_size

    @property
    def lower_rate(self) -> Remedy | None:
        return self._rate("lower", 0.1)

    @property
    def higher_rate(self) -> Remedy | None:
        return self._rate("raise", 10.0)

    @property
    def schedule(self) -> Remedy | None:
        if not self._is_stochastic or self._settings.schedule != Constant():
            return None
        if self._settings.rate_parameter == "learning_rate":
            rate = self._settings.learning_rate_init
            return "learning_rate", f"set learning_rate='cosine', learning_rate_init={rate:g}"
        return "learning_rate", "set learning_rate='cosine'"

    @property
    def larger_batches(self) -> Remedy | None:
        if not self._is_stochastic:
            return None
        return "batch_size", f"raise batch_size from {self._batch_size} to {4 * self._batch_size}"

    @property
    def more_epochs(self) -> Remedy | None:
        max_iter = self._settings.max_iter
        if self._estimator.n_iter_ < max_iter:
            return None
        return "max_iter", f"raise max_iter from {max_iter} to {10 * max_iter}"

    @property
    def leaky_relu(self) -> Remedy | None:
        leaky = [a for a in self._settings.activations if isinstance(a, LeakyReLU)]
        if any(activation.negative_slope for activation in leaky):
            return None
        return "activation", "set activation='leaky_relu'"

    @property
    def tanh(self) -> Remedy:
        return "activation", "set activation='tanh' or 'relu'"

    @property
    def normalization(self) -> Remedy | None:
        if self._settings.normalization is not None:
            return None
        kind = "batch" if self._is_stochastic else "layer"
        return "normalization", f"set normalization={kind!r}"

    @property
    def skips(self) -> Remedy | None:
        sizes = self._settings.hidden_layer_sizes
        if self._settings.skip_connections or len(sizes) < 2:
            return None
        equal = "" if len(set(sizes)) == 1 else " with hidden layers of equal width"
        return "skip_connections", f"set skip_connections=True{equal}"

    @property
    def fewer_layers(self) -> Remedy | None:
        sizes = self._settings.hidden_layer_sizes
        if len(sizes) < 3:
            return None
        return "hidden_layer_sizes", f"take fewer layers: hidden_layer_sizes={sizes[:2]}"

    @property
    def fewer_units(self) -> Remedy | None:
        sizes = self._settings.hidden_layer_sizes
        fewer = tuple(max(1, size // 4) for size in sizes)
        if fewer == sizes:
            return None
        return "hidden_layer_sizes", f"take fewer units: hidden_layer_sizes={fewer}"

    @property
    def more_units(self) -> Remedy:
        more = tuple(4 * size for size in self._settings.hidden_layer_sizes) or (100,)
        return "hidden_layer_sizes", f"take more units: hidden_layer_sizes={more}"

    @property
    def dropout(self) -> Remedy | None:
        if not self._is_stochastic or self._settings.dropout:
            return None
        return "dropout", "set dropout=0.3"

    @property
    def stronger_penalty(self) -> Remedy:
        old = self._settings.alpha
        new = max(0.1, 10 * old)
        return "alpha", f"raise alpha from {old:g} to values such as {new:g} and {10 * new:g}"

    @property
    def weaker_penalty(self) -> Remedy | None:
        alpha = self._settings.alpha
        return ("alpha", f"lower alpha from {alpha:g} to {alpha / 100:g}") if alpha >= 1 else None

    @property
    def early_stopping(self) -> Remedy | None:
        if not self._is_stochastic or self._settings.early_stopping is True:
            return None
        return "early_stopping", "set early_stopping=True"

    @property
    def clipping(self) -> Remedy | None:
        if not self._is_stochastic or self._settings.gradient_clip is not None:
            return None
        return "gradient_clip", "set gradient_clip=1.0"

    @property
    def other_loss(self) -> Remedy | None:
        if is_classifier(self._estimator):
            known = isinstance(self._settings.loss, LogLoss)
            return None if known else ("loss", "set loss='log_loss'")
        name = "huber" if isinstance(self._settings.loss, SquaredError) else "squared_error"
        return "loss", f"set loss={name!r}"

    @property
    def scaling(self) -> Remedy:
        arguments = "with_mean=False" if self._is_sparse else ""
        return "StandardScaler", f"put a StandardScaler({arguments}) in front of the network"

    @property
    def target_scaling(self) -> Remedy | None:
        if self._settings.target_scaling is not None:
            return None
        return "target_scaling", "set target_scaling='standard'"

    @property
    def target_transformer(self) -> Remedy:
        around = "put a TransformedTargetRegressor with a StandardScaler around the network"
        return "TransformedTargetRegressor", around

    @property
    def _is_stochastic(self) -> bool:
        return self._settings.solver.stochastic

    def _rate(self, verb: str, factor: float) -> Remedy | None:
        if not self._is_stochastic:
            return None
        name, rate = self._settings.rate_parameter, self._settings.learning_rate_init
        rate = self._estimator.learning_rate_init_ if rate is None else rate
        return name, f"{verb} {name} from {rate:g} to {factor * rate:g}"
