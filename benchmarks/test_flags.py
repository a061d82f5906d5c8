"""How long each model takes to download the flags of the world."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from concurbench.measure.rounds import Part
from concurbench.measure.row import BenchmarkRow
from impls import Resources, flags
from servers import Server


@pytest.fixture
def parts(request: pytest.FixtureRequest, row: BenchmarkRow, flag_server: Server) -> Mapping[str, Part]:
    """What further rounds do without, one part at a time: nothing without --losses."""
    if not request.config.option.losses:
        return {}
    from benchmarks import losses  # only now: a session without them needs no internals of httpcore

    return losses.parts(row.model, flag_server)


def test_flags(
    row: BenchmarkRow, flag_server: Server, destination: Path, cluster: str | None,
    parts: Mapping[str, Part],
) -> None:  # fmt: skip
    server, codes = flag_server, row.case.codes
    delays = {"delay": server.delay, "connect_delay": server.connect_delay}
    row.measure(
        Resources(
            row.workers,
            server.url,
            destination,
            server.initializer,
            cluster,
            authority=server.authority,
        ),
        server=server,
        waiting=flags.waiting(len(codes), row.workers, **delays),
        without=parts,
        work=(codes, flags.expected(codes)),
    )
