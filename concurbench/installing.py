"""Commands that make an environment: run quietly, and told in one sentence where they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


class EnvironmentFailed(Exception):
    """It could not be made; the message says why in one sentence."""


def run(
    command: list[str], folder: Path, log: Path, environ: Mapping[str, str], told: str | None = None
) -> None:
    with log.open("a+", encoding="utf-8", errors="replace") as file:
        try:
            done = subprocess.run(
                command, cwd=folder, env=environ, stdin=subprocess.DEVNULL,
                stdout=file, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        except OSError as error:
            raise EnvironmentFailed(f"{command[0]} does not start: {error.strerror}") from None
    if done.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        errors = [line for line in lines if line.startswith("ERROR")] or lines or ["it said nothing"]
        what = told or " ".join(["python", *command[1:4]])
        raise EnvironmentFailed(f"{what}: exit {done.returncode}: {errors[-1].removeprefix('ERROR: ')}")
