"""Tables as they come: columns of all kinds with gaps, in frames and arrays."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from .draws import Draw

Random = np.random.RandomState


def _with_gaps(rng: Random, values: Any, gap: Any, share: float = 0.2) -> np.ndarray:
    values = np.asarray(values, dtype=object)
    values[rng.uniform(size=len(values)) < share] = gap
    return values


def _days(rng: Random, n: int) -> np.ndarray:
    return np.datetime64("2021-03-01T00", "us") + rng.randint(0, 50_000, n) * np.timedelta64(1, "h")


#: Columns by kind, given a random state and a number of rows.
COLUMNS: dict[str, Callable[[Random, int], Any]] = {
    "numbers": lambda rng, n: rng.normal(size=n),
    "numbers with gaps": lambda rng, n: np.where(rng.uniform(size=n) < 0.3, np.nan, rng.rand(n)),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n) * 1e6,
    "one value and gaps": lambda rng, n: np.where(rng.uniform(size=n) < 0.5, np.nan, 2.0),
    "nothing": lambda rng, n: np.full(n, np.nan),
    "no objects": lambda rng, n: np.full(n, None, dtype=object),
    "constant": lambda rng, n: np.ones(n),
    "huge": lambda rng, n: rng.normal(size=n) * 1e300,
    "tiny": lambda rng, n: rng.normal(size=n) * 1e-300,
    "far": lambda rng, n: 1e15 + rng.randint(0, 5, n),
    "integers": lambda rng, n: rng.randint(-5, 5, n),
    "large integers": lambda rng, n: rng.randint(0, 2**62, n),
    "float32": lambda rng, n: rng.normal(size=n).astype(np.float32),
    "bool": lambda rng, n: rng.rand(n) < 0.5,
    "bool with gaps": lambda rng, n: _with_gaps(rng, rng.rand(n) < 0.5, None),
    "strings": lambda rng, n: rng.choice(["red", "green", "blue", ""], n).astype(object),
    "strings with gaps": lambda rng, n: _with_gaps(rng, rng.choice(["a", "b"], n), None),
    "strings and NaN": lambda rng, n: _with_gaps(rng, rng.choice(["a", "b"], n), np.nan),
    "one string": lambda rng, n: np.full(n, "same", dtype=object),
    "keys": lambda rng, n: np.array([f"key {i}" for i in range(n)], dtype=object),
    "many levels": lambda rng, n: np.array([f"k{i}" for i in rng.randint(0, n, n)], dtype=object),
    "days": _days,
    "days with gaps": lambda rng, n: np.where(
        rng.uniform(size=n) < 0.2, np.datetime64("NaT"), _days(rng, n)
    ),
    "dates as objects": lambda rng, n: np.array(
        [datetime.date(2020, 1 + m, 1) for m in rng.randint(0, 12, n)], dtype=object
    ),
    "durations": lambda rng, n: rng.randint(0, 99, n).astype("m8[us]"),
    "decimals": lambda rng, n: np.array([Decimal(int(v)) for v in rng.randint(0, 9, n)], object),
}
#: Columns that pandas or Python make, for frames of pandas and arrays of objects.
PANDAS_COLUMNS: dict[str, Callable[[Random, int], Any]] = {
    "categorical": lambda rng, n: pd.Categorical(rng.choice(["x", "y", None], n), ["y", "x", "z"]),
    "ordered": lambda rng, n: pd.Categorical(rng.choice([1, 2, 3], n), [3, 2, 1], ordered=True),
    "Int64": lambda rng, n: pd.array(_with_gaps(rng, rng.randint(0, 9, n), pd.NA), "Int64"),
    "boolean": lambda rng, n: pd.array(_with_gaps(rng, rng.rand(n) < 0.5, pd.NA), "boolean"),
    "string": lambda rng, n: pd.array(_with_gaps(rng, rng.choice(["a", "b"], n), pd.NA), "string"),
    "zoned": lambda rng, n: pd.Series(pd.to_datetime(_days(rng, n))).dt.tz_localize("UTC"),
    "mixture": lambda rng, n: np.array(
        [[1, "a", None, 2.5, True][i] for i in rng.randint(0, 5, n)], dtype=object
    ),
}
#: Columns that are refused.
WRONG_COLUMNS: dict[str, Callable[[Random, int], Any]] = {
    "infinite": lambda rng, n: np.where(np.arange(n) == 0, np.inf, 1.0),
    "complex": lambda rng, n: rng.normal(size=n) * 1j,
    "lists": lambda rng, n: np.array([*[[1, 2]] * (n - 1), None], dtype=object),
    "text of numbers": lambda rng, n: np.array([f"{v:.6f}" for v in rng.rand(n)], dtype=object),
}


#: Columns that a frame of polars cannot hold.
_NOT_OF_POLARS = ("decimals", "no objects", "strings and NaN")


@dataclass(frozen=True)
class Table:
    """What a table is like.

    Parameters
    ----------
    seed : int
    n_rows : int
    columns : tuple of str
        Kinds of the columns.
    container : {"pandas", "polars", "objects", "lists"}
    target : {"numbers", "classes", "words", "two targets"}
    """

    seed: int = 0
    n_rows: int = 30
    columns: tuple[str, ...] = ("numbers",)
    container: str = "pandas"
    target: str = "numbers"

    def make(self) -> tuple[Any, np.ndarray, Any]:
        """Return a table, its targets, and more rows, in part with levels that are new."""
        rng = Random(self.seed)
        X, X_new = self._table(rng, self.n_rows), self._table(rng, 7)
        noise = rng.normal(size=(self.n_rows, 2))
        y = {
            "numbers": noise[:, 0],
            "two targets": noise,
            "classes": np.arange(self.n_rows) % 3,
            "words": np.array(["no", "yes"])[np.arange(self.n_rows) % 2],
        }[self.target]
        return X, y, X_new

    def _table(self, rng: Random, n_rows: int) -> Any:
        known = COLUMNS | PANDAS_COLUMNS | WRONG_COLUMNS
        columns = {f"c{i} {kind}": known[kind](rng, n_rows) for i, kind in enumerate(self.columns)}
        if self.container == "polars":
            # Old releases make columns of objects of arrays of objects, and may hang on them.
            own = {name: _list_of_objects(values) for name, values in columns.items()}
            return pl.DataFrame(own, strict=False)
        frame = pd.DataFrame(columns)
        if self.container == "pandas":
            return frame
        rows = frame.astype(object).to_numpy()
        return rows if self.container == "objects" else rows.tolist()


def _list_of_objects(values: Any) -> Any:
    return values.tolist() if values.dtype == object else values


def drawn_table(draw: Draw, targets: list[str]) -> Table:
    """Return a table of one to five columns, of which at least one has numbers."""
    container = draw.choice(["pandas", "pandas", "polars", "objects", "lists"])
    kinds = [*COLUMNS] if container == "polars" else [*COLUMNS, *PANDAS_COLUMNS]
    if container == "polars":
        kinds = [kind for kind in kinds if kind not in _NOT_OF_POLARS]
    columns = [draw.choice(["numbers", "numbers with gaps"]), *draw.some(kinds, 4)]
    if draw.chance(0.05) and container != "polars":
        columns.append(draw.choice(WRONG_COLUMNS))
    return Table(
        seed=draw.integer(0, 9999),
        n_rows=draw.choice([4, 8, 20, 20, 40]),
        columns=tuple(columns),
        container=container,
        target=draw.choice(targets),
    )
