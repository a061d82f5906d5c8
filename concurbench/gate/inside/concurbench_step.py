"""Inside a suite's own pytest process: its benchmarks, stepped from outside, round by round.

``pytest -p concurbench_step`` in whatever environment a suite has. So this file imports nothing but the
standard library, pytest and pytest-benchmark, and stands in a folder by itself: put on ``PYTHONPATH``,
it brings nothing else along. ``side.py`` is the other end; messages are JSON, one a line, on a
descriptor inherited from there.

What pytest-benchmark would do with a benchmark stays as it is: how a round is timed, its setup and
teardown, calibration, what the test gets back. Only how many rounds there are, and when, is said from
outside. pytest-benchmark's fixture and its check of the fixture's class look up one global name, which
is replaced here.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
import sys
import sysconfig
from collections.abc import Awaitable, Callable, Generator, Iterator
from typing import Any

import pytest

VARIABLE = "CONCURBENCH_STEP"
"""The environment variable that tells, as JSON: the descriptor ``fd``, the ``names`` of the project's
top-level modules, where its ``own`` files lie, and the ``others`` that must not be taken for them."""

INSTRUCTIONS: dict[str, Any] = json.loads(os.environ.pop(VARIABLE, "{}"))


class Channel:
    """Messages to and from the coordinator."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # what the suite starts must not hold it open
        self._socket = socket.socket(fileno=descriptor)
        self._lines = self._socket.makefile("r", encoding="utf-8")

    def send(self, **message: object) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionError):  # receiving will tell
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        line = ""
        with contextlib.suppress(ConnectionError):
            line = self._lines.readline()
        if not line:
            pytest.exit("the gate that stepped this suite has ended")
        message: dict[str, Any] = json.loads(line)
        return message


class Stepping:
    """The pytest plugin: which rows run, in which order, and what came of each."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.slower: dict[str, float] = {}
        self._broken: list[str] = []
        self._outcome = ("passed", "")

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "gate: a row that concurbench gate compares")
        option = config.option
        if not config.pluginmanager.hasplugin("benchmark"):
            self.channel.send(kind="cannot", why="no pytest-benchmark in its environment")
            pytest.exit("no pytest-benchmark")
        # Whatever the suite configures: nothing switched off, profiled, saved or compared.
        for name, value in {
            "disable": False, "skip": False, "enable": True, "only": False, "cprofile": None,
            "save": None, "autosave": None, "json": None, "compare": None, "compare_fail": None,
            "histogram": None,
        }.items():  # fmt: skip
            setattr(option, f"benchmark_{name}", value)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._broken.append(f"{report.nodeid}: {last_error(report.longreprtext)}")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        rows = {item.nodeid: item for item in items if "benchmark" in getattr(item, "fixturenames", ())}
        self.channel.send(
            kind="collected",
            rows=[described(item) for item in rows.values()],
            broken=self._broken,
            tests=len(items),
            python=interpreter(),
            **origins(),
        )
        selection = self.channel.receive()
        self.slower = selection["slower"]
        items[:] = [rows[id] for id in selection["run"]]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._outcome = ("failed", last_error(report.longreprtext))
        elif report.skipped and self._outcome[0] == "passed":
            longrepr = report.longrepr
            reason = longrepr[2] if isinstance(longrepr, tuple) else getattr(report, "wasxfail", "")
            self._outcome = ("skipped", reason.removeprefix("Skipped: "))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        outcome, reason = self._outcome
        self._outcome = ("passed", "")
        self.channel.send(kind="outcome", row=nodeid, outcome=outcome, reason=reason)

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self) -> bool:
        return True  # pytest-timeout's: a row waits for its turns, which is nobody's fault

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        getattr(session.config, "_benchmarksession").benchmarks.clear()  # noqa: B009 - not typed
        self.channel.send(kind="finished", **origins())


def described(item: pytest.Item) -> dict[str, object]:
    """What the coordinator is to know of a row: its id, and what a ``gate`` mark says."""
    mark = item.get_closest_marker("gate")
    threshold = mark.kwargs.get("threshold") if mark else None
    plain = threshold is None or isinstance(threshold, int | float)
    return {
        "id": item.nodeid,
        "gate": mark is not None,
        "threshold": threshold if plain else repr(threshold),
    }


def interpreter() -> str:
    """This interpreter's implementation, version and build, as in ``CPython-3.13t``."""
    build = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return f"{platform.python_implementation()}-{sys.version_info[0]}.{sys.version_info[1]}{build}"


