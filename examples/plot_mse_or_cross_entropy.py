"""
Squared error or cross-entropy for sigmoid outputs
==================================================

A network of sigmoids can be trained to match zeros and ones by the squared error, or to find
their probabilities by cross-entropy. Which one learns faster?

With an output ``p = 1 / (1 + exp(-z))`` and a target ``y`` of 0 or 1, the derivatives by ``z`` are

- squared error: ``(p - y) p (1 - p)``, which vanishes where ``p`` is close to 0 or 1, even if it
  is the wrong one of them;
- cross-entropy: ``p - y``, which is largest where the output is wrong.

The digits of scikit-learn show what follows from that.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# %%
# Hidden units and outputs are sigmoids, one output for each class against the rest, trained by
# gradient descent with momentum. The two losses want different learning rates, so that each is
# tried at six of them. ``partial_fit`` runs one epoch at a time.

LOSSES = ["squared_error", "log_loss"]
RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
N_EPOCHS = 40
GOAL = 0.95

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)


def train(loss, rate):
    """Return training loss and held-out accuracy of each epoch."""
    mlp = MLPClassifier(
        (30,),
        activation="logistic",
        out_activation="logistic",
        loss=loss,
        solver="sgd",
        learning_rate_init=rate,
        batch_size=50,
        random_state=0,
    )
    accuracy = []
    for _ in range(N_EPOCHS):
        mlp.partial_fit(X_train, y_train, classes=np.arange(10))
        accuracy.append(mlp.score(X_test, y_test))
    return np.array(mlp.loss_curve_), np.array(accuracy)


def epochs_to_goal(accuracy):
    """Return the number of epochs until the goal is reached, infinity where it is not."""
    reached = np.flatnonzero(accuracy >= GOAL)
    return reached[0] + 1 if len(reached) else np.inf


curves = {(loss, rate): train(loss, rate) for loss in LOSSES for rate in RATES}

# %%
# Cross-entropy is the faster one at every rate, and at the best rate of each as well. It also
# works over a wider range: the squared error crawls at small rates, and at large ones its
# outputs saturate on the wrong side, where its gradient has all but vanished.

print(f"Epochs until {GOAL:.0%} of the held-out digits are right")
print(f"{'learning rate':<15}" + "".join(f"{loss:>16}" for loss in LOSSES))
for rate in RATES:
    epochs = [epochs_to_goal(curves[loss, rate][1]) for loss in LOSSES]
    cells = "".join(f"{n:>16.0f}" if n < np.inf else f"{f'over {N_EPOCHS}':>16}" for n in epochs)
    print(f"{rate:<15}{cells}")

best_rates = {
    loss: min(RATES, key=lambda rate: epochs_to_goal(curves[loss, rate][1])) for loss in LOSSES
}
for loss, rate in best_rates.items():
    n_epochs = epochs_to_goal(curves[loss, rate][1])
    print(f"{loss} at its best rate {rate}: {n_epochs:.0f} epochs")

# %%
# The squared error ends about as accurate. It has its place where labels are unreliable: a wrong
# output costs one half at most, while cross-entropy has no bound.

if plt is not None:
    colors = {"squared_error": "#D55E00", "log_loss": "#0072B2"}
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
    epochs = np.arange(1, N_EPOCHS + 1)
    for loss in LOSSES:
        for rate, style in ((0.03, "--"), (best_rates[loss], "-")):
            losses, accuracy = curves[loss, rate]
            label = f"{loss}, rate {rate}"
            left.plot(epochs, losses / losses[0], style, color=colors[loss], label=label)
            right.plot(epochs, accuracy, style, color=colors[loss], label=label)
    left.set_yscale("log")
    left.set_ylabel("training loss / that of the first epoch")
    left.set_title("Training loss")
    right.axhline(GOAL, color="gray", linewidth=1, linestyle=":", label=f"goal {GOAL:.0%}")
    right.set_ylabel("held-out accuracy")
    right.set_title("Accuracy")
    for ax in (left, right):
        ax.set_xlabel("epoch")
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    figure.suptitle("Digits, sigmoid outputs: cross-entropy takes fewer epochs")
    plt.show()
