"""Memory of fits on data that should not be copied: a mapped file, and a sparse matrix."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.figure import Figure
from scipy import sparse

from benchmarks._data import Shape, noise
from benchmarks._memory import peak_growth
from benchmarks._report import bars, parse, parser, ratio, save, table
from benchmarks._rounds import Job, interleave
from benchmarks.peers.estimators import ESTIMATORS

MAPPED = Shape(1_000_000, 50, (128,), 2, batch=1024, epochs=1)
SPARSE = Shape(50_000, 20_000, (64,), 2, batch=256, epochs=1)
#: Entries in each row of the sparse matrix.
ENTRIES = 50
#: Rows that are written to the file at once.
CHUNK = 10_000

Growth = dict[str, dict[str, float]]


def main() -> None:
    """Watch the memory of fits in processes of their own, time the sparse ones, and report."""
    options = parse(parser("memory", __doc__))
    mapped, csr = MAPPED, SPARSE
    if options.quick:
        mapped, csr = mapped._replace(rows=20_000), csr._replace(rows=2_000)
    megabytes = mapped_growth(mapped)
    megabytes["sparse"] = {peer: peak_growth(sparse_fit, peer, csr) for peer in ESTIMATORS}
    seconds = interleave({peer: sparse_fit(peer, csr) for peer in ESTIMATORS}, options.rounds)
    print("\nGrowth of memory during a fit, in MB\n")
    rows = [[name, *(f"{of[peer]:.1f}" for peer in ESTIMATORS)] for name, of in megabytes.items()]
    print(table(["data", *ESTIMATORS], rows))
    factor = seconds["scikit-learn"].minimum / seconds["sknn-actloss"].minimum
    print(f"\nTime of the sparse fit of scikit-learn as a multiple of ours: {ratio(factor)}")
    results = {
        "megabytes": megabytes,
        "seconds of the sparse fit": seconds,
        "size of the mapped file in megabytes": 4e-6 * mapped.rows * mapped.features,
    }
    save(options, "memory", results, picture(megabytes))


def mapped_growth(shape: Shape) -> Growth:
    """Watch fits on a file, with and without early stopping."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "X.npy"
        write(path, shape)
        return {
            name: {peer: peak_growth(mapped_fit, peer, shape, path, early) for peer in ESTIMATORS}
            for name, early in (("mapped", False), ("mapped, early stopping", True))
        }


def write(path: Path, shape: Shape) -> None:
    """Write features to a file, some rows at a time."""
    size = (shape.rows, shape.features)
    X = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=size)
    rng = np.random.default_rng(0)
    for start in range(0, shape.rows, CHUNK):
        rows = X[start : start + CHUNK]
        rows[...] = rng.standard_normal(rows.shape, dtype=np.float32)


def mapped_fit(peer: str, shape: Shape, path: Path, early_stopping: bool) -> Job:
    """Return a fit on the file, with one on a few of its rows behind it."""
    X = np.load(path, mmap_mode="r")
    y = np.random.default_rng(0).integers(shape.classes, size=shape.rows)
    few = slice(2 * shape.batch)
    ESTIMATORS[peer](shape, X[few], y[few], early_stopping=early_stopping)()
    return ESTIMATORS[peer](shape, X, y, early_stopping=early_stopping)


def sparse_fit(peer: str, shape: Shape) -> Job:
    """Return a fit on a sparse matrix, with one on a few of its rows behind it."""
    values, y = noise(shape.rows, ENTRIES, "float32")
    block = shape.features // ENTRIES
    places = np.random.default_rng(1).integers(block, size=values.shape, dtype=np.int32)
    places += np.arange(0, shape.features, block, dtype=np.int32)
    starts = np.arange(0, values.size + 1, ENTRIES, dtype=np.int32)
    size = (shape.rows, shape.features)
    X = sparse.csr_matrix((values.ravel(), places.ravel(), starts), size)
    few = slice(2 * shape.batch)
    ESTIMATORS[peer](shape, X[few], y[few])()
    return ESTIMATORS[peer](shape, X, y)


def picture(megabytes: Growth) -> Figure:
    """Draw bars of megabytes, a group for each kind of data."""
    figure = Figure((8, 3.2), layout="constrained")
    ax = figure.subplots()
    series = {peer: [of[peer] for of in megabytes.values()] for peer in ESTIMATORS}
    bars(ax, list(megabytes), series, "{:.0f}".format)
    ax.set_xlabel("growth of memory during a fit, MB")
    ax.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
