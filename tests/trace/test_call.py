"""Calls as they are read from the recorder's file, while it grows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from concurbench.trace.call import Call, Calls
from concurbench.trace.unit import Unit

MAIN = 100
UNIT = Unit("main thread")


def begin(number: int, at: float, process: int = MAIN, **more: Any) -> str:
    told = {"kind": "begin", "call": number, "what": "nap", "item": number * 10, **more}
    return json.dumps({**told, "at": at, "unit": [process, 0, process, True, None]}) + "\n"


def end(number: int, at: float, process: int = MAIN, **more: Any) -> str:
    told = {"kind": "end", "call": number, **more}
    return json.dumps({**told, "at": at, "unit": [process, 0, process, True, None]}) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events"


@pytest.fixture
def calls(file: Path) -> Calls:
    return Calls(file, MAIN)


def add(file: Path, text: str) -> None:
    with file.open("a") as open_file:
        open_file.write(text)


def test_before_there_is_a_file_there_are_no_calls(calls: Calls) -> None:
    assert list(calls.new()) == []


def test_a_call_comes_when_it_has_begun_and_again_when_it_has_ended(file: Path, calls: Calls) -> None:
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


def test_of_a_line_that_is_being_written_nothing_is_read_before_its_end(
    file: Path, calls: Calls
) -> None:
    line = begin(2, 1.0)
    add(file, begin(1, 0.5) + line[:20])
    assert [call.item for call in calls.new()] == [10]
    add(file, line[20:-1])
    assert list(calls.new()) == []
    add(file, line[-1])
    assert [call.item for call in calls.new()] == [20]


def test_an_end_finds_its_begin_among_those_of_other_processes(file: Path, calls: Calls) -> None:
    add(file, begin(1, 0.1) + begin(1, 0.2, process=7) + begin(2, 0.3, process=7))
    add(file, end(1, 0.4, process=7, result="other") + end(1, 0.5, result="main"))
    ended = [call for call in calls.new() if call.end is not None]
    assert [(str(call.unit), call.begin, call.end, call.result) for call in ended] == [
        ("process 1", 0.2, 0.4, "other"),
        ("main thread", 0.1, 0.5, "main"),
    ]
    assert [call.begin for call in calls.unfinished] == [0.3]


def test_a_call_that_failed_tells_with_what_and_why(file: Path, calls: Calls) -> None:
    add(file, begin(1, 0.1) + end(1, 0.2, error="KeyError", why="lost"))
    *_, ended = calls.new()
    assert (ended.result, ended.error, ended.why) == (None, "KeyError", "lost")


def test_a_call_that_goes_on_has_no_length(file: Path, calls: Calls) -> None:
    add(file, begin(1, 0.1))
    [call] = calls.new()
    with pytest.raises(AssertionError, match="nap goes on"):
        _ = call.seconds
