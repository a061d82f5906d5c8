"""The command ``concurbench``."""

from __future__ import annotations

import io
import re
from pathlib import Path

import click
from rich.console import Console
from rich.terminal_theme import MONOKAI

from concurbench import results
from concurbench.results import ResultsError, Run
from concurbench.summary import summary

COLUMNS = 80
"""Of what is written to a file or a pipe."""


@click.group()
def main() -> None:
    """Measure, keep and show benchmarks one can trust."""


@main.command("summary")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--svg", type=click.Path(path_type=Path), help="Draw it into this file instead.")
def show_summary(run: Path, svg: Path | None) -> None:
    """Print the closing summary of a saved run once more.

    RUN is a file, or a machine's folder for its last complete run.

    Example: concurbench summary results/linux-amd-epyc-2c-cpython-3.11
    """
    chosen = _choose(run)
    if svg is None:
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=COLUMNS)
        console.print(summary(chosen.rows))
        return
    console = Console(highlight=False, width=COLUMNS, record=True, file=io.StringIO())
    console.print(summary(chosen.rows))
    picture = console.export_svg(title=f"{chosen.path.parent.name} {chosen.name}", theme=MONOKAI)
    svg.write_text(re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL), encoding="utf-8")


def _choose(path: Path) -> Run:
    try:
        if not path.is_dir():
            return results.read(path)
        run, warnings = results.last_complete(path)
    except ResultsError as error:
        raise click.UsageError(str(error)) from None
    for warning in warnings:
        click.echo(f"note: {warning}", err=True)
    if run is None:
        raise click.UsageError(f"{path} has no complete run")
    return run
