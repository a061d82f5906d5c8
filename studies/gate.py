"""The proof of the gate on this machine: blocks of identical and of planted code, measured through
pytest itself, and real gates; ``resample`` says what follows."""

from __future__ import annotations

import functools
import json
import statistics
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from concurbench import machine
from concurbench.errors import ConcurbenchError
from concurbench.gate import gate as gates
from concurbench.gate.block import Stepped, Stepper
from concurbench.gate.comparison import Comparison
from concurbench.gate.decision import RULES, Rules
from concurbench.gate.prepare import Question
from concurbench.gate.samples import Block, Quad
from concurbench.results.runs import short_name
from concurbench.results.storage import write_atomic
from concurbench.units import duration
from studies import resample
from studies.resample import Observed

FORMAT = "concurbench-gate-study 1"
PLANTED = 0.10
"""The share by which planted rows are slower."""

WITHIN = 0.01
"""How far the planted share, as measured, may be off."""

REAL = 3
"""Real gates of each kind."""

CANDIDATES = (
    Rules(analyses=(6, 9, 12, 16), confirmation=12, error_rate=0.05),
    replace(RULES, error_rate=0.05),
    replace(RULES, trimmed=0.0),
    RULES,
)
"""Constants to choose from, by what they do on the first half of the blocks."""

SLOWED = (0.05, 0.06, 0.08, PLANTED)

LENGTHS = (0.001, 0.003, 0.01, 0.03)
"""Seconds of rounds, to see what a hand-off costs them."""

TURNS, PLAIN = 40, 8
"""Hand-offs of each length, and the rounds after each."""


class StudyFailed(ConcurbenchError):
    """It proves nothing; the message says why."""


@dataclass(frozen=True)
class Budget:
    """How much to measure: blocks of each kind, and the seconds after which no more is begun."""

    blocks: int
    seconds: float


# -- measuring ----------------------------------------------------------------------------------------


def measure(
    question: Question, threshold: float, budget: Budget, tell: Callable[[str], None], path: Path
) -> dict[str, Any]:
    """Measure everything; what is there is written to ``path`` after each step, and a study that was
    interrupted goes on from there.

    Raises:
        ConcurbenchError: a worker ended or does not respond.
        StudyFailed: what was planted is not what it should be.
    """
    about = {
        "format": FORMAT, "machine": machine.facts(), "threshold": threshold, "share": PLANTED,
    }  # fmt: skip
    content: dict[str, Any] = _unfinished(path, about) or {**about, "seconds": 0.0}
    start = time.monotonic() - content["seconds"]

    def keep(**more: object) -> None:
        content.update(more, seconds=time.monotonic() - start)
        write_atomic(path, json.dumps(content))

    if "hand_off" not in content:
        keep(hand_off=hand_off(tell))
    if "verified" not in content:
        blocks, planted, verified = _blocks(question, budget, start, tell, keep)
        keep(identical=blocks, planted=planted, verified=verified)
    keep(gates=_real_gates(question, threshold, budget, start, tell))
    return content


