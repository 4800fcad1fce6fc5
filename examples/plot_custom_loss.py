"""
A loss and an activation of your own
====================================

Suppose that an estimate which is too low costs four times as much as one which is too high: too
little stock, too little time, too weak a dose. A network that is trained on these costs should
beat one that is trained on the squared error and judged by the costs. Both the loss and one of
the activations are written here, and a grid search compares them with built-in ones.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPRegressor
from sknn_actloss.losses import FunctionLoss, Loss

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# %%
# A plain function is enough for a loss: of targets and predictions, element by element. Its
# derivative is found by complex step and checked before training, or given as ``gradient=``.


def cost(y, p):
    """Squared error that counts four times where the prediction is too low."""
    return np.where(y > p, 4.0, 1.0) * (y - p) ** 2


# %%
# A loss with a hyperparameter to tune is a subclass of ``Loss``: a dataclass with a value for
# each row, and the derivative with respect to the raw output, which is the prediction here.


@dataclass(repr=False)
class Asymmetric(Loss):
    """Squared error with a weight for predictions that are too low."""

    weight: float = 2.0

    def value(self, y, raw):
        """Return the loss of each row, summed over outputs."""
        return np.sum(self._weights(y, raw) * (y - raw) ** 2, axis=-1)

    def gradient(self, y, raw, out):
        """Write the derivative with respect to ``raw`` to ``out``."""
        np.multiply(2 * self._weights(y, raw), raw - y, out=out)

    def _weights(self, y, raw):
        return np.where(y > raw, self.weight, 1.0).astype(raw.dtype)


# %%
# An activation is a plain function as well.


def shifted_softplus(z):
    """Softplus that is zero at zero."""
    return np.log1p(np.exp(z)) - np.log(2)


# %%
# The grid has two parts: losses without anything to tune, and ``Asymmetric`` with its weight,
# which the search reaches as ``loss__weight``. All candidates are judged by the cost.

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)

mlp = MLPRegressor((10,), solver="lbfgs", alpha=10, max_iter=2000, random_state=0)
pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("model", TransformedTargetRegressor(mlp, transformer=StandardScaler())),
    ]
)
activations = ["relu", "tanh", shifted_softplus]
grid = [
    {
        "model__regressor__activation": activations,
        "model__regressor__loss": ["squared_error", "absolute_error", FunctionLoss(cost)],
    },
    {
        "model__regressor__activation": activations,
        "model__regressor__loss": [Asymmetric()],
        "model__regressor__loss__weight": [2.0, 4.0, 8.0],
    },
]


def mean_cost(y, p):
    """Average the cost over rows."""
    return np.mean(cost(y, p))


scoring = make_scorer(mean_cost, greater_is_better=False)
search = GridSearchCV(pipeline, grid, scoring=scoring, n_jobs=-1).fit(X_train, y_train)

# %%
# Candidates by their mean cost over the folds. Losses near the true cost come first, and the
# search finds the weight 4 by itself. ``Asymmetric`` with this weight and ``FunctionLoss(cost)``
# are the same loss, one with a derivative by hand, the other by complex step.


def describe(params):
    """Return names of activation and loss."""
    activation = params["model__regressor__activation"]
    loss = params["model__regressor__loss"]
    weight = params.get("model__regressor__loss__weight")
    if weight is not None:
        loss = Asymmetric(weight)
    return getattr(activation, "__name__", activation), str(loss)


names = [describe(params) for params in search.cv_results_["params"]]
costs = -search.cv_results_["mean_test_score"]
print(f"{'cost':>6}  {'activation':<18}loss")
for candidate in np.argsort(costs, kind="stable"):
    activation, loss = names[candidate]
    print(f"{costs[candidate]:>6.0f}  {activation:<18}{loss}")

# %%
# On the held-out rows, with the same activation for both: the network that knows the cost stays
# on the safe side more often.

usual = clone(pipeline).set_params(
    model__regressor__activation=search.best_params_["model__regressor__activation"],
    model__regressor__loss="squared_error",
)
usual.fit(X_train, y_train)
predictions = {"best of the search": search.predict(X_test), "squared_error": usual.predict(X_test)}
print()
for name, predicted in predictions.items():
    too_low = np.mean(predicted < y_test)
    print(f"{name}: cost {mean_cost(y_test, predicted):.0f}, too low in {too_low:.0%} of rows")

# %%

if plt is not None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    losses = list(dict.fromkeys(loss.replace(", gradient=None", "") for _, loss in names))
    markers = {"relu": "s", "tanh": "o", "shifted_softplus": "^"}
    for activation, marker in markers.items():
        mine = [index for index, name in enumerate(names) if name[0] == activation]
        rows = [losses.index(names[index][1].replace(", gradient=None", "")) for index in mine]
        left.plot(costs[mine], rows, marker, alpha=0.8, label=activation)
    left.set_yticks(range(len(losses)), losses)
    left.invert_yaxis()
    left.grid(axis="y", alpha=0.4)
    left.set_xlabel("mean cost over five folds")
    left.set_title("Candidates")
    left.legend(title="activation")

    bins = np.arange(-240, 241, 40)
    for (name, predicted), color in zip(predictions.items(), ("#0072B2", "#D55E00"), strict=True):
        errors = predicted - y_test
        right.hist(errors, bins, histtype="step", linewidth=2, color=color, label=name)
    right.axvline(0, color="black", linewidth=1)
    right.set_xlabel("prediction − target (too low on the left)")
    right.set_ylabel("held-out rows")
    right.set_title("Held-out errors")
    right.legend()
    figure.suptitle("Diabetes: training on the cost pays where it is counted")
    plt.show()
