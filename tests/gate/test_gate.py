"""The loop of the gate over a fake comparison: verdicts, time limit, thresholds, status line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from concurbench.gate import gate
from concurbench.gate.comparison import matches
from concurbench.gate.decision import RULES, Stage
from concurbench.gate.gate import GateResult
from concurbench.gate.noise import Noise
from concurbench.report.progress import StatusLine
from tests.gate.fakes import FakeComparison


def run(
    comparison: FakeComparison,
    limit: float = 1e6,
    noises: dict[str, Noise] | None = None,
    thresholds: dict[str, float] | None = None,
    **more: Any,
) -> GateResult:
    return gate.run(
        comparison,  # type: ignore[arg-type]  # a fake
        thresholds or dict.fromkeys(comparison.rows, 0.05),
        noises or {},
        limit,
        now=lambda: comparison.now,
        **more,
    )


FIRST = RULES.analyses[0]


@pytest.mark.parametrize(
    ("ratios", "limit", "fails_in", "exit_code"),
    [
        pytest.param({"x": 1.0, "y": 1.0}, 1e6, {}, gate.CLEAR, id="no row is slower"),
        pytest.param({"x": 1.0, "y": 1.1}, 1e6, {}, gate.REGRESSION, id="a row is slower"),
        pytest.param({"x": 1.04}, FIRST + 0.5, {}, gate.CLEAR, id="out of time, but analysed once"),
        pytest.param({"x": 1.0}, FIRST - 1, {}, gate.UNABLE, id="out of time before any analysis"),
        pytest.param({"x": 1.1}, FIRST + 2, {}, gate.UNABLE, id="out of time for a confirmation"),
        pytest.param({"x": 1.0, "y": 1.0}, 1e6, {4: "y"}, gate.UNABLE, id="a row fails later"),
        pytest.param({"x": 1.1}, 1e6, {FIRST + 3: "x"}, gate.UNABLE, id="it fails when confirmed"),
        pytest.param(
            {"x": 1.1, "y": 1.1}, 1e6, {FIRST + 3: "y"}, gate.REGRESSION, id="another row fails"
        ),
    ],
)
def test_the_exit_code_says_whether_a_slow_down_was_confirmed(
    ratios: dict[str, float], limit: float, fails_in: dict[int, str], exit_code: int
) -> None:
    comparison = FakeComparison(ratios)
    comparison.fails_in = fails_in
    result = run(comparison, limit)
    assert result.exit_code == exit_code
    assert result.judgements.keys() == ratios.keys() - fails_in.values()


def test_without_rows_there_is_no_answer() -> None:
    result = run(FakeComparison({}))
    assert (result.exit_code, result.unable) == (gate.UNABLE, ["nothing was measured"])


def test_unchanged_rows_end_the_gate_at_the_first_interim_analysis() -> None:
    result = run(FakeComparison({"x": 1.0, "y": 1.0}))
    assert (result.blocks, result.seconds) == (FIRST, 2.0 * FIRST)


def test_no_block_starts_that_would_exceed_the_time_limit() -> None:
    comparison = FakeComparison({"x": 1.0, "y": 1.0})
    result = run(comparison, limit=9.0)
    assert (comparison.blocks, comparison.now) == (4, 8.0)
    assert result.out_of_time
    assert result.undecided == ["x", "y"]


def test_the_noise_floor_raises_a_threshold_and_never_lowers_one(tmp_path: Path) -> None:
    noises = {
        "x": Noise(deviation=0.2, floor=0.2, blocks=12, measured=""),
        "y": Noise(deviation=0.001, floor=0.001, blocks=12, measured=""),
    }
    comparison = FakeComparison({"x": 1.1, "y": 1.1}, tmp_path)
    thresholds = gate.thresholds(comparison, None, noises)  # type: ignore[arg-type]  # a fake
    result = run(comparison, noises=noises, thresholds=thresholds)
    assert result.floors == {"x": 0.2, "y": 0.001}
    assert result.slower == ["y"]
    assert {row: each.threshold for row, each in result.judgements.items()} == {"x": 0.2, "y": 0.05}


def test_the_threshold_of_a_rows_mark_comes_first_then_the_first_pattern_that_matches(
    tmp_path: Path,
) -> None:
    rows = ("a.py::test_x[a]", "a.py::test_x[b]", "a.py::test_y", "a.py::test_marked")
    comparison = FakeComparison(dict.fromkeys(rows, 1.0), tmp_path)
    comparison.thresholds = {"a.py::test_marked": 0.1}

    def found(requested: float | None = None) -> list[float]:
        return list(gate.thresholds(comparison, requested, {}).values())  # type: ignore[arg-type]

    assert found() == [gate.THRESHOLD] * 3 + [0.1]
    assert found(0.07) == [0.07] * 3 + [0.1]
    table = "[tool.concurbench.gate]\nthreshold = 0.06\n"
    (tmp_path / "pyproject.toml").write_text(table)
    assert found() == [0.06] * 3 + [0.1]
    assert found(0.07) == [0.07] * 3 + [0.1]
    table += "thresholds = {'test_x[[a]*' = 0.9, 'test_x*' = 0.2, '*y' = 0.3, '*' = 0.4}\n"
    (tmp_path / "pyproject.toml").write_text(table)
    assert found(0.07) == [0.2, 0.2, 0.3, 0.1]


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
