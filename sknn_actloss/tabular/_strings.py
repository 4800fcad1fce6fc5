"""What speaks against taking strings of many levels as categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

#: Share of the levels that have to be numbers or dates for the column to count as such.
MOST = 0.9
#: Words a level has on average, and levels there are in a row, from which strings are texts.
WORDS_OF_TEXT = 5
DISTINCT_TEXTS = 0.5


def refuse_unsuited(name: str, counts: Counter) -> None:
    """Raise where many levels are numbers, dates or texts.

    Parameters
    ----------
    name : str
        Name of the column.
    counts : Counter
        How often each level occurs.

    Raises
    ------
    ValueError
        The message names the column and the remedy.
    """
    if _share(float, counts) >= MOST:
        raise ValueError(
            f"Column {name!r} of X holds numbers as strings; turn it into numbers, such as with "
            "pandas.to_numeric(column, errors='coerce'), or name it in categorical_features."
        )
    if _share(datetime.fromisoformat, counts) >= MOST:
        raise ValueError(
            f"Column {name!r} of X holds dates as strings; turn it into dates, such as with "
            "pandas.to_datetime(column), or name it in categorical_features."
        )
    if _is_text(counts):
        raise ValueError(
            f"Column {name!r} of X holds free text; drop it, or replace it by numbers, such as "
            "with scikit-learn's TfidfVectorizer and TruncatedSVD."
        )


def is_identifier(counts: Counter) -> bool:
    """Whether each level occurs once, so that it tells nothing of other rows."""
    return max(counts.values()) == 1


def _share(parse: Callable[[str], Any], counts: Counter) -> float:
    return sum(_parses(parse, level) for level in counts) / len(counts)


def _parses(parse: Callable[[str], Any], level: Any) -> bool:
    try:
        parse(level)
    except (TypeError, ValueError):
        return False
    return True


def _is_text(counts: Counter) -> bool:
    n_words = sum(len(str(level).split()) for level in counts)
    is_long = n_words >= WORDS_OF_TEXT * len(counts)
    return is_long and len(counts) >= DISTINCT_TEXTS * counts.total()
