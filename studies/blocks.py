"""Blocks of the Markdown pages that show the output of a command. cog calls these functions.

``make docs`` refreshes all blocks, ``make docs-check`` compares those that do not measure.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import click
from click.testing import CliRunner

MEASURE = "MEASURE"
"""The environment variable that makes ``live`` run its command."""

OURS = ("programs", "servers", "studies")
"""The packages whose modules are commands."""

VERDICTS = (0, 1)
"""The exit codes of a command with a result."""


def output(command: str) -> None:
    """Print the output of ``command`` as a block of code. The output must always be the same."""
    print_code(_printed(command))


def markdown(command: str) -> None:
    """Print the output of ``command``, which is Markdown. The output must always be the same."""
    print(_printed(command).strip("\n"))


def live(command: str) -> None:
    """Print the output of a command that measures, as a block of code.

    Without ``MEASURE`` in the environment the block stays as it is.
    """
    if MEASURE in os.environ:
        print(command, file=sys.stderr)
        print_code(_run(command))
    else:
        import cog  # type: ignore[import-not-found]  # cog makes this module while it runs

        print(cog.previous, end="")


def entry_point(words: list[str]) -> tuple[click.Command | None, list[str]]:
    """The click command that a command line starts, and the arguments for it.

    The command is None for a module without one.

    Raises:
        LookupError: there is no such module or command.
    """
    if words[0] == "concurbench":
        return import_module("concurbench.cli").main, words[1:]
    if words[:2] != ["python", "-m"]:
        raise LookupError(f"{shlex.join(words)}: expected concurbench or python -m")
    name = words[2]
    if find_spec(name) is None:
        raise LookupError(f"no module {name}")
    if name.partition(".")[0] not in OURS:
        return None, words[3:]
    if hasattr(import_module(name), "__path__"):
        name += ".__main__"
        if find_spec(name) is None:
            raise LookupError(f"no module {name}")
    main = getattr(import_module(name), "main", None)
    return (main if isinstance(main, click.Command) else None), words[3:]


def _printed(command: str) -> str:
    """The output of a command of this project, run in this process."""
    words = shlex.split(command)
    main, arguments = entry_point(words)
    if main is None:
        raise LookupError(f"{command}: this module has no click command")
    name = shlex.join(words[: len(words) - len(arguments)])  # what the help calls the program
    result = CliRunner().invoke(main, arguments, prog_name=name, catch_exceptions=False)
    if result.exit_code not in VERDICTS:
        raise RuntimeError(f"{command}: exit code {result.exit_code}: {result.output.strip()}")
    return result.stdout


def _run(command: str) -> str:
    """The output of a Python program, run in a separate process."""
    python, *arguments = shlex.split(command)
    if python != "python":
        raise LookupError(f"{command}: expected python")
    environ = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environ, stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"{command}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def print_code(text: str) -> None:
    """Print a block of code."""
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    print("\n".join(["```text", *lines, "```"]))
