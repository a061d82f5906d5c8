"""Temporary checkouts for sessions within the tests, and servers for the models."""

from __future__ import annotations

import functools
import gc
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import psutil
import pytest

import impls
from concurbench.measure import interference, rounds, session
from concurbench.measure.speed import capacity
from servers import Server
from servers import capacity as server_capacity
from servers.cluster import fitting
from servers.local import Local
from servers.mock import Mock

ROOT = Path(__file__).parents[1]

TIMEOUT = 10.0
"""Seconds that threads and processes get to end; a test reaches it only if one is left behind."""

TOY = {
    "impls/toy/__init__.py": '''
        """Add numbers: a workload that takes no time."""
        from dataclasses import dataclass

        QUESTION = "What does it cost to add numbers?"

        @dataclass(frozen=True)
        class Case:
            items: int
            workers: int | None
            scale: float = 1.0

        CASES = {"few": Case(3, 2), "many": Case(30, None)}

        @dataclass(frozen=True)
        class Job:
            numbers: range

        def job(case, resources):
            return Job(range(case.items))

        def check(job, answers):
            assert answers == sum(job.numbers), f"expected {sum(job.numbers)}, got {answers}"
        ''',
    "impls/toy/sequential.py": '''
        """One number after the other."""
        WORKERS = 1

        def run(job, *, workers):
            return sum(job.numbers)
        ''',
    "impls/toy/threaded.py": '''
        """Threads."""

        def run(job, *, workers):
            return sum(job.numbers)
        ''',
    "benchmarks/test_toy.py": """
        from impls import Resources

        def test_toy(row):
            row.measure(Resources(), work=(row.case.items,), yardstick="c_code")
        """,
}


def heed_signals() -> None:
    """Restore the default action of signals, for ``preexec_fn``.

    If the tests run in the background, a shell or nohup makes their processes ignore these signals.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def until(happened: Callable[[], object]) -> None:
    """Wait until ``happened()`` is true; fail after a minute, so that no defect hangs the tests."""
    due = time.monotonic() + 6 * TIMEOUT
    while not happened():
        assert time.monotonic() < due, "nothing happened within the time limit"
        time.sleep(0.05)


def stats(*seconds: float) -> dict[str, Any]:
    """The statistics of a row's rounds, in the format of pytest-benchmark."""
    return {
        "data": list(seconds),
        "min": min(seconds),
        "max": max(seconds),
        "mean": statistics.mean(seconds),
        "median": statistics.median(seconds),
        "stddev": 0.0,
        "iqr": 0.0,
    }


class FakeYardsticks:
    """Yardsticks whose readings take no time."""

    def __init__(self, near: Path) -> None:
        self.start = time.perf_counter()
        self.readings: dict[str, list[list[float]]] = {"python_loop": []}
        self.unreadable: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def sweep(self, *, complete: bool = False) -> None:
        self.readings["python_loop"].append([time.perf_counter() - self.start, 0.001])


