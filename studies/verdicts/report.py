"""The findings of a verdict study, in Markdown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from concurbench.results.runs import short_name
from concurbench.units import counted, duration, percent
from concurbench.verdicts.choice import LEVEL, MARGIN
from studies import files
from studies.verdicts import fitted
from studies.verdicts.figures import (
    CLEAR,
    CONFIDENCE,
    Count,
    Coverage,
    Errors,
    Judged,
    confirmed,
    coverage,
    errors,
    judged,
)  # fmt: skip
from studies.verdicts.rules import RULES, in_pairs
from studies.verdicts.study import VerdictStudy

QUESTIONS: Mapping[str, Callable[[Errors], Count]] = {
    f"recommended row within {percent(MARGIN)} of the best (≥ 97 %)": lambda each: each.recommended,
    "“as good” wrong (≤ 3 %)": lambda each: each.as_good,
    f"“n times slower”: interval misses the pooled ratio (≤ {percent(1 - LEVEL)})": (
        lambda each: each.missed
    ),
    "“slower” wrong": lambda each: each.slower,
    "nothing recommended": lambda each: each.undecided,
    f"the same, second row more than {percent(CLEAR)} behind (≤ 10 %)": (
        lambda each: each.undecided_clear
    ),
}  # fmt: skip
"""What is counted, with the goal."""

HOLD: Mapping[str, Callable[[Coverage], Count]] = {
    "all intervals of a group": lambda each: each.groups,
    "the interval of a pair": lambda each: each.pairs,
}


def report(study: VerdictStudy) -> str:
    """The figures of the second half of the runs, and of all."""
    every = judged(study.runs)
    first, second = ([each for each in every if each.number % 2 == rest] for rest in (1, 0))
    groups = len({each.group for each in every})
    lines = [
        f"{counted(len(study.runs), 'run')} of {counted(groups, 'group')}, on "
        f"{files.place(study.machine)}, in {duration(study.seconds)}. Truth: the medians of all other "
        "runs. Second half: every second run; the constants are fitted on the others. In brackets: the "
        f"{percent(CONFIDENCE)} interval, if all cases were independent.",
        "",
        *_questions(every, second),
        "",
        *_coverages(every, second),
    ]
    if constants := fitted.table([each.choice for each in first]):
        lines += ["", *constants]
    if alone := _alone(study, every):
        lines += ["", *alone]
    return "\n".join(lines) + "\n"


def _questions(every: Sequence[Judged], second: Sequence[Judged]) -> list[str]:
    columns = {f"{name}, second half": errors(rule, second) for name, rule in RULES.items()}
    columns["in pairs, all runs"] = errors(in_pairs, every)
    return [
        f"| of groups and rows (goal) | {' | '.join(columns)} |",
        f"| :-- |{' --: |' * len(columns)}",
        *(
            f"| {question} | {' | '.join(_cell(count(each)) for each in columns.values())} |"
            for question, count in QUESTIONS.items()
        ),
    ]


def _coverages(every: Sequence[Judged], second: Sequence[Judged]) -> list[str]:
    kinds = {"rows that wait": False, "rows that compute": True}
    columns = {
        f"{kind}, {which}": coverage([each for each in cases if each.computes is computes])
        for kind, computes in kinds.items()
        for which, cases in (("second half", second), ("all runs", every))
    }
    return [
        f"| intervals that hold ({percent(LEVEL)} claimed) | {' | '.join(columns)} |",
        f"| :-- |{' --: |' * len(columns)}",
        *(
            f"| {what} | {' | '.join(_cell(count(each)) for each in columns.values())} |"
            for what, count in HOLD.items()
        ),
    ]


def _alone(study: VerdictStudy, every: Sequence[Judged]) -> list[str]:
    lines = []
    for group, truth in confirmed(every, study.alone).items():
        taken = Counter(
            each.choice.take.id for each in every if each.group == group and each.choice.take
        )
        behind = {row: math.exp(truth.behind(row)) for row in taken}
        good = sum(number for row, number in taken.items() if behind[row] <= 1 + MARGIN)
        rows = ", ".join(
            f"`{short_name(row)}` {behind[row]:.2f} × the best ({counted(number, 'run')})"
            for row, number in taken.most_common()
        )
        cell = _cell(Count(good, taken.total()))
        lines.append(f"| {group} | `{short_name(truth.best)}` | {rows} | {cell} |")
    if not lines:
        return []
    return [
        f"Each row alone, in a process of its own, {len(study.alone)} times in random order:",
        "",
        f"| group | best alone | recommended in the runs | within {percent(MARGIN)} |",
        "| :-- | :-- | :-- | --: |",
        *lines,
    ]


def _cell(count: Count) -> str:
    if not count.of:
        return "–"
    low, high = count.interval
    return f"{count.cases} of {count.of}, {percent(count.share)} ({100 * low:.0f}–{100 * high:.0f} %)"
