"""The rules by which a diagnosis finds what is wrong with a fitted network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sknn_actloss.inspection._course import CourseReport
from sknn_actloss.inspection._inputs import InputReport
from sknn_actloss.inspection._layers import LayerReport
from sknn_actloss.inspection._remedies import Remedies, Remedy
from sknn_actloss.training import EXPLAINED, OFFSET, SCALE_FACTOR, TargetMoments, flaw_of_loss

#: Shares of a layer's units that are too many for any network, and for one that has not learnt.
DEAD, DEAD_UNLEARNT = 0.5, 0.3
#: The same for a layer's outputs.
SATURATED, SATURATED_UNLEARNT = 0.9, 0.6
#: Share of the loss that a network explains which has learnt.
LEARNT = 0.8
#: Factor between the gradients of the first and the last layer.
GRADIENT_FACTOR = 1e3
#: In units of the loss of a constant output, see CourseReport.
LATE_FALL, GAP, RISE = 0.01, 0.25, 0.01
#: In the same units, the late fall below which more epochs do not help.
STILL = 0.001
#: Ratio of a step to the weights above which the rate is high; it is about 1e-3 as a rule.
FAST = 1e-2


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a network.

    Parameters
    ----------
    kind : str
        One of "input_scales", "target_scales", "worse_than_constant", "dead_units",
        "saturation", "vanishing_gradients", "exploding_gradients", "plateau", "overfitting" and
        "oscillation".
    layer : int or None
        Index of the layer in ``coefs_`` and in the report; ``None`` for the network as a whole.
    message : str
        What was found, in numbers.
    advice : str
        What to change, the likeliest remedy first.
    parameters : tuple of str
        The parameters to change, in the same order; "StandardScaler" for a step in front,
        "TransformedTargetRegressor" for one around the network.
    members : tuple of str
        Which of several networks it was found in; empty where there is one.

    See Also
    --------
    Diagnosis : Holds several.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), max_iter=20, tol=0, random_state=0).fit(1e4 * X, y)
    >>> [finding.kind for finding in diagnose(model, 1e4 * X, y).findings][:1]
    ['input_scales']
    """

    kind: str
    layer: int | None
    message: str
    advice: str
    parameters: tuple[str, ...]
    members: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, kind: str, message: str, *remedies: Remedy | None, layer: int | None = None
    ) -> Finding:
        """Make a finding with those of the remedies that apply.

        Parameters
        ----------
        kind, message : str
            As in :class:`Finding`.
        *remedies : (str, str) or None
            Parameters and what to do about them; those that are ``None`` do not apply.
        layer : int or None, default=None
            Index of the layer, ``None`` for the whole network.

        Returns
        -------
        finding : Finding
            The finding.
        """
        given = [remedy for remedy in remedies if remedy is not None]
        advice = "; or ".join(text for _, text in given)
        parameters = tuple(dict.fromkeys(name for name, _ in given))
        return cls(kind, layer, message, f"{advice[:1].upper()}{advice[1:]}.", parameters)


@dataclass(frozen=True)
class Facts:
    """What findings are drawn from.

    Parameters
    ----------
    layers : sequence of LayerReport
    course : CourseReport
    inputs : InputReport
    targets : TargetMoments or None
    remedies : Remedies
    """

    layers: Sequence[LayerReport]
    course: CourseReport
    inputs: InputReport
    targets: TargetMoments | None
    remedies: Remedies

    @property
    def has_learnt(self) -> bool:
        """Whether the training explained most of the loss."""
        return self.course.explained is not None and self.course.explained >= LEARNT


def findings(facts: Facts) -> list[Finding]:
    """Return all that is wrong, causes before what follows from them."""
    return [finding for rule in RULES for finding in rule(facts)]


def shared(members: Mapping[str, Sequence[Finding]]) -> list[Finding]:
    """Return the findings of several networks, each kind and layer once, causes first.

    Parameters
    ----------
    members : dict of str to sequence of Finding
        What was found in each network.
    """
    found: dict[tuple[str, int | None], dict[str, Finding]] = defaultdict(dict)
    for name, flaws in members.items():
        for flaw in flaws:
            found[flaw.kind, flaw.layer][name] = flaw
    kinds = [rule.__name__ for rule in RULES]
    ordered = sorted(found, key=lambda pair: (kinds.index(pair[0]), pair[1] or 0))
    return [_of_members(found[pair], len(members)) for pair in ordered]


