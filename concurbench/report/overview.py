"""The overview of a run: which model to take, one question after the other.

Each question is a group of rows. Its first line names the model to take, with figures; the second one
says which others are as good, which cannot be told apart, and which not to take. Where that needs too
many lines, each question gets one, without figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.text import Text

from concurbench import units
from concurbench.report.footnotes import surprises
from concurbench.report.text import COLUMNS, Part, at_most, filled, joined, names, ratio, shortened
from concurbench.results.row import SEQUENTIAL, Row
from concurbench.results.runs import FindingInfo, Run, WorkloadInfo
from concurbench.verdicts.choice import ANALYSES, COSTS, Choice, Verdict, choices, criterion_of
from concurbench.verdicts.pairs import MARGIN, TIME
from concurbench.verdicts.ranks import (
    best_possible,
    by_criterion,
    cheaper,
    cost,
    times_sequential,
)

MAX_LINES = 20
"""The longest overview, unless every group is asked for."""

MIN_TITLE = 20
"""Columns of a title that are never taken for something else."""

NEAR_THE_FASTEST = 1.1
"""The largest ratio to the fastest row at which the cheapest row is looked for."""

CLOSE = 2.0
"""Ratios below it are shown with one more digit."""

TAKE, GOOD, NOT, OPEN = "bold green", "green", "red", "yellow"
"""Styles of the verdicts."""

NOT_TOLD = "cannot be told apart"

HEADINGS, WIDTHS = ("× seq.", "of best", "CPU s", "MiB"), (6, 7, 5, 5)
"""Of the figures: times faster than sequential, the share of the best possible, and the cost."""


@dataclass(frozen=True)
class Question:
    """A group of a run."""

    title: str
    rows: Sequence[Row]
    choice: Choice | None
    criterion: str
    workload: WorkloadInfo

    @property
    def is_finding(self) -> bool:
        """Whether it asks what something costs, not which model to take."""
        return self.choice is None and bool(self.workload.get("cost_question"))


def overview(
    run: Run, *, by: str | None = None, margin: float = MARGIN, every: bool = False,
    width: int = COLUMNS,
) -> list[Text]:  # fmt: skip
    """The lines of the overview, each at most ``width`` columns wide.

    ``by`` and ``margin`` are those of ``verdicts.choices``. ``every`` group is shown, instead of those
    that the workloads declare for the overview, and at most ``MAX_LINES`` lines.
    """
    return _lines(run, questions(run, by=by, margin=margin, every=every), width, every=every)


def _lines(run: Run, found: Sequence[Question], width: int, *, every: bool) -> list[Text]:
    asked = [each for each in found if not each.is_finding]
    costs = [line for each in found if each.is_finding for line in _finding(each, width)]
    notes = [*_notes(run, asked)]
    after, about = [*costs, *notes], shortened(_about(run), width)
    lines = [*_table(asked, about, width), *after]
    if len(lines) > MAX_LINES and not every:
        lines = [*_table(asked, about, width, details=1), *after]
    if len(lines) > MAX_LINES and not every:
        lines = [Text(about), *_compact(asked, width), *after]
    if len(lines) > MAX_LINES and not every:
        kept = MAX_LINES - 1 - len(notes)
        more = len(lines) - len(notes) - kept
        lines = [*lines[:kept], Text(f"and {units.counted(more, 'more line')} with --all"), *notes]
    return lines


def with_surprises(
    run: Run, *, by: str | None = None, margin: float = MARGIN, every: bool = False,
    width: int = COLUMNS,
) -> list[Text]:  # fmt: skip
    """The lines of the overview, and what explains the surprises among its choices."""
    asked = questions(run, by=by, margin=margin, every=every)
    lines = _lines(run, asked, width, every=every)
    found = surprises(run, [each.rows[0].group for each in asked if not each.is_finding])
    return [*lines, *([Text()] if found else []), *map(Text, found)]


def questions(
    run: Run, *, by: str | None = None, margin: float = MARGIN, every: bool = False
) -> list[Question]:
    """The groups that the overview shows, in the order of the run."""
    chosen = choices(run, by, margin)
    groups = {name: rows for name, rows in run.groups.items() if name}
    with_shown = {rows[0].workload for name, rows in groups.items() if _title(run, name, rows)}
    found, shown = [], []
    for name, rows in groups.items():
        workload, title = run.workloads.get(rows[0].workload or "", {}), _title(run, name, rows)
        if len([row for row in rows if not row.reference or workload.get("cost_question")]) < 2:
            continue
        criterion = criterion_of(run, rows, by)
        found.append(Question(title or name, rows, chosen.get(name), criterion, workload))
        # A workload that shows some groups hides the others, unless the run has only these.
        declared = workload.get("overview")
        if title or declared is None or (declared and rows[0].workload not in with_shown):
            shown.append(found[-1])
    return found if every or not shown else shown


def _title(run: Run, group: str, rows: Sequence[Row]) -> str | None:
    """The title of a group that its workload declares for the overview."""
    return run.workloads.get(rows[0].workload or "", {}).get("overview", {}).get(group)


# -- which model to take ------------------------------------------------------------------------------


def _table(
    asked: Sequence[Question], about: str, width: int, *, details: int | None = None
) -> Iterator[Text]:
    """The questions with figures in columns, and at most this many lines of details for each."""
    figures = [_figures(each) for each in asked]
    used = [place for place in range(len(HEADINGS)) if any(each[place] for each in figures)]
    right = sum(WIDTHS[place] + 1 for place in used) + 1
    takes = [_take(each) for each in asked]
    take = max([len(NOT_TOLD), *(len(text) for text, _ in takes)])
    longest = max((len(each.title) for each in asked), default=0)
    title = max(MIN_TITLE, min(longest, width - right - take - 2))
    take = max(1, width - right - title - 2)
    headings = "".join(f" {HEADINGS[place]:>{WIDTHS[place]}}" for place in used)
    if len(about) + right <= width:
        yield Text(f"{about}{headings.rjust(width - len(about))}".rstrip())
    else:
        yield from (Text(about), Text(headings.rjust(width)))
    for each, (name, style), cells in zip(asked, takes, figures, strict=True):
        if each.choice is None:
            yield from _compact([each], width, longest)
            continue
        first = Text(f"{shortened(each.title, title):{title}}  ")
        first.append(f"{shortened(name, take):{take}}", style)
        first.append("".join(f" {cells[place]:>{WIDTHS[place]}}" for place in used).rjust(right))
        first.rstrip()
        first.truncate(width, overflow="ellipsis")
        yield first
        yield from at_most(details, list(filled(_details(each), width)), width)


def _compact(asked: Sequence[Question], width: int, beside: int = 0) -> Iterator[Text]:
    """The questions in a line each; titles beside others that are this wide."""
    title = min(max([beside, *(len(each.title) for each in asked)]), width // 2)
    for each in asked:
        line = Text(f"{shortened(each.title, title):{title}}  ")
        parts = _short(each, each.choice) if each.choice else _order(each)
        fitting = joined(parts, width - title - 2)
        if fitting is None and each.choice and each.choice.take is None:
            # The names are too long: a number is better than nothing.
            count = len(each.choice.having(Verdict.OPEN))
            fitting = Text(f"{units.counted(count, 'model')} {NOT_TOLD}", OPEN)
        line.append_text(fitting or parts[0].text(1))
        line.truncate(width, overflow="ellipsis")
        yield line


def _short(question: Question, choice: Choice) -> list[Part]:
    """What fits in half a line: what to take, what may be as good, and then the rest."""
    first, *others = parts = _details(question)
    if choice.take is None:
        return [replace(first, before=f"{NOT_TOLD}: ", after=""), *others]
    parts.sort(key=lambda part: part.style not in (GOOD, OPEN))
    return [Part("", [_take(question)[0]], style=TAKE), *parts]


def _take(question: Question) -> tuple[str, str]:
    """What to take, and its style."""
    choice = question.choice
    if choice and choice.take:
        return names(question.rows)[choice.take.id], TAKE
    return NOT_TOLD, OPEN


def _figures(question: Question) -> tuple[str, str, str, str]:
    """The figures of the model to take; empty where there is none."""
    row = question.choice.take if question.choice else None
    if row is None:
        return "", "", "", ""
    limit, by_time = best_possible(question.rows), question.criterion == TIME
    times = times_sequential(row, question.rows, question.choice) if by_time else None
    cpu, memory = cost(row)
    return (
        ratio(times) if times else "",
        f"{limit / row.median:.0%}{'?' if row.limit_check else ''}" if limit and by_time else "",
        "" if cpu is None else f"{cpu:.{2 if cpu >= 0.1 else 3}f}",
        "" if memory is None else f"{memory / 2**20:,.{0 if memory >= 10 * 2**20 else 1}f}",
    )


def _details(question: Question) -> list[Part]:
    """What is to be known beside the model to take, the most important first."""
    choice, shown = question.choice, names(question.rows)
    assert choice is not None
    found = []
    if choice.take and (value := measured(choice.take, question.criterion)):
        found.append(Part(f"{_words(question)} ", [value]))
    if good := choice.as_good[1:]:
        found.append(Part("or ", [shown[row.id] for row in good], " (as good)", GOOD))
    if undecided := [shown[row.id] for row in choice.having(Verdict.OPEN)]:
        before = f"{NOT_TOLD}: " if choice.take else ""
        found.append(Part(before, undecided, "" if choice.take else " (more passes)", OPEN))
    found += _not(question, choice)
    found += _cheapest(choice, shown)
    compared = {each.row.model for each in choice.standings}
    lacking = [row for row in question.rows if not row.reference and row.model not in compared]
    if lacking:
        found.append(Part("measured in too few passes: ", [shown[row.id] for row in lacking], "", OPEN))
    return found


def _not(question: Question, choice: Choice) -> Iterator[Part]:
    """The worst model, and how much worse it is; sequential only if there is no other."""
    worse = [each for each in choice.standings if each.verdict in (Verdict.WORSE, Verdict.BEYOND)]
    worse.reverse()
    for each in sorted(worse, key=lambda each: each.row.model == SEQUENTIAL)[:1]:
        value = measured(each.row, question.criterion)
        if value is None or (choice.by == TIME and each.verdict is Verdict.WORSE):
            times = ratio(each.ratio, 2 if round(each.ratio, 2) < CLOSE else 1)
            value = f"{times} × {'slower' if choice.by == TIME else 'more'}"
        yield Part("not ", [f"{names(question.rows)[each.row.id]}: {value}"], style=NOT)


def _cheapest(choice: Choice, shown: dict[str, str]) -> Iterator[Part]:
    """The model with the least CPU time among the fastest, if it certainly needs less than the one to
    take."""
    near = [
        (cpu, each.row)
        for each in choice.standings
        if each.ratio <= NEAR_THE_FASTEST and (cpu := cost(each.row)[0]) is not None
    ]
    if choice.by == TIME and choice.take and near:
        cpu, row = min(near, key=lambda each: each[0])
        if row is not choice.take and cheaper(row, choice.take):
            within = units.percent(NEAR_THE_FASTEST - 1)
            yield Part(f"cheapest within {within}: ", [shown[row.id]], f", {cpu:.2f} CPU s")


def _order(question: Question) -> list[Part]:
    """The models without a verdict, the best first, with the ratios of the medians."""
    shown, ordered = names(question.rows), by_criterion(question.rows, question.criterion)
    if not ordered:
        return [Part("no row has this metric", [])]
    (best, _), *others = ordered
    texts = [shown[row.id] + (f" {ratio(times)} ×" if times else "") for row, times in others]
    return [Part("", [shown[best.id], *texts])]


def measured(row: Row, metric: str) -> str | None:
    """A metric of a row with its unit; None if it has none."""
    found = row.metric(metric)
    if found is None:
        return None
    unit = units.unit_of([found.median], found.unit)
    if found.unit == "s":  # 203 ms are easier to compare with 2 ms than 0.203 s
        unit = next((each for each in units.UNITS if found.median * each.scale >= 1), unit)
    large = abs(found.median * unit.scale) >= 10  # two digits are enough
    number = f"{found.median * unit.scale:,.0f}" if large else unit.text(found.median)
    return f"{number} {unit.symbol}".rstrip()


def _words(question: Question) -> str:
    criterion = question.criterion
    return question.workload.get("words", {}).get(criterion, criterion.replace("_", " "))


# -- what something costs -----------------------------------------------------------------------------


def _finding(question: Question, width: int) -> Iterator[Text]:
    """What each model costs, as the workload declares it, or else each model's criterion."""
    finding: FindingInfo = question.workload.get("finding") or {
        "metrics": [question.criterion],
        "models": {row.model: row.model for row, _ in by_criterion(question.rows, question.criterion)},
    }
    rows = {row.model: row for row in question.rows}
    texts = []
    for model, word in finding["models"].items():
        values = [
            value
            for name in finding["metrics"]
            if model in rows and (value := measured(rows[model], name)) is not None
        ]
        if values:
            texts.append(Part(f"{word} ", [", ".join(values)]))
    yield from filled([Part(f"{question.title}: ", []), *texts], width, "")


