"""The gate study, over blocks that were recorded on the machine of the committed results."""

from __future__ import annotations

import itertools
import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from concurbench.errors import ConcurbenchError
from concurbench.gate import gate as gates
from concurbench.gate.decision import RULES
from concurbench.gate.prepare import Question
from concurbench.gate.samples import Block
from concurbench.results import records
from concurbench.results.records import Record
from studies.gate import __main__ as command
from studies.gate import measure, resample
from studies.gate.report import halves, report
from studies.gate.study import KIND, GateStudy, read

RECORDED = Path(__file__).with_name("recorded.jsonl")
SUITES = 40


@pytest.fixture(scope="module")
def recorded() -> GateStudy:
    """A study with a few blocks: identical code, and head slowed down by a tenth."""
    return read(RECORDED)


def test_recorded_identical_code_has_no_false_positives(recorded: GateStudy) -> None:
    drawn = resample.draw(recorded.identical, 0.05, SUITES)
    assert drawn.red <= SUITES / 40


def test_recorded_slow_downs_are_found(recorded: GateStudy) -> None:
    change = resample.replaced_by(recorded.injected)
    found = resample.power(recorded.identical, 0.05, SUITES // 4, change)
    assert sum(found.values()) / len(found) >= 0.9
    assert found.keys() == recorded.identical[0].keys()


def test_a_single_block_would_give_false_positives(recorded: GateStudy) -> None:
    assert resample.single(recorded.identical, 0.05) > 0.1


def test_a_simulated_slow_down_affects_one_row() -> None:
    chance = random.Random(0)
    blocks = [{"x": chance.gauss(0, 0.01), "y": chance.gauss(0, 0.01)} for _ in range(20)]
    found = resample.power(blocks, 0.05, 20, resample.slower_by(0.2))
    assert found == {"x": 1.0, "y": 1.0}
    drawn = resample.draw(blocks, 0.05, 20, change=lambda _, row, r: r + math.log(1.2) * (row == "x"))
    assert drawn.found == {"x": 20, "y": 0}
    assert drawn.red == 20
    assert drawn.typical == (RULES.analyses[0] + RULES.confirmation,) * 2


def test_the_same_seed_draws_the_same_suites(recorded: GateStudy) -> None:
    first, again = (resample.draw(recorded.identical, 0.02, 10) for _ in range(2))
    assert first == again
    assert resample.draw(recorded.identical, 0.02, 10, seed=1).blocks != first.blocks


def test_constants_are_chosen_on_one_half_and_reported_on_the_other() -> None:
    choosing, reporting = halves([{"x": float(number)} for number in range(6)])
    assert [block["x"] for block in choosing] == [0.0, 2.0, 4.0]
    assert [block["x"] for block in reporting] == [1.0, 3.0, 5.0]


def test_the_report_has_every_figure(recorded: GateStudy) -> None:
    text = report(recorded, suites=8)
    for part in ("with a false positive", "10% injected: found", "(shipped)", "Real gates", "hand-off"):
        assert part in text
    for row in recorded.identical[0]:
        assert f"|`{row.rpartition('::')[2].removeprefix('test_')}`|" in text


def entries() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


def written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def test_a_study_without_gates_or_blocks_has_no_report(tmp_path: Path) -> None:
    header, *rest = entries()
    some = [entry for entry in rest if entry["what"] != "gate"]
    with pytest.raises(ConcurbenchError, match=r"has no gates: continue it with --more"):
        read(written(tmp_path / "x.jsonl", [header, *some]))
    with pytest.raises(ConcurbenchError, match=r"has no hand-off, no identical blocks, no injected"):
        read(written(tmp_path / "y.jsonl", [header]))


def test_an_entry_that_cannot_be_read_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    header, *_ = entries()
    path = written(tmp_path / "x.jsonl", [header, {"what": "identical", "block": 1, "elapsed": 1}])
    with pytest.raises(ConcurbenchError, match=r"x\.jsonl has an entry that cannot be read"):
        read(path)


def test_a_slow_down_that_is_not_the_injected_one_ends_the_study(recorded: GateStudy) -> None:
    measure.check_injected(recorded)
    wrong = replace(recorded, checked={"a": 1.10, "b": 1.15})
    with pytest.raises(ConcurbenchError, match=r"b: injected 10%, measured 15\.0%"):
        measure.check_injected(wrong)


# -- measuring, with fakes for the processes ----------------------------------------------------------


class FakeStepper:
    on_slice: Callable[..., None]
    slow_down: dict[str, float]


class FakeComparison:
    """A comparison whose blocks are a recorded one; it checks the slow-down that it was asked for."""

    opened: list[dict[str, float]]

    def __init__(self, question: Any, step: Any) -> None:
        self.stepper = FakeStepper()
        self.rows = ["a", "b"]
        self.thresholds: dict[str, float] = {}
        self.opened.append(dict(question.slower))

    def __enter__(self) -> FakeComparison:
        return self

    def __exit__(self, *_: object) -> None: ...

    def block(self, stage: str, rows: list[str], number: int) -> Any:
        for row, share in self.stepper.slow_down.items():
            self.stepper.on_slice(row, "head", [1.0 + share], 1.0)
        pair = {"order": "AB", "base": [1.0], "head": [1.0]}
        return Block.from_json(
            {"number": number, "stage": stage, "rows": {row: [pair] for row in rows}}
        )


class FakeOutcome:
    exit_code, slower, blocks, seconds = 0, (), 8, 1.0


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    """No processes; the slow-downs of all comparisons, in order."""
    opened: list[dict[str, float]] = []
    monkeypatch.setattr(FakeComparison, "opened", opened, raising=False)
    monkeypatch.setattr(measure, "Comparison", FakeComparison)
    monkeypatch.setattr(measure, "hand_off", lambda step: {"1 ms": 1.0})
    monkeypatch.setattr(gates, "run", lambda *_, **__: FakeOutcome())
    return opened


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(command.main, list(map(str, arguments)))


def measurement(
    path: Path, blocks: int = 2, clock: Callable[[], float] = time.monotonic
) -> measure.Measurement:
    header = {"machine": {}, "threshold": 0.05, "injected": 0.1}
    record = Record(path, KIND, header)
    return measure.Measurement(record, header, [], blocks, 3600.0, lambda line: None, clock)


def test_identical_and_injected_blocks_take_turns_and_then_real_gates_run(
    tmp_path: Path, fakes: list[dict[str, float]]
) -> None:
    measurement(tmp_path / "x.jsonl").measure(Question(None, None, tmp_path))
    _, kept = records.read(tmp_path / "x.jsonl", KIND)
    kinds = [entry["what"] for entry in kept]
    assert kinds == ["hand-off", *["identical", "injected"] * 2, *["gate"] * 6]
    assert kept[2]["checked"] == {"a": pytest.approx(1.1), "b": pytest.approx(1.1)}
    assert fakes == [{}, {}, {}, {}, {"a": 0.1}, {"a": 0.1}, {"b": 0.1}]
    complete = read(tmp_path / "x.jsonl")
    assert [gate["injected"] for gate in complete.gates] == [None, None, None, "a", "a", "b"]


def test_no_block_starts_when_two_thirds_of_the_time_are_over(
    tmp_path: Path, fakes: list[dict[str, float]]
) -> None:
    seconds = itertools.count(0.0, 300.0)
    running = measurement(tmp_path / "x.jsonl", blocks=50, clock=lambda: next(seconds))
    running.measure(Question(None, None, tmp_path))
    assert 1 <= len(running.study.identical) < 6
    assert len(running.study.gates) == 6


def test_an_interrupted_study_continues_where_it_ended(
    tmp_path: Path, fakes: list[dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.jsonl"
    monkeypatch.setattr(command, "report", lambda study: f"{len(study.identical)} blocks\n")
    assert run("--blocks", "6", "--json", path).exit_code == 0
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:5]) + lines[5][:20])  # killed while it wrote
    done = run("--blocks", "6", "--more", path)
    assert done.exit_code == 0, done.output
    assert done.stdout == "6 blocks\n"
    _, kept = records.read(path, KIND)
    assert [entry["what"] for entry in kept].count("hand-off") == 1
    assert [entry["elapsed"] for entry in kept] == sorted(entry["elapsed"] for entry in kept)


def test_only_a_file_of_this_machine_is_continued(tmp_path: Path) -> None:
    done = run("--more", RECORDED)
    assert done.exit_code == 2
    assert "cannot be continued: cpu_family: " in done.output or "kernel: " in done.output
