"""How long each model takes to look up which domains exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from impls import domains


def test_domains(row: Callable[..., None], dns_server: Any, case: str, workers: int) -> None:
    names = domains.CASES[case].domains
    delay = dns_server.delay
    saw: dict[str, Any] = {"served": 0, "peak": 0, "cpu_seconds": []}

    def peak() -> int:
        highest: int = dns_server.seen().peak
        return highest

    def setup(case: domains.Case) -> domains.Job:
        dns_server.reset()
        host, port = dns_server.address
        return domains.Job(case.domains, host, port, peak)

    def check(job: domains.Job, answers: object) -> None:
        seen = dns_server.seen()
        domains.check(job, answers)
        asked = len(job.domains)
        assert seen.served == asked, f"the server answered {seen.served} queries for {asked} names"
        assert seen.peak <= workers, f"{seen.peak} queries in flight, {workers} is the bound"
        saw.update(served=seen.served, peak=max(seen.peak, saw["peak"]))
        saw["cpu_seconds"].append(seen.cpu_seconds)

    row(
        setup=setup,
        check=check,
        work=(names, sorted(domains.FOUND), delay),
        delay=delay,
        limit=domains.limit(len(names), workers, delay=delay),
        server_saw=saw,
    )
