"""Models in a process of their own: what comes back from it, and that it always ends."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import impls
from impls import _process
from impls._process import Died, ModelTraceback, OwnProcess
from tests.conftest import ROOT, Suite, until

WORKLOAD = """
import os

PATCHED_BEFORE = hasattr(os, "patched")
"""

MODEL = '''
"""Do what the job says."""

import os
import pathlib
import subprocess
import sys
import time

os.patched = True

from impls.toy import PATCHED_BEFORE

OWN_PROCESS = True


class Own(Exception):
    pass


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__("odd")


def fail(error):
    raise error


def hang(file):
    pathlib.Path(file).touch()
    while True:
        pass


ACTIONS = {
    "id": os.getpid,
    "patched before": lambda: PATCHED_BEFORE,
    "print": lambda: print("printed") or input,
    "child": lambda: subprocess.Popen(["sleep", "600"]).pid,
    "die": lambda: os._exit(3),
    "fail": lambda: fail(ArithmeticError("odd number")),
    "fail in a group": lambda: fail(ExceptionGroup("two", [KeyError("a"), ValueError("b")])),
    "fail with an own error": lambda: fail(Own("mine")),
    "fail with an odd error": lambda: fail(Odd(1, 2)),
    "answer an own object": lambda: Own("mine"),
    "answer a module": lambda: os,
}


def run(job, *, workers):
    return hang(job) if isinstance(job, pathlib.Path) else ACTIONS[job]()
'''

HANG = """
import pathlib, sys
import impls
with impls.loaded("toy", "own") as run:
    print(run.process.pid, flush=True)
    run(pathlib.Path(sys.argv[1]), workers=1)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package ``impls`` of a checkout, with one workload."""
    package = tmp_path_factory.mktemp("checkout") / "impls"
    (package / "toy").mkdir(parents=True)
    for name in ("__init__", "_process", "_requirements", "_traced"):
        (package / f"{name}.py").symlink_to(ROOT / f"impls/{name}.py")
    (package / "toy/__init__.py").write_text(WORKLOAD)
    (package / "toy/own.py").write_text(MODEL)
    return package


@pytest.fixture
def checkout_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same; ``impls.load`` finds its models."""
    monkeypatch.setattr(impls, "HERE", folder)
    return folder


@pytest.fixture(scope="module")
def own(folder: Path) -> Iterator[OwnProcess]:
    """One process for the tests that do not end it."""
    with OwnProcess("impls.toy.own", folder / "toy/own.py") as process:
        yield process


def test_it_does_one_job_after_the_other_in_the_same_process(own: OwnProcess) -> None:
    assert [own("id", workers=1) for _ in range(2)] == [own.process.pid] * 2
    assert own.process.pid != os.getpid()


def test_the_file_comes_before_its_workload_and_changes_nothing_in_the_callers_process(
    own: OwnProcess,
) -> None:
    assert own("patched before", workers=1) is True
    assert not hasattr(os, "patched")
    assert "impls.toy.own" not in sys.modules