def _of_members(found: Mapping[str, Finding], n_networks: int) -> Finding:
    """Return the first of equal findings, saying where all of them are."""
    first = next(iter(found.values()))
    where = "all networks" if len(found) == n_networks else ", ".join(found)
    example = f" ({next(iter(found))})" if len(found) > 1 else ""
    message = f"In {where}{example}: {first.message}"
    return replace(first, message=message, members=tuple(found))


def input_scales(facts: Facts) -> Iterator[Finding]:
    """Inputs on very different scales, far from zero, or large."""
    flaw = _flaw_of_scales(facts.inputs)
    if flaw:
        yield Finding.of("input_scales", flaw, facts.remedies.scaling)


def _flaw_of_scales(inputs: InputReport) -> str:
    if not len(inputs.varying):
        return ""
    std, worst = inputs.std[inputs.varying], int(inputs.offset.argmax())
    if inputs.scale_ratio > SCALE_FACTOR:
        return (
            "The inputs are on very different scales: their standard deviations range from "
            f"{std.min():.3g} to {std.max():.3g}."
        )
    if inputs.offset[worst] > OFFSET:
        return (
            f"Inputs lie far from zero: input {worst} has mean {inputs.mean[worst]:.4g} and is "
            f"at most {inputs.extent[worst]:.3g} away from it."
        )
    if np.median(std) > SCALE_FACTOR:
        return f"The inputs are large: half of their standard deviations exceed {SCALE_FACTOR:g}."
    return ""


def target_scales(facts: Facts) -> Iterator[Finding]:
    """Targets far from zero, large, or tiny."""
    flaw = _flaw_of_targets(facts.targets)
    if flaw:
        yield Finding.of(
            "target_scales", flaw, facts.remedies.target_scaling, facts.remedies.target_transformer
        )


def _flaw_of_targets(targets: TargetMoments | None) -> str:
    return "" if targets is None else targets.flaw


def worse_than_constant(facts: Facts) -> Iterator[Finding]:
    """Predictions that are worse than the best constant."""
    course = facts.course
    flaw = flaw_of_loss(course.loss, course.constant_loss, "rows given")
    if not flaw:
        return
    if _flaw_of_targets(facts.targets):
        remedies = [facts.remedies.target_scaling, facts.remedies.target_transformer]
    elif course.gap is not None and course.gap > GAP:
        remedies = [facts.remedies.stronger_penalty, facts.remedies.early_stopping]
    else:
        remedies = [
            facts.remedies.more_epochs,
            facts.remedies.lower_rate,
            facts.remedies.schedule,
            facts.remedies.weaker_penalty,
        ]
    yield Finding.of(
        "worse_than_constant",
        flaw,
        *(remedies if any(remedies) else [facts.remedies.more_units]),
    )


def dead_units(facts: Facts) -> Iterator[Finding]:
    """Layers in which many units put out zero for all rows."""
    limit = DEAD if facts.has_learnt else DEAD_UNLEARNT
    for index, layer in enumerate(facts.layers):
        if layer.dead is not None and layer.dead >= limit:
            yield Finding.of(
                "dead_units",
                f"{layer.dead:.0%} of the {layer.n_units} units of {layer.name} are dead: they "
                "put out zero for all rows, and no gradient reaches their weights.",
                facts.remedies.lower_rate,
                facts.remedies.leaky_relu,
                facts.remedies.normalization,
                layer=index,
            )


def saturation(facts: Facts) -> Iterator[Finding]:
    """Layers with most outputs at the ends of the activation's range."""
    limit = SATURATED if facts.has_learnt else SATURATED_UNLEARNT
    for index, layer in enumerate(facts.layers):
        if layer.saturated is not None and layer.saturated >= limit:
            yield Finding.of(
                "saturation",
                f"{layer.saturated:.0%} of the outputs of {layer.name} are saturated, within 1 % "
                f"of an end of the range of {layer.activation}, where hardly any gradient passes.",
                facts.remedies.lower_rate,
                facts.remedies.normalization,
                facts.remedies.stronger_penalty,
                layer=index,
            )


