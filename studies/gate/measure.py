"""Measures a gate study: through pytest, with the blocks and the gates that users run."""

from __future__ import annotations

import statistics
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from concurbench.errors import ConcurbenchError
from concurbench.gate import gate as gates
from concurbench.gate.block import Stepper
from concurbench.gate.comparison import Comparison
from concurbench.gate.prepare import Question
from concurbench.gate.samples import Quad
from concurbench.results.records import Entry, Record
from concurbench.runner.worker import Worker
from studies.gate.study import INJECTED, GateStudy, parse

TOLERANCE = 0.01
"""The largest distance between the measured slow-down and the injected one, as a share."""

GATES = 3
"""Real gates without, and as many with, an injected slow-down."""

BLOCKS_SHARE = 2 / 3
"""The share of the time that blocks may take; the rest is for the gates."""

LENGTHS = (0.001, 0.003, 0.01, 0.03)
"""Lengths of the rounds that measure the cost of a hand-off, in seconds."""

TURNS, LATER = 40, 8
"""Hand-offs of each length, and the rounds measured after each."""

TOY = """
    import time
    import pytest

    @pytest.mark.parametrize("count", {counts})
    def test_toy(benchmark, count):
        def work():
            total = 0
            for number in range(count):
                total += number * number
        benchmark.pedantic(work, rounds=100000)
"""


@dataclass
class Measurement:
    """A study in progress."""

    record: Record
    header: Entry
    entries: list[Entry]
    blocks: int
    """Blocks of each kind to measure."""
    seconds: float
    """The time limit."""
    step: Callable[[str], None]
    """Called with a line for each step."""
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._start = self.clock() - self.study.seconds

    @property
    def study(self) -> GateStudy:
        return parse(self.header, self.entries)

    @property
    def elapsed(self) -> float:
        return self.clock() - self._start

    def measure(self, question: Question) -> None:
        """Measure what the study does not have yet.

        Raises:
            ConcurbenchError: a benchmark failed, or the slow-down was not the injected one.
        """
        study = self.study
        if not study.hand_off:
            self._keep("hand-off", ratios=hand_off(self.step))
        if not study.gates:
            self._blocks(question)
            check_injected(self.study)
        self._gates(question)

    def _keep(self, what: str, **more: Any) -> None:
        entry = {"what": what, **more, "elapsed": self.elapsed}
        self.record.append(entry)
        self.entries.append(entry)

    def _blocks(self, question: Question) -> None:
        """Identical and slowed-down blocks in turn, so that both meet the same disturbances."""
        ratios: dict[str, list[float]] = {}
        first = len(self.study.identical) + len(self.study.injected)
        with Comparison(question, self.step) as comparison:

            def check(row: str, which: str, seconds: list[float], bare: float | None) -> None:
                if bare is not None:
                    ratios.setdefault(row, []).append(sum(seconds) / bare)

            comparison.stepper.on_slice = check
            for number in range(first, 2 * self.blocks):
                if self.elapsed > self.seconds * BLOCKS_SHARE:
                    break
                what = ("identical", "injected")[number % 2]
                slower = dict.fromkeys(comparison.rows, INJECTED) if what == "injected" else {}
                comparison.stepper.slow_down = slower
                self.step(f"block {number + 1} of {2 * self.blocks}, {what}")
                ratios.clear()
                started = self.elapsed
                block = comparison.block("study", comparison.rows, number=number // 2)
                checked = {row: statistics.median(each) for row, each in ratios.items()}
                took = self.elapsed - started
                self._keep(what, block=block.as_json(), seconds=took, checked=checked)

    def _gates(self, question: Question) -> None:
        """Complete gates: some on identical code, then some with one row slowed down."""
        rows: Sequence[str] = sorted(self.study.identical[0]) if self.study.identical else ()
        for number in range(len(self.study.gates), 2 * GATES):
            row = rows[(number - GATES) * len(rows) // GATES] if number >= GATES and rows else None
            slower = {row: INJECTED} if row else {}
            self.step(f"gate {number + 1} of {2 * GATES}{f', {row} slowed down' if row else ''}")
            with Comparison(replace(question, slower=slower), self.step) as comparison:
                thresholds = dict.fromkeys(comparison.rows, self.study.threshold)
                thresholds |= comparison.thresholds
                left = max(60.0, self.seconds - self.elapsed)
                outcome = gates.run(comparison, thresholds, {}, left)
            gate = {
                "injected": row, "exit": outcome.exit_code, "slower": outcome.slower,
                "blocks": outcome.blocks, "seconds": outcome.seconds,
            }  # fmt: skip
            self._keep("gate", gate=gate)


def check_injected(study: GateStudy) -> None:
    """Compare the measured slow-downs with the injected one.

    Raises:
        ConcurbenchError: a row was slowed down by another share.
    """
    for row, ratio in study.checked.items():
        if abs(ratio - 1 - study.injected_share) > TOLERANCE:
            raise ConcurbenchError(
                f"{row}: injected {study.injected_share:.0%}, measured {ratio - 1:.1%}: "
                "repeat the study on an idle machine"
            )


class LongSlices(Stepper):
    """Takes slices of several rounds. Only the first one follows a hand-off; the others follow a round
    of the same process, as in pytest-benchmark."""

    def __init__(self) -> None:
        super().__init__({})
        self.ratios: dict[str, list[float]] = {}

    def quads(self, row: str, arms: dict[str, Worker], left: float, head_first: bool) -> Iterator[Quad]:
        for turn in range(TURNS):
            for arm in arms.values():
                arm.send(do="rounds", rounds=LATER, iterations=1, core=turn)
                first, *later = arm.expect("times")["seconds"]
                self.ratios.setdefault(row, []).append(first / statistics.median(later))
        yield Quad("AB", (1.0,), (1.0,))


def hand_off(step: Callable[[str], None]) -> dict[str, float]:
    """The cost of a hand-off: a round's length in words -> the median ratio of the first round after a
    hand-off to the median of the next ones."""
    step("cost of a hand-off")
    started = time.perf_counter()
    total = 0
    for number in range(1_000_000):
        total += number * number
    speed = 1_000_000 / (time.perf_counter() - started)
    counts = [int(seconds * speed) for seconds in LENGTHS]
    with TemporaryDirectory() as folder:
        toy = Path(folder, "test_toy.py")
        toy.write_text(textwrap.dedent(TOY).format(counts=counts), encoding="utf-8")
        with Comparison(Question(base=folder, head=folder, where=Path(folder))) as comparison:
            comparison.stepper = long = LongSlices()
            comparison.block("study", comparison.rows)
            rows = comparison.rows
    return {
        f"{length * 1000:.0f} ms": statistics.median(long.ratios[row])
        for length, row in zip(LENGTHS, rows, strict=True)
    }
