"""The campaign: many draws, a table of what they came to, and code for each fault.

::

    python -m tests.fuzz --sane 20000 --extreme 5000 --seed 1

``--start 7000`` goes on with the draw of that number in each family.
"""

from __future__ import annotations

import argparse
import signal
import time
from collections import Counter
from typing import Any

from threadpoolctl import threadpool_limits

from .families import FAMILIES, drawn
from .outcomes import Outcome
from .reproducers import code, shrunk

#: Seconds after which a draw counts as hung.
PATIENCE = 60


def campaign(family: str, seed: int, start: int, stop: int, verbose: bool) -> Counter[str]:
    """Make draws, print those that are faults, and return the number of each outcome."""
    counts: Counter[str] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    for number in range(start, stop):
        case = drawn(family, seed, number)
        outcome = _in_time(case)
        counts[outcome.kind] += 1
        reasons[f"{outcome.kind} {outcome.text:.70}"] += 1
        if outcome.is_fault:
            seen[outcome.signature] += 1
            if seen[outcome.signature] == 1:
                _report(case, outcome, f"{family}, seed {seed}, number {number}")
        if (number + 1) % 1000 == 0:
            print(f"{family} {number + 1}: {dict(counts)}", flush=True)
    if verbose:
        _print_table("reason", reasons)
    return counts


def _in_time(case: Any) -> Outcome:
    signal.alarm(PATIENCE)
    try:
        return case.run()
    finally:
        signal.alarm(0)


def _report(case: Any, outcome: Outcome, name: str) -> None:
    print(f"\n# {name}: {outcome.kind} at {outcome.place}\n# {outcome.text:.300}")
    print(code(shrunk(case, outcome)), flush=True)


def _print_table(title: str, counts: Counter[str]) -> None:
    print(f"\n{title}")
    for name, count in counts.most_common():
        print(f"{count:8}  {name}")


def _hung(*_: Any) -> None:
    raise TimeoutError(f"a draw took more than {PATIENCE} seconds")


def main() -> None:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__)
    for family in FAMILIES:
        parser.add_argument(f"--{family}", type=int, default=0, metavar="N", help="draws")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="number of the first draw")
    parser.add_argument("--verbose", action="store_true", help="count all reasons")
    asked = vars(parser.parse_args())
    signal.signal(signal.SIGALRM, _hung)
    with threadpool_limits(1):
        for family in FAMILIES:
            if asked[family]:
                begin = time.perf_counter()
                counts = campaign(
                    family, asked["seed"], asked["start"], asked[family], asked["verbose"]
                )
                seconds = time.perf_counter() - begin
                _print_table(f"{family} ({seconds:.0f} s)", counts)


if __name__ == "__main__":
    main()
