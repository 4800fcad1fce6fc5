"""Texts that the classifier and the regressor for tables share."""

from __future__ import annotations

from sknn_actloss._docs import filled

_SECTIONS = {
    "what": """\
A :class:`TableEncoder` turns numbers, categories, dates and gaps into inputs of a committee of
networks. Both are parameters, of which a grid reaches the parameters also where they are
``None``: ``network__activation``, ``network__loss``, ``network__learning_rate``,
``encoder__numbers__n_bins``.

Where neither is given, two encodings race: numbers with piecewise-linear bins and without. A
committee of each trains for the first cycle of its learning rate, and the one with the lower
loss of rows left out goes on from the start (``encoding_``). Bins gain where targets jump with
numbers, and cost where they are smooth functions of them. As soon as a parameter of one of them is
set, also by a search, there is no race: numbers have bins unless
``encoder__numbers__n_bins=1``.""",
    "network": """\
``max_iter="auto"`` is as many epochs as make 2 000 steps, between 64 and 400;
``n_iter_no_change="auto"`` is three sevenths of them; ``batch_size="auto"`` is 256 or all rows;
``dtype="auto"`` is float64 for less than 500 rows; ``monitor="auto"`` is "loss" where rows are
left out. A committee has no more folds than there are rows (of the largest class).""",
    "parameters": """\
random_state : int, RandomState instance or None, default=None
    Goes on to encoder and network where they have none of their own.
max_time : float or None, default=None
    Seconds after which the training of the network ends, in place of the network's.
verbose : bool or int, default=False
    Whether to tell of the training, in place of the network's: 1 draws a progress bar where
    there is a terminal or notebook, 2 prints each epoch.
repeats : {"apart", "joined", "given"}, default="apart"
    What is done with rows that are the same in all columns, target and group. "apart": each
    remains a row, and a row of weight 2 is two of them, where weights are whole and at most 4,
    after their common factor is taken out. Rows to come are taken to repeat those that were
    learned from as these repeat each other, so that a row may be judged by a copy.
    "joined": they become one of the sum of their weights, so that no row is judged by a copy
    that was learned from; take it where weights say how much rows matter, and not how often they
    occurred. Both change the order of the rows; "given" leaves them as they are, for a splitter
    that goes by order or by indices, such as ``TimeSeriesSplit`` or ``PredefinedSplit``.""",
    "attributes": """\
encoder_ : transformer
    The fitted encoder.
encoding_ : {"bins", "plain", "given"}
    Which encoding won the race, "given" without one.
network_ : MLPClassifier or MLPRegressor
    The fitted network.
n_features_in_ : int
    Number of columns in ``fit``.
feature_names_in_ : ndarray of shape (``n_features_in_``,)
    Their names, where all of them are strings.
oof_prediction_ : ndarray of shape (n_samples, ...)
    Predictions of the rows of ``fit`` by networks that have not learned from them, where the
    network has them; NaN for rows that no network held out.
oof_score_ : float
    Their score.""",
}

documented = filled(_SECTIONS)
