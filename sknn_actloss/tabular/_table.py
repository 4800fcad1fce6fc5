"""Encoder of whole tables: numbers, categories, strings, dates and gaps."""

from __future__ import annotations

import copy
import warnings
from typing import Any, ClassVar, Self

import numpy as np
from sklearn import config_context
from sklearn.base import TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sknn_actloss._sklearn import (
    HasMethods,
    Options,
    StrOptions,
    feature_names_in,
    fit_context,
    whole_number,
)
from sknn_actloss.tabular._categories import OneHot, TargetMeans
from sknn_actloss.tabular._choice import Choice, category_mask
from sknn_actloss.tabular._dates import CyclicPairs
from sknn_actloss.tabular._feature_names import distinct
from sknn_actloss.tabular._frames import Frame, as_frame
from sknn_actloss.tabular._numbers import GapIndicator, RobustScale
from sknn_actloss.tabular._parts import HasParts
from sknn_actloss.tabular._piecewise import PiecewiseLinearEncoder
from sknn_actloss.tabular._readers import Feature
from sknn_actloss.tabular._reading import Reading
from sknn_actloss.tabular._targets import TARGET_TYPES


def default_numbers() -> PiecewiseLinearEncoder:
    """Return what encodes numbers where nothing else is asked for."""
    return PiecewiseLinearEncoder()


