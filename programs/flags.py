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

from concurbench.command import Seconds
from concurbench.errors import ConcurbenchError
from concurbench.report.text import say
from concurbench.runner.workspace import Workspace
from concurbench.trace.process import all_answers
from concurbench.trace.spans import Activity, Call, ExecutionUnit, Span
from concurbench.units import counted
from impls import flags
from programs import _program
from programs._program import Options
from servers.local import Local, lay_out
from servers.process import ServerDied
from servers.profiles import PROFILES

TIMEOUT = 6.0
"""Seconds: longer than the servers of all profiles take to answer, if they answer."""

BAR = 16
"""Columns of the progress bar."""

ALL = tuple(sorted(flags.CASES["all194"].codes))
"""The codes of all countries."""

PAIRS = tuple(map("".join, product(string.ascii_uppercase, repeat=2)))
"""Every pair of letters."""

DIRECT = {"NO_PROXY": "*", "no_proxy": "*"}
"""For requests to the project's own server: no proxy."""

HELP = """Download flags, {what}, and print the outcome of each.

CC is a country's code, as in FR, or the first letter of several. Without any, the program downloads the
flags of the twenty most populous countries. Each flag is downloaded, not found, or failed, with a
reason. A failed flag does not affect the others.

A server of this project, started for it, waits {delay:g} s before each answer. With --server=delay the
delay differs from file to file. With --server=error a quarter of the files fail, in seven ways. An
address names any other server, as python -m programs.flag_server starts one.

Ctrl-C ends the program at once. Complete files stay.

\b
Examples:
  python -m programs.{name}
  python -m programs.{name} --all --max-req 50 --timeline
  python -m programs.{name} B FR --model sequential --verbose
  python -m programs.{name} --every --server error --limit 100
  python -m programs.{name} --server http://127.0.0.1:8001
"""


def program(
    name: str, workload: ModuleType, *, model: str, what: str, separate: bool = False
) -> click.Command:
    """The program of a workload that downloads flags; see ``landing`` for ``separate``."""

    @_program.program(name, model=model, workers=20, bound="--max-req")
    @click.argument("cc", nargs=-1)
    @click.option("--all", "-a", "all_flags", is_flag=True, help="Download all flags.")
    @click.option("--every", "-e", is_flag=True, help="Ask for every code, AA to ZZ.")
    @click.option(
        "--limit", "-l", type=click.IntRange(1), metavar="N", help="Download at most N flags."
    )
    @click.option(
        "--server", "-s", default="local", show_default=True, metavar=f"{'|'.join(PROFILES)}|URL",
        callback=_server, help="The server to download from.",
    )  # fmt: skip
    @click.option(
        "--seed", type=int, default=0, metavar="N", show_default=True,
        help="Seed for the server's random delays and faults.",
    )  # fmt: skip
    @click.option(
        "--timeout", type=Seconds(0, min_open=True), default=TIMEOUT, show_default=True,
        metavar="SECONDS", help="Give up a request after SECONDS without a byte.",
    )  # fmt: skip
    @click.option(
        "--dest", type=click.Path(file_okay=False, path_type=Path), default="downloaded",
        show_default=True, metavar="DIR", help="Save the flags in this folder.",
    )  # fmt: skip
    @click.option("--verbose", "-v", is_flag=True, help="Print a line for each flag instead of a bar.")
    def main(
        options: Options, cc: tuple[str, ...], all_flags: bool, every: bool, limit: int | None,
        server: str, seed: int, timeout: float, dest: Path, verbose: bool,
    ) -> None:  # fmt: skip
        if sum(map(bool, (cc, all_flags, every))) > 1:
            raise click.UsageError("give codes, --all or --every: only one of them")
        codes = (ALL if all_flags else PAIRS if every else expanded(cc))[:limit]
        try:
            dest.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConcurbenchError(f"cannot make {dest}: {error.strerror}") from None
        with serving(server, seed) as (url, own), landing(dest, separate) as folder:
            job = workload.Job(codes, url, folder, timeout=timeout)
            download(options, job, own, dest, verbose)

    delay = PROFILES["local"].delay.shortest
    main.help = HELP.format(name=name, what=what, delay=delay)
    return main


