"""``python -m programs.domains``: look up which names exist, and watch a model do it."""

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
from concurbench.trace.process import TraceJob
from concurbench.trace.program import Options, TracedRun, command
from concurbench.trace.spans import Activity, Call, Span
from concurbench.units import counted
from impls import domains
from programs._lookups import traced_lookups
from servers import stub
from servers.nameserver import Nameserver
from servers.process import ServerDied

DELAY = 0.2
"""Seconds before the project's DNS server answers: long enough to be seen."""

DEFAULT_POOL = "asyncio_"
"""What the names of the threads of asyncio's default pool begin with."""

RESOLV_CONF = Path("/etc/resolv.conf")
DNS_PORT = 53
LOCAL_SERVER = "127.0.0.1"
"""The server that libc asks when that file names none."""

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
"""A part of a domain, between two dots."""


@command(impls, "domains", model="asyncio_getaddrinfo", workers=domains.CASES["short18"].workers)
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
    keywords = [keyword for keyword in domains.KEYWORDS if len(keyword) <= longest]
    if resolver == "system":
        if tld is None:
            raise click.UsageError("--resolver=system needs a domain to look in, as in COM")
        if delay is not None:
            raise click.UsageError("--delay has no effect on the system's resolver: leave it out")
        names = tuple(f"{keyword}.{_checked(tld)}" for keyword in keywords)
        job = domains.Job(names, system_nameserver(RESOLV_CONF), DNS_PORT)
        look_up(options, job, None)
    zone = _zone(tld)
    names = tuple(f"{keyword}.{zone}.{domains.TLD}" for keyword in keywords)
    with contextlib.ExitStack() as stack:
        try:
            own = stack.enter_context(Nameserver(domains.FOUND, DELAY if delay is None else delay))
        except ServerDied as error:
            raise ConcurbenchError(f"{error}; it needs dnslib") from None
        look_up(options, domains.Job(names, *own.address), own)


def _zone(tld: str | None) -> str:
    """A zone of the project's DNS server: the part before its own domain.

    Raises:
        click.UsageError: it has no such zone.
    """
    if tld is None:
        return domains.ZONES[0]
    zone = tld.lower().strip(".").removesuffix(f".{domains.TLD}")
    if zone not in domains.ZONES:
        known = ", ".join(domains.ZONES)
        raise click.UsageError(
            f"the project's DNS server has no zone {tld}, only {known}: use --resolver=system"
        )
    return zone


def _checked(tld: str) -> str:
    """A domain in lower case, without a dot at its end.

    Raises:
        click.UsageError: it is not a domain.
    """
    asked = tld.lower().strip(".")
    if not all(LABEL.fullmatch(label) for label in asked.split(".")):
        raise click.UsageError(
            f"{tld} is not a domain: use letters, digits and hyphens, with dots between them"
        )
    return asked


def system_nameserver(file: Path) -> str:
    """The DNS server that the system asks first, for models with a resolver of their own."""
    with contextlib.suppress(OSError):
        for line in file.read_text(errors="replace").splitlines():
            if line.startswith("nameserver") and len(words := line.split()) > 1:
                return words[1]
    return LOCAL_SERVER


@dataclass
class Results:
    """The results of the lookups so far, collected from the model's calls."""

    found: dict[str, bool | None] = field(default_factory=dict)
    """In the order in which the model had them; None is a lookup that failed."""
    lookups: dict[str, Call] = field(default_factory=dict)
    """The last lookup of each name that has ended."""
    threads: set[str] = field(default_factory=set)
    """The names of the threads that waited."""
    arrivals: list[float] = field(default_factory=list)
    """When the results came, by the clock of the calls."""

    def add(self, call: Call) -> str | None:
        """The name whose result this call is; None for any other call."""
        if call.function != "add":
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
        """The span of a lookup."""
        name = name_of(call)
        failed = name in self.found and self.found[name] is None
        return Span.of(call, name.partition(".")[0], Activity.FAILS if failed else Activity.WAITS)


def name_of(call: Call) -> str:
    """The name that a lookup asked for."""
    return str(call.item["name"] if isinstance(call.item, dict) else call.item)


