"""Why the training of a network ends: a table of rules, and what a user is told of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from sklearn.exceptions import ConvergenceWarning

from sknn_actloss.training.member import MemberSpec, MemberState

#: What to do where numbers explode.
REMEDY = (
    "Scale the inputs (StandardScaler) and, for regression, the targets, or take a loss that "
    "grows slower, such as 'huber'."
)


class StoppingRule(ABC):
    """Ends the training of a network at the end of an epoch.

    Attributes
    ----------
    category : type of Warning
        How a user is warned where there is something to say.
    is_healthy : bool
        Whether the network that it leaves is worth a look for what may be wrong with it.
    """

    category: ClassVar[type[Warning]] = ConvergenceWarning
    is_healthy: ClassVar[bool] = True

    @abstractmethod
    def ends(self, spec: MemberSpec, state: MemberState) -> bool:
        """Whether training ends here; asked twice per epoch, before and after observers."""

    def warning(self, spec: MemberSpec, state: MemberState, advice: str) -> str:
        """Return what to warn of, ``""`` where all is well.

        Parameters
        ----------
        spec, state
            Those of the network.
        advice : str
            What is wrong with the network that came out, and how to mend it; maybe ``""``.
        """
        return advice


class Failure(StoppingRule):
    """Its judge has failed; the error is raised in place of a warning."""

    is_healthy = False

    def ends(self, spec: MemberSpec, state: MemberState) -> bool:
        """Whether there is an error."""
        return state.error is not None


class Divergence(StoppingRule):
    """Loss or weights are not finite."""

    is_healthy = False

    def ends(self, spec: MemberSpec, state: MemberState) -> bool:
        """Whether the latest epoch was not finite."""
        return not state.course.is_finite

    def warning(self, spec: MemberSpec, state: MemberState, advice: str) -> str:
        """Say when, and what to change."""
        if not spec.solver.stochastic:
            return (
                "lbfgs met a loss or weights that are not finite after "
                f"{state.course.n_epochs} iteration(s). The best finite weights are kept. {REMEDY}"
            )
        course = state.course
        # Weights may be finite and their predictions not, which shows in the end only.
        epoch = course.n_epochs + (not course.is_finite)
        return (
            f"Training diverged in epoch {epoch} at a learning rate of {state.rate.current:g}: "
            "loss or weights were not finite. The best finite weights are kept"
            f"{_origin(state)}. Lower learning_rate_init. {REMEDY}"
        )


def _origin(state: MemberState) -> str:
    """Say where the weights that are kept come from, and what they are kept for."""
    start = ", those that training started from" if state.params is state.course.initial else ""
    if state.kept_loss is not None:
        return f"{start}, with a training loss of {state.kept_loss:.6g}"
    if state.kept_score is not None:
        return f"{start}, with a validation score of {state.kept_score:.6g}"
    return start


class Convergence(StoppingRule):
    """Patience is over, and the schedule has no lower rate to go on with."""

    def ends(self, spec: MemberSpec, state: MemberState) -> bool:
        """Whether more than ``n_iter_no_change`` epochs brought no improvement."""
        course = state.course
        if course.no_improvement_count <= spec.n_iter_no_change:
            return False
        course.rate_reduced = state.rate.stalled()
        if course.rate_reduced:
            course.no_improvement_count = 0
        return not course.rate_reduced


class Epochs(StoppingRule):
    """All epochs are done."""

    def ends(self, spec: MemberSpec, state: MemberState) -> bool:
        """Whether there were ``max_iter`` epochs."""
        return state.course.n_epochs == spec.max_iter

    def warning(self, spec: MemberSpec, state: MemberState, advice: str) -> str:
        """Say that training has not converged, unless its schedule has come to a planned end."""
        if spec.schedule.ends_at_horizon:
            return advice
        return (
            f"Stochastic Optimizer: Maximum iterations ({spec.max_iter}) reached and the "
            f"optimization hasn't converged yet. {advice}".rstrip()
        )


class Callback(StoppingRule):
    """A callback wants to stop."""

    def ends(self, spec: MemberSpec, state: MemberState) -> bool:
        """Whether one has said so."""
        return state.stop_requested


class Time(StoppingRule):
    """The time is over."""

    def ends(self, spec: MemberSpec, state: MemberState) -> bool:
        """Whether ``max_time`` seconds have passed in epochs."""
        return state.course.seconds >= spec.max_time

    def warning(self, spec: MemberSpec, state: MemberState, advice: str) -> str:
        """Say how far training has come."""
        return (
            f"Maximum time (max_time={spec.max_time:g} seconds) reached after "
            f"{state.course.n_epochs} iteration(s) and the optimization hasn't converged "
            f"yet. {advice}".rstrip()
        )


class Interruption(StoppingRule):
    """Ctrl-C."""

    category = UserWarning
    is_healthy = False

    def ends(self, spec: MemberSpec, state: MemberState) -> bool:
        """Whether the user has interrupted the training."""
        return state.interrupted

    def warning(self, spec: MemberSpec, state: MemberState, advice: str) -> str:
        """Say so."""
        return "Training interrupted by user."


#: The rules in the order in which they are asked; the first that ends a training gives its outcome.
STOPPING_RULES: dict[str, StoppingRule] = {
    "failed": Failure(),
    "diverged": Divergence(),
    "converged": Convergence(),
    "max_iter": Epochs(),
    "stopped": Callback(),
    "max_time": Time(),
    "interrupted": Interruption(),
}


def apply_rules(spec: MemberSpec, state: MemberState) -> None:
    """Note the outcome of the first rule that ends a training which still goes on."""
    if state.outcome is not None:
        return
    for name, rule in STOPPING_RULES.items():
        if rule.ends(spec, state):
            state.outcome = name
            return
