"""Tables that tests of encoders share."""

import numpy as np


def columns(n_rows=60, seed=0):
    """Return columns of all kinds by name, as arrays; gaps are NaN, None and NaT."""
    rng = np.random.RandomState(seed)
    numbers = rng.normal(size=n_rows)
    numbers[::7] = np.nan
    colors = rng.choice(["red", "green", "blue"], n_rows).astype(object)
    colors[::11] = None
    dates = np.datetime64("2021-03-01T00", "s") + rng.randint(0, 50_000, n_rows) * 3600
    dates[5:6] = np.datetime64("NaT")
    return {
        "size": numbers,
        "count": rng.randint(0, 9, n_rows),
        "open": rng.rand(n_rows) < 0.5,
        "color": colors,
        "day": dates,
    }


def objects(n_rows=60, seed=0):
    """Return the same columns as an array of objects."""
    return np.array([column.astype(object) for column in columns(n_rows, seed).values()]).T
