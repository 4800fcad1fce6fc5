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
    on all rows at once in float64 and takes no validation rows, ``weight_decay`` or
    learning-rate schedule.
alpha : float, default=0.0001
    Strength of the L2 penalty on the weights, divided by the number of rows.
batch_size : int or "auto", default="auto"
    Rows of a minibatch; "auto" is ``min(200, n_samples)``.
learning_rate : str, Schedule, callable or float, default="constant"
    How the learning rate goes on from ``learning_rate_init``: one of {_names(list(SCHEDULES))},
    an instance such as ``Cosine(warmup=5)``, a function ``step -> factor``, or a number, which
    is a constant rate in place of ``learning_rate_init``. Every stochastic solver follows it.
    Where one falls over the whole of ``max_iter`` epochs, such as "linear" or "cosine", their
    end is no reason for a warning.
learning_rate_init : float or "auto", default=0.001
    Initial learning rate; for "one_cycle" and "cosine_cycles" the highest. "auto" finds it by a
    range test in front of the training: some 100 steps at a rising rate on the training rows,
    from the initial weights, which are given back afterwards. A warm start and ``partial_fit``
    keep the rate of the fit that they go on from, unless the solver is another one.
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
    Whether to tell of the training: loss, validation loss and validation score. 1 draws a
    progress bar in a terminal or notebook, where rich is installed (the extra "progress"), and
    prints lines for each epoch elsewhere; 2 prints lines everywhere.
warm_start : bool, default=False
    Whether ``fit`` goes on from the weights of the previous fit.
momentum : float, default=0.9
    Momentum of "sgd" given by name.
nesterovs_momentum : bool, default=True
    Whether "sgd" given by name uses Nesterov's momentum.
early_stopping : bool or "auto", default=False
    Whether to set rows aside, stop when what is monitored on them does not improve, and keep
    the weights of the best epoch. "auto" does so above 10 000 rows or where ``fit`` is given
    ``X_val``, but not with "lbfgs" and not in ``partial_fit``, nor, with a warning, where no rows
    can be set aside: where a class has a single row, say.
validation_fraction : float, int, splitter or iterable of pairs, default=0.1
    Share in [0, 1) or number of the rows set aside for early stopping, an iterable of pairs of
    training and validation rows, as indices or masks, or an object with a method ``split``. The
    first pair or split is used: ``GroupKFold(5)``, which takes the ``groups`` given to ``fit``,
    ``TimeSeriesSplit(5)`` and the like. It sees X and y as they are given to ``fit``. One whose
    ``random_state`` is ``None`` draws from that of the estimator. With
    ``Committee(resample="folds")`` each network has a split of its own.
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
dropout : float, sequence of float or FallingDropout, default=0.0
    Share in [0, 1) of the outputs of hidden units that each step sets to zero, scaled up in
    return (inverted dropout); predictions use all units. One for all hidden layers, one for
    each, or one more in front for the inputs. The rate of ``FallingDropout(0.15)`` falls to
    zero from the middle of ``max_iter`` epochs to their end.
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
feature_scale : bool or FeatureScale, default=False
    Whether each input feature has a learned factor in front of the first layer, which starts at
    one and takes no part in penalties and weight decay, or an instance such as
    ``FeatureScale(rate_factor=2.0)``: the factors learn faster than the weights, six times by
    default.
weight_averaging : {{"ema", "swa"}}, Averaging or None, default=None
    Whether predictions use averaged weights: with exponentially fading shares of all steps
    ("ema") or the mean over the last epochs ("swa"), or an instance such as ``EMA(decay=0.999)``.
n_members : int or Committee, default=1
    Networks to train from different initial weights, as one stack: a committee, whose
    probabilities or predictions are averaged. With ``Committee(8, resample="folds")`` or
    "bootstrap" each of them leaves out rows, keeps the weights of its best epoch there (by the
    loss, unless ``monitor`` names a scorer) and predicts them for ``oof_prediction_``. A splitter
    as ``validation_fraction`` gives the folds. ``partial_fit`` and ``warm_start`` refuse it, as
    they cannot know what networks have learnt from.
