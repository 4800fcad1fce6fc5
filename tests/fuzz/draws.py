"""Random choices that follow from a few words and numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any


class Draw:
    """Chooses; the same seeds choose the same.

    Parameters
    ----------
    *seeds : str or int
        What the choices follow from.
    """

    def __init__(self, *seeds: str | int) -> None:
        self._random = random.Random(" ".join(map(str, seeds)))

    def chance(self, share: float) -> bool:
        """Whether something happens that does so in a share of all cases."""
        return self._random.random() < share

    def integer(self, low: int, high: int) -> int:
        """Return a whole number between two, both included."""
        return self._random.randint(low, high)

    def choice(self, options: Sequence[Any]) -> Any:
        """Return one of several."""
        return self._random.choice(list(options))

    def some(self, options: Sequence[Any], most: int) -> list[Any]:
        """Return up to so many of several, without repetition."""
        return self._random.sample(list(options), self.integer(1, min(most, len(options))))

    def value(self, options: Sequence[Any]) -> Any:
        """Return one of several options, each of them a value or a :class:`Strategy` for one."""
        option = self.choice(options)
        return option.draw(self) if isinstance(option, Strategy) else option

    def number(self, low: float, high: float, logarithmic: bool = False) -> float:
        """Return a number between two, with few digits."""
        if logarithmic:
            drawn = math.exp(self._random.uniform(math.log(low), math.log(high)))
        else:
            drawn = self._random.uniform(low, high)
        return min(max(float(f"{drawn:.3g}"), low), high)


class Strategy:
    """Draws a value.

    Parameters
    ----------
    draw : callable
        Takes a :class:`Draw`.
    """

    def __init__(self, draw: Callable[[Draw], Any]) -> None:
        self.draw = draw


def between(low: float, high: float) -> Strategy:
    """Return a strategy for numbers between two."""
    return Strategy(lambda draw: draw.number(low, high))


def orders(low: float, high: float) -> Strategy:
    """Return a strategy for numbers between two whose orders of magnitude are alike likely."""
    return Strategy(lambda draw: draw.number(low, high, logarithmic=True))


def whole(low: int, high: int) -> Strategy:
    """Return a strategy for whole numbers between two."""
    return Strategy(lambda draw: draw.integer(low, high))
