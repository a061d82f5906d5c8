"""The result of a gate for a terminal, a pull request and a CI system."""

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
from concurbench.gate.gate import CLEAR, REGRESSION, GateResult
from concurbench.gate.noise import Noise
from concurbench.results.runs import short_name

STYLES = {Verdict.SLOWER: "bold red", Verdict.FASTER: "green", Verdict.NOT_SHOWN: "yellow"}

EXPLANATION = (
    "ratio: head / base, above 1 is slower. detectable: the smallest slow-down that a run like this "
    "one finds with a probability of 95 %."
)


def names(rows: Iterable[str]) -> dict[str, str]:
    """Row -> its short name, or its full id where two rows have the same short name."""
    rows = list(rows)
    times = Counter(map(short_name, rows))
    return {row: short_name(row) if times[short_name(row)] == 1 else row for row in rows}


def percent(share: float) -> str:
    """A share as in ``5.9 %``."""
    return f"{share * 100:.1f} %" if share < 10 else "–"


def interval(judgement: Judgement) -> str:
    """The interval of a ratio, as in ``0.991 – 1.018``."""
    if judgement.high > 100:
        return "–"
    return f"{judgement.low:.3f} – {judgement.high:.3f}"


def unbroken(text: str) -> str:
    """The text with spaces at which a table cell does not wrap."""
    return text.replace(" ", "\u00a0")


def verdict(judgement: Judgement) -> str:
    """The verdict; ``unconfirmed`` for a row that was flagged and not slower in the confirmation."""
    if judgement.verdict is Verdict.SLOWER:
        return "SLOWER"
    if judgement.flagged:
        return "unconfirmed"
    return judgement.verdict.value


def compared(result: GateResult) -> str:
    """The two revisions, base first."""
    return f"{result.base} → {result.head}"


def effort(result: GateResult) -> str:
    """How much was measured, and how long it took."""
    return (
        f"{units.counted(len(result.judgements), 'row')} · "
        f"{units.counted(result.blocks, 'block')} · {units.duration(result.seconds)}"
    )


def conclusion(result: GateResult) -> str:
    """The sentence for the exit code."""
    if result.exit_code == REGRESSION:
        rows = units.counted(len(result.judgements), "row")
        thresholds = {result.judgements[row].threshold for row in result.slower}
        same = f"{100 * max(thresholds):.3g} %"
        threshold = same if len(thresholds) == 1 else "their thresholds"
        return f"{len(result.slower)} of {rows} slower by more than {threshold}."
    if result.unable:
        more = f" (and {len(result.unable) - 1} more)" if len(result.unable) > 1 else ""
        return f"No answer: {result.unable[0]}{more}"
    counts = Counter(each.verdict for each in result.judgements.values())
    return f"No regression: {', '.join(f'{count} {each.value}' for each, count in counts.items())}."


def remarks(result: GateResult) -> list[str]:
    """The rows without a judgement, raised thresholds, and notes, each as a sentence."""
    short = names(result.judgements)
    raised = [
        f"{short[row]} to {percent(floor)}"
        for row, floor in result.floors.items()
        if row in result.judgements and result.judgements[row].threshold == floor
    ]
    lines = [f"missing in head: {row} ({why})" for row, why in result.missing.items()]
    lines += [f"failed: {row}: {why}" for row, why in result.failed.items()]
    lines += [f"new in head: {row} ({why})" for row, why in result.new.items()]
    lines += [f"not measured: {row}: {why}" for row, why in result.idle.items()]
    if raised:
        lines.append(f"threshold raised to the noise floor of this machine: {', '.join(raised)}")
    if result.out_of_time:
        lines.append("time limit reached before every row was decided: raise --max-time")
    return lines + list(result.notes)


def _ordered(result: GateResult) -> list[tuple[str, Judgement]]:
    """The judgements, slower rows first."""
    return sorted(result.judgements.items(), key=lambda row: row[1].verdict is not Verdict.SLOWER)


