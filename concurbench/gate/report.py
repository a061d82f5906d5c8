"""What a gate found, for a terminal, a pull request and a CI system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.gate.decision import Judgement, Verdict, blocks_needed
from concurbench.gate.gate import Outcome
from concurbench.gate.noise import Noise
from concurbench.results.runs import short_name

STYLES = {Verdict.SLOWER: "bold red", Verdict.FASTER: "green", Verdict.NOT_SHOWN: "yellow"}

EXPLANATION = (
    "ratio: head / base, above 1 is slower. "
    "sees: the smallest slow-down that a run like this one finds, 19 times out of 20."
)


def names(rows: Iterable[str]) -> dict[str, str]:
    """Row -> its short name, or its whole id where two would have the same."""
    rows = list(rows)
    times = Counter(map(short_name, rows))
    return {row: short_name(row) if times[short_name(row)] == 1 else row for row in rows}


def percent(share: float) -> str:
    """A share as in ``5.9 %``."""
    return f"{share * 100:.1f} %" if share < 10 else "–"


def interval(judgement: Judgement) -> str:
    """A ratio's, as in ``0.991 – 1.018``."""
    if judgement.high > 100:
        return "–"
    return f"{judgement.low:.3f} – {judgement.high:.3f}"


def unbroken(text: str) -> str:
    """The same in one line of a cell, however narrow."""
    return text.replace(" ", "\u00a0")


def verdict(judgement: Judgement) -> str:
    """In words, with what the confirmation said."""
    if judgement.verdict is Verdict.SLOWER:
        return "SLOWER"
    if judgement.flagged:
        return "not confirmed"
    return judgement.verdict.value


def head_line(outcome: Outcome) -> str:
    """What was compared, and at what cost."""
    return (
        f"{outcome.base} → {outcome.head} · {units.counted(len(outcome.judgements), 'row')} · "
        f"{units.counted(outcome.blocks, 'block')} · {units.duration(outcome.seconds)}"
    )


def conclusion(outcome: Outcome) -> str:
    """The one sentence that the exit code stands for."""
    if outcome.exit_code == 1:
        rows = units.counted(len(outcome.judgements), "row")
        return f"{len(outcome.slower)} of {rows} slower: a regression."
    if outcome.unable:
        return f"Not able to judge: {outcome.unable[0]}" + (
            f" (and {len(outcome.unable) - 1} more)" if len(outcome.unable) > 1 else ""
        )
    counts = Counter(each.verdict for each in outcome.judgements.values())
    told = [f"{count} {what.value}" for what, count in counts.items()]
    return f"No regression: {', '.join(told)}."


def remarks(outcome: Outcome) -> list[str]:
    """What else the reader should know."""
    short = names(outcome.judgements)
    raised = [
        f"{short[row]} at {percent(outcome.judgements[row].threshold)}"
        for row, floor in outcome.floors.items()
        if row in outcome.judgements and outcome.judgements[row].threshold == floor
    ]
    told = [f"missing in head: {row} ({why})" for row, why in outcome.missing.items()]
    told += [f"failed: {row}: {why}" for row, why in outcome.failed.items()]
    told += [f"new: {row} ({why})" for row, why in outcome.new.items()]
    told += [f"not measured: {row}: {why}" for row, why in outcome.idle.items()]
    if raised:
        told.append(f"threshold raised to this machine's noise: {', '.join(raised)}")
    if outcome.out_of_time:
        told.append("the time was up before all was clear (--max-time)")
    return told + list(outcome.notes)


def _ordered(outcome: Outcome) -> list[tuple[str, Judgement]]:
    """What got slower first."""
    return sorted(outcome.judgements.items(), key=lambda row: row[1].verdict is not Verdict.SLOWER)


