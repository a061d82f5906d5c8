"""The matrix of the benchmarks, and the fixtures their tests are written with.

A test that takes ``model``, ``case`` and ``workers`` is one row for each model and case of the workload
that its file is named after; one that takes ``flag_server`` too, a row for each server as well.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import types
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import impls
from benchmarks.processes import end_fork_server
from concurbench import machine
from concurbench.aio import AioBenchmark
from concurbench.measure import capacity
from concurbench.measure.fingerprint import fingerprint
from concurbench.measure.rounds import Rounds, measure, measure_in_loop
from concurbench.measure.session import SESSION
from concurbench.results.metric import recorded
from concurbench.results.runs import short_name
from concurbench.units import counted
from servers import NAMES, Server, stub
from servers.cluster import Cluster, Unfit, threads_of
from servers.local import Local
from servers.mock import Mock
from servers.nameserver import Nameserver
from servers.process import ServerDied


class Row(NamedTuple):
    """The parameters of one benchmark; ``server`` is None where the workload talks to none."""

    model: str
    server: str | None
    case: str
    workers: int

    @property
    def id(self) -> str:
        return "-".join([*filter(None, self[:3]), f"w{self.workers:02}"])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "model" not in metafunc.fixturenames:
        return
    servers: tuple[str, ...] | tuple[None] = (None,)
    parameters = ["model", "case", "workers"]
    if "flag_server" in metafunc.fixturenames:
        asked = metafunc.config.option.http_server
        servers = NAMES if asked == "both" else (asked,)
        parameters.append("server")
    option, workload = metafunc.config.option, _workload(metafunc.module)
    rows = list(dict.fromkeys(matrix(workload, servers, option)))
    if "default" in option.models:
        every = {*matrix(workload, servers, option, every=True)}
        metafunc.config.stash[SESSION].tally.left_out += len(every) - len(rows)
    name = _name(workload)
    metafunc.parametrize(
        parameters,
        [
            pytest.param(
                *(getattr(row, parameter) for parameter in parameters),
                id=row.id,
                marks=[pytest.mark.gate] if row.case in impls.find(name, row.model).gate else [],
            )
            for row in rows
        ],
    )


def matrix(
    workload: ModuleType, servers: Iterable[str | None], option: Any, *, every: bool = False
) -> Iterator[Row]:
    """The rows that the options ask for; of ``every`` model, if so."""
    wanted = ["all"] if every else option.models
    models = impls.models(_name(workload))
    for server in servers:
        for case in workload.CASES:
            if not _wanted_case(case, workload, option.cases):
                continue
            for model in models:
                if _wanted_model(model, case, wanted) and _has_row(model, server, case):
                    for workers in _workers(model, workload.CASES[case], option.workers):
                        yield Row(model.name, server, case, workers)


def _wanted_model(model: impls.Model, case: str, asked: list[str]) -> bool:
    return model.name in asked or "all" in asked or ("default" in asked and model.is_default(case))


def _wanted_case(case: str, workload: ModuleType, asked: list[str]) -> bool:
    return (
        case in asked or "all" in asked or ("smallest" in asked and case == next(iter(workload.CASES)))
    )


def _has_row(model: impls.Model, server: str | None, case: str) -> bool:
    can_talk_to = server is None or model.servers is None or server in model.servers
    return can_talk_to and model.has(case)


def _workers(model: impls.Model, case: Any, asked: list[int] | None) -> list[int]:
    if model.workers is not None:
        return [model.workers]
    return asked or [case.workers or machine.usable_cores()]


def _workload(module: ModuleType) -> ModuleType:
    return import_module(f"impls.{_name(module).removeprefix('test_')}")


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # pytest makes one row of an empty matrix, to be skipped: there is nothing to skip.
    items[:] = [item for item in items if "[NOTSET" not in item.name]


@pytest.fixture
def clean_processes() -> Iterator[None]:
    """Each row starts its processes as a program of its own would.

    Children import the main module of their parent, and this one is pytest: an empty one takes its
    place. And the fork server with the modules it has imported is not handed on from row to row.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
        yield
    end_fork_server()


