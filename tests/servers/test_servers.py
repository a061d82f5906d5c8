"""The flag servers: their answers, their counts, and their end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import psutil
import pytest
from click.testing import CliRunner

from impls import flags
from impls.flags import asyncio_http2
from servers import Server, capacity, files
from servers.delay import Delay
from servers.faults import KINDS, WRONG, drawn
from servers.local import Local
from servers.mock import Mock, most_at_once
from servers.process import ServerDied
from servers.profiles import PROFILES, Profile

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


def test_a_reset_clears_the_counts(server: Server) -> None:
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
def test_the_peak_is_the_largest_number_of_overlapping_intervals(
    intervals: list[tuple[int, int]], peak: int
) -> None:
    assert most_at_once(intervals) == peak


def delayed(site: Path, folder: Path, name: str) -> Mock | Local:
    return Mock(site, 0.05, folder / "ledger") if name == "mock" else Local(site, 0.05)


@pytest.mark.parametrize("name", ["mock", "local"])
def test_the_peak_in_flight_is_counted(flag_site: Path, tmp_path: Path, name: str) -> None:
    with delayed(flag_site, tmp_path, name) as server, httpx.Client() as client:
        server.reset()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(client.get, [f"{server.url}/{FRANCE}"] * 8))
        seen = server.seen()
    assert seen.served == 8
    assert 2 <= seen.peak <= 4


def test_a_reset_keeps_the_requests_in_flight() -> None:
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


def test_a_mock_replaces_the_previous_one(mock: Mock, tmp_path: Path) -> None:
    (tmp_path / "only").write_bytes(b"here")
    other = Mock(tmp_path, 0.0, tmp_path / "ledger")
    other.install()
    assert httpx.get(f"{other.url}/only").content == b"here"
    assert (other.seen().served, mock.seen().served) == (1, 0)


def test_httpx_is_restored_when_the_mock_is_uninstalled(mock: Mock, undelayed_local: Local) -> None:
    mock.uninstall()
    assert httpx.get(f"{undelayed_local.url}/{FRANCE}").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{mock.url}/{FRANCE}")


async def test_a_mocked_delay_does_not_block_other_requests(
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
def test_the_mock_works_in_worker_processes_of_every_start_method(mock: Mock, method: str) -> None:
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, context, mock.initializer) as pool:
        [(process, size)] = pool.map(fetch_in_a_worker, [f"{mock.url}/{FRANCE}"])
    assert process != os.getpid()
    assert size == len(flags.site()[FRANCE])
    assert mock.seen().served == 1


# -- the local server --


def test_the_local_server_reports_its_own_cpu_time(undelayed_local: Local) -> None:
    seen = undelayed_local.seen()
    assert seen.cpu_seconds is not None
    assert seen.cpu_seconds >= 0


def test_each_new_connection_is_counted_once_but_not_those_for_the_counts(
    undelayed_local: Local,
) -> None:
    undelayed_local.reset()
    assert undelayed_local.seen().connections == 0
    with httpx.Client() as client:
        for _ in range(3):  # on one connection
            client.get(f"{undelayed_local.url}/{FRANCE}")
        httpx.get(f"{undelayed_local.url}/missing")
        assert undelayed_local.seen().connections == 2
        # The client's connection was opened before this reset.
        undelayed_local.reset()
        client.get(f"{undelayed_local.url}/{FRANCE}")
        assert undelayed_local.seen().connections == 0
        with httpx.Client() as other:
            for _ in range(2):
                assert other.get(f"{undelayed_local.url}/-/seen").json()["connections"] == 0


def test_a_mock_has_no_connections(mock: Mock) -> None:
    httpx.get(f"{mock.url}/{FRANCE}")
    assert mock.seen().connections is None


def test_the_local_server_listens_on_the_loopback_only(undelayed_local: Local) -> None:
    listening = psutil.Process(undelayed_local.process.pid).net_connections()
    assert [connection.laddr.ip for connection in listening if connection.status == "LISTEN"] == [
        "127.0.0.1"
    ]


def test_small_packets_are_sent_without_delay() -> None:
    with files.listen(0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP  # asyncio depends on this
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_many_clients_can_connect_at_once_and_stay_connected() -> None:
    with files.listen(0) as listener, contextlib.ExitStack() as stack:
        for _ in range(300):  # without accept, they wait in the backlog
            client = socket.create_connection(listener.getsockname(), timeout=0.5)
            stack.enter_context(client)
    assert files.configuration(files.FileApp({}, 0.0)).timeout_keep_alive > 3600


def test_a_server_with_tls_has_a_certificate_of_an_authority_of_its_own(
    undelayed_tls: Local, flag_site: Path
) -> None:
    assert undelayed_tls.url.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=undelayed_tls.authority)
    undelayed_tls.reset()
    with httpx.Client(verify=trusting) as client:
        assert client.get(f"{undelayed_tls.url}/{FRANCE}").content == flags.site()[FRANCE]
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{undelayed_tls.url}/{FRANCE}")  # it trusts public authorities only
        seen = undelayed_tls.seen()
        assert (seen.served, seen.connections) == (1, 1)
        with Local(flag_site, 0.0, host="localhost", protocol="https") as other:
            for url in (other.url, f"https://127.0.0.1:{other.port}"):
                with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                    client.get(f"{url}/{FRANCE}")
                other_client = ssl.create_default_context(cafile=other.authority)
                assert httpx.get(f"{url}/{FRANCE}", verify=other_client).status_code == 200
    assert other.authority is not None
    assert not other.authority.exists()


def test_a_client_chooses_http2_or_http1_and_connections_of_both_are_counted(
    flag_site: Path, tmp_path: Path
) -> None:
    codes = ("FR", "DE", "IN")
    with Local(flag_site, 0.0, protocol="h2") as server:
        assert server.tls is not None
        for http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
            server.reset()
            with httpx.Client(verify=server.tls, http2=http2) as client:
                for _ in range(3):  # on one connection
                    answer = client.get(f"{server.url}/{FRANCE}")
                    assert (answer.content, answer.http_version) == (flags.site()[FRANCE], version)
                seen = server.seen()
            assert (seen.served, seen.peak, seen.connections) == (3, 1, 1)
            assert seen.cpu_seconds is not None
            assert seen.cpu_seconds > 0
        server.reset()
        job = flags.Job(codes, server.url, tmp_path, authority=server.authority)
        flags.check(job, asyncio_http2.run(job, workers=3))
        assert server.seen().connections == 1


def test_a_server_of_http2_has_no_faults(flag_site: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        files.main,
        ["--directory", str(flag_site), "--protocol=h2", f"--certificate={tmp_path}",
         "--faults", json.dumps({FRANCE: "404"})],
    )  # fmt: skip
    assert result.exit_code == 2
    assert "--protocol=h2 has no --faults" in result.output


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(undelayed_local: Local) -> None:
    assert os.getpgid(undelayed_local.process.pid) != os.getpgid(0)


def test_a_server_that_died_reports_its_exit_status(flag_site: Path) -> None:
    with Local(flag_site, 0.0) as server:
        server.process.kill()
        server.process.wait()
        assert not server.alive
        with pytest.raises(ServerDied, match=r"went away while it was needed \(exit status -9\)"):
            server.seen()


def test_a_server_that_cannot_start_reports_its_last_output(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerDied, match=r"before it was ready.*nowhere' does not exist"),
        Local(tmp_path / "nowhere", 0.0),
    ):
        pass


PARENT = """
import os, sys, threading
from pathlib import Path
from servers.local import Local
from servers.nameserver import Nameserver

