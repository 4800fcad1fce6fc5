"""Parameter and attribute texts that classifier and regressor share."""

from __future__ import annotations

from sknn_actloss._docs import filled
from sknn_actloss.activations import HIDDEN_ACTIVATIONS
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS


def _names(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


_SECTIONS = {
    "architecture": f"""\
hidden_layer_sizes : int or array-like of int, default=(100,)
    Units of each hidden layer; ``()`` is the linear model.
activation : str, Activation, callable or sequence of these, default="relu"
    Activation of the hidden layers, or one for each. One of {_names(list(HIDDEN_ACTIVATIONS))},
    an instance such as ``LeakyReLU(0.1)``, or a plain elementwise function, whose derivative is
    found by complex step and checked before training.
out_activation : str, Activation or callable, default="auto"
    Activation of the output layer; "auto" is the one that goes with the loss. Its range has to
    lie within the domain of the loss.""",
    "regression_losses": _names(list(LOSSES["regression"])),
    "classification_losses": _names(list(LOSSES["classification"])),
    "training": f"""\
solver : str or Solver, default="adam"
    One of {_names(list(SOLVERS))}, or an instance such as ``Adam(beta_2=0.95)``. "lbfgs" works
    on all rows at once in float64 and takes no ``early_stopping``, ``weight_decay`` or
    learning-rate schedule.
alpha : float, default=0.0001
    Strength of the L2 penalty on the weights, divided by the number of rows.
batch_size : int or "auto", default="auto"
    Rows of a minibatch; "auto" is ``min(200, n_samples)``.
learning_rate : str, Schedule, callable or float, default="constant"
    How the learning rate goes on from ``learning_rate_init``: one of {_names(list(SCHEDULES))},
    an instance such as ``Cosine(warmup=5)``, a function ``step -> factor``, or a number, which
    is a constant rate in place of ``learning_rate_init``. Every stochastic solver follows it.
learning_rate_init : float, default=0.001
    Initial learning rate; for "one_cycle" the highest.
power_t : float, default=0.5
    Exponent of the schedule "invscaling" given by name.
max_iter : int, default=200
    Epochs at most (iterations for "lbfgs"), and the horizon of schedules that have one.
shuffle : bool, default=True
    Whether each epoch takes the rows in a new order.
random_state : int, RandomState instance or None, default=None
    Source of initial weights, of the validation split and of the order of rows.
tol : float, default=1e-4
    Improvement of loss or validation score below which an epoch counts as without change.
verbose : bool or int, default=False
    Whether to print loss and validation score of each epoch.
warm_start : bool, default=False
    Whether ``fit`` goes on from the weights of the previous fit.
momentum : float, default=0.9
    Momentum of "sgd" given by name.
nesterovs_momentum : bool, default=True
    Whether "sgd" given by name uses Nesterov's momentum.
early_stopping : bool, default=False
    Whether to set rows aside, stop when the score on them does not improve, and keep the
    weights of the best epoch.
validation_fraction : float, default=0.1
    Share of the rows set aside for early stopping.
beta_1, beta_2 : float, default=0.9, 0.999
    Decay rates of the moments of "adam" and its relatives given by name.
epsilon : float, default=1e-8
    What keeps "adam" and its relatives given by name from dividing by zero.
n_iter_no_change : int or inf, default=10
    Epochs without improvement after which training stops, or "adaptive" lowers the rate.
max_fun : int, default=15000
    Evaluations of the loss at most, for "lbfgs" given by name.
weight_init : str or Initializer, default="sklearn"
    Initial weights: one of {_names(list(INITIALIZERS))}, or an instance.
weight_decay : float, default=None
    Decoupled weight decay: every step multiplies the weights, never the biases, by
    ``1 - rate * weight_decay``. ``None`` leaves it to the solver ("adamw" has its own).
dtype : {{"auto", "float32", "float64"}}, default="auto"
    Data type of the computation; "auto" keeps float32 input and takes float64 otherwise.
dropout : float or sequence of float, default=0.0
    Share in [0, 1) of the outputs of hidden units that each step sets to zero, scaled up in
    return (inverted dropout); predictions use all units. One for all hidden layers, one for
    each, or one more in front for the inputs.
l1 : float, default=0.0
    Strength of the L1 penalty on the weights, divided by the number of rows as ``alpha`` is.
max_norm : float, default=None
    Largest Euclidean norm of the incoming weights of each unit, enforced after each step.
gradient_clip : float, default=None
    Largest Euclidean norm of the gradient of all parameters; a longer one is scaled down.
normalization : {{"batch", "layer"}}, Normalization or None, default=None
    Normalisation in front of the hidden activations, or an instance such as
    ``BatchNorm(momentum=0.05)``.
skip_connections : bool, default=False
    Whether each hidden layer that is as wide as the one before adds that layer's output to its
    own, so that deep networks train.
weight_averaging : {{"ema", "swa"}}, Averaging or None, default=None
    Whether predictions use averaged weights: with exponentially fading shares of all steps
    ("ema") or the mean over the last epochs ("swa"), or an instance such as ``EMA(decay=0.999)``.
n_members : int, default=1
    Networks to train from different initial weights, as one stack; predictions are averaged.
monitor : str or callable, default="score"
    What validation rows are judged by: "score" (accuracy or R^2), "loss" (the loss), or the name
    of a scorer or a scorer as in scikit-learn's ``scoring``.
restore_best : bool or "auto", default="auto"
    Whether to keep the weights of the best epoch, by validation rows or else by the training
    loss, instead of the last ones. "auto" does so with early stopping.
max_time : float, default=None
    Seconds after which training stops, at the end of an epoch.
checkpoint : Checkpoint or None, default=None
    Where and how often to save a training, such as ``Checkpoint("runs", every_epochs=10)``: after
    a crash or Ctrl-C the next ``fit`` with the same parameters and data goes on from there, to
    the very numbers of a fit that ran through. Not for "lbfgs" and ``partial_fit``.""",
    "attributes": """\
coefs_ : list of ndarray of shape (n_in, n_out)
    Weights of each layer.
intercepts_ : list of ndarray of shape (n_out,)
    Biases of each layer.
loss_ : float
    Loss of the last epoch.
best_loss_ : float or None
    Lowest loss of an epoch, ``None`` with early stopping.
loss_curve_ : list of float
    Loss of each epoch (iteration for "lbfgs").
learning_rate_curve_ : list of float
    Last learning rate of each epoch; not with "lbfgs".
validation_scores_ : list of float or None
    Accuracy or R^2 on the rows set aside, with early stopping.
best_validation_score_ : float or None
    The best of these.
n_iter_ : int
    Epochs of the last fit.
t_ : int
    Rows that training has gone through.
n_layers_ : int
    Number of layers, input and output counted.
n_outputs_ : int
    Number of outputs.
out_activation_ : str
    Name of the output activation.
n_features_in_ : int
    Number of features.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features, where X had string names.""",
}

documented = filled(_SECTIONS)
