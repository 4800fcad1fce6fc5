"""Texts that several docstrings share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T", bound=type)


def filled(sections: Mapping[str, str]) -> Callable[[T], T]:
    """Return a decorator of classes that fills sections into their docstrings.

    Parameters
    ----------
    sections : mapping of str to str
        Texts by the names that stand for them in braces; they take over the indentation.
    """
    pattern = re.compile(rf"(?P<indent>(?m:^ *))?\{{(?P<name>{'|'.join(sections)})\}}")

    def section(match: re.Match[str]) -> str:
        indent = match["indent"] or ""
        return indent + sections[match["name"]].replace("\n", "\n" + indent)

    def decorate(cls: T) -> T:
        cls.__doc__ = pattern.sub(section, cls.__doc__ or "")
        return cls

    return decorate
