"""How long each model takes to download flags that need a second request for their names."""

from __future__ import annotations

from pathlib import Path

from concurbench.measure.row import BenchmarkRow
from impls import Resources, flags_metadata
from servers import Server


def test_flags_metadata(row: BenchmarkRow, flag_server: Server, destination: Path) -> None:
    server, codes = flag_server, row.case.codes
    delays = {"delay": server.delay, "connect_delay": server.connect_delay}
    row.measure(
        Resources(row.workers, server.url, destination, server.initializer),
        server=server,
        requests=flags_metadata.REQUESTS,
        waiting=flags_metadata.waiting(len(codes), row.workers, **delays),
        work=(codes, flags_metadata.expected(codes)),
    )
