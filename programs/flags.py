"""``python -m programs.flags``: download flags, and watch a model do it."""

from __future__ import annotations

import contextlib
import os
import string
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

import impls
from concurbench import machine
from concurbench.command import Seconds
from concurbench.errors import ConcurbenchError
from concurbench.report.text import say
from concurbench.runner.workspace import Workspace
from concurbench.trace.call import Call
from concurbench.trace.inside import Performance, everything
from concurbench.trace.program import Choice, Show, command
from concurbench.trace.span import Kind, Span
from concurbench.trace.unit import Unit
from concurbench.units import counted
from impls import flags
from servers.cluster import given
from servers.flags import PROFILES
from servers.local import Local, lay_out
from servers.process import ServerDied

PATIENCE = 6.0
"""Seconds before a request is given up: longer than any profile's server takes that answers at all."""

BAR = 16
"""Columns of the progress bar."""

DIRECT = {"NO_PROXY": "*", "no_proxy": "*"}
"""No proxy comes between a model and our own server."""

HELP = """Download flags, {what}, and tell what became of each.

CC is a country's code, as in FR, or the first letter of several; without any it is the twenty most
populous countries. Each flag is downloaded, not found, or failed, with a reason; whatever happens to
one, all others are there in the end.

They come from a server of this project, started for it, that waits {delay:g} s before each answer.
--server=delay takes its time, another one for each file, and --server=error fails at a quarter of its
files, in seven ways. An address is for another server, as python -m servers.flags starts one.

Ctrl-C ends it at once; what is complete stays.

\b
Examples: python -m programs.{name}
          python -m programs.{name} --all --max-req 50 --timeline
          python -m programs.{name} B FR --model sequential --verbose
          python -m programs.{name} --every --server error --limit 100
          python -m programs.{name} --server http://127.0.0.1:8001
"""


def program(
    name: str, workload: ModuleType, *, model: str, what: str, apart: bool = False
) -> click.Command:
    """The program of a workload that downloads flags; see ``landing`` for ``apart``."""

    @command(impls, name, model=model, workers=20, bound="--max-req")
    @click.argument("cc", nargs=-1)
    @click.option("--all", "-a", "all_there_are", is_flag=True, help="All flags there are.")
    @click.option("--every", "-e", is_flag=True, help="Every code, from AA to ZZ.")
    @click.option("--limit", "-l", type=click.IntRange(1), metavar="N", help="So many at the most.")
    @click.option(
        "--server",
        "-s",
        default="local",
        show_default=True,
        metavar=f"{'|'.join(PROFILES)}|URL",
        callback=_server,
        help="Where they come from.",
    )
    @click.option("--seed", type=int, default=0, help="What of a server is drawn by lot: the same.")
    @click.option(
        "--timeout",
        type=Seconds(0, min_open=True),
        default=PATIENCE,
        show_default=True,
        metavar="SECONDS",
        help="A request is given up after so long without a byte.",
    )
    @click.option(
        "--dest",
        type=click.Path(file_okay=False, path_type=Path),
        default="downloaded",
        show_default=True,
        metavar="DIR",
        help="Where they are saved.",
    )
    @click.option("--verbose", "-v", is_flag=True, help="A line for each, in place of the bar.")
    def main(
        choice: Choice, cc: tuple[str, ...], all_there_are: bool, every: bool, limit: int | None,
        server: str, seed: int, timeout: float, dest: Path, verbose: bool,
    ) -> None:  # fmt: skip
        if sum(map(bool, (cc, all_there_are, every))) > 1:
            raise click.UsageError("codes, --all, or --every: more than one of them is too many")
        codes = (everything_there_is() if all_there_are else pairs() if every else chosen(cc))[:limit]
        try:
            dest.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConcurbenchError(f"{dest} cannot be made: {error.strerror}") from None
        with serving(server, seed) as (url, own), landing(dest, apart) as folder:
            job = workload.Job(codes, url, folder, timeout=timeout)
            download(choice, job, own, dest, verbose)

    delay = PROFILES["local"].delay.shortest
    main.help = HELP.format(name=name, what=what, delay=delay)
    return main


def everything_there_is() -> tuple[str, ...]:
    """The codes of all countries."""
    return tuple(sorted(flags.CASES["all194"].codes))


