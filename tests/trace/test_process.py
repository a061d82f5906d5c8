"""A traced run: its calls as they come, its answers or error, and how it can end."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from concurbench.trace import recorder
from concurbench.trace.process import TracedRun, TraceJob, all_answers
from tests.conftest import ROOT, TIMEOUT

SHARED = Path("/dev/shm")

pytestmark = pytest.mark.usefixtures("nothing_left")

LONG = 10 * TIMEOUT
"""Seconds: longer than any test runs."""


def step(number: int) -> int:
    """The traced function."""
    return number * 10


def load(run: Callable[[Any], Any]) -> Callable[..., Any]:
    """What a job calls in the model's process."""
    return lambda job, *, workers: run(job)


def traced(
    run: Callable[[Any], Any], job: Any = None, environ: Mapping[str, str] | None = None
) -> TracedRun:
    """A run, which has not begun."""
    model = TraceJob(functools.partial(load, run), job, workers=1, summarize=all_answers)
    return TracedRun(model, environ or {})


def ended(run: Callable[[Any], Any], job: Any = None, **environ: str) -> TracedRun:
    """A run that has ended."""
    with traced(run, job, environ) as traced_run:
        list(traced_run.calls())
    return traced_run


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
    with traced(two_steps, [1, 2]) as run:
        calls = list(run.calls())
    assert [(call.function, call.item, call.result) for call in calls] == [
        ("step", 1, None), ("step", 1, 10), ("step", 2, None), ("step", 2, 20),
    ]  # fmt: skip
    assert {str(call.unit) for call in calls} == {"main thread"}
    assert run.done == calls[1::2]
    assert (run.answers, run.error, run.cut) == ([10, 20], None, [])
    assert run.began_at < calls[0].begin < run.began_at + run.seconds < run.ended_at


@pytest.mark.parametrize("when", ["a call has come", "it is idle"])
def test_a_call_comes_while_the_model_runs(tmp_path: Path, when: str) -> None:
    gate = tmp_path / "gate"
    with traced(wait_between, str(gate)) as run:
        for _ in run.calls(gate.touch if when == "it is idle" else lambda: None):
            if when == "a call has come":
                gate.touch()
    assert run.answers == 20


def test_only_the_model_gets_its_environment_and_its_prints_stay_off_the_screen(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = dict(os.environ)
    assert ended(print_and_answer, SOME_NAME="value").answers == "value"
    assert dict(os.environ) == before
    assert capfd.readouterr() == ("", "")


# -- errors --


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (fail_in_groups, "KeyError: 'lost'"),
        (die, "its process exited with code 3: it went wrong"),
        (be_killed, "its process was ended by SIGKILL"),
        (die_with_a_child, "its process exited with code 3"),
    ],
)
def test_an_error_or_death_of_the_model_becomes_a_sentence(
    model: Callable[[Any], Any], message: str
) -> None:
    run = ended(model)
    assert (run.answers, run.error) == (None, message)
    assert run.seconds > 0


def test_a_job_that_cannot_be_unpickled_is_reported(capfd: pytest.CaptureFixture[str]) -> None:
    assert ended(two_steps, Unreadable()).error == "its process exited with code 1"
    assert "cannot be read" in capfd.readouterr().err


class Unreadable:
    """Can be pickled, but not unpickled."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return _unreadable, ()


def _unreadable() -> None:
    raise LookupError("cannot be read")


# -- an end in the middle --


def test_a_signal_ends_every_process_that_the_model_started() -> None:
    begun = 0
    expected = 1 + len(multiprocessing.get_all_start_methods())
    with traced(wait_long_everywhere) as run:
        for _ in run.calls():
            begun += 1
            if begun == expected:
                family = psutil.Process(run.process.pid).children(recursive=True)
                signal.raise_signal(signal.SIGTERM)
    assert [call.function for call in run.cut] == ["sleep"] * expected
    assert (run.ended_by, run.answers, run.error) == (signal.SIGTERM, None, None)
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)


def end_in_the_middle() -> None:
    """Stop a model as a program does; print the file of its semaphore."""
    with traced(hold_a_semaphore) as run:
        for call in run.calls():
            if call.function == "called":
                path = SHARED / f"sem.{call.item.removeprefix('/')}"
            else:
                signal.raise_signal(signal.SIGTERM)
    print(path, path.exists())


@pytest.mark.skipif(not SHARED.is_dir(), reason="semaphores are elsewhere")
def test_semaphores_of_a_stopped_model_are_removed_without_warnings() -> None:
    program = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import end_in_the_middle as run; run()"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert (program.returncode, program.stderr) == (0, "")
    path, existed = program.stdout.split()
    assert existed == "True"
    due = time.monotonic() + TIMEOUT
    while Path(path).exists() and time.monotonic() < due:
        pass  # the resource tracker outlives the program by a moment
    assert not Path(path).exists()


def test_an_error_of_the_program_stops_the_model_even_before_it_begins() -> None:
    with pytest.raises(LookupError), traced(wait_long):
        raise LookupError


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
    assert ended(doubled, 21, PYTHONPATH=path).answers == 42
    assert capfd.readouterr().err == ""
