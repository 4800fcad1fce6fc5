"""
Find a learning rate, and let it fall
=====================================

How high should the learning rate be, and should it stay there? A range test answers the first
question in a hundred steps: the rate rises from step to step, and a good one is where the loss
falls fastest. The second one takes three trainings from the rate that was found: constant, along
a cosine, and up and down in one cycle.
"""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.datasets import make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sknn_actloss import MLPRegressor
from sknn_actloss.inspection import LearningRateDisplay, find_learning_rate

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

# All trainings get the same 20 epochs, whether or not they have converged by then.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

# %%
# Friedman's function of five features out of ten, with noise of a variance of 1, which is 4 % of
# that of the targets. A quarter of the rows is set aside for validation; patience is infinite, so
# that all curves are of one length.

X, y = make_friedman1(3000, noise=1.0, random_state=0)
X, y = scale(X), scale(y)
model = MLPRegressor(
    (50,),
    batch_size=32,
    max_iter=20,
    early_stopping=True,
    validation_fraction=0.25,
    n_iter_no_change=np.inf,
    random_state=0,
)
test = find_learning_rate(model, X, y)
print(test)

# %%
# Is it a good one? Trainings at lower and at higher rates, the default of 0.001 among them.

found = test.suggestion
rates = [0.0001, 0.001, found, 0.1, 1.0]
trained = [clone(model).set_params(learning_rate_init=rate).fit(X, y) for rate in rates]
final_scores = [fit.validation_scores_[-1] for fit in trained]

print("\nconstant rate  training loss  validation R²")
for rate, fit, score in zip(rates, trained, final_scores, strict=True):
    print(f"{rate:<13.2g}  {fit.loss_:<13.3f}  {score:.3f}" + "  found" * (rate == found))

# %%
# With ``learning_rate_init="auto"`` each fit finds its rate itself, here with five seeds. Steps
# at a constant rate keep jumping around the minimum. A rate that falls settles in it, along a
# cosine or in one cycle, which takes the first third of its way to rise.

SCHEDULES = {"constant": "#D55E00", "cosine": "#0072B2", "one_cycle": "#009E73"}
SEEDS = range(5)
losses, scores = {}, {}
for schedule in SCHEDULES:
    model.set_params(learning_rate=schedule, learning_rate_init="auto")
    fits = [clone(model).set_params(random_state=seed).fit(X, y) for seed in SEEDS]
    losses[schedule] = np.array([fit.loss_curve_ for fit in fits])
    scores[schedule] = np.array([fit.validation_scores_ for fit in fits])

found_rates = ", ".join(f"{fit.learning_rate_init_:.2g}" for fit in fits)
print(f"\nRates found with {len(SEEDS)} seeds: {found_rates}")
print("schedule       training loss  validation R² (mean ± standard deviation of the seeds)")
for schedule in SCHEDULES:
    loss, score = losses[schedule][:, -1], scores[schedule][:, -1]
    print(f"{schedule:<13}  {loss.mean():<13.4f}  {score.mean():.4f} ± {score.std():.4f}")

# %%
# The range test on the left: the smoothed loss falls fastest well below the rates at which it
# explodes. Beside it the five trainings under each schedule, their mean and standard deviation.
# The constant rate is ahead of one cycle for half of the way, and behind both in the end.

if plt is not None:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained")
    LearningRateDisplay(test).plot(left)
    left.set_title("Range test")
    epochs = np.arange(1, model.max_iter + 1)
    for schedule, color in SCHEDULES.items():
        for ax, curves in ((middle, losses[schedule]), (right, 1 - scores[schedule])):
            mean, spread = curves.mean(axis=0), curves.std(axis=0)
            ax.plot(epochs, mean, color=color, label=schedule)
            ax.fill_between(epochs, mean - spread, mean + spread, color=color, alpha=0.15)
    middle.set(title="Training", ylabel="loss", ylim=(0.015, 0.15))
    right.set(title="Validation", ylabel="1 - R²", ylim=(0.04, 0.3))
    for ax in (middle, right):
        ax.set_yscale("log")
        ax.set_xlabel("epoch")
        ax.set_xticks(epochs[3::4])
        ax.legend()
    middle.set_yticks([0.02, 0.05, 0.1], ["0.02", "0.05", "0.1"])
    right.set_yticks([0.05, 0.1, 0.2], ["0.05", "0.1", "0.2"])
    for ax in (middle, right):
        ax.minorticks_off()
    figure.suptitle("A rate from a range test, and what becomes of it under three schedules")
    plt.show()
