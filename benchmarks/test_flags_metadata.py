"""How long each model takes to download flags that need a second request for their names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from impls import flags_metadata as flags


def test_flags_metadata(
    row: Callable[..., None],
    flag_server: Any,
    destination: Callable[[], Path],
    case: str,
    workers: int,
) -> None:
    codes = flags.CASES[case].codes
    delay = flag_server.delay
    saw: dict[str, Any] = {"served": 0, "peak": 0, "cpu_seconds": []}

    def setup(case: flags.Case) -> flags.Job:
        flag_server.reset()
        return flags.Job(case.codes, flag_server.url, destination(), flag_server.initializer)

    def check(job: flags.Job, answers: object) -> None:
        seen = flag_server.seen()
        flags.check(job, answers)
        asked = 2 * len(job.codes)
        assert seen.served == asked, f"the server served {seen.served} of {asked} files"
        assert seen.peak <= workers, f"{seen.peak} requests in flight, {workers} is the bound"
        saw.update(served=seen.served, peak=max(seen.peak, saw["peak"]))
        if seen.cpu_seconds is not None:
            saw["cpu_seconds"].append(seen.cpu_seconds)

    row(
        setup=setup,
        check=check,
        work=(codes, flags.expected(codes), delay),
        delay=delay,
        limit=flags.limit(len(codes), workers, delay=delay, capacity=flag_server.capacity),
        server_capacity=flag_server.capacity,
        server_saw=saw,
    )
