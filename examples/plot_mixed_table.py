"""
A table as it comes: numbers, categories, gaps and dates
========================================================

``TabularRegressor`` takes a data frame as it is. Numbers are scaled and cut into bins, categories
become columns, gaps are filled and marked, dates are taken apart. A committee of eight networks
learns from the result, each of which leaves out an eighth of the rows. What they predict for the
rows that they have left out is an honest score, and gives intervals for new rows.

The table is made up: trips of rented bicycles by the hour, with weather, district and tariff.
Boosted trees learn from the same frame, with categories and dates turned into what they take.
"""

import warnings

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import root_mean_squared_error

from sknn_actloss import TabularRegressor

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# %%
# Training ends where the learning rate has come down to zero, and says so.

warnings.filterwarnings("ignore", category=ConvergenceWarning)

NAMES = ["start", "temperature", "wind", "district", "tariff"]
DISTRICTS = ["harbour", "hills", "market", "meadows", "station", "university"]
BUSY = dict(zip(DISTRICTS, [1.0, 0.4, 1.3, 0.7, 1.8, 1.5], strict=True))


def make_table(n_rows, seed):
    """Return rows of trips as objects, and how many trips there were."""
    rng = np.random.default_rng(seed)
    hours = rng.integers(0, 2 * 365 * 24, n_rows)
    start = np.datetime64("2023-01-01T00", "us") + hours * np.timedelta64(1, "h")
    day, hour, week = hours // 24 % 365, hours % 24, hours // 24 % 7
    temperature = 11 - 10 * np.cos(2 * np.pi * day / 365) + rng.normal(0, 4, n_rows)
    wind = rng.gamma(2, 8, n_rows)
    district = rng.choice(DISTRICTS, n_rows)
    tariff = rng.choice(["day pass", "single"], n_rows)
    commuters = np.exp(-((hour - 8) ** 2) / 3) + np.exp(-((hour - 17) ** 2) / 6)
    strollers = np.exp(-((hour - 14) ** 2) / 20)
    rush = np.where(week < 5, commuters, strollers)
    mild = np.exp(-((temperature - 22) ** 2) / 250) / (1 + np.exp((wind - 30) / 5))
    busy = np.array([BUSY[name] for name in district]) * np.where(tariff == "single", 1, 0.6)
    trips = rng.poisson(20 + 200 * (0.1 + rush) * mild * busy)
    gaps = rng.random(n_rows) < 0.05
    columns = [
        start.astype(object),
        np.where(gaps, None, temperature.round(1)),
        wind.round(1),
        np.where(rng.random(n_rows) < 0.03, None, district.astype(object)),
        tariff,
    ]
    return np.array([np.asarray(column, dtype=object) for column in columns]).T, trips.astype(float)


X, y = make_table(4000, seed=0)
X_new, y_new = make_table(2000, seed=1)
print("A row:", dict(zip(NAMES, X[0], strict=True)))

# %%
# One call. Frames of pandas and polars are taken as well, and their columns go by their names.
# The networks are smaller and train shorter here than by default, to save time.

model = TabularRegressor(random_state=0)
model.set_params(network__hidden_layer_sizes=(64, 64), network__max_iter=60)
model.fit(X, y)
names = model.encoder_.get_feature_names_out(NAMES)
print(f"{X.shape[1]} columns became {len(names)} inputs, among them {', '.join(names[-4:])}")

# %%
# Boosted trees need codes for categories, and parts of dates.


def as_numbers(X):
    """Return columns of numbers: parts of dates, and codes of categories."""
    start = X[:, 0].astype("datetime64[h]")
    days = start.astype("datetime64[D]").astype(int)
    parts = [days, days % 7, start.astype(int) % 24, X[:, 1].astype(float), X[:, 2].astype(float)]
    codes = [[float(np.searchsorted(levels, v or "")) for v in X[:, i]] for i, levels in LEVELS]
    return np.column_stack([*parts, *codes])


LEVELS = [(3, ["", *DISTRICTS]), (4, ["day pass", "single"])]
trees = HistGradientBoostingRegressor(categorical_features=[5, 6], random_state=0)
trees.fit(as_numbers(X), y)

errors = {
    "TabularRegressor": root_mean_squared_error(y_new, model.predict(X_new)),
    "HistGradientBoosting": root_mean_squared_error(y_new, trees.predict(as_numbers(X_new))),
}
for name, error in errors.items():
    print(f"{name:<22} {error:6.2f} trips off on new rows (root of mean squares)")

# %%
# The rows that the networks have left out tell how good they are without a test set. The score is
# slightly optimistic, since they also decide which epoch each network keeps.

print(f"R² of rows left out {model.oof_score_:.3f}, of new rows {model.score(X_new, y_new):.3f}")

# %%
# How far they are off there gives intervals for new rows that hold the true number at least as
# often as asked for.

low, high = model.predict_interval(X_new, coverage=0.9).T
inside = (low <= y_new) & (y_new <= high)
print(f"{inside.mean():.1%} of the new rows lie in their interval, {np.mean(high - low):.0f} wide")

# %%
# What is on top is found by a search as for any network: its parameters are those of ``network``,
# as in ``StackedGridSearchCV(model, {"network__activation": ["relu", "silu"]})``.

if plt is not None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6), layout="constrained")
    predicted = model.predict(X_new)
    order = np.argsort(predicted)[::10]
    place = np.arange(len(order))
    left.fill_between(place, low[order], high[order], alpha=0.3, label="interval for 90%")
    left.plot(place, predicted[order], label="prediction")
    left.scatter(place, y_new[order], s=8, color="black", label="true")
    left.set_xlabel("new rows, sorted by prediction")
    left.set_ylabel("trips")
    left.legend()
    bars = right.barh(list(errors), list(errors.values()))
    right.bar_label(bars, fmt="%.1f", padding=3)
    right.set_xlabel("root mean squared error on new rows")
    right.margins(x=0.15)
    figure.suptitle("A table of numbers, categories, gaps and dates")
    plt.show()