def terminal(result: GateResult) -> RenderableType:
    """The table, the remarks and the conclusion, for 80 columns."""
    # One space between columns: names of rows are long, and 80 columns have to do.
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("row", overflow="fold", ratio=1)
    for column in ("ratio", "95 % interval", "detectable"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    short = names(result.judgements)
    for row, each in _ordered(result):
        table.add_row(
            Text(short[row]), f"{each.ratio:.3f}", interval(each), percent(each.detectable),
            Text(verdict(each), style=STYLES.get(each.verdict, "")),
        )  # fmt: skip
    title = Text(f"gate  {compared(result)}", style="bold")
    lines: list[RenderableType] = [title, Text(effort(result)), Text()]
    if result.judgements:
        lines += [table, Text(), Text(EXPLANATION, style="dim")]
    lines += [Text(remark) for remark in remarks(result)]
    style = {CLEAR: "green", REGRESSION: "bold red"}.get(result.exit_code, "bold yellow")
    lines += [Text(), Text(f"{conclusion(result)}  exit {result.exit_code}", style=style)]
    return Padding(Group(*lines), (1, 0, 0, 0))


def markdown(result: GateResult) -> str:
    """The report for a pull request or the summary of a CI job."""
    mark = {CLEAR: "✅", REGRESSION: "❌"}.get(result.exit_code, "⚠️")
    lines = [f"### {mark} {conclusion(result)}", "", f"{compared(result)} · {effort(result)}", ""]
    if result.judgements:
        lines += ["| row | ratio | 95 % interval | threshold | detectable | verdict |"]
        lines += ["| :-- | --: | --: | --: | --: | :-- |"]
    short = names(result.judgements)
    for row, each in _ordered(result):
        word = f"**{verdict(each)}**" if each.verdict is Verdict.SLOWER else verdict(each)
        name = short[row].replace("|", "\\|")
        lines.append(
            f"| `{name}` | {each.ratio:.3f} | {unbroken(interval(each))} "
            f"| {unbroken(percent(each.threshold))} | {unbroken(percent(each.detectable))} | {word} |"
        )
    bullets = [f"- {remark}" for remark in remarks(result)]
    lines += ["", *bullets] if bullets else []
    return "\n".join([*lines, "", f"<sub>{EXPLANATION}</sub>", ""])


def junit(result: GateResult) -> str:
    """The rows as JUnit test cases: a regression is a failure, a row without a judgement an error."""
    late = dict.fromkeys(result.undecided, "out of time before it could be judged")
    errors = {**result.missing, **result.failed, **late}
    skipped = {**result.new, **result.idle}
    suite = ElementTree.Element("testsuite", name="concurbench gate", time=f"{result.seconds:.1f}")
    for row in dict.fromkeys([*result.judgements, *errors, *skipped]):
        file, _, name = row.partition("::")
        case = ElementTree.SubElement(suite, "testcase", classname=file, name=name or row)
        if row in errors:
            ElementTree.SubElement(case, "error", message=errors[row])
        elif row in skipped:
            ElementTree.SubElement(case, "skipped", message=skipped[row])
        else:
            each = result.judgements[row]
            message = f"ratio {each.ratio:.3f} ({interval(each)}): {verdict(each)}"
            if each.verdict is Verdict.SLOWER:
                ElementTree.SubElement(case, "failure", message=message)
            else:
                ElementTree.SubElement(case, "system-out").text = message
    counted = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for attribute, tag in counted.items():
        suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return str(ElementTree.tostring(root, encoding="unicode", xml_declaration=True))


def noise(noises: Mapping[str, Noise], detect: float, threshold: float) -> RenderableType:
    """The table of ``calibrate``: the noise of each row, and the blocks needed to detect a change.

    ``detect`` and ``threshold`` are shares.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("row", overflow="fold", ratio=1)
    for title in ("spread", "floor", "threshold", f"blocks for {percent(detect)}"):
        table.add_column(title, justify="right", no_wrap=True)
    short = names(noises)
    for row, each in noises.items():
        raised = max(threshold, each.floor)
        blocks = blocks_needed(each.deviation, detect, raised, len(noises))
        table.add_row(
            Text(short[row]), percent(each.deviation), percent(each.floor), percent(raised),
            str(blocks) if blocks else "never",
        )  # fmt: skip
    explanation = (
        "spread: standard deviation of a block's ratio between identical code. floor: smallest useful "
        "threshold; identical code stays below it with a probability of 99 %."
    )
    return Padding(Group(table, Text(), Text(explanation, style="dim")), (1, 0, 1, 0))
