"""Pairs of base and head, and what they say of a row."""

from __future__ import annotations

import json
import math

import pytest

from concurbench.gate.samples import Block, Unit, log_ratio


def test_a_ratio_above_zero_is_slower() -> None:
    unit = Unit("ABBA", base=(0.1, 0.1), head=(0.11, 0.11))
    assert unit.log_ratio == pytest.approx(math.log(1.1))


def test_a_machine_that_gets_steadily_slower_favours_nobody() -> None:
    speed = [1.0 * 1.3**turn for turn in range(4)]
    unit = Unit("ABBA", base=(speed[0], speed[3]), head=(speed[1], speed[2]))
    assert unit.log_ratio == pytest.approx(0)


def test_a_visit_is_one_observation_the_mean_of_its_units() -> None:
    visit = (Unit("ABBA", (1.0, 1.0), (1.1, 1.1)), Unit("BAAB", (1.0, 1.0), (1.0, 1.0)))
    assert log_ratio(visit) == pytest.approx(math.log(1.1) / 2)


def test_a_block_survives_its_file() -> None:
    block = Block(3, "first", {"row": (Unit("ABBA", (0.1, 0.2), (0.3, 0.4)),)})
    assert Block.from_json(json.loads(json.dumps(block.as_json()))) == block


@pytest.mark.parametrize("seconds", [0.0, -1.0, None, "0.1", True])
def test_what_is_no_time_is_no_pair(seconds: object) -> None:
    content = {
        "number": 1,
        "stage": "first",
        "rows": {"row": [{"order": "AB", "base": [0.1], "head": [seconds]}]},
    }
    with pytest.raises((TypeError, ValueError)):
        Block.from_json(content)
