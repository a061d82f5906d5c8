"""``python -m programs.domains``: look up which names exist, and watch a model do it."""

from __future__ import annotations

import contextlib
import functools
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

import click

from concurbench.command import Seconds
from concurbench.report.text import say
from concurbench.trace import recorder
from concurbench.trace.spans import Activity, Call, Span
from concurbench.units import counted
from impls import domains
from programs._program import Options, peak_at, program, started
from servers import stub
from servers.nameserver import Nameserver

DELAY = 0.2
"""Seconds before the project's DNS server answers: long enough to be seen."""

RESOLV_CONF = Path("/etc/resolv.conf")
DNS_PORT = 53
PATCHES = (("aiodns:DNSResolver.query_dns", "host"),)
LOCAL_SERVER = "127.0.0.1"
"""The server that libc asks when that file names none."""

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
"""A part of a domain, between two dots."""


@program("domains", model="asyncio_getaddrinfo", workers=domains.CASES["short18"].workers)
@click.argument("tld", required=False)
@click.option(
    "--resolver", type=click.Choice(["own", "system"]), default="own", show_default=True,
    help="Ask the project's own DNS server, started for this, or the system's resolver.",
)  # fmt: skip
@click.option(
    "--longest", type=click.IntRange(2), default=domains.SHORT, show_default=True, metavar="N",
    help="Only look up keywords of at most N letters.",
)  # fmt: skip
@click.option(
    "--delay", type=Seconds(0, 60), metavar="SECONDS",
    help=f"How long the project's DNS server waits before each answer.  [default: {DELAY:g}]",
)  # fmt: skip
def main(options: Options, tld: str | None, resolver: str, longest: int, delay: float | None) -> None:
    """Look up which of Python's keywords are domains, and print each result as it comes: + exists.

    The names are in TLD, one of the zones of the project's DNS server, dev.test by default. That server
    runs on this machine alone, has every second name, and waits before each answer. With
    --resolver=system TLD is any domain, as in COM, and the names are looked up like those of any other
    program. Without it nothing leaves this machine.

    After each name come the time since the start and the unit of execution that waited for it.

    \b
    Examples:
      python -m programs.domains
      python -m programs.domains org --model asyncio_aiodns --timeline
      python -m programs.domains --model sequential --longest 2 --delay 0.5
      python -m programs.domains --resolver system com.br
    """
    zone = _own_zone(tld) if resolver == "own" else _real_domain(tld, delay)
    names = tuple(f"{keyword}.{zone}" for keyword in domains.KEYWORDS if len(keyword) <= longest)
    if resolver == "system":
        look_up(options, domains.Job(names, system_nameserver(RESOLV_CONF), DNS_PORT), None)
    own = Nameserver(domains.FOUND, DELAY if delay is None else delay)
    with started(own, "dnslib"):
        look_up(options, domains.Job(names, *own.address), own)


def _own_zone(tld: str | None) -> str:
    zone = domains.ZONES[0] if tld is None else tld.lower().strip(".").removesuffix(f".{domains.TLD}")
    if zone not in domains.ZONES:
        known = ", ".join(domains.ZONES)
        raise click.UsageError(
            f"the project's DNS server has no zone {tld}, only {known}: use --resolver=system"
        )
    return f"{zone}.{domains.TLD}"


def _real_domain(tld: str | None, delay: float | None) -> str:
    if tld is None:
        raise click.UsageError("--resolver=system needs a domain to look in, as in COM")
    if delay is not None:
        raise click.UsageError("--delay has no effect on the system's resolver: leave it out")
    domain = tld.lower().strip(".")
    if not all(map(LABEL.fullmatch, domain.split("."))):
        raise click.UsageError(
            f"{tld} is not a domain: use letters, digits and hyphens, with dots between them"
        )
    return domain


def system_nameserver(file: Path) -> str:
    """The DNS server that the system asks first, for models with a resolver of their own."""
    with contextlib.suppress(OSError):
        for line in file.read_text(errors="replace").splitlines():
            if line.startswith("nameserver") and len(words := line.split()) > 1:
                return words[1]
    return LOCAL_SERVER


