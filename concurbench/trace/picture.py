"""The time line as an SVG: all rows, and what each span is, for a pointer that rests on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from xml.etree import ElementTree as Xml

from concurbench import units
from concurbench.trace.rows import Row
from concurbench.trace.span import Kind, Span

WIDTH = 960
ROW, BAR = 22, 16
TOP, BOTTOM, SIDE = 40, 34, 16
LETTER = 7.3
"""The width of a letter, as near as can be known."""

COLOURS = {
    Kind.WAITS: "#8ecae6",
    Kind.LATE: "#cdb4db",
    Kind.HOLDS: "#ffd166",
    Kind.COMPUTES: "#8fce7e",
    Kind.FAILS: "#f28482",
}
INK, FAINT, PAPER = "#1f2933", "#cbd2d9", "#ffffff"
TICKS = 6


def picture(rows: Sequence[Row], title: str) -> str:
    """An SVG document that stands by itself."""
    gutter = SIDE + LETTER * (max(len(row.title) for row in rows) + 1)
    begin = min(span.begin for row in rows for span in row.spans)
    end = max(span.end for row in rows for span in row.spans)
    seconds = max(end - begin, 1e-9)
    share = (WIDTH - SIDE - gutter) / seconds
    height = TOP + ROW * len(rows) + BOTTOM
    root = Xml.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {height}",
        width=str(WIDTH), height=str(height), role="img",
    )  # fmt: skip
    root.set("font-family", "ui-monospace, monospace")
    root.set("font-size", "12")
    Xml.SubElement(root, "title").text = title
    Xml.SubElement(root, "rect", width="100%", height="100%", rx="6", fill=PAPER)
    _text(root, SIDE, 24, title, weight="bold")
    _legend(root, {span.kind for row in rows for span in row.spans})
    _axis(root, gutter, seconds, share, height - BOTTOM)
    for number, row in enumerate(rows):
        top = TOP + ROW * number
        _text(root, SIDE, top + BAR - 3, row.title)
        for span in row.spans:
            left = gutter + (span.begin - begin) * share
            _bar(root, span, left, top, max((span.end - span.begin) * share, 1.0), begin)
    Xml.indent(root, space=" ")
    return Xml.tostring(root, encoding="unicode") + "\n"


def _text(parent: Xml.Element, x: float, y: float, said: str, *, weight: str = "normal") -> None:
    text = Xml.SubElement(parent, "text", x=f"{x:.1f}", y=f"{y:.1f}", fill=INK)
    if weight != "normal":
        text.set("font-weight", weight)
    text.text = said


def _bar(parent: Xml.Element, span: Span, left: float, top: float, width: float, begin: float) -> None:
    group = Xml.SubElement(parent, "g")
    since = f"{units.time(span.begin - begin)} to {units.time(span.end - begin)}"
    Xml.SubElement(group, "title").text = f"{span.label}: {span.kind.value}, {since}, {span.unit}"
    Xml.SubElement(
        group, "rect", x=f"{left:.2f}", y=str(top), width=f"{width:.2f}", height=str(BAR), rx="2",
        fill=COLOURS[span.kind], stroke=PAPER,
    ).set("stroke-width", "0.5")  # fmt: skip
    if span.label and LETTER * (len(span.label) + 1) <= width:
        _text(group, left + 4, top + BAR - 4, span.label)


def _legend(parent: Xml.Element, kinds: Collection[Kind]) -> None:
    """What the colours mean, from the right to the left."""
    x: float = WIDTH - SIDE
    for kind in [kind for kind in reversed(Kind) if kind in kinds]:
        x -= LETTER * len(kind.value)
        _text(parent, x, 24, kind.value)
        x -= BAR
        Xml.SubElement(
            parent, "rect", x=f"{x:.1f}", y="14", width="12", height="12", rx="2", fill=COLOURS[kind]
        )
        x -= BAR


def _axis(parent: Xml.Element, left: float, seconds: float, share: float, bottom: float) -> None:
    unit = units.unit_to_read(seconds / TICKS)
    room = left
    for tick in range(TICKS + 1):
        at = seconds * tick / TICKS
        x = left + at * share
        line = Xml.SubElement(
            parent, "line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=str(TOP - 4), y2=str(bottom)
        )
        line.set("stroke", FAINT)
        said = f"{unit.text(at)} {unit.symbol}"
        wide = LETTER * len(said)
        last = WIDTH - wide - 2
        # Where they would run into each other, the last one is told.
        if tick == TICKS or room <= x < last - wide - LETTER:
            _text(parent, min(x, last), bottom + 18, said)
            room = x + wide + LETTER
