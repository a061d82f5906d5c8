"""Quads of base and head, their log-ratio, and the record they are kept in."""

from __future__ import annotations

import json
import math

import pytest

from concurbench.gate.samples import Block, Quad


def test_a_log_ratio_above_0_is_slower() -> None:
    quad = Quad("ABBA", base=(0.1, 0.1), head=(0.11, 0.11))
    assert quad.log_ratio == pytest.approx(math.log(1.1))


def test_a_machine_that_gets_steadily_slower_favours_neither_arm() -> None:
    speed = [1.0 * 1.3**turn for turn in range(4)]
    quad = Quad("ABBA", base=(speed[0], speed[3]), head=(speed[1], speed[2]))
    assert quad.log_ratio == pytest.approx(0)


def test_the_quads_of_a_row_are_one_observation_their_mean() -> None:
    quads = (Quad("ABBA", (1.0, 1.0), (1.1, 1.1)), Quad("BAAB", (1.0, 1.0), (1.0, 1.0)))
    block = Block(1, "first", {"row": quads})
    assert block.log_ratios == {"row": pytest.approx(math.log(1.1) / 2)}


def test_a_block_can_be_read_back() -> None:
    block = Block(3, "first", {"row": (Quad("ABBA", (0.1, 0.2), (0.3, 0.4)),)})
    assert Block.from_json(json.loads(json.dumps(block.as_json()))) == block
