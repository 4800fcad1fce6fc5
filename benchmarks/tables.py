"""How well and how fast estimators learn from tables: ours, boosted trees, forests and others."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

from benchmarks._report import bars, parse, parser, save, table
from benchmarks._tables import Table, read_tables
from benchmarks._threads import run_limited
from benchmarks.peers.tables import N_THREADS, OURS, Fit, contenders

#: Measures of a result by name, with the factor by which more is better.
MEASURES = {"accuracy": 1, "log loss": -1, "RMSE": -1}
SECONDS = ["fit seconds", "predict seconds"]
QUICK = ["iris", "diabetes"]


def main() -> None:
    """Measure in a process that has two cores, and report."""
    options = read_options()
    if options.child:
        json.dump(measure_all(options), sys.stdout)
        return
    found = pd.DataFrame(run_limited("benchmarks.tables", ["--child"], N_THREADS))
    options.output.mkdir(parents=True, exist_ok=True)
    found.to_csv(options.output / "tables.csv", index=False)
    ranks, scores = mean_ranks(found), normalised(found)
    print_report(found, ranks, scores)
    results = {name: part.to_dict() for name, part in (("ranks", ranks), ("scores", scores))}
    save(options, "tables", results, picture(ranks, scores))


def read_options() -> argparse.Namespace:
    """Read the command line; a quick run has two tables of scikit-learn and one split."""
    command = parser("tables", __doc__, rounds=3)
    command.add_argument("folder", type=Path, nargs="?", help="tables; without: scikit-learn's")
    command.add_argument("--tables", nargs="+", metavar="NAME", help="some of them only")
    command.add_argument("--contenders", nargs="+", choices=list(contenders()), metavar="NAME")
    command.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parse(command)
    if options.quick:
        options.folder, options.tables, options.rounds = None, QUICK, 1
    return options


def measure_all(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Fit all contenders to each split of each table."""
    known = contenders()
    fits = {name: known[name] for name in options.contenders or known}
    return [
        result
        for read in read_tables(options.folder, options.tables)
        for result in measure(read(), fits, options.rounds)
    ]


def measure(data: Table, fits: dict[str, Fit], n_splits: int) -> list[dict[str, Any]]:
    """Fit contenders to the splits of one table, and tell how they get on."""
    results = []
    for seed in range(n_splits):
        for name, fit in fits.items():
            about = {"table": data.name, "split": seed, "contender": name}
            results.append(about | attempt(data, fit, seed))
            print({k: v for k, v in results[-1].items() if v is not None}, file=sys.stderr)
    return results


def attempt(data: Table, fit: Fit, seed: int) -> dict[str, Any]:
    """Return measures and seconds of one contender on one split; what fails has none."""
    train, judge, test = data.split(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, fit_seconds = timed(lambda: fit(data, train, judge, seed))
            rows = data.X.iloc[test]
            predicted, seconds = timed(lambda: predictions(model, rows, data.is_regression))
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    spread = data.y[np.concatenate([train, judge])].std()
    measures = regression_measures if data.is_regression else classification_measures
    found = measures(predicted, data.y[test], spread)
    return found | dict(zip(SECONDS, (fit_seconds, seconds), strict=True))


def timed(job: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a job returns, and its seconds."""
    start = perf_counter()
    result = job()
    return result, perf_counter() - start


def predictions(model: Any, X: Any, is_regression: bool) -> np.ndarray:
    """Return predictions of numbers, or probabilities of classes."""
    return np.asarray(model.predict(X) if is_regression else model.predict_proba(X))


def regression_measures(predicted: np.ndarray, y: np.ndarray, spread: float) -> dict[str, float]:
    """Return the root mean squared error over the standard deviation of the target."""
    return {"RMSE": float(root_mean_squared_error(y, predicted.ravel()) / spread)}


def classification_measures(proba: np.ndarray, y: np.ndarray, spread: float) -> dict[str, float]:
    """Return the accuracy of the likeliest classes, and the log loss."""
    proba = proba / proba.sum(axis=1, keepdims=True)
    accuracy = accuracy_score(y, proba.argmax(axis=1))
    return {"accuracy": accuracy, "log loss": log_loss(y, proba, labels=range(proba.shape[1]))}


def by_table(found: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the mean over splits: a row for each table, a column for each contender."""
    values = (
        found.dropna(subset=measure)
        if measure in found
        else found.iloc[:0].assign(**{measure: 0.0})
    )
    return values.pivot_table(measure, "table", "contender", sort=False)


def mean_ranks(found: pd.DataFrame) -> pd.DataFrame:
    """Return the mean rank over tables of each contender by each measure; the best is 1."""
    return pd.DataFrame(
        {
            name: by_table(found, name).mul(sign).rank(axis=1, ascending=False).mean()
            for name, sign in MEASURES.items()
        }
    )


def normalised(found: pd.DataFrame) -> pd.DataFrame:
    """Return mean scores over tables; on each the best contender has 1 and the last one 0."""
    return pd.DataFrame(
        {name: _shares(by_table(found, name).mul(sign)).mean() for name, sign in MEASURES.items()}
    )


def _shares(values: pd.DataFrame) -> pd.DataFrame:
    low, high = values.min(axis=1), values.max(axis=1)
    spans = (high - low).where(high > low, 1)
    return values.sub(high, axis=0).div(spans, axis=0).add(1)


def print_report(found: pd.DataFrame, ranks: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Print the measures of each table, mean ranks, normalised scores and mean seconds."""
    for name in MEASURES:
        of_tables = by_table(found, name)
        if len(of_tables):
            print(f"\n{name}, mean over splits\n")
            print(table(["table", *of_tables.columns], rows_of(of_tables, "{:.4f}")))
    seconds = found.groupby("contender", sort=False)[SECONDS].mean()
    summary = pd.concat([ranks.add_prefix("rank: "), scores.add_prefix("score: "), seconds], axis=1)
    print("\nMean ranks (1 is best), normalised scores (1 is best, 0 is last) and seconds\n")
    print(table(["contender", *summary.columns], rows_of(summary, "{:.2f}")))


def rows_of(frame: pd.DataFrame, form: str) -> list[list[str]]:
    """Return the rows of a frame as text, a dash where there is nothing."""
    return [
        [str(name), *("–" if np.isnan(value) else form.format(value) for value in row)]
        for name, row in zip(frame.index, frame.to_numpy(float), strict=True)
    ]


def picture(ranks: pd.DataFrame, scores: pd.DataFrame) -> Figure:
    """Draw mean ranks and normalised scores: a bar for each measure of each contender."""
    figure = Figure((11, 0.8 * len(ranks) + 1.5), layout="constrained")
    names = sorted(ranks.index, key=lambda name: name != OURS)
    axes = figure.subplots(1, 2, sharey=True)
    titles = ["mean rank (1 is best)", "normalised score (1 is best)"]
    for ax, title, values in zip(axes, titles, (ranks, scores), strict=True):
        series = {name: _drawn(values.loc[names, name]) for name in MEASURES}
        bars(ax, names, series, "{:.2f}".format)
        ax.set_xlabel(title)
    axes[1].legend(frameon=False)
    return figure


def _drawn(values: pd.Series) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


if __name__ == "__main__":
    main()
