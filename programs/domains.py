"""``python -m programs.domains``: ask which names exist, and watch a model do it."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

import impls
from concurbench.command import Seconds
from concurbench.errors import ConcurbenchError
from concurbench.report.text import say
from concurbench.trace.call import Call
from concurbench.trace.inside import Performance
from concurbench.trace.lookups import lookups_noted
from concurbench.trace.program import Choice, Show, command
from concurbench.trace.span import Kind, Span
from concurbench.units import counted
from impls import domains
from servers import stub
from servers.nameserver import Nameserver
from servers.process import ServerDied

DELAY = 0.2
"""Seconds before our DNS server answers: long enough to be seen."""

DEFAULT_POOL = "asyncio_"
"""What the names of the threads of asyncio's default pool begin with."""

RESOLV_CONF = Path("/etc/resolv.conf")
DNS_PORT = 53
LOCAL_SERVER = "127.0.0.1"
"""Where libc asks when that file names nobody."""

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
"""A part of a domain, between two dots."""


@command(impls, "domains", model="asyncio_getaddrinfo", workers=domains.CASES["short18"].workers)
@click.argument("tld", required=False)
@click.option(
    "--resolver", type=click.Choice(["own", "system"]), default="own", show_default=True,
    help="Who is asked: our own DNS server, started for it, or the system's resolver.",
)  # fmt: skip
@click.option(
    "--longest", type=click.IntRange(2), default=domains.SHORT, show_default=True, metavar="N",
    help="Only keywords of so many letters at the most.",
)  # fmt: skip
@click.option(
    "--delay", type=Seconds(0, 60), metavar="SECONDS",
    help=f"How long our DNS server waits before each answer.  [default: {DELAY:g}]",
)  # fmt: skip
def main(choice: Choice, tld: str | None, resolver: str, longest: int, delay: float | None) -> None:
    """Look up which of Python's keywords are domains, and tell each result as it arrives: + is found.

    They are asked for in TLD, which is one of our DNS server's zones, dev.test if none is named: it
    runs on this machine alone, has every second name, and waits before each answer. With
    --resolver=system it is any domain, as in COM, and the names are looked up as every program here
    does it: that is the only way in which anything leaves this machine.

    Behind each name stand the time since the start and the unit that waited for it.

    \b
    Examples: python -m programs.domains
              python -m programs.domains org --model asyncio_aiodns --timeline
              python -m programs.domains --model sequential --longest 2 --delay 0.5
              python -m programs.domains --resolver system com.br
    """
    keywords = [keyword for keyword in domains.KEYWORDS if len(keyword) <= longest]
    if resolver == "system":
        if tld is None:
            raise click.UsageError("--resolver=system needs a domain to look in, as in COM")
        if delay is not None:
            raise click.UsageError("--delay is our own DNS server's; the system's takes its time")
        names = tuple(f"{keyword}.{_checked(tld)}" for keyword in keywords)
        job = domains.Job(names, system_nameserver(RESOLV_CONF), DNS_PORT)
        look_up(choice, job, None)
    zone = _zone(tld)
    names = tuple(f"{keyword}.{zone}.{domains.TLD}" for keyword in keywords)
    with contextlib.ExitStack() as stack:
        try:
            own = stack.enter_context(Nameserver(domains.FOUND, DELAY if delay is None else delay))
        except ServerDied as error:
            raise ConcurbenchError(f"{error}; it needs dnslib") from None
        look_up(choice, domains.Job(names, *own.address), own)


def _zone(tld: str | None) -> str:
    """One of our DNS server's: the part before its own domain.

    Raises:
        click.UsageError: it has no such zone.
    """
    if tld is None:
        return domains.ZONES[0]
    zone = tld.lower().strip(".").removesuffix(f".{domains.TLD}")
    if zone not in domains.ZONES:
        known = ", ".join(domains.ZONES)
        raise click.UsageError(
            f"our DNS server has no zone {tld}, only {known}; --resolver=system asks for any"
        )
    return zone


def _checked(tld: str) -> str:
    """A domain as it is asked for.

    Raises:
        click.UsageError: it is none.
    """
    asked = tld.lower().strip(".")
    if not all(LABEL.fullmatch(label) for label in asked.split(".")):
        raise click.UsageError(f"{tld} is no domain: letters, digits and hyphens, dots between them")
    return asked


def system_nameserver(file: Path) -> str:
    """The DNS server that the system asks first, for the models that have a resolver of their own."""
    with contextlib.suppress(OSError):
        for line in file.read_text(errors="replace").splitlines():
            if line.startswith("nameserver") and len(words := line.split()) > 1:
                return words[1]
    return LOCAL_SERVER


