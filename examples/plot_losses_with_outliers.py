"""
Losses that bear outliers
=========================

What do wrong targets in the training data do to a regression? Here some targets of the diabetes
data are multiplied by ten, as if a decimal point had slipped, and three losses have to cope. The
held-out rows stay correct: they show what the network has learnt.
"""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler

from sknn_actloss import MLPRegressor

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# %%
# Targets are scaled by median and quartiles, which a few wrong ones hardly move. In these units
# ``huber`` treats residuals up to ``delta=1`` as ordinary and larger ones as outliers.

LOSSES = ["squared_error", "absolute_error", "huber"]
SHARES = [0.0, 0.05, 0.1, 0.2]
N_SPLITS = 5


def regressor(loss):
    """Make a network for the loss, with scaled inputs and targets."""
    mlp = MLPRegressor(
        (20,), "tanh", loss=loss, solver="lbfgs", alpha=10, max_iter=5000, random_state=0
    )
    return make_pipeline(
        StandardScaler(), TransformedTargetRegressor(mlp, transformer=RobustScaler())
    )


def corrupted(y, share, seed):
    """Multiply a share of the targets by ten."""
    wrong = np.random.default_rng(seed).permutation(len(y)) < share * len(y)
    return np.where(wrong, 10 * y, y)


# %%
# For each share of wrong targets, the mean absolute error on correct held-out rows, averaged
# over five splits.

X, y = load_diabetes(return_X_y=True)
errors = np.empty((len(SHARES), len(LOSSES), N_SPLITS))
for split in range(N_SPLITS):
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=split)
    for i, share in enumerate(SHARES):
        y_wrong = corrupted(y_train, share, seed=split)
        for j, loss in enumerate(LOSSES):
            predicted = regressor(loss).fit(X_train, y_wrong).predict(X_test)
            errors[i, j, split] = mean_absolute_error(y_test, predicted)

print("Mean absolute error on correct held-out targets (mean ± standard deviation of 5 splits)")
print(f"{'wrong targets':<14}" + "".join(f"{loss:>18}" for loss in LOSSES))
for share, row in zip(SHARES, errors, strict=True):
    cells = "".join(f"{error.mean():>11.1f} ± {error.std():>4.1f}" for error in row)
    print(f"{share:<14.0%}{cells}")

# %%
# Without wrong targets the three are close. With five in a hundred, the error of the squared error
# has more than doubled: residuals of outliers are large, and squares of them dominate the mean.
# The other two bound the pull of each row. The absolute error bears the most wrong targets, while
# ``huber`` is the squared error where all are right, which makes it the safe choice where a few
# may be wrong.
#
# All these errors are one-sided, which is the worst case: opposite ones would cancel in part.

if plt is not None:
    colors = {"squared_error": "#D55E00", "absolute_error": "#0072B2", "huber": "#009E73"}
    markers = {"squared_error": "s", "absolute_error": "o", "huber": "^"}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
    for j, loss in enumerate(LOSSES):
        left.errorbar(
            SHARES,
            errors[:, j].mean(axis=1),
            errors[:, j].std(axis=1),
            color=colors[loss],
            marker=markers[loss],
            capsize=3,
            label=loss,
        )
    left.set_yscale("log")
    left.set_xticks(SHARES, [f"{share:.0%}" for share in SHARES])
    left.set_yticks([50, 100, 200, 400], ["50", "100", "200", "400"])
    left.minorticks_off()
    left.set_xlabel("share of wrong training targets")
    left.set_ylabel("held-out mean absolute error")
    left.set_title("Five splits, mean and standard deviation")
    left.legend()

    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    for loss in LOSSES:
        model = regressor(loss).fit(X_train, corrupted(y_train, 0.1, seed=0))
        right.scatter(
            y_test,
            model.predict(X_test),
            s=18,
            alpha=0.7,
            color=colors[loss],
            marker=markers[loss],
            linewidths=0,
            label=loss,
        )
    limits = [y.min(), y.max()]
    right.plot(limits, limits, color="black", linewidth=1, label="prediction = target")
    right.set_xlabel("held-out target")
    right.set_ylabel("prediction")
    right.set_title("One split with 10% wrong training targets")
    right.set_ylim(top=1.4 * right.get_ylim()[1])
    right.legend(loc="upper center", ncols=2)
    figure.suptitle("Diabetes: wrong targets mislead the squared error most")
    plt.show()
