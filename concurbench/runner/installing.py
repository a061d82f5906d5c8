"""Commands that make an environment: run quietly, and told in one sentence where they fail."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from concurbench.errors import ConcurbenchError

MISSING = re.compile(r"no matching distributions available for your environment:\n((?: +\S+\n)+)")
"""What pip says of packages that a constraint names and that this interpreter cannot have."""


UNREACHABLE = re.compile(
    r"Retrying \(|Failed to establish a new connection|Connection(?:Error|Refused)"
)
"""What pip says where the index does not answer: then nobody knows what can be had."""

NOT_FOUND = re.compile(r"ERROR: (Could not find a version .*|No matching distribution .*)")


class EnvironmentFailed(ConcurbenchError):
    """It could not be made; the message says why in one sentence."""


class Unreachable(EnvironmentFailed):
    """The package index did not answer."""


def run(
    command: list[str], folder: Path, log: Path, environ: Mapping[str, str], told: str | None = None
) -> None:
    """Run a command in this folder, what it says into ``log``; ``told`` is what to call it.

    Raises:
        EnvironmentFailed: it does not start or fails; with the line that says best why.
        Unreachable: it is pip, and the package index does not answer.
    """
    with log.open("a+", encoding="utf-8", errors="replace") as file:
        start = file.tell()
        try:
            done = subprocess.run(
                command, cwd=folder, env=environ, stdin=subprocess.DEVNULL,
                stdout=file, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        except OSError as error:
            raise EnvironmentFailed(f"{command[0]} does not start: {error.strerror}") from None
    if done.returncode:
        with log.open(encoding="utf-8", errors="replace") as file:
            file.seek(start)
            said = file.read()
        what = told or " ".join(["python", *command[1:4]])
        if UNREACHABLE.search(said):
            raise Unreachable(f"{what}: the package index does not answer: try again with a network")
        raise EnvironmentFailed(f"{what}: exit {done.returncode}: {reason(said)}")


def reason(said: str) -> str:
    """Of all that pip said, what tells best why it failed."""
    if missing := MISSING.search(said):
        return f"no distribution of {', '.join(missing[1].split())} for this interpreter"
    if found := NOT_FOUND.search(said):
        return found[1]
    lines = said.strip().splitlines()
    errors = [line for line in lines if line.startswith("ERROR")] or lines or ["it said nothing"]
    return errors[-1].removeprefix("ERROR: ")
