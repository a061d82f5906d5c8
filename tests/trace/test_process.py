"""The model's process: its calls as they come, its outcome, and how it can end."""

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
from concurbench.trace.process import RUN, Died, ModelProcess, Outcome, TraceJob, all_answers
from concurbench.trace.spans import Call
from tests.conftest import ROOT, TIMEOUT

SHARED = Path("/dev/shm")

pytestmark = [
    pytest.mark.usefixtures("nothing_left"),
    pytest.mark.skipif(sys.platform == "win32", reason="no signals"),
]

LONG = 10 * TIMEOUT
"""Seconds: longer than any test runs."""


def step(number: int) -> int:
    """The traced function."""
    return number * 10


def model(run: Callable[[Any], Any]) -> Callable[[], Callable[..., Any]]:
    """The ``load`` of a job: called in the model's process."""
    return functools.partial(_loaded, run)


def _loaded(run: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda job, *, workers: run(job)


def trace_job(run: Callable[[Any], Any], job: Any = None) -> TraceJob:
    return TraceJob(model(run), job, workers=1, summarize=all_answers)


def never() -> bool:
    return False


def nothing() -> None:
    pass


def traced(run: Callable[[Any], Any], job: Any = None) -> tuple[list[Call], ModelProcess]:
    """All calls of a model, and its process, which has ended."""
    with ModelProcess(trace_job(run, job), {}) as process:
        calls = list(process.calls(nothing, never))
    return calls, process


# -- what models do; module-level functions, so that they can be pickled --


def two_steps(job: Any) -> list[int]:
    traced_step = recorder.trace(step, "number")
    return [traced_step(number) for number in job]


def wait_between(gate: str) -> int:
    """One step, then another one as soon as the file exists."""
    traced_step = recorder.trace(step, "number")
    traced_step(1)
    while not Path(gate).exists():
        time.sleep(0.001)
    result: int = traced_step(2)
    return result


def fail_in_groups(job: Any) -> None:
    raise ExceptionGroup("outer", [ExceptionGroup("inner", [KeyError("lost")]), ValueError("other")])


def print_and_answer(job: Any) -> str | None:
    print("printed")
    print("complained", file=sys.stderr)
    return os.environ.get("SOME_NAME")


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
    """In the main thread, a thread, and in processes that ignore SIGTERM."""
    threading.Thread(target=time.sleep, args=(LONG,)).start()
    for name in multiprocessing.get_all_start_methods():
        context: Any = multiprocessing.get_context(name)
        context.Process(target=ignore_sigterm).start()
    ignore_sigterm()


def ignore_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    recorder.trace(time.sleep)(LONG)


def hold_a_semaphore(job: Any) -> None:
    lock: Any = multiprocessing.get_context("spawn").Lock()
    recorder.trace(called, "name")(lock._semlock.name)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(ignore_sigterm).result()


def called(name: str) -> None:
    """A traced call of this function has the semaphore's name."""


# -- the calls --


def test_calls_come_in_order_and_the_answers_in_the_end() -> None:
    calls, process = traced(two_steps, [1, 2])
    assert [(call.function, call.item, call.result) for call in calls] == [
        (RUN, None, None),
        ("step", 1, None),
        ("step", 1, 10),
        ("step", 2, None),
        ("step", 2, 20),
        (RUN, None, [10, 20]),
    ]
    assert {str(call.unit) for call in calls} == {"main thread"}
    assert process.outcome is not None
    assert (process.outcome.answers, process.outcome.error) == ([10, 20], None)


def test_a_call_comes_while_the_model_runs(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with ModelProcess(trace_job(wait_between, str(gate)), {}) as process:
        for call in process.calls(nothing, never):
            if call.item == 1:
                gate.touch()
        assert process.outcome is not None
        assert process.outcome.answers == 20


def test_idle_is_called_while_nothing_happens(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with ModelProcess(trace_job(wait_between, str(gate)), {}) as process:
        list(process.calls(gate.touch, never))
        assert process.outcome is not None


def test_only_the_model_gets_its_environment_and_its_prints_stay_off_the_screen(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = dict(os.environ)
    with ModelProcess(trace_job(print_and_answer), {"SOME_NAME": "value"}) as process:
        list(process.calls(nothing, never))
        assert process.outcome == Outcome("value")
    assert dict(os.environ) == before
    assert capfd.readouterr() == ("", "")


# -- errors --


def test_an_error_of_the_model_becomes_a_sentence() -> None:
    calls, process = traced(fail_in_groups)
    assert process.outcome == Outcome(error="KeyError: 'lost'")
    assert calls[-1].error is not None


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (die, "its process exited with code 3: it went wrong"),
        (be_killed, "its process was ended by SIGKILL"),
        (die_with_a_child, "its process exited with code 3"),
    ],
)
def test_a_process_that_dies_is_reported_with_its_exit_code_or_signal(
    run: Callable[[Any], Any], message: str
) -> None:
    with ModelProcess(trace_job(run), {}) as process:
        with pytest.raises(Died) as died:
            list(process.calls(nothing, never))
        assert str(died.value) == message
        assert [call.function for call in process.unfinished] == [RUN]


def test_a_job_that_cannot_be_unpickled_is_reported(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        ModelProcess(trace_job(two_steps, Unreadable()), {}) as process,
        pytest.raises(Died, match="its process exited with code 1"),
    ):
        list(process.calls(nothing, never))
    assert "cannot be read" in capfd.readouterr().err


class Unreadable:
    """Can be pickled, but not unpickled."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return _unreadable, ()


def _unreadable() -> None:
    raise LookupError("cannot be read")


# -- an end in the middle --


def test_stop_ends_every_process_that_the_model_started() -> None:
    waits: list[Call] = []
    expected = 1 + len(multiprocessing.get_all_start_methods())
    with ModelProcess(trace_job(wait_long_everywhere), {}) as process:
        family = []
        for call in process.calls(nothing, lambda: len(waits) == expected):
            if call.function == "sleep":
                waits.append(call)
                family = psutil.Process(process.process.pid).children(recursive=True)
        assert [call.function for call in process.unfinished] == [RUN] + ["sleep"] * expected
        assert process.outcome is None
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)


def end_in_the_middle() -> None:
    """Stop a model as a program does; print the file of its semaphore."""
    calls: dict[str, Call] = {}
    with ModelProcess(trace_job(hold_a_semaphore), {}) as process:
        for call in process.calls(nothing, lambda: "sleep" in calls):
            calls[call.function] = call
    path = SHARED / f"sem.{calls['called'].item.removeprefix('/')}"
    print(path, path.exists())


@pytest.mark.skipif(not SHARED.is_dir(), reason="semaphores are elsewhere")
def test_semaphores_of_a_stopped_model_are_removed_without_warnings() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import end_in_the_middle as run; run()"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    path, existed = ended.stdout.split()
    assert existed == "True"
    due = time.monotonic() + TIMEOUT
    while Path(path).exists() and time.monotonic() < due:
        pass  # the resource tracker outlives the program by a moment
    assert not Path(path).exists()


def test_a_model_can_be_stopped_before_it_begins() -> None:
    with ModelProcess(trace_job(wait_long), {}):
        pass


def test_an_error_of_the_program_stops_the_model() -> None:
    def run() -> None:
        with ModelProcess(trace_job(wait_long), {}) as process:
            for call in process.calls(nothing, never):
                raise LookupError(call.function)

    with pytest.raises(LookupError):
        run()


# -- Ctrl-C, from a terminal --


def doubled(number: int) -> int:
    return 2 * number


def test_ctrl_c_does_not_reach_a_model_that_is_starting(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # A terminal signals all processes of its foreground group, before this one has its own session.
    early = f"import os, signal\nos.kill(os.getpid(), {int(signal.SIGINT)})\n"
    (tmp_path / "sitecustomize.py").write_text(early)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    with ModelProcess(trace_job(doubled, 21), {"PYTHONPATH": path}) as process:
        list(process.calls(nothing, never))
    assert process.outcome == Outcome(42)
    assert capfd.readouterr().err == ""
