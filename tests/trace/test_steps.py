"""How the functions of a file start, suspend, resume and return."""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from concurbench.trace import recorder
from concurbench.trace.spans import CallReader
from concurbench.trace.steps import MAX_STEPS, traced_steps

MODEL = """
import asyncio

async def child():
    await asyncio.sleep(0)

async def parent():
    await child()

def coroutines():
    asyncio.run(parent())

def numbers():
    yield 1

def generators(count):
    for _ in range(count):
        list(numbers())
"""

Record = Callable[..., list[str]]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Call it with the name of a function of ``MODEL`` and arguments: its steps, as sentences."""
    monkeypatch.setenv(recorder.ENV_EVENTS, str(tmp_path / "events"))
    monkeypatch.setattr(recorder, "_file", None)
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    model = runpy.run_path(str(path))

    def run(name: str, *arguments: int) -> list[str]:
        with traced_steps(str(path)):
            model[name](*arguments)
        assert recorder._file is not None
        os.close(recorder._file)
        calls = CallReader(tmp_path / "events", os.getpid()).new()
        return [_sentence(call.item) for call in calls if call.end is None]

    return run


def _sentence(step: dict[str, Any]) -> str:
    by = f" by {step['caller']}" if step["event"] in ("starts", "resumes") else ""
    return f"{'  ' * step['depth']}{step['function']} {step['event']}{by}"


def test_a_coroutine_suspends_with_those_that_await_it_and_the_loop_resumes_them(
    record: Record,
) -> None:
    assert record("coroutines")[1:-1] == [
        "  parent starts by asyncio.events.Handle._run",
        "    child starts by parent",
        "    child suspends",
        "  parent suspends",
        "  parent resumes by asyncio.events.Handle._run",
        "    child resumes by parent",
        "    child returns",
        "  parent returns",
    ]


def test_a_generator_suspends_at_each_yield(record: Record) -> None:
    assert record("generators", 1)[1:-1] == [
        "  numbers starts by generators",
        "  numbers suspends",
        "  numbers resumes by generators",
        "  numbers returns",
    ]


def test_only_the_first_steps_are_recorded(record: Record) -> None:
    assert len(record("generators", 2 * MAX_STEPS)) == MAX_STEPS
