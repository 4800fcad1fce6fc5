"""Stacked searches over grids and random samples of parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
)

from sknn_actloss.model_selection._docs import documented
from sknn_actloss.model_selection._stacked import StackedSearch
from sknn_actloss.persistence import Checkpoint


@documented
class StackedGridSearchCV(StackedSearch, GridSearchCV):
    """Search over a grid of parameters that trains all candidates of a fold at once.

    What :class:`sklearn.model_selection.GridSearchCV` gives, several times faster.

    {stacks}

    Parameters
    ----------
    {estimator}
    param_grid : dict or list of dict
        Values to try by parameter, or several such grids.
    {common}
    {errors}
    {committee_size}
    {checkpoint}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    StackedRandomizedSearchCV : Tries random candidates.
    StackedHalvingGridSearchCV : Drops the worst candidates on the way.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.model_selection import StackedGridSearchCV
    >>> network = MLPClassifier((8,), batch_size=30, max_iter=20, tol=0, random_state=0)
    >>> grid = {"mlpclassifier__activation": ["relu", "tanh"],
    ...         "mlpclassifier__learning_rate_init": [0.003, 0.03]}
    >>> search = StackedGridSearchCV(make_pipeline(StandardScaler(), network), grid)
    """

    _parameter_constraints: ClassVar[dict] = {
        **GridSearchCV._parameter_constraints,
        **StackedSearch._parameter_constraints,
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: float | str = np.nan,
        return_train_score: bool = False,
        committee_size: int | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.committee_size = committee_size
        self.checkpoint = checkpoint

    def _run_search(self, evaluate_candidates: Callable[..., Any]) -> None:
        evaluate_candidates(ParameterGrid(self.param_grid))


@documented
class StackedRandomizedSearchCV(StackedSearch, RandomizedSearchCV):
    """Search over random parameters that trains all candidates of a fold at once.

    What :class:`sklearn.model_selection.RandomizedSearchCV` gives, several times faster.

    {stacks}

    Parameters
    ----------
    {estimator}
    param_distributions : dict or list of dict
        Distributions (with a method ``rvs``) or lists of values by parameter.
    n_iter : int, default=10
        Number of candidates.
    {common}
    random_state : int, RandomState instance or None, default=None
        Source of the candidates; the networks have their own.
    {errors}
    {committee_size}
    {checkpoint}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    StackedGridSearchCV : Tries all candidates of a grid.
    StackedHalvingRandomSearchCV : Drops the worst candidates on the way.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.model_selection import StackedRandomizedSearchCV
    >>> network = MLPClassifier((8,), batch_size=30, max_iter=20, tol=0, random_state=0)
    >>> rates = {"learning_rate_init": [0.001, 0.003, 0.01, 0.03]}
    >>> search = StackedRandomizedSearchCV(network, rates, n_iter=2, cv=3, random_state=0)
    >>> len(search.fit(*load_iris(return_X_y=True)).cv_results_["params"])
    2
    """

    _parameter_constraints: ClassVar[dict] = {
        **RandomizedSearchCV._parameter_constraints,
        **StackedSearch._parameter_constraints,
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: float | str = np.nan,
        return_train_score: bool = False,
        committee_size: int | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.committee_size = committee_size
        self.checkpoint = checkpoint

    def _run_search(self, evaluate_candidates: Callable[..., Any]) -> None:
        evaluate_candidates(
            ParameterSampler(self.param_distributions, self.n_iter, random_state=self.random_state)
        )