server = {server}.__enter__()
print(server.process.pid, getattr(server, "authority", None), flush=True)
threading.Event().wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
@pytest.mark.parametrize(
    "started",
    ["Local(Path(sys.argv[1]), 0.0, protocol='h2')", "Nameserver(['a.test'], 0.0)"],
)
def test_a_server_ends_when_its_parent_is_killed(flag_site: Path, started: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(server=started), str(flag_site)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as parent:
        assert parent.stdout is not None
        process, authority = parent.stdout.readline().decode().split()
        server = psutil.Process(int(process))
        assert authority == "None" or Path(authority).exists()
        parent.send_signal(signal.SIGKILL)
    server.wait(timeout=60)
    assert not server.is_running()
    assert not Path(authority).exists()


def test_the_application_counts_served_files_and_the_peak_in_flight() -> None:
    app = files.FileApp({"a": b"body"}, delay=0.001)
    sent: list[dict[str, object]] = []

    async def ask(path: str) -> None:
        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        async def receive() -> None:
            """Receive no message."""

        await app({"path": path}, receive, send)

    async def ask_three() -> None:
        await asyncio.gather(ask("/a"), ask("/a"), ask("/missing"))

    asyncio.run(ask_three())
    assert (app.served, app.peak, app.in_flight) == (2, 2, 0)
    assert sorted(message["status"] for message in sent if "status" in message) == [200, 200, 404]  # type: ignore[type-var]


def test_capacity_is_measured_by_complete_answers(
    undelayed_local: Local, mock: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "MOCKED_REQUESTS", 100)
    undelayed_local.reset()
    assert capacity.of_local(undelayed_local, FRANCE, requests=100) > 0
    assert undelayed_local.seen().served == 100
    assert len(capacity.of_mock(f"{mock.url}/{FRANCE}")) == 2
    assert mock.seen().served == 200


# -- delays and faults --


def test_a_delay_is_drawn_from_the_seed_and_the_path_and_lies_in_its_range() -> None:
    delay = Delay(0.5, 5.0)
    drawn = {path: delay.of(path, seed=1) for path in flags.site()}
    assert drawn == {path: delay.of(path, seed=1) for path in sorted(flags.site(), reverse=True)}
    assert drawn != {path: delay.of(path, seed=2) for path in flags.site()}
    assert all(0.5 <= seconds < 5.0 for seconds in drawn.values())
    assert len(set(drawn.values())) == len(drawn)
    assert statistics.mean(drawn.values()) == pytest.approx(2.75, rel=0.1)
    # The same on every machine and interpreter.
    assert delay.of(FRANCE, seed=0) == pytest.approx(1.0156027004729697)


def test_a_delay_without_a_range_is_always_the_same() -> None:
    assert {Delay(0.05, 0.05).of(path, seed=3) for path in flags.site()} == {0.05}


@pytest.mark.parametrize(
    ("text", "delay"),
    [("0", (0, 0)), ("0.05", (0.05, 0.05)), ("0.5:5", (0.5, 5)), ("0:1", (0, 1)), ("2:2", (2, 2))],
)
def test_a_delay_is_seconds_or_a_range_and_can_be_passed_on(
    text: str, delay: tuple[float, float]
) -> None:
    assert Delay.parse(text) == Delay(*delay)
    assert Delay.parse(str(Delay(*delay))) == Delay(*delay)


NO_DELAYS = ["5:0.5", "x", "-1", "-1:1", "", ":", "1:", ":1", "nan", "inf", "0:inf", "1:2:3"]


@pytest.mark.parametrize("text", NO_DELAYS)
def test_an_invalid_delay_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected seconds, such as"):
        Delay.parse(text)


def test_faults_are_drawn_from_the_seed_and_the_path_alone() -> None:
    site = flags.site()
    faults = drawn(site, 0.25, seed=0)
    assert faults == drawn(sorted(site, reverse=True), 0.25, seed=0)
    assert faults != drawn(site, 0.25, seed=1)
    assert faults.items() >= drawn(list(site)[:50], 0.25, seed=0).items()
    assert set(faults.values()) == set(KINDS)
    # A path that fails at one rate fails at every higher rate.
    assert faults.items() >= drawn(site, 0.1, seed=0).items()


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 1.0])
def test_the_share_of_failing_files_is_about_the_error_rate(rate: float) -> None:
    paths = [f"{number}.gif" for number in range(10_000)]
    assert len(drawn(paths, rate, seed=0)) == pytest.approx(rate * len(paths), abs=150)


