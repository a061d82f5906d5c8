"""The constant ``concurbench.verdicts.pairs.PROCESS``, chosen on one half of the runs.

It is the smallest with which the intervals of single pairs held as often as they claim, for rows that
wait and for rows that compute. A larger one makes intervals wider, and leaves more groups undecided.
"""

from __future__ import annotations

from collections.abc import Sequence

from concurbench.verdicts.choice import LEVEL
from concurbench.verdicts.pairs import PROCESS
from studies.verdicts.figures import Count, Judged, pairs_held

TRIED = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
"""The values, in rising order."""

KINDS = {"waiting": False, "CPU-bound": True}
"""Whether the rows of a group compute."""


def chosen(cases: Sequence[Judged]) -> tuple[float, dict[str, Count]] | None:
    """The value, and how often intervals held with it; None if no value is enough."""
    for value in TRIED:
        held = {
            kind: pairs_held([each for each in cases if each.computes is computes], value)
            for kind, computes in KINDS.items()
        }
        if all(not each.of or each.share >= LEVEL for each in held.values()):
            return value, held
    return None


def sentence(cases: Sequence[Judged]) -> str:
    """Which constant is in use, and which one these runs would choose."""
    found = chosen(cases)
    if found is None:
        return f"`PROCESS` is {PROCESS:g}; no tried value is enough for the first half of the runs."
    value, held = found
    shares = ", ".join(f"{kind} {each.share:.1%}" for kind, each in held.items() if each.of)
    return (
        f"`PROCESS` is {PROCESS:g}. In the first half of the runs, {value:g} is the smallest tried "
        f"value with which at least {LEVEL:.0%} of the intervals of pairs held: {shares}."
    )
