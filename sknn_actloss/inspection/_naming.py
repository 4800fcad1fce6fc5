"""What displays are given, with a name for each: one thing, several, or several by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sknn_actloss._component import Component
from sknn_actloss.inspection._members import Share
from sknn_actloss.inspection._networks import find_network, find_networks


def label(value: Any) -> str:
    """Return a short text for a legend; of a component, only the fields off their defaults."""
    if not isinstance(value, Component):
        # matplotlib leaves names with an underscore in front out of legends.
        return getattr(value, "__name__", str(value)).lstrip("_")
    changed = (
        f"{field.name}={label(getattr(value, field.name))}"
        for field in fields(value)
        if repr(getattr(value, field.name)) != repr(field.default)
    )
    return f"{type(value).__name__}({', '.join(changed)})"


def labels(values: Sequence[Any]) -> list[str]:
    """Return the label of each value."""
    return [label(value) for value in values]


def by_name(
    things: Any,
    names: str | Sequence[str] | None,
    parameter: str,
    default_names: Callable[[Sequence[Any]], list[str]] = labels,
) -> dict[str, Any]:
    """Return what the user gave by name.

    Parameters
    ----------
    things : object, iterable or mapping
        One thing, several, or several by name.
    names : str, sequence of str or None
        Their names; ``None`` for default ones.
    parameter : str
        What the argument is called, for error messages.
    default_names : callable
        Takes the list of things and returns their names, which may repeat.

    Raises
    ------
    ValueError
        If there is nothing, or the names do not fit the things.
    """
    if isinstance(things, Mapping):
        if names is not None:
            raise ValueError(f"names={names!r} and the keys of {parameter} both give names.")
        named = dict(things)
    else:
        several = isinstance(things, Iterable) and not isinstance(things, str)
        things = list(things) if several else [things]
        names = _distinct(default_names(things)) if names is None else _checked(names, len(things))
        named = dict(zip(names, things, strict=True))
    if not named:
        raise ValueError(f"{parameter} is empty; give at least one.")
    return named


def _checked(names: str | Sequence[str], n_things: int) -> list[str]:
    names = [names] if isinstance(names, str) else list(names)
    if len(names) != n_things or len(set(names)) != n_things:
        raise ValueError(f"names={names!r} must be {n_things} different names, one for each.")
    return names


def _distinct(names: Sequence[str]) -> list[str]:
    """Number the names that repeat."""
    repeated = {name for name in names if names.count(name) > 1}
    return [
        f"{name} ({names[:index].count(name) + 1})" if name in repeated else name
        for index, name in enumerate(names)
    ]


def estimators_by_name(estimators: Any, names: str | Sequence[str] | None) -> dict[str, Any]:
    """Return what the user gave, by default named by what sets the networks within apart.

    Committees and ensembles are taken apart into their members.
    """
    if names is None and not isinstance(estimators, Mapping):
        given = estimators if isinstance(estimators, Iterable) else [estimators]
        estimators = [own for estimator in given for own in _members(estimator).values()]
    named = by_name(estimators, names, "estimator", lambda given: _differences(networks(given)))
    return {
        (f"{name}, {member}" if member else name): own
        for name, estimator in named.items()
        for member, own in _members(estimator).items()
    }


def networks_by_name(estimators: Any, names: str | Sequence[str] | None) -> dict[str, Any]:
    """Return the networks within what the user gave, by the same names."""
    found = estimators_by_name(estimators, names)
    return dict(zip(found, networks(found.values()), strict=True))


def networks(estimators: Iterable[Any]) -> list[Any]:
    """Return the network within each estimator."""
    return [find_network(estimator).network for estimator in estimators]


def _members(estimator: Any) -> dict[str, Any]:
    """Return an estimator that holds one network as it is, and those within another by name."""
    members = {}
    for name, found in find_networks(estimator, apart=False).items():
        shares = [outer for outer in found.around if isinstance(outer, Share)]
        members[name] = shares[-1].member if shares else estimator
    return members


def _differences(networks: Sequence[Any]) -> list[str]:
    """Name networks by the parameters in which they differ, or else by their classes."""
    params = [network.get_params(deep=False) for network in networks]
    shared = [name for name in params[0] if all(name in own for own in params)] if params else []
    differing = [name for name in shared if len({label(own[name]) for own in params}) > 1]
    kinds = [type(network).__name__ for network in networks]
    if len({type(network) for network in networks}) > 1:
        kinds = [f"{type(n).__module__.partition('.')[0]} {type(n).__name__}" for n in networks]
    elif differing:
        kinds = [""] * len(networks)
    texts = [[f"{name}={label(own[name])}" for name in differing] for own in params]
    return [", ".join(filter(None, [kind, *text])) for kind, text in zip(kinds, texts, strict=True)]
