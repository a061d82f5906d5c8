"""The gate: measures blocks until every row is judged, and derives the exit code."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from concurbench import pyproject
from concurbench.errors import ConcurbenchError
from concurbench.gate import decision
from concurbench.gate.block import Kind, Unmeasured
from concurbench.gate.comparison import Comparison, check_threshold, matches
from concurbench.gate.decision import Judgement, Stage, Verdict
from concurbench.gate.noise import Noise
from concurbench.gate.samples import Block

CLEAR, REGRESSION, UNABLE = 0, 1, 2
"""Exit codes: no regression, a regression, no answer."""

THRESHOLD = 0.05
"""The threshold of a row for which neither the user nor the project names one."""

TABLE = "pyproject.toml, [tool.concurbench.gate]"


def thresholds(
    comparison: Comparison, requested: float | None, noises: Mapping[str, Noise]
) -> dict[str, float]:
    """Row -> the smallest change that matters, as a share: that of its mark, or else the configured
    one, and never below its noise floor.

    ``[tool.concurbench.gate]`` of head's project has thresholds of rows, which take precedence over
    ``requested``, the user's, and a default, which does not.

    Raises:
        ConcurbenchError: a configured threshold is not a share.
    """
    tool = pyproject.read(comparison.head_folder).get("tool", {}).get("concurbench", {})
    table: Any = tool.get("gate", {}) if isinstance(tool, dict) else None
    patterns = table.get("thresholds", {}) if isinstance(table, dict) else None
    if not isinstance(patterns, dict):
        raise ConcurbenchError(f"{TABLE}: it and its thresholds must be tables")
    default = table.get("threshold", THRESHOLD)
    for value in (default, *patterns.values()):
        check_threshold(value, TABLE)
    found = {}
    for row in comparison.rows:
        matching = (share for pattern, share in patterns.items() if matches(row, pattern))
        configured = next(matching, requested or default)
        floor = noises[row].floor if row in noises else 0.0
        found[row] = max(comparison.thresholds.get(row, configured), floor)
    return found


@dataclass(frozen=True)
class GateResult:
    """The result of a gate."""

    base: str
    head: str
    judgements: Mapping[str, Judgement]
    floors: Mapping[str, float]
    """Row -> its noise floor on this machine, if calibrated."""
    unmeasured: Mapping[str, Unmeasured]
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
        rows = self.unmeasured.items()
        reasons = [f"{row}: {each.why}" for row, each in rows if each.kind is Kind.FAILED]
        reasons += [each.remark(row) for row, each in rows if each.kind is Kind.MISSING]
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
        unmeasured = {
            kind.name.lower(): {row: u.why for row, u in self.unmeasured.items() if u.kind is kind}
            for kind in Kind
        }
        more = {"judgements": judgements, "seconds": self.seconds}
        return {"exit": self.exit_code, **unmeasured, **more}


def run(
    comparison: Comparison,
    thresholds: Mapping[str, float],
    noises: Mapping[str, Noise],
    max_time: float,
    *,
    on_block: Callable[[Stage, int, int, Sequence[str], float], None] = lambda *_: None,
    on_row: Callable[[str], None] = lambda _: None,
    keep: Callable[[Block], None] = lambda _: None,
    now: Callable[[], float] = time.monotonic,
) -> GateResult:
    """Measure block by block until every row is decided or ``max_time``, in seconds, is up.

    ``on_block`` is called before each block with its stage, its number and the highest number in that
    stage, its rows, and the most seconds that may be left. ``on_row`` is called after each row,
    ``keep`` after each block.

    Raises:
        ConcurbenchError: an arm failed; the blocks before have been kept.
    """
    begin = now()
    counts = dict.fromkeys(Stage, 0)
    # What each row, and the rest of a block, took when it was measured last: an estimate of the next.
    row_seconds: dict[str, float] = {}
    overhead = 0.0
    out_of_time = False

    def measure(stage: Stage, active: Sequence[str]) -> Mapping[str, float] | None:
        nonlocal overhead, out_of_time
        active = [row for row in active if row in comparison.rows]
        if not active:
            return {}
        expected = overhead + sum(row_seconds.get(row, 0.0) for row in active)
        start = last = now()
        time_left = max_time - (start - begin)
        if expected > time_left:
            out_of_time = True
            return None
        highest = decision.RULES.of(stage)[-1]
        blocks_left = highest - counts[stage]
        counts[stage] += 1
        on_block(stage, counts[stage], highest, active, min(blocks_left * expected, time_left))
        took: dict[str, float] = {}

        def row_done(row: str) -> None:
            nonlocal last
            ended = now()
            took[row], last = ended - last, ended
            on_row(row)

        block = comparison.block(stage, active, row_done)
        row_seconds.update(took)
        overhead = now() - start - sum(took.values())
        keep(block)
        return block.log_ratios

    judgements = decision.judge(thresholds, measure)
    return GateResult(
        base=comparison.labels["base"],
        head=comparison.labels["head"],
        judgements=judgements,
        floors={row: noises[row].floor for row in thresholds if row in noises},
        unmeasured=comparison.unmeasured,
        notes=comparison.notes,
        blocks=sum(counts.values()),
        seconds=now() - begin,
        out_of_time=out_of_time,
    )
