"""
Dead units
==========

A unit of ``relu`` that puts out zero for every row gets no gradient and stays as it is: it is
dead. One step that is too large is enough for that. How is it found, and what brings the network
back to life?
"""

import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
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
# Two hidden layers for scikit-learn's digits, at a learning rate of 0.1: a hundred times the
# default of "adam".

X, y = load_digits(return_X_y=True)
RATE = 0.1


def train(seed=0, **parameters):
    """Return a trained network, its held-out accuracy and its diagnosis."""
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=seed)
    mlp = MLPClassifier(
        (50, 50),
        learning_rate_init=RATE,
        batch_size=50,
        max_iter=30,
        n_iter_no_change=np.inf,
        random_state=seed,
    )
    model = make_pipeline(StandardScaler(), mlp.set_params(**parameters)).fit(X_train, y_train)
    return model, model.score(X_test, y_test), diagnose(model, X_train, y_train)


model, accuracy, report = train()
print(f"Held-out accuracy {accuracy:.3f}\n\n{report}")

# %%
# The report counts the dead units of each layer, and names what to change: a tenth of the rate,
# ``leaky_relu``, whose units let a little of negative inputs through, or batch normalisation,
# which centres the inputs of each unit. Each of them cures it.

CURES = {
    "relu, rate 0.1": {},
    "rate 0.01": {"learning_rate_init": RATE / 10},
    "leaky_relu": {"activation": "leaky_relu"},
    "batch normalisation": {"normalization": "batch"},
}
SEEDS = range(3)
cured = {cure: [train(seed, **change) for seed in SEEDS] for cure, change in CURES.items()}
accuracies = {cure: np.array([run[1] for run in runs]) for cure, runs in cured.items()}
dead = {
    cure: np.mean([[layer.dead for layer in run[2].layers[:-1]] for run in runs], axis=0)
    for cure, runs in cured.items()
}

print("\nMeans of three splits")
print(f"{'network':<22}{'accuracy':>16}{'dead in layer 1':>18}{'in layer 2':>12}")
for cure in CURES:
    mean, std = accuracies[cure].mean(), accuracies[cure].std()
    first, second = dead[cure]
    print(f"{cure:<22}{mean:>8.3f} ± {std:.3f}{first:>18.0%}{second:>12.0%}")

# %%
# Dead units take the ability to learn with them: at higher rates most of the second layer is
# gone, and the accuracy of ``relu`` falls with it, while that of ``leaky_relu`` does not.

RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
by_rate = {
    activation: [train(activation=activation, learning_rate_init=rate) for rate in RATES]
    for activation in ("relu", "leaky_relu")
}
print(f"\n{'learning rate':<15}{'relu':>8}{'dead in layer 2':>18}{'leaky_relu':>13}")
for rate, relu, leaky in zip(RATES, *by_rate.values(), strict=True):
    print(f"{rate:<15}{relu[1]:>8.3f}{relu[2].layers[1].dead:>18.0%}{leaky[1]:>13.3f}")

if plt is not None:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained")
    report.plot(left, panels="shares")
    left.set_title(f"relu at a rate of {RATE}")

    for activation, color in (("relu", "#D55E00"), ("leaky_relu", "#0072B2")):
        shares = [100 * run[2].layers[1].dead for run in by_rate[activation]]
        middle.plot(RATES, shares, marker="o", color=color, label=activation)
        scores = [run[1] for run in by_rate[activation]]
        right.plot(RATES, scores, marker="o", color=color, label=activation)
    middle.set_ylabel("dead units of the second layer (%)")
    middle.set_title("Dead units")
    right.set_ylabel("held-out accuracy")
    right.set_title("Accuracy")
    for ax in (middle, right):
        ax.set_xscale("log")
        ax.set_xlabel("learning rate")
        ax.legend()
    figure.suptitle("Digits: a rate that is too high kills units of relu")
    plt.show()
