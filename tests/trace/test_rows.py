"""Which row a span is in, and what the row is called."""

from __future__ import annotations

from concurbench.trace.rows import rows
from concurbench.trace.span import Span
from concurbench.trace.unit import Unit

MAIN = Unit("main thread")


def span(unit: Unit, label: str, begin: float, end: float) -> Span:
    return Span(unit, label, begin, end)


def drawn(*spans: Span) -> list[tuple[str, str]]:
    """The title of each row, and the labels in it."""
    return [(row.title, " ".join(span.label for span in row.spans)) for row in rows(spans)]


def task(number: int, thread: str = "main thread") -> Unit:
    return Unit(thread, number)


def test_each_thread_has_a_row_and_the_one_that_began_first_is_first() -> None:
    one, two = Unit("thread 1"), Unit("thread 2")
    assert drawn(span(one, "c", 3, 4), span(two, "a", 0, 1), span(one, "b", 1, 2)) == [
        ("thread 2", "a"),
        ("thread 1", "b c"),
    ]


def test_spans_of_a_thread_that_overlap_are_in_another_row_without_a_title() -> None:
    assert drawn(span(MAIN, "a", 0, 3), span(MAIN, "b", 1, 2), span(MAIN, "c", 3, 4)) == [
        ("main thread", "a c"),
        ("", "b"),
    ]


def test_what_begins_when_another_ends_does_not_overlap_it() -> None:
    assert drawn(span(MAIN, "a", 0, 1), span(MAIN, "b", 1, 1), span(MAIN, "c", 1, 2)) == [
        ("main thread", "a b c")
    ]


def test_a_task_that_begins_when_another_has_ended_takes_its_row() -> None:
    assert drawn(span(task(1), "a", 0, 2), span(task(2), "b", 1, 3), span(task(3), "c", 2, 4)) == [
        ("task 1", "a c"),
        ("task 2", "b"),
    ]


def test_a_task_stays_in_the_row_it_was_in_where_that_is_free() -> None:
    assert drawn(
        span(task(1), "a", 0, 1), span(task(2), "b", 0, 1), span(task(2), "c", 2, 3),
        span(task(1), "d", 2, 3), span(task(3), "e", 4, 5),
    ) == [("task 1", "a d e"), ("task 2", "b c")]  # fmt: skip


def test_where_each_row_has_a_task_of_its_own_it_bears_its_number() -> None:
    assert drawn(span(task(5), "a", 0, 9), span(task(2), "b", 1, 9)) == [
        ("task 2", "b"),
        ("task 5", "a"),
    ]


def test_a_task_alone_is_not_numbered_and_one_of_another_thread_names_it() -> None:
    assert drawn(span(task(1), "a", 0, 1)) == [("task", "a")]
    assert drawn(span(task(1, "thread 2"), "a", 0, 1)) == [("thread 2, task", "a")]


def test_what_a_thread_does_outside_of_tasks_is_in_its_own_row() -> None:
    assert drawn(span(MAIN, "run", 0, 9), span(task(1), "a", 1, 2)) == [
        ("main thread", "run"),
        ("task", "a"),
    ]
