"""The proof of the gate, over blocks that were recorded on the machine of the committed results."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from concurbench.gate.decision import RULES
from concurbench.gate.samples import Block, Quad
from concurbench.marked import NoMarks, insert
from studies import gate as study
from studies import resample
from studies.gate import StudyFailed

RECORDED = Path(__file__).with_name("recorded.json")
SUITES = 60


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    """Some blocks of a study: identical code, and head slowed down by a tenth."""
    content: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return content


def ratios(recorded: dict[str, Any], kind: str) -> list[resample.Observed]:
    return [Block.from_json(block).log_ratios for block in recorded[kind]]


def test_recorded_identical_code_is_green(recorded: dict[str, Any]) -> None:
    drawn = resample.draw(ratios(recorded, "identical"), 0.05, SUITES)
    assert drawn.red <= SUITES / 50


def test_recorded_slow_downs_are_found(recorded: dict[str, Any]) -> None:
    identical, planted = ratios(recorded, "identical"), ratios(recorded, "planted")
    found = resample.power(identical, 0.05, SUITES // 2, resample.replaced_by(planted))
    assert sum(found.values()) / len(found) >= 0.9
    assert found.keys() == identical[0].keys()


def test_one_block_by_itself_would_cry_wolf(recorded: dict[str, Any]) -> None:
    assert resample.single(ratios(recorded, "identical"), 0.05) > 0.1


def test_what_is_planted_by_arithmetic_is_planted_in_one_row() -> None:
    chance = random.Random(0)
    blocks = [{"x": chance.gauss(0, 0.01), "y": chance.gauss(0, 0.01)} for _ in range(20)]
    found = resample.power(blocks, 0.05, 20, resample.slower_by(0.2))
    assert found == {"x": 1.0, "y": 1.0}
    drawn = resample.draw(blocks, 0.05, 20, change=lambda _, row, r: r + math.log(1.2) * (row == "x"))
    assert drawn.found == {"x": 20, "y": 0}
    assert drawn.red == 20
    assert drawn.typical == (RULES.analyses[0] + RULES.confirmation,) * 2


def test_the_same_seed_draws_the_same(recorded: dict[str, Any]) -> None:
    blocks = ratios(recorded, "identical")
    first, again = (resample.draw(blocks, 0.02, 20) for _ in range(2))
    assert first == again
    assert resample.draw(blocks, 0.02, 20, seed=1).blocks != first.blocks


def test_constants_are_chosen_on_one_half_and_reported_on_the_other() -> None:
    blocks = [
        Block(number, "study", {"x": (Quad("AB", (1.0,), (1.0 + number,)),)}).as_json()
        for number in range(6)
    ]
    fixing, reporting = study.halves(blocks)
    assert [round(math.exp(block["x"])) for block in fixing] == [1, 3, 5]
    assert [round(math.exp(block["x"])) for block in reporting] == [2, 4, 6]


def test_the_report_has_every_figure(recorded: dict[str, Any]) -> None:
    text = study.report(recorded, suites=20)
    for told in (
        "identical code, ends red",
        "10%, planted, found",
        "(shipped)",
        "Real gates",
        "hand-off",
    ):
        assert told in text
    for row in Block.from_json(recorded["identical"][0]).quads:
        assert row.rpartition("::")[2].removeprefix("test_") in text


@pytest.mark.parametrize("content", [{}, {"format": study.FORMAT}, {"format": "else", "gates": []}])
def test_half_a_study_is_no_proof(content: dict[str, Any]) -> None:
    with pytest.raises(StudyFailed):
        study.report(content)


def test_text_goes_between_its_marks_only(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_text("a\n<!-- b -->\nold\n<!-- /b -->\nc\n<!-- d -->\n<!-- /d -->\n")
    insert("new \\1\n", file, "b")
    assert file.read_text() == "a\n<!-- b -->\nnew \\1\n<!-- /b -->\nc\n<!-- d -->\n<!-- /d -->\n"
    with pytest.raises(NoMarks, match="<!-- e -->"):
        insert("new", file, "e")
