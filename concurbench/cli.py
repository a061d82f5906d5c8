"""The command ``concurbench``: its table of contents."""

from __future__ import annotations

import click

from concurbench.command import Commands
from concurbench.gate.command import calibrate, gate
from concurbench.machine.command import show_machine
from concurbench.matrix.command import matrix
from concurbench.report.command import show_summary
from concurbench.runner.command import run
from concurbench.runner.listing import list_rows


@click.group(cls=Commands, invoke_without_command=True)
@click.version_option(package_name="concurbench")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Threads, processes, asyncio, interpreters: concurbench measures which concurrency model suits a
    Python program on this machine, and its gate finds out whether a change made the program slower."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (list_rows, run, show_summary, matrix, gate, calibrate, show_machine):
    main.add_command(command)
