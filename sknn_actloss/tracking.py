"""Searches in experiment trackers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from numbers import Real
from typing import Any

from sknn_actloss._sklearn import validate_parameter_constraints, whole_number

__all__ = ["MLflowCallback"]

#: What MLflow's stores take of a value, and of parameters in a request.
LONGEST_VALUE, BATCH_SIZE = 500, 100


class MLflowCallback:
    """Callback that logs a search to MLflow, as MLflow's autologging logs ``GridSearchCV``.

    A search gets a run with its parameters, the best ones of the grid (``best_...``), the metric
    ``best_cv_score`` and the table ``cv_results.csv``. The best candidates get a child run each,
    with all parameters of the estimator, and means, deviations and ranks of ``cv_results_``.
    Where a run is active it becomes that of the search, so that autologging of the fit to all
    rows adds its metrics to it.

    It needs MLflow. Callbacks are part of scikit-learn from 1.9 on; with an older one, hand
    fitted searches to :meth:`log`.

    Parameters
    ----------
    max_tuning_runs : int or None, default=5
        Candidates with a child run, the best ones first; ``None`` for all of them.

    See Also
    --------
    sknn_actloss.model_selection.StackedGridSearchCV : A search that it logs.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.model_selection import StackedGridSearchCV
    >>> from sknn_actloss.tracking import MLflowCallback
    >>> search = StackedGridSearchCV(MLPClassifier((8,)), {"activation": ["relu", "tanh"]})
    >>> search.set_callbacks(MLflowCallback()).fit(*load_iris(return_X_y=True))  # doctest: +SKIP
    """

    def __init__(self, max_tuning_runs: int | None = 5) -> None:
        self.max_tuning_runs = max_tuning_runs
        self._began_run = self._has_logged = False

    def log(self, search: Any) -> None:
        """Log a fitted search to the active run, or to one of its own.

        Parameters
        ----------
        search : StackedGridSearchCV, GridSearchCV, or another search with ``cv_results_``
            The search.
        """
        import mlflow

        self._check()
        with mlflow.start_run() if mlflow.active_run() is None else nullcontext():
            mlflow.set_tag("estimator_name", type(search).__name__)
            best_params = getattr(search, "best_params_", {})
            best = {f"best_{name}": value for name, value in best_params.items()}
            _log_params(search.get_params(deep=False) | best)
            if hasattr(search, "best_score_"):
                mlflow.log_metric("best_cv_score", search.best_score_)
            self._log_results(search)
        self._has_logged = True

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin a run, where none is active, before a search is fitted.

        Parameters
        ----------
        estimator : estimator
            The search.
        context : CallbackContext
            Its task.

        Raises
        ------
        TypeError
            If the estimator is no search.
        """
        self._check()
        if not hasattr(estimator, "_run_search"):
            raise TypeError(
                f"MLflowCallback logs searches such as StackedGridSearchCV; got "
                f"{type(estimator).__name__}. For a single fit use mlflow.sklearn.autolog()."
            )
        import mlflow

        self._has_logged, self._began_run = False, mlflow.active_run() is None
        if self._began_run:
            mlflow.start_run()

    def on_fit_task_begin(self, estimator: Any, context: Any, **data: Any) -> None:
        """Do nothing.

        Parameters
        ----------
        estimator : estimator
            The search.
        context : CallbackContext
            Its task.
        **data : object
            Further information on the task, which is ignored.
        """

    def on_fit_task_end(self, estimator: Any, context: Any, **data: Any) -> None:
        """Log the search at the end of its outermost task.

        Parameters
        ----------
        estimator : estimator
            The search.
        context : CallbackContext
            Its task.
        **data : object
            Further information on the task, which is ignored.
        """
        if context.parent is None:
            self.log(estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        """End the run, where it was begun for the search.

        Parameters
        ----------
        estimator : estimator
            The search.
        context : CallbackContext
            Its task.
        """
        import mlflow

        if self._began_run:
            mlflow.end_run("FINISHED" if self._has_logged else "FAILED")

    def _check(self) -> None:
        constraints = {"max_tuning_runs": [whole_number(1), None]}
        parameters = {"max_tuning_runs": self.max_tuning_runs}
        validate_parameter_constraints(constraints, parameters, type(self).__name__)

    def _log_results(self, search: Any) -> None:
        """Log the table of results, and a child run for each of the best candidates."""
        import mlflow
        import pandas as pd

        table = pd.DataFrame(search.cv_results_)
        mlflow.log_text(table.to_csv(index=False), "cv_results.csv")
        ranks = [column for column in table if column.startswith("rank_test_")]
        best = table.sort_values(ranks[0], kind="stable")[: self.max_tuning_runs]
        params = search.estimator.get_params()
        for candidate in best.to_dict("records"):
            with mlflow.start_run(nested=True):
                _log_params(params | candidate["params"])
                mlflow.log_metrics(
                    {
                        name: value  # type: ignore[misc]
                        for name, value in candidate.items()
                        if isinstance(value, Real) and not name.startswith(("param", "split"))
                    }
                )


def _log_params(params: Mapping[str, Any]) -> None:
    """Log parameters that the active run has not got yet, as far as they are not too long."""
    import mlflow

    run = mlflow.get_run(mlflow.active_run().info.run_id)  # type: ignore[union-attr]
    new = [(name, str(value)) for name, value in params.items() if name not in run.data.params]
    for start in range(0, len(new), BATCH_SIZE):
        batch = new[start : start + BATCH_SIZE]
        mlflow.log_params({name: value[:LONGEST_VALUE] for name, value in batch})
