"""Lookups of names: the DNS server, the blocking resolver, the workload, and each of its models."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

import impls
from impls import domains
from impls.domains import Arrivals, Job, Result
from servers import LOOPBACK, stub
from servers.nameserver import Nameserver
from servers.process import ServerDied
from tests.conftest import Suite
from tests.measure.test_session import said

MODELS = [model.name for model in impls.models("domains")]
ONE_AT_A_TIME = ("sequential", "asyncio_comprehension")
IN_ORDER = ("asyncio_comprehension", "asyncio_gather")
"""The models whose results are in the order of the names."""
ALL_AT_ONCE = (*IN_ORDER, "asyncio_dict_comprehension")
"""The models that return all results together."""
BLOCKING = [name for name in MODELS if name != "asyncio_aiodns"]
"""The models that call ``socket.getaddrinfo``, directly or through their library."""

DELAY = 0.01
TIMEOUT = 10.0
"""Seconds until a test fails instead of waiting longer."""

FOUND, ABSENT = "false.dev.test", "none.dev.test"
NO_SERVER = (LOOPBACK, 9)

Lookup = Callable[[str], None]

each_model = pytest.mark.parametrize("name", MODELS)
each_blocking_model = pytest.mark.parametrize("name", BLOCKING)


@pytest.fixture(scope="module")
def running() -> Iterator[Nameserver]:
    pytest.importorskip("dnslib", reason="no package dnslib")
    with Nameserver(domains.FOUND, DELAY) as server:
        yield server


@pytest.fixture
def server(running: Nameserver) -> Iterator[Nameserver]:
    """A DNS server that ``socket.getaddrinfo`` asks."""
    running.reset()
    with stub.installed(running.address, domains.TLD):
        yield running


@pytest.fixture
def libc(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Replaces libc's resolver, and returns the arguments of its calls."""
    asked: list[tuple[Any, ...]] = []

    def getaddrinfo(*args: Any) -> list[Any]:
        asked.append(args)
        return ["answer"]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.fixture
def workload() -> str:
    return "domains"


