"""Piecewise-linear encoding: how far a number has come through each bin of its column."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from sknn_actloss._pickling import Stamped
from sknn_actloss._site import Documented
from sknn_actloss._sklearn import (
    StrOptions,
    feature_names_in,
    fit_context,
    number,
    whole_number,
)
from sknn_actloss.tabular._bins import EDGES
from sknn_actloss.tabular._feature_names import distinct
from sknn_actloss.tabular._targets import TARGET_TYPES, target_columns

#: Rows that are encoded at once.
BLOCK = 512


class PiecewiseLinearEncoder(TransformerMixin, Documented, Stamped, BaseEstimator):
    r"""Numbers and the share of each bin that they have passed.

    A column :math:`x` whose bins end at :math:`e_0 < \ldots < e_k` stays as it is and gains the
    columns

    .. math:: s \left( \min\left(1, \max\left(0,
              \frac{x - e_{i-1}}{e_i - e_{i-1}}\right)\right) - \frac12 \right),
              \qquad i = 1, \ldots, k.

    A network that is linear in them is piecewise linear in :math:`x`, so that it bends as easily
    in a crowded part of the range as in a wide one. Columns of one or two values gain nothing.

    Parameters
    ----------
    n_bins : int, default=16
        Bins of a column at most, without those that "both" adds; with 1 the columns only stay as
        they are.
    strategy : {"quantile", "tree", "both"}, default="quantile"
        Where bins end. "quantile": at distinct quantiles, where values that fill several bins
        leave theirs to the others. "tree": at the thresholds of a tree of ``n_bins`` leaves that
        is fitted to the target with this column alone. "both": at the thresholds and at the ends
        of half as many quantile bins.
    bin_scale : float, default=1.0
        Factor :math:`s` of the shares. Below 1 they count for less beside the value itself, which
        costs less where the target is smooth in it.
    target_type : {"auto", "continuous"}, default="auto"
        What trees take the target for: "auto" takes integers for classes.

    Attributes
    ----------
    edges_ : list of ndarray of shape (n_edges,)
        Ends of the bins of each column; empty for a column that gains nothing.
    n_features_in_ : int
        Number of columns in ``fit``.
    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Their names, where all of them are strings.

    See Also
    --------
    TableEncoder : Encoder of whole tables, which uses this one for numbers.

    References
    ----------
    Y. Gorishniy, I. Rubachev and A. Babenko, "On embeddings for numerical features in tabular
    deep learning", NeurIPS 2022.

    Examples
    --------
    >>> from sknn_actloss.tabular import PiecewiseLinearEncoder
    >>> encoder = PiecewiseLinearEncoder(n_bins=2)
    >>> encoder.fit_transform([[0.0], [1.0], [2.0], [6.0], [10.0]])
    array([[ 0. , -0.5, -0.5],
           [ 1. ,  0. , -0.5],
           [ 2. ,  0.5, -0.5],
           [ 6. ,  0.5,  0. ],
           [10. ,  0.5,  0.5]])
    >>> encoder.get_feature_names_out(["age"])
    array(['age', 'age_bin0', 'age_bin1'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_bins": [whole_number(1)],
        "strategy": [StrOptions(set(EDGES))],
        "bin_scale": [number(0, None)],
        "target_type": [StrOptions(TARGET_TYPES)],
    }

    def __init__(
        self,
        n_bins: int = 16,
        *,
        strategy: str = "quantile",
        bin_scale: float = 1.0,
        target_type: str = "auto",
    ) -> None:
        self.n_bins = n_bins
        self.strategy = strategy
        self.bin_scale = bin_scale
        self.target_type = target_type

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the bins of each column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers without gaps.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets, which only trees look at.

        Returns
        -------
        self : PiecewiseLinearEncoder
            The fitted encoder.
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        target = self._target(X, y)
        self.edges_ = [self._edges(x, target) for x in X.T]
        self._lay_out_bins(X.dtype)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Encode numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers without gaps.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_features + n_bins_of_all_columns)
            The columns of X in front, then the bins of the first column, of the second and so on.
            float32 stays float32.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        encoded = np.empty((len(X), X.shape[1] + len(self._column)), dtype=X.dtype)
        # Blocks of rows stay in the cache from one pass to the next.
        for rows in gen_batches(len(X), BLOCK):
            self._encode(X[rows], encoded[rows])
        return encoded

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns of an encoded array.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X, if ``fit`` has not seen them.

        Returns
        -------
        names : ndarray of shape (n_columns,) and dtype object
            The names of the columns, then ``name_bin0``, ``name_bin1`` and so on.
        """
        check_is_fitted(self)
        names = feature_names_in(self, input_features)
        bins = [
            f"{name}_bin{index}"
            for name, edges in zip(names, self.edges_, strict=True)
            for index in range(len(edges) - 1)
        ]
        return distinct([*names, *bins])

    def _target(self, X: np.ndarray, y: Any) -> np.ndarray | None:
        if self.strategy == "quantile":
            return None
        if y is None:
            raise ValueError(
                f"strategy={self.strategy!r} fits trees to the target and requires y to be passed, "
                'but the target y is None; pass y to fit, or use strategy="quantile".'
            )
        check_consistent_length(X, y)
        return target_columns(y, self.target_type)

    def _edges(self, x: np.ndarray, target: Any) -> np.ndarray:
        has_inner_values = ((x > x.min()) & (x < x.max())).any()
        none = np.empty(0, dtype=x.dtype)
        if self.n_bins == 1 or not has_inner_values:
            return none
        edges = EDGES[self.strategy](x, self.n_bins, target)
        return edges if len(edges) > 2 else none

    def _encode(self, X: np.ndarray, encoded: np.ndarray) -> None:
        shares = X[:, self._column]
        with np.errstate(over="ignore"):
            shares -= self._lower.astype(X.dtype, copy=False)
            shares /= self._width.astype(X.dtype, copy=False)
        np.clip(shares, 0, 1, out=shares)
        shares -= 0.5
        encoded[:, : X.shape[1]] = X
        np.multiply(shares, self.bin_scale, out=encoded[:, X.shape[1] :])

    def _lay_out_bins(self, dtype: np.dtype) -> None:
        counts = [max(0, len(edges) - 1) for edges in self.edges_]
        self._column = np.repeat(np.arange(len(counts)), counts)
        self._lower = np.concatenate([edges[:-1] for edges in self.edges_]).astype(dtype)
        widths = np.concatenate([np.diff(edges) for edges in self.edges_])
        # float32 has to hold them above zero, also where ``fit`` had float64.
        self._width = np.maximum(widths, np.finfo(np.float32).tiny).astype(dtype)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.strategy != "quantile"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
