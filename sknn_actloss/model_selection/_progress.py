"""What a search tells while it runs: printed lines and scikit-learn's callbacks."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from joblib import wrap_non_picklable_objects

from sknn_actloss.training import Epoch, Observer, ProgressBar

#: Seconds between two lines about the epochs of a stack.
PRINT_SECONDS = 2.0


class StackProgress(Observer):
    """Tells of the epochs of a stack, wherever it is trained.

    Parameters
    ----------
    label : str
        Names the stack in printed lines, which there are none of where it is empty.
    n_epochs : int or None
        Epochs at most, as far as they are known.
    search : estimator
        The search, for callbacks.
    context : CallbackContext or None
        The stack's task; ``None`` where there are no callbacks.
    travels : bool
        Whether other processes may train the stack.
    show : callable, optional
        Is told the share of the epochs that is done, where the stack stays in this process.
    """

    def __init__(
        self,
        label: str,
        n_epochs: int | None,
        search: Any,
        context: Any,
        travels: bool,
        show: Callable[[float], None] | None = None,
    ) -> None:
        self._label, self._n_epochs, self._show = label, n_epochs, None if travels else show
        self._search, self._context = (search, context) if context is not None else (None, None)
        self._epoch, self._printed = 0, 0.0
        # The tree of tasks changes while joblib's threads pickle what they send to workers.
        self._frozen = None
        if travels and context is not None:
            whole = wrap_non_picklable_objects((search, context), keep_wrapper=False)
            self._frozen = pickle.dumps(whole)

    def __enter__(self) -> Self:
        self._printed = time.monotonic()
        if self._context is not None:
            self._context.call_on_fit_task_begin(estimator=self._search)
        return self

    def __exit__(self, *error: Any) -> None:
        if self._context is not None:
            self._context.call_on_fit_task_end(estimator=self._search)

    def epoch_ends(self, epoch: Epoch) -> bool:
        """Print the epoch once in a while, and tell callbacks; returns whether one stops."""
        self._epoch += 1
        if self._label and time.monotonic() - self._printed > PRINT_SECONDS:
            self._printed = time.monotonic()
            of = "" if self._n_epochs is None else f"/{self._n_epochs}"
            n_members = len(epoch.members)
            print(f"{self._label} epoch {self._epoch}{of}, {n_members} networks", flush=True)
        if self._show is not None and self._n_epochs is not None:
            self._show(min(self._epoch / self._n_epochs, 1.0))
        if self._context is None or self._is_beyond():
            return False
        task = self._context.subcontext(task_name="stack-epoch")
        task.call_on_fit_task_begin(estimator=self._search)
        return task.call_on_fit_task_end(estimator=self._search)

    def _is_beyond(self) -> bool:
        """Whether candidates that could not share a stack have used up its epochs."""
        return self._n_epochs is not None and self._epoch > self._n_epochs

    def __getstate__(self) -> dict[str, Any]:
        if self._frozen is None:
            return vars(self)
        return vars(self) | {"_search": None, "_context": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self._frozen is not None:
            self._search, self._context = pickle.loads(self._frozen)


class SearchProgress:
    """Tells of the stacks of a search.

    Parameters
    ----------
    search : estimator
        The search.
    context : CallbackContext or None
        Its root task; ``None`` where there are no callbacks.
    metric : str or None
        Which of several metrics decides; ``None`` where there is one, or none that does.
    n_splits : int
        Folds.
    travels : bool
        Whether other processes may train.
    """

    def __init__(
        self, search: Any, context: Any, metric: str | None, n_splits: int, travels: bool
    ) -> None:
        self._search, self._context, self._metric = search, context, metric
        self._n_splits, self._travels = n_splits, travels
        self._scores = None
        if context is not None:
            self._scores = context.subcontext(task_name="scores", max_subtasks=None)
            self._scores.call_on_fit_task_begin(estimator=search)

    @contextmanager
    def stage(self, units: Sequence[Any], parent: Any = None) -> Iterator[list[StackProgress]]:
        """Accompany the training of units; gives what watches each of them."""
        self._units, self._best = units, (0, -np.inf)
        task, parent = None, parent or self._context
        if self._context is not None:
            task = parent.subcontext(
                task_name="stacks",
                task_id=None if parent.sequential_subtasks else 0,
                max_subtasks=len(units),
                sequential_subtasks=False,
            ).call_on_fit_task_begin(estimator=self._search)
        self._n_done = 0
        with ProgressBar("Stacks", len(units), self._wants_bar) as self._bar:
            yield [self._watch(number, unit, task) for number, unit in enumerate(units)]
        if task is not None:
            task.call_on_fit_task_end(estimator=self._search)

    def unit_done(self, number: int, fits: Sequence[Sequence[dict[str, Any]]]) -> None:
        """Tell of a unit that is done, and of the best score that is known."""
        if not self._is_told:
            return
        unit = self._units[number]
        # No more than the unit's own candidates have changed.
        best = self._best_score([fits[candidate.index] for candidate in unit.candidates])
        if best > self._best:
            self._best = best
            self._tell_callbacks()
        self._n_done += 1
        self._show_part(0.0)
        if self._search.verbose > 1:
            for candidate in unit.candidates:
                self._print_fit(candidate, unit.split, fits[candidate.index][unit.split.index])
        if self._search.verbose and not self._bar.is_shown:
            print(
                f"{self._label(number)} done, split {unit.split.index + 1}/{self._n_splits}, "
                f"{len(unit.candidates)} candidates{', ' * bool(self._best_text)}{self._best_text}",
                flush=True,
            )

    def close(self) -> None:
        """End the task of the scores."""
        if self._scores is not None:
            self._scores.call_on_fit_task_end(estimator=self._search)

    def _watch(self, number: int, unit: Any, task: Any) -> StackProgress:
        n_epochs, context = unit.n_epochs if self._is_told else None, None
        if task is not None:
            context = task.subcontext(task_name="stack", task_id=number, max_subtasks=n_epochs)
        prints = self._search.verbose and not self._bar.is_shown
        label = self._label(number) if prints else ""
        own = label, n_epochs, self._search, context, self._travels
        return StackProgress(*own, self._show_part)

    @property
    def _wants_bar(self) -> bool:
        return self._search.verbose == 1 and not hasattr(self._search, "_skl_callbacks")

    def _show_part(self, share: float) -> None:
        """Show how many stacks are done, and what share of the next one is."""
        self._bar.show(self._n_done + share, self._best_text)

    @property
    def _is_told(self) -> bool:
        return self._context is not None or bool(self._search.verbose)

    def _label(self, number: int) -> str:
        return f"[stack {number + 1}/{len(self._units)}]"

    def _best_score(self, fits: Sequence[Sequence[dict[str, Any]]]) -> tuple[int, float]:
        """Return on how many splits candidates are known, and the best mean score of those."""
        scores = np.array([[self._value(fit["test_scores"]) for fit in own] for own in fits])
        known = np.isfinite(scores)
        counts = known.sum(axis=1)
        n_known = int(counts.max())
        if n_known == 0:
            return 0, -np.inf
        rows = counts == n_known
        return n_known, float(np.max(scores[rows].sum(axis=1, where=known[rows]) / n_known))

    @property
    def _best_text(self) -> str:
        n_known, score = self._best
        if n_known == 0:
            return ""
        on = "" if n_known == self._n_splits else f" ({n_known} of {self._n_splits} splits)"
        return f"best mean test score {score:.4f}{on}"

    def _value(self, scores: Any) -> float:
        return scores.get(self._metric, np.nan) if isinstance(scores, dict) else scores

    def _tell_callbacks(self) -> None:
        if self._scores is not None:
            task = self._scores.subcontext(self._best_text, max_subtasks=1)
            task.call_on_fit_task_begin(estimator=self._search)
            task.call_on_fit_task_end(estimator=self._search)

    def _print_fit(self, candidate: Any, split: Any, fit: dict[str, Any]) -> None:
        params = ", ".join(f"{name}={candidate.params[name]}" for name in sorted(candidate.params))
        scores = f" score={fit['test_scores']}" if self._search.verbose > 2 else ""
        seconds = fit["fit_time"] + fit["score_time"]
        print(
            f"[CV {split.index + 1}/{self._n_splits}] END {params};{scores} "
            f"total time={seconds:6.2f}s"
        )
