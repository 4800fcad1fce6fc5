"""The base of estimators for tables: an encoder, a network, and a race of encodings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sknn_actloss._docs import inherit_docs
from sknn_actloss._sklearn import CallbackSupportMixin, HasMethods, StrOptions, fit_context, number
from sknn_actloss.estimators import (
    BaseMLP,
    HiddenUnits,
    NetworkHolder,
    Recorder,
)
from sknn_actloss.tabular._defaults import complete
from sknn_actloss.tabular._parts import HasParts
from sknn_actloss.tabular._race import Contender, winner
from sknn_actloss.tabular._repeats import REPEATS, Rows, check_order


def if_network_has(method: str) -> Callable[[Any], bool]:
    """Return a check of whether the network has a method; the network says why not."""

    def check(estimator: Tabular) -> bool:
        fitted = getattr(estimator, "network_", None)
        getattr(estimator.unfitted_network() if fitted is None else fitted, method)
        return True

    return check


@inherit_docs
class Tabular(HiddenUnits, NetworkHolder, CallbackSupportMixin, TransformerMixin, HasParts):
    """Base of :class:`TabularClassifier` and :class:`TabularRegressor`."""

    encoder_: Any
    encoding_: str
    network_: Any

    _kind: ClassVar[type[BaseMLP]]

    # As those of the networks: meant for a search's splitter, unless they are requested.
    __metadata_request__fit: ClassVar[dict] = {"groups": False}

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "encoder": [HasMethods(["fit", "transform"]), None],
        "random_state": ["random_state"],
        "max_time": [number(0, None), None],
        "verbose": ["verbose"],
        "repeats": [StrOptions(set(REPEATS))],
    }

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit encoder and network to a table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, for a splitter of the network that goes by them.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        check_order(self.repeats, getattr(self.unfitted_network(), "validation_fraction", None))
        rows = self._rows(X, y, sample_weight, groups)
        best, encoded = winner(self._contenders(rows.y), rows)
        network = clone(self.network) if isinstance(self.network, Recorder) else best.network
        network.fit(encoded, rows.y, **rows.fit_params)
        self.encoder_, self.network_, self._index = best.encoder, network, rows.index
        self.encoding_ = best.name
        self._note(rows)
        return self

    def _contenders(self, y: Any) -> list[Contender]:
        """Return the encodings that race, which is the given one where encoder or network is."""
        encoder, own = self.unfitted_encoder(), self.network
        has_default = own.is_default if isinstance(own, Recorder) else own is None
        if self.encoder is not None or not has_default:
            return [Contender("given", encoder, self._completed(self.unfitted_network(), y, ""))]
        encoders = {"bins": encoder, "plain": clone(encoder).set_params(numbers__n_bins=1)}
        return [
            Contender(
                name, each, self._completed(self._prepared(self._default("network")), y, name)
            )
            for name, each in encoders.items()
        ]

    def unfitted_encoder(self) -> Any:
        """Return a copy of the encoder to be fitted."""
        return self._given_seed(self._part("encoder"))

    def unfitted_network(self) -> BaseMLP:
        """Return a copy of the network to be fitted, as far as it is known without rows."""
        return self._prepared(self._part("network"))

    def _prepared(self, network: Any) -> BaseMLP:
        """Give a network what it is to have of this estimator."""
        if isinstance(network, Recorder):
            return network
        own = {"max_time": self.max_time, "verbose": self.verbose}
        network.set_params(**{name: value for name, value in own.items() if value})
        if hasattr(self, "_skl_callbacks"):
            network.set_callbacks(*self._skl_callbacks)
        return self._given_seed(network)

    def completed(self, network: BaseMLP, y: Any) -> BaseMLP:
        """Set what a network leaves open until there are targets, and return it."""
        # What the race has found is about the default alone.
        is_default = self.network is None or isinstance(self.network, Recorder)
        return self._completed(network, y, getattr(self, "encoding_", "") if is_default else "")

    def _completed(self, network: BaseMLP, y: Any, encoding: str) -> BaseMLP:
        if isinstance(network, Recorder):
            return network
        network = complete(network, y)
        # Without bins a committee is too small to need it.
        return network.set_params(dropout=0.0) if encoding == "plain" else network

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted targets, or classes.
        """
        return self._delegated("predict", X)

    @property
    def n_features_in_(self) -> int:
        """Number of columns in ``fit``."""
        return self.encoder_.n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns in ``fit``."""
        return self.encoder_.feature_names_in_

    @property
    def oof_prediction_(self) -> np.ndarray:
        """Predictions by networks that have not learned from a row."""
        return self._in_given_order(self.network_.oof_prediction_)

    @property
    def oof_score_(self) -> float:
        """Score of these predictions."""
        return self.network_.oof_score_

    def _hidden_layer_sizes(self) -> tuple[int, ...]:
        network = getattr(self, "network_", None) or self.unfitted_network()
        return network._hidden_layer_sizes()

    def _hidden_outputs(self, X: Any, hidden_layer: int) -> np.ndarray:
        return self.network_._hidden_outputs(self.encoder_.transform(X), hidden_layer)

    def _n_columns(self, hidden_layer: int) -> int:
        return self.network_._n_columns(hidden_layer)

    def _rows(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> Rows:
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target "
                "y is None."
            )
        check_consistent_length(X, y, groups)
        # An encoder that looks at them would complain of what is none of its business.
        y = self._kind()._checked_targets(y)
        y = y.toarray() if sparse.issparse(y) else np.asarray(y)
        return REPEATS[self.repeats](X, y, sample_weight, groups, self)

    def _given_seed(self, part: Any) -> Any:
        """Set ``random_state`` of a part that has none, and return the part."""
        params = part.get_params(deep=False)
        has_none = params.get("random_state", self) is None
        return part.set_params(random_state=self.random_state) if has_none else part

    def _note(self, rows: Rows) -> None:
        """Keep what predictions need of the rows."""

    def _delegated(self, method: str, X: Any, **arguments: Any) -> Any:
        check_is_fitted(self)
        return getattr(self.network_, method)(self.encoder_.transform(X), **arguments)

    def _in_given_order(self, values: np.ndarray) -> np.ndarray:
        """Return values of rows that were learned from for the rows that were given to ``fit``."""
        found = values[self._index]
        if np.any(self._index < 0):
            found = found.astype(np.result_type(found, np.float32), copy=False)
            found[self._index < 0] = np.nan
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        network, encoder = get_tags(self._part("network")), get_tags(self._part("encoder"))
        tags.input_tags, tags.target_tags = encoder.input_tags, network.target_tags
        tags.classifier_tags, tags.regressor_tags = network.classifier_tags, network.regressor_tags
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []
        return tags
