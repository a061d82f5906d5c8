"""The timeline, as text for a terminal and as an SVG: a line for each track."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich.text import Text

from concurbench import units
from concurbench.trace.spans import Activity, Span, Track
from concurbench.units import counted

MAX_TRACKS = 40
"""Tracks drawn in a terminal; an SVG has all."""

MIN_COLUMNS = 12
"""Columns for the time, however narrow the terminal is."""

SEVERAL = "▒"
"""A column with more than one span in it."""

TICKS, SVG_TICKS = 4, 6
"""Parts that the axis is divided into."""

WIDTH = 960
LINE_HEIGHT, BAR_HEIGHT = 22, 16
TOP, BOTTOM, MARGIN = 40, 34, 16
LETTER = 7.3
"""The estimated width of a letter of the SVG's font."""

INK, GRID, PAPER = "#1f2933", "#cbd2d9", "#ffffff"


@dataclass(frozen=True)
class Style:
    """How a kind of span is drawn."""

    signs: str
    """In a terminal: begin, middle, end, and the whole of it in a single column."""
    colour: str
    """In a terminal."""
    fill: str
    """The colour in an SVG."""


STYLES = {
    Activity.RUNS: Style("╞═╡║", "yellow", "#ffd166"),
    Activity.WAITS: Style("├─┤│", "cyan", "#8ecae6"),
    Activity.COMPUTES: Style("┣━┫┃", "green", "#8fce7e"),
    Activity.FAILS: Style("├×┤×", "red", "#f28482"),
}


@dataclass(frozen=True)
class _Layout:
    """Where times are: ``room`` columns or pixels for the time from ``begin`` on."""

    begin: float
    seconds: float
    room: float

    @classmethod
    def of(cls, tracks: Sequence[Track], room: float) -> _Layout:
        begin = min(span.begin for track in tracks for span in track.spans)
        end = max(span.end for track in tracks for span in track.spans)
        return cls(begin, max(end - begin, 1e-9), room)

    def at(self, time: float) -> float:
        return (time - self.begin) * (self.room / self.seconds)

    def axis(self, parts: int, letter: float) -> list[tuple[float, str]]:
        """Positions and times, as many as there is room for; the last one ends where the time does.

        ``letter`` is the width of a letter.
        """
        unit = units.unit_to_read(self.seconds / parts)
        labels = [
            f"{unit.text(self.seconds * tick / parts)} {unit.symbol}" for tick in range(parts + 1)
        ]
        last = max(self.room - letter * len(labels[-1]), 2 * letter)
        shown, taken = [(0.0, "0")], letter
        for tick, label in enumerate(labels[1:-1], 1):
            position = self.room * tick / parts
            width = letter * len(label)
            if taken < position and position + width < last:
                shown.append((position, label))
                taken = position + width
        return [*shown, (last, labels[-1])]


def _kinds(tracks: Sequence[Track]) -> list[Activity]:
    present = {span.kind for track in tracks for span in track.spans}
    return [kind for kind in Activity if kind in present]


# -- text --


def chart(tracks: Sequence[Track], width: int) -> Text:
    """The tracks, the axis and the legend, in ``width`` columns."""
    shown = tracks[:MAX_TRACKS]
    gutter = max(len(track.title) for track in shown) + 2
    columns = max(width - gutter, MIN_COLUMNS)
    layout = _Layout.of(tracks, columns)
    text = Text()
    for track in shown:
        text.append(track.title.ljust(gutter), "bold")
        text.append_text(_cells(track, layout, columns))
        text.append("\n")
    if len(tracks) > len(shown):
        left = counted(len(tracks) - len(shown), "more line")
        text.append(f"… and {left}: --svg FILE draws them all\n", "yellow")
    axis = ""
    for position, label in layout.axis(TICKS, 1):
        axis = axis.ljust(int(position)) + label
    text.append(" " * gutter + axis + "\n", "dim")
    legend = [f"{STYLES[kind].signs[:3]} {kind.value}" for kind in _kinds(shown)]
    if SEVERAL in text.plain:
        legend.append(f"{SEVERAL} several in a column")
    legend.append(f"a column is {units.time(layout.seconds / columns)}")
    text.append("  ".join(legend), "dim")
    return text


def _cells(track: Track, layout: _Layout, columns: int) -> Text:
    cells = [(" ", "")] * columns
    for span in track.spans:
        style = STYLES[span.kind]
        first = min(int(layout.at(span.begin)), columns - 1)
        last = min(max(first, math.ceil(layout.at(span.end)) - 1), columns - 1)
        if cells[first][0] != " ":
            if first == last:
                cells[first] = (SEVERAL, style.colour)
                continue
            first += 1  # the end of the span before is there
        for column, sign in enumerate(_signs(span.label, style.signs, last - first + 1), first):
            cells[column] = (sign, style.colour)
    return Text.assemble(*cells)


def _signs(label: str, signs: str, columns: int) -> str:
    if columns == 1:
        return signs[3]
    inside = columns - 2
    return signs[0] + (label if len(label) <= inside else "").ljust(inside, signs[1]) + signs[2]


# -- SVG --


def svg(tracks: Sequence[Track], title: str) -> str:
    """A complete SVG document; a tooltip on each span says what it is."""
    gutter = MARGIN + LETTER * (max(len(track.title) for track in tracks) + 1)
    layout = _Layout.of(tracks, WIDTH - MARGIN - gutter)
    bottom = TOP + LINE_HEIGHT * len(tracks)
    height = bottom + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" font-family="ui-monospace, monospace" font-size="12">',
        f"<title>{escape(title)}</title>",
        _rectangle(0, 0, WIDTH, height, PAPER),
        _text(MARGIN, 24, title, "bold"),
    ]
    x: float = WIDTH - MARGIN
    for kind in reversed(_kinds(tracks)):
        x -= LETTER * len(kind.value)
        parts.append(_text(x, 24, kind.value))
        x -= BAR_HEIGHT
        parts.append(_rectangle(x, 14, 12, 12, STYLES[kind].fill))
        x -= BAR_HEIGHT
    for tick in range(SVG_TICKS + 1):
        x = gutter + layout.room * tick / SVG_TICKS
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{bottom}" stroke="{GRID}"/>')
    for position, label in layout.axis(SVG_TICKS, LETTER):
        parts.append(_text(gutter + position, bottom + 18, label))
    for number, track in enumerate(tracks):
        top = TOP + LINE_HEIGHT * number
        parts.append(_text(MARGIN, top + BAR_HEIGHT - 3, track.title))
        parts += [_bar(span, layout, gutter, top) for span in track.spans]
    return "\n".join([*parts, "</svg>\n"])


def _bar(span: Span, layout: _Layout, gutter: float, top: float) -> str:
    left = layout.at(span.begin)
    width = max(layout.at(span.end) - left, 1.0)
    when = f"{units.time(span.begin - layout.begin)} to {units.time(span.end - layout.begin)}"
    tooltip = escape(f"{span.label}: {span.kind.value}, {when}, {span.unit}")
    bar = _rectangle(gutter + left, top, width, BAR_HEIGHT, STYLES[span.kind].fill)
    fits = span.label and LETTER * (len(span.label) + 1) <= width
    label = _text(gutter + left + 4, top + BAR_HEIGHT - 4, span.label) if fits else ""
    return f"<g><title>{tooltip}</title>{bar}{label}</g>"


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" font-weight="{weight}">{escape(text)}</text>'


def _rectangle(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:g}" rx="2" fill="{fill}" '
        f'stroke="{PAPER}" stroke-width="0.5"/>'
    )
