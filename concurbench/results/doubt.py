"""Rows that seem to beat the best possible: which, and what may have made them.

Nothing beats its limit. Where a row does, something was disturbed while the row, or the one its limit
comes from, was measured; what is known of both is looked through for the cause.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from concurbench import units
from concurbench.results.runs import BASELINE, POSSIBLE

NOTICED = 0.02
"""A share of the cores' time, or a difference in speed, that could be the cause: as much as is believed
without one."""

Info = Mapping[str, Any]
"""A row's ``extra_info``."""


def judge(rows: Iterable[tuple[str | None, dict[str, Any]]]) -> None:
    """Add ``doubt`` to each row, once all have their efficiency: why it is above what is possible, in a
    few words; empty where it is not. Each row is its group and its ``extra_info``."""
    rows = list(rows)
    baselines = {group: info for group, info in rows if info.get("model") == BASELINE}
    for group, info in rows:
        beats = (info.get("efficiency") or 0.0) > POSSIBLE
        # A limit that comes from no other row can only be beaten by the row itself.
        source = baselines.get(group) if "capacity_near" in info else None
        info["doubt"] = "; ".join(causes(info, source)) if beats else ""


def causes(row: Info, source: Info | None) -> list[str]:
    """What may have let a row beat its limit, which comes from the time of ``source``."""
    found = []
    for name, told in (("steal", "steal"), ("others", "other programs")):
        shares = [
            f"{share:.0%} beside {info['model']}"
            for info in filter(None, (source, row))
            if (share := (info.get("around") or {}).get(name) or 0.0) >= NOTICED
        ]
        if shares:
            found.append(f"{told} {', '.join(shares)}")
    theirs, own = (((info or {}).get("around") or {}).get("speed") for info in (source, row))
    if theirs and own and own / theirs - 1 >= NOTICED:
        found.append(f"drift: the machine was {own / theirs - 1:.0%} slower around {BASELINE}")
    times = [statistics.median(each["seconds"]) for each in (source or {}).get("passes", ())]
    if times and row["efficiency"] * min(times) / statistics.median(times) <= POSSIBLE:
        told = f"{units.time(min(times))} to {units.time(max(times))}"
        found.append(f"drift: {BASELINE} took {told}, from pass to pass")
    return found or ["no steal and no drift seen: a figure as uncertain as its interval"]