def pairs() -> tuple[str, ...]:
    """Every code there could be."""
    return tuple(map("".join, product(string.ascii_uppercase, repeat=2)))


def chosen(cc: Sequence[str]) -> tuple[str, ...]:
    """The codes that were asked for, in order, each once.

    Raises:
        click.UsageError: one of them is none.
    """
    known = everything_there_is()
    codes = set[str]()
    for asked in map(str.upper, cc or flags.CASES["pop20"].codes):
        if len(asked) not in (1, 2) or not set(asked) <= set(string.ascii_uppercase):
            raise click.UsageError(f"{asked} is no code: two letters, or the first one of several")
        beginning = {code for code in known if code.startswith(asked)}
        if len(asked) == 1 and not beginning:
            raise click.UsageError(f"no country's code begins with {asked}")
        codes |= beginning or {asked}
    return tuple(sorted(codes))


def _server(_: click.Context, __: click.Parameter, asked: str) -> str:
    if asked in PROFILES:
        return asked
    try:
        address = urlsplit(asked)
        fit = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        fit = False
    if not fit:
        raise click.BadParameter(f"{asked} is none of {', '.join(PROFILES)}, and no http:// address")
    return asked.rstrip("/")


@contextlib.contextmanager
def serving(server: str, seed: int) -> Iterator[tuple[str, Local | None]]:
    """The address of this server, and the server, where it is our own and was started for it.

    Raises:
        ConcurbenchError: it did not start.
    """
    if server not in PROFILES:
        yield server, None
        return
    profile, site = PROFILES[server], flags.site()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(Workspace()).folder / "site"  # which goes, whatever happens
        lay_out(site, folder)
        faults = profile.faults(site, seed)
        try:
            local = stack.enter_context(Local(folder, profile.delay, faults=faults, seed=seed))
        except ServerDied as error:
            raise ConcurbenchError(f"{error}; it needs uvicorn and httptools") from None
        yield local.url, local


@contextlib.contextmanager
def landing(dest: Path, apart: bool) -> Iterator[Path]:
    """Where files are saved: ``dest``; or a new folder in it, ``apart``, from which they come there in
    the end, where a file that is there already would be taken for another's."""
    if not apart:
        yield dest.resolve()
        return
    with tempfile.TemporaryDirectory(prefix=".arriving-", dir=dest.resolve()) as name:
        try:
            yield Path(name)
        finally:
            for file in Path(name).glob("*.gif"):
                os.replace(file, dest / file.name)


