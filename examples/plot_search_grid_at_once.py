"""
Search a grid at once
=====================

What does it save to train the candidates of a grid together? ``StackedGridSearchCV`` gives the
scores of scikit-learn's ``GridSearchCV``, but trains the networks of a fold as stacks. Here both
search activation, loss and learning rate for the handwritten digits of scikit-learn: 1797 images
of 8 x 8 pixels, ten classes. A third search makes a committee of the best candidates.
"""

import time
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier
from sknn_actloss.model_selection import StackedGridSearchCV

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# All candidates get the same 15 epochs, whether or not they have converged by then.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

# %%
# Any of scikit-learn's searches is replaced by its stacked sister: same parameters, same results.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
network = MLPClassifier((32,), batch_size=32, max_iter=15, random_state=0)
pipeline = Pipeline([("scale", StandardScaler()), ("mlp", network)])
grid = {
    "mlp__activation": ["relu", "leaky_relu", "tanh", "logistic"],
    "mlp__loss": ["log_loss", "focal", "squared_error"],
    "mlp__learning_rate_init": [0.0003, 0.001, 0.003, 0.01],
}


def timed(search):
    """Return a fitted search and the seconds that it took."""
    start = time.perf_counter()
    search.fit(X_train, y_train)
    return search, time.perf_counter() - start


one_by_one, seconds_one_by_one = timed(GridSearchCV(pipeline, grid, cv=3))
at_once, seconds_at_once = timed(StackedGridSearchCV(pipeline, grid, cv=3))
scores = at_once.cv_results_["mean_test_score"]
difference = np.abs(scores - one_by_one.cv_results_["mean_test_score"]).max()

print(f"{len(scores)} candidates, 3 folds")
print(f"one by one:  {seconds_one_by_one:5.1f} s")
print(f"at once:     {seconds_at_once:5.1f} s")
print(f"largest difference of mean scores: {difference:.1g}")
print(f"best parameters: {at_once.best_params_}, score {at_once.best_score_:.3f}")

# %%
# The predictions that the search has made of rows held out tell which candidates complement one
# another. A committee of them is as easily had as the best one: it averages their probabilities.

together = StackedGridSearchCV(pipeline, grid, cv=3, committee_size=8).fit(X_train, y_train)
committee = together.committee_

print(f"\nout-of-fold score of the committee: {committee.score:.3f}")
for params, weight in zip(committee.members, committee.weights, strict=True):
    print(f"{weight:.3f}  " + ", ".join(f"{name[5:]}={value}" for name, value in params.items()))
held_out = {
    "best candidate": at_once.score(X_test, y_test),
    "committee": together.score(X_test, y_test),
}
for name, score in held_out.items():
    print(f"held-out accuracy, {name}: {score:.3f}")

# %%
# The scores of all candidates, and what they took. Colours begin at the lowest tenth of the scores:
# a single bad candidate would make all others look alike.

if plt is not None:
    activations, losses, rates = grid.values()
    by_name = {
        (params["mlp__activation"], params["mlp__loss"], params["mlp__learning_rate_init"]): score
        for params, score in zip(at_once.cv_results_["params"], scores, strict=True)
    }
    low, high = np.quantile(scores, 0.1), scores.max()
    figure, axes = plt.subplots(
        1, 4, figsize=(14, 3.8), width_ratios=[1, 1, 1, 0.9], layout="constrained"
    )
    for ax, loss in zip(axes, losses, strict=False):
        table = np.array([[by_name[a, loss, rate] for rate in rates] for a in activations])
        image = ax.imshow(table, vmin=low, vmax=high, aspect="auto")
        for (i, j), score in np.ndenumerate(table):
            color = "white" if score < (low + high) / 2 else "black"
            ax.text(j, i, f"{score:.3f}", ha="center", va="center", color=color)
        ax.set_title(f"loss={loss!r}")
        ax.set_xticks(range(len(rates)), rates)
        ax.set_yticks(range(len(activations)), activations if ax is axes[0] else [])
        ax.set_xlabel("initial learning rate")
    figure.colorbar(image, ax=axes[2], extend="min", label="mean accuracy over three folds")
    bars = axes[3].bar(
        ["GridSearchCV", "Stacked-\nGridSearchCV"],
        [seconds_one_by_one, seconds_at_once],
        color=["tab:gray", "#0072B2"],
    )
    axes[3].bar_label(bars, fmt="%.1f s")
    axes[3].set_title("time of the search")
    axes[3].set_ylabel("seconds")
    axes[3].spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"Digits: held-out accuracy {held_out['best candidate']:.3f} of the best candidate, "
        f"{held_out['committee']:.3f} of the committee"
    )
    plt.show()
