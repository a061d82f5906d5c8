"""The findings of a verdict study, in Markdown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from concurbench.results.runs import short_name
from concurbench.units import counted, duration
from concurbench.verdicts.choice import LEVEL
from concurbench.verdicts.pairs import MARGIN
from studies import files
from studies.shares import CONFIDENCE
from studies.verdicts.chosen import KINDS, sentence
from studies.verdicts.figures import (
    CLEAR,
    Count,
    Coverage,
    Errors,
    Judged,
    confirmed,
    coverage,
    errors,
    judged,
)  # fmt: skip
from studies.verdicts.rules import RULES
from studies.verdicts.study import VerdictStudy

QUESTIONS: Mapping[str, Callable[[Errors], Count]] = {
    f"recommended row within {MARGIN:.0%} of the best (≥ 97%)": lambda each: each.recommended,
    "“as good” wrong (≤ 3%)": lambda each: each.as_good,
    f"“n times slower”: pooled ratio outside (≤ {1 - LEVEL:.0%})": lambda each: each.missed,
    "“slower” wrong": lambda each: each.slower,
    "nothing recommended": lambda each: each.undecided,
    f"the same, second row over {CLEAR:.0%} behind (≤ 10%)": lambda each: each.undecided_clear,
}
"""What is counted, with the goal."""

ALLOWED = 0.03
"""How far a coverage may be below the level that is claimed."""

HOLD: Mapping[str, Callable[[Coverage], Count]] = {
    "all intervals of a group hold": lambda each: each.groups,
    "interval of a pair holds": lambda each: each.pairs,
}


def report(study: VerdictStudy) -> str:
    """The figures of the second half of the runs: the constant was chosen on the first."""
    every = judged(study.runs)
    first, second = ([each for each in every if each.number % 2 == rest] for rest in (1, 0))
    groups = len({each.group for each in every})
    lines = [
        f"{counted(len(study.runs), 'run')} of {counted(groups, 'group')}, in "
        f"{duration(study.seconds)} ({files.place(study.machine)}). Every second run. In "
        f"brackets: {CONFIDENCE:.0%} intervals, as if cases were independent.",
        "",
        *_questions(second),
        "",
        sentence(first),
    ]
    if alone := _alone(study, every):
        lines += ["", *alone]
    return "\n".join(lines) + "\n"


def _questions(half: Sequence[Judged]) -> list[str]:
    columns = {name: errors(rule, half) for name, rule in RULES.items()}
    lines = [
        f"|what is counted (goal)|{'|'.join(columns)}|",
        f"|:--|{'--:|' * len(columns)}",
        *(
            f"|{question}|{'|'.join(_cell(count(each)) for each in columns.values())}|"
            for question, count in QUESTIONS.items()
        ),
    ]
    for what, count in HOLD.items():
        for kind, computes in KINDS.items():
            cases = [each for each in half if each.computes is computes]
            shown = _cell(count(coverage(cases)))
            lines.append(f"|{what}, {kind} (≥ {LEVEL - ALLOWED:.0%})|{shown}|–|–|")
    return lines


def _alone(study: VerdictStudy, every: Sequence[Judged]) -> list[str]:
    lines = []
    for group, truth in confirmed(every, study.alone).items():
        taken = Counter(
            each.choice.take.id for each in every if each.group == group and each.choice.take
        )
        behind = {row: math.exp(truth.behind(row)) for row in taken}
        good = sum(number for row, number in taken.items() if behind[row] <= 1 + MARGIN)
        rows = ", ".join(f"`{_model(row)}` ({behind[row]:.2f})" for row, _ in taken.most_common())
        lines.append(f"|{group}|`{_model(truth.best)}`|{rows}|{good} of {taken.total()}|")
    if not lines:
        return []
    return [
        f"Each row {len(study.alone)} times alone in a process (ratio to the best):",
        "",
        f"|group|best alone|recommended by runs|within {MARGIN:.0%}|",
        "|:--|:--|:--|--:|",
        *lines,
    ]


def _model(row: str) -> str:
    """The model in the id of a row."""
    return short_name(row).partition("[")[2].partition("-")[0].rstrip("]")


def _cell(count: Count) -> str:
    if not count.of:
        return "–"
    low, high = count.interval
    return f"{count.share:.1%} of {count.of} ({low:.0%}–{high:.0%})"
