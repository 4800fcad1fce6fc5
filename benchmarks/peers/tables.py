"""Estimators for tables: ours, scikit-learn's, and those of CatBoost and pytabkit if installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from benchmarks._tables import Table
from sknn_actloss import TabularClassifier, TabularRegressor

N_THREADS = 2
OURS = "sknn-actloss"

#: Fits to rows to learn from and rows to judge by, given as indices, with a seed.
Fit = Callable[[Table, np.ndarray, np.ndarray, int], Any]

_numbers = make_column_selector(dtype_include="number")
_categories = make_column_selector(dtype_include="category")


def on_all_rows(make: Callable[[Table, int], BaseEstimator]) -> Fit:
    """Return a fit to both kinds of rows, for estimators that divide them as they like."""

    def fit(table: Table, train: np.ndarray, judge: np.ndarray, seed: int) -> Any:
        rows = np.concatenate([train, judge])
        return make(table, seed).fit(table.X.iloc[rows], table.y[rows])

    return fit


def ours(table: Table, seed: int) -> BaseEstimator:
    """Return our estimator for tables."""
    kind = TabularRegressor if table.is_regression else TabularClassifier
    return kind(random_state=seed)


def boosting(table: Table, seed: int) -> BaseEstimator:
    """Return scikit-learn's boosted trees on histograms."""
    kinds = HistGradientBoostingClassifier, HistGradientBoostingRegressor
    return kinds[table.is_regression](categorical_features="from_dtype", random_state=seed)


def forest(table: Table, seed: int) -> BaseEstimator:
    """Return scikit-learn's random forest, on codes of categories."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((codes, _categories), remainder="passthrough")
    kind = RandomForestRegressor if table.is_regression else RandomForestClassifier
    return make_pipeline(columns, kind(n_jobs=N_THREADS, random_state=seed))


def plain_mlp(table: Table, seed: int, early_stopping: bool = False) -> BaseEstimator:
    """Return scikit-learn's MLP in a plain pipeline; the target is standardised."""
    options = {"early_stopping": early_stopping, "random_state": seed}
    if not table.is_regression:
        return make_pipeline(standard_columns(), MLPClassifier(**options))
    model = make_pipeline(standard_columns(), MLPRegressor(**options))
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def stopped_mlp(table: Table, seed: int) -> BaseEstimator:
    """Return the same MLP, stopped early."""
    return plain_mlp(table, seed, early_stopping=True)


def standard_columns() -> ColumnTransformer:
    """Return the usual encoding: medians for gaps, standardised numbers, levels as columns."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_column_transformer((numbers, _numbers), (levels, _categories))


def catboost(table: Table, seed: int) -> BaseEstimator:
    """Return CatBoost with its defaults."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostRegressor if table.is_regression else CatBoostClassifier
    options = {"thread_count": N_THREADS, "verbose": False, "allow_writing_files": False}
    names = table.X.select_dtypes("category").columns.tolist()
    model = kind(random_seed=seed, cat_features=names, **options)
    # CatBoost takes strings for categories, and no gaps among them.
    strings = FunctionTransformer(_strings, feature_names_out="one-to-one")
    as_strings = make_column_transformer(
        (strings, _categories), remainder="passthrough", verbose_feature_names_out=False
    )
    return make_pipeline(as_strings.set_output(transform="pandas"), model)


def _strings(X: pd.DataFrame) -> pd.DataFrame:
    """Return levels as strings, gaps among them."""
    return X.astype(object).where(X.notna(), "missing").astype(str)


def pytabkit(name: str) -> Fit:
    """Return a fit of an estimator of pytabkit, which stops by the rows to judge by."""

    def fit(table: Table, train: np.ndarray, judge: np.ndarray, seed: int) -> Any:
        import pytabkit

        task = "Regressor" if table.is_regression else "Classifier"
        model = getattr(pytabkit, f"{name}_{task}")(random_state=seed, n_threads=N_THREADS)
        # It takes no gaps among numbers.
        medians = make_column_transformer(
            (SimpleImputer(strategy="median"), _numbers),
            remainder="passthrough",
            verbose_feature_names_out=False,
        ).set_output(transform="pandas")
        rows = medians.fit_transform(table.X.iloc[train])
        judges = medians.transform(table.X.iloc[judge])
        model.fit(rows, table.y[train], X_val=judges, y_val=table.y[judge])
        return make_pipeline(medians, model)

    return fit


def contenders() -> dict[str, Fit]:
    """Return the fits of all contenders that are installed, by name."""
    found = {
        OURS: on_all_rows(ours),
        "HistGradientBoosting": on_all_rows(boosting),
        "random forest": on_all_rows(forest),
        "scikit-learn MLP": on_all_rows(plain_mlp),
        "scikit-learn MLP, stopped": on_all_rows(stopped_mlp),
    }
    if find_spec("catboost"):
        found["CatBoost"] = on_all_rows(catboost)
    if find_spec("pytabkit"):
        found["RealMLP-TD-S"] = pytabkit("RealMLP_TD_S")
        found["TabM"] = pytabkit("TabM_D")
    return found
