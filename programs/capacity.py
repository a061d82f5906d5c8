"""``python -m programs.capacity``: how many requests a second can each flag server answer?"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import click

from impls import flags
from servers import PROTOCOLS, capacity
from servers.local import Local, lay_out
from servers.mock import Mock

TIMES = 5


@click.command()
def main() -> None:
    """Measure the most requests a second that each flag server can answer, without a delay."""
    files = flags.site()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(files, folder)
        path = capacity.median_image(folder)
        click.echo(f"requests a second for {len(files[path]):,} bytes: median of {TIMES} (from – to)")
        for protocol in PROTOCOLS:
            with Local(folder, 0.0, protocol=protocol) as local:
                show(f"local, {protocol}", [capacity.of_local(local, path) for _ in range(TIMES)])
        with Mock(folder, 0.0, folder / "ledger") as mock:
            measured = [capacity.of_mock(f"{mock.url}/{path}") for _ in range(TIMES)]
            for client in measured[0]:
                show(f"mock, {client}", [rates[client] for rates in measured])


def show(name: str, rates: list[float]) -> None:
    click.echo(f"{name:42} {statistics.median(rates):7,.0f}  ({min(rates):,.0f} – {max(rates):,.0f})")


if __name__ == "__main__":
    main()