@contextlib.contextmanager
def traced_lookups() -> Iterator[None]:
    """Record each call of ``socket.getaddrinfo``, where every library looks up names, except those that
    ask whether a host is a number, as trio does first."""
    real = socket.getaddrinfo
    traced = recorder.trace(real, "host")

    def getaddrinfo(
        host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        call = real if host is None or flags & socket.AI_NUMERICHOST else traced
        name = host.decode("ascii") if isinstance(host, bytes) else host
        return call(name, port, family, type, proto, flags)

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = real


SIGNS = {True: "+", False: " ", None: "!"}
"""What a lookup found -> the sign before the name; None is a lookup that failed."""


def look_up(options: Options, job: domains.Job, own: Nameserver | None) -> NoReturn:
    """Run the model, print each result as it comes and a summary, and exit."""
    around: list[Callable[[], AbstractContextManager[Any]]] = [traced_lookups]
    asked = "the system's resolver"
    if own is not None:
        around.insert(0, functools.partial(stub.installed, own.address, domains.TLD))
        asked = f"the project's DNS server, {own.delay:g} s each"
    zone = job.domains[0].partition(".")[2]
    say(f"{counted(len(job.domains), 'name')} in {zone}, from {asked}")
    say(f"{options}")
    width = max(map(len, job.domains))
    found: dict[str, bool | None] = {}
    arrivals: list[float] = []
    with options.run(job, patches=PATCHES, around=tuple(around)) as run:
        for call in run.calls():
            if call.function == "add" and call.end is None:
                name, found[name] = call.item
                arrivals.append(call.begin - run.began_at)
                lookups = [each for each in run.done if each.item == name]
                say(_line(f"{name:{width}}", found[name], arrivals[-1], lookups[-1:]), whole=True)
    results = list(found.values())
    say(
        f"{results.count(True)} found, {results.count(False)} not found, {results.count(None)} failed "
        f"in {run.seconds:.3f} s"
    )
    if arrivals:
        say(f"first result after {arrivals[0]:.3f} s, last after {arrivals[-1]:.3f} s")
    lookups = [call for call in run.done + run.cut if call.function != "add"]
    peak = peak_in_flight(lookups) if own is None else peak_at(own)
    if peak is not None:
        bound = 0 if run.ended_by else min(options.workers, len(job.domains))
        say(in_flight(options.model.name, peak, bound, own))
    if run.ended_by or run.error:
        say(f"cut off: {counted(len(job.domains) - len(found), 'name')} without a result", "yellow")
    spans = [
        Span.of(
            call, call.item.partition(".")[0],
            Activity.FAILS if found.get(call.item, False) is None else Activity.WAITS,
        )
        for call in lookups
    ]  # fmt: skip
    options.finish(run, spans, failed=None in results or peak is None)


def _line(name: str, found: bool | None, seconds: float, lookups: Sequence[Call]) -> str:
    """A result, when it came, and the unit of execution that waited for it, if that is known."""
    text = f"{SIGNS[found]} {name}  {seconds:6.3f} s"
    for call in lookups:
        text += f"  {call.unit!s:16}" + (f"  {call.message or call.error}" if found is None else "")
    return text.rstrip()


def peak_in_flight(calls: Sequence[Call]) -> int:
    """The largest number of calls that overlap."""
    intervals = [(call.begin, call.begin + call.seconds) for call in calls]
    return max((sum(a <= at < b for a, b in intervals) for at, _ in intervals), default=0)


def in_flight(model: str, peak: int, bound: int, own: Nameserver | None) -> str:
    """How many lookups were in flight, and what kept them below the bound, if that is known."""
    what = "lookups in flight" if own is None else "queries in flight at the DNS server"
    text = f"peak {what}: {peak}"
    if peak < bound:
        text += f" of {bound} allowed"
        with ThreadPoolExecutor() as pool:  # asyncio makes its default pool the same way
            size = pool._max_workers
        if peak == size and model.startswith("asyncio"):
            text += f"\nthe event loop's default pool has {counted(size, 'thread')} on this machine"
    return text


if __name__ == "__main__":
    main()
