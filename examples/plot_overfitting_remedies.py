"""
Remedies for overfitting
========================

A wide network, few rows, and a third of the labels drawn by lot: trained for long enough, it
learns the wrong labels by heart. What do dropout, a penalty on the weights and early stopping
save?
"""

import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_actloss import MLPClassifier
from sknn_actloss.inspection import diagnose

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# All trainings but those with early stopping get the same epochs.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

# %%
# 300 of scikit-learn's digits to learn from, with labels that are random for 30 % of them. The
# other 1497 keep their labels and show what the network has learnt. It has 300 hidden units.

SEEDS = range(5)
N_EPOCHS = 250
REMEDIES = {
    "none": {},
    "dropout": {"dropout": (0.2, 0.5)},
    "alpha": {"alpha": 1.0},
    "early stopping": {
        "early_stopping": True,
        "validation_fraction": 0.2,
        "monitor": "loss",
        "n_iter_no_change": 10,
    },
}
X, y = load_digits(return_X_y=True)
X = X / 16


def noisy_split(seed):
    """Return rows to learn from, with noisy labels, and the others, with correct ones."""
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=300, stratify=y, random_state=seed
    )
    rng = np.random.default_rng(seed)
    noise = rng.integers(10, size=len(y_train))
    y_train = np.where(rng.random(len(y_train)) < 0.3, noise, y_train)
    return X_train, X_test, y_train, y_test


def classifier(remedy, seed):
    """Make a wide network, which trains for all epochs unless it stops early."""
    model = MLPClassifier(
        (300,), batch_size=50, max_iter=N_EPOCHS, n_iter_no_change=np.inf, random_state=seed
    )
    return model.set_params(**REMEDIES[remedy])


# %%
# Accuracy on the rows that the network has learnt from, wrong labels among them, and on held-out
# rows, averaged over five splits.

learnt = {remedy: np.empty(len(SEEDS)) for remedy in REMEDIES}
held_out = {remedy: np.empty(len(SEEDS)) for remedy in REMEDIES}
for seed in SEEDS:
    X_train, X_test, y_train, y_test = noisy_split(seed)
    for remedy in REMEDIES:
        model = classifier(remedy, seed).fit(X_train, y_train)
        learnt[remedy][seed] = model.score(X_train, y_train)
        held_out[remedy][seed] = model.score(X_test, y_test)

print("Accuracy (mean ± standard deviation of 5 splits)")
print(f"{'remedy':<16}{'training rows':>15}{'held-out rows':>18}")
for remedy in REMEDIES:
    mean, std = held_out[remedy].mean(), held_out[remedy].std()
    print(f"{remedy:<16}{learnt[remedy].mean():>15.3f}{mean:>10.3f} ± {std:.3f}")

# %%
# Without a remedy the network agrees with nearly all labels that it has seen, which means that it
# has learnt the wrong ones as well. Each remedy alone brings back most of what that has cost.
# ``diagnose`` finds the trouble from held-out rows, and names the remedies.

X_train, X_test, y_train, y_test = noisy_split(0)
report = diagnose(classifier("none", 0).fit(X_train, y_train), X_test, y_test)
for finding in report.findings:
    print(f"\n{finding.kind}: {finding.message}\n-> {finding.advice}")

# %%
# The curves of one split; ``X_val`` and ``y_val`` only watch here, as early stopping is off. The
# accuracy on held-out rows rises, and falls again once wrong labels are learnt. With dropout or
# the penalty it stays up; early stopping keeps the network of the epoch that was best on 60 of the
# noisy rows.

if plt is not None:
    colors = {"none": "#D55E00", "dropout": "#0072B2", "alpha": "#009E73"}
    colors["early stopping"] = "#CC79A7"
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    epochs = np.arange(1, N_EPOCHS + 1)
    for remedy in ("none", "dropout", "alpha"):
        model = classifier(remedy, 0).fit(X_train, y_train, X_val=X_test, y_val=y_test)
        left.plot(epochs, model.validation_scores_, color=colors[remedy], label=remedy)
    model = classifier("early stopping", 0).fit(X_train, y_train)
    stop = np.argmin(model.validation_loss_curve_) + 1
    color = colors["early stopping"]
    left.axvline(stop, color=color, linestyle="--", label="early stopping: best epoch")
    left.set_xlabel("epoch")
    left.set_ylabel("held-out accuracy")
    left.set_title("One split")
    left.legend()

    for place, remedy in enumerate(REMEDIES):
        shift = np.linspace(-0.15, 0.15, len(SEEDS))
        right.scatter(place + shift, held_out[remedy], color=colors[remedy], zorder=2)
        right.hlines(held_out[remedy].mean(), place - 0.3, place + 0.3, color=colors[remedy])
    right.set_xticks(range(len(REMEDIES)), REMEDIES)
    right.set_xlabel("remedy")
    right.set_ylabel("held-out accuracy")
    right.set_title("Five splits and their means")
    right.grid(axis="y", alpha=0.3)
    figure.suptitle("Digits with 30 % random labels: each remedy saves ten points of accuracy")
    plt.show()
