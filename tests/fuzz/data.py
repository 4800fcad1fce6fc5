"""Rows and targets of all kinds, made from a description that can be printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
from scipy import sparse

from .draws import Draw

Random = np.random.RandomState


def _orders(rng: Random, shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
    return rng.choice([-1.0, 1.0], shape) * 10.0 ** rng.uniform(low, high, shape)


#: Numbers that features are made of.
VALUES: dict[str, Callable[[Random, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "counts": lambda rng, shape: rng.poisson(2, shape).astype(float),
    "switches": lambda rng, shape: rng.randint(0, 2, shape).astype(float),
    "zeros": lambda rng, shape: np.zeros(shape),
    "constant": lambda rng, shape: np.full(shape, 3.5),
    "far": lambda rng, shape: 1000 + rng.normal(size=shape),
    "scales": lambda rng, shape: rng.normal(size=shape) * 10.0 ** rng.randint(-3, 4, shape[1:]),
    "outlier": lambda rng, shape: rng.standard_t(1.2, shape),
    "repeated": lambda rng, shape: rng.normal(size=shape)[rng.randint(0, 3, shape[0]) % shape[0]],
    "sparse": lambda rng, shape: rng.normal(size=shape) * (rng.uniform(size=shape) < 0.2),
}
EXTREME_VALUES: dict[str, Callable[[Random, tuple[int, ...]], np.ndarray]] = {
    "any": lambda rng, shape: _orders(rng, shape, -300, 30),
    "huge": lambda rng, shape: _orders(rng, shape, 20, 30),
    "largest": lambda rng, shape: rng.choice([-1.0, 1.0], shape) * 1.7e308,
    "float32": lambda rng, shape: _orders(rng, shape, 30, 38.4),
    "tiny": lambda rng, shape: _orders(rng, shape, -300, -100),
    "denormal": lambda rng, shape: rng.choice([-1.0, 0.0, 1.0], shape) * 5e-324,
    "nan": lambda rng, shape: np.where(rng.uniform(size=shape) < 0.9, 1.0, np.nan),
    "infinite": lambda rng, shape: np.where(rng.uniform(size=shape) < 0.9, 1.0, np.inf),
}


def _named(X: np.ndarray) -> list[str]:
    return [f"column {i}" for i in range(X.shape[1])]


#: What rows are held by; containers of whole numbers round them.
CONTAINERS: dict[str, Callable[[np.ndarray], Any]] = {
    "float64": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "columns first": np.asfortranarray,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "read only": lambda X: _read_only(X),
    "int64": lambda X: np.rint(X).astype(np.int64),
    "int8": lambda X: np.clip(np.rint(X), -128, 127).astype(np.int8),
    "bool": lambda X: X > 0,
    "float16": lambda X: np.clip(X, -6e4, 6e4).astype(np.float16),
    "objects": lambda X: X.astype(object),
    "lists": lambda X: X.tolist(),
    "csr": sparse.csr_array,
    "csc": sparse.csc_matrix,
    "csr of float32": lambda X: sparse.csr_matrix(X.astype(np.float32)),
    "coo of integers": lambda X: sparse.coo_array(np.rint(X).astype(np.int64)),
    "csr of bool": lambda X: sparse.csr_array(X > 0),
    "pandas": lambda X: pd.DataFrame(X, columns=_named(X)),
    "pandas of kinds": lambda X: pd.DataFrame(X, columns=_named(X)).assign(first=X[:, 0] > 0),
    "pandas nullable": lambda X: pd.DataFrame(X, columns=_named(X)).convert_dtypes(),
    "polars": lambda X: pl.DataFrame(X, schema=_named(X)),
}
LABELS: dict[str, Callable[[np.ndarray], Any]] = {
    "int": lambda codes: codes,
    "negative": lambda codes: codes - 2,
    "str": lambda codes: np.array(["no", "yes", "maybe", "never"])[codes],
    "objects": lambda codes: np.array(["no", "yes", "", "ü"], dtype=object)[codes],
    "bool": lambda codes: codes % 2 == 1,
    "floats": lambda codes: codes.astype(float),
    "float32": lambda codes: codes.astype(np.float32),
    "uint8": lambda codes: codes.astype(np.uint8),
    "far": lambda codes: codes * 10**15,
    "list": lambda codes: codes.tolist(),
    "list of str": lambda codes: np.array(["no", "yes", "maybe", "never"])[codes].tolist(),
    "column": lambda codes: codes[:, None],
    "series": lambda codes: pd.Series(codes, index=np.arange(len(codes)) * 3),
    "categorical": lambda codes: pd.Series(codes).map(dict(enumerate("dbca"))).astype("category"),
    "polars": lambda codes: pl.Series(codes),
}
#: Labels of more than one column.
INDICATORS: dict[str, Callable[[np.ndarray], Any]] = {
    "int": lambda y: y,
    "bool": lambda y: y > 0,
    "floats": lambda y: y.astype(float),
    "csr": sparse.csr_array,
    "pandas": pd.DataFrame,
}
REFUSED_LABELS: dict[str, Callable[[np.ndarray], Any]] = {
    "bytes": lambda codes: np.array([b"no", b"yes", b"maybe", b"never"])[codes],
    "fractions": lambda codes: codes + 0.5,
    "mixed": lambda codes: np.where(codes > 0, codes.astype(object), "no"),
    "nan": lambda codes: np.where(codes > 0, codes, np.nan),
    "none": lambda codes: np.where(codes > 0, codes.astype(object), None),
    "dates": lambda codes: np.datetime64("2020-01-01") + codes,
}
#: Targets of a regression, given numbers (n_rows, n_targets).
TARGETS: dict[str, Callable[[np.ndarray], Any]] = {
    "float64": lambda y: y,
    "float32": lambda y: y.astype(np.float32),
    "int": lambda y: np.rint(y * 3).astype(int),
    "objects": lambda y: y.astype(object),
    "list": lambda y: y.tolist(),
    "column": lambda y: y.reshape(len(y), -1),
    "pandas": lambda y: pd.Series(y) if y.ndim == 1 else pd.DataFrame(y),
    "polars": lambda y: pl.Series(y) if y.ndim == 1 else pl.DataFrame(y),
    "bool": lambda y: y > np.median(y),
}
WEIGHTS: dict[str, Callable[[Random, int], Any]] = {
    "none": lambda rng, n: None,
    "uniform": lambda rng, n: rng.uniform(0.1, 3, n),
    "zeros": lambda rng, n: rng.randint(0, 3, n).astype(float) + (np.arange(n) == 0),
    "integers": lambda rng, n: rng.randint(1, 4, n),
    "one row": lambda rng, n: (np.arange(n) == 0).astype(float),
    "number": lambda rng, n: 2.0,
    "list": lambda rng, n: rng.uniform(0.1, 3, n).tolist(),
}
EXTREME_WEIGHTS: dict[str, Callable[[Random, int], Any]] = {
    "tiny": lambda rng, n: rng.uniform(0.1, 3, n) * 1e-300,
    "denormal": lambda rng, n: np.full(n, 5e-324),
    "huge": lambda rng, n: rng.uniform(0.1, 3, n) * 1e300,
    "any": lambda rng, n: np.abs(_orders(rng, (n,), -300, 30)),
    "nothing": lambda rng, n: np.zeros(n),
    "negative": lambda rng, n: -np.ones(n),
    "nan": lambda rng, n: np.full(n, np.nan),
    "text": lambda rng, n: ["a"] * n,
    "too few": lambda rng, n: np.ones(max(n - 1, 0)),
}


class Made(NamedTuple):
    """Rows and targets to fit, more rows to predict, and what else goes to ``fit``."""

    X: Any
    y: Any
    X_new: Any
    options: dict[str, Any]


@dataclass(frozen=True)
class Data:
    """What data are like.

    Parameters
    ----------
    seed : int
    n_rows, n_features : int
    values, container, target : str
        Keys of the tables above.
    n_states : int
        Number of classes of a classification.
    n_columns : int
        Number of labels or targets; 1 for a plain vector.
    target_values : str
        Numbers that targets of a regression are made of.
    positive : bool
        Whether targets are above zero.
    weights : str
        Kind of sample weights.
    validation : bool
        Whether there are X_val and y_val.
    groups : bool
        Whether there are groups.
    """

    seed: int = 0
    n_rows: int = 12
    n_features: int = 3
    values: str = "normal"
    container: str = "float64"
    target: str = "float64"
    n_states: int = 2
    n_columns: int = 1
    target_values: str = "normal"
    positive: bool = False
    weights: str = "none"
    validation: bool = False
    groups: bool = False

    def make(self, task: str) -> Made:
        """Return the data."""
        rng = Random(self.seed)
        X, X_new, X_val = (self._rows(rng, n) for n in (self.n_rows, 5, 4))
        make_targets = {"classification": self._classes, "regression": self._numbers}[task]
        y, y_val = make_targets(rng, self.n_rows), make_targets(rng, 4)
        options = {"sample_weight": (WEIGHTS | EXTREME_WEIGHTS)[self.weights](rng, self.n_rows)}
        if self.validation:
            weights = None if self.weights == "none" else rng.uniform(0.5, 2, 4)
            options |= {"X_val": X_val, "y_val": y_val, "sample_weight_val": weights}
        if self.groups:
            options["groups"] = np.arange(self.n_rows) % 3
        given = {name: value for name, value in options.items() if value is not None}
        return Made(X, y, X_new, given)

    def _rows(self, rng: Random, n_rows: int) -> Any:
        shape = n_rows, self.n_features
        values = (VALUES | EXTREME_VALUES)[self.values](rng, shape)
        with np.errstate(all="ignore"):
            return CONTAINERS[self.container](values)

    def _classes(self, rng: Random, n_rows: int) -> Any:
        if self.n_columns > 1:
            return INDICATORS[self.target](rng.randint(0, 2, (n_rows, self.n_columns)))
        states = min(self.n_states, self.n_rows)
        codes = np.append(np.arange(states), rng.randint(0, states, n_rows))[:n_rows]
        return (LABELS | REFUSED_LABELS)[self.target](codes)

    def _numbers(self, rng: Random, n_rows: int) -> Any:
        shape = (n_rows, self.n_columns) if self.n_columns > 1 else (n_rows,)
        y = (VALUES | EXTREME_VALUES)[self.target_values](rng, shape)
        with np.errstate(all="ignore"):
            return TARGETS[self.target](np.abs(y) + 0.5 if self.positive else y)


def _read_only(X: np.ndarray) -> np.ndarray:
    X = X.copy()
    X.setflags(write=False)
    return X


def sane_data(draw: Draw, task: str) -> Data:
    """Return data that anybody may have, of at least two rows and mostly more."""
    n_columns = draw.choice([1, 1, 1, 2, 3])
    targets = {
        ("classification", True): LABELS,
        ("classification", False): INDICATORS,
        ("regression", True): TARGETS,
        ("regression", False): TARGETS,
    }
    return Data(
        seed=draw.integer(0, 9999),
        n_rows=draw.choice([1, 2, 3, 5, 8, 12, 12, 20, 20, 30, 40]),
        n_features=draw.choice([1, 2, 3, 3, 5]),
        values=draw.choice(["normal", "normal", *VALUES]),
        container=draw.choice(["float64", "float64", *CONTAINERS]),
        target=draw.choice(targets[task, n_columns == 1]),
        n_states=draw.choice([1, 2, 2, 2, 3, 3, 4]),
        n_columns=n_columns,
        target_values=draw.choice(["normal", "normal", *VALUES]),
        weights=draw.choice(["none", "none", "none", *WEIGHTS]),
        validation=draw.chance(0.15),
        groups=draw.chance(0.08),
    )
