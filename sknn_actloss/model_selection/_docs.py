"""Texts that the docstrings of the stacked searches share."""

from __future__ import annotations

from sknn_actloss._docs import filled

_SECTIONS = {
    "stacks": """\
Networks of a fold that have the same shape, batch size, data type, training rows and stream of
random numbers train in lockstep as one stack, whatever their activations, losses, learning rates,
solvers, penalties and stopping rules; members that are done leave it. The others (other sizes,
another validation split, L-BFGS, ``max_time``, validation rows given to ``fit``) form stacks of
their own or train alone. Steps of a Pipeline in front of the network are fitted once for each fold
and each setting of their own parameters. A stack is no larger than fits the cache, and is what
joblib's workers are given to do.

With an int as the network's ``random_state``, or a RandomState instance, which is copied for
each fit, scores and the refitted estimator are those of scikit-learn's search. With ``None``, all
networks of a fold share one stream of random numbers, drawn anew for each call of ``fit``.
``mean_fit_time`` is the time of a stack divided among its members, with their share of the time
of the steps in front.""",
    "estimator": """\
estimator : MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor or Pipeline
    A network of this package, an estimator for tables, a Pipeline that ends in one, or a
    ``TransformedTargetRegressor`` that holds one; its transformer is fitted once for each fold.""",
    "common": """\
scoring : str, callable, list, tuple or dict, default=None
    One metric or several, as in scikit-learn; ``None`` takes the estimator's ``score``.
n_jobs : int, default=None
    Workers that train stacks, through joblib: with ``joblib.parallel_config`` any backend.
refit : bool, str or callable, default=True
    Whether to fit the best candidate to all rows; with several metrics the name of the one that
    decides, or a function from ``cv_results_`` to the index of the best candidate.
cv : int, splitter or iterable, default=None
    Folds, as in scikit-learn.
verbose : int, default=0
    1 tells of the stacks, their epochs and the best score so far, by a progress bar in a terminal
    or notebook where rich is installed (the extra "progress"); 2 of each fit; 3 of scores.
pre_dispatch : int or str, default="2*n_jobs"
    Stacks given to joblib ahead of time.""",
    "halving": """\
factor : float, default=3
    A share of one in ``factor`` candidates survives each iteration.
resource : str, default="max_iter"
    Epochs are the only resource; in a Pipeline, the name with the step's may be used as well.
max_resources : int or "auto", default="auto"
    Epochs of a candidate at most; "auto" is the ``max_iter`` of the estimator.
min_resources : int, "smallest" or "exhaust"
    Epochs of the first iteration. "smallest" is 1; "exhaust" as many as let the last iteration
    come as close to ``max_resources`` as possible.
aggressive_elimination : bool, default=False
    Whether to repeat the first iteration's epochs until few enough candidates are left, where
    ``max_resources`` allows for too few iterations. Survivors of those wait for the next.
cv : int, splitter or iterable, default=5
    Folds, as in scikit-learn. They are drawn once, so that they may be random.
scoring : str or callable, default=None
    The metric, as in scikit-learn; ``None`` takes the estimator's ``score``.
refit : bool, default=True
    Whether to fit the best candidate of the last iteration to all rows.
error_score : "raise" or float, default=nan
    Score of a fit that fails.
return_train_score : bool, default=True
    Whether to score the training rows as well.
random_state : int, RandomState instance or None, default=None
    Source of random candidates, where there are any.
n_jobs : int, default=None
    Workers that train stacks, through joblib: with ``joblib.parallel_config`` any backend.
verbose : int, default=0
    1 tells of iterations and stacks, their epochs and the best score so far, by a progress bar in
    a terminal or notebook where rich is installed (the extra "progress"); 2 of each fit.""",
    "continuing": """\
Survivors of an iteration go on training from where they are: every epoch is trained once. This
gives what training from the start gives with scikit-learn's search, except where a learning-rate
schedule depends on ``max_iter``: it sees the epochs of the last iteration from the start, so that
the scores of earlier iterations are those of unfinished schedules. What cannot go on (L-BFGS, an
estimator with callbacks or a ``fit`` of its own) is fitted anew in each iteration.""",
    "committee_size": """\
committee_size : int, default=None
    With a number, ``best_estimator_`` is a committee of candidates that averages probabilities
    (predictions of a regressor) instead of the best one: members are picked one by one, as many
    at most, each time the one that makes the score of the averaged out-of-fold predictions best
    (Caruana et al., 2004; several picks of a candidate give it weight). Rows that no fold holds
    out do not count, and neither do candidates that failed or give no probabilities.""",
    "checkpoint": """\
checkpoint : Checkpoint, default=None
    Saves the search, so that the next ``fit`` with the same parameters and data goes on from
    there after a crash, an exception or Ctrl-C: stacks that are done are not trained again, the
    others go on from where they were saved, and so does the refit. Results are those of a search
    that ran through, whatever ``n_jobs``. Other parameters or data have other files. A search
    whose random numbers come from NumPy's global stream sets that to where it was at the start.
    All workers must have access to the folder. ``n_jobs``, ``pre_dispatch`` and ``verbose`` do not
    count.""",
    "errors": """\
error_score : "raise" or float, default=nan
    Score of a fit that fails.
return_train_score : bool, default=False
    Whether to score the training rows as well.""",
    "attributes": """\
cv_results_ : dict of str to ndarray
    Scores and times of all candidates, with scikit-learn's keys.
best_estimator_ : estimator
    The best candidate, or the committee, fitted to all rows.
best_score_, best_params_, best_index_
    Mean test score, parameters and row in ``cv_results_`` of the best candidate.
committee_ : Bunch
    With ``committee_size``: ``members`` (their parameters), ``indices`` (their rows in
    ``cv_results_``), ``weights`` (adding up to one), ``score`` (of the averaged out-of-fold
    predictions).
scorer_ : callable or dict
    The metrics.
n_splits_ : int
    Number of folds.
refit_time_ : float
    Seconds of the fit to all rows.
multimetric_ : bool
    Whether there are several metrics.
classes_, n_features_in_, feature_names_in_
    Those of the refitted estimator.""",
    "iterations": """\
n_resources_, n_candidates_ : list of int
    Epochs and candidates of each iteration.
n_remaining_candidates_ : int
    Candidates left after the last iteration.
max_resources_, min_resources_ : int
    Epochs at most, and of the first iteration.
n_iterations_, n_possible_iterations_, n_required_iterations_ : int
    Iterations done, allowed by the epochs, and needed to be left with fewer than ``factor``.""",
}

documented = filled(_SECTIONS)
