"""Make the environment of one interpreter, as make does for ``PYTHON=3.13t``:
``python -m concurbench.matrix.environment 3.13t``."""

from __future__ import annotations

from pathlib import Path

import click

from concurbench import pyproject
from concurbench.command import Command
from concurbench.matrix.interpreters import named
from concurbench.runner.environments import ensure, packages, place


@click.command(cls=Command)
@click.argument("python")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where to make it.")
def main(python: str, folder: Path | None) -> None:
    """Make the environment of an interpreter for the project in the current folder.

    PYTHON is a name as 3.13t or python3.13t, a command or a path.
    """
    here = Path.cwd()
    interpreter = named(python, pyproject.requires_python(here))
    version, into = interpreter.full_version, folder or place(here, interpreter.name)
    made = ensure(interpreter.path, version, into, here, packages(here), click.echo)
    if made.note:
        click.echo(f"Python {version}: {made.note}")


if __name__ == "__main__":
    main()
