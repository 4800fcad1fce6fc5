"""
Prediction intervals where the noise is not the same everywhere
===============================================================

How far from its prediction may a target be? A plain regression answers with one width for all
rows, taken from its residuals. Where some rows are noisier than others, that is too wide here and
too narrow there. Two losses let the network learn the width along with the prediction:

- ``Quantile((0.1, 0.5, 0.9))`` has an output for each of three quantiles: the outer ones are a band
  for 80 percent of the targets, whatever the shape of the noise;
- ``"gaussian_nll"`` has one for the mean and one for the variance, and assumes normal noise.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss import MLPRegressor
from sknn_actloss.losses import Quantile

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# %%
# The targets follow a sine, with noise that grows eightfold from left to right. Training ends
# where the learning rate has come down to zero, after ``max_iter`` epochs, and says so.

warnings.filterwarnings("ignore", category=ConvergenceWarning)

LEVELS = (0.1, 0.5, 0.9)
Z = 1.2816  # the standard normal quantile of 0.9


def deviation(x):
    """Return the standard deviation of the noise."""
    return 0.1 * 8 ** ((x + 3) / 6)


def make_data(n_rows, seed):
    """Return rows with one feature, and targets."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, size=n_rows)
    return x[:, None], np.sin(x) + deviation(x) * rng.standard_normal(n_rows)


def regressor(loss):
    """Make a network for the loss, with a learning rate that falls to zero."""
    return MLPRegressor(
        (32,),
        "tanh",
        loss=loss,
        learning_rate="cosine",
        learning_rate_init=0.02,
        max_iter=60,
        n_iter_no_change=np.inf,
        random_state=0,
    )


X_train, y_train = make_data(3000, seed=0)
X_test, y_test = make_data(10_000, seed=1)

# %%
# The plain network gets its band from the residuals of rows that it has not been trained on.

fit_rows, residual_rows = np.arange(2000), np.arange(2000, 3000)
plain = regressor("squared_error").fit(X_train[fit_rows], y_train[fit_rows])
residuals = y_train[residual_rows] - plain.predict(X_train[residual_rows])
quantiles = regressor(Quantile(LEVELS)).fit(X_train, y_train)
gaussian = regressor("gaussian_nll").fit(X_train, y_train)


def constant_band(X):
    """Return prediction, lower and upper end of the plain network."""
    predicted = plain.predict(X)
    low, high = np.quantile(residuals, [LEVELS[0], LEVELS[-1]])
    return predicted, predicted + low, predicted + high


def quantile_band(X):
    """Return the quantiles of 50, 10 and 90 percent."""
    low, median, high = quantiles.predict_quantiles(X).T
    return median, low, high


def gaussian_band(X):
    """Return the mean, and the ends that normal noise has there."""
    mean, std = gaussian.predict(X, return_std=True)
    return mean, mean - Z * std, mean + Z * std


BANDS = {
    "constant width": constant_band,
    "three quantiles": quantile_band,
    "mean and deviation": gaussian_band,
}

# %%
# All three cover 80 percent of the held-out targets. The constant width gets there by covering
# nearly all where the noise is small and too few where it is large. The others hold what they
# promise in each third of the rows, and their bands are narrower where narrow ones will do.

third = np.digitize(X_test[:, 0], [-1, 1])
parts = {"all": third >= 0, "left": third == 0, "middle": third == 1, "right": third == 2}
covered, widths = {}, {}
for name, band in BANDS.items():
    _, low, high = band(X_test)
    covered[name], widths[name] = (low <= y_test) & (y_test <= high), high - low

print("Share of held-out targets within the band for 80%, and mean width of the band")
print(f"{'':<20}" + "".join(f"{part:>15}" for part in parts))
for name in BANDS:
    shares = [covered[name][rows].mean() for rows in parts.values()]
    means = [widths[name][rows].mean() for rows in parts.values()]
    cells = [f"{share:>9.1%}{mean:>6.2f}" for share, mean in zip(shares, means, strict=True)]
    print(f"{name:<20}" + "".join(cells))

# %%
# The plain network also needs rows to measure its residuals on, which the others learn from.

if plt is not None:
    x = np.linspace(-3, 3, 300)
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.6), sharey=True, layout="constrained")
    for ax, (name, band) in zip(axes, BANDS.items(), strict=True):
        predicted, low, high = band(x[:, None])
        ax.scatter(X_test[:1500], y_test[:1500], s=5, color="gray", alpha=0.4, linewidths=0)
        ax.fill_between(x, low, high, color="#0072B2", alpha=0.3, label="band for 80%")
        ax.plot(x, predicted, color="#0072B2", label="prediction")
        for sign, label in ((-1, "true 10% and 90%"), (1, None)):
            true = np.sin(x) + sign * Z * deviation(x)
            ax.plot(x, true, "--", color="black", linewidth=1, label=label)
        for place, part in zip((-2, 0, 2), ("left", "middle", "right"), strict=True):
            share = covered[name][parts[part]].mean()
            ax.text(place, -2.3, f"{share:.0%}", ha="center", va="center")
        for border in (-1, 1):
            ax.axvline(border, color="gray", linewidth=0.8, linestyle=":")
        ax.set_title(name)
        ax.set_xlabel("feature")
    axes[0].set_ylim(-2.6, 2.9)
    axes[0].set_ylabel("target")
    axes[0].legend(loc="upper left")
    figure.suptitle("Bands for 80% of the targets, and the share that each covers in thirds")
    plt.show()
