"""The time line as an SVG, read as XML."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import pytest

from concurbench.trace.chart import MOST
from concurbench.trace.picture import COLOURS, LETTER, WIDTH, picture
from concurbench.trace.rows import rows
from concurbench.trace.span import Kind, Span
from concurbench.trace.unit import Unit

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*spans: Span, title: str = "naps") -> Xml.Element:
    return Xml.fromstring(picture(rows(spans), title))


def texts(root: Xml.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def bars(root: Xml.Element) -> dict[str, Xml.Element]:
    """What each bar says to a pointer -> the bar."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        title, bar = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        assert title is not None
        assert title.text is not None
        assert bar is not None
        found[title.text] = bar
    return found


def test_no_time_of_the_axis_stands_out_of_the_picture() -> None:
    root = drawn(Span(Unit("thread 1"), "FR", 0.0, 1234.5))
    for text in root.iter(f"{SVG}text"):
        assert float(text.attrib["x"]) + LETTER * len(text.text or "") <= WIDTH


def test_each_span_says_what_it_is_when_and_of_whom() -> None:
    root = drawn(
        Span(Unit("thread 1"), "FR", 10.0, 10.5),
        Span(Unit("thread 2"), "DE", 10.25, 11.0, Kind.COMPUTES),
    )
    assert list(bars(root)) == [
        "FR: waits, 0.0 ns to 0.500 s, thread 1",
        "DE: computes, 0.250 s to 1.000 s, thread 2",
    ]
    assert [bar.get("fill") for bar in bars(root).values()] == [
        COLOURS[Kind.WAITS], COLOURS[Kind.COMPUTES],
    ]  # fmt: skip
    assert {"naps", "thread 1", "thread 2", "FR", "DE", "waits", "computes"} <= set(texts(root))


def test_each_kind_has_a_colour_of_its_own() -> None:
    assert len({COLOURS[kind] for kind in Kind}) == len(Kind)


def test_what_is_written_is_text_and_no_markup() -> None:
    unit = Unit("<thread> & \"1'")
    root = drawn(Span(unit, "</g><script>", 0.0, 1.0), title="a < b & c")
    assert root.find(f"{SVG}title").text == "a < b & c"  # type: ignore[union-attr]  # it is there
    assert {"a < b & c", "<thread> & \"1'", "</g><script>"} <= set(texts(root))
    assert not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize("seconds", [1e-9, 1.0, 1e4])
def test_bars_are_within_the_picture_and_can_be_seen(seconds: float) -> None:
    spans = [
        Span(Unit("thread 1"), "a", 0.0, seconds),
        Span(Unit("thread 2"), "b", seconds, seconds),
        Span(Unit("thread 3"), "c", 0.0, 0.0),
    ]
    for bar in bars(drawn(*spans)).values():
        left, width = float(bar.attrib["x"]), float(bar.attrib["width"])
        assert width >= 1.0
        assert left > 0
        assert left + width <= WIDTH


def test_a_label_that_has_no_room_is_told_to_a_pointer_only() -> None:
    root = drawn(Span(Unit("t"), "short", 0.0, 1e-6), Span(Unit("t"), "long", 0.5, 1.0))
    assert "long" in texts(root)
    assert "short" not in texts(root)
    assert any(told.startswith("short:") for told in bars(root))


def test_it_has_room_for_all_rows() -> None:
    root = drawn(*(Span(Unit(f"thread {number}"), "", 0.0, 1.0) for number in range(3 * MOST)))
    height = float(root.attrib["height"])
    assert f"thread {3 * MOST - 1}" in texts(root)
    assert all(float(text.attrib["y"]) < height for text in root.iter(f"{SVG}text"))


@pytest.mark.parametrize("title", ["t", "a title that leaves the time little room " * 2])
@pytest.mark.parametrize("seconds", [0.0005, 0.003, 6.0, 6000.0])
def test_times_at_the_axis_do_not_run_into_each_other(seconds: float, title: str) -> None:
    root = drawn(Span(Unit(title), "", 0.0, seconds))
    lowest = max(float(text.attrib["y"]) for text in root.iter(f"{SVG}text"))
    axis = [text for text in root.iter(f"{SVG}text") if float(text.attrib["y"]) == lowest]
    ends = [float(text.attrib["x"]) + LETTER * len(text.text or "") for text in axis]
    begins = [float(text.attrib["x"]) for text in axis]
    assert len(axis) >= 2
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=False))
    assert ends[-1] <= WIDTH
