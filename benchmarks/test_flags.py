"""How long each model takes to download the flags of the world."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import losses
from concurbench.measure.row import BenchmarkRow
from impls import Resources, flags
from servers import Server


def test_flags(
    row: BenchmarkRow, flag_server: Server, destination: Path, cluster: str | None,
    pytestconfig: pytest.Config,
) -> None:  # fmt: skip
    server, codes = flag_server, row.case.codes
    row.measure(
        Resources(row.workers, server.url, destination, server.initializer, cluster),
        server=server,
        waiting=flags.waiting(len(codes), row.workers, delay=server.delay),
        without=losses.parts(row.model, server) if pytestconfig.option.losses else {},
        work=(codes, flags.expected(codes)),
    )