def last_error(text: str) -> str:
    """The one line of a traceback, as pytest prints it, that says what went wrong."""
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    lines = [line for line in lines if line] or text.strip().splitlines() or ["no reason given"]
    # The exception's own line is the first of the last block; an assert's explanation follows it.
    errors = [line for line in lines if line.partition(":")[0].endswith(("Error", "Exception"))]
    line = (errors or lines)[-1]
    return "".join(each for each in line if each.isprintable())


def origins() -> dict[str, object]:
    """Where the project's modules came from: how many from its own files, and which from elsewhere."""
    own, foreign = 0, {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or name == __name__:
            continue
        path = os.path.realpath(file)
        if under(path, INSTRUCTIONS["own"]):
            own += 1
        elif name.partition(".")[0] in INSTRUCTIONS["names"] or (
            under(path, INSTRUCTIONS["others"]) and not under(path, [os.path.realpath(sys.prefix)])
        ):
            foreign[name] = path
    return {"own": own, "foreign": foreign}


def under(path: str, folders: list[str]) -> bool:
    return any(path.startswith(folder + os.sep) for folder in folders)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """No tracer and no profiler, as pytest-benchmark has it."""
    tracer, profiler = sys.gettrace(), sys.getprofile()
    sys.settrace(None)
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
        sys.setprofile(profiler)


def moved(core: int) -> None:
    """Let this thread go on on the core of this number among those it may use, bound to none."""
    if hasattr(os, "sched_setaffinity"):
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {sorted(allowed)[core % len(allowed)]})
        os.sched_setaffinity(0, allowed)


def slowed(
    function: Callable[..., Any], share: float, timer: Callable[[], float], bare: list[float]
) -> Callable[..., Any]:
    """The function made slower by a share of its own time, each time; ``bare`` collects that time."""

    def slower(*args: Any, **kwargs: Any) -> Any:
        start = timer()
        try:
            return function(*args, **kwargs)
        finally:
            took = timer() - start
            bare.append(took)
            end = start + took * (1 + share)
            while timer() < end:
                pass

    return slower


def slowed_in_loop(
    call: Callable[[], Awaitable[Any]], share: float, timer: Callable[[], float], bare: list[float]
) -> Callable[[], Awaitable[Any]]:
    """The same for what is awaited."""

    async def slower() -> Any:
        start = timer()
        try:
            return await call()
        finally:
            took = timer() - start
            bare.append(took)
            end = start + took * (1 + share)
            while timer() < end:
                pass

    return slower


CALIBRATE = 0
"""Asked for in place of a round's iterations."""


def obey(
    steps: Generator[int, Any, None], time: Callable[[int], float], calibrate: Callable[[], int]
) -> None:
    """Do what is asked for, until there is no more to do."""
    answer: float | None = None
    with contextlib.suppress(StopIteration):
        while True:
            asked = steps.send(answer)
            answer = calibrate() if asked == CALIBRATE else time(asked)


