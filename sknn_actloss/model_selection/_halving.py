"""Successive halving over epochs, in which the survivors go on from where they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from math import ceil, log
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, HalvingRandomSearchCV

from sknn_actloss._sklearn import top_candidates
from sknn_actloss.model_selection._docs import documented
from sknn_actloss.model_selection._pipeline import completed, network_name, network_of
from sknn_actloss.model_selection._plan import Candidate
from sknn_actloss.model_selection._runner import Runner
from sknn_actloss.model_selection._stacked import StackedSearch
from sknn_actloss.model_selection._unit import Unit
from sknn_actloss.persistence import Checkpoint


class StackedHalving(StackedSearch):
    """Base of the halving searches: scikit-learn's course of eliminations over stacks."""

    n_resources_: list[int]
    n_candidates_: list[int]
    n_remaining_candidates_: int
    max_resources_: int
    min_resources_: int
    n_iterations_: int
    n_possible_iterations_: int
    n_required_iterations_: int

    def _check_input_parameters(self, X: Any, y: Any, split_params: dict[str, Any]) -> None:
        name = network_name(self.estimator)
        if self.resource not in ("max_iter", self._max_iter_name):
            raise ValueError(
                f"resource={self.resource!r} is not supported, only 'max_iter': epochs of "
                "training. Use scikit-learn's HalvingGridSearchCV or HalvingRandomSearchCV for "
                "other resources."
            )
        if self.min_resources == getattr(self, "n_candidates", None) == "exhaust":
            raise ValueError("n_candidates and min_resources cannot be both set to 'exhaust'.")
        is_named = isinstance(self.min_resources, str)
        self.min_resources_ = 1 if is_named else self.min_resources
        self.max_resources_ = self.max_resources
        if self.max_resources == "auto":
            network = clone(network_of(self.estimator, name))
            self.max_resources_ = completed(self.estimator, network, y).max_iter
        if self.min_resources_ > self.max_resources_:
            raise ValueError(
                f"min_resources_={self.min_resources_} is greater than "
                f"max_resources_={self.max_resources_}. Lower min_resources, or raise "
                "max_resources or the estimator's max_iter."
            )

    def _generate_candidate_params(self) -> Any:
        candidates, resource = super()._generate_candidate_params(), self._max_iter_name
        if any(resource in candidate for candidate in candidates):
            raise ValueError(
                f"Cannot use parameter {resource} as the resource since it is part of the "
                "searched parameters."
            )
        return candidates

    def _run_search(self, evaluate_candidates: Callable[..., Any], *, callback_ctx: Any) -> None:
        candidate_params = list(self._generate_candidate_params())
        self._count_iterations(len(candidate_params))
        self.n_resources_, self.n_candidates_ = [], []
        task = callback_ctx.subcontext(task_name="search", max_subtasks=self.n_iterations_)
        task.call_on_fit_task_begin(estimator=self)
        for iteration in range(self.n_iterations_):
            candidate_params = self._iterate(iteration, candidate_params, evaluate_candidates, task)
        self.n_remaining_candidates_ = len(candidate_params)
        task.call_on_fit_task_end(estimator=self)

    def _count_iterations(self, n_candidates: int) -> None:
        """Decide on iterations and their first epochs, as scikit-learn but for its rounding."""
        n_required = self.n_required_iterations_ = iterations(n_candidates, self.factor)
        if self.min_resources == "exhaust":
            most = self.max_resources_ // self.factor ** (n_required - 1)
            self.min_resources_ = max(self.min_resources_, most)
        ratio = self.max_resources_ // self.min_resources_
        n_possible = self.n_possible_iterations_ = iterations(ratio, self.factor)
        self.n_iterations_ = (
            n_required if self.aggressive_elimination else min(n_possible, n_required)
        )
        if self.verbose:
            names = ["n_iterations_", "n_required_iterations_", "n_possible_iterations_"]
            names += ("min_resources_", "max_resources_", "aggressive_elimination", "factor")
            for name in names:
                shown = name if "resources" in name else name.removesuffix("_")
                print(f"{shown}: {getattr(self, name)}")

    def _iterate(
        self,
        iteration: int,
        candidate_params: list[dict[str, Any]],
        evaluate_candidates: Callable[..., Any],
        parent: Any,
    ) -> list[dict[str, Any]]:
        """Evaluate candidates and return those that survive."""
        n_candidates, n_resources = len(candidate_params), self._resources_of(iteration)
        task = parent.subcontext(
            task_name="halving-iteration",
            max_subtasks=n_candidates * self.n_splits_,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)
        self.n_resources_.append(n_resources)
        self.n_candidates_.append(n_candidates)
        if self.verbose:
            print("-" * 10)
            print(f"iter: {iteration}\nn_candidates: {n_candidates}\nn_resources: {n_resources}")
        results = evaluate_candidates(
            [params | {self.resource: n_resources} for params in candidate_params],
            self._checked_cv_orig,
            more_results={
                "iter": [iteration] * n_candidates,
                "n_resources": [n_resources] * n_candidates,
            },
            callback_ctx=task,
        )
        survivors = top_candidates(results, ceil(n_candidates / self.factor), iteration)
        task.call_on_fit_task_end(estimator=self)
        return survivors

    def _resources_of(self, iteration: int) -> int:
        """Return the epochs of an iteration."""
        power = iteration
        if self.aggressive_elimination:
            surplus = self.n_required_iterations_ - self.n_possible_iterations_
            power = max(0, iteration - surplus)
        return min(int(self.factor**power * self.min_resources_), self.max_resources_)

    def _evaluate(
        self,
        runner: Runner,
        candidate_params: Iterable[dict[str, Any]],
        cv: Any = None,
        more_results: dict[str, list] | None = None,
        callback_ctx: Any = None,
    ) -> dict[str, Any]:
        # In a Pipeline the resource goes by its full name.
        name = self._max_iter_name
        named = [params | {name: params[self.resource]} for params in candidate_params]
        if name != self.resource:
            for params in named:
                del params[self.resource]
        return super()._evaluate(runner, named, cv, more_results, callback_ctx)

    def _units(self, runner: Runner, candidates: list[Candidate]) -> list[Unit]:
        """Return the stacks to train: new ones, or what goes on after an elimination."""
        until = runner.more_results["n_resources"][-1]
        if runner.trained:
            return runner.go_on(self._survivors(runner, candidates), until)
        # Schedules see the epochs of the last iteration from the start.
        horizon = self._resources_of(self.n_iterations_ - 1)
        for candidate in candidates:
            candidate.network.set_params(max_iter=horizon)
        return runner.units(candidates, until)

    @property
    def _max_iter_name(self) -> str:
        """The parameter of the estimator that is the resource."""
        name = network_name(self.estimator)
        return f"{name}__max_iter" if name else "max_iter"

    def _survivors(self, runner: Runner, candidates: list[Candidate]) -> dict[int, Candidate]:
        """Match the candidates of an iteration with those of the one before, by their index."""
        waiting = defaultdict(list)
        for candidate in candidates:
            waiting[self._identity(candidate)].append(candidate)
        survivors = {}
        for earlier in runner.trained:
            if waiting[self._identity(earlier)]:
                survivors[earlier.index] = waiting[self._identity(earlier)].pop(0)
        return survivors

    def _identity(self, candidate: Candidate) -> tuple:
        """Return what stays the same: eliminations copy the parameters but not their values."""
        items = sorted(candidate.params.items())
        return tuple((name, id(value)) for name, value in items if name != self._max_iter_name)