@dataclass
class Seen:
    """What became of the names so far, as the calls of a model tell it."""

    found: dict[str, bool | None] = field(default_factory=dict)
    """In the order in which the model had them; None is a lookup that failed."""
    lookups: dict[str, Call] = field(default_factory=dict)
    """The last one of each name that has ended."""
    threads: set[str] = field(default_factory=set)
    """What the threads are called that waited; none where there is a better way."""
    arrivals: list[float] = field(default_factory=list)
    """When the results came, by the clock of the calls."""

    def take(self, call: Call) -> str | None:
        """The name whose result this call is; None where it is none."""
        if call.what != "add":
            if isinstance(call.item, dict):
                self.threads.add(call.item["thread"])
            if call.end is not None:
                self.lookups[name_of(call)] = call
            return None
        if call.end is not None:
            return None
        name, found = call.item
        self.found[name] = found
        self.arrivals.append(call.begin)
        return str(name)

    def span(self, call: Call) -> Span:
        """The time of a lookup."""
        name = name_of(call)
        failed = name in self.found and self.found[name] is None
        return Span.of(call, name.partition(".")[0], Kind.FAILS if failed else Kind.WAITS)


def name_of(call: Call) -> str:
    """Which name a lookup was for."""
    return str(call.item["name"] if isinstance(call.item, dict) else call.item)


def look_up(choice: Choice, job: domains.Job, own: Nameserver | None) -> None:
    """Run the model, tell each result as it comes, say what they amount to, and end."""
    around: list[Callable[[], AbstractContextManager[Any]]] = [lookups_noted]
    if own is not None:
        around.insert(0, functools.partial(stub.installed, own.address, domains.TLD))
    performance = Performance(
        choice.load, job, choice.workers,
        patches=(("aiodns:DNSResolver.query_dns", "host"),), around=tuple(around),
    )  # fmt: skip
    where = job.domains[0].partition(".")[2]
    asked = "the system's resolver" if own is None else f"our DNS server, {own.delay:g} s each"
    say(f"{counted(len(job.domains), 'name')} in {where}, from {asked}")
    say(f"{choice.model}, {choice.workers} at a time")
    width = max(map(len, job.domains))
    seen = Seen()
    with Show(choice, performance) as show:
        for call in show.calls():
            name = seen.take(call)
            if name is not None:
                say(line(seen, name, width, show.began_at), whole=True)
    conclude(show, job, seen, own)


SIGNS = {True: "+", False: " ", None: "!"}


def line(seen: Seen, name: str, width: int, began_at: float) -> str:
    """What became of one name, when, and who waited for it."""
    call, found = seen.lookups.get(name), seen.found[name]
    unit = "" if call is None else f"{call.unit!s:16}"
    why = f"  {call.why or call.error}" if call is not None and found is None else ""
    told = f"{SIGNS[found]} {name:{width}}  {seen.arrivals[-1] - began_at:6.3f} s  {unit}{why}"
    return told.rstrip()


def conclude(show: Show, job: domains.Job, seen: Seen, own: Nameserver | None) -> None:
    """Say what it all amounts to, and end."""
    results = list(seen.found.values())
    failed = results.count(None)
    said = {"found": True, "not found": False, "failed": None}
    counts = ", ".join(f"{results.count(value)} {word}" for word, value in said.items())
    say(f"{counts} in {show.seconds:.3f} s")
    if seen.arrivals:
        first, last = (when - show.began_at for when in (seen.arrivals[0], seen.arrivals[-1]))
        say(f"first result after {first:.3f} s, last after {last:.3f} s")
    lookups = [call for call in (*show.done, *show.cut) if call.what != "add"]
    gone = None
    try:
        peak = most_at_once(lookups) if own is None else own.seen().peak
        allowed = 0 if show.ended_by else min(show.choice.workers, len(job.domains))
        say(in_flight(peak, allowed, seen.threads, own))
    except ServerDied as error:
        gone = str(error)
    if show.ended_by or show.error:
        say(f"cut off: {counted(len(job.domains) - len(results), 'name')} without a result", "yellow")
    if gone:
        say(gone, "red")
    title = f"domains · {show.choice.model} · {show.choice.workers} at a time"
    show.end(map(seen.span, lookups), title, failed=bool(failed or gone))


def most_at_once(calls: Sequence[Call]) -> int:
    """How many of them went on at the same time at most."""
    steps = [(call.begin, 1) for call in calls] + [(call.begin + call.seconds, -1) for call in calls]
    now = most = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


def in_flight(peak: int, allowed: int, threads: set[str], own: Nameserver | None) -> str:
    """How many there were at once, and what kept them from being more, where that is known."""
    if own is None:
        told = f"{counted(peak, 'lookup')} at once"
    else:
        told = f"the DNS server had {'1 query' if peak == 1 else f'{peak} queries'} at once"
    if peak >= allowed:
        return told
    told += f", {allowed} were allowed"
    with ThreadPoolExecutor() as pool:  # made as asyncio makes its own
        size = pool._max_workers
    if peak == size and threads and all(name.startswith(DEFAULT_POOL) for name in threads):
        told += f"\nthe loop's default pool, where they waited, has {counted(size, 'thread')} here"
    return told


if __name__ == "__main__":
    main()
