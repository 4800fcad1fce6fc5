"""
Tune activation, loss and learning rate
=======================================

Which activation, which loss, which learning rate? They depend on each other, so that a grid
search tries them together, here for the handwritten digits of scikit-learn: 1797 images of 8 x 8
pixels, ten classes. The network is one step of a pipeline, and its components are parameters
like any other.
"""

import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# All candidates get the same 20 epochs, whether or not they have converged by then.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

# %%
# The scaler belongs into the pipeline: a network needs inputs of similar scale, and each fold of
# the cross-validation must scale by its own training rows.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("mlp", MLPClassifier((50,), max_iter=20, random_state=0)),
    ]
)
grid = {
    "mlp__activation": ["relu", "leaky_relu", "tanh", "logistic"],
    "mlp__loss": ["log_loss", "squared_error", "categorical_hinge"],
    "mlp__learning_rate_init": [0.001, 0.01, 0.1],
    "mlp__learning_rate": ["constant", "linear"],
}
search = GridSearchCV(pipeline, grid, cv=3, n_jobs=-1).fit(X_train, y_train)

# %%
# The candidates by their mean accuracy over the folds.

results = search.cv_results_
scores, spread = results["mean_test_score"], results["std_test_score"]
columns = {name: [params[name] for params in results["params"]] for name in grid}
order = np.argsort(-scores, kind="stable")

print(f"{'rank':>4}  {'accuracy':<13}  " + "  ".join(f"{name[5:]:<18}" for name in grid))
for place, candidate in enumerate(order, start=1):
    if place <= 10 or place > len(order) - 3:
        values = "  ".join(f"{columns[name][candidate]!s:<18}" for name in grid)
        print(f"{place:>4}  {scores[candidate]:.3f} ± {spread[candidate]:.3f}  {values}")
    elif place == 11:
        print("   …")

# %%
# How much does each choice matter? For each value: the best and the mean accuracy of the
# candidates that have it. The learning rate matters most. At the right rate the best of each
# activation and of each loss differ by less than a hundredth; at a wrong one the loss decides
# how much it costs, and the squared error suffers more than the others.

print(f"\n{'':<38}  best   mean")
for name, values in grid.items():
    for value in values:
        chosen = scores[[entry == value for entry in columns[name]]]
        print(f"{name[5:]:<18}  {value!s:<18}  {chosen.max():.3f}  {chosen.mean():.3f}")

# %%
# The rows that the search has not seen confirm the choice. The defaults, trained for as long, are
# behind: their rate of 0.001 wants more epochs.

defaults = pipeline.fit(X_train, y_train)
print(f"\nbest parameters:  {search.best_params_}")
print(f"held-out accuracy of the best:      {search.score(X_test, y_test):.3f}")
print(f"held-out accuracy of the defaults:  {defaults.score(X_test, y_test):.3f}")

# %%
# All candidates in one picture, whose colours begin at the lowest tenth of the scores. The column
# in the middle of each panel is bright throughout: a rate of 0.01 suits every activation and loss.

if plt is not None:
    rates = grid["mlp__learning_rate_init"]
    low, high = np.quantile(scores, 0.1), scores.max()
    figure, axes = plt.subplots(
        2, 3, figsize=(11, 6.5), sharex=True, sharey=True, layout="constrained"
    )
    for row, schedule in enumerate(grid["mlp__learning_rate"]):
        for column, loss in enumerate(grid["mlp__loss"]):
            table = np.array(
                [
                    [
                        scores[results["params"].index(dict(zip(grid, choice, strict=True)))]
                        for choice in ((activation, loss, rate, schedule) for rate in rates)
                    ]
                    for activation in grid["mlp__activation"]
                ]
            )
            ax = axes[row, column]
            image = ax.imshow(table, vmin=low, vmax=high, aspect="auto", cmap="viridis")
            for (i, j), score in np.ndenumerate(table):
                color = "white" if score < (low + high) / 2 else "black"
                ax.text(j, i, f"{score:.3f}", ha="center", va="center", color=color)
            ax.set_title(f"{loss}, {schedule}")
            ax.set_xticks(range(len(rates)), rates)
            ax.set_yticks(range(len(table)), grid["mlp__activation"])
    for ax in axes[1]:
        ax.set_xlabel("initial learning rate")
    figure.colorbar(image, ax=axes, extend="min", label="mean accuracy over three folds")
    figure.suptitle("Digits: the learning rate matters more than activation and loss")
    plt.show()
