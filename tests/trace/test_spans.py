"""From recorded calls to the tracks of a timeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from concurbench.trace.spans import Call, CallReader, ExecutionUnit, Span, UnitNames, tracks

MAIN = 100
"""The id of the process that the model is called in."""

UNIT = ExecutionUnit("main thread")


def event(kind: str, number: int, at: float, process: int, **more: Any) -> str:
    unit = [process, 0, process, True, None]
    return json.dumps({"kind": kind, "call": number, "at": at, "unit": unit, **more}) + "\n"


def begin(number: int, at: float, process: int = MAIN) -> str:
    return event("begin", number, at, process, function="nap", item=number * 10)


def end(number: int, at: float, process: int = MAIN, **more: Any) -> str:
    return event("end", number, at, process, **more)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events"


@pytest.fixture
def calls(file: Path) -> CallReader:
    return CallReader(file, MAIN)


def add(file: Path, text: str) -> None:
    with file.open("a") as open_file:
        open_file.write(text)


def test_without_a_file_there_are_no_calls(calls: CallReader) -> None:
    assert list(calls.new()) == []


def test_a_call_comes_when_it_begins_and_when_it_ends(file: Path, calls: CallReader) -> None:
    add(file, begin(1, 0.5))
    begun = Call("nap", 10, UNIT, 0.5)
    assert list(calls.new()) == [begun]
    assert calls.unfinished == [begun]
    add(file, end(1, 0.75, result=[1, 2]))
    [ended] = calls.new()
    assert ended == Call("nap", 10, UNIT, 0.5, 0.75, [1, 2])
    assert ended.seconds == 0.25
    assert calls.unfinished == []
    assert list(calls.new()) == []


def test_a_line_is_read_once_it_is_complete(file: Path, calls: CallReader) -> None:
    line = begin(2, 1.0)
    add(file, begin(1, 0.5) + line[:20])
    assert [call.item for call in calls.new()] == [10]
    add(file, line[20:-1])
    assert list(calls.new()) == []
    add(file, line[-1])
    assert [call.item for call in calls.new()] == [20]


def test_begin_and_end_are_matched_by_process(file: Path, calls: CallReader) -> None:
    add(file, begin(1, 0.1) + begin(1, 0.2, process=7) + begin(2, 0.3, process=7))
    add(file, end(1, 0.4, process=7, result="other") + end(1, 0.5, result="main"))
    ended = [call for call in calls.new() if call.end is not None]
    assert [(str(call.unit), call.begin, call.end, call.result) for call in ended] == [
        ("process 1", 0.2, 0.4, "other"),
        ("main thread", 0.1, 0.5, "main"),
    ]
    assert [call.begin for call in calls.unfinished] == [0.3]


def test_a_failed_call_has_the_error_and_its_message(file: Path, calls: CallReader) -> None:
    add(file, begin(1, 0.1) + end(1, 0.2, error="KeyError", message="lost"))
    *_, ended = calls.new()
    assert (ended.result, ended.error, ended.message) == (None, "KeyError", "lost")


# -- units of execution --


@pytest.mark.parametrize(
    ("ids", "name"),
    [
        ((MAIN, 0, 100, True, None), "main thread"),
        ((MAIN, 0, 101, False, None), "thread 1"),
        ((MAIN, 3, 101, False, None), "interpreter 1"),
        ((200, 0, 200, True, None), "process 1"),
        ((200, 0, 201, False, None), "process 1, thread 1"),
        ((200, 2, 201, False, None), "process 1, interpreter 1"),
        ((MAIN, 0, 100, True, 7777), "main thread, task 1"),
        ((200, 0, 201, False, 7777), "process 1, thread 1, task 1"),
    ],
)
def test_a_unit_is_named_by_process_interpreter_thread_and_task(
    ids: tuple[int | bool | None, ...], name: str
) -> None:
    assert str(UnitNames(MAIN).named(ids)) == name


def test_processes_threads_and_interpreters_are_numbered_in_order_of_appearance() -> None:
    units = UnitNames(MAIN)
    expected = {
        (MAIN, 0, 90, False): "thread 1",
        (MAIN, 0, 50, False): "thread 2",
        (5, 0, 51, False): "process 1, thread 1",
        (6, 0, 61, False): "process 2, thread 1",
        (6, 0, 62, False): "process 2, thread 2",
        (5, 4, 52, False): "process 1, interpreter 1",
        (6, 4, 63, False): "process 2, interpreter 1",
        (5, 0, 5, True): "process 1",
    }
    for _ in range(2):
        assert {ids: str(units.named((*ids, None))) for ids in expected} == expected


def test_tasks_are_numbered_in_each_thread() -> None:
    units = UnitNames(MAIN)
    ids = [(100, True, 8), (100, True, 9), (101, False, 8), (100, True, 8), (101, False, 7)]
    assert [units.named((MAIN, 0, *unit)) for unit in ids] == [
        ExecutionUnit("main thread", 1),
        ExecutionUnit("main thread", 2),
        ExecutionUnit("thread 1", 1),
        ExecutionUnit("main thread", 1),
        ExecutionUnit("thread 1", 2),
    ]


# -- tracks --


def drawn(*spans: Span) -> list[tuple[str, str]]:
    """The title of each track, and the labels in it."""
    return [(row.title, " ".join(span.label for span in row.spans)) for row in tracks(spans)]


def task(number: int, thread: str = "main thread") -> ExecutionUnit:
    return ExecutionUnit(thread, number)


def test_threads_have_their_own_tracks_in_the_order_they_began() -> None:
    one, two = ExecutionUnit("thread 1"), ExecutionUnit("thread 2")
    assert drawn(Span(one, "c", 3, 4), Span(two, "a", 0, 1), Span(one, "b", 1, 2)) == [
        ("thread 2", "a"),
        ("thread 1", "b c"),
    ]


def test_overlapping_spans_of_a_thread_get_another_track_without_a_title() -> None:
    assert drawn(Span(UNIT, "a", 0, 3), Span(UNIT, "b", 1, 2), Span(UNIT, "c", 3, 4)) == [
        ("main thread", "a c"),
        ("", "b"),
    ]


def test_a_span_that_begins_when_another_ends_does_not_overlap_it() -> None:
    assert drawn(Span(UNIT, "a", 0, 1), Span(UNIT, "b", 1, 1), Span(UNIT, "c", 1, 2)) == [
        ("main thread", "a b c")
    ]


def test_a_task_takes_the_track_of_one_that_has_ended() -> None:
    assert drawn(Span(task(1), "a", 0, 2), Span(task(2), "b", 1, 3), Span(task(3), "c", 2, 4)) == [
        ("task 1", "a c"),
        ("task 2", "b"),
    ]


def test_a_task_stays_in_its_track_if_that_is_free() -> None:
    assert drawn(
        Span(task(1), "a", 0, 1), Span(task(2), "b", 0, 1), Span(task(2), "c", 2, 3),
        Span(task(1), "d", 2, 3), Span(task(3), "e", 4, 5),
    ) == [("task 1", "a d e"), ("task 2", "b c")]  # fmt: skip


def test_a_track_of_a_single_task_has_the_number_of_the_task() -> None:
    assert drawn(Span(task(5), "a", 0, 9), Span(task(2), "b", 1, 9)) == [
        ("task 2", "b"),
        ("task 5", "a"),
    ]


def test_the_only_task_of_a_thread_has_no_number() -> None:
    assert drawn(Span(task(1), "a", 0, 1)) == [("task", "a")]
    assert drawn(Span(task(1, "thread 2"), "a", 0, 1)) == [("thread 2, task", "a")]


def test_calls_outside_of_tasks_have_their_own_track() -> None:
    assert drawn(Span(UNIT, "run", 0, 9), Span(task(1), "a", 1, 2)) == [
        ("main thread", "run"),
        ("task", "a"),
    ]
