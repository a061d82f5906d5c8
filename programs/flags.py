"""``python -m programs.flags``: download flags, and watch a model do it."""

from __future__ import annotations

import contextlib
import os
import string
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from concurbench.command import EXISTING, Seconds
from concurbench.errors import ConcurbenchError
from concurbench.report.text import say
from concurbench.runner.workspace import Workspace
from concurbench.trace.process import all_answers
from concurbench.trace.spans import Activity, Call, ExecutionUnit, Span
from concurbench.units import counted
from impls import flags
from programs import _program
from programs._program import Options, peak_at, started
from servers.local import Local, lay_out
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

    @_program.program(name, model=model, workers=20, option="--max-req")
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
        "--authority", type=EXISTING, metavar="FILE",
        help="Also trust this certificate authority, of a server with TLS.",
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
        server: str, authority: Path | None, seed: int, timeout: float, dest: Path, verbose: bool,
    ) -> None:  # fmt: skip
        if sum(map(bool, (cc, all_flags, every))) > 1:
            raise click.UsageError("give codes, --all or --every: only one of them")
        codes = (ALL if all_flags else PAIRS if every else expanded(cc))[:limit]
        try:
            dest.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConcurbenchError(f"cannot make {dest}: {error.strerror}") from None
        with serving(server, seed) as (url, own), landing(dest, separate) as folder:
            trusted = authority and authority.resolve()
            job = workload.Job(codes, url, folder, timeout=timeout, authority=trusted)
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
    with contextlib.suppress(ValueError):
        address = urlsplit(asked)
        if address.scheme in ("http", "https") and address.hostname and address.port != 0:
            return asked.rstrip("/")
    raise click.BadParameter(f"{asked} is not one of {', '.join(PROFILES)} or an http:// address")


@contextlib.contextmanager
def serving(server: str, seed: int) -> Iterator[tuple[str, Local | None]]:
    """The address of a server, and the server itself if it is one of this project, started for this."""
    if server not in PROFILES:
        yield server, None
        return
    profile, site = PROFILES[server], flags.site()
    with Workspace() as workspace:  # removed even if the program is killed
        folder = workspace.folder / "site"
        lay_out(site, folder)
        local = Local(folder, profile.delay, faults=profile.faults(site, seed), seed=seed)
        with started(local, "uvicorn and httptools"):
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
    return {(path.name, path.stat().st_ino): path.stat().st_size for path in folder.glob("*.gif")}


@dataclass
class Downloads:
    """Outcomes and spans of the flags so far, collected from the model's calls."""

    outcomes: dict[str, flags.Outcome] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    _requests: dict[str, Span] = field(default_factory=dict)
    """The request in flight for each flag; it has no end yet."""
    _code_of: dict[ExecutionUnit, str] = field(default_factory=dict)

    def add(self, call: Call) -> str | None:
        """Take a call that has ended; return the code of the flag that it completes, if any. That
        flag's span is the last one."""
        if call.function.endswith("url"):
            code = call.item
            self._end(code, call.begin)  # this is its second request
            label = code if call.function == "url" else f"{code} name"
            self._requests[code] = Span(call.unit, label, call.begin, call.begin)
            self._code_of[call.unit] = code
            return None
        # A call without a code runs in the unit of execution that asked for the flag.
        code = call.item or self._code_of.get(call.unit)
        if code not in self._requests or call.result is None:
            return None
        outcome = self.outcomes[code] = flags.Outcome(**call.result)
        kind = Activity.FAILS if outcome.status == "error" else Activity.WAITS
        self._end(code, call.begin + call.seconds, kind)
        return str(code)

    def _end(self, code: str, end: float, kind: Activity = Activity.WAITS) -> None:
        if code in self._requests:
            self.spans.append(replace(self._requests.pop(code), end=end, kind=kind))

    def cut(self, end: float) -> None:
        """End the spans of all requests in flight."""
        for code in list(self._requests):
            self._end(code, end)


def download(options: Options, job: flags.Job, own: Local | None, dest: Path, verbose: bool) -> None:
    """Run the model, show its progress, print a summary, and exit."""
    downloads, before = Downloads(), images(job.destination)
    console = Console(highlight=False)
    bar = Progress(
        BarColumn(BAR), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=console, transient=True, disable=verbose or not console.is_terminal,
    )  # fmt: skip
    say(f"{counted(len(job.codes), 'flag')} from {job.base_url}")
    say(f"{options}")
    with options.run(job, DIRECT if own else {}, summarize=all_answers) as run, bar:
        task = bar.add_task(in_words(Counter()), total=len(job.codes))
        for call in run.calls():
            if call.end is None or (code := downloads.add(call)) is None:
                continue
            outcome = downloads.outcomes[code]
            counts = in_words(statuses(downloads.outcomes))
            bar.update(task, completed=len(downloads.outcomes), description=counts)
            if verbose or outcome.status == "error":
                text = Text(line(code, outcome, downloads.spans[-1]), STYLES[outcome.status])
                # A terminal shows one line; a pipe gets the full text.
                cut = console.is_terminal
                console.print(text, no_wrap=True, overflow="ellipsis" if cut else "ignore", crop=cut)
    downloads.cut(run.ended_at)
    for code in job.codes:  # a signal may have interrupted the writing of a file
        (job.destination / f"{code}.part").unlink(missing_ok=True)
    sizes = [size for image, size in images(job.destination).items() if image not in before]
    # A model that hands its requests to a cluster makes no traced calls: its answers are complete.
    became = statuses({**downloads.outcomes, **(run.answers or {})})
    cut_off = run.ended_by or run.error
    if cut_off:  # an image may be complete whose call has not ended
        became["ok"] = max(became["ok"], len(sizes))
    say(f"{in_words(became)} in {run.seconds:.2f} s")
    if sizes:
        say(f"{sum(sizes) / 1e3:,.1f} kB saved in {dest}", whole=True)
    if own is not None and (peak := peak_at(own)):
        say(f"peak requests in flight at the server: {peak}")
    if cut_off:
        say(f"cut off: {len(job.codes) - became.total()} without an outcome", "yellow")
    options.finish(run, downloads.spans, failed=became["error"] > 0)


STYLES = {"ok": "", "not found": "dim", "error": "red"}
WORDS = {"ok": "downloaded", "not found": "not found", "error": "failed"}


def statuses(outcomes: Mapping[str, flags.Outcome]) -> Counter[str]:
    """How many flags have each status."""
    return Counter(outcome.status for outcome in outcomes.values())


def in_words(became: Counter[str]) -> str:
    """The counts of each status, as a phrase."""
    return ", ".join(f"{became[status]} {word}" for status, word in WORDS.items())


def line(code: str, outcome: flags.Outcome, span: Span) -> str:
    """The outcome of a flag, how long it took, and the unit of execution that downloaded it."""
    size = f"{outcome.size:,} B" if outcome.size else ""
    # A narrow terminal cuts the end off: rather the unit than the reason.
    end = f"{outcome.reason}  {span.unit}" if outcome.reason else f"{span.unit}"
    return f"{code}  {outcome.status:9}  {size:>9}  {span.end - span.begin:6.3f} s  {end}"


main = program("flags", flags, model="threaded", what="as images")

if __name__ == "__main__":
    main()
