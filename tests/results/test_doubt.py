"""Rows that seem to beat their limit, and what may have made them."""

from __future__ import annotations

from typing import Any

import pytest

from concurbench.results.doubt import judge


def row(model: str, efficiency: float | None, **around: float) -> dict[str, Any]:
    return {"model": model, "efficiency": efficiency, "capacity_near": 2.0, "around": around}


def doubt(info: dict[str, Any], source: dict[str, Any] | None = None) -> str:
    judge([("g", info), *([("g", source)] if source else [])])
    return str(info["doubt"])


@pytest.mark.parametrize("efficiency", [None, 0.5, 1.0, 1.02])
def test_what_is_possible_is_not_doubted(efficiency: float | None) -> None:
    assert doubt(row("threaded", efficiency, steal=0.5)) == ""


def test_more_than_two_percent_above_what_is_possible_is_doubted() -> None:
    assert doubt(row("threaded", 1.021, steal=0.5)) != ""


def test_steal_beside_the_row_or_beside_what_its_limit_comes_from_is_named() -> None:
    told = doubt(row("threaded", 1.2, steal=0.03), row("sequential", 1.0, steal=0.25, others=0.5))
    assert told == (
        "steal 25% beside sequential, 3% beside threaded; other programs 50% beside sequential"
    )


def test_a_machine_that_was_slower_around_sequential_is_a_drift() -> None:
    told = doubt(row("threaded", 1.2, speed=1.05), row("sequential", 1.0, speed=0.84))
    assert told == "drift: the machine was 25% slower around sequential"
    assert "drift:" not in doubt(row("threaded", 1.2, speed=0.9), row("sequential", 1.0, speed=1.0))


def test_a_sequential_that_differed_from_pass_to_pass_is_a_drift_if_it_explains_as_much() -> None:
    source = row("sequential", 1.0)
    source["passes"] = [{"seconds": [seconds]} for seconds in (0.7, 1.0, 1.1)]
    told = "drift: sequential took 0.700 s to 1.100 s, from pass to pass"
    assert doubt(row("threaded", 1.2), source) == told
    assert "no drift seen" in doubt(row("threaded", 1.6), source)


def test_a_limit_that_comes_from_no_other_row_is_beaten_by_the_row_itself() -> None:
    waiting = row("threaded", 1.2, steal=0.1)
    del waiting["capacity_near"]
    assert doubt(waiting, row("sequential", 1.0, steal=0.5)) == "steal 10% beside threaded"


def test_where_nothing_is_found_that_is_said() -> None:
    assert "no steal and no drift seen" in doubt(row("threaded", 1.2), row("sequential", 1.0))
