"""The loop of the gate over a fake comparison: verdicts, time limit, thresholds, status line."""

from __future__ import annotations

import io
import json
from typing import Any

from concurbench.gate import gate
from concurbench.gate.decision import RULES, Stage, Verdict
from concurbench.gate.gate import Clock, GateResult, Thresholds
from concurbench.gate.noise import Noise
from concurbench.gate.prepare import matches
from concurbench.report.progress import StatusLine
from tests.gate.fakes import FakeComparison


def run(
    comparison: FakeComparison, limit: float = 1e6, noises: dict[str, Noise] | None = None, **more: Any
) -> GateResult:
    return gate.run(
        comparison,  # type: ignore[arg-type]  # a fake
        Thresholds(0.05),
        noises or {},
        Clock(limit, lambda: comparison.now),
        **more,
    )


def test_without_a_slower_row_the_exit_code_is_0_after_the_first_interim_analysis() -> None:
    result = run(FakeComparison({"x": 1.0, "y": 1.0}))
    assert result.exit_code == gate.CLEAR
    assert (result.blocks, result.seconds) == (RULES.analyses[0], 2.0 * RULES.analyses[0])


def test_a_slower_row_is_a_regression() -> None:
    result = run(FakeComparison({"x": 1.0, "y": 1.1}))
    assert result.exit_code == gate.REGRESSION
    assert result.slower == ["y"]


def test_without_rows_there_is_no_answer() -> None:
    result = run(FakeComparison({}))
    assert (result.exit_code, result.unable) == (gate.UNABLE, ["nothing was measured"])


def test_no_block_starts_that_would_exceed_the_time_limit() -> None:
    comparison = FakeComparison({"x": 1.0, "y": 1.0})
    result = run(comparison, limit=9.0)
    assert (comparison.blocks, comparison.now) == (4, 8.0)
    assert result.out_of_time
    assert result.exit_code == gate.UNABLE  # no row has been analysed


def test_out_of_time_after_the_first_interim_analysis_is_an_answer() -> None:
    result = run(FakeComparison({"x": 1.04}), limit=RULES.analyses[0] + 0.5)
    assert result.exit_code == gate.CLEAR


def test_a_confirmed_row_beside_a_failed_one_is_a_regression() -> None:
    comparison = FakeComparison({"x": 1.1, "y": 1.1})
    comparison.fails_in = {RULES.analyses[0] + 3: "y"}
    assert run(comparison).exit_code == gate.REGRESSION


def test_a_slower_row_without_time_for_its_confirmation_is_no_answer() -> None:
    result = run(FakeComparison({"x": 1.1}), limit=RULES.analyses[0] + 2.0)
    assert result.exit_code == gate.UNABLE
    assert result.undecided == ["x"]


def test_a_row_that_fails_in_a_later_block_is_no_answer_and_the_others_are_judged() -> None:
    comparison = FakeComparison({"x": 1.0, "y": 1.0})
    comparison.fails_in = {4: "y"}
    result = run(comparison)
    assert result.judgements["x"].verdict is Verdict.UNCHANGED
    assert "y" not in result.judgements
    assert result.exit_code == gate.UNABLE


def test_a_slower_row_that_fails_in_its_confirmation_is_no_answer() -> None:
    comparison = FakeComparison({"x": 1.1})
    comparison.fails_in = {RULES.analyses[0] + 3: "x"}
    assert run(comparison).exit_code == gate.UNABLE


def test_the_noise_floor_raises_a_threshold_and_never_lowers_one() -> None:
    noises = {
        "x": Noise(deviation=0.2, floor=0.2, blocks=12, measured=""),
        "y": Noise(deviation=0.001, floor=0.001, blocks=12, measured=""),
    }
    result = run(FakeComparison({"x": 1.1, "y": 1.1}), noises=noises)
    assert result.slower == ["y"]
    assert {row: each.threshold for row, each in result.judgements.items()} == {"x": 0.2, "y": 0.05}


def test_the_threshold_of_a_rows_mark_comes_first_then_the_first_pattern_that_matches() -> None:
    thresholds = Thresholds(0.05, {"test_x[[a]*": 0.9, "test_x*": 0.2, "*": 0.3})
    assert thresholds.of("a.py::test_x[b]", None, None) == 0.2
    assert thresholds.of("a.py::test_y", None, None) == 0.3
    assert thresholds.of("a.py::test_x[b]", 0.1, None) == 0.1
    assert Thresholds(0.05).of("a.py::test_x[b]", None, None) == 0.05


def test_brackets_in_a_pattern_are_brackets() -> None:
    assert matches("a.py::test_x[b-w01]", "test_x[b*")
    assert not matches("a.py::test_xb", "test_x[b]")


def test_each_block_is_announced_with_its_number_and_the_time_left() -> None:
    blocks: list[tuple[object, ...]] = []
    run(FakeComparison({"x": 1.1}), on_block=lambda *block: blocks.append(block))
    assert blocks[0] == (Stage.FIRST, 1, RULES.analyses[-1], ["x"], 0.0)
    assert blocks[1] == (Stage.FIRST, 2, RULES.analyses[-1], ["x"], RULES.analyses[-1] - 1)
    assert blocks[-1] == (Stage.CONFIRMATION, RULES.confirmation, RULES.confirmation, ["x"], 1.0)


def test_each_block_is_kept_before_the_next_one_starts() -> None:
    kept: list[int] = []
    comparison = FakeComparison({"x": 1.0, "y": 1.0})
    run(
        comparison,
        on_block=lambda *_: kept.append(-comparison.blocks),
        keep=lambda block: kept.append(block.number),
    )
    assert kept[:4] == [0, 1, -1, 2]


def test_a_result_without_an_interval_is_still_json() -> None:
    result = run(FakeComparison({"x": 1.0}), limit=1.0)
    entry = json.loads(json.dumps(result.as_json(), allow_nan=False))
    assert entry["exit"] == gate.UNABLE
    assert entry["judgements"]["x"]["high"] is None


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_status_is_one_line() -> None:
    stream = Terminal()
    status = StatusLine(stream)
    status.step("collecting")
    status.block("first", 1, 16, ["a::test_x"], 0)
    status.row("a::test_x")
    status.end()
    text = stream.getvalue()
    assert "\n" not in text
    assert text.endswith("\r\x1b[2K")
    assert "block 1 of at most 16: 1 row · 1/1 x" in text
    assert all(len(line) < 80 for line in text.replace("\x1b[2K", "").split("\r"))


def test_in_a_pipe_each_block_is_a_line() -> None:
    stream = io.StringIO()
    status = StatusLine(stream)
    status.block("confirmation", 2, 12, ["x", "y"], 62)
    status.row("x")
    status.end()
    expected = "confirmation, block 2 of at most 12: 2 rows, at most 1 min 2 s left\n"
    assert stream.getvalue() == expected
