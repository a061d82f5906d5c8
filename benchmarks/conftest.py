"""The rows of the benchmarks, and the fixtures of their tests.

A test that requests ``row`` is one row for each model and case of the workload that its file is named
after. A test that also requests ``flag_server`` is one for each server, too.
"""

from __future__ import annotations

import shutil
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import impls
from benchmarks.matrix import matrix, workload_of
from benchmarks.processes import own_fork_server
from concurbench import machine
from concurbench.aio import AioBenchmark
from concurbench.measure.row import BenchmarkRow
from concurbench.measure.session import SESSION
from concurbench.results.runs import short_name
from concurbench.units import counted
from servers import NAMES, Server, capacity, stub
from servers import cluster as clusters
from servers.dask_cluster import Unfit, threads_of
from servers.local import Local
from servers.mock import Mock
from servers.nameserver import Nameserver
from servers.process import ServerDied

LOCAL_NEEDS = {
    "http": "uvicorn and httptools",
    "https": "uvicorn, httptools and trustme",
    "h2": "granian and trustme",
}
"""Protocol of the local flag server -> the packages that it needs."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "model" not in metafunc.fixturenames:
        return
    option, workload = metafunc.config.option, workload_of(metafunc.module)
    servers: tuple[str, ...] | tuple[None] = (None,)
    parameters = ["model", "case", "workers"]
    if "flag_server" in metafunc.fixturenames:
        servers = NAMES if option.http_server == "both" else (option.http_server,)
        parameters.append("server")
    cells = list(dict.fromkeys(matrix(workload, servers, option)))
    if "default" in option.models:
        every = {*matrix(workload, servers, option, every=True)}
        metafunc.config.stash[SESSION].outcomes.left_out += len(every) - len(cells)
    metafunc.parametrize(
        parameters,
        [
            pytest.param(
                *(getattr(cell, parameter) for parameter in parameters),
                id=cell.id,
                marks=[pytest.mark.gate] if cell.case in impls.find(workload, cell.model).gate else [],
            )
            for cell in cells
        ],
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # For an empty matrix, pytest creates one row and skips it.
    items[:] = [item for item in items if "[NOTSET" not in item.name]


@pytest.fixture
def clean_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let each row start its processes like a separate program.

    Children import the main module of their parent, which is pytest: an empty one replaces it. Each row
    has a fork server of its own, which ends with the row, and so do the modules that it has imported.
    """
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
        visited = request.config.stash[SESSION].visited(request.node.nodeid)
        kept, last = (visited.kept, visited.group.stack) if visited else ({}, stack)
        with own_fork_server(kept, last.callback):
            yield


@pytest.fixture
def model_file(request: pytest.FixtureRequest, model: str) -> impls.Model:
    return impls.find(workload_of(request.module), model)


@pytest.fixture
def run(request: pytest.FixtureRequest, model_file: impls.Model) -> Iterator[impls.Run]:
    """The model's ``run``. If the model is unavailable, the row is skipped.

    A process of its own goes on between the visits of a row that takes turns with others.
    """
    with ExitStack() as stack:
        visited = request.config.stash[SESSION].visited(request.node.nodeid)
        kept, last = (visited.kept, visited.group.stack) if visited else ({}, stack)
        if "run" not in kept:
            try:
                kept["run"] = last.enter_context(impls.loaded(model_file.workload, model_file.name))
            except impls.Unavailable as reason:
                pytest.skip(str(reason))
        yield kept["run"]


@pytest.fixture
def new_row(
    request: pytest.FixtureRequest, model_file: impls.Model, run: impls.Run, case: str, workers: int
) -> Callable[[Any], BenchmarkRow]:
    """Call it with a fixture that times for the row of this test."""
    option, server = request.config.option, request.node.callspec.params.get("server")
    workload: Any = import_module(f"impls.{model_file.workload}")
    elsewhere = model_file.cluster == "dask" and option.dask_scheduler
    if model_file.cluster and (visited := request.config.stash[SESSION].visited(request.node.nodeid)):
        visited.alone = True  # starting a cluster for each turn would take longer than the rounds
    return lambda benchmark: BenchmarkRow(
        request.config.stash[SESSION], benchmark, workload, model_file, run, case, workers, server,
        capacity_here=not elsewhere,
    )  # fmt: skip


@pytest.fixture
def row(new_row: Callable[[Any], BenchmarkRow], benchmark: Any, clean_processes: None) -> BenchmarkRow:
    """The row of this test."""
    return new_row(benchmark)


