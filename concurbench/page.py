"""A Markdown page that shows what programs print: the output is made by a command, never by hand.

Between ``<!-- program: python -m … -->`` and ``<!-- /program -->`` stands what that command printed
when it was last run, in 80 columns and without colours. ``concurbench docs`` runs it again.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from concurbench.command import Command
from concurbench.errors import ConcurbenchError
from concurbench.report.text import COLUMNS
from concurbench.units import counted

SHOWN = re.compile(
    r"(?P<open><!-- program: (?P<command>.+?) -->\n)(?P<output>.*?)(?P<close><!-- /program -->)",
    re.DOTALL,
)

PYTHON = "python"
"""What a command starts with; the interpreter that this one is."""


class Failed(ConcurbenchError):
    """A program that did not print what can be shown; the message says which, and why."""


@dataclass(frozen=True)
class Page:
    """A file with programs in it."""

    path: Path
    text: str

    @property
    def commands(self) -> list[str]:
        """What is run for it, in its order."""
        return [shown["command"] for shown in SHOWN.finditer(self.text)]

    def renewed(self, run: Callable[[str], str]) -> Page:
        """The page with what the commands print now."""

        def renew(shown: re.Match[str]) -> str:
            output = "\n".join(line.rstrip() for line in run(shown["command"]).strip("\n").splitlines())
            return f"{shown['open']}```text\n{output}\n```\n{shown['close']}"

        return Page(self.path, SHOWN.sub(renew, self.text))


def printed(command: str) -> str:
    """What a command prints, in a pipe.

    Raises:
        Failed: it is no Python program, it failed, or it printed nothing.
    """
    python, *arguments = shlex.split(command)
    if python != PYTHON:
        raise Failed(f"{command}: only commands that start with {PYTHON} are run")
    environ = {**os.environ, "NO_COLOR": "1", "COLUMNS": str(COLUMNS), "PYTHONIOENCODING": "utf-8"}
    ended = subprocess.run(
        [sys.executable, *arguments], env=environ, stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if ended.returncode or not ended.stdout.strip():
        said = (ended.stderr.strip() or ended.stdout.strip() or "it printed nothing").splitlines()
        raise Failed(f"{command}: {said[-1]} (exit code {ended.returncode})")
    return ended.stdout


@click.command(cls=Command)
@click.argument(
    "files", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True
)
@click.option("--only", metavar="TEXT", help="Only pages with this in their name.")
def docs(files: Sequence[Path], only: str | None) -> None:
    """Run the programs that Markdown pages show, and put what they print into the pages.

    A page shows a program between a line <!-- program: python -m … --> and one <!-- /program -->. Each
    is run here, in this folder. A page changes only when all its programs have ended well.

    Example: concurbench docs README.md docs/*.md
    """
    pages = [Page(path, path.read_text(encoding="utf-8")) for path in files]
    pages = [page for page in pages if page.commands and (only is None or only in page.path.name)]
    if not pages:
        raise ConcurbenchError("no page that shows a program")
    for page in pages:
        try:
            renewed = page.renewed(_told)
        except Failed as error:
            raise ConcurbenchError(f"{page.path} is as it was: {error}") from None
        page.path.write_text(renewed.text, encoding="utf-8")
        click.echo(f"{page.path}: {counted(len(page.commands), 'program')}")


def _told(command: str) -> str:
    click.echo(command, err=True)
    return printed(command)
