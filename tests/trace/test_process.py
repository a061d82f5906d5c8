"""A model in a process of its own: its calls as they come, and how it may end."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from concurbench.trace import recorder
from concurbench.trace.call import Call
from concurbench.trace.inside import RUN, Performance, Told, everything
from concurbench.trace.process import Died, ModelProcess
from tests.conftest import PATIENCE, ROOT

SHARED = Path("/dev/shm")

pytestmark = [
    pytest.mark.usefixtures("nothing_left"),
    pytest.mark.skipif(sys.platform == "win32", reason="no signals"),
]

LONG = 10 * PATIENCE
"""Seconds that nobody waits for."""


def step(number: int) -> int:
    """What is watched."""
    return number * 10


def model(run: Callable[[Any], Any]) -> Callable[[], Callable[..., Any]]:
    """As a program loads it: imported in the model's process."""
    return functools.partial(_loaded, run)


def _loaded(run: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda job, *, workers: run(job)


def performance(run: Callable[[Any], Any], job: Any = None) -> Performance:
    return Performance(model(run), job, workers=1, tell=everything)


def go_on() -> bool:
    return False


def nothing() -> None:
    pass


def watched(run: Callable[[Any], Any], job: Any = None) -> tuple[list[Call], ModelProcess]:
    """All calls of a model, and its process, which has ended."""
    with ModelProcess(performance(run, job), {}) as process:
        calls = list(process.calls(nothing, go_on))
    return calls, process


# -- what models do; module-level functions, for they have to be found in another process --


def two_steps(job: Any) -> list[int]:
    seen = recorder.trace(step, "number")
    return [seen(number) for number in job]


def wait_between(gate: str) -> int:
    """One step, then another one as soon as there is such a file."""
    seen = recorder.trace(step, "number")
    seen(1)
    while not Path(gate).exists():
        time.sleep(0.001)
    result: int = seen(2)
    return result


def fail(job: Any) -> None:
    raise LookupError("no such thing")


def fail_in_groups(job: Any) -> None:
    raise ExceptionGroup("outer", [ExceptionGroup("inner", [KeyError("lost")]), ValueError("other")])


def print_and_answer(job: Any) -> str:
    print("printed")
    print("complained", file=sys.stderr)
    return "answer"


def die(job: Any) -> None:
    print("it went wrong", flush=True)
    os._exit(3)


def be_killed(job: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_with_a_child(job: Any) -> None:
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(LONG,)).start()
    os._exit(3)


def wait_long(job: Any) -> None:
    recorder.trace(time.sleep)(LONG)


def wait_long_everywhere(job: Any) -> None:
    """In the main thread, a thread, and in processes that heed no gentle signal."""
    threading.Thread(target=time.sleep, args=(LONG,)).start()
    for name in multiprocessing.get_all_start_methods():
        context: Any = multiprocessing.get_context(name)
        context.Process(target=obstinate).start()
    obstinate()


def obstinate() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    recorder.trace(time.sleep)(LONG)


def hold_a_semaphore(job: Any) -> None:
    lock: Any = multiprocessing.get_context("spawn").Lock()
    recorder.trace(called, "name")(lock._semlock.name)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(obstinate).result()


def called(name: str) -> None:
    """What the semaphore is called."""


# -- the calls --


def test_the_calls_come_in_order_and_the_answers_at_the_end() -> None:
    calls, process = watched(two_steps, [1, 2])
    assert [(call.what, call.item, call.result) for call in calls] == [
        (RUN, None, None),
        ("step", 1, None),
        ("step", 1, 10),
        ("step", 2, None),
        ("step", 2, 20),
        (RUN, None, [10, 20]),
    ]
    assert {str(call.unit) for call in calls} == {"main thread"}
    assert process.told is not None
    assert (process.told.answers, process.told.error) == ([10, 20], None)


def test_a_call_comes_while_the_model_runs(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with ModelProcess(performance(wait_between, str(gate)), {}) as process:
        for call in process.calls(nothing, go_on):
            if call.item == 1:
                gate.touch()
        assert process.told is not None
        assert process.told.answers == 20


def test_where_nothing_happens_there_is_time_for_something_else(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with ModelProcess(performance(wait_between, str(gate)), {}) as process:
        list(process.calls(gate.touch, go_on))
        assert process.told is not None


def test_what_it_prints_is_not_on_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    _, process = watched(print_and_answer)
    assert process.told is not None
    assert process.told.answers == "answer"
    assert capfd.readouterr() == ("", "")


def test_its_processes_have_the_environment_and_this_one_keeps_its_own() -> None:
    before = dict(os.environ)
    with ModelProcess(performance(os.getenv, "SOME_NAME"), {"SOME_NAME": "value"}) as process:
        list(process.calls(nothing, go_on))
        assert process.told is not None
        assert process.told.answers == "value"
    assert dict(os.environ) == before


# -- errors --


@pytest.mark.parametrize(
    ("run", "sentence"),
    [(fail, "LookupError: no such thing"), (fail_in_groups, "KeyError: 'lost'")],
)
def test_an_error_is_told_in_a_sentence(run: Callable[[Any], Any], sentence: str) -> None:
    calls, process = watched(run)
    assert process.told is not None
    assert process.told.error == sentence
    assert calls[-1].error is not None


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (die, "its process ended, exit code 3: it went wrong"),
        (be_killed, "its process was ended by SIGKILL"),
        (die_with_a_child, "its process ended, exit code 3"),
    ],
)
def test_a_process_that_dies_says_how(run: Callable[[Any], Any], told: str) -> None:
    with ModelProcess(performance(run), {}) as process:
        with pytest.raises(Died) as died:
            list(process.calls(nothing, go_on))
        assert str(died.value) == told
        assert [call.what for call in process.unfinished] == [RUN]


def test_a_process_that_cannot_even_begin_says_how(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        ModelProcess(performance(two_steps, Unreadable()), {}) as process,
        pytest.raises(Died, match="its process ended, exit code 1"),
    ):
        list(process.calls(nothing, go_on))
    assert "cannot be read" in capfd.readouterr().err


class Unreadable:
    """Can be pickled, and not read."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return _unreadable, ()


def _unreadable() -> None:
    raise LookupError("cannot be read")


# -- an end in the middle --


@pytest.mark.parametrize("run", [wait_long, wait_long_everywhere])
def test_it_can_be_ended_in_the_middle_with_all_it_has_started(run: Callable[[Any], Any]) -> None:
    waits: list[Call] = []
    expected = 1 if run is wait_long else 1 + len(multiprocessing.get_all_start_methods())
    with ModelProcess(performance(run), {}) as process:
        family = []
        for call in process.calls(nothing, lambda: len(waits) == expected):
            if call.what == "sleep":
                waits.append(call)
                family = psutil.Process(process.process.pid).children(recursive=True)
        assert [call.what for call in process.unfinished] == [RUN] + ["sleep"] * expected
        assert process.told is None
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)


def end_in_the_middle() -> None:
    """As a program does it; what the model has put into shared memory is printed."""
    calls: dict[str, Call] = {}
    with ModelProcess(performance(hold_a_semaphore), {}) as process:
        for call in process.calls(nothing, lambda: "sleep" in calls):
            calls[call.what] = call
    path = SHARED / f"sem.{calls['called'].item.removeprefix('/')}"
    print(path, path.exists())


@pytest.mark.skipif(not SHARED.is_dir(), reason="semaphores are elsewhere")
def test_its_semaphores_are_put_away_when_the_program_ends_and_nobody_complains() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import end_in_the_middle as run; run()"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    path, existed = ended.stdout.split()
    assert existed == "True"
    due = time.monotonic() + PATIENCE
    while Path(path).exists() and time.monotonic() < due:
        pass  # who puts it away outlives the program by a moment
    assert not Path(path).exists()


def test_to_end_it_before_it_has_begun_is_no_trouble() -> None:
    with ModelProcess(performance(wait_long), {}):
        pass


def test_an_error_of_who_watches_ends_it_too() -> None:
    def watch() -> None:
        with ModelProcess(performance(wait_long), {}) as process:
            for call in process.calls(nothing, go_on):
                raise LookupError(call.what)

    with pytest.raises(LookupError):
        watch()


# -- Ctrl-C, from a terminal --


def doubled(number: int) -> int:
    return 2 * number


def test_ctrl_c_while_the_model_starts_is_for_the_program_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # What a terminal sends to all processes of its foreground reaches this one before its own session.
    early = f"import os, signal\nos.kill(os.getpid(), {int(signal.SIGINT)})\n"
    (tmp_path / "sitecustomize.py").write_text(early)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    with ModelProcess(performance(doubled, 21), {"PYTHONPATH": path}) as process:
        list(process.calls(nothing, go_on))
    assert process.told == Told(42)
    assert capfd.readouterr().err == ""
