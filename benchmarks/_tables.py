"""Tables with columns of several kinds: those of a folder, and those that scikit-learn brings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import train_test_split

#: Rows of a table at most.
MAX_ROWS = 10_000

#: The target's column in the files of a folder.
TARGET = "__y__"

BUNDLED = {
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "digits": datasets.load_digits,
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
}


@dataclass(frozen=True, eq=False)
class Table:
    """Columns and target.

    Parameters
    ----------
    name : str
    X : DataFrame
        Numbers as float64, categories with pandas' ``category`` dtype.
    y : ndarray of shape (n_rows,)
        Numbers, or classes from zero.
    is_regression : bool
    """

    name: str
    X: Any
    y: np.ndarray
    is_regression: bool

    def split(self, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return 60 % of the rows to learn from, 20 % to judge by and 20 % to test."""
        rest, test = self._halves(np.arange(len(self.y)), 0.2, seed)
        return *self._halves(rest, 0.25, seed), test

    def _halves(self, rows: np.ndarray, share: float, seed: int) -> list[np.ndarray]:
        strata = None if self.is_regression else self.y[rows]
        return train_test_split(rows, test_size=share, random_state=seed, stratify=strata)


def read_tables(folder: Path | None, names: list[str] | None) -> list[Callable[[], Table]]:
    """Return readers of the tables of a folder, or of those of scikit-learn without one.

    Parameters
    ----------
    folder : Path or None
        Holds ``<name>.csv.gz`` for each name in ``meta.json``, which has the ``task`` of a table
        ("regression" or another) and its categorical columns as ``cats``.
    names : list of str or None
        Tables to read; ``None`` reads all.
    """
    known = BUNDLED if folder is None else json.loads((folder / "meta.json").read_text())
    read = bundled if folder is None else lambda name: from_folder(folder, name, known[name])
    return [lambda name=name: read(name) for name in names or known]


def bundled(name: str) -> Table:
    """Return a table of scikit-learn."""
    X, y = BUNDLED[name](return_X_y=True, as_frame=True)
    is_regression = name == "diabetes"
    return Table(name, X.astype(float), y.to_numpy(float if is_regression else int), is_regression)


def from_folder(folder: Path, name: str, about: dict[str, Any]) -> Table:
    """Return a table of a folder, or so many rows of it by chance."""
    categories = about["cats"]
    frame = pd.read_csv(folder / f"{name}.csv.gz", dtype=dict.fromkeys(categories, str))
    if len(frame) > MAX_ROWS:
        frame = frame.sample(MAX_ROWS, random_state=0).reset_index(drop=True)
    y = frame.pop(TARGET).to_numpy()
    kinds = {column: "category" if column in categories else float for column in frame}
    is_regression = about["task"] == "regression"
    codes = y.astype(float) if is_regression else np.unique(y.astype(str), return_inverse=True)[1]
    return Table(name, frame.astype(kinds), codes, is_regression)
