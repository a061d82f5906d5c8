"""``python -m programs.saving``: files written from a coroutine, to be watched."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

import impls
from concurbench import units
from concurbench.errors import ConcurbenchError
from concurbench.report.text import say
from concurbench.runner.workspace import Workspace
from concurbench.trace.call import Call
from concurbench.trace.inside import Performance, everything
from concurbench.trace.loop import served
from concurbench.trace.program import Choice, Show, command, wrong
from concurbench.trace.span import Span
from impls import saving

FILES, SIZE = 16, 5_000_000
MOST = 500_000_000
"""Bytes: all files are in memory before the first is written."""

REMOVERS = 16

REPLACE = (("os:replace", "dst"), ("aiofiles.os:replace", "dst"))
"""What gives a file its name: aiofiles has its own."""


@command(impls, "saving", model="asyncio_to_thread", workers=4)
@click.option("--files", type=click.IntRange(1), metavar="N", default=FILES, show_default=True)
@click.option("--size", type=click.IntRange(1), metavar="BYTES", default=SIZE, show_default=True)
@click.option("--synced", is_flag=True, help="A file gets its name only when it is on the disk.")
@click.option(
    "--dest", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
    help="Keep the files there; it is to be empty.  [default: a temporary one]",
)  # fmt: skip
def main(choice: Choice, files: int, size: int, synced: bool, dest: Path | None) -> None:
    """Watch a coroutine write files: does the event loop go on meanwhile?

    Each line is a file, when it is whole and has its name: how long that took from when it was begun,
    and the unit that began it. In the same loop a heart is to beat every millisecond; the longest time
    between two beats is how long the loop stood still, and all who are in it.

    \b
    Examples: python -m programs.saving
              python -m programs.saving --model blocking --timeline
              python -m programs.saving --files 100 --size 12000 --synced
              python -m programs.saving --model trio_open_file --dest FOLDER
    """
    if files * size > MOST:
        raise click.UsageError(f"{files * size:,} bytes are too many: at most {MOST:,} in all files")
    with _folder(dest) as folder:
        job = saving.Job(saving.Case(files, size).contents, folder, synced)
        _watch(choice, job, kept=dest)


@contextlib.contextmanager
def _folder(dest: Path | None) -> Iterator[Path]:
    if dest is None:
        with Workspace() as workspace:  # which goes, whatever happens
            folder = workspace.folder / "files"
            folder.mkdir()
            try:
                yield folder
            finally:
                # One after the other, a disk may take seconds for hundreds of files that are on it.
                with ThreadPoolExecutor(REMOVERS) as pool:
                    list(pool.map(Path.unlink, folder.iterdir()))
        return
    try:
        dest.mkdir(exist_ok=True)
        some = any(dest.iterdir())
    except OSError as error:
        raise ConcurbenchError(f"{dest} cannot be used: {error.strerror}") from None
    if some:
        raise ConcurbenchError(f"{dest} is not empty")
    yield dest


@dataclass
class _Files:
    """What is known of each file: when it was begun, and the whole of it."""

    begun: dict[int, Call] = field(default_factory=dict)
    whole: dict[int, Call] = field(default_factory=dict)

    def saw(self, call: Call) -> Call | None:
        """The writing of a file, if this is its end."""
        if call.what == saving.Job.partial.__name__:
            self.begun.setdefault(call.item, call)
        elif call.end is not None and call.error is None:
            place = int(Path(call.item).stem)
            self.whole[place] = replace(self.begun[place], item=place, end=call.end)
            return self.whole[place]
        return None

    def cut(self, end: float) -> list[Call]:
        """Those that were begun and not ended."""
        left = self.begun.keys() - self.whole.keys()
        return [replace(self.begun[place], end=end) for place in sorted(left)]


def _watch(choice: Choice, job: saving.Job, kept: Path | None) -> None:
    count, size = len(job.contents), len(job.contents[0])
    many = units.counted(count, "file")
    files = _Files()
    performance = Performance(choice.load, job, choice.workers, tell=everything, patches=REPLACE)
    with Show(choice, performance) as show:
        say(f"{many} of {size:,} bytes, {choice.model}, {choice.workers} at a time")
        for call in show.calls():
            file = files.saw(call)
            if file is not None:
                name = job.path(file.item).name
                say(f"{name:>12}  {size:>11,} B  {file.seconds * 1e3:9.3f} ms  {file.unit}")
    failed = False
    spans = [Span.of(call, f"{call.item}") for call in files.whole.values()]
    if show.answers is not None:
        failed = wrong(saving.check, job, show.answers)
        _tell(job, show, [file.seconds for file in files.whole.values()])
        spans += served(show.answers.beats, saving.PULSE)
    else:
        end = max((call.begin + call.seconds for call in show.cut), default=0.0)
        spans += (Span.of(call, f"{call.item}") for call in files.cut(end))
        for place in range(count):
            job.partial(place).unlink(missing_ok=True)
    if show.ended_by:
        # Perhaps when a file had its name, and nobody had been told yet.
        written = sum(job.path(place).exists() for place in range(count))
        say(f"interrupted: {written} of {many} written", "yellow")
    if kept is not None:
        say(f"the files are in {kept}", whole=True)
    show.end(spans, f"saving · {choice.model} · {choice.workers} at a time", failed=failed)


def _tell(job: saving.Job, show: Show, took: Sequence[float]) -> None:
    measured = saving.metrics(job, show.answers, show.seconds)
    made = units.counted(len(took), "file")
    still, each = units.time(measured["stood_still"]), units.time(statistics.median(took))
    say(f"{made} in {show.seconds:.3f} s, {measured['throughput']:.0f} a second")
    say(f"the loop stood still for {still} at most; a file took {each} in the median")


if __name__ == "__main__":
    main()
