"""The gate: blocks until each row is judged, and what follows for the exit code."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from concurbench.errors import ConcurbenchError
from concurbench.gate import decision
from concurbench.gate.comparison import Comparison
from concurbench.gate.decision import Judgement, Stage, Verdict
from concurbench.gate.noise import Noise
from concurbench.gate.prepare import NO_SHARE, is_share, matches
from concurbench.gate.samples import Block

CLEAR, REGRESSION, UNABLE = 0, 1, 2
"""Exit codes: nothing got slower, something did, no answer."""


@dataclass(frozen=True)
class Thresholds:
    """The change of a row that matters, as a share."""

    default: float
    patterns: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def configured(cls, folder: Path, asked: float | None, default: float) -> Thresholds:
        """As a project's ``pyproject.toml`` says under ``[tool.concurbench.gate]``; what the user asked
        for goes before its ``threshold``, not before what it says of single rows.

        Raises:
            ConcurbenchError: what it says is not a share.
        """
        try:
            content = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            content = {}
        tools: Any = content.get("tool", {})
        said = tools.get("concurbench", {}).get("gate", {})
        rows = said.get("thresholds", {}) if isinstance(said, dict) else None
        if not isinstance(rows, dict):
            raise ConcurbenchError(
                "pyproject.toml: [tool.concurbench.gate] and its thresholds are tables"
            )
        for value in (said.get("threshold", default), *rows.values()):
            if not is_share(value):
                raise ConcurbenchError(
                    f"pyproject.toml, [tool.concurbench.gate]: {NO_SHARE}, not {value!r}"
                )
        return cls(asked or said.get("threshold", default), rows)

    def of(self, row: str, marked: float | None, noise: Noise | None) -> float:
        """A row's: what its mark says, or else the configuration, and at least the machine's noise."""
        configured = next((v for p, v in self.patterns.items() if matches(row, p)), self.default)
        wanted = configured if marked is None else marked
        return max(wanted, noise.floor if noise else 0.0)


@dataclass(frozen=True)
class Outcome:
    """What a gate found."""

    base: str
    head: str
    judgements: Mapping[str, Judgement]
    floors: Mapping[str, float]
    """Row -> the noise floor of this machine, where one is known."""
    missing: Mapping[str, str]
    new: Mapping[str, str]
    idle: Mapping[str, str]
    failed: Mapping[str, str]
    notes: Sequence[str]
    blocks: int
    seconds: float
    out_of_time: bool

    @property
    def slower(self) -> list[str]:
        return [row for row, each in self.judgements.items() if each.verdict is Verdict.SLOWER]

    @property
    def undecided(self) -> list[str]:
        """Rows that were not looked at often enough to say anything: the time was up."""
        needed = {False: decision.RULES.looks[0], True: decision.RULES.confirmation}
        return [
            row for row, each in self.judgements.items() if each.blocks < needed[each.flagged]
        ]  # fmt: skip

    @property
    def unable(self) -> list[str]:
        """Why this gate cannot vouch for head, as sentences; empty if it can."""
        told = [f"{row}: {why}" for row, why in self.failed.items()]
        told += [f"missing in head: {row} ({why})" for row, why in self.missing.items()]
        told += [f"out of time before it could be judged: {row}" for row in self.undecided]
        if not self.judgements and not told:
            told.append("nothing was measured")
        return told

    @property
    def exit_code(self) -> int:
        if set(self.slower) - set(self.undecided):
            return REGRESSION
        return UNABLE if self.unable else CLEAR


@dataclass
class Clock:
    """How long a gate may take, and what its blocks take."""

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
        """A block took so many seconds, its rows these."""
        self._rows.update(rows)
        self._overhead = max(0.0, seconds - sum(rows.values()))

    def expected(self, rows: Sequence[str]) -> float:
        """The seconds another block of these rows will take."""
        return self._overhead + sum(self._rows.get(row, 0.0) for row in rows)

    def allows(self, rows: Sequence[str]) -> bool:
        """Whether there is time for another block of these rows."""
        return self.passed + self.expected(rows) <= self.limit


def run(
    comparison: Comparison,
    thresholds: Thresholds,
    noises: Mapping[str, Noise],
    clock: Clock,
    *,
    on_block: Callable[[Stage, int, int, Sequence[str], float], None],
    on_row: Callable[[str], None],
    keep: Callable[[Block, bool], None],
) -> Outcome:
    """Measure block by block, until all is clear, confirmed or the time is up.

    ``on_block`` hears of a block before it starts: its stage, its number there and the highest, its
    rows, and how many seconds may be left at most; ``on_row`` of each row measured; ``keep``
    gets each block, and before that its first rows; with it, whether the block is complete.

    Raises:
        ConcurbenchError: a side broke down; the blocks before it have been kept.
    """
    rows = {
        row: thresholds.of(row, comparison.thresholds.get(row), noises.get(row))
        for row in comparison.rows
    }
    counts = dict.fromkeys(Stage, 0)
    out_of_time = False

    def take(stage: Stage, active: Sequence[str]) -> Mapping[str, float] | None:
        nonlocal out_of_time
        active = [row for row in active if row in comparison.rows]
        if not active:
            return {}
        if not clock.allows(active):
            out_of_time = True
            return None
        most = decision.RULES.most_blocks(stage)
        left = (most - counts[stage]) * clock.expected(active)
        counts[stage] += 1
        on_block(stage, counts[stage], most, active, min(left, clock.limit - clock.passed))
        start, took = clock.passed, dict[str, float]()

        def row_done(row: str, block: Block) -> None:
            took[row] = clock.passed - start - sum(took.values())
            keep(block, False)
            on_row(row)

        block = comparison.block(stage, active, row_done)
        clock.took(took, clock.passed - start)
        keep(block, True)
        return block.log_ratios

    judgements = decision.judge(rows, take)
    return Outcome(
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
