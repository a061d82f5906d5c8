"""The flag servers: what they answer, what they see, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import psutil
import pytest

from impls import flags
from servers import Server, capacity, files
from servers.local import Local
from servers.mock import Mock, most_at_once
from servers.process import ServerDied

FRANCE = "fr/fr.gif"


def test_both_serve_the_files_and_nothing_else(server: Server) -> None:
    with httpx.Client() as client:
        assert client.get(f"{server.url}/{FRANCE}").content == flags.site()[FRANCE]
        assert client.get(f"{server.url}/fr/metadata.json").json()["capital"] == "Paris"
        for missing in ("xx/xx.gif", "fr", "", "../conftest.py", "%2e%2e/conftest.py", "fr/../../x"):
            assert client.get(f"{server.url}/{missing}").status_code == 404
    assert server.seen().served == 2


async def test_both_answer_asynchronous_clients(server: Server) -> None:
    async with httpx.AsyncClient() as client:
        answers = await asyncio.gather(*(client.get(f"{server.url}/{FRANCE}") for _ in range(5)))
    assert {answer.content for answer in answers} == {flags.site()[FRANCE]}
    assert server.seen().served == 5


def test_a_reset_forgets_what_was_seen(server: Server) -> None:
    httpx.get(f"{server.url}/{FRANCE}")
    server.reset()
    seen = server.seen()
    assert (seen.served, seen.peak) == (0, 0)


@pytest.mark.parametrize(
    ("intervals", "peak"),
    [
        ([], 0),
        ([(0, 1)], 1),
        ([(0, 1), (1, 2), (2, 3)], 1),
        ([(0, 10), (1, 2), (3, 4)], 2),
        ([(5, 9), (0, 6), (4, 7)], 3),
    ],
)
def test_the_peak_is_how_many_overlap(intervals: list[tuple[int, int]], peak: int) -> None:
    assert most_at_once(intervals) == peak


def delayed(site: Path, folder: Path, name: str) -> Mock | Local:
    return Mock(site, 0.05, folder / "ledger") if name == "mock" else Local(site, 0.05)


@pytest.mark.parametrize("name", ["mock", "local"])
def test_the_peak_in_flight_is_seen(flag_site: Path, tmp_path: Path, name: str) -> None:
    with delayed(flag_site, tmp_path, name) as server, httpx.Client() as client:
        server.reset()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(client.get, [f"{server.url}/{FRANCE}"] * 8))
        seen = server.seen()
    assert seen.served == 8
    assert 2 <= seen.peak <= 4


def test_a_reset_in_the_middle_does_not_lose_what_is_in_flight() -> None:
    app = files.FileApp({}, delay=0.0)
    app.in_flight, app.served = 3, 7
    app.reset()
    assert (app.in_flight, app.peak, app.served) == (3, 3, 0)


# -- the mock --


@pytest.mark.parametrize(
    "url", ["http://elsewhere.invalid/", "https://example.org/", "http://127.0.0.1:9/"]
)
async def test_nothing_escapes_the_mock(mock: Mock, url: str) -> None:
    with pytest.raises(AssertionError, match="not mocked"):
        httpx.get(url)
    async with httpx.AsyncClient() as client:
        with pytest.raises(AssertionError, match="not mocked"):
            await client.get(url)
    assert mock.seen().served == 0


def test_a_mock_takes_the_place_of_the_one_before(mock: Mock, tmp_path: Path) -> None:
    (tmp_path / "only").write_bytes(b"here")
    other = Mock(tmp_path, 0.0, tmp_path / "ledger")
    other.install()
    assert httpx.get(f"{other.url}/only").content == b"here"
    assert (other.seen().served, mock.seen().served) == (1, 0)


def test_httpx_is_itself_again_when_the_mock_has_gone(mock: Mock, undelayed_local: Local) -> None:
    mock.uninstall()
    assert httpx.get(f"{undelayed_local.url}/{FRANCE}").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{mock.url}/{FRANCE}")


async def test_a_mocked_wait_holds_up_nobody_else(
    flag_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = asyncio.Event()

    async def until_the_other_is_there(seconds: float) -> None:
        assert seconds == 60.0
        waiting.append(seconds)
        if len(waiting) == 2:
            answered.set()
        await answered.wait()

    waiting: list[float] = []
    monkeypatch.setattr(anyio, "sleep", until_the_other_is_there)
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it blocked the event loop"))
    with Mock(flag_site, 60.0, tmp_path / "ledger") as server:
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(client.get(f"{server.url}/{FRANCE}") for _ in range(2)))
        assert server.seen().peak == 2


def test_a_blocking_client_waits_the_delay(
    flag_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with Mock(flag_site, 60.0, tmp_path / "ledger") as server:
        httpx.get(f"{server.url}/{FRANCE}")
    assert slept == [60.0]


def fetch_in_a_worker(url: str) -> tuple[int, int]:
    return os.getpid(), len(httpx.get(url).content)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_mock_is_there_in_worker_processes_however_they_start(mock: Mock, method: str) -> None:
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, context, mock.initializer) as pool:
        [(process, size)] = pool.map(fetch_in_a_worker, [f"{mock.url}/{FRANCE}"])
    assert process != os.getpid()
    assert size == len(flags.site()[FRANCE])
    assert mock.seen().served == 1


# -- the local server --


def test_the_local_server_tells_its_own_cpu_time(undelayed_local: Local) -> None:
    seen = undelayed_local.seen()
    assert seen.cpu_seconds is not None
    assert seen.cpu_seconds >= 0


def test_the_local_server_listens_on_the_loopback_only(undelayed_local: Local) -> None:
    listening = psutil.Process(undelayed_local.process.pid).net_connections()
    assert [connection.laddr.ip for connection in listening if connection.status == "LISTEN"] == [
        "127.0.0.1"
    ]


def test_small_packets_are_not_held_back() -> None:
    with files.listen(0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP  # what asyncio looks at
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_many_may_connect_at_once_and_stay_for_long() -> None:
    with files.listen(0) as listener, contextlib.ExitStack() as stack:
        for _ in range(300):  # nobody accepts: they wait in the backlog
            client = socket.create_connection(listener.getsockname(), timeout=0.5)
            stack.enter_context(client)
    assert files.configuration(files.FileApp({}, 0.0)).timeout_keep_alive > 3600


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(undelayed_local: Local) -> None:
    assert os.getpgid(undelayed_local.process.pid) != os.getpgid(0)


def test_a_server_that_died_says_how(flag_site: Path) -> None:
    with Local(flag_site, 0.0) as server:
        server.process.kill()
        server.process.wait()
        assert not server.alive
        with pytest.raises(ServerDied, match=r"went away while it was needed \(exit status -9\)"):
            server.seen()


def test_a_server_that_cannot_start_says_what_it_said(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerDied, match=r"before it was ready.*nowhere' does not exist"),
        Local(tmp_path / "nowhere", 0.0),
    ):
        pass


PARENT = """
import os, sys, threading
from pathlib import Path
from servers.local import Local

