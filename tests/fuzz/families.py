"""The kinds of draws by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .cases import extreme_case, sane_case
from .draws import Draw
from .encodings import encoder_case, tabular_case
from .searches import search_case

FAMILIES: dict[str, Callable[[Draw], Any]] = {
    "sane": sane_case,
    "extreme": extreme_case,
    "searches": search_case,
    "tables": tabular_case,
    "encoders": encoder_case,
}


def drawn(family: str, seed: int, number: int) -> Any:
    """Return a draw of a family, which can be run."""
    return FAMILIES[family](Draw(family, seed, number))