class TableEncoder(TransformerMixin, HasParts):
    """Inputs of a network from a table as it comes.

    Each column is read by what it holds, and becomes:

    - numbers: the distance from the median in distances between quartiles, its tails pulled in by
      z / sqrt(1 + (z / 3)²), and its piecewise-linear bins; gaps become the median, and a column
      of zeros and ones tells where they were;
    - categories (categorical dtypes, columns that ``categorical_features`` names, truth values,
      strings): a column of zeros and ones for each level, a single one of -1 and 1 where there
      are two levels. Missing is a level of its own; a level that ``fit`` has not seen is zeros;
      the rarest levels beyond ``max_categories`` are joined into one;
    - strings of more levels than that: the mean of the target over each level, found on other
      rows for the rows of ``fit_transform`` (joined levels without a target);
    - dates: time, year, month, weekday and hour as numbers, the last three also as sine and
      cosine.

    Columns and parts of dates with a single value, repeated columns, and strings of which each
    occurs once and which are many are dropped.

    Parameters
    ----------
    numbers : transformer, "passthrough" or None, default=None
        What encodes numbers once they are scaled. ``None`` is ``PiecewiseLinearEncoder()``,
        "passthrough" leaves them at that. A grid reaches ``numbers__n_bins`` also where it is
        ``None``.
    categorical_features : "from_dtype", array-like of str, int or bool, or None, \
default="from_dtype"
        Columns that are categories although their type does not say so: by name, index or mask.
        Categorical dtypes, truth values and strings need no mention.
    max_categories : int, default=64
        Levels of a category at most, the joined ones counting as one.
    target_type : {"auto", "continuous"}, default="auto"
        What the target is taken for: "auto" takes integers for classes. "continuous" goes on to
        ``numbers`` if that has such a parameter.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Of what comes out.
    random_state : int, RandomState instance or None, default=None
        Source of the folds of means of the target.

    Attributes
    ----------
    columns_ : ColumnTransformer
        The encoders, fitted to the columns as they were read: as numbers and as codes of levels.
    dropped_ : dict of str to str
        Columns and parts of dates that are not used, and why.
    n_features_in_ : int
        Number of columns in ``fit``.
    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Their names, where all of them are strings.

    See Also
    --------
    PiecewiseLinearEncoder : Encoder of numbers.

    Notes
    -----
    Tables may be DataFrames of pandas (with dtypes of NumPy, pandas or Arrow) or polars, arrays,
    and lists of rows. Columns of another order are put right by their names; columns that
    ``fit`` has not seen are passed over.

    Examples
    --------
    >>> from sknn_actloss.tabular import TableEncoder
    >>> X = [[1.0, "red"], [2.0, "blue"], [None, "red"], [4.0, "green"]]
    >>> encoder = TableEncoder(numbers="passthrough").fit(X)
    >>> encoder.transform([[3.0, "blue"], [None, "pink"]])
    array([[0.65079135, 0.        , 1.        , 0.        , 0.        ],
           [0.        , 1.        , 0.        , 0.        , 0.        ]],
          dtype=float32)
    >>> encoder.get_feature_names_out(["size", "color"]).tolist()  # doctest: +NORMALIZE_WHITESPACE
    ['numbers__size', 'gaps__size', 'categories__color_blue', 'categories__color_green',
     'categories__color_red']
    """

    _default_parts = {"numbers": default_numbers}
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "numbers": [HasMethods(["fit", "transform"]), StrOptions({"passthrough"}), None],
        "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
        "max_categories": [whole_number(2)],
        "target_type": [StrOptions(TARGET_TYPES)],
        "dtype": [Options(type, {np.float32, np.float64})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        numbers: Any = None,
        *,
        categorical_features: Any = "from_dtype",
        max_categories: int = 64,
        target_type: str = "auto",
        dtype: type = np.float32,
        random_state: Any = None,
    ) -> None:
        self.numbers = numbers
        self.categorical_features = categorical_features
        self.max_categories = max_categories
        self.target_type = target_type
        self.dtype = dtype
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn how to encode a table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets, for strings of many levels and for encoders of numbers that look at them.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.
        """
        self.fit_transform(X, y)
        return self

    @fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Learn how to encode a table, and encode it for a training.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets, for strings of many levels and for encoders of numbers that look at them.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_columns)
            As :meth:`transform` gives it, except that means of the target are those over other
            rows.
        """
        frame = as_frame(X, self, min_rows=2)
        check_consistent_length(X, y)
        reading = Reading()
        values = reading.learn(frame, *self._choice(frame, has_target=y is not None))
        _refuse_nothing(reading)
        columns = ColumnTransformer(self._encoders(reading.features, np.isnan(values).any(axis=0)))
        with config_context(transform_output="default"):
            encoded = columns.fit_transform(values, y)
        self._commit(frame, reading, columns)
        return self._cast(encoded)

    def transform(self, X: Any) -> np.ndarray:
        """Encode a table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_columns)
            Numbers without gaps.
        """
        check_is_fitted(self)
        frame = as_frame(X, self)
        values = self._reading.read(frame, self._order(frame))
        with config_context(transform_output="default"):
            return self._cast(self.columns_.transform(values))

    def in_double(self) -> Self:
        """Return a fitted copy whose columns are not rounded to ``dtype``, for derivatives.

        Returns
        -------
        encoder : TableEncoder
            The copy.
        """
        check_is_fitted(self)
        encoder = copy.deepcopy(self).set_params(dtype=np.float64)
        for _, part, _ in encoder.columns_.transformers_:
            steps = [step for _, step in part.steps] if isinstance(part, Pipeline) else [part]
            for step in steps:
                if hasattr(step, "dtype"):
                    step.dtype = np.float64
        return encoder

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns of an encoded table.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X, if ``fit`` has not seen them.

        Returns
        -------
        names : ndarray of shape (n_columns,) and dtype object
            Such as ``numbers__age``, ``numbers__age_bin0``, ``gaps__age``,
            ``categories__color_red``, ``cycles__day_month_sin`` and ``strings__city_mean``.
        """
        check_is_fitted(self)
        names = feature_names_in(self, input_features)
        return distinct(self.columns_.get_feature_names_out(self._reading.names(names)))

    def _choice(self, frame: Frame, has_target: bool) -> tuple[list[str], Choice]:
        names = frame.names or [f"x{index}" for index in range(frame.shape[1])]
        categorical = category_mask(self.categorical_features, names)
        return names, Choice(categorical, self.max_categories, has_target)

    def _encoders(
        self, features: list[Feature], has_gaps: np.ndarray
    ) -> list[tuple[str, Any, np.ndarray]]:
        dtype = self.dtype
        kinds = np.array([feature.kind for feature in features])
        periods = np.array([feature.period for feature in features])
        levels = [feature.levels for feature in features if feature.kind == "category"]
        scale = ("scale", RobustScale(dtype))
        means = ("means", TargetMeans(self.target_type, self.random_state))
        cycles = CyclicPairs(periods[periods > 0], dtype)
        encoders = [
            ("numbers", Pipeline([scale, ("numbers", self._numbers())]), kinds == "number"),
            ("gaps", GapIndicator(dtype), has_gaps),
            ("cycles", cycles, periods > 0),
            ("categories", OneHot(levels, dtype), kinds == "category"),
            ("strings", Pipeline([means, scale]), kinds == "target"),
        ]
        return [(name, one, np.flatnonzero(mask)) for name, one, mask in encoders if mask.any()]

    def _numbers(self) -> Any:
        numbers = self._part("numbers")
        is_said = self.target_type != "auto" and hasattr(numbers, "get_params")
        if is_said and "target_type" in numbers.get_params():
            numbers.set_params(target_type=self.target_type)
        return numbers

    def _commit(self, frame: Frame, reading: Reading, columns: ColumnTransformer) -> None:
        self._reading, self.columns_ = reading, columns
        self.dropped_ = reading.dropped
        self.n_features_in_, self._labels = frame.shape[1], frame.labels
        if frame.names is not None:
            self.feature_names_in_ = np.array(frame.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _order(self, frame: Frame) -> list[int]:
        """Return where a table has each column of ``fit``."""
        known, has_names = self._labels, hasattr(self, "feature_names_in_")
        if known is not None and has_names and frame.names is not None:
            return _indices(known, frame.names)
        if known is not None and frame.labels is not None and set(known) <= set(frame.labels):
            return _indices(known, frame.labels)
        if frame.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {frame.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        if has_names or (known is not None and frame.labels is not None):
            warnings.warn(
                f"X does not have the column names that {type(self).__name__} was fitted with; its "
                "columns are taken in the order of fit.",
                stacklevel=3,
            )
        return list(range(self.n_features_in_))

    def _cast(self, encoded: Any) -> np.ndarray:
        return np.asarray(encoded).astype(self.dtype, copy=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        if hasattr(self.numbers, "__sklearn_tags__"):
            tags.target_tags.required = get_tags(self.numbers).target_tags.required
        tags.transformer_tags.preserves_dtype = []
        return tags


def _refuse_nothing(reading: Reading) -> None:
    if not reading.features:
        reasons = ", ".join(f"{name!r} {reason}" for name, reason in reading.dropped.items())
        raise ValueError(f"No column of X tells rows apart: {reasons}; give it one that does.")


def _indices(known: list, names: list) -> list[int]:
    indices = {name: index for index, name in enumerate(names)}
    missing = [name for name in known if name not in indices]
    if missing:
        raise ValueError(
            f"X lacks columns that it had in fit: {missing}; add them (gaps are allowed)."
        )
    return [indices[name] for name in known]