server = Local(Path(sys.argv[1]), 0.0).__enter__()
print(server.process.pid, flush=True)
threading.Event().wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_the_local_server_dies_with_its_parent_however_that_dies(flag_site: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(flag_site)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    ) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    server.wait(timeout=60)
    assert not server.is_running()


def test_the_application_counts_what_it_serves_and_what_is_in_flight() -> None:
    app = files.FileApp({"a": b"body"}, delay=0.001)
    sent: list[dict[str, object]] = []

    async def ask(path: str) -> None:
        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        async def receive() -> None:
            """Nothing comes."""

        await app({"path": path}, receive, send)

    async def ask_three() -> None:
        await asyncio.gather(ask("/a"), ask("/a"), ask("/missing"))

    asyncio.run(ask_three())
    assert (app.served, app.peak, app.in_flight) == (2, 2, 0)
    assert sorted(message["status"] for message in sent if "status" in message) == [200, 200, 404]  # type: ignore[type-var]


def test_capacity_is_measured_by_whole_answers(
    undelayed_local: Local, mock: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "MOCKED_REQUESTS", 100)
    undelayed_local.reset()
    assert capacity.of_local(undelayed_local, FRANCE, requests=100) > 0
    assert undelayed_local.seen().served == 100
    assert len(capacity.of_mock(f"{mock.url}/{FRANCE}")) == 2
    assert mock.seen().served == 200
