"""``python -m programs.domains``: names and whether they exist."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from concurbench.trace.spans import Call, ExecutionUnit
from impls import domains
from programs.domains import in_flight, peak_in_flight, system_nameserver
from servers.process import ServerDied
from tests.conftest import ROOT
from tests.programs.conftest import Run, Start

SHORTEST = ("as", "if", "in", "is", "or")
"""The keywords of two letters."""

FAKE = """
import socket

def getaddrinfo(host, port, *rest, **more):
    host = host.decode() if isinstance(host, bytes) else host
    if rest and rest[-1] & socket.AI_NUMERICHOST:
        raise socket.gaierror(socket.EAI_NONAME, "trio asks whether it is a number")
    if host == "if.invalid":
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    if host == "is.invalid":
        return []
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

socket.getaddrinfo = getaddrinfo
"""
"""Replaces the system's resolver: a test uses no network."""


@pytest.fixture(autouse=True)
def _dnslib() -> None:
    pytest.importorskip("dnslib", reason="no package dnslib")


def signs(output: str, zone: str) -> dict[str, str]:
    """Keyword -> the sign before it."""
    lines = [line for line in output.splitlines() if f".{zone} " in line]
    return {line[2:].partition(".")[0]: line[0] for line in lines if line[1] == " "}


@pytest.mark.parametrize(
    ("model", "unit"), [("asyncio_getaddrinfo", "thread 1"), ("asyncio_aiodns", "main thread, task 1")]
)
def test_each_name_is_printed_with_the_unit_that_waited_for_it(run: Run, model: str, unit: str) -> None:
    if model == "asyncio_aiodns":
        pytest.importorskip("aiodns", reason="no package aiodns")
    result = run("domains", "ORG.", f"--model={model}", "--longest=2", "--delay=0.02", "--timeline")
    assert (result.exit_code, result.stderr) == (0, "")
    assert signs(result.stdout, "org.test") == {
        keyword: "+" if f"{keyword}.org.test" in domains.FOUND else " " for keyword in SHORTEST
    }
    assert any(line.endswith(unit) for line in result.stdout.splitlines())
    assert re.search(r"[23] found, [23] not found, 0 failed in", result.stdout)
    assert "first result after" in result.stdout
    assert f"\n{unit.removeprefix('main thread, ')} " in result.stdout  # a line of the timeline


@pytest.mark.parametrize("model", ["asyncio_getaddrinfo", "trio_nursery"])
def test_a_failed_lookup_does_not_affect_the_others(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    if model == "trio_nursery":
        pytest.importorskip("trio", reason="no package trio")
    (tmp_path / "sitecustomize.py").write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    arguments = ["--resolver=system", "invalid", "--longest=2", f"--model={model}"]
    result = run("domains", *arguments)
    assert (result.exit_code, result.stderr) == (1, "")
    assert signs(result.stdout, "invalid") == {"as": " ", "if": "!", "in": " ", "is": "+", "or": " "}
    [failed] = [line for line in result.stdout.splitlines() if line.startswith("!")]
    assert failed.endswith("Temporary failure in name resolution")
    assert "1 found, 3 not found, 1 failed in" in result.stdout
    assert "peak lookups in flight: " in result.stdout


@pytest.mark.parametrize(
    ("times", "peak"),
    [
        ([], 0),
        ([(0, 1), (1, 2), (2, 3)], 1),
        ([(0, 3), (1, 2), (2, 4)], 2),
        ([(0, 3), (1, 3), (2, 3)], 3),
    ],
)
def test_the_peak_is_the_largest_number_of_overlapping_calls(
    times: list[tuple[float, float]], peak: int
) -> None:
    unit = ExecutionUnit("main thread")
    assert peak_in_flight([Call("look_up", "if.com", unit, *time) for time in times]) == peak


def test_the_size_of_the_default_pool_is_named_when_it_is_the_bound() -> None:
    with ThreadPoolExecutor() as pool:
        size = pool._max_workers
    bound = size + 1
    reached = f"peak lookups in flight: {size}"
    assert in_flight("asyncio_getaddrinfo", size, size, None) == reached
    assert in_flight("threaded", size, bound, None) == f"{reached} of {bound} allowed"
    assert in_flight("asyncio_getaddrinfo", size, bound, None) == (
        f"{reached} of {bound} allowed\n"
        f"the event loop's default pool has {size} threads on this machine"
    )


@pytest.mark.parametrize(
    ("text", "server"),
    [("search x\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n", "192.0.2.1"), ("", "127.0.0.1")],
)
def test_the_first_server_of_resolv_conf_is_asked(tmp_path: Path, text: str, server: str) -> None:
    (tmp_path / "resolv.conf").write_text(text)
    assert system_nameserver(tmp_path / "resolv.conf") == server


def test_a_dns_server_that_dies_is_reported_after_the_names(running: Start) -> None:
    arguments = ["--model=threaded", "--workers=1", "--longest=2", "--delay=1.5"]
    program = running("programs.domains", *arguments)
    program.read_until("at a time")
    server = program.child("servers.dns")
    program.read_until(".dev.test")
    server.kill()
    ended = program.ended()
    assert (ended.returncode, ended.stderr) == (1, "")
    assert set(signs(ended.stdout, "dev.test")) == set(SHORTEST)
    assert "!" in signs(ended.stdout, "dev.test").values()
    assert "the DNS server went away while it was needed" in ended.stdout


def test_a_dns_server_that_does_not_start_is_reported_in_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ServerDied("No module named 'dnslib'")

    monkeypatch.setattr("programs.domains.Nameserver.__enter__", fail)
    assert run("domains").stderr == "Error: No module named 'dnslib'; it needs dnslib\n"
