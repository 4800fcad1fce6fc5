"""A failing draw made small, and written as code to copy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from typing import Any

import numpy as np

from .outcomes import Outcome


def shrunk(case: Any, outcome: Outcome) -> Any:
    """Return a case that fails alike, with what does not matter for it at its default.

    Parameters
    ----------
    case : dataclass with a method ``run``
    outcome : Outcome
        What running it comes to.
    """
    for smaller in _smaller(case):
        if smaller.run().signature == outcome.signature:
            return shrunk(smaller, outcome)
    return case


def code(case: Any) -> str:
    """Return lines that make a case and run it."""
    imports: set[str] = set()
    made = _source(case, imports)
    return "\n".join([*sorted(imports), f"print({made}.run())"])


def _smaller(value: Any) -> Iterator[Any]:
    """Yield copies of a dataclass with one thing less, or one thing at its default."""
    for field in fields(value):
        own = getattr(value, field.name)
        if isinstance(own, dict):
            kept = ({n: v for n, v in own.items() if n != name} for name in own)
            yield from (replace(value, **{field.name: part}) for part in kept)
        elif is_dataclass(own):
            yield from (replace(value, **{field.name: part}) for part in _smaller(own))
        elif isinstance(own, tuple) and own:
            parts = (own[:i] + own[i + 1 :] for i in range(len(own)))
            yield from (replace(value, **{field.name: part}) for part in parts)
        elif field.default is not MISSING and field.default != own:
            yield replace(value, **{field.name: field.default})


def _source(value: Any, imports: set[str]) -> str:
    """Return the code of a value, and note what it needs."""
    if isinstance(value, dict):
        parts = (f"{_source(k, imports)}: {_source(v, imports)}" for k, v in value.items())
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list | tuple):
        inside = ", ".join(_source(part, imports) for part in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    if isinstance(value, float) and not isinstance(value, np.generic) and not math.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, np.ndarray | np.generic):
        return _source_of_array(value, imports)
    if isinstance(value, type) or hasattr(value, "__qualname__"):
        return _name(value, imports)
    if is_dataclass(value):
        changed = _changed(value).items()
        own = ", ".join(f"{name}={_source(part, imports)}" for name, part in changed)
        return f"{_name(type(value), imports)}({own})"
    if hasattr(value, "get_params") or hasattr(value, "split"):
        _name(type(value), imports)
    return repr(value)


def _changed(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that are not at their defaults."""
    own = {field.name: getattr(value, field.name) for field in fields(value)}
    return {f.name: own[f.name] for f in fields(value) if repr(own[f.name]) != repr(_default(f))}


def _default(field: Field) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _source_of_array(value: Any, imports: set[str]) -> str:
    imports.add("import numpy as np")
    return f"np.array({_source(value.tolist(), imports)}, dtype={value.dtype.str!r})[()]"


def _name(named: Any, imports: set[str]) -> str:
    module = getattr(named, "__module__", None) or "builtins"
    if isinstance(named, np.ufunc):
        module = "numpy"
    if module != "builtins":
        imports.add(f"from {module} import {named.__qualname__}")
    return named.__qualname__