def test_only_the_requested_kinds_are_drawn_and_the_same_paths_fail() -> None:
    some = drawn(flags.site(), 0.25, seed=0, kinds=("reset", "short"))
    assert set(some.values()) == {"reset", "short"}
    assert some.keys() == drawn(flags.site(), 0.25, seed=0).keys()


def test_the_profiles_have_these_delays_and_faults() -> None:
    assert PROFILES["local"] == Profile(Delay(0.05, 0.05))
    assert PROFILES["delay"] == Profile(Delay(0.5, 5.0))
    assert PROFILES["error"] == Profile(Delay(0.1, 0.5), 0.25, tuple(KINDS))
    assert PROFILES["delay"].faults(flags.site()) == {}
    assert PROFILES["error"].faults(flags.site(), 7) == drawn(flags.site(), 0.25, 7)


@pytest.mark.parametrize("faults", [{"a": "fire"}, {"nowhere": "404"}])
def test_an_impossible_fault_is_refused(tmp_path: Path, faults: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"unknown fault 'fire': choose from 404, |not exist: nowhere"):
        files.FileApp({"a": b"body"}, 0.0, faults=faults)
    (tmp_path / "a").touch()
    with (
        pytest.raises(ServerDied, match=r"--faults.*(unknown fault 'fire'|not exist: nowhere)"),
        Local(tmp_path, 0.0, faults=faults),
    ):
        pass


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """A server with a file for each kind of fault, and a file ``good`` without one."""
    site = tmp_path_factory.mktemp("failing")
    for name in (*KINDS, "good"):
        (site / name).write_bytes(b"x" * 1000)
    with Local(site, 0.0, faults={kind: kind for kind in KINDS}) as server:
        yield server


