"""How long each model takes to download the flags of the world."""

from __future__ import annotations

from pathlib import Path

from concurbench.measure.row import BenchmarkRow
from impls import Resources, flags
from servers import Server


def test_flags(row: BenchmarkRow, flag_server: Server, destination: Path, cluster: str | None) -> None:
    server, codes = flag_server, row.case.codes
    row.measure(
        Resources(row.workers, server.url, destination, server.initializer, cluster),
        server=server,
        waiting=flags.waiting(len(codes), row.workers, delay=server.delay),
        work=(codes, flags.expected(codes)),
    )
