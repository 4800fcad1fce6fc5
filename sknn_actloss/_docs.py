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


#: Sections of docstrings in their order, the summary first.
_ORDER = (
    *("", "Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns", "See Also", "Notes"),
    *("References", "Examples"),
)
_TITLE = re.compile(rf"^({'|'.join(_ORDER[1:])})\n-+\n", re.MULTILINE)


def inherit_docs(cls: T) -> T:
    """Complete docstrings of a class by those of its bases.

    A public method or property without a docstring takes over that of what it overrides, and one
    with a docstring the sections on arguments, results and errors that it lacks. A class that
    tells of nothing else to see takes over what its base tells.

    Parameters
    ----------
    cls : type
        The class; its docstrings are changed.

    Returns
    -------
    cls : type
        The same class, so that this serves as a decorator.
    """
    bases = cls.__mro__[1:]
    for name, member in vars(cls).items():
        own = _described(member)
        if own is None or name.startswith("_"):
            continue
        overridden = next((vars(base)[name] for base in bases if name in vars(base)), None)
        inherited = getattr(_described(overridden), "__doc__", None)
        if inherited and not own.__doc__:
            own.__doc__ = inherited
        elif inherited:
            own.__doc__ = _completed(own.__doc__, inherited, ("Parameters", "Returns", "Raises"))
    told = (base.__doc__ for base in bases if "See Also\n" in (base.__doc__ or ""))
    if cls.__doc__ and (inherited := next(told, None)):
        cls.__doc__ = _completed(cls.__doc__, inherited, ("See Also",))
    return cls


def _described(member: Any) -> Any:
    """Return what holds the docstring of a member of a class, ``None`` for other members."""
    if isinstance(member, classmethod | staticmethod):
        return member.__func__
    return member if isinstance(member, property) or callable(member) else None


def _sections(text: str) -> dict[str, str]:
    """Return the sections of a docstring by title, the summary under ``""``."""
    summary, *parts = _TITLE.split(cleandoc(text))
    return {"": summary, **dict(zip(parts[::2], parts[1::2], strict=True))}


def _completed(text: str, inherited: str, titles: tuple[str, ...]) -> str:
    missing = [title for title in titles if f"{title}\n" in inherited and f"{title}\n" not in text]
    if not missing:
        return text
    own, other = _sections(text), _sections(inherited)
    found = own | {title: other[title] for title in missing}
    parts = [found.pop("").rstrip()]
    for title in sorted(found, key=_ORDER.index):
        parts.append(f"{title}\n{'-' * len(title)}\n{found[title].rstrip()}")
    return "\n\n".join(parts) + "\n"