def received(server: Local, name: str) -> bytes:
    """All bytes until the server ends the connection."""
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(f"GET /{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("status", ["404", "418", "503"])
def test_a_status_is_sent_and_the_connection_stays(failing: Local, status: str) -> None:
    with httpx.Client() as client:
        assert client.get(f"{failing.url}/{status}").status_code == int(status)
        assert client.get(f"{failing.url}/good").content == b"x" * 1000


def test_a_wrong_body_comes_with_a_good_status(failing: Local) -> None:
    answer = httpx.get(f"{failing.url}/wrong")
    assert (answer.status_code, answer.content) == (200, WRONG)
    assert b"html" in WRONG


def test_a_reset_sends_no_answer(failing: Local) -> None:
    with pytest.raises(ConnectionResetError):
        received(failing, "reset")


def test_a_short_answer_announces_more_bytes_than_it_sends(failing: Local) -> None:
    head, _, body = received(failing, "short").partition(b"\r\n\r\n")
    assert b"content-length: 1001" in head
    assert body == b"x" * 500


def test_a_request_that_never_ends_does_not_block_others(failing: Local) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{failing.url}/timeout", timeout=0.05)
    assert httpx.get(f"{failing.url}/good").status_code == 200


def test_a_failed_request_is_not_counted_and_logs_no_error(failing: Local) -> None:
    failing.reset()
    with httpx.Client(timeout=5.0) as client:
        for name in (*KINDS, "good"):
            with contextlib.suppress(httpx.HTTPError):
                client.get(f"{failing.url}/{name}", timeout=0.05 if name == "timeout" else 5.0)
    seen = failing.seen()
    assert (seen.served, seen.peak) == (1, 1)
    failing.errors.seek(0)
    assert failing.errors.read() == b""


class Client:
    """A client of an application: it requests a path, and disconnects when ``left`` is set."""

    def __init__(self, path: str) -> None:
        self.scope = {"path": f"/{path}"}
        self.waits, self.left = asyncio.Event(), asyncio.Event()
        self.statuses: list[int] = []
        self.sent = False

    async def receive(self) -> dict[str, object]:
        if not self.sent:
            self.sent = True
            return {"type": "http.request"}
        self.waits.set()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if "status" in message:
            self.statuses.append(message["status"])


async def test_a_request_that_never_ends_is_in_flight_until_its_client_has_gone() -> None:
    app = files.FileApp({"a": b"", "b": b"body"}, 0.0, faults={"a": "timeout"})
    hanging, other = Client("a"), Client("b")
    task = asyncio.create_task(app(hanging.scope, hanging.receive, hanging.send))
    await hanging.waits.wait()
    await app(other.scope, other.receive, other.send)
    assert (app.in_flight, app.served, app.peak) == (1, 1, 2)
    hanging.left.set()
    await task
    assert (app.in_flight, app.served) == (0, 1)
    assert (hanging.statuses, other.statuses) == ([], [200])


async def test_a_client_that_disconnects_is_no_longer_in_flight_and_not_served() -> None:
    app = files.FileApp({"a": b"body"}, Delay(60.0, 120.0))
    client = Client("a")
    task = asyncio.create_task(app(client.scope, client.receive, client.send))
    client.left.set()
    await task
    assert (app.in_flight, app.served, app.peak, client.statuses) == (0, 0, 1, [])


async def test_a_waiting_client_gets_its_answer_or_its_fault_after_the_delay() -> None:
    app = files.FileApp({"a": b"", "b": b""}, Delay(0.001, 0.002), faults={"b": "503"})
    clients = [Client("a"), Client("b")]
    await asyncio.gather(*(app(each.scope, each.receive, each.send) for each in clients))
    assert [each.statuses for each in clients] == [[200], [503]]
    assert (app.in_flight, app.served, app.peak) == (0, 1, 2)


async def test_a_request_waits_until_its_connection_is_old_enough_and_then_its_own_delay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [10.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])
    app = files.FileApp({"a": b""}, 0.25, connect_delay=1.0)
    client, other = {"client": ("127.0.0.1", 1)}, {"client": ("127.0.0.1", 2)}
    app.opened(client["client"])
    assert app.delay_of("a", client) == 1.25
    now[0] += 0.75
    app.opened(other["client"])
    assert (app.delay_of("a", client), app.delay_of("a", other)) == (0.5, 1.25)
    now[0] += 10.0
    assert (app.delay_of("a", client), app.delay_of("a", other)) == (0.25, 0.25)
    app.closed(client["client"])
    app.opened(client["client"])  # a new connection from the same port
    assert app.delay_of("a", client) == 1.25


def test_a_new_connection_costs_its_delay_but_not_one_that_asks_for_the_counts(flag_site: Path) -> None:
    with Local(flag_site, 0.0, connect_delay=60.0) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{server.url}/{FRANCE}", timeout=0.05)
        assert (server.seen().served, server.seen().peak) == (0, 1)


def test_a_server_with_a_fixed_delay_and_no_faults_uses_the_fast_path() -> None:
    good, bad = files.FileApp({"a": b""}, 0.05), files.FileApp({"a": b""}, 0.05, faults={"a": "404"})
    assert not good.watches
    assert files.configuration(good).http is files.Connection
    assert bad.watches
    assert files.configuration(bad).http is files.FaultyConnection
    assert files.FileApp({"a": b""}, Delay(0.05, 0.06)).watches