monitor : str, callable or Monitor, default="score"
    What validation rows are judged by: "score" (accuracy or R^2), "loss" (the loss without
    penalties, lower is better), or the name of a scorer or a callable
    ``scorer(estimator, X, y)`` as in scikit-learn's ``scoring``. A scorer is called after each
    epoch with the network as it stands and the rows as they were given to ``fit``; sample
    weights go to scorers that take them. ``Monitor("accuracy", training=True)`` records it for
    the training rows as well, also where there are no validation rows: see ``score_curve_``.
restore_best : bool or "auto", default="auto"
    Whether ``fit`` keeps the weights of the best epoch instead of the last ones: by what is
    monitored on validation rows, or by the training loss where there are none: of the weights
    before and after the epoch of the lowest loss, the last and the initial ones, those whose own
    loss is the lowest, which is ``best_loss_`` then. "auto" does so with early stopping.
max_time : float, default=None
    Seconds after which training stops, at the end of an epoch; the first one is always done.
checkpoint : Checkpoint or None, default=None
    Where and how often to save a training, such as ``Checkpoint("runs", every_epochs=10)``: after
    a crash or Ctrl-C the next ``fit`` with the same parameters and data goes on from there, to
    the very numbers of a fit that ran through. Not for "lbfgs" and ``partial_fit``.""",
    "attributes": """\
coefs_ : list of ndarray of shape (n_in, n_out) or (n_members, n_in, n_out)
    Weights of each layer, with the axis of members for a committee only; so for other arrays.
intercepts_ : list of ndarray of shape (n_out,)
    Biases of each layer.
members_ : list of MLPClassifier or MLPRegressor
    The fitted networks of a committee, one by one. Numbers and curves of the committee are means
    over them, where one that has ended counts with its last value.
feature_scale_ : ndarray of shape (``n_features_in_``,) or (n_members, ``n_features_in_``)
    Learned factors of the input features, with ``feature_scale``; ``coefs_[0]`` is what scaled
    features are multiplied by.
oof_prediction_ : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_targets)
    What the networks of a committee predict for the rows that they have left out: targets,
    probabilities, or decision values of losses without probabilities; NaN for rows that all have
    learnt from. Only with ``Committee(resample=...)``, as the next two.
oof_score_ : float
    Score of these predictions, R^2 or accuracy: slightly too good for single networks, since the
    epoch of each was chosen by the same rows, and too bad for their mean, which predicts new rows.
temperature_ : float
    What raw outputs are divided by, with ``Committee(calibrate="temperature")``; the weights and
    biases of the last layer hold it already.
normalization_scales_, normalization_offsets_ : list of ndarray of shape (n_units,)
    Scales and offsets of each hidden layer, with ``normalization``.
running_means_, running_variances_ : list of ndarray of shape (n_units,)
    Moments of each hidden layer that predictions use, with batch normalisation.
loss_ : float
    Loss of the last epoch.
best_loss_ : float or None
    Lowest loss of an epoch, ``None`` with early stopping. Where weights are kept for their loss,
    after a divergence or with ``restore_best``, it is theirs.
loss_curve_ : list of float
    Loss of each epoch (iteration for "lbfgs").
learning_rate_curve_ : list of float
    Last learning rate of each epoch; not with "lbfgs".
validation_loss_curve_ : list of float or None
    Loss on the validation rows after each epoch, without penalties; ``None`` without such rows.
score_curve_ : list of float
    What ``monitor=Monitor(metric, training=True)`` gives for the rows that were learnt from after
    each epoch, higher is better; only with it. It decides nothing.
learning_rate_init_ : float
    Initial learning rate, found or given; not with "lbfgs".
validation_scores_ : list of float or None
    What ``monitor`` gives for the validation rows after each epoch, higher is better: for "loss"
    the negative loss. ``None`` without such rows.
best_validation_score_ : float or None
    The best of these.
n_iter_ : int
    Epochs of the last fit.
t_ : int
    Rows that training has gone through.
n_layers_ : int
    Number of layers, input and output counted.
n_outputs_ : int
    Number of outputs of the network: some losses have several for each target.
out_activation_ : str
    Name of the output activation.
n_features_in_ : int
    Number of features.
feature_names_in_ : ndarray of shape (``n_features_in_``,)
    Names of the features, where X had string names.""",
}

documented = filled(_SECTIONS)