def iterations(ratio: float, factor: float) -> int:
    """Return how often one can divide by a factor before less than one is left, plus one.

    A rounded logarithm loses an iteration where the ratio is a power of the factor.
    """
    power = round(log(ratio, factor))
    return power + 1 if factor**power <= ratio else power


@documented
class StackedHalvingGridSearchCV(StackedHalving, HalvingGridSearchCV):
    """Search over a grid of parameters by successive halving, with epochs as the resource.

    All candidates train for a few epochs; the best of them go on for ``factor`` times as many,
    and so on. See :class:`sklearn.model_selection.HalvingGridSearchCV`.

    {continuing}

    {stacks}

    Parameters
    ----------
    {estimator}
    param_grid : dict or list of dict
        Values to try by parameter, or several such grids.
    {halving}
    {committee_size}
    {checkpoint}

    Attributes
    ----------
    {attributes}
    {iterations}

    See Also
    --------
    StackedGridSearchCV : Trains all candidates to the end.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.model_selection import StackedHalvingGridSearchCV
    >>> network = MLPClassifier((8,), batch_size=30, max_iter=20, tol=0, random_state=0)
    >>> grid = {"learning_rate_init": [0.001, 0.003, 0.01, 0.03]}
    >>> search = StackedHalvingGridSearchCV(network, grid, factor=2, cv=3)
    >>> search.fit(*load_iris(return_X_y=True)).n_candidates_
    [4, 2, 1]
    """

    _parameter_constraints: ClassVar[dict] = {
        **HalvingGridSearchCV._parameter_constraints,
        **StackedSearch._parameter_constraints,
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        factor: float = 3,
        resource: str = "max_iter",
        max_resources: int | str = "auto",
        min_resources: int | str = "exhaust",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: float | str = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        committee_size: int | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.committee_size = committee_size
        self.checkpoint = checkpoint


@documented
class StackedHalvingRandomSearchCV(StackedHalving, HalvingRandomSearchCV):
    """Search over random parameters by successive halving, with epochs as the resource.

    All candidates train for a few epochs; the best of them go on for ``factor`` times as many,
    and so on. See :class:`sklearn.model_selection.HalvingRandomSearchCV`.

    {continuing}

    {stacks}

    Parameters
    ----------
    {estimator}
    param_distributions : dict or list of dict
        Distributions (with a method ``rvs``) or lists of values by parameter.
    n_candidates : int or "exhaust", default="exhaust"
        Candidates of the first iteration; "exhaust" as many as let the last iteration come as
        close to ``max_resources`` as possible.
    {halving}
    {committee_size}
    {checkpoint}

    Attributes
    ----------
    {attributes}
    {iterations}

    See Also
    --------
    StackedRandomizedSearchCV : Trains all candidates to the end.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.model_selection import StackedHalvingRandomSearchCV
    >>> network = MLPClassifier((8,), batch_size=30, max_iter=20, tol=0, random_state=0)
    >>> rates = {"learning_rate_init": [0.001, 0.003, 0.01, 0.03]}
    >>> search = StackedHalvingRandomSearchCV(network, rates, n_candidates=3, cv=3)
    >>> search.fit(*load_iris(return_X_y=True)).n_resources_
    [1, 3]
    """

    _parameter_constraints: ClassVar[dict] = {
        **HalvingRandomSearchCV._parameter_constraints,
        **StackedSearch._parameter_constraints,
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_candidates: int | str = "exhaust",
        factor: float = 3,
        resource: str = "max_iter",
        max_resources: int | str = "auto",
        min_resources: int | str = "smallest",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: float | str = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        committee_size: int | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_candidates=n_candidates,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.committee_size = committee_size
        self.checkpoint = checkpoint
