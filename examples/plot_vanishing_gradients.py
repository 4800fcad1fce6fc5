"""
Vanishing gradients
===================

The slope of a sigmoid is one quarter at most, so that a gradient shrinks with each layer of them
that it passes on its way back. Eight layers do not train at all. What makes them train?
"""

import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier
from sknn_actloss.inspection import diagnose

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# All trainings get the same epochs, whether or not they have converged by then.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

# %%
# Eight hidden layers of 50 sigmoids for scikit-learn's digits, as they are and with one change.

SEEDS = range(3)
CHANGES = {
    "none": {},
    "batch normalisation": {"normalization": "batch"},
    "tanh": {"activation": "tanh"},
    "skip connections": {"skip_connections": True},
}
X, y = load_digits(return_X_y=True)


def train(change, seed):
    """Return a trained network, its held-out accuracy and its diagnosis."""
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=seed)
    scaler = StandardScaler().fit(X_train)
    X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
    model = MLPClassifier(
        (50,) * 8,
        activation="logistic",
        batch_size=50,
        max_iter=30,
        n_iter_no_change=np.inf,
        random_state=seed,
    )
    model.set_params(**CHANGES[change]).fit(X_train, y_train)
    return model, model.score(X_test, y_test), diagnose(model, X_train, y_train)


trained = {change: [train(change, seed) for seed in SEEDS] for change in CHANGES}

# %%
# Ten classes at random have an accuracy of 0.1 and a loss of log 10, which is 2.303. The gradient
# of the first layer is compared with that of the last, as means over three splits.

accuracies = {change: np.array([run[1] for run in runs]) for change, runs in trained.items()}
ratios = {
    change: [
        report.layers[0].gradient_norm / report.layers[-1].gradient_norm for *_, report in runs
    ]
    for change, runs in trained.items()
}
print(f"{'change':<22}{'accuracy':>16}{'training loss':>16}{'gradient, first / last':>25}")
for change, runs in trained.items():
    mean, std = accuracies[change].mean(), accuracies[change].std()
    loss = np.mean([model.loss_ for model, *_ in runs])
    ratio = np.exp(np.mean(np.log(ratios[change])))
    print(f"{change:<22}{mean:>8.3f} ± {std:.3f}{loss:>16.3f}{ratio:>25.1e}")

# %%
# Any of the changes will do. Batch normalisation keeps sigmoids where they are steep, tanh has a
# slope of one at zero, and skip connections lead gradients past the sigmoids. ``diagnose`` sees
# it in the gradients of the layers, and says what to change.

report = trained["none"][0][2]
print(f"\n{report}")

# %%
# The gradients after training: those of plain sigmoids lose a factor of five at least in every
# layer.

if plt is not None:
    colors = dict(zip(CHANGES, ["#D55E00", "#0072B2", "#009E73", "#CC79A7"], strict=True))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for change, runs in trained.items():
        style = {"color": colors[change], "label": change}
        left.plot(np.arange(1, 31), runs[0][0].loss_curve_, **style)
        norms = [layer.gradient_norm for layer in runs[0][2].layers]
        right.plot(range(len(norms)), norms, marker="o", **style)
    left.axhline(
        np.log(10), color="gray", linewidth=1, linestyle=":", label="log 10: ten at random"
    )
    left.set_xlabel("epoch")
    left.set_ylabel("training loss")
    left.set_title("Training loss")
    names = [layer.name for layer in report.layers]
    right.set_xticks(range(len(names)), names, rotation=45, ha="right")
    right.set_yscale("log")
    right.set_ylabel("norm of a row's gradient")
    right.set_title("Gradients by layer, after training")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    figure.suptitle("Eight layers of sigmoids train once gradients reach the first of them")
    plt.show()