@pytest.mark.parametrize(
    ("job", "error", "message"),
    [
        ("fail", ArithmeticError, "odd number"),
        ("fail in a group", ExceptionGroup, "two"),
        ("fail with an own error", RuntimeError, "Own: mine"),
        ("fail with an odd error", RuntimeError, "Odd: odd"),
        ("no such job", KeyError, "no such job"),
        ("answer a module", TypeError, "cannot pickle 'module' object"),
        (types, TypeError, "cannot pickle 'module' object"),
    ],
)
def test_an_error_reaches_the_caller_and_the_next_job_is_done(
    own: OwnProcess, job: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        own(job, workers=1)
    assert own("id", workers=1) == own.process.pid


def test_the_cause_of_an_error_says_where_in_the_model_it_arose(own: OwnProcess) -> None:
    with pytest.raises(ArithmeticError) as caught:
        own("fail", workers=1)
    assert isinstance(caught.value.__cause__, ModelTraceback)
    assert "toy/own.py" in str(caught.value.__cause__)


def test_answers_that_only_the_models_file_defines_are_refused(own: OwnProcess) -> None:
    with pytest.raises(pickle.UnpicklingError, match="Own cannot be sent: define it in the workload"):
        own("answer an own object", workers=1)
    assert "impls.toy.own" not in sys.modules


def test_a_job_that_cannot_be_unpickled_there_is_an_error(own: OwnProcess) -> None:
    with pytest.raises(ModuleNotFoundError):
        own(Died, workers=Unknown())  # type: ignore[arg-type]  # the wrong type is the point
    assert own("id", workers=1) == own.process.pid


class Unknown:
    """An object whose class is in a module that other processes do not find."""

    def __reduce__(self) -> Any:
        return pickle.loads, (b"cno_such_module\nname\n.",)


def test_it_ends_with_the_block_and_so_do_its_children(
    checkout_of: Path, nothing_left: None, capfd: pytest.CaptureFixture[str]
) -> None:
    with impls.loaded("toy", "own") as run:
        run("print", workers=1)
        pids = run("id", workers=1), run("child", workers=1)
    assert capfd.readouterr() == ("", "printed\n")
    until(lambda: not any(map(psutil.pid_exists, pids)))


def test_without_a_block_each_call_has_a_process(checkout_of: Path, nothing_left: None) -> None:
    run = impls.load("toy", "own")
    assert run("id", workers=1) != run("id", workers=1)


def test_after_its_death_no_job_is_done(checkout_of: Path, nothing_left: None) -> None:
    with impls.loaded("toy", "own") as run:
        with pytest.raises(Died, match=r"the process of impls\.toy\.own has ended \(exit status 3\)"):
            run("die", workers=1)
        with pytest.raises(Died, match="has ended"):
            run("id", workers=1)


def test_a_job_that_hangs_ends_with_an_interrupt(
    checkout_of: Path, tmp_path: Path, nothing_left: None
) -> None:
    begun = tmp_path / "begun"

    def interrupt() -> None:
        until(begun.exists)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    watching = threading.Thread(target=interrupt)
    with impls.loaded("toy", "own") as run:
        watching.start()
        with pytest.raises(KeyboardInterrupt):
            run(begun, workers=1)
        with pytest.raises(Died):
            run("id", workers=1)
    watching.join()


def test_it_ends_while_it_computes_if_its_caller_is_killed(folder: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    caller = subprocess.Popen(
        [sys.executable, "-P", "-c", HANG, str(begun)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(folder.parent)},
    )
    assert caller.stdout is not None
    with caller.stdout:
        pid = int(caller.stdout.readline())
    until(begun.exists)
    caller.kill()
    caller.wait()
    until(lambda: not psutil.pid_exists(pid))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("absent", 'REQUIRES = ("no_such_package",)', "no package no_such_package"),
        (
            "broken",
            'REQUIRES = ("halfway",)\nimport halfway',
            r"cannot import package halfway: gone in 3\.12",
        ),
    ],
)
def test_a_package_that_it_lacks_is_a_reason_to_skip(
    checkout_of: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, reason: str
) -> None:
    (checkout_of.parent / "halfway.py").write_text("raise ImportError('gone in 3.12', name='halfway')")
    monkeypatch.syspath_prepend(checkout_of.parent)
    (checkout_of / f"toy/{name}.py").write_text(f'"""Toy."""\nOWN_PROCESS = True\n{text}')
    with pytest.raises(impls.Unavailable, match=reason), impls.loaded("toy", name):
        pass
    assert "halfway" not in sys.modules


def test_any_other_import_error_is_an_error(checkout_of: Path, nothing_left: None) -> None:
    (checkout_of / "toy/mistyped.py").write_text('"""Toy."""\nOWN_PROCESS = True\nimport no_such')
    with pytest.raises(ModuleNotFoundError, match="no_such"), impls.loaded("toy", "mistyped"):
        pass


def test_a_package_that_switches_the_gil_on_is_a_reason_to_skip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.py").touch()
    monkeypatch.delitem(sys.modules, "switching_on", raising=False)
    states = iter([False, True])
    monkeypatch.setattr(_process, "_gil", lambda: next(states))
    with pytest.raises(impls.Unavailable, match="switch the GIL on"):
        _process.imported("switching_on", str(tmp_path / "model.py"), ())


ROW = '''
"""A process of its own."""
import os
import pathlib
import time

OWN_PROCESS = True

def run(job, *, workers):
    begin = time.process_time()
    while time.process_time() < begin + 0.02:
        pass
    with pathlib.Path(__file__).with_name("ids").open("a") as file:
        print(os.getpid(), file=file)
    return sum(job.numbers)
'''


def test_a_row_keeps_its_process_for_all_rounds_and_pays_for_it(
    suite: Suite, nothing_left: None
) -> None:
    for name in ("own", "second"):
        suite.write(f"impls/toy/{name}.py", ROW)
    suite.run_here("--models=own,second,threaded", "--cases=few", "--benchmark-save=kept")
    rows = {row["extra_info"]["model"]: row for row in suite.load("kept.json")["benchmarks"]}
    ids = (suite.path / "impls/toy/ids").read_text().split()
    assert len(ids) > len(set(ids)) == 2
    assert os.getpid() not in map(int, ids)
    seconds = {name: row["extra_info"]["cost"]["cpu_seconds"]["values"] for name, row in rows.items()}
    assert min(seconds["own"] + seconds["second"]) >= 0.02
