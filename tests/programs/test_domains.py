"""``python -m programs.domains``: names and whether they exist, as it becomes known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from concurbench.trace.call import Call
from concurbench.trace.unit import Unit
from concurbench.units import counted
from impls import domains
from programs.domains import most_at_once
from servers import BASE_PYTHON
from tests.programs.conftest import Interrupted, Program, Start, Terminal, environ

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
"""What takes the place of the system's resolver: a network is nothing for a test."""


@pytest.fixture(autouse=True)
def _dnslib() -> None:
    pytest.importorskip("dnslib", reason="no package dnslib")


@pytest.fixture
def fake(tmp_path: Path) -> str:
    """What PYTHONPATH is to begin with."""
    folder = tmp_path / "fake"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(FAKE)
    return f"{folder}:{environ()['PYTHONPATH']}"


def signs(output: str, zone: str) -> dict[str, str]:
    """Keyword -> the sign before it."""
    lines = [line for line in output.splitlines() if f".{zone} " in line]
    return {line[2:].partition(".")[0]: line[0] for line in lines if line[1] == " "}


@pytest.mark.parametrize(
    ("model", "unit"),
    [
        ("sequential", "main thread"),
        ("threaded", "thread 1"),
        ("asyncio_getaddrinfo", "thread 1"),
        ("asyncio_aiodns", "main thread, task 1"),
        ("trio_nursery", "thread 1"),
    ],
)
def test_each_name_is_told_with_the_unit_that_waited_for_it(
    program: Program, model: str, unit: str
) -> None:
    if package := {"asyncio_aiodns": "aiodns", "trio_nursery": "trio"}.get(model):
        pytest.importorskip(package, reason=f"no package {package}")
    ended = program(
        "programs.domains",
        "--model",
        model,
        "--longest=2",
        "--delay=0.02",
        "--timeline",
        "--svg=line.svg",
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert signs(ended.stdout, "dev.test") == {
        keyword: "+" if f"{keyword}.dev.test" in domains.FOUND else " " for keyword in SHORTEST
    }
    assert any(line.endswith(unit) for line in ended.stdout.splitlines())
    assert "3 found, 2 not found, 0 failed in" in ended.stdout
    assert "first result after" in ended.stdout
    assert f"\n{unit.removeprefix('main thread, ')} " in ended.stdout  # a row of the time line
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_the_names_are_in_the_zone_that_was_asked_for(program: Program) -> None:
    ended = program("programs.domains", "ORG.", "--longest=2", "--delay=0", "--model=threaded")
    assert set(signs(ended.stdout, "org.test")) == set(SHORTEST)


@pytest.mark.parametrize(
    ("times", "most"),
    [
        ([], 0),
        ([(0, 1), (1, 2), (2, 3)], 1),
        ([(0, 3), (1, 2), (2, 4)], 2),
        ([(0, 3), (1, 3), (2, 3)], 3),
    ],
)
def test_lookups_are_at_once_where_one_begins_before_another_has_ended(
    times: list[tuple[float, float]], most: int
) -> None:
    calls = [Call("lookup", "if.com", Unit("main thread"), begin, end) for begin, end in times]
    assert most_at_once(calls) == most


def test_where_the_default_pool_is_the_bound_it_is_said_how_large_it_is(program: Program) -> None:
    with ThreadPoolExecutor() as pool:
        size = pool._max_workers
    names = len(domains.KEYWORDS)
    if size >= names:
        pytest.skip("the pool is larger than the work")
    arguments = ("--longest=9", f"--workers={names}", "--delay=0.1")
    ended = program("programs.domains", *arguments)
    assert f"the DNS server had {size} queries at once, {names} were allowed" in ended.stdout
    assert f"the loop's default pool, where they waited, has {size} threads here" in ended.stdout
    ended = program("programs.domains", *arguments, "--model=threaded")
    assert "queries at once" in ended.stdout
    assert "pool" not in ended.stdout


@pytest.mark.parametrize("model", ["sequential", "threaded", "asyncio_getaddrinfo", "trio_nursery"])
def test_a_name_that_cannot_be_looked_up_is_told_among_the_others(
    program: Program, fake: str, model: str
) -> None:
    if model == "trio_nursery":
        pytest.importorskip("trio", reason="no package trio")
    ended = program(
        "programs.domains", "--resolver=system", "invalid", "--longest=2", f"--model={model}",
        PYTHONPATH=fake,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (1, "")
    assert signs(ended.stdout, "invalid") == {"as": " ", "if": "!", "in": " ", "is": "+", "or": " "}
    [failed] = [line for line in ended.stdout.splitlines() if line.startswith("!")]
    assert failed.endswith("Temporary failure in name resolution")
    assert "1 found, 3 not found, 1 failed in" in ended.stdout
    assert "at once" in ended.stdout


def test_ctrl_c_tells_what_was_found_and_how_many_were_not(interrupted: Interrupted) -> None:
    ended = interrupted(
        "programs.domains", "--model=sequential", "--longest=2", "--delay=3", when="as.dev.test"
    )
    assert ended.returncode == 130
    told = signs(ended.stdout, "dev.test")
    found = list(told.values()).count("+")
    assert 1 <= len(told) < len(SHORTEST)
    assert f"{found} found, {len(told) - found} not found, 0 failed in" in ended.stdout
    assert f"cut off: {counted(len(SHORTEST) - len(told), 'name')} without a result" in ended.stdout
    assert ended.stderr == ""


def test_a_dns_server_that_goes_away_is_told_in_a_sentence_after_the_names(running: Start) -> None:
    domains = running(
        "programs.domains", "--model=threaded", "--workers=1", "--longest=2", "--delay=1.5"
    )
    domains.read_until("at a time")
    server = domains.child("servers.dns")
    domains.read_until(".dev.test")
    server.kill()
    ended = domains.ended()
    assert (ended.returncode, ended.stderr) == (1, "")
    assert set(signs(ended.stdout, "dev.test")) == set(SHORTEST)
    assert "!" in signs(ended.stdout, "dev.test").values()
    assert "the DNS server went away while it was needed" in ended.stdout


def test_a_dns_server_that_does_not_start_is_told_in_a_sentence(
    program: Program, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'dnslib'\" >&2\nexit 1\n")
    python.chmod(0o755)
    ended = program("programs.domains", **{BASE_PYTHON: str(python)})
    assert ended.returncode == 2
    assert "No module named 'dnslib'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["xyz"], "our DNS server has no zone xyz, only dev, org"),
        (["--resolver=system"], "needs a domain to look in"),
        (["--resolver=system", "a..b"], "a..b is no domain"),
        (["--resolver=system", "com", "--delay=1"], "--delay is our own DNS server's"),
        (["--longest=1"], "1 is not in the range"),
        (["--delay=-1"], "-1.0 is not in the range"),
        (["--model=sequential", "--workers=2"], "sequential has a bound of its own, 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.domains", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.domains", "--longest=2", "--delay=0.05", "--model=threaded", "--timeline")
    screen = terminal.ended()
    assert "+ as.dev.test" in screen
    assert "3 found, 2 not found, 0 failed" in screen
    assert "thread 1  ├" in screen
    assert "exit code 0" in screen