def look_up(options: Options, job: domains.Job, own: Nameserver | None) -> None:
    """Run the model, print each result as it comes, print a summary, and exit."""
    around: list[Callable[[], AbstractContextManager[Any]]] = [traced_lookups]
    if own is not None:
        around.insert(0, functools.partial(stub.installed, own.address, domains.TLD))
    traced = TraceJob(
        options.load, job, options.workers,
        patches=(("aiodns:DNSResolver.query_dns", "host"),), around=tuple(around),
    )  # fmt: skip
    where = job.domains[0].partition(".")[2]
    asked = (
        "the system's resolver" if own is None else f"the project's DNS server, {own.delay:g} s each"
    )
    say(f"{counted(len(job.domains), 'name')} in {where}, from {asked}")
    say(f"{options.model}, {options.workers} at a time")
    width = max(map(len, job.domains))
    results = Results()
    with TracedRun(options, traced) as run:
        for call in run.calls():
            name = results.add(call)
            if name is not None:
                say(line(results, name, width, run.began_at), whole=True)
    conclude(run, job, results, own)


SIGNS = {True: "+", False: " ", None: "!"}


def line(results: Results, name: str, width: int, began_at: float) -> str:
    """The result for a name, when it came, and the unit of execution that waited for it."""
    call, found = results.lookups.get(name), results.found[name]
    unit = "" if call is None else f"{call.unit!s:16}"
    why = f"  {call.message or call.error}" if call is not None and found is None else ""
    when = results.arrivals[-1] - began_at
    return f"{SIGNS[found]} {name:{width}}  {when:6.3f} s  {unit}{why}".rstrip()


def conclude(run: TracedRun, job: domains.Job, results: Results, own: Nameserver | None) -> None:
    """Print counts, times and how many lookups were in flight, and exit."""
    found = list(results.found.values())
    failed = found.count(None)
    words = {"found": True, "not found": False, "failed": None}
    counts = ", ".join(f"{found.count(value)} {word}" for word, value in words.items())
    say(f"{counts} in {run.seconds:.3f} s")
    if results.arrivals:
        first, last = (when - run.began_at for when in (results.arrivals[0], results.arrivals[-1]))
        say(f"first result after {first:.3f} s, last after {last:.3f} s")
    lookups = [call for call in (*run.done, *run.cut) if call.function != "add"]
    gone = None
    try:
        peak = peak_in_flight(lookups) if own is None else own.seen().peak
        bound = 0 if run.ended_by else min(run.options.workers, len(job.domains))
        say(in_flight(peak, bound, results.threads, own))
    except ServerDied as error:
        gone = str(error)
    if run.ended_by or run.error:
        say(f"cut off: {counted(len(job.domains) - len(found), 'name')} without a result", "yellow")
    if gone:
        say(gone, "red")
    title = f"domains · {run.options.model} · {run.options.workers} at a time"
    run.finish(map(results.span, lookups), title, failed=bool(failed or gone))


def peak_in_flight(calls: Sequence[Call]) -> int:
    """The largest number of calls that overlap."""
    steps = [(call.begin, 1) for call in calls] + [(call.begin + call.seconds, -1) for call in calls]
    now = peak = 0
    for _, step in sorted(steps):
        now += step
        peak = max(peak, now)
    return peak


def in_flight(peak: int, bound: int, threads: set[str], own: Nameserver | None) -> str:
    """How many lookups were in flight, and what kept them below the bound, if that is known."""
    if own is None:
        text = f"peak lookups in flight: {peak}"
    else:
        text = f"peak queries in flight at the DNS server: {peak}"
    if peak >= bound:
        return text
    text += f" of {bound} allowed"
    with ThreadPoolExecutor() as pool:  # asyncio makes its default pool the same way
        size = pool._max_workers
    if peak == size and threads and all(name.startswith(DEFAULT_POOL) for name in threads):
        text += f"\nthe event loop's default pool has {counted(size, 'thread')} on this machine"
    return text


if __name__ == "__main__":
    main()