def stepped(base: type[Any], stepping: Stepping) -> type[Any]:
    """pytest-benchmark's fixture with its rounds on command."""

    class SteppedFixture(base):  # type: ignore[misc]  # pytest-benchmark is not typed
        def _make_runner(self, function: Any, args: Any, kwargs: Any) -> Any:
            share = stepping.slower.get(self.fullname)
            if share:
                function = slowed(function, share, self._timer, self._bare)
            return super()._make_runner(function, args, kwargs)

        def _raw(self, function: Any, *args: Any, **kwargs: Any) -> Any:
            self._bare: list[float] = []
            runner = self._make_runner(function, args, kwargs)

            def time(iterations: int) -> float:
                with undisturbed():
                    seconds: float = runner(range(iterations))
                return seconds

            def calibrate() -> int:
                with undisturbed():
                    iterations: int = self._calibrate_timer(runner)[1]
                return iterations

            obey(self._step(rounds=None), time, calibrate)
            return function(*args, **kwargs)

        def _raw_pedantic(
            self, target: Any, args: Any = (), kwargs: Any = None, setup: Any = None,
            teardown: Any = None, rounds: int = 1, warmup_rounds: int = 0, iterations: int = 1,
        ) -> Any:  # fmt: skip
            numbers = (rounds, warmup_rounds, iterations)
            usual = all(isinstance(number, int) for number in numbers) and min(rounds, iterations) > 0
            if not usual or warmup_rounds < 0 or (iterations > 1 and setup):
                # An error of the suite's: pytest-benchmark has words for it.
                wrong = {"rounds": rounds, "warmup_rounds": warmup_rounds, "iterations": iterations}
                return super()._raw_pedantic(target, args, kwargs, setup=setup, **wrong)
            self._bare = []
            result: Any = None

            def arguments() -> tuple[Any, Any]:
                made = setup() if setup else None
                if made and (args or kwargs):
                    raise TypeError("Can't use `args` or `kwargs` if `setup` returns the arguments.")
                return made or (args, kwargs or {})

            def time(iterations: int) -> float:
                nonlocal result
                given = arguments()
                runner = self._make_runner(target, *given)
                with undisturbed():
                    if iterations > 1:
                        seconds = runner(range(iterations))
                    else:
                        seconds, result = runner(None)
                if teardown is not None:
                    teardown(*given[0], **given[1])
                return float(seconds)

            for _ in range(warmup_rounds):
                time(iterations)
            obey(self._step(rounds), time, lambda: iterations)
            if iterations > 1:
                last = arguments()
                result = target(*last[0], **last[1])
                if teardown is not None:
                    teardown(*last[0], **last[1])
            return result

        # What the fixture aio_benchmark asks for, where there is one (concurbench.aio): it awaits its
        # rounds itself.

        async def step_in_loop(
            self, time: Callable[[int], Awaitable[float]],
            calibrate: Callable[[], Awaitable[tuple[float, int]]], rounds: int | None,
        ) -> None:  # fmt: skip
            self._bare = getattr(self, "_bare", [])
            steps, answer = self._step(rounds), None
            with contextlib.suppress(StopIteration):
                while True:
                    asked = steps.send(answer)
                    answer = (await calibrate())[1] if asked == CALIBRATE else await time(asked)

        def slowed_in_loop(self, call: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
            share = stepping.slower.get(self.fullname)
            self._bare = getattr(self, "_bare", [])
            return slowed_in_loop(call, share, self._timer, self._bare) if share else call

        def _step(self, rounds: int | None) -> Generator[int, Any, None]:
            """What the coordinator asks for, one after the other: a round of so many iterations, and it
            is sent its seconds; or, as 0, to be calibrated, and it is sent how many iterations make a
            round. At most ``rounds`` rounds may be asked for.
            """
            channel, stats = stepping.channel, None
            channel.send(kind="ready", row=self.fullname, rounds=rounds)
            while (command := channel.receive())["do"] != "next":
                if command["do"] == "calibrate":
                    channel.send(kind="calibrated", iterations=(yield CALIBRATE))
                    continue
                iterations = command["iterations"]
                stats = stats or self._make_stats(iterations)
                self._bare.clear()
                moved(command["core"])
                times = []
                for _ in range(command["rounds"]):
                    times.append((yield iterations))  # noqa: PERF401 - no comprehension can yield
                for seconds in times:
                    stats.update(seconds)
                bare = {"bare": sum(self._bare)} if self._bare else {}
                channel.send(kind="times", seconds=[each / iterations for each in times], **bare)
            if stats is None:
                self._make_stats(1).update(0.0)  # a test may look at its statistics

    return SteppedFixture


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not INSTRUCTIONS:
        return  # loaded by something the suite started: none of its business
    stepping = Stepping(Channel(INSTRUCTIONS["fd"]))
    config.pluginmanager.register(stepping, "concurbench-stepping")
    from pytest_benchmark import fixture, plugin

    plugin.BenchmarkFixture = stepped(fixture.BenchmarkFixture, stepping)  # type: ignore[attr-defined]
