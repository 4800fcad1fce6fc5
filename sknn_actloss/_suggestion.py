"""What a user may have meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(value: object, names: Iterable[str]) -> str:
    """Return a sentence with the name that is nearest to a value, ``""`` where none is near."""
    if not isinstance(value, str):
        return ""
    known = {_plain(name): name for name in names}
    found = get_close_matches(_plain(value), known, n=1)
    return f" Did you mean {known[found[0]]!r}?" if found else ""


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))