def expanded(cc: Sequence[str]) -> tuple[str, ...]:
    """The codes in ``cc``, sorted, each once; a letter stands for all codes that begin with it.

    Raises:
        click.UsageError: one of them is not a code.
    """
    codes = set[str]()
    for asked in map(str.upper, cc or flags.CASES["pop20"].codes):
        if len(asked) not in (1, 2) or not set(asked) <= set(string.ascii_uppercase):
            raise click.UsageError(f"{asked} is not a country code: give two letters, or one")
        beginning = {code for code in ALL if code.startswith(asked)}
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
        raise click.BadParameter(f"{asked} is not one of {', '.join(PROFILES)} or an http:// address")
    return asked.rstrip("/")


@contextlib.contextmanager
def serving(server: str, seed: int) -> Iterator[tuple[str, Local | None]]:
    """The address of a server, and the server itself if it is one of this project, started for this.

    Raises:
        ConcurbenchError: it did not start.
    """
    if server not in PROFILES:
        yield server, None
        return
    profile, site = PROFILES[server], flags.site()
    with contextlib.ExitStack() as stack:
        # A workspace is removed even if the program is killed.
        folder = stack.enter_context(Workspace()).folder / "site"
        lay_out(site, folder)
        faults = profile.faults(site, seed)
        try:
            local = stack.enter_context(Local(folder, profile.delay, faults=faults, seed=seed))
        except ServerDied as error:
            raise ConcurbenchError(f"{error}; it needs uvicorn and httptools") from None
        yield local.url, local


@contextlib.contextmanager
def landing(dest: Path, separate: bool) -> Iterator[Path]:
    """The folder to save files in: ``dest``, or with ``separate`` a new folder in it. Its files move to
    ``dest`` in the end, so that the model does not find those of an earlier run."""
    if not separate:
        yield dest.resolve()
        return
    with tempfile.TemporaryDirectory(prefix=".arriving-", dir=dest.resolve()) as name:
        try:
            yield Path(name)
        finally:
            for file in Path(name).glob("*.gif"):
                os.replace(file, dest / file.name)


def images(folder: Path) -> dict[tuple[str, int], int]:
    """Name and inode of each image in a folder -> its bytes. A file that replaces another has the same
    name and another inode."""
    found = ((path.name, path.stat()) for path in folder.glob("*.gif"))
    return {(name, stat.st_ino): stat.st_size for name, stat in found}


@dataclass
class FlagOutcomes:
    """The outcomes of the flags so far, collected from the model's calls."""

    by_code: dict[str, flags.Outcome] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    _begun: dict[str, tuple[ExecutionUnit, float, str]] = field(default_factory=dict)
    _code_of: dict[ExecutionUnit, str] = field(default_factory=dict)

    def add(self, call: Call) -> tuple[str, flags.Outcome, Span] | None:
        """Take a call that has ended. If it completes a flag, return the code, the outcome, and the
        flag's last span."""
        if call.function.endswith("url"):
            code = call.item
            if code in self._begun:  # its second request
                self._close(code, call.begin, Activity.WAITS)
            label = code if call.function == "url" else f"{code} name"
            self._begun[code] = call.unit, call.begin, label
            self._code_of[call.unit] = code
            return None
        # A call without a code runs in the unit of execution that asked for the flag.
        found = call.item or self._code_of.get(call.unit)
        if found not in self._begun or call.result is None:
            return None
        outcome = self.by_code[found] = flags.Outcome(**call.result)
        kind = Activity.FAILS if outcome.status == "error" else Activity.WAITS
        return found, outcome, self._close(found, call.begin + call.seconds, kind)

    def _close(self, code: str, end: float, kind: Activity) -> Span:
        unit, begin, label = self._begun.pop(code)
        self.spans.append(Span(unit, label, begin, end, kind))
        return self.spans[-1]

    def cut(self, end: float) -> None:
        """End the spans of all requests that have not ended."""
        for code in list(self._begun):
            self._close(code, end, Activity.WAITS)


