"""The kinds of draws by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .cases import extreme_case, sane_case
from .draws import Draw

FAMILIES: dict[str, Callable[[Draw], Any]] = {
    "sane": sane_case,
    "extreme": extreme_case,
}


def drawn(family: str, seed: int, number: int) -> Any:
    """Return a draw of a family, which can be run."""
    return FAMILIES[family](Draw(family, seed, number))
