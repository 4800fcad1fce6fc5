"""Whether what was saved can be where a training stands, looked at before anything is changed."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import is_dataclass
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from sknn_actloss.persistence.snapshot import restore, state_fields
from sknn_actloss.training import STOPPING_RULES, Member, Run


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


#: What values of annotated fields are; whole numbers of a state are counts.
_TESTS = {
    Any: lambda value: True,
    NoneType: lambda value: value is None,
    bool: lambda value: isinstance(value, bool | np.bool_),
    float: lambda value: isinstance(value, Real) and not isinstance(value, bool),
    int: lambda value: _is_whole(value) and value >= 0,
    str: lambda value: isinstance(value, str),
}


def check(run: Run, saved: Any) -> None:
    """Raise a ValueError where a run cannot be brought to what was saved.

    Parameters
    ----------
    run : Run
        Not yet begun.
    saved : object
        What was read from a file.
    """
    state = run.state()
    _check(isinstance(saved, dict) and set(saved) == set(state), "the parts", saved)
    members = saved["members"]
    is_whole = isinstance(members, list) and len(members) == run.n_members
    _check(is_whole, f"the list of {run.n_members} members", members)
    for member, own in zip(run.members, members, strict=True):
        _check_fields(member.state, own)
        _check_member(run, member, own)
    _check_draws(run, saved["draws"])
    n_left = sum(own["outcome"] is None for own in members)
    _check_array("params", saved["params"], run.params[:n_left] if n_left else None)
    _check_rows(run, saved)
    for name in ("stream", "masks"):
        _check_streams(name, state[name], saved[name])


def _check(is_right: bool, name: str, value: Any) -> None:
    if not is_right:
        raise ValueError(f"{name} cannot be {value!r:.100}")


def _check_fields(state: Any, saved: Any) -> None:
    """Compare what was saved of a dataclass with the annotations of its fields."""
    kind = type(state)
    names = state_fields(state)
    _check(isinstance(saved, dict) and set(saved) == set(names), f"{kind.__name__}", saved)
    hints = get_type_hints(kind)
    for name in names:
        if is_dataclass(getattr(state, name)):
            _check_fields(getattr(state, name), saved[name])
        else:
            _check(_is_a(hints[name], saved[name]), f"{kind.__name__}.{name}", saved[name])


def _is_a(hint: Any, value: Any) -> bool:
    if hint in _TESTS:
        return _TESTS[hint](value)
    if get_origin(hint) is UnionType:
        return any(_is_a(part, value) for part in get_args(hint))
    if get_origin(hint) is list:
        (part,) = get_args(hint)
        return isinstance(value, list) and all(_is_a(part, item) for item in value)
    return isinstance(value, get_origin(hint) or hint)


def _check_member(run: Run, member: Member, saved: dict[str, Any]) -> None:
    layout, dtype = run.task.layout, run.params.dtype
    row, course = run.params[0], saved["course"]
    _check(saved["outcome"] in (None, *STOPPING_RULES), "outcome", saved["outcome"])
    _check(course["n_epochs"] <= member.spec.max_iter, "n_epochs", course["n_epochs"])
    for name, value in (
        ("params", saved["params"]),
        *((name, course[name]) for name in ("start", "initial", "best", "before_best", "latest")),
    ):
        _check_array(name, value, None if value is None else row)
    trained = np.zeros((1, layout.n_params), dtype)
    _check_buffers("solver", saved["solver"], member.spec.solver.init_state(trained))  # type: ignore[attr-defined]
    averages = {"values": trained, "count": 0, "last": trained}
    _check_buffers("average", saved["average"], averages if member.spec.averaging else {})
    # Schedules of one's own know best what they remember.
    schedule, memory = member.spec.schedule, copy.deepcopy(saved["rate"]["_memory"])
    schedule.observe(0.0, memory)


def _check_buffers(name: str, saved: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compare what a solver or an average remembers, maybe nothing, with how it begins."""
    if not saved:
        return
    _check(set(saved) == set(expected) - {"scratch"}, f"the entries of {name}", [*saved])
    for entry, value in saved.items():
        if isinstance(expected[entry], np.ndarray):
            _check_array(f"{name}[{entry!r}]", value, expected[entry])
        else:
            _check(_is_a(int, value), f"{name}[{entry!r}]", value)


def _check_array(name: str, value: Any, like: np.ndarray | None) -> None:
    if like is None:
        _check(value is None, name, value)
        return
    is_like = isinstance(value, np.ndarray) and (value.shape, value.dtype) == (
        like.shape,
        like.dtype,
    )
    _check(is_like, name, value)


def _check_rows(run: Run, saved: dict[str, Any]) -> None:
    """Check the indices of rows: those to learn from, their order, and those held out."""
    task, rows = run.task, saved["rows"]
    _check(isinstance(rows, tuple) and len(rows) == 2, "rows", rows)
    held_out = None if task.holdout is None else task.holdout.rows
    for value, own in zip(rows, (task.train_rows, held_out), strict=True):
        is_like = value is None if own is None else _are_indices(value, task.y.n_rows)
        _check(is_like, "rows", value)
    order, train_rows = saved["order"], rows[0]
    if order is not None:
        expected = np.arange(task.n_rows) if train_rows is None else np.sort(train_rows)
        is_order = isinstance(order, np.ndarray) and np.array_equal(np.sort(order), expected)
        _check(is_order and order.dtype.kind in "iu", "order", order)


def _check_draws(run: Run, draws: Any) -> None:
    """Check what each member learns from and is judged by, where these differ."""
    is_whole = isinstance(draws, list) and len(draws) == run.n_members
    _check(is_whole, f"the list of {run.n_members} draws", draws)
    for draw, member in zip(draws, run.members, strict=True):
        if member.draw is None:
            _check(draw is None, "a draw", draw)
            continue
        _check(isinstance(draw, tuple) and len(draw) == len(member.draw), "a draw", draw)
        counts, rows = draw
        _check_array("counts of rows", counts, member.draw.counts)
        _check(_are_indices(rows, run.task.y.n_rows), "rows of a draw", rows)


def _are_indices(rows: Any, n_rows: int) -> bool:
    is_array = isinstance(rows, np.ndarray) and rows.ndim == 1 and rows.dtype.kind in "iu"
    return is_array and rows.size > 0 and bool(((rows >= 0) & (rows < n_rows)).all())


def _check_streams(name: str, state: Any, saved: Any) -> None:
    """Bring copies of random streams to what was saved of them."""
    if isinstance(state, Sequence):
        is_whole = isinstance(saved, list | tuple) and len(saved) == len(state)
        _check(is_whole, f"the list of {name}", saved)
        for own, part in zip(state, saved, strict=True):
            _check_streams(name, own, part)
        return
    _check((saved is None) == (state is None), name, saved)
    restore(copy.deepcopy(state), saved)
