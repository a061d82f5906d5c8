"""What is noted of calls, and that it takes nothing from who makes them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from concurbench.watching import recorder
from concurbench.watching.call import Call, Calls

Read = Callable[[], list[Call]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    """The calls noted since the test began."""
    monkeypatch.setenv(recorder.VARIABLE, str(tmp_path / "events"))
    monkeypatch.setattr(recorder, "_file", None)
    yield lambda: list(Calls(tmp_path / "events", os.getpid()).new())
    if recorder._file is not None:
        os.close(recorder._file)


def test_a_call_is_noted_when_it_begins_and_when_it_ends(read: Read) -> None:
    assert recorder.watch(divmod_of, "number")(7) == (1, 2)
    begin, end = read()
    assert (begin.what, begin.item, begin.end) == ("divmod_of", 7, None)
    assert (end.item, end.result, str(end.unit)) == (7, [1, 2], "main thread")
    assert end.end is not None


def divmod_of(number: int) -> tuple[int, int]:
    return divmod(number, 5)


def test_an_error_is_noted_and_goes_on(read: Read) -> None:
    with pytest.raises(TypeError):
        recorder.watch(divmod_of, "number")("ü")
    assert [(call.item, call.error) for call in read()] == [("ü", None), ("ü", "TypeError")]


def test_a_function_in_c_can_be_watched(read: Read) -> None:
    recorder.watch(time.sleep, "seconds")(0)
    assert [(call.what, call.item) for call in read()] == [("sleep", 0)] * 2


def test_of_another_package_some_calls_can_be_chosen(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", time.sleep)  # and back, afterwards
    recorder.patch("time:sleep", "seconds", 0.0001)
    for seconds in (0.0, 0.0001, 0.0):
        time.sleep(seconds)
    assert [call.item for call in read()] == [0.0001] * 2


def test_of_a_long_path_the_end_is_noted() -> None:
    assert str(recorder.plain(Path("/folder" * 99, "name.txt"))).endswith("/folder/name.txt")


@pytest.mark.skipif(os.name != "posix", reason="there, nothing else can write")
def test_to_write_a_note_the_interpreter_lock_is_not_given_up(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "write")  # gives it up
    recorder.watch(divmod_of, "number")(7)
    assert len(read()) == 2
