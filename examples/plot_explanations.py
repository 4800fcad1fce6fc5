"""
What predictions owe to the columns of a table
==============================================

Rents of flats by size, district and year, of which the truth is known: a network learns them from
a table, and integrated gradients say what each column adds to each prediction. Do they find the
truth again, and do the parts add up?
"""

import numpy as np

from sknn_actloss import MLPRegressor, TabularRegressor
from sknn_actloss.inspection import (
    FeatureImportanceDisplay,
    feature_importances,
    input_gradients,
    integrated_gradients,
)

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# %%
# A rent is ten for each square metre, more in some districts, higher for new buildings. The noise
# column plays no part.

rng = np.random.RandomState(0)
n_flats = 1000
COLUMNS = ["size", "district", "year", "noise"]
DISTRICTS = {"harbour": 300.0, "old town": 150.0, "north": 0.0}
size, year = rng.uniform(20, 120, n_flats).round(), rng.randint(1900, 2021, n_flats)
district = rng.choice(list(DISTRICTS), n_flats)
X = np.empty((n_flats, 4), dtype=object)
X[:, 0], X[:, 1], X[:, 2], X[:, 3] = size, district, year, rng.normal(size=n_flats)
of_district = np.array([DISTRICTS[name] for name in district])
of_year = 2.0 * np.maximum(year - 1960, 0)
rent = 10 * size + of_district + of_year + rng.normal(scale=20, size=n_flats)

# %%
# The estimator for tables makes a column of bins and levels of each of these; its explanations
# are about the columns of the table all the same.

network = MLPRegressor(
    (32,),
    "silu",
    target_scaling="standard",
    learning_rate="linear",
    learning_rate_init=0.01,
    max_iter=60,
    n_iter_no_change=np.inf,
    random_state=0,
)
model = TabularRegressor(network=network, random_state=0).fit(X[:800], rent[:800])
flats, held_out = X[800:], rent[800:]
print(f"R² of new flats: {model.score(flats, held_out):.3f}")

# %%
# A flat of 60 square metres in the north, of 1960, is what the others are compared with. The parts
# of a prediction add up to its distance from that of this flat.

baseline = np.array([[60.0, "north", 1960, 0.0]], dtype=object)
parts = integrated_gradients(model, flats, baseline)
distance = model.predict(flats) - model.predict(baseline)
gap = np.abs(parts.sum(axis=1) - distance).max()
print(f"The parts add up to within {gap / np.abs(distance).max():.1%} of the largest distance")

truth = np.stack(
    [
        10 * (flats[:, 0].astype(float) - 60),
        [DISTRICTS[name] for name in flats[:, 1]],
        2.0 * np.maximum(flats[:, 2].astype(float) - 1960, 0),
        np.zeros(len(flats)),
    ],
    axis=1,
)
errors = np.sqrt(np.mean((parts - truth) ** 2, axis=0))
importances = feature_importances(model, flats, baseline)
print(f"\n{'column':<10}{'importance':>12}{'true':>8}{'error of a part':>18}")
for name, found, true, error in zip(
    COLUMNS, importances, np.abs(truth).mean(axis=0), errors, strict=True
):
    print(f"{name:<10}{found:>12.0f}{true:>8.0f}{error:>18.0f}")

# %%
# Gradients tell what one more unit of a column is worth, of a year one above 1960 and nothing
# before. A district has no gradient.

slopes = input_gradients(model, flats)
is_new = flats[:, 2].astype(float) > 1970
print(f"\nA square metre more: {np.median(slopes[:, 0]):.0f}")
print(f"A year more: {np.median(slopes[is_new, 2]):.1f} for new buildings")

if plt is not None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    FeatureImportanceDisplay(importances, COLUMNS).plot(ax=left)
    left.set_title("Importance")
    right.scatter(flats[:, 2], parts[:, 2], s=8, color="#0072B2", label="found")
    order = np.argsort(flats[:, 2])
    right.plot(flats[order, 2], truth[order, 2], color="#D55E00", label="truth")
    right.set_xlabel("year")
    right.set_ylabel("part of the rent")
    right.set_title("What the year adds")
    right.legend()
    plt.show()