@pytest.fixture
def nothing_kept(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries end their idle threads at once, and have started their permanent threads already."""
    if "trio" in name:
        cache = pytest.importorskip("trio._core._thread_cache", reason="no package trio")
        monkeypatch.setattr(cache, "IDLE_TIMEOUT", 0.01)
    if "aiodns" in name:
        pytest.importorskip("pycares", reason="no package pycares").Channel().close()


@pytest.fixture
def nothing_left(nothing_kept: None, nothing_left: None) -> None:
    """Check that no thread or process is left, other than permanent threads of a library."""


def replace_lookups(monkeypatch: pytest.MonkeyPatch, lookup: Lookup) -> None:
    """Make ``socket.getaddrinfo`` call ``lookup``, and find every name."""

    def getaddrinfo(host: Any, port: Any, *rest: int, **options: int) -> list[Any]:
        if sum(rest[-1:]) & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "trio asks whether it is a number")
        lookup(host.decode() if isinstance(host, bytes) else host)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


class Meeting:
    """A lookup that ends when ``size`` lookups have begun; it records the peak in flight."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size)
        self.lock = threading.Lock()
        self.inside = self.peak = 0

    def __call__(self, domain: str) -> None:
        with self.lock:
            self.inside += 1
            self.peak = max(self.peak, self.inside)
        self.barrier.wait(TIMEOUT)
        with self.lock:
            self.inside -= 1
        self.barrier.wait(TIMEOUT)  # no lookup begins again before all have left


def arrived(*results: Result, seconds: list[float] | None = None) -> Arrivals:
    arrivals = Arrivals()
    for result in results:
        arrivals.add(result)
    if seconds is not None:
        arrivals.seconds = seconds
    return arrivals


# -- the models --


@each_model
def test_it_reports_which_names_exist(
    run: impls.Run, server: Nameserver, capfd: pytest.CaptureFixture[str], nothing_left: None
) -> None:
    job = Job(domains.CASES["short18"].domains, *server.address)
    domains.check(job, run(job, workers=3))
    seen = server.seen()
    assert seen.served == len(job.domains)
    assert 1 <= seen.peak <= 3
    assert capfd.readouterr() == ("", "")


@each_model
def test_more_workers_than_names_work(run: impls.Run, server: Nameserver) -> None:
    job = Job((FOUND, ABSENT), *server.address)
    domains.check(job, run(job, workers=10))


@each_blocking_model
def test_it_reaches_its_bound_in_flight_and_never_exceeds_it(
    run: impls.Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = 1 if name in ONE_AT_A_TIME else 3
    meeting = Meeting(workers)
    replace_lookups(monkeypatch, meeting)
    run(Job(domains.DOMAINS[:9], *NO_SERVER), workers=workers)
    assert meeting.peak == workers


@pytest.mark.parametrize(
    ("name", "at_once"), [("asyncio_getaddrinfo", 5), ("asyncio_getaddrinfo_pool", 20)]
)
def test_the_default_pool_of_asyncio_limits_lookups_and_a_larger_pool_does_not(
    run: impls.Run, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cores in ("cpu_count", "process_cpu_count"):  # the latter since Python 3.13
        monkeypatch.setattr(os, cores, lambda: 1, raising=False)
    meeting = Meeting(at_once)
    replace_lookups(monkeypatch, meeting)
    run(Job(domains.DOMAINS[:20], *NO_SERVER), workers=20)
    assert meeting.peak == at_once


@pytest.mark.parametrize("name", [name for name in BLOCKING if name not in ONE_AT_A_TIME + ALL_AT_ONCE])
def test_a_result_is_available_while_another_lookup_is_pending(
    run: impls.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = threading.Event()
    add = Arrivals.add

    def noted(self: Arrivals, result: Result) -> None:
        add(self, result)
        added.set()

    def lookup(domain: str) -> None:
        assert domain != "slow.test" or added.wait(TIMEOUT)

    monkeypatch.setattr(Arrivals, "add", noted)
    replace_lookups(monkeypatch, lookup)
    arrivals = run(Job(("slow.test", "fast.test"), *NO_SERVER), workers=2)
    assert [result.domain for result in arrivals.results] == ["fast.test", "slow.test"]


@pytest.mark.parametrize("name", ALL_AT_ONCE)
def test_all_lookups_end_before_the_first_result_is_available(
    run: impls.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, known = domains.DOMAINS[:9], list[str]()
    add = Arrivals.add

    def noted(self: Arrivals, result: Result) -> None:
        assert len(known) == len(names)
        add(self, result)

    monkeypatch.setattr(Arrivals, "add", noted)
    replace_lookups(monkeypatch, known.append)
    assert len(run(Job(names, *NO_SERVER), workers=2).results) == len(names)


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_list_returns_results_in_the_order_of_the_names(run: impls.Run, server: Nameserver) -> None:
    names = domains.DOMAINS[:6]
    arrivals = run(Job(names, *server.address), workers=3)
    assert tuple(result.domain for result in arrivals.results) == names


@each_model
def test_without_a_server_lookups_fail_and_no_name_counts_as_absent(
    run: impls.Run, nothing_left: None
) -> None:
    job = Job((FOUND, ABSENT), *NO_SERVER)
    with stub.installed(NO_SERVER, domains.TLD):
        arrivals = run(job, workers=2)
    assert sorted(arrivals.results) == [Result(FOUND, None), Result(ABSENT, None)]
    with pytest.raises(AssertionError, match="got failed"):
        domains.check(job, arrivals)


@each_blocking_model
def test_a_failing_lookup_does_not_affect_other_results(
    run: impls.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lookup(domain: str) -> None:
        if domain == "bad.test":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    replace_lookups(monkeypatch, lookup)
    arrivals = run(Job(("one.test", "bad.test", "other.test"), *NO_SERVER), workers=2)
    assert sorted(arrivals.results) == [
        Result("bad.test", None),
        Result("one.test", True),
        Result("other.test", True),
    ]


@pytest.mark.parametrize(
    ("cheat", "delay", "complaint"),
    [
        ("sequential.run(job, workers=1)", 0, "the server served 36 requests, expected 18"),
        pytest.param(
            "workers *= 2",
            1,
            "the server had 8 requests in flight, the bound is 4",
            # With a delay of a second all queries are in flight at once, even on a busy machine.
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_model_that_sends_too_many_queries_fails(
    checkout: Suite, cheat: str, delay: int, complaint: str
) -> None:
    pytest.importorskip("dnslib", reason="no package dnslib")
    checkout.add_workload("domains")
    checkout.write(
        "impls/domains/cheating.py",
        f'''
        """Cheats."""
        from impls.domains import sequential, threaded

        def run(job, *, workers):
            {cheat}
            return threaded.run(job, workers=workers)
        ''',
    )
    arguments = ("--models=cheating", "--cases=smallest", "--workers=4", "--benchmark-disable")
    assert complaint in said(checkout.run(*arguments, f"--dns-delay={delay}"))


# -- the workload --


def test_half_of_the_names_exist_in_every_case() -> None:
    assert len(set(domains.DOMAINS)) == 210
    for case in domains.CASES.values():
        assert sum(name in domains.FOUND for name in case.domains) * 2 == pytest.approx(
            case.items, abs=2
        )
    short = domains.CASES["short18"].domains
    assert len(short) == 18
    assert all(name.index(".") <= 4 and name.endswith(".dev.test") for name in short)


RIGHT = (Result(FOUND, True), Result(ABSENT, False))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (arrived(RIGHT[0]), f"no result for {ABSENT}"),
        (arrived(*RIGHT, RIGHT[0]), f"{FOUND}: unexpected or repeated result"),
        (arrived(*RIGHT, Result("x.test", True)), "x.test: unexpected or repeated result"),
        (arrived(RIGHT[0], Result(ABSENT, True)), f"{ABSENT}: expected not found, got found"),
        (arrived(Result(FOUND, False), RIGHT[1]), f"{FOUND}: expected found, got not found"),
        (arrived(RIGHT[0], Result(ABSENT, None)), f"{ABSENT}: expected not found, got failed"),
        (arrived(*RIGHT, seconds=[0.1]), "not every result has a time"),
        (arrived(*RIGHT, seconds=[0.2, 0.1]), "not in order of time"),
        ([*RIGHT], "expected Arrivals, got list"),
    ],
)
def test_wrong_results_are_rejected(wrong: object, complaint: str) -> None:
    job = Job((FOUND, ABSENT), *NO_SERVER)
    domains.check(job, arrived(*RIGHT))
    domains.check(job, arrived(*RIGHT[::-1]))
    with pytest.raises(AssertionError, match=complaint):
        domains.check(job, wrong)


def test_the_metrics_are_last_result_first_result_and_peak_in_flight() -> None:
    job = Job((FOUND, ABSENT), *NO_SERVER, lambda: 7)
    measured = domains.metrics(job, arrived(*RIGHT, seconds=[0.25, 0.5]), 0.75)
    assert measured == {"last_result": 0.5, "first_result": 0.25, "in_flight": 7}
    assert list(measured) == list(domains.METRICS)


def test_the_limit_is_a_delay_for_each_wave() -> None:
    assert domains.waiting(18, 18, delay=0.05) == pytest.approx(0.05)
    assert domains.waiting(210, 100, delay=0.05) == pytest.approx(0.15)
    assert domains.waiting(18, 1, delay=0.05) == pytest.approx(0.9)


def test_only_a_name_that_does_not_exist_is_absent() -> None:
    missing = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert domains.absent(ABSENT, missing) == Result(ABSENT, False)
    for number in (socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_MEMORY):
        assert domains.absent(ABSENT, socket.gaierror(number, "no answer")) == Result(ABSENT, None)


# -- the blocking resolver --


def test_below_its_domain_the_resolver_asks_the_server_and_answers_like_libc(
    server: Nameserver,
) -> None:
    for host in (FOUND, FOUND.encode()):
        answer = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)
        assert [(family, address) for family, *_, address in answer] == [
            (socket.AF_INET, ("192.0.2.1", 80))
        ]
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo(ABSENT, None)
    assert caught.value.errno == socket.EAI_NONAME
    assert server.seen().served == 3


def test_names_outside_its_domain_go_to_libc(libc: list[tuple[Any, ...]], running: Nameserver) -> None:
    running.reset()
    original = socket.getaddrinfo
    with stub.installed(running.address, domains.TLD):
        for host in ("example.org", "test", "nearlytest", None, "127.0.0.1", b"example.org"):
            answers: list[Any] = [*socket.getaddrinfo(host, 80)]
            assert answers == ["answer"]
        socket.getaddrinfo(FOUND, 80, flags=socket.AI_NUMERICHOST)
    assert socket.getaddrinfo is original
    assert [host for host, *_ in libc] == [
        "example.org", "test", "nearlytest", None, "127.0.0.1", b"example.org", FOUND,
    ]  # fmt: skip
    assert running.seen().served == 0


class ScriptedServer:
    """A DNS server that answers its queries with these functions, in order."""

    def __init__(self, *answers: Callable[[bytes], list[bytes]]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(TIMEOUT)
        self.socket.bind((LOOPBACK, 0))
        self.address: tuple[str, int] = self.socket.getsockname()
        self.answers = answers

    def __enter__(self) -> ScriptedServer:
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join()
        self.socket.close()

    def serve(self) -> None:
        for answer in self.answers:
            query, peer = self.socket.recvfrom(512)
            for datagram in answer(query):
                self.socket.sendto(datagram, peer)


def nothing(query: bytes) -> list[bytes]:
    return []


def code(number: int) -> Callable[[bytes], list[bytes]]:
    return lambda query: [query[:2] + struct.pack("!H", 0x8180 | number) + query[4:]]


def test_a_lost_query_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stub, "TIMEOUT", 0.5)  # ample for the second query's answer
    with ScriptedServer(nothing, code(3)) as server, pytest.raises(socket.gaierror) as caught:
        stub.lookup(server.address, FOUND)
    assert caught.value.errno == socket.EAI_NONAME


def test_the_answer_to_another_query_is_ignored() -> None:
    def first_another(query: bytes) -> list[bytes]:
        other = struct.pack("!H", struct.unpack("!H", query[:2])[0] ^ 1)
        return [other + code(0)(query)[0][2:], *code(3)(query)]

    with ScriptedServer(first_another) as server, pytest.raises(socket.gaierror) as caught:
        stub.lookup(server.address, FOUND)
    assert caught.value.errno == socket.EAI_NONAME


@pytest.mark.parametrize(("number", "error"), [(0, "EAI_NODATA"), (2, "EAI_FAIL"), (5, "EAI_FAIL")])
def test_a_server_failure_is_not_a_nonexistent_name(number: int, error: str) -> None:
    with ScriptedServer(code(number)) as server, pytest.raises(socket.gaierror) as caught:
        stub.lookup(server.address, FOUND)
    assert caught.value.errno == getattr(socket, error)


def test_no_answer_is_a_temporary_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stub, "TIMEOUT", 0.02)
    with ScriptedServer(*[nothing] * stub.TRIES) as server, pytest.raises(socket.gaierror) as caught:
        stub.lookup(server.address, FOUND)
    assert caught.value.errno == socket.EAI_AGAIN


# -- the DNS server --


def test_names_are_case_insensitive_and_have_no_ipv6_address(
    running: Nameserver,
) -> None:
    aaaa = 28
    assert stub.lookup(running.address, FOUND.upper()) == socket.inet_aton("192.0.2.1")
    with pytest.raises(socket.gaierror) as caught:
        stub.lookup(running.address, FOUND, aaaa)
    assert caught.value.errno == socket.EAI_NODATA


def test_the_dns_server_counts_answers_and_the_peak_of_waiting_queries(running: Nameserver) -> None:
    running.reset()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: stub.lookup(running.address, FOUND), range(8)))
    seen = running.seen()
    assert seen.served == 8
    assert 2 <= seen.peak <= 4
    assert seen.cpu_seconds is not None
    running.reset()
    assert (running.seen().served, running.seen().peak) == (0, 0)


def test_the_dns_server_listens_on_the_loopback_only(running: Nameserver) -> None:
    [connection] = psutil.Process(running.process.pid).net_connections("inet")
    assert connection.laddr == running.address
    assert running.address[0] == LOOPBACK


def test_a_dns_server_that_died_reports_its_exit_status() -> None:
    pytest.importorskip("dnslib", reason="no package dnslib")
    with Nameserver((), 0.0) as server:
        server.process.kill()
        server.process.wait()
        with pytest.raises(ServerDied, match=r"DNS server went away while it was needed \(exit st"):
            server.seen()


class Sent:
    """Replaces a transport."""

    def __init__(self) -> None:
        self.to: list[Any] = []

    def sendto(self, data: bytes, peer: Any) -> None:
        self.to.append(peer)


def query(number: int) -> bytes:
    """A query for the address of a.test."""
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + b"\x01a\x04test\0\0\x01\0\x01"


async def test_a_repeated_query_counts_as_the_waiting_one() -> None:
    dns = pytest.importorskip("servers.dns", reason="no package dnslib")
    server, sent = dns.NameServer(["a.test"], delay=0.001), Sent()
    server.connection_made(sent)
    raised: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
    one, other = (LOOPBACK, 1), (LOOPBACK, 2)
    for peer, number in ((one, 7), (one, 7), (one, 8), (other, 7)):
        server.datagram_received(query(number), peer)
    assert (len(server.waiting), server.peak, server.served, sent.to) == (3, 3, 0, [])
    server.reset()
    assert (server.served, server.peak) == (0, 3)  # waiting queries still count
    while server.waiting:
        await asyncio.sleep(0.001)
    assert (sorted(sent.to), raised) == ([one, one, other], [])
    assert (server.served, server.peak) == (3, 3)


@pytest.mark.parametrize("noise", [b"", b"x", b"\0" * 12, query(1)[:-3], b"\xff" * 40])
async def test_a_malformed_query_is_not_answered(noise: bytes) -> None:
    dns = pytest.importorskip("servers.dns", reason="no package dnslib")
    server, sent = dns.NameServer(["a.test"], delay=0.0), Sent()
    server.connection_made(sent)
    server.datagram_received(noise, (LOOPBACK, 1))
    assert (sent.to, server.waiting) == ([], set())
