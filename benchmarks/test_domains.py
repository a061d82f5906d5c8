"""How long each model takes to look up which domains exist."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, domains
from servers.nameserver import Nameserver


def test_domains(row: BenchmarkRow, dns_server: Nameserver) -> None:
    row.measure(
        Resources(nameserver=dns_server.address, peak=dns_server.peak),
        server=dns_server,
        waiting=domains.waiting(row.case.items, row.workers, delay=dns_server.delay),
        work=(row.case.domains, sorted(domains.FOUND)),
    )