@pytest.fixture
def aio_row(new_row: Callable[[Any], BenchmarkRow], aio_benchmark: AioBenchmark) -> BenchmarkRow:
    """The row of a workload whose models are coroutines, measured inside the running loop."""
    return new_row(aio_benchmark)


@pytest.fixture(scope="session")
def existing_cluster(request: pytest.FixtureRequest) -> tuple[str, int]:
    """Address and number of threads of the cluster given by --dask-scheduler, after a check of it."""
    address: str = request.config.option.dask_scheduler
    try:
        threads = sum(threads_of(address, impls.__name__).values())
    except Unfit as reason:
        unfit = str(reason)
    else:
        request.config.stash[SESSION].facts["cluster_threads"] = threads
        return address, threads
    pytest.fail(unfit, pytrace=False)  # outside the except block, or the reason would appear twice


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest, run: impls.Run, model_file: impls.Model, workers: int
) -> Iterator[str | None]:
    """The address of the cluster for this row's model; None if it uses none."""
    if model_file.cluster is None:
        yield None
    elif model_file.cluster == "dask" and request.config.option.dask_scheduler is not None:
        address, threads = request.getfixturevalue("existing_cluster")
        if threads < workers:
            note = f"{short_name(request.node.nodeid)}: the cluster has {counted(threads, 'thread')}"
            request.config.stash[SESSION].notes.append(f"{note} for {workers} workers")
        yield address
    else:
        with clusters.fitting(model_file.cluster, workers, machine.usable_cores()) as own:
            yield own.address


@pytest.fixture
def destination(tmp_path: Path) -> Iterator[Path]:
    """The folder of the row's files; it is emptied before each round."""
    folder = tmp_path / "destination"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Call it for a server of this session by name; ``start`` makes it, and a new one if it died."""
    servers: dict[str, Any] = {}
    with ExitStack() as stack:

        def get(name: str, needs: str, start: Callable[[], Local | Nameserver]) -> Any:
            if name not in servers or not servers[name].alive:
                try:
                    servers[name] = stack.enter_context(start())
                except ServerDied as error:
                    python = request.config.option.server_python
                    pytest.fail(
                        f"{error}; {python} must have {needs} (another interpreter: --server-python)",
                        pytrace=False,
                    )
                request.config.stash[SESSION].facts[name] = dict(servers[name].runs_on)
            return servers[name]

        yield get


@pytest.fixture(scope="session")
def local_capacity(request: pytest.FixtureRequest, flag_site: Path) -> Callable[[str], float]:
    """Call it with a protocol: the most requests per second that the local flag server can answer."""
    option = request.config.option
    where = (option.server_python, option.http_host)

    @cache
    def measured(protocol: str) -> float:
        # Without a delay: with one, the number of connections would limit it.
        with Local(flag_site, 0.0, *where, protocol=protocol) as undelayed:
            return capacity.highest(undelayed)

    return measured


@pytest.fixture
def flag_server(
    request: pytest.FixtureRequest, server: str, model_file: impls.Model, case: str, flag_site: Path,
    tmp_path: Path, running: Callable[..., Any],
) -> Iterator[Server]:  # fmt: skip
    """The flag server of this row, which speaks the protocol of its case."""
    option = request.config.option
    protocol = import_module(f"impls.{model_file.workload}").CASES[case].protocol

    def start() -> Local:
        return Local(
            flag_site, option.http_delay, option.server_python, option.http_host,
            request.getfixturevalue("local_capacity")(protocol),
            protocol=protocol, connect_delay=option.http_connect_delay,
        )  # fmt: skip

    if server == "local":
        name = "local_server" if protocol == "http" else f"local_server_{protocol}"
        yield running(name, LOCAL_NEEDS[protocol], start)
    else:
        with Mock(flag_site, option.http_delay, tmp_path / "ledger") as mock:
            yield mock


@pytest.fixture
def dns_server(request: pytest.FixtureRequest, running: Callable[..., Any]) -> Iterator[Nameserver]:
    """The DNS server of this row; ``socket.getaddrinfo`` asks it for names of its domain."""
    from impls import domains

    option = request.config.option
    start = partial(Nameserver, domains.FOUND, option.dns_delay, option.server_python)
    server: Nameserver = running("dns_server", "dnslib", start)
    with stub.installed(server.address, domains.TLD):
        yield server