def _unfinished(path: Path, about: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a study of the same on the same machine had measured before it was interrupted."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = all(content.get(name) == value for name, value in about.items())
    return content if same and "gates" not in content else None


def _blocks(
    question: Question, budget: Budget, start: float, tell: Callable[[str], None],
    keep: Callable[..., None],
) -> tuple[list[Any], list[Any], dict[str, Any]]:  # fmt: skip
    """Identical and planted blocks in turn, so that both see the same weather."""
    kinds: tuple[list[Any], list[Any]] = ([], [])
    ratios: dict[str, list[float]] = {}
    with Comparison(question, tell) as comparison:

        def check(row: str, which: str, seconds: list[float], bare: float | None) -> None:
            if bare is not None:
                ratios.setdefault(row, []).append(sum(seconds) / bare)

        comparison.stepper.on_slice = check
        for number in range(2 * budget.blocks):
            # Real gates are to follow: a third of the time is theirs.
            if time.monotonic() - start > budget.seconds * 2 / 3:
                break
            kind = number % 2
            comparison.stepper.slow_down = dict.fromkeys(comparison.rows, PLANTED) if kind else {}
            tell(f"block {number + 1} of {2 * budget.blocks}{', planted' if kind else ''}")
            began = time.monotonic()
            block = comparison.block("study", comparison.rows, number=number // 2)
            kinds[kind].append({**block.as_json(), "seconds": time.monotonic() - began})
            keep(identical=kinds[0], planted=kinds[1])
    verified = {
        row: {"ratio": statistics.median(each), "slices": len(each)} for row, each in ratios.items()
    }
    for row, found in verified.items():
        if abs(found["ratio"] - 1 - PLANTED) > WITHIN:
            raise StudyFailed(f"planted {PLANTED:.0%} in {row}, measured {found['ratio'] - 1:.1%}")
    return *kinds, verified


def _real_gates(
    question: Question, threshold: float, budget: Budget, start: float, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Whole gates, as a user runs them: nothing planted, then one row at a time."""
    done: list[dict[str, Any]] = []
    rows: Sequence[str] = ()
    for number in range(2 * REAL):
        row = rows[(number - REAL) * len(rows) // REAL] if number >= REAL else None
        slower = {row: PLANTED} if row else {}
        tell(f"real gate {number + 1} of {2 * REAL}{f', {row} planted' if row else ''}")
        with Comparison(replace(question, slower=slower), tell) as comparison:
            rows = comparison.rows
            clock = gates.Clock(max(60.0, budget.seconds - (time.monotonic() - start)))
            outcome = gates.run(
                comparison, gates.Thresholds(threshold), {}, clock,
                on_block=lambda *_: None, on_row=lambda _: None, keep=lambda *_: None,
            )  # fmt: skip
        done.append(
            {"planted": row, "exit": outcome.exit_code, "slower": outcome.slower,
             "blocks": outcome.blocks, "seconds": outcome.seconds}
        )  # fmt: skip
    return done


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


class Long(Stepper):
    """Takes slices of several rounds in turn: the first comes right after a hand-off, the others are
    plain rounds, one after the other, as pytest-benchmark has them."""

    def __init__(self) -> None:
        super().__init__({})
        self.ratios: dict[str, list[float]] = {}

    def quads(
        self, row: str, sides: dict[str, Stepped], cap: int | None, head_first: bool
    ) -> Iterator[Quad]:
        for turn in range(TURNS):
            for side in sides.values():
                side.tell(do="rounds", rounds=PLAIN, iterations=1, core=turn)
                first, *plain = side.expect("times")["seconds"]
                self.ratios.setdefault(row, []).append(first / statistics.median(plain))
        yield Quad("AB", (1.0,), (1.0,))


def hand_off(tell: Callable[[str], None]) -> dict[str, float]:
    """What being stepped costs: a round's length in words -> the median ratio of a round right after a
    hand-off to plain ones."""
    tell("what a hand-off costs")
    began = time.perf_counter()
    total = 0
    for number in range(1_000_000):
        total += number * number
    speed = 1_000_000 / (time.perf_counter() - began)
    counts = [int(seconds * speed) for seconds in LENGTHS]
    with TemporaryDirectory() as folder:
        toy = Path(folder, "test_toy.py")
        toy.write_text(textwrap.dedent(TOY).format(counts=counts), encoding="utf-8")
        with Comparison(Question(base=folder, head=folder, where=Path(folder))) as comparison:
            comparison.stepper = long = Long()
            comparison.block("study", comparison.rows)
            rows = comparison.rows
    return {
        f"{length * 1000:.0f} ms": statistics.median(long.ratios[row])
        for length, row in zip(LENGTHS, rows, strict=True)
    }


# -- what follows -------------------------------------------------------------------------------------


def halves(blocks: Sequence[Mapping[str, Any]]) -> tuple[list[Observed], list[Observed]]:
    """Log-ratios of every other block: one half to fix the constants on, one to report."""
    observed: list[Observed] = [Block.from_json(block).log_ratios for block in blocks]
    return observed[::2], observed[1::2]


@dataclass(frozen=True)
class Findings:
    """What the recorded blocks say of some constants."""

    rules: Rules
    blocks: int
    """How many blocks of each kind this rests on."""
    alarms: float
    """Suites of identical code that end red, as a share."""
    single: float
    """The same, if a single block decided."""
    typical: tuple[float, float]
    """Blocks a green suite takes: the median and the 95th percentile."""
    found: Mapping[float, Mapping[str, float]]
    """A slow-down, as a share -> row -> how often it is found: recorded rounds of identical code, made
    slower by arithmetic."""
    planted: Mapping[str, float]
    """Row -> how often it is found in blocks where it was slower for real."""


def findings(
    identical: Sequence[Observed], planted: Sequence[Observed], threshold: float, rules: Rules,
    suites: int, slowed: Sequence[float] = SLOWED,
) -> Findings:  # fmt: skip
    """Resample these blocks."""
    green = resample.draw(identical, threshold, suites, rules)
    power = functools.partial(resample.power, identical, threshold, suites, rules=rules)
    return Findings(
        rules=rules,
        blocks=len(identical),
        alarms=green.red / suites,
        single=resample.single(identical, threshold),
        typical=green.typical,
        found={share: power(slowed=resample.slower_by(share)) for share in slowed},
        planted=power(slowed=resample.replaced_by(planted)),
    )


def report(content: Mapping[str, Any], suites: int = 1000) -> str:
    """The findings as Markdown, for ``docs/method.md``.

    Raises:
        StudyFailed: ``content`` is not what ``measure`` wrote.
    """
    if content.get("format") != FORMAT or "gates" not in content:
        raise StudyFailed("not the blocks of a whole study")
    threshold = content["threshold"]
    fixing, reporting = halves(content["identical"])
    fixing_planted, reporting_planted = halves(content["planted"])
    seconds = statistics.median(block["seconds"] for block in content["identical"])
    chosen = findings(reporting, reporting_planted, threshold, RULES, suites)
    tried = [
        findings(fixing, fixing_planted, threshold, rules, suites // 4, (PLANTED,))
        for rules in CANDIDATES
    ]
    parts = [_about(content, seconds), _choice(tried), _table(chosen, threshold)]
    parts += [_rows(content, chosen), _gates(content), _hand_off(content)]
    return "\n\n".join(parts) + "\n"


def _about(content: Mapping[str, Any], seconds: float) -> str:
    facts = content["machine"]
    ratios = [found["ratio"] for found in content["verified"].values()]
    return (
        f"Measured on {facts['system']}, {facts['cpu']}, {facts['usable_cores']} cores, "
        f"{facts['python_implementation']} {facts['python_version']}, in "
        f"{duration(content['seconds'])}: {len(content['identical'])} blocks of identical code and "
        f"{len(content['planted'])} with every row of head planted, {seconds:.1f} s a block. "
        f"Planted: {content['share']:.0%}; measured within the rounds themselves, "
        f"{min(ratios) - 1:.2%} to {max(ratios) - 1:.2%} a row."
    )


def _choice(tried: Sequence[Findings]) -> str:
    lines = [
        f"The constants were chosen on one half ({tried[0].blocks} blocks of each kind):",
        "",
        "| looks after | confirmation | error | trimmed | red, identical code | finds 10 %, worst row "
        "| blocks, green |",
        "| :-- | --: | --: | --: | --: | --: | --: |",
    ]
    for each in tried:
        looks = ", ".join(map(str, each.rules.analyses))
        shipped = " (shipped)" if each.rules == RULES else ""
        lines.append(
            f"| {looks}{shipped} | {each.rules.confirmation} | {each.rules.error_rate:.0%} "
            f"| {each.rules.trimmed:.0%} "
            f"| {each.alarms:.1%} "
            f"| {min(each.found[PLANTED].values()):.1%} | {each.typical[0]:.0f} |"
        )
    return "\n".join(lines)


def _table(chosen: Findings, threshold: float) -> str:
    middle, most = chosen.typical
    lines = [
        f"Reported on the other half ({chosen.blocks} blocks of each kind), threshold {threshold:.0%}:",
        "",
        "| of suites, or of rows slower by | | worst row |",
        "| :-- | --: | --: |",
        f"| identical code, ends red | {chosen.alarms:.2%} | |",
        f"| the same, were one block enough | {chosen.single:.0%} | |",
    ]
    for share, rows in chosen.found.items():
        mean = statistics.fmean(rows.values())
        lines.append(f"| {share:.0%}, found | {mean:.1%} | {min(rows.values()):.1%} |")
    mean = statistics.fmean(chosen.planted.values())
    lines.append(f"| {PLANTED:.0%}, planted, found | {mean:.1%} | {min(chosen.planted.values()):.1%} |")
    lines += [
        "",
        f"A green gate takes {middle:.0f} blocks in the median, {most:.0f} in 95 of 100 cases at most. "
        "The later ones have fewer rows; the real gates below tell the time.",
    ]
    return "\n".join(lines)


def _rows(content: Mapping[str, Any], chosen: Findings) -> str:
    identical = [Block.from_json(block).log_ratios for block in content["identical"]]
    lines = [
        "Row by row; the spread is a block's standard deviation, the bias the mean of all blocks of "
        "identical code:",
        "",
        "| row | spread | bias | 10 % found | planted, found |",
        "| :-- | --: | --: | --: | --: |",
    ]
    for row in chosen.planted:
        ratios = [block[row] for block in identical]
        lines.append(
            f"| `{short_name(row)}` | {statistics.stdev(ratios):.1%} | {statistics.fmean(ratios):+.1%} "
            f"| {chosen.found[PLANTED][row]:.1%} | {chosen.planted[row]:.1%} |"
        )
    return "\n".join(lines)


def _gates(content: Mapping[str, Any]) -> str:
    lines = [
        "Real gates, from start to end:",
        "",
        "| planted | exit | found slower | blocks | took |",
        "| :-- | --: | :-- | --: | --: |",
    ]
    for each in content["gates"]:
        planted = f"`{short_name(each['planted'])}`" if each["planted"] else "nothing"
        slower = ", ".join(f"`{short_name(row)}`" for row in each["slower"]) or "nothing"
        lines.append(
            f"| {planted} | {each['exit']} | {slower} | {each['blocks']} "
            f"| {duration(each['seconds'])} |"
        )
    return "\n".join(lines)


def _hand_off(content: Mapping[str, Any]) -> str:
    told = ", ".join(f"{ratio - 1:+.1%} for {name}" for name, ratio in content["hand_off"].items())
    return f"A round right after a hand-off, against plain rounds of the same process: {told}."