class Suite:
    """A temporary checkout; its sessions run in this process or in separate ones."""

    def __init__(self, pytester: pytest.Pytester, temporary: Path) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.temporary = temporary
        (self.path / "benchmarks").mkdir()
        for name in ("concurbench", "servers", "benchmarks/losses"):
            (self.path / name).symlink_to(ROOT / name)
        for name in (
            "conftest.py",
            "pyproject.toml",
            "benchmarks/conftest.py",
            "benchmarks/matrix.py",
            "benchmarks/options.py",
            "benchmarks/processes.py",
            "impls/__init__.py",
            "impls/_process.py",
            "impls/_requirements.py",
            "impls/_traced.py",
        ):
            self.write(name, (ROOT / name).read_text(encoding="utf-8"))

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = text.strip("\n").splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip())
        path.write_text("\n".join(line[indent:] for line in lines) + "\n", encoding="utf-8")
        return path

    def add_workload(self, name: str) -> None:
        """Copy a workload of the project, with its benchmarks."""
        shutil.copytree(ROOT / "impls" / name, self.path / "impls" / name)
        shutil.copy(ROOT / f"benchmarks/test_{name}.py", self.path / "benchmarks")

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run a complete session in a separate process, which is slow."""
        return self.pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    def run_here(self, *arguments: str) -> pytest.RunResult:
        """Run a session in this process, without its slow parts.

        Fakes replace the yardsticks, both measurements of capacity, and the preflight check. Costs
        are not observed, and rows take few turns.
        """
        own = ("impls", "benchmarks", "conftest")
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in sys.modules if name.partition(".")[0] in own]:
                patch.delitem(sys.modules, name)
            patch.setattr(interference, "Yardsticks", FakeYardsticks)
            patch.setattr(session, "preflight_check", list)
            patch.setattr(rounds, "MAX_TURNS", rounds.MIN_TURNS)
            patch.setenv(session.ENV_OBSERVE, "0")
            patch.setattr(capacity, "measure", lambda workers, seconds, **_: float(workers))
            patch.setattr(server_capacity, "highest", lambda server: 5_000.0)
            patch.setattr(tempfile, "tempdir", None)  # TMPDIR is read again
            gc.freeze()  # a session collects garbage several times, and would look through all packages
            try:
                return self.pytester.runpytest_inprocess(
                    "-p", "no:cacheprovider", *arguments, no_reraise_ctrlc=True
                )
            finally:
                gc.unfreeze()

    @property
    def saved(self) -> list[str]:
        """The names of all saved runs."""
        return sorted(path.name for path in self.path.glob("results/*/*.json"))

    def load(self, pattern: str) -> dict[str, Any]:
        """The one saved run whose name matches."""
        [path] = self.path.glob(f"results/*/{pattern}")
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove variables that turn on colours in pipes; some CI systems set them."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def checkout(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Suite]:
    """A checkout without any workload."""
    # The lock of its sessions is in its own temporary folder. The path of the folder is short, because
    # a fork server creates a socket there, and paths of sockets are limited. Errors at its end are
    # ignored: a worker of a cluster may still delete its files there.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        monkeypatch.setenv("TMPDIR", temporary)
        monkeypatch.setenv("CONCURBENCH_LOCK", temporary)
        # pytest-xdist sets it; pytest-benchmark would then measure nothing.
        monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
        yield Suite(pytester, Path(temporary))


@pytest.fixture
def suite(checkout: Suite) -> Suite:
    """A checkout with one workload, which takes no time."""
    for name, text in TOY.items():
        checkout.write(name, text)
    return checkout


@pytest.fixture(scope="session")
def undelayed_local(flag_site: Path) -> Iterator[Local]:
    with Local(flag_site, delay=0.0) as server:
        yield server


@pytest.fixture(scope="session")
def undelayed_tls(flag_site: Path) -> Iterator[Local]:
    with Local(flag_site, delay=0.0, protocol="https") as server:
        yield server


@pytest.fixture
def mock(flag_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    with Mock(flag_site, 0.0, tmp_path_factory.mktemp("mock") / "ledger") as server:
        server.reset()
        yield server


@pytest.fixture(params=["mock", "local"])
def server(request: pytest.FixtureRequest) -> Server:
    """Both flag servers, without a delay."""
    name = {"mock": "mock", "local": "undelayed_local"}[request.param]
    server: Server = request.getfixturevalue(name)
    server.reset()
    return server


@pytest.fixture(scope="session")
def clusters() -> Iterator[Callable[[str], str]]:
    """Call it with a kind of cluster for the address of one that runs four tasks at once."""
    with ExitStack() as stack:

        @functools.cache
        def address(kind: str) -> str:
            return stack.enter_context(fitting(kind, workers=4, cores=1)).address

        yield address


def load(workload: str, name: str) -> impls.Run:
    """A model's ``run``. If the model is unavailable, the test is skipped."""
    try:
        return impls.load(workload, name)
    except impls.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def own_processes() -> Iterator[Callable[[str, str], impls.Run]]:
    """Call it for the ``run`` of a model in a process that lasts as long as the tests."""
    kept: dict[tuple[str, str], impls.Run] = {}
    with ExitStack() as stack:

        def get(workload: str, name: str) -> impls.Run:
            if (workload, name) not in kept:
                try:
                    kept[workload, name] = stack.enter_context(impls.loaded(workload, name))
                except impls.Unavailable as reason:
                    pytest.skip(str(reason))
            return kept[workload, name]

        yield get


@pytest.fixture
def run(workload: str, name: str, own_processes: Callable[[str, str], impls.Run]) -> impls.Run:
    if impls.find(workload, name).own_process:
        return own_processes(workload, name)
    return load(workload, name)


@pytest.fixture
def cluster(run: impls.Run, workload: str, name: str, clusters: Callable[[str], str]) -> str | None:
    """The address of a cluster, for the models that need one."""
    kind = impls.find(workload, name).cluster
    return kind and clusters(kind)


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Check that the test leaves no new thread or process behind."""
    threads, processes = set(threading.enumerate()), set(_processes())
    yield
    new_threads = [thread for thread in threading.enumerate() if thread not in threads]
    for thread in new_threads:
        thread.join(TIMEOUT)
    assert [thread.name for thread in new_threads if thread.is_alive()] == []
    new_processes = [process for process in _processes() if process not in processes]
    _, alive = psutil.wait_procs(new_processes, TIMEOUT)
    assert alive == []


def _processes() -> list[psutil.Process]:
    """The descendants of this process, without helpers of multiprocessing and joblib that live as long
    as it."""
    this = psutil.Process()
    return [each for each in this.children(recursive=True) if not _is_helper(each)]


def _is_helper(process: psutil.Process) -> bool:
    try:
        command = " ".join(process.cmdline())
        # The children of a fork server have the same command, but another parent.
        return process.ppid() == os.getpid() and any(
            helper in command for helper in ("resource_tracker", "multiprocessing.forkserver")
        )
    except psutil.NoSuchProcess:
        return True
