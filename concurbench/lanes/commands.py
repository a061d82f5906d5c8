"""The commands ``interpreters`` and ``environment``, and ``matrix``, which measures over all lanes."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from pathlib import Path

import click
from rich.table import Table

from concurbench import project
from concurbench.command import Cannot, show


def check_requirements() -> None:
    """One sentence where something is missing that only these commands need."""
    for package in ("findpython", "virtualenv"):
        if importlib.util.find_spec(package) is None:
            raise Cannot(f"this needs {package}: pip install 'concurbench[lanes]'")


def needed(folder: Path) -> str:
    """The versions of Python that a project runs on; ours, where it does not say."""
    said = project.read(folder).get("project", {}).get("requires-python")
    return str(said or importlib.metadata.metadata("concurbench")["Requires-Python"])


@click.command("interpreters")
@click.option("--names", is_flag=True, help="Only the names of those a matrix would take, one a line.")
def interpreters(names: bool) -> None:
    """Which Pythons are here, and which of them would make a lane?

    \b
    Examples: concurbench interpreters
              for python in $(concurbench interpreters --names); do make test PYTHON=$python; done
    """
    check_requirements()
    from concurbench.lanes.interpreters import find

    found = find(needed(Path.cwd()))
    if names:
        click.echo("".join(f"{each.name}\n" for each in found.taken), nl=False)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("lane", "version", "interpreter"):
        table.add_column(heading, overflow="fold")
    for each in found.taken:
        table.add_row(each.name, each.told, str(each.path))
    for each, why in found.passed_over:
        table.add_row("–", each.told, f"{each.path} ({why})", style="dim")
    show(table)


@click.command("environment")
@click.argument("python", required=False)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to make it. [default: .venv- and the lane's name]",
)
@click.option(
    "--extra",
    "extras",
    multiple=True,
    metavar="NAME",
    help="An extra of the project that it must have, in place of those configured.",
)
def environment(python: str | None, folder: Path | None, extras: tuple[str, ...]) -> None:
    """Make the environment of a lane: one for PYTHON, with what the project here needs.

    PYTHON is a name as in 3.13t or python3.13t, a command or a path. Without it, the environment that
    this command runs in is completed. What is there and right stays.

    Packages come as wheels only. Those of the extras that pyproject.toml calls optional, under
    [tool.concurbench.environment], may be missing: that costs the rows that need them.

    \b
    Examples: concurbench environment 3.13t
              concurbench environment /opt/python/bin/python3 --folder .venv-mine
    """
    check_requirements()
    from concurbench.installing import EnvironmentFailed
    from concurbench.lanes import environments
    from concurbench.lanes.interpreters import NoSuchInterpreter, ask, named

    here = Path.cwd()
    try:
        wanted = environments.wanted(here, extras)
        if python is None:
            interpreter = ask(sys.executable)
            assert interpreter is not None, sys.executable
            into = folder or Path(sys.prefix)
        else:
            interpreter = named(python, needed(here))
            into = folder or environments.place(here, interpreter.name)
        made = environments.ensure(interpreter, into, here, wanted, lambda line: click.echo(line))
    except (NoSuchInterpreter, EnvironmentFailed) as error:
        raise Cannot(str(error)) from None
    except OSError as error:
        raise Cannot(f"{error.filename}: {error.strerror}") from None
    if made.missing:
        click.echo(f"Python {interpreter.told}: {made.told}")