def download(options: Options, job: flags.Job, own: Local | None, dest: Path, verbose: bool) -> None:
    """Run the model, show its progress, print a summary, and exit."""
    outcomes, before = FlagOutcomes(), images(job.destination)
    console = Console(highlight=False)
    bar = Progress(
        BarColumn(BAR), MofNCompleteColumn(), TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        console=console, transient=True, disable=verbose or not console.is_terminal,
    )  # fmt: skip
    say(f"{counted(len(job.codes), 'flag')} from {job.base_url}")
    say(f"{options.model}, {options.workers} at a time")
    with options.run(job, DIRECT if own else {}, summarize=all_answers) as run, bar:
        task = bar.add_task("", total=len(job.codes), counts=in_words(Counter()))
        for call in run.calls():
            if call.end is None or (done := outcomes.add(call)) is None:
                continue
            code, outcome, span = done
            counts = in_words(statuses(outcomes.by_code))
            bar.update(task, completed=len(outcomes.by_code), counts=counts)
            if verbose or outcome.status == "error":
                text = Text(line(code, outcome, span), STYLES[outcome.status])
                if console.is_terminal:  # a terminal shows one line; a pipe gets the full text
                    console.print(text, no_wrap=True, overflow="ellipsis")
                else:
                    console.print(text, soft_wrap=True)
    for code in job.codes:  # a signal may have interrupted the writing of a file
        (job.destination / f"{code}.part").unlink(missing_ok=True)
    peak = 0
    if own is not None:
        try:
            peak = own.seen().peak
        except ServerDied as error:
            say(str(error), "red")
    sizes = [size for image, size in images(job.destination).items() if image not in before]
    # A model that hands its requests to a cluster makes no traced calls: its answers are complete.
    became = statuses({**outcomes.by_code, **(run.answers or {})})
    outcomes.cut(run.ended_at)
    cut_off = bool(run.ended_by or run.error)
    if cut_off:  # an image may be complete whose call has not ended
        became["ok"] = max(became["ok"], len(sizes))
    say(f"{in_words(became)} in {run.seconds:.2f} s")
    if sizes:
        say(f"{sum(sizes) / 1e3:,.1f} kB saved in {dest}", whole=True)
    if peak:
        say(f"peak requests in flight at the server: {peak}")
    if cut_off:
        say(f"cut off: {len(job.codes) - became.total()} without an outcome", "yellow")
    options.finish(run, outcomes.spans, failed=became["error"] > 0)


STYLES = {"ok": "", "not found": "dim", "error": "red"}


def statuses(outcomes: Mapping[str, flags.Outcome]) -> Counter[str]:
    """How many flags have each status."""
    return Counter(outcome.status for outcome in outcomes.values())


def in_words(became: Counter[str]) -> str:
    """The counts of each status, as a phrase."""
    words = {"ok": "downloaded", "not found": "not found", "error": "failed"}
    return ", ".join(f"{became[status]} {word}" for status, word in words.items())


def line(code: str, outcome: flags.Outcome, span: Span) -> str:
    """The outcome of a flag, how long it took, and the unit of execution that downloaded it."""
    size = f"{outcome.size:,} B" if outcome.size else ""
    # A narrow terminal cuts the end off: rather the unit than the reason.
    end = f"{outcome.reason}  {span.unit}" if outcome.reason else f"{span.unit}"
    return f"{code}  {outcome.status:9}  {size:>9}  {span.end - span.begin:6.3f} s  {end}"


main = program("flags", flags, model="threaded", what="as images")

if __name__ == "__main__":
    main()
