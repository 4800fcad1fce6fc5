"""A fit of one estimator: its networks, how they train, and the attributes that come of it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from sknn_actloss.estimators._attributes import (
    Template,
    committee_attributes,
    final_params,
    network_attributes,
)
from sknn_actloss.estimators._out_of_fold import (
    OutOfFold,
    gives_probabilities,
    read_predictions,
    temperature_of,
)
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._validation import Request, checked_weights
from sknn_actloss.estimators._warnings import Story, warn_of
from sknn_actloss.persistence import resumable, snapshot
from sknn_actloss.training import FitResult, Member, Observer, Run, Task, settle

#: Parameters that leave the result as it is.
WITHOUT_INFLUENCE = {"checkpoint", "verbose"}


@dataclass(eq=False)
class Fit:
    """A fit of one estimator.

    Parameters
    ----------
    settings : Settings
    request : Request
    template : Template
        The estimator without its networks.
    run : Run
        The networks, or what they are trained along with.
    members : list of Member
        The networks.
    fresh : bool
        Whether they start from initial weights.
    incremental : bool
        Whether this is a call of ``partial_fit``.
    n_seen : int
        Rows that each network has gone through in earlier fits.
    """

    settings: Settings
    request: Request
    template: Template
    run: Run
    members: list[Member]
    fresh: bool
    incremental: bool
    n_seen: int

    def training(self) -> AbstractContextManager[Callable[[Observer], FitResult]]:
        """Give what trains all networks, and resumes and saves as the estimator asks for."""
        settings = self.settings
        if self.incremental:
            return nullcontext(partial(self.run.train, n_epochs=1))
        if settings.checkpoint is None:
            return nullcontext(self.run.train)
        name = type(self.template.estimator).__name__
        return resumable(self.run, settings.checkpoint, name, self._identity(), settings.verbose)

    def attributes(self, result: FitResult) -> dict[str, Any]:
        """Return all attributes of the fitted estimator.

        Parameters
        ----------
        result : FitResult
            What training has come to, of these networks and maybe of others.

        Raises
        ------
        ValueError
            If training has come to no finite weights.
        Exception
            What judging a network failed with.
        """
        for member in self.members:
            settle(self.run.task, member, self.incremental)
        params = np.stack([final_params(member, self.template.dtype) for member in self.members])
        found = self._out_of_fold(params) if self.settings.resamples else {}
        params = params.astype(self.template.dtype, copy=False)
        if self.settings.n_members == 1:
            return self._of_network(result, self.members[0], params[0])
        own = [
            self._of_network(result, member, row)
            for member, row in zip(self.members, params, strict=True)
        ]
        # A call of many adds an epoch to curves, whose means are known so far.
        earlier = vars(self.template.estimator) if self.incremental and not self.fresh else {}
        attributes = self.template.fitted_attributes(params) | committee_attributes(own, earlier)
        return attributes | found | {"members_": [self._alone(network) for network in own]}

    def warn(self) -> None:
        """Warn where training has not come to its end, or a network is not well."""
        is_regression = self.template.attributes["_targets"].kind == "continuous"
        story = Story(self.run.task, self.settings, is_regression, self.fresh, self.incremental)
        warn_of(self.members, story)

    def _of_network(self, result: FitResult, member: Member, params: np.ndarray) -> dict[str, Any]:
        """Return the attributes of an estimator of a single network."""
        n_rows = self.n_seen + member.state.course.n_epochs * result.n_rows
        own = network_attributes(member, n_rows, result.streams, vars(self.template.estimator))
        if member.spec.solver.stochastic:
            own["_monitored"] = monitored(self.settings, self.run.task)
            if self.settings.warm_start or self.incremental:
                own["_workspace"] = result.workspace
        return self.template.fitted_attributes(params) | own

    def _out_of_fold(self, params: np.ndarray) -> dict[str, Any]:
        """Return what networks say of rows that they have left out; calibrates their weights."""
        model, targets = self.members[0].spec.model, self.template.attributes["_targets"]
        are_classes = targets.kind in ("binary", "multiclass")
        out_of_fold = OutOfFold.of(self.run.task, self.members, params, draws_lots=are_classes)
        found: dict[str, Any] = {}
        if self.settings.committee.calibrate is not None:
            found["temperature_"] = temperature_of(out_of_fold, model)
            self._cool(params, found["temperature_"])
            out_of_fold = out_of_fold.cooled(found["temperature_"])
        said = out_of_fold.mean(lambda raw: read_predictions(targets, model, raw))
        seen = out_of_fold.mean(lambda raw: model.output(raw)[0])
        # By the weights of rows alone, as ``score`` goes: those of classes shape what is learned.
        own, rows = self.request.sample_weight, out_of_fold.rows
        if own is not None:
            own = checked_weights(own, self.run.task.y)[rows].astype(np.float64)
        score = targets.score(targets.look(model, seen), out_of_fold.y, own)
        said = out_of_fold.spread(said)
        single = said.ndim == 2 and said.shape[1] == 1 and not gives_probabilities(targets, model)
        found |= {"_out_of_fold": out_of_fold, "oof_score_": score}
        return found | {"oof_prediction_": said.ravel() if single else said}

    def _cool(self, params: np.ndarray, temperature: float) -> None:
        """Divide the raw outputs of all networks by a temperature, in their last layer."""
        layout = self.template.layout
        for name in ("coefs_", "intercepts_"):
            last = layout.views(params)[name, layout.n_layers - 1]
            np.divide(last, temperature, last)

    def _alone(self, attributes: Mapping[str, Any]) -> Any:
        """Return an estimator of a single network, with the attributes of one of a committee."""
        estimator = self.template.estimator
        alone = object.__new__(type(estimator))
        vars(alone).update(
            {name: v for name, v in vars(estimator).items() if name.strip("_") == name}
        )
        vars(alone).update(attributes, n_members=1)
        return alone

    def _identity(self) -> Any:
        """Return all that training depends on, for what is saved of it."""
        settings, request, task = self.settings, self.request, self.run.task
        parameters = {n: v for n, v in settings.given.items() if n not in WITHOUT_INFLUENCE}
        if settings.random_state is not None:
            parameters["random_state"] = task.random_state
        data = {"X": task.X, "y": task.y, "sample_weight": task.sample_weight}
        if request.groups is not None:
            data["groups"] = np.asarray(request.groups)
        if request.has_rows:
            own = task.holdout
            data |= {"X_val": own.X, "y_val": own.y, "sample_weight_val": own.sample_weight}
        start = None
        if not self.fresh:
            states = [snapshot(member.state) for member in self.members]
            start = states, self.run.params, self.n_seen
        return type(self.template.estimator), parameters, len(self.members), data, start


def monitored(settings: Settings, task: Task) -> tuple[Any, int] | None:
    """Return what tells the records of warm starts apart: monitor, and rows given to fit."""
    holdout = task.holdout
    if holdout is None:
        return None
    given = b"" if holdout.X is None else holdout.y.contents.tobytes()
    return settings.monitor, zlib.crc32(given)
