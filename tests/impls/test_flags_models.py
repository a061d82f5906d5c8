"""Every model of flags, with each server that it supports."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
import pytest

import impls
from impls import flags
from impls._process import OwnProcess
from servers import NAMES, Server
from tests.errors import leaves

MODELS = impls.models("flags")
PAIRS = [(model.name, server) for model in MODELS for server in model.servers or NAMES]

CLIENTS = (
    ("httpx", "Client"), ("httpx", "AsyncClient"), ("httpx2", "Client"), ("httpx2", "AsyncClient"),
    ("aiohttp", "ClientSession"), ("requests", "Session"), ("urllib3", "PoolManager"),
    ("niquests", "AsyncSession"),
)  # fmt: skip
"""The HTTP clients of this process; a worker process closes its own when it ends. Those in C and in
Rust close their connections when the model drops them."""

MOST_LOOKS = 400
"""How often to look whether a client has closed its connections."""

ONE_OF_EACH_CLIENT = (
    "threaded", "threaded_new_client", "asyncio_gather", "trio_nursery", "asyncio_httpx2",
    "asyncio_aiohttp", "asyncio_aiohttp_transport", "asyncio_streams", "threaded_requests",
    "threaded_urllib3", "threaded_pyreqwest", "threaded_pyqwest", "threaded_pycurl",
)  # fmt: skip

each_model = pytest.mark.parametrize("name", [model.name for model in MODELS])
each_pair = pytest.mark.parametrize(("name", "server"), PAIRS, indirect=["server"])


@pytest.fixture
def workload() -> str:
    return "flags"


@pytest.fixture(scope="module", autouse=True)
def _frozen_packages() -> Iterator[None]:
    """Leave all packages out of garbage collection, which would look through them after many tests."""
    for model in MODELS:
        if not model.own_process:
            with contextlib.suppress(impls.Unavailable):
                impls.load("flags", model.name)
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@each_pair
def test_it_downloads_every_flag_and_reports_one_that_is_not_found(
    run: impls.Run,
    server: Server,
    cluster: str | None,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    codes = ("FR", "XX", *flags.CASES["pop20"].codes[:5])
    job = flags.Job(codes, server.url, tmp_path, server.initializer, cluster)
    outcomes = run(job, workers=3)
    assert list(outcomes) == list(codes)
    assert outcomes.pop("XX") == flags.Outcome("not found")
    flags.check(replace(job, codes=tuple(outcomes)), outcomes)
    seen = server.seen()
    assert seen.served == len(outcomes)
    assert 1 <= seen.peak <= 3
    assert capfd.readouterr() == ("", "")


@each_model
def test_it_reports_an_error_for_each_flag_if_no_server_listens(
    run: impls.Run, cluster: str | None, tmp_path: Path
) -> None:
    no_server = "http://127.0.0.1:9"
    job = flags.Job(("FR", "DE"), no_server, tmp_path, cluster=cluster)
    assert run(job, workers=2) == dict.fromkeys(job.codes, flags.Outcome("error"))


@each_model
def test_it_downloads_over_tls_and_with_more_workers_than_flags(
    run: impls.Run, undelayed_tls: Server, cluster: str | None, tmp_path: Path
) -> None:
    job = flags.Job(
        ("FR", "DE", "IN"), undelayed_tls.url, tmp_path, None, cluster,
        authority=undelayed_tls.authority,
    )  # fmt: skip
    undelayed_tls.reset()
    flags.check(job, run(job, workers=4))
    assert undelayed_tls.seen().served == len(job.codes)


@pytest.mark.parametrize("name", ONE_OF_EACH_CLIENT)
def test_a_certificate_of_an_unknown_authority_is_an_error_for_each_flag(
    run: impls.Run, undelayed_tls: Server, tmp_path: Path
) -> None:
    flags._tls_context.cache_clear()  # another job may have made this process trust the authority
    job = flags.Job(("FR", "DE"), undelayed_tls.url, tmp_path)
    undelayed_tls.reset()
    outcomes = run(job, workers=2)
    assert outcomes == dict.fromkeys(job.codes, flags.Outcome("error"))
    assert undelayed_tls.seen().served == 0


@each_model
def test_an_unexpected_error_reaches_the_caller_and_leaves_nothing_behind(
    run: impls.Run, undelayed_local: Server, cluster: str | None, tmp_path: Path
) -> None:
    # Saving fails, because there is no such folder.
    job = flags.Job(("FR", "DE", "IN"), undelayed_local.url, tmp_path / "nowhere", cluster=cluster)
    process = run.process.pid if isinstance(run, OwnProcess) else None
    before = _connections(undelayed_local, process)
    with pytest.raises((FileNotFoundError, ExceptionGroup)) as caught:
        run(job, workers=2)
    assert {type(error) for error in leaves(caught.value)} == {FileNotFoundError}
    del caught  # with the frames of the model
    gc.collect()  # tasks never awaited report their errors now, not in a later test
    assert [thread.name for thread in threading.enumerate() if "Executor" in thread.name] == []
    if process is None:  # another process may keep its garbage longer
        _wait_until_closed(undelayed_local, process, before)


@each_model
def test_it_closes_every_client_it_opens(
    run: impls.Run,
    undelayed_local: Server,
    cluster: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []
    for module, name in CLIENTS:
        with contextlib.suppress(ImportError):
            _record_instances(getattr(import_module(module), name), made, monkeypatch)
    job = flags.Job(("FR", "DE", "IN"), undelayed_local.url, tmp_path, cluster=cluster)
    process = run.process.pid if isinstance(run, OwnProcess) else None
    before = _connections(undelayed_local, process)
    run(job, workers=2)
    states = [getattr(client, "closed", getattr(client, "is_closed", True)) for client in made]
    assert all(states)
    _wait_until_closed(undelayed_local, process, before)


def _connections(server: Server, process: int | None) -> set[Any]:
    """The connections of a process to the server; of this process if it is None."""
    found = psutil.Process(process).net_connections("tcp")
    return {each.laddr for each in found if each.raddr and f":{each.raddr.port}" in server.url}


def _wait_until_closed(server: Server, process: int | None, before: set[Any]) -> None:
    """Wait until only the connections ``before`` are left; clients in Rust close theirs late."""
    for _ in range(MOST_LOOKS):
        if not (left := _connections(server, process) - before):
            return
        time.sleep(0.005)
    pytest.fail(f"connections left open: {left}")


def _record_instances(kind: Any, made: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    initialise = kind.__init__

    def recorded(self: Any, *args: Any, **options: Any) -> None:
        initialise(self, *args, **options)
        made.append(self)

    monkeypatch.setattr(kind, "__init__", recorded)