@pytest.fixture
def run(request: pytest.FixtureRequest, model: str) -> impls.Run:
    """The model; where it cannot run here, the row is skipped."""
    try:
        return impls.load(_name(_workload(request.module)), model)
    except impls.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def existing_cluster(request: pytest.FixtureRequest) -> tuple[str, int]:
    """The address of the cluster that was asked for, once it is proven to be fit, and its threads."""
    address: str = request.config.option.dask_scheduler
    try:
        threads = sum(threads_of(address, impls.__name__).values())
    except Unfit as reason:
        unfit = str(reason)
    else:
        request.config.stash[SESSION].facts["cluster_threads"] = threads
        return address, threads
    pytest.fail(unfit, pytrace=False)  # here, for there it would be told twice


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest, run: impls.Run, model: str, workers: int
) -> Iterator[str | None]:
    """The address of the cluster that this row's model uses, None where it uses none."""
    if impls.find(_name(_workload(request.module)), model).cluster is None:
        yield None
    elif request.config.option.dask_scheduler is not None:
        address, threads = request.getfixturevalue("existing_cluster")
        if threads < workers:
            told = f"{short_name(request.node.nodeid)}: the cluster has {counted(threads, 'thread')}"
            request.config.stash[SESSION].notes.append(f"{told} for {workers} workers")
        yield address
    else:
        with Cluster.fitting(workers, machine.usable_cores()) as here:
            yield here.address


class Entry:
    """What a row stores, whichever way it is timed."""

    def __init__(
        self, request: pytest.FixtureRequest, benchmark: Any, model: str, case: str, workers: int
    ) -> None:
        workload = self._workload = _workload(request.module)
        name = _name(workload)
        server = request.node.callspec.params.get("server")
        benchmark.group = " · ".join(filter(None, [name, server and f"{server} server", case]))
        self._session = request.config.stash[SESSION]
        # Not between the rounds that a gate tells; and what another host's cores can do is not known.
        foreign = request.config.option.dask_scheduler and impls.find(name, model).cluster
        self._enabled = benchmark.enabled
        self._looks = benchmark.enabled and not self._session.stepped and not foreign
        self._this, self._smallest = workload.CASES[case], next(iter(workload.CASES.values()))
        self._metrics = getattr(workload, "METRICS", {})
        self._workers = workers
        self._info = benchmark.extra_info
        self._info.update(
            workload=name,
            model=model,
            case=case,
            workers=workers,
            server=server,
            items=self._this.items,
            start_method=impls.find(name, model).start_method,
            source=fingerprint((impls.HERE / name / f"{model}.py").read_bytes()),
        )

    def begin(
        self,
        *,
        setup: Callable[[Any], Any],
        check: Callable[[Any, Any], None],
        work: tuple[object, ...],
        yardstick: str | None = None,
        once: Mapping[str, Callable[[], float]] | None = None,
        **extra_info: object,
    ) -> Rounds[Any, Any]:
        """What is to be timed; see ``row`` for what it is told."""
        workload, metrics = self._workload, self._metrics
        defined = (metrics, workload.metrics) if metrics else ()
        self._info.update(
            fingerprint=fingerprint(workload.QUESTION, workload.check, *defined, *work),
            yardstick=yardstick,
            **extra_info,
        )
        self._once = once or {}
        self._before = self._cores() if yardstick and self._looks else None
        return Rounds(
            setup=lambda: setup(self._this),
            check=check,
            warm_up=lambda: setup(self._smallest),
            scale=self._this.scale,
            plan=self._session.plan,
            observe=workload.metrics if metrics else None,
        )

    def end(self, rounds: Rounds[Any, Any]) -> None:
        """They are timed."""
        if self._metrics:
            # Where nothing is timed, nothing else is measured that takes time.
            once = {name: measured() if self._enabled else 0.0 for name, measured in self._once.items()}
            self._info["metrics"] = recorded(self._metrics, rounds.observed, once)
        if self._before is not None:
            self._info["capacity_near"] = statistics.mean([self._before, self._cores()])
        # Importing the model, or what it imports, may have switched it on.
        self._info["gil_enabled"] = machine.gil_enabled()

    def _cores(self) -> float:
        # What the cores can do together changes by the second on a shared machine: as near as can be.
        return capacity.measure(min(self._workers, self._this.items))


