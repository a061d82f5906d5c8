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
from concurbench.gate.block import Kind
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
    short = {row: short_name(row) for row in rows}
    times = Counter(short.values())
    return {row: name if times[name] == 1 else row for row, name in short.items()}


def percent(share: float) -> str:
    """A share as in ``5.9 %``."""
    return f"{share * 100:.1f} %" if share < 10 else "–"


def interval(judgement: Judgement) -> str:
    """The interval of a ratio, as in ``0.991 – 1.018``."""
    return f"{judgement.low:.3f} – {judgement.high:.3f}" if judgement.high <= 100 else "–"


def verdict(judgement: Judgement) -> str:
    """The verdict; ``unconfirmed`` for a row that was flagged and not slower in the confirmation."""
    if judgement.verdict is Verdict.SLOWER:
        return "SLOWER"
    if judgement.flagged:
        return "unconfirmed"
    return judgement.verdict.value


def effort(result: GateResult) -> str:
    rows, blocks = units.counted(len(result.judgements), "row"), units.counted(result.blocks, "block")
    return f"{rows} · {blocks} · {units.duration(result.seconds)}"


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
    rows = sorted(result.unmeasured.items(), key=lambda row: list(Kind).index(row[1].kind))
    lines = [each.remark(row) for row, each in rows]
    if raised:
        lines.append(f"threshold raised to the noise floor of this machine: {', '.join(raised)}")
    if result.out_of_time:
        lines.append("time limit reached before every row was decided: raise --max-time")
    return lines + list(result.notes)


def _cells(result: GateResult) -> list[tuple[Judgement, list[str]]]:
    """Each judgement with its row's name, ratio, interval and detectable change; slower rows first."""
    short = names(result.judgements)
    rows = sorted(result.judgements.items(), key=lambda row: row[1].verdict is not Verdict.SLOWER)
    return [
        (each, [short[row], f"{each.ratio:.3f}", interval(each), percent(each.detectable)])
        for row, each in rows
    ]


def _table(*numbers: str, gap: int) -> Table:
    """A table of rows with these columns of numbers."""
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("row", overflow="fold", ratio=1)
    for title in numbers:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def terminal(result: GateResult) -> RenderableType:
    """The table, the remarks and the conclusion, for 80 columns."""
    # One space between columns: names of rows are long, and 80 columns have to do.
    table = _table("ratio", "95 % interval", "detectable", gap=1)
    table.add_column("verdict", no_wrap=True)
    for each, (name, *numbers) in _cells(result):
        table.add_row(Text(name), *numbers, Text(verdict(each), STYLES.get(each.verdict, "")))
    title = Text(f"gate  {result.base} → {result.head}", style="bold")
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
    lines = [f"### {mark} {conclusion(result)}", ""]
    lines += [f"{result.base} → {result.head} · {effort(result)}", ""]
    if result.judgements:
        lines += ["| row | ratio | 95 % interval | threshold | detectable | verdict |"]
        lines += ["| :-- | --: | --: | --: | --: | :-- |"]
    for each, (name, ratio, *rest) in _cells(result):
        name = name.replace("|", "\\|")
        # A cell does not wrap at these spaces.
        span, detectable, threshold = (
            text.replace(" ", "\u00a0") for text in (*rest, percent(each.threshold))
        )
        word = f"**{verdict(each)}**" if each.verdict is Verdict.SLOWER else verdict(each)
        lines += [f"| `{name}` | {ratio} | {span} | {threshold} | {detectable} | {word} |"]
    bullets = [f"- {remark}" for remark in remarks(result)]
    lines += ["", *bullets] if bullets else []
    return "\n".join([*lines, "", f"<sub>{EXPLANATION}</sub>", ""])


def junit(result: GateResult) -> str:
    """The rows as JUnit test cases: a regression is a failure, a row without a judgement an error."""
    outcomes = {
        row: (
            "failure" if each.verdict is Verdict.SLOWER else "system-out",
            f"ratio {each.ratio:.3f} ({interval(each)}): {verdict(each)}",
        )
        for row, each in result.judgements.items()
    }
    late = "out of time before it could be judged"
    outcomes |= dict.fromkeys(result.undecided, ("error", late))
    outcomes |= {
        row: ("error" if each.kind in (Kind.MISSING, Kind.FAILED) else "skipped", each.why)
        for row, each in result.unmeasured.items()
    }
    counts = Counter(kind for kind, _ in outcomes.values())
    suite = ElementTree.Element(
        "testsuite", name="concurbench gate", time=f"{result.seconds:.1f}", tests=str(len(outcomes)),
        failures=str(counts["failure"]), errors=str(counts["error"]), skipped=str(counts["skipped"]),
    )  # fmt: skip
    for row, (kind, text) in outcomes.items():
        file, _, name = row.partition("::")
        case = ElementTree.SubElement(suite, "testcase", classname=file, name=name or row)
        if kind == "system-out":
            ElementTree.SubElement(case, kind).text = text
        else:
            ElementTree.SubElement(case, kind, message=text)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return str(ElementTree.tostring(root, encoding="unicode", xml_declaration=True))


def noise(noises: Mapping[str, Noise], detect: float, threshold: float) -> RenderableType:
    """The table of ``calibrate``: the noise of each row, and the blocks needed to detect a change.

    ``detect`` and ``threshold`` are shares.
    """
    table = _table("spread", "floor", "threshold", f"blocks for {percent(detect)}", gap=2)
    short = names(noises)
    for row, each in noises.items():
        raised = max(threshold, each.floor)
        blocks = blocks_needed(each.deviation, detect, raised, len(noises))
        shares = map(percent, (each.deviation, each.floor, raised))
        table.add_row(Text(short[row]), *shares, str(blocks or "never"))
    explanation = (
        "spread: standard deviation of a block's ratio between identical code. floor: smallest useful "
        "threshold; identical code stays below it with a probability of 99 %."
    )
    return Padding(Group(table, Text(), Text(explanation, style="dim")), (1, 0, 1, 0))
