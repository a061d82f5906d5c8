"""``python -m studies.settings``: whom does each setting of flags serve, and whom does it hurt?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.options import DELAY
from concurbench import machine
from concurbench.command import Command, published
from concurbench.errors import ConcurbenchError
from concurbench.report.progress import StatusLine
from concurbench.report.text import show
from concurbench.results.records import Entry, Record
from studies import files
from studies.settings.comparisons import COMPARISONS, LOSSES, Comparison, settings
from studies.settings.report import KIND, read, report
from studies.settings.rounds import Bench, Measured, bench

PACKAGES = ("httpx", "httpcore", "aiohttp", "trio", "httpx2")

CHUNK = 10
"""Rounds that are counted for lost requests between two lines of the file."""


@click.command("studies.settings", cls=Command)
@files.number(
    "--blocks", 8, 3, "Number of blocks of each comparison; a block has two rounds with either value."
)
@click.option("-k", "part", default="", metavar="TEXT", help="Only settings with TEXT in their names.")
@files.options
def main(
    blocks: int, part: str, source: Path | None, more: Path | None, json_file: Path | None
) -> None:
    """Compare the settings of the flags benchmark with others, one at a time.

    Rounds with the benchmark's value and with another take turns in one process: A B B A, then
    B A A B. The setting "lost requests" counts requests without an answer. With --more, only what the
    file lacks is measured.
    """
    if source is None:
        if not any(part in name for name in settings()):
            raise ConcurbenchError(f"no setting has {part!r} in its name: {', '.join(settings())}")
        header = {"machine": machine.facts(PACKAGES), "delay": DELAY}
        with files.recording(KIND, header, json_file, more) as (record, entries), bench() as own:
            measure(own, record, entries, blocks, part)
        source = record.path
    study = read(source)
    published(lambda: show(report(study)))


def measure(own: Bench, record: Record, entries: Sequence[Entry], blocks: int, part: str) -> None:
    """Measure what is missing of the settings with ``part`` in their names, and save it."""
    status = StatusLine()
    try:
        for comparison in COMPARISONS:
            for model in comparison.models if part in comparison.setting else ():
                name = comparison.name(model)
                status.step(name)
                done = sum(entry["name"] == name for entry in entries)
                compare(own, record, comparison, model, range(done, blocks))
        for loss in LOSSES if part in "lost requests" else ():
            status.step(loss.name)
            asked = sum(entry["requests"] for entry in entries if entry["name"] == loss.name)
            while asked < loss.requests:
                start = time.monotonic()
                rounds = [own.round(loss.model, "all194", loss.value) for _ in range(CHUNK)]
                entry = {
                    "name": loss.name,
                    "requests": sum(each.requests for each in rounds),
                    "lost": sum(each.lost for each in rounds),
                    "took": round(time.monotonic() - start, 3),
                }
                record.append(entry)
                asked += entry["requests"]
    finally:
        status.end()


def compare(
    own: Bench, record: Record, comparison: Comparison, model: str, numbers: Sequence[int]
) -> None:
    """Measure these blocks of a comparison, after a round with each value that does not count."""
    values = {"usual": comparison.usual, "other": comparison.other}
    for value in values.values() if numbers else ():
        own.round(model, comparison.case, value)
    for number in numbers:
        start = time.monotonic()
        found: dict[str, list[Measured]] = {"usual": [], "other": []}
        for which in order(number):
            found[which].append(own.round(model, comparison.case, values[which]))
        record.append(
            {
                "name": comparison.name(model),
                **{which: _kept(rounds) for which, rounds in found.items()},
                "took": round(time.monotonic() - start, 3),
            }
        )


def order(number: int) -> tuple[str, ...]:
    """The values of a block's rounds, in turn: every other block begins with the other one."""
    first, second = ("usual", "other") if number % 2 == 0 else ("other", "usual")
    return (first, second, second, first)


def _kept(rounds: Sequence[Measured]) -> dict[str, list[float]]:
    return {
        "seconds": [round(each.seconds, 6) for each in rounds],
        "connections": [each.connections for each in rounds],
        "lost": [each.lost for each in rounds],
    }


if __name__ == "__main__":
    main()
