"""Texts that several docstrings share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from inspect import cleandoc
from typing import Any, TypeVar

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


_SECTION = re.compile(r"^ *(Parameters|Returns|Yields|Raises)\n *-+$", re.MULTILINE)


def inherit_docs(cls: T) -> T:
    """Complete the docstrings of public methods and properties by those that they override.

    One without a docstring takes over the whole; one that has no sections keeps its text and takes
    over the sections.

    Parameters
    ----------
    cls : type
        The class; its docstrings are changed.

    Returns
    -------
    cls : type
        The same class, so that this serves as a decorator.
    """
    for name, member in vars(cls).items():
        own = _documented(member)
        if name.startswith("_") or own is None or _SECTION.search(own.__doc__ or ""):
            continue
        inherited = next((vars(base)[name] for base in cls.__mro__[1:] if name in vars(base)), None)
        text = getattr(_documented(inherited), "__doc__", None)
        if text:
            own.__doc__ = _completed(own.__doc__, cleandoc(text))
    return cls


def _documented(member: Any) -> Any:
    """Return what holds the docstring of a member of a class, ``None`` for other members."""
    if isinstance(member, classmethod | staticmethod):
        return member.__func__
    return member if isinstance(member, property) or callable(member) else None


def _completed(text: str | None, inherited: str) -> str:
    if not text:
        return inherited
    sections = _SECTION.search(inherited)
    return f"{cleandoc(text)}\n\n{inherited[sections.start() :]}" if sections else text
