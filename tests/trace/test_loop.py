"""When an event loop served, and when it stood still, by beats that are made up."""

from __future__ import annotations

from concurbench.trace.loop import served
from concurbench.trace.span import Kind

PULSE = 0.001


def drawn(beats: list[float]) -> list[tuple[str, float, float]]:
    return [(span.label, span.begin, span.end) for span in served(beats, PULSE)]


def test_beats_that_follow_each_other_are_one_span() -> None:
    assert drawn([1.0, 1.001, 1.003, 1.004]) == [("beats", 1.0, 1.004)]


def test_where_none_comes_for_long_the_loop_stood_still() -> None:
    assert drawn([1.0, 1.001, 1.5, 1.501]) == [
        ("beats", 1.0, 1.001),
        ("stood still", 1.001, 1.5),
        ("beats", 1.5, 1.501),
    ]
    assert [span.kind for span in served([1.0, 1.5], PULSE)] == [Kind.FAILS]


def test_a_loop_that_never_beats_stood_still_from_begin_to_end() -> None:
    assert drawn([1.0, 2.0]) == [("stood still", 1.0, 2.0)]
    assert drawn([1.0, 1.5, 2.0]) == [("stood still", 1.0, 1.5), ("stood still", 1.5, 2.0)]
