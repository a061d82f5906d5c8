"""The gate: measures blocks until every row is judged, and derives the exit code."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from concurbench import pyproject
from concurbench.errors import ConcurbenchError
from concurbench.gate import decision
from concurbench.gate.comparison import Comparison, check_threshold, matches
from concurbench.gate.decision import Judgement, Stage, Verdict
from concurbench.gate.noise import Noise
from concurbench.gate.samples import Block

CLEAR, REGRESSION, UNABLE = 0, 1, 2
"""Exit codes: no regression, a regression, no answer."""

THRESHOLD = 0.05
"""The threshold of a row for which neither the user nor the project names one."""

TABLE = "pyproject.toml, [tool.concurbench.gate]"


@dataclass(frozen=True)
class Thresholds:
    """The smallest change of a row that matters, as a share."""

    default: float
    patterns: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def configured(cls, folder: Path, requested: float | None) -> Thresholds:
        """The thresholds in ``[tool.concurbench.gate]`` of the project in ``folder``.

        ``requested`` is the user's: it takes precedence over ``threshold`` there, but not over the
        thresholds of single rows.

        Raises:
            ConcurbenchError: a configured threshold is not a share.
        """
        tool = pyproject.read(folder).get("tool", {}).get("concurbench", {})
        table: Any = tool.get("gate", {}) if isinstance(tool, dict) else None
        rows = table.get("thresholds", {}) if isinstance(table, dict) else None
        if not isinstance(rows, dict):
            raise ConcurbenchError(f"{TABLE}: it and its thresholds must be tables")
        default = table.get("threshold", THRESHOLD)
        for value in (default, *rows.values()):
            check_threshold(value, TABLE)
        return cls(requested or default, rows)

    def of(self, row: str, marked: float | None, noise: Noise | None) -> float:
        """The threshold of a row: that of its mark, or else the configured one, and never below the
        noise floor of this machine."""
        configured = next((v for p, v in self.patterns.items() if matches(row, p)), self.default)
        threshold = configured if marked is None else marked
        return max(threshold, noise.floor if noise else 0.0)


@dataclass(frozen=True)
class GateResult:
    """The result of a gate."""

    base: str
    head: str
    judgements: Mapping[str, Judgement]
    floors: Mapping[str, float]
    """Row -> its noise floor on this machine, if calibrated."""
    missing: Mapping[str, str]
    """Rows that head lacks -> the reason; likewise below."""
    new: Mapping[str, str]
    idle: Mapping[str, str]
    failed: Mapping[str, str]
    notes: Sequence[str]
    blocks: int
    seconds: float
    out_of_time: bool

    @property
    def slower(self) -> list[str]:
        """The rows that are slower."""
        return [row for row, each in self.judgements.items() if each.verdict is Verdict.SLOWER]

    @property
    def undecided(self) -> list[str]:
        """The rows that had not enough blocks for a decision when the time was up."""
        needed = {False: decision.RULES.analyses[0], True: decision.RULES.confirmation}
        return [row for row, each in self.judgements.items() if each.blocks < needed[each.flagged]]

    @property
    def unable(self) -> list[str]:
        """Why this gate has no answer, as sentences; empty if it has one."""
        reasons = [f"{row}: {why}" for row, why in self.failed.items()]
        reasons += [f"missing in head: {row} ({why})" for row, why in self.missing.items()]
        reasons += [f"out of time before it could be judged: {row}" for row in self.undecided]
        return reasons or ([] if self.judgements else ["nothing was measured"])

    @property
    def exit_code(self) -> int:
        if set(self.slower) - set(self.undecided):
            return REGRESSION
        return UNABLE if self.unable else CLEAR

    def as_json(self) -> dict[str, Any]:
        """The result as the last entry of a record."""
        judgements = {
            row: {name: None if v == math.inf else v for name, v in asdict(judgement).items()}
            for row, judgement in self.judgements.items()
        }  # infinity is not JSON
        return {
            "exit": self.exit_code, "judgements": judgements, "missing": self.missing, "new": self.new,
            "idle": self.idle, "failed": self.failed, "seconds": self.seconds,
        }  # fmt: skip


@dataclass
class Clock:
    """The time limit of a gate, and an estimate of what the next block takes. Seconds."""

    limit: float
    now: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.start = self.now()
        self._rows: dict[str, float] = {}
        self._overhead = 0.0

    @property
    def passed(self) -> float:
        return self.now() - self.start

    def took(self, rows: Mapping[str, float], seconds: float) -> None:
        """Note what a block took in total, and each of its rows."""
        self._rows.update(rows)
        self._overhead = max(0.0, seconds - sum(rows.values()))

    def expected(self, rows: Sequence[str]) -> float:
        """The seconds another block of these rows will take."""
        return self._overhead + sum(self._rows.get(row, 0.0) for row in rows)


def run(
    comparison: Comparison,
    thresholds: Thresholds,
    noises: Mapping[str, Noise],
    clock: Clock,
    *,
    on_block: Callable[[Stage, int, int, Sequence[str], float], None] = lambda *_: None,
    on_row: Callable[[str], None] = lambda _: None,
    keep: Callable[[Block], None] = lambda _: None,
) -> GateResult:
    """Measure block by block until every row is decided or the time is up.

    ``on_block`` is called before each block with its stage, its number and the highest number in that
    stage, its rows, and the most seconds that may be left. ``on_row`` is called after each row,
    ``keep`` after each block.

    Raises:
        ConcurbenchError: an arm failed; the blocks before have been kept.
    """
    rows = {
        row: thresholds.of(row, comparison.thresholds.get(row), noises.get(row))
        for row in comparison.rows
    }
    counts = dict.fromkeys(Stage, 0)
    out_of_time = False

    def measure(stage: Stage, active: Sequence[str]) -> Mapping[str, float] | None:
        nonlocal out_of_time
        active = [row for row in active if row in comparison.rows]
        if not active:
            return {}
        if clock.passed + clock.expected(active) > clock.limit:
            out_of_time = True
            return None
        highest = decision.RULES.of(stage)[-1]
        left = (highest - counts[stage]) * clock.expected(active)
        counts[stage] += 1
        on_block(stage, counts[stage], highest, active, min(left, clock.limit - clock.passed))
        start, took = clock.passed, dict[str, float]()

        def row_done(row: str) -> None:
            took[row] = clock.passed - start - sum(took.values())
            on_row(row)

        block = comparison.block(stage, active, row_done)
        clock.took(took, clock.passed - start)
        keep(block)
        return block.log_ratios

    judgements = decision.judge(rows, measure)
    return GateResult(
        base=comparison.labels["base"],
        head=comparison.labels["head"],
        judgements=judgements,
        floors={row: noises[row].floor for row in rows if row in noises},
        missing=comparison.missing,
        new=comparison.new,
        idle=comparison.idle,
        failed=comparison.failed,
        notes=comparison.notes,
        blocks=sum(counts.values()),
        seconds=clock.passed,
        out_of_time=out_of_time,
    )