@pytest.fixture
def entry(request: pytest.FixtureRequest, benchmark: Any, model: str, case: str, workers: int) -> Entry:
    return Entry(request, benchmark, model, case, workers)


@pytest.fixture
def row(
    entry: Entry, benchmark: Any, clean_processes: None, run: impls.Run, workers: int
) -> Callable[..., None]:
    """Call it to measure this row: ``row(setup=…, check=…, work=…, **extra_info)``.

    ``setup`` makes the job of a round of a case, and ``check`` judges its answer. ``work`` is all that
    defines the work beside the workload's question. Work that only computes names the ``yardstick``
    that is most like it; its limit comes from what the cores can do together. A metric that is no
    round's is measured ``once``: its name -> what measures it. What is stored with the row's times can
    be added to by keyword.
    """

    def measure_row(**how: Any) -> None:
        rounds = entry.begin(**how)
        measure(benchmark, lambda job: run(job, workers=workers), rounds)
        entry.end(rounds)

    return measure_row


@pytest.fixture
def aio_row(
    entry: Entry, aio_benchmark: AioBenchmark, run: impls.Run, workers: int
) -> Callable[..., Awaitable[None]]:
    """The same for a workload whose models are coroutines, awaited inside the running loop:
    ``await aio_row(…)``."""

    async def measure_row(**how: Any) -> None:
        rounds = entry.begin(**how)
        await measure_in_loop(aio_benchmark, lambda job: run(job, workers=workers), rounds)
        entry.end(rounds)

    return measure_row


@pytest.fixture
def destination(tmp_path: Path) -> Callable[[], Path]:
    """Call it for an empty folder: the same one, with nothing of the last round left."""

    def empty() -> Path:
        folder = tmp_path / "destination"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    return empty


@pytest.fixture
def flag_server(
    request: pytest.FixtureRequest, server: str, flag_site: Path, tmp_path: Path,
    local_server: Callable[[], Local],
) -> Iterator[Server]:  # fmt: skip
    """The flag server this row is to talk to."""
    if server == "local":
        yield local_server()
    else:
        with Mock(flag_site, request.config.option.http_delay, tmp_path / "ledger") as mock:
            yield mock


@pytest.fixture(scope="session")
def nameserver(request: pytest.FixtureRequest) -> Iterator[Callable[[], Nameserver]]:
    """Call it for the one DNS server of this session; where that died, for a new one."""
    from impls import domains

    option = request.config.option
    running: list[Nameserver] = []
    with ExitStack() as stack:

        def get() -> Nameserver:
            if not running or not running[-1].alive:
                server = Nameserver(domains.FOUND, option.dns_delay, option.server_python)
                try:
                    running.append(stack.enter_context(server))
                except ServerDied as error:
                    needs = "dnslib (another interpreter: --server-python)"
                    pytest.fail(f"{error}; {option.server_python} must have {needs}", pytrace=False)
                request.config.stash[SESSION].facts["dns_server"] = dict(server.runs_on)
            return running[-1]

        yield get


@pytest.fixture
def dns_server(nameserver: Callable[[], Nameserver]) -> Iterator[Nameserver]:
    """The DNS server this row is to talk to; ``socket.getaddrinfo`` asks it for names of its domain."""
    from impls import domains

    server = nameserver()
    with stub.installed(server.address, domains.TLD):
        yield server
