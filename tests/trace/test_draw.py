"""The timeline, line by line in a terminal, and as an SVG."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import pytest

from concurbench.trace.draw import LETTER, MAX_TRACKS, STYLES, WIDTH, chart, svg
from concurbench.trace.spans import Activity, ExecutionUnit, Span, Track, tracks

ONE = ExecutionUnit("one")
COLUMNS = len("one  ") + 20
"""Twenty columns for the time."""


def span(begin: float, end: float, label: str = "", kind: Activity = Activity.WAITS) -> Span:
    return Span(ONE, label, begin, end, kind)


def lines(*spans: Span, width: int = COLUMNS) -> list[str]:
    return chart(tracks(spans), width).plain.splitlines()


@pytest.mark.parametrize(
    ("spans", "row"),
    [
        # Ten seconds are twenty columns.
        ([span(0, 10)], "├──────────────────┤"),
        ([span(0, 10, "FR")], "├FR────────────────┤"),
        ([span(0, 4, "FR"), span(5, 10, "DE")], "├FR────┤  ├DE──────┤"),
        ([span(0, 2, "FR"), span(8, 10, "long name")], "├FR┤            ├──┤"),
        ([span(0, 0.5, "x"), span(9, 10, "y")], "│                 ├┤"),
        ([span(0, 0.2), span(0.3, 0.4), span(9, 10)], "▒                 ├┤"),
        ([span(0, 5), span(5, 10)], "├────────┤├────────┤"),
        ([span(0, 5.2), span(5.2, 10)], "├─────────┤├───────┤"),
        ([span(0, 10, "", Activity.COMPUTES)], "┣━━━━━━━━━━━━━━━━━━┫"),
        ([span(0, 10, "", Activity.FAILS)], "├××××××××××××××××××┤"),
        ([span(0, 10, "", Activity.RUNS)], "╞══════════════════╡"),
        ([span(0, 1, "", Activity.FAILS), span(9.5, 10, "", Activity.FAILS)], "├┤                 ×"),
    ],
)
def test_a_track_is_a_line_of_the_chart(spans: list[Span], row: str) -> None:
    assert lines(*spans)[0] == f"one  {row}"


@pytest.mark.parametrize(
    ("seconds", "columns", "axis"),
    [
        (8.0, 60, "0              2.000 s        4.000 s        6.000 s 8.000 s"),
        (0.0006, 60, "0              150.0 µs       300.0 µs              600.0 µs"),
        (8.0, 20, "0    2.000 s 8.000 s"),
        (8.0, 12, "0    8.000 s"),
    ],
)
def test_the_axis_has_as_many_times_as_fit(seconds: float, columns: int, axis: str) -> None:
    assert lines(span(0, seconds), width=len("one  ") + columns)[1] == "     " + axis


def test_the_axis_begins_with_the_first_span() -> None:
    other = Span(ExecutionUnit("two"), "", 95.0, 100.0)
    drawn = [line.rstrip() for line in lines(span(90.0, 95.0), other)]
    assert drawn[:2] == ["one  ├────────┤", "two            ├────────┤"]


def test_the_legend_explains_the_signs_in_use() -> None:
    assert lines(span(0, 10))[-1] == "├─┤ waits  a column is 0.500 s"
    legend = lines(span(0, 10, "", Activity.COMPUTES), span(10, 10.001), span(10.002, 10.003))[-1]
    assert legend.startswith("├─┤ waits  ┣━┫ computes  ▒ several in a column  a column is")


def test_a_span_of_no_length_is_drawn() -> None:
    assert lines(span(5, 5))[0].split() == ["one", "│"]


@pytest.mark.parametrize(
    ("number", "more"), [(0, ""), (1, "… and 1 more line: "), (2, "… and 2 more lines: ")]
)
def test_the_first_tracks_are_drawn_and_the_others_counted(number: int, more: str) -> None:
    many = [Track(f"task {task}", (span(0, 1),)) for task in range(MAX_TRACKS + number)]
    drawn = chart(many, 80).plain.splitlines()
    assert drawn[MAX_TRACKS - 1].startswith(f"task {MAX_TRACKS - 1}")
    assert drawn[MAX_TRACKS].startswith(more)
    assert ("--svg FILE draws them all" in drawn[MAX_TRACKS]) == bool(more)


def test_a_narrow_terminal_still_gets_a_chart() -> None:
    assert lines(span(0, 10), width=3)[0] == "one  ├──────────┤"


# -- SVG --


SVG = "{http://www.w3.org/2000/svg}"


def drawn(*spans: Span, title: str = "naps") -> Xml.Element:
    return Xml.fromstring(svg(tracks(spans), title))


def texts(root: Xml.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def bars(root: Xml.Element) -> dict[str, dict[str, str]]:
    """Tooltip -> attributes of the bar."""
    return {group[0].text or "": group[1].attrib for group in root.iter(f"{SVG}g")}


def test_the_tooltip_of_a_span_has_its_label_kind_times_and_unit() -> None:
    root = drawn(
        Span(ExecutionUnit("thread 1"), "FR", 10.0, 10.5),
        Span(ExecutionUnit("thread 2"), "DE", 10.25, 11.0, Activity.COMPUTES),
    )
    assert list(bars(root)) == [
        "FR: waits, 0.0 ns to 0.500 s, thread 1",
        "DE: computes, 0.250 s to 1.000 s, thread 2",
    ]
    assert len({STYLES[kind].fill for kind in Activity}) == len(Activity)
    assert [bar["fill"] for bar in bars(root).values()] == [
        STYLES[Activity.WAITS].fill, STYLES[Activity.COMPUTES].fill,
    ]  # fmt: skip
    assert {"naps", "thread 1", "thread 2", "FR", "DE", "waits", "computes"} <= set(texts(root))


def test_labels_and_titles_are_escaped() -> None:
    unit = ExecutionUnit("<thread> & \"1'")
    root = drawn(Span(unit, "</g><script>", 0.0, 1.0), title="a < b & c")
    assert root.find(f"{SVG}title").text == "a < b & c"  # type: ignore[union-attr]  # it is there
    assert {"a < b & c", "<thread> & \"1'", "</g><script>"} <= set(texts(root))
    assert not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize("seconds", [1e-9, 1.0, 1e4])
def test_bars_are_visible_and_stay_within_the_picture(seconds: float) -> None:
    times = {"a": (0.0, seconds), "b": (seconds, seconds), "c": (0.0, 0.0)}
    spans = [Span(ExecutionUnit(f"thread {name}"), name, *time) for name, time in times.items()]
    for bar in bars(drawn(*spans)).values():
        left, width = float(bar["x"]), float(bar["width"])
        assert width >= 1.0
        assert 0 < left < left + width <= WIDTH


def test_a_label_that_does_not_fit_is_in_the_tooltip_alone() -> None:
    root = drawn(span(0.0, 1e-6, "short"), span(0.5, 1.0, "long"))
    assert "long" in texts(root)
    assert "short" not in texts(root)
    assert any(tooltip.startswith("short:") for tooltip in bars(root))


def test_an_svg_has_all_tracks() -> None:
    units = [ExecutionUnit(f"thread {number}") for number in range(3 * MAX_TRACKS)]
    root = drawn(*(Span(unit, "", 0.0, 1.0) for unit in units))
    height = float(root.attrib["height"])
    assert str(units[-1]) in texts(root)
    assert all(float(text.attrib["y"]) < height for text in root.iter(f"{SVG}text"))


@pytest.mark.parametrize("title", ["t", "a title that leaves the time little room " * 2])
@pytest.mark.parametrize("seconds", [0.0005, 0.003, 6.0, 6000.0])
def test_the_times_of_the_axis_do_not_overlap(seconds: float, title: str) -> None:
    root = drawn(Span(ExecutionUnit(title), "", 0.0, seconds))
    lowest = max(float(text.attrib["y"]) for text in root.iter(f"{SVG}text"))
    axis = [text for text in root.iter(f"{SVG}text") if float(text.attrib["y"]) == lowest]
    ends = [float(text.attrib["x"]) + LETTER * len(text.text or "") for text in axis]
    begins = [float(text.attrib["x"]) for text in axis]
    assert len(axis) >= 2
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=False))
    assert ends[-1] <= WIDTH