def terminal(outcome: Outcome) -> RenderableType:
    """The table in 80 columns, with what is to be said below it."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("row", overflow="fold", ratio=1)
    table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("sees", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    short = names(outcome.judgements)
    for row, each in _ordered(outcome):
        style = STYLES.get(each.verdict, "")
        table.add_row(
            Text(short[row]), f"{each.ratio:.3f}", interval(each), percent(each.sees),
            Text(verdict(each), style=style),
        )  # fmt: skip
    lines: list[RenderableType] = [Text(head_line(outcome), style="bold"), Text()]
    if outcome.judgements:
        lines += [table, Text(), Text(EXPLANATION, style="dim")]
    lines += [Text(remark) for remark in remarks(outcome)]
    style = {0: "green", 1: "bold red"}.get(outcome.exit_code, "bold yellow")
    lines += [Text(), Text(conclusion(outcome), style=style)]
    return Padding(Group(*lines), (1, 0, 0, 0))


def markdown(outcome: Outcome) -> str:
    """For a pull request or a CI job's summary."""
    mark = {0: "✅", 1: "❌"}.get(outcome.exit_code, "⚠️")
    lines = [f"### {mark} {conclusion(outcome)}", "", head_line(outcome), ""]
    if outcome.judgements:
        lines += ["| row | ratio | 95 % interval | threshold | sees | verdict |"]
        lines += ["| :-- | --: | --: | --: | --: | :-- |"]
    short = names(outcome.judgements)
    for row, each in _ordered(outcome):
        told = verdict(each)
        told = f"**{told}**" if each.verdict is Verdict.SLOWER else told
        name = short[row].replace("|", "\\|")
        lines.append(
            f"| `{name}` | {each.ratio:.3f} | {unbroken(interval(each))} "
            f"| {unbroken(percent(each.threshold))} | {unbroken(percent(each.sees))} | {told} |"
        )
    told_too = remarks(outcome)
    lines += ["", *(f"- {remark}" for remark in told_too)] if told_too else []
    return "\n".join([*lines, "", f"<sub>{EXPLANATION}</sub>", ""])


def junit(outcome: Outcome) -> str:
    """Rows as test cases: a failure is a regression, an error what could not be judged."""
    late = dict.fromkeys(outcome.undecided, "out of time before it could be judged")
    errors = {**outcome.missing, **outcome.failed, **late}
    skipped = {**outcome.new, **outcome.idle}
    suite = ElementTree.Element("testsuite", name="concurbench gate", time=f"{outcome.seconds:.1f}")
    for row in dict.fromkeys([*outcome.judgements, *errors, *skipped]):
        file, _, name = row.partition("::")
        case = ElementTree.SubElement(suite, "testcase", classname=file, name=name or row)
        if row in errors:
            ElementTree.SubElement(case, "error", message=errors[row])
        elif row in skipped:
            ElementTree.SubElement(case, "skipped", message=skipped[row])
        else:
            judgement = outcome.judgements[row]
            told = f"ratio {judgement.ratio:.3f} ({interval(judgement)}): {verdict(judgement)}"
            if judgement.verdict is Verdict.SLOWER:
                ElementTree.SubElement(case, "failure", message=told)
            else:
                ElementTree.SubElement(case, "system-out").text = told
    counted = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for attribute, tag in counted.items():
        suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return str(ElementTree.tostring(root, encoding="unicode", xml_declaration=True))


def noise(noises: Mapping[str, Noise], detect: float, threshold: float) -> RenderableType:
    """What calibrating found: each row's noise, and what it takes to find a change."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("row", overflow="fold", ratio=1)
    for title in ("spread", "floor", "threshold", f"blocks for {percent(detect)}"):
        table.add_column(title, justify="right", no_wrap=True)
    short = names(noises)
    for row, each in noises.items():
        least = max(threshold, each.floor)
        blocks = blocks_needed(each.deviation, detect, least, len(noises))
        table.add_row(
            Text(short[row]), percent(each.deviation), percent(each.floor), percent(least),
            str(blocks) if blocks else "never",
        )  # fmt: skip
    told = (
        "spread: of a block, between identical code. floor: what identical code stays below, 99 times "
        "out of 100, in as many blocks as a row gets at most."
    )
    return Padding(Group(table, Text(), Text(told, style="dim")), (1, 0, 1, 0))