class Arrivals:
    """The images that have come into a folder since this was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = self._images()

    def sizes(self) -> list[int]:
        """Bytes of each."""
        return [size for name, (inode, size) in self._images().items() if self._is_new(name, inode)]

    def _is_new(self, name: str, inode: int) -> bool:
        # A file that takes another's name is still another one.
        return name not in self._before or self._before[name][0] != inode

    def _images(self) -> dict[str, tuple[int, int]]:
        found = ((path.name, path.stat()) for path in self._folder.glob("*.gif"))
        return {name: (stat.st_ino, stat.st_size) for name, stat in found}


@dataclass
class Seen:
    """What became of the flags so far, as the calls of a model tell it."""

    outcomes: dict[str, flags.Outcome] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    _begun: dict[str, tuple[Unit, float, str]] = field(default_factory=dict)
    _code_of: dict[Unit, str] = field(default_factory=dict)

    def take(self, call: Call) -> tuple[str, flags.Outcome, Span] | None:
        """A call that has ended; where it is the end of a flag, which one, what became of it, and the
        last of its time."""
        if call.what.endswith("url"):
            code = call.item
            if code in self._begun:  # its second request
                self._close(code, call.begin, Kind.WAITS)
            label = code if call.what == "url" else f"{code} name"
            self._begun[code] = call.unit, call.begin, label
            self._code_of[call.unit] = code
            return None
        # Who cannot say which flag it is, is in the unit that asked for it.
        found = call.item or self._code_of.get(call.unit)
        if found not in self._begun or call.result is None:
            return None
        outcome = self.outcomes[found] = flags.Outcome(**call.result)
        kind = Kind.FAILS if outcome.status == "error" else Kind.WAITS
        return found, outcome, self._close(found, call.begin + call.seconds, kind)

    def _close(self, code: str, end: float, kind: Kind) -> Span:
        unit, begin, label = self._begun.pop(code)
        self.spans.append(Span(unit, label, begin, end, kind))
        return self.spans[-1]

    def cut(self, end: float) -> None:
        """All that has begun and not ended was cut off then."""
        for code in list(self._begun):
            self._close(code, end, Kind.WAITS)


def download(choice: Choice, job: flags.Job, own: Local | None, dest: Path, verbose: bool) -> None:
    """Run the model, show how it gets on, say what came of it, and end."""
    load = given(choice.load, impls.find(choice.workload, choice.model).cluster, machine.usable_cores())
    performance = Performance(load, job, choice.workers, tell=everything)
    seen, arrivals = Seen(), Arrivals(job.destination)
    console = Console(highlight=False)
    bar = Progress(
        BarColumn(BAR), MofNCompleteColumn(), TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        console=console, transient=True, disable=verbose or not console.is_terminal,
    )  # fmt: skip
    say(f"{counted(len(job.codes), 'flag')} from {job.base_url}")
    say(f"{choice.model}, {choice.workers} at a time")
    with Show(choice, performance, DIRECT if own else {}) as show, bar:
        task = bar.add_task("", total=len(job.codes), told=counts(Counter()))
        for call in show.calls():
            if call.end is None or (done := seen.take(call)) is None:
                continue
            code, outcome, span = done
            bar.update(task, completed=len(seen.outcomes), told=counts(statuses(seen.outcomes)))
            if verbose or outcome.status == "error":
                told = Text(line(code, outcome, span), STYLES[outcome.status])
                if console.is_terminal:  # there a line stays a line; elsewhere somebody may look for it
                    console.print(told, no_wrap=True, overflow="ellipsis")
                else:
                    console.print(told, soft_wrap=True)
    for code in job.codes:  # what a signal cut off in the middle of saving
        (job.destination / f"{code}.part").unlink(missing_ok=True)
    peak = None
    if own is not None:
        try:
            peak = own.seen().peak
        except ServerDied as error:
            say(str(error), "red")
    conclude(show, job, seen, arrivals.sizes(), dest, peak)


def conclude(
    show: Show, job: flags.Job, seen: Seen, sizes: Sequence[int], dest: Path, peak: int | None
) -> None:
    """Say what came of it all, and end.

    ``sizes`` are the bytes of the images that came, ``peak`` how many requests the server had at once,
    for flags that it has.
    """
    # Where requests are not the model's own business, as on a cluster, its answers alone are whole.
    became = statuses({**seen.outcomes, **(show.answers or {})})
    seen.cut(show.ended_at)
    cut_off = bool(show.ended_by or show.error)
    if cut_off:  # perhaps when an image was there, and nobody had been told yet
        became["ok"] = max(became["ok"], len(sizes))
    say(f"{counts(became)} in {show.seconds:.2f} s")
    if sizes:
        say(f"{sum(sizes) / 1e3:,.1f} kB in {dest}", whole=True)
    if peak:
        say(f"of the flags it has, the server was asked for {peak} at once")
    if cut_off:
        say(f"cut off: {len(job.codes) - became.total()} had not come to their end", "yellow")
    title = f"{show.choice.workload} · {show.choice.model} · {show.choice.workers} at a time"
    show.end(seen.spans, title, failed=became["error"] > 0)


STYLES = {"ok": "", "not found": "dim", "error": "red"}


def statuses(outcomes: Mapping[str, flags.Outcome]) -> Counter[str]:
    """How many have which status."""
    return Counter(outcome.status for outcome in outcomes.values())


def counts(became: Counter[str]) -> str:
    """How many were downloaded, not found, and failed."""
    said = {"ok": "downloaded", "not found": "not found", "error": "failed"}
    return ", ".join(f"{became[status]} {word}" for status, word in said.items())


def line(code: str, outcome: flags.Outcome, span: Span) -> str:
    """What became of one."""
    size = f"{outcome.size:,} B" if outcome.size else ""
    # In a narrow terminal the end is cut off: better the unit than the reason.
    end = f"{outcome.reason}  {span.unit}" if outcome.reason else f"{span.unit}"
    return f"{code}  {outcome.status:9}  {size:>9}  {span.end - span.begin:6.3f} s  {end}"


main = program("flags", flags, model="threaded", what="as images")

if __name__ == "__main__":
    main()
