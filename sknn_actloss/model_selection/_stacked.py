"""The base of searches that train the candidates of a fold as stacks of networks."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from inspect import signature
from typing import Any, ClassVar, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone, is_classifier
from sklearn.model_selection import (
    check_cv,
)
from sklearn.utils import Bunch, check_random_state, indexable

from sknn_actloss._pickling import Stamped
from sknn_actloss._site import Documented
from sknn_actloss._sklearn import (
    BaseSearchCV,
    check_method_params,
    fit_context,
    insert_error_scores,
    scorer_parts,
    warn_or_raise_about_fit_failures,
    whole_number,
)
from sknn_actloss.model_selection._committee_classifier import CommitteeClassifier
from sknn_actloss.model_selection._committee_regressor import CommitteeRegressor
from sknn_actloss.model_selection._evaluation import Evaluation
from sknn_actloss.model_selection._pipeline import network_name
from sknn_actloss.model_selection._plan import Candidate, configured
from sknn_actloss.model_selection._predictions import BestPredicts
from sknn_actloss.model_selection._progress import SearchProgress
from sknn_actloss.model_selection._runner import Runner
from sknn_actloss.model_selection._saving import SavedSearch, identity
from sknn_actloss.model_selection._selection import check_scorer, committee
from sknn_actloss.model_selection._unit import Split, Unit
from sknn_actloss.persistence import Checkpoint


class StackedSearch(BestPredicts, Documented, Stamped, BaseSearchCV):
    """Base of the stacked searches: scikit-learn's ``fit`` with stacks of networks inside."""

    cv_results_: dict[str, Any]
    best_estimator_: Any
    best_score_: float
    best_params_: dict[str, Any]
    best_index_: int
    committee_: Bunch
    scorer_: Any
    n_splits_: int
    refit_time_: float
    multimetric_: bool
    feature_names_in_: np.ndarray

    #: Members of a stack at most, instead of as many as fit the cache.
    _max_members: ClassVar[int | None] = None

    _parameter_constraints: ClassVar[dict] = {
        "committee_size": [whole_number(1), None],
        "checkpoint": [Checkpoint, None],
    }

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Evaluate all candidates, and fit the best one to all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        **params : dict of str -> object
            ``groups`` for the splitter and arguments of the estimator's ``fit`` such as
            ``sample_weight``; with metadata routing, what estimator, scorer and splitter request.
            Those with an entry for each row are split like X.

        Returns
        -------
        self : object
            The fitted search.

        Raises
        ------
        TypeError
            If the estimator is neither a network of this package nor a Pipeline ending in one.
        ValueError
            If there are no candidates or folds, a parameter does not exist, or all fits fail.
        CheckpointError
            If there is a checkpoint that cannot be used.
        KeyboardInterrupt
            After Ctrl-C: ``cv_results_`` has NaN for what was not finished.
        """
        name = network_name(self.estimator)
        scorers, refit_metric = self._get_scorers()
        self._check_committee(scorer_parts(scorers))
        X, y = indexable(X, y)
        params = check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        weight = params.get("sample_weight")
        metadata = None if weight is None else {"sample_weight": weight}
        data = {"X": X, "y": y, "metadata": metadata}
        saved = self._saved(X, y, params)
        context = self._begin_callbacks(data)
        splits = self._splits(X, y, routed.splitter.split)
        evaluation = self._evaluation(name, scorers, X, y, routed)
        if self.committee_size is not None:
            metric = self.refit if isinstance(self.refit, str) else "score"
            check_scorer(evaluation, splits[0], metric, self.committee_size)
        progress = self._progress(context, refit_metric)
        runner = self._runner(evaluation, splits, progress, saved)
        self._train_candidates(runner, context)
        self.scorer_ = scorer_parts(scorers)
        self._choose(runner, refit_metric)
        if self.committee_size is not None:
            self.committee_ = self._select_committee(evaluation, runner)
        if self.refit:
            self._refit(evaluation, context, data, saved)
        if saved is not None:
            saved.end(self.best_estimator_ if self.refit else None)
        progress.close()
        if context is not None:
            context.call_on_fit_task_end(estimator=self, **data)
        return self

    def _saved(self, X: Any, y: Any, params: dict[str, Any]) -> SavedSearch | None:
        """Return what an earlier search has saved, at the beginning of this one."""
        if self.checkpoint is None:
            return None
        self.checkpoint.prepare()
        name = type(self).__name__
        saved = SavedSearch(self.checkpoint, name, identity(self, X, y, params))
        if saved.begin() and self.verbose > 0:
            print(f"Going on with a search in {self.checkpoint.folder}")
        return saved

    def _evaluation(self, name: str, scorers: Any, X: Any, y: Any, routed: Bunch) -> Evaluation:
        return Evaluation(
            estimator=clone(self.estimator),
            name=name,
            X=X,
            y=y,
            scorer=scorers,
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
            return_train_score=self.return_train_score,
            error_score=self.error_score,
            out_of_fold=self.committee_size is not None,
        )

    def _progress(self, context: Any, refit_metric: Any) -> SearchProgress:
        metric = refit_metric if isinstance(refit_metric, str) else None
        travels = effective_n_jobs(self.n_jobs) > 1
        return SearchProgress(self, context, metric, self.n_splits_, travels)

    def _runner(
        self,
        evaluation: Evaluation,
        splits: list[Split],
        progress: SearchProgress,
        saved: SavedSearch | None,
    ) -> Runner:
        pre_dispatch = getattr(self, "pre_dispatch", "2*n_jobs")
        parallel = self.n_jobs, pre_dispatch
        return Runner(evaluation, splits, *parallel, progress, self._max_members, saved)

    def _check_committee(self, metrics: Any) -> None:
        is_undecided = isinstance(metrics, dict) and not isinstance(self.refit, str)
        if self.committee_size is not None and is_undecided:
            raise ValueError(
                f"committee_size={self.committee_size} with several metrics needs the name of the "
                f"one that decides as refit, one of {', '.join(metrics)}; got {self.refit!r}."
            )

    def _begin_callbacks(self, data: dict[str, Any]) -> Any:
        """Return the root task of the search, ``None`` without callbacks."""
        if not hasattr(self, "_skl_callbacks"):
            return None
        # The stacks, their scores, and the fit to all rows.
        context = self._init_callback_context(max_subtasks=2 + (self.refit is not False))
        return context.call_on_fit_task_begin(estimator=self, **data)

    def _splits(self, X: Any, y: Any, split_params: dict[str, Any]) -> list[Split]:
        cv = self._checked_cv_orig = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        self._check_input_parameters(X, y, split_params)
        self.n_splits_ = cv.get_n_splits(X, y, **split_params)
        pairs = list(cv.split(X, y, **split_params))
        if len(pairs) != self.n_splits_:
            raise ValueError(
                "cv.split and cv.get_n_splits returned inconsistent results. Expected "
                f"{self.n_splits_} splits, got {len(pairs)}"
            )
        seeds = check_random_state(None).randint(np.iinfo(np.int32).max, size=len(pairs))
        return [
            Split(index, train, test, int(seed))
            for index, ((train, test), seed) in enumerate(zip(pairs, seeds, strict=True))
        ]

    def _check_input_parameters(self, X: Any, y: Any, split_params: dict[str, Any]) -> None:
        """Nothing more to check; halving searches look at their resources here."""

    def _train_candidates(self, runner: Runner, context: Any) -> None:
        """Let the search choose candidates and train them; sets ``cv_results_``."""
        arguments = {}
        if "callback_ctx" in signature(self._run_search).parameters:
            arguments["callback_ctx"] = context or _NoContext()
        try:
            with runner:
                self._run_search(partial(self._evaluate, runner), **arguments)
        except KeyboardInterrupt:
            with warnings.catch_warnings():
                warnings.filterwarnings(
                    "ignore", message="One or more of the", category=UserWarning
                )
                self.cv_results_ = self._results(runner, np.nan)
            raise KeyboardInterrupt(
                f"{type(self).__name__} was interrupted when {runner.n_done} of "
                f"{len(runner.params) * self.n_splits_} fits were done. cv_results_ has NaN for "
                f"the others; no estimator was refitted.{self._way_on}"
            ) from None

    @property
    def _way_on(self) -> str:
        if self.checkpoint is None:
            return ""
        return f" The next fit goes on with what is in {self.checkpoint.folder}."

    def _evaluate(
        self,
        runner: Runner,
        candidate_params: Iterable[dict[str, Any]],
        cv: Any = None,
        more_results: dict[str, list] | None = None,
        callback_ctx: Any = None,
    ) -> dict[str, Any]:
        """Train and score candidates, as scikit-learn's searches ask for it."""
        candidates = runner.candidates(candidate_params, more_results)
        units = self._units(runner, candidates)
        if self.verbose > 0:
            n_fits = len(candidates) * self.n_splits_
            print(
                f"Fitting {self.n_splits_} folds for each of {len(candidates)} candidates, "
                f"totalling {n_fits} fits, in {len(units)} stacks"
            )
        runner.run(units, callback_ctx)
        fits = [fit for candidate in candidates for fit in runner.fits[candidate.index]]
        warn_or_raise_about_fit_failures(fits, self.error_score)
        self.cv_results_ = self._results(runner, self.error_score)
        return self.cv_results_

    def _units(self, runner: Runner, candidates: list[Candidate]) -> list[Unit]:
        return runner.units(candidates)

    def _results(self, runner: Runner, error_score: float | str) -> dict[str, Any]:
        """Return ``cv_results_`` of all candidates so far."""
        fits = [fit.copy() for row in runner.fits for fit in row]
        if callable(self.scoring):
            insert_error_scores(fits, error_score)
        return self._format_results(runner.params, self.n_splits_, fits, runner.more_results)

    def _choose(self, runner: Runner, refit_metric: Any) -> None:
        scores = [fit["test_scores"] for row in runner.fits for fit in row]
        metrics = next((score for score in scores if isinstance(score, dict)), {})
        self.multimetric_ = bool(metrics)
        if callable(self.scoring) and self.multimetric_:
            # Only now are the metrics known.
            self._check_refit_for_multimetric(metrics)
            self._check_committee(metrics)
            refit_metric = self.refit
        if not self.refit and self.multimetric_:
            return
        results = self.cv_results_
        self.best_index_ = self._select_best_index(self.refit, refit_metric, results)
        self.best_params_ = results["params"][self.best_index_]
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{refit_metric}"][self.best_index_]

    def _select_committee(self, evaluation: Evaluation, runner: Runner) -> Bunch:
        candidates = runner.trained
        return committee(
            evaluation,
            runner.splits,
            candidates,
            [runner.predictions[candidate.index] for candidate in candidates],
            self.refit if self.multimetric_ else "score",
            self.committee_size,
        )

    def _best(self, estimator: Any) -> Any:
        """Return the unfitted estimator with the best parameters, or the committee."""
        if self.committee_size is None:
            return configured(estimator, self.best_params_)
        members = [configured(estimator, params) for params in self.committee_.members]
        kind = CommitteeClassifier if is_classifier(estimator) else CommitteeRegressor
        return kind(members, weights=self.committee_.weights)

    def _refit(
        self,
        evaluation: Evaluation,
        context: Any,
        data: dict[str, Any],
        saved: SavedSearch | None,
    ) -> None:
        """Fit the best candidate, or the committee, to all rows."""
        best = self.best_estimator_ = self._best(evaluation.estimator)
        task, propagated = None, nullcontext()
        if context is not None:
            task = context.subcontext(task_name="refit-with-best-params")
            if hasattr(best, "set_callbacks"):
                propagated = task.propagate_callback_context(best)
        saving = nullcontext() if saved is None else saved.refitting(best)
        with propagated, saving:
            if task is not None:
                task.call_on_fit_task_begin(estimator=self, **data)
            start = time.perf_counter()
            targets = () if data["y"] is None else (data["y"],)
            best.fit(data["X"], *targets, **evaluation.fit_params)
            self.refit_time_ = time.perf_counter() - start
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_
        if task is not None:
            task.call_on_fit_task_end(estimator=self, **data)


class _NoContext:
    """Stands in for a task where there are no callbacks."""

    def __getattr__(self, name: str) -> Callable[..., Self]:
        return lambda *args, **kwargs: self
