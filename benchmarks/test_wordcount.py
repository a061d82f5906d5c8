"""How long each model takes to count the words of a text."""

from __future__ import annotations

from pathlib import Path

from concurbench.measure.row import BenchmarkRow
from impls import Resources, wordcount


def test_wordcount(row: BenchmarkRow, destination: Path) -> None:
    work = (*row.case.chapters, wordcount.count, wordcount.merge)
    row.measure(Resources(destination=destination), work=work, yardstick="python_loop")