def vanishing_gradients(facts: Facts) -> Iterator[Finding]:
    """Gradients that are lost on their way from the last layer to the first."""
    first, last = facts.layers[0].gradient_norm, facts.layers[-1].gradient_norm
    is_blocked = any(layer.dead == 1 for layer in facts.layers)
    if not is_blocked and 0 < last < np.inf and first * GRADIENT_FACTOR <= last:
        yield Finding.of(
            "vanishing_gradients",
            f"Gradients vanish: their norm falls from {last:.2g} in the last layer to "
            f"{first:.2g} in the first one, which hardly learns.",
            facts.remedies.normalization,
            facts.remedies.tanh,
            facts.remedies.skips,
            facts.remedies.fewer_layers,
            layer=0,
        )


def exploding_gradients(facts: Facts) -> Iterator[Finding]:
    """Gradients that grow on their way from the last layer to the first, or are not finite."""
    norms = np.array([layer.gradient_norm for layer in facts.layers])
    is_scaled = not _flaw_of_scales(facts.inputs)
    if not np.isfinite(norms).all() or (is_scaled and norms[0] > GRADIENT_FACTOR * norms[-1] > 0):
        yield Finding.of(
            "exploding_gradients",
            f"Gradients explode: their norm is {norms[-1]:.2g} in the last layer and "
            f"{norms[0]:.2g} in the first one.",
            facts.remedies.clipping,
            facts.remedies.normalization,
            facts.remedies.lower_rate,
            layer=0,
        )


def plateau(facts: Facts) -> Iterator[Finding]:
    """A loss that stands still close to that of a constant output."""
    course = facts.course
    if course.explained is None or course.explained > EXPLAINED or course.late_fall > LATE_FALL:
        return
    if _flaw_of_targets(facts.targets):
        return
    ratios = [layer.update_ratio for layer in facts.layers if layer.update_ratio is not None]
    is_fast = bool(ratios) and np.median(ratios) > FAST
    remedies = [
        facts.remedies.more_epochs if course.late_fall > STILL else None,
        facts.remedies.weaker_penalty,
        facts.remedies.lower_rate if is_fast else facts.remedies.higher_rate,
        facts.remedies.schedule,
        facts.remedies.other_loss,
    ]
    yield Finding.of(
        "plateau",
        f"The loss hardly falls: it is {course.last_loss:.4g}, while a constant output has "
        f"{course.constant_loss:.4g}: the network explains "
        f"{max(course.explained, 0):.0%} of it, and the last third of the epochs added "
        f"{course.late_fall:.1%}. Unless the inputs say no more about the targets, it has not "
        "learnt what it can.",
        *(remedies if any(remedies) else [facts.remedies.more_units]),
    )


def oscillation(facts: Facts) -> Iterator[Finding]:
    """A loss that rises again and again."""
    course = facts.course
    is_scaled = not _flaw_of_targets(facts.targets)
    if is_scaled and course.rise is not None and course.rise > RISE:
        yield Finding.of(
            "oscillation",
            f"The loss goes up and down: its rises add up to {course.rise:.1%} of the loss of a "
            f"constant output ({course.constant_loss:.3g}) per epoch.",
            facts.remedies.lower_rate,
            facts.remedies.larger_batches,
            facts.remedies.schedule,
        )


def overfitting(facts: Facts) -> Iterator[Finding]:
    """A loss on other rows far above that of the training rows."""
    course = facts.course
    if course.gap is not None and course.gap > GAP:
        yield Finding.of(
            "overfitting",
            f"The loss on the {course.gap_rows} lies above the training loss by {course.gap:.0%} "
            f"of the loss of a constant output ({course.constant_loss:.3g}).",
            facts.remedies.stronger_penalty,
            facts.remedies.dropout,
            facts.remedies.early_stopping,
            facts.remedies.fewer_units,
        )


#: What is looked for, causes before what follows from them.
RULES = (
    input_scales,
    target_scales,
    worse_than_constant,
    dead_units,
    saturation,
    vanishing_gradients,
    exploding_gradients,
    plateau,
    oscillation,
    overfitting,
)
