"""Quads of base and head, their log-ratio, and the record they are kept in."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from concurbench.gate.samples import KIND, Block, Quad, log_ratio
from concurbench.results.records import Record
from tests.gate.fakes import read_blocks


def test_a_log_ratio_above_0_is_slower() -> None:
    quad = Quad("ABBA", base=(0.1, 0.1), head=(0.11, 0.11))
    assert quad.log_ratio == pytest.approx(math.log(1.1))


def test_a_machine_that_gets_steadily_slower_favours_neither_arm() -> None:
    speed = [1.0 * 1.3**turn for turn in range(4)]
    quad = Quad("ABBA", base=(speed[0], speed[3]), head=(speed[1], speed[2]))
    assert quad.log_ratio == pytest.approx(0)


def test_the_quads_of_a_row_are_one_observation_their_mean() -> None:
    quads = (Quad("ABBA", (1.0, 1.0), (1.1, 1.1)), Quad("BAAB", (1.0, 1.0), (1.0, 1.0)))
    assert log_ratio(quads) == pytest.approx(math.log(1.1) / 2)


def test_a_block_can_be_read_back() -> None:
    block = Block(3, "first", {"row": (Quad("ABBA", (0.1, 0.2), (0.3, 0.4)),)})
    assert Block.from_json(json.loads(json.dumps(block.as_json()))) == block


@pytest.mark.parametrize("seconds", [0.0, -1.0, None, "0.1", True])
def test_only_positive_numbers_are_times(seconds: object) -> None:
    content = {
        "number": 1,
        "stage": "first",
        "rows": {"row": [{"order": "AB", "base": [0.1], "head": [seconds]}]},
    }
    with pytest.raises((TypeError, ValueError)):
        Block.from_json(content)


def test_blocks_are_read_back_from_a_record_whose_last_line_is_the_result(tmp_path: Path) -> None:
    record = Record(tmp_path / "x.json", KIND, {"base": "a", "head": "b"})
    blocks = [Block(number, "first", {"row": (Quad("AB", (0.1,), (0.2,)),)}) for number in (1, 2)]
    for block in blocks:
        record.append(block.as_json())
    record.append({"exit": 0})
    assert read_blocks(record.path) == blocks
