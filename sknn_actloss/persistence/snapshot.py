"""Where a training stands, as plain data.

State is what dataclasses hold in their fields, and the state of random streams. Fields whose
metadata say ``{"saved": False}`` are none of it, such as settings, which follow from the parameters
of an estimator and are made anew from these.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def snapshot(state: Any) -> Any:
    """Return state as dicts, lists and tuples of numbers, strings, arrays and ``None``.

    Dataclasses become dicts of their saved fields, random streams become what NumPy takes their
    state from. Arrays are not copied.
    """
    if is_dataclass(state):
        return {name: snapshot(getattr(state, name)) for name in state_fields(state)}
    if isinstance(state, np.random.RandomState):
        return state.get_state(legacy=False)
    if isinstance(state, np.random.Generator):
        return state.bit_generator.state
    if isinstance(state, dict):
        return {name: snapshot(value) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(map(snapshot, state))
    return state


def restore(state: Any, saved: Any) -> Any:
    """Bring state to where it was when a snapshot was made, and return it.

    Dataclasses and random streams are changed in place: where the snapshot has one, ``state``
    has to have it too. Everything else is replaced by what was saved.

    Raises
    ------
    ValueError
        If a dataclass has other fields than were saved.
    """
    if is_dataclass(state):
        return _restore_fields(state, saved)
    if isinstance(state, np.random.RandomState):
        state.set_state(saved)
        return state
    if isinstance(state, np.random.Generator):
        state.bit_generator.state = saved
        return state
    if isinstance(saved, dict):
        old = state if isinstance(state, dict) else {}
        return {name: restore(old.get(name), value) for name, value in saved.items()}
    if isinstance(saved, list | tuple) and isinstance(state, type(saved)):
        padded = (*state, *[None] * len(saved))
        return type(saved)(map(restore, padded, saved))
    return saved


def _restore_fields(state: Any, saved: dict[str, Any]) -> Any:
    names = state_fields(state)
    if set(names) != set(saved):
        kind = type(state).__name__
        raise ValueError(f"{kind} has the fields {names}, but {sorted(saved)} were saved.")
    for name in names:
        setattr(state, name, restore(getattr(state, name), saved[name]))
    return state


def state_fields(state: Any) -> list[str]:
    """Return the names of the fields of a dataclass that are saved."""
    return [field.name for field in fields(state) if field.metadata.get("saved", True)]
