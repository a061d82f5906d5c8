"""The gate as a whole over a pretended comparison: time limits, and what is kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from concurbench.gate import gate
from concurbench.gate.decision import RULES, Stage, Verdict
from concurbench.gate.gate import Clock, Thresholds
from concurbench.gate.noise import Noise
from concurbench.gate.prepare import matches
from concurbench.gate.record import Record, read_blocks
from concurbench.gate.samples import Block, Unit
from concurbench.report.progress import StatusLine


class Pretended:
    """A comparison whose blocks take no time but on its own clock."""

    def __init__(self, ratios: dict[str, float], seconds: float = 1.0) -> None:
        self.ratios = ratios
        self.seconds = seconds
        self.now = 0.0
        self.rows: tuple[str, ...] = tuple(ratios)
        self.labels = {"base": "a", "head": "b"}
        self.thresholds: dict[str, float] = {}
        self.missing: dict[str, str] = {}
        self.new: dict[str, str] = {}
        self.idle: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.notes: list[str] = []
        self.blocks = 0
        self.breaks_at: dict[int, str] = {}

    def block(self, stage: str, rows: Sequence[str], on_row: Callable[[str, Block], None]) -> Block:
        self.blocks += 1
        visits = {}
        for row in rows:
            if self.breaks_at.get(self.blocks) == row:
                self.rows = tuple(each for each in self.rows if each != row)
                self.failed[row] = "failed: x in head"
                continue
            self.now += self.seconds
            wobble = 0.001 if self.blocks % 2 else -0.001
            visits[row] = (Unit("AB", (1.0,), (self.ratios[row] + wobble,)),)
            on_row(row, Block(self.blocks, stage, dict(visits)))
        return Block(self.blocks, stage, visits)


def run(
    comparison: Pretended, limit: float = 1e6, noises: dict[str, Noise] | None = None, **more: Any
) -> gate.Outcome:
    hooks: dict[str, Any] = {
        "on_block": lambda *_: None,
        "on_row": lambda _: None,
        "keep": lambda *_: None,
    }
    return gate.run(
        comparison,  # type: ignore[arg-type]  # pretended
        Thresholds(0.05),
        noises or {},
        Clock(limit, lambda: comparison.now),
        **{**hooks, **more},
    )


def test_a_green_gate() -> None:
    outcome = run(Pretended({"x": 1.0, "y": 1.0}))
    assert outcome.exit_code == gate.CLEAR
    assert (outcome.blocks, outcome.seconds) == (RULES.looks[0], 2.0 * RULES.looks[0])


def test_a_red_gate() -> None:
    outcome = run(Pretended({"x": 1.0, "y": 1.1}))
    assert outcome.exit_code == gate.REGRESSION
    assert outcome.slower == ["y"]


def test_no_block_is_begun_that_would_not_end_in_time() -> None:
    pretended = Pretended({"x": 1.0, "y": 1.0})
    outcome = run(pretended, limit=9.0)
    assert (pretended.blocks, pretended.now) == (4, 8.0)
    assert outcome.out_of_time
    assert outcome.exit_code == gate.UNABLE  # no row was looked at even once


def test_out_of_time_after_the_first_look_is_an_answer() -> None:
    pretended = Pretended({"x": 1.04})
    outcome = run(pretended, limit=RULES.looks[0] + 0.5)
    assert outcome.exit_code == gate.CLEAR


def test_a_confirmed_row_beside_one_that_was_not_judged_is_a_regression() -> None:
    pretended = Pretended({"x": 1.1, "y": 1.1})
    pretended.breaks_at = {RULES.looks[0] + 3: "y"}
    assert run(pretended).exit_code == gate.REGRESSION


def test_a_red_row_whose_confirmation_has_no_time_is_no_answer() -> None:
    outcome = run(Pretended({"x": 1.1}), limit=RULES.looks[0] + 2.0)
    assert outcome.exit_code == gate.UNABLE
    assert outcome.undecided == ["x"]


def test_a_row_that_breaks_later_is_no_answer_and_the_others_are_judged() -> None:
    pretended = Pretended({"x": 1.0, "y": 1.0})
    pretended.breaks_at = {4: "y"}
    outcome = run(pretended)
    assert outcome.judgements["x"].verdict is Verdict.UNCHANGED
    assert "y" not in outcome.judgements
    assert outcome.exit_code == gate.UNABLE


def test_a_red_row_that_breaks_in_its_confirmation_is_no_answer() -> None:
    pretended = Pretended({"x": 1.1})
    pretended.breaks_at = {RULES.looks[0] + 3: "x"}
    assert run(pretended).exit_code == gate.UNABLE


def test_noise_raises_a_threshold_and_never_lowers_one() -> None:
    noises = {
        "x": Noise(deviation=0.2, floor=0.2, blocks=12, measured=""),
        "y": Noise(deviation=0.001, floor=0.001, blocks=12, measured=""),
    }
    outcome = run(Pretended({"x": 1.1, "y": 1.1}), noises=noises)
    assert outcome.slower == ["y"]
    assert {row: each.threshold for row, each in outcome.judgements.items()} == {"x": 0.2, "y": 0.05}


def test_a_rows_own_threshold_goes_before_the_configured_one() -> None:
    thresholds = Thresholds(0.05, {"test_x[[a]*": 0.9, "test_x*": 0.2, "*": 0.3})
    assert thresholds.of("a.py::test_x[b]", None, None) == 0.2
    assert thresholds.of("a.py::test_y", None, None) == 0.3
    assert thresholds.of("a.py::test_x[b]", 0.1, None) == 0.1
    assert Thresholds(0.05).of("a.py::test_x[b]", None, None) == 0.05


def test_brackets_in_a_pattern_are_brackets() -> None:
    assert matches("a.py::test_x[b-w01]", "test_x[b*")
    assert not matches("a.py::test_xb", "test_x[b]")


def test_it_is_told_where_a_gate_is(tmp_path: Path) -> None:
    told: list[tuple[object, ...]] = []
    run(Pretended({"x": 1.1}), on_block=lambda *what: told.append(what))
    assert told[0] == (Stage.FIRST, 1, RULES.looks[-1], ["x"], 0.0)
    assert told[1] == (Stage.FIRST, 2, RULES.looks[-1], ["x"], RULES.looks[-1] - 1)
    assert told[-1] == (Stage.CONFIRMATION, RULES.confirmation, RULES.confirmation, ["x"], 1.0)


def test_pairs_are_kept_row_by_row(tmp_path: Path) -> None:
    kept: list[tuple[int, bool]] = []
    rows = Pretended({"x": 1.0, "y": 1.0})
    run(rows, keep=lambda block, complete: kept.append((len(block.visits), complete)))
    assert kept[:3] == [(1, False), (2, False), (2, True)]


def test_a_complete_block_is_in_the_file_before_the_next_one_starts(tmp_path: Path) -> None:
    record = Record(tmp_path / "x.json", {"base": "a"})
    record.add(Block(1, "first", {"x": (Unit("AB", (0.1,), (0.2,)),)}))
    assert [block.number for block in read_blocks(record.path)] == [1]


def test_a_record_holds_each_block_once(tmp_path: Path) -> None:
    record = Record(tmp_path / "new" / "x.json", {"base": "a"})
    unit = (Unit("AB", (0.1,), (0.2,)),)
    record.add(Block(1, "first", {"x": unit}))
    record.add(Block(1, "first", {"x": unit, "y": unit}))
    record.add(Block(2, "first", {"x": unit}))
    record.close()
    assert [len(block.visits) for block in read_blocks(record.path)] == [2, 1]
    assert [path.name for path in record.path.parent.iterdir()] == ["x.json"]


@pytest.mark.parametrize("text", ["", "[]", '{"format": "else"}', '{"format": "concurbench-gate 1"}'])
def test_a_file_that_is_no_record_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"x\.json: not the pairs of a gate"):
        read_blocks(path)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_written_over() -> None:
    stream = Terminal()
    watch = StatusLine(stream)
    watch.step("collecting")
    watch.block("first", 1, 16, ["a::test_x"], 0)
    watch.row("a::test_x")
    watch.end()
    text = stream.getvalue()
    assert "\n" not in text
    assert text.endswith("\r\x1b[2K")
    assert "block 1 of at most 16: 1 row · 1/1 x" in text
    assert all(len(line) < 80 for line in text.replace("\x1b[2K", "").split("\r"))


def test_in_a_pipe_each_block_is_a_line() -> None:
    stream = io.StringIO()
    watch = StatusLine(stream)
    watch.block("confirmation", 2, 12, ["x", "y"], 62)
    watch.row("x")
    watch.end()
    told = "confirmation, block 2 of at most 12: 2 rows, at most 1 min 2 s left\n"
    assert stream.getvalue() == told