# -- lines --------------------------------------------------------------------------------------------


def _about(run: Run) -> str:
    """The machine, the interpreter and the passes."""
    facts = run.machine
    cpu, cores = facts.get("cpu"), facts.get("usable_cores")
    if isinstance(cpu, dict):  # as pytest-benchmark saves it
        cpu = cpu.get("brand_raw")
    where = str(cpu or run.home)
    if isinstance(cores, int):
        where += f", {units.counted(cores, 'core')}"
    version = f"{facts.get('python_version', '')}{'t' if facts.get('free_threaded') is True else ''}"
    python = f"{facts.get('python_implementation', 'Python')} {version}".rstrip()
    least, most = (pick((row.passes for row in run.rows), default=1) for pick in (min, max))
    passes = f"{least} to {most} passes" if least < most else units.counted(most, "pass", "passes")
    return " · ".join(filter(None, [where, python, passes]))


def _notes(run: Run, asked: Sequence[Question]) -> Iterator[Text]:
    """Why there is no verdict, and which rows are in no question."""
    least = ANALYSES[0]
    most = max((row.passes for row in run.rows), default=0)
    if most < least and any(each.choice is None for each in asked):
        passes = units.counted(most, "pass", "passes")
        yield Text(
            f"{passes}, so no verdict, only an order: concurbench run makes at least {least}", OPEN
        )
    if any(each.choice is None and each.criterion == COSTS["memory"] for each in asked):
        yield Text(f"memory was observed in too few passes: concurbench run --passes {least}", OPEN)
    if any(each.choice is None and not each.workload and each.criterion != TIME for each in asked):
        yield Text("an older version saved this run, without criteria: only an order by metrics", OPEN)
    alone = sum(len(rows) for group, rows in run.groups.items() if not group or len(rows) == 1)
    if alone:
        yield Text(f"{units.counted(alone, 'row')} without others of the same group: not compared")
