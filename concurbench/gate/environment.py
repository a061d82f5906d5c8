"""The Python environments that the two sides run in.

Both use the one at hand where they declare the same dependencies. Otherwise each gets one of its own,
cached under what it declares; so it does where a setup command is to run, for that may install
anything.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from concurbench.pyproject import declared, requirements
from concurbench.runner.installing import run


@dataclass(frozen=True)
class Environment:
    """An interpreter to run a side with."""

    python: str
    own: bool
    """Whether it is this side's alone: what it holds of the project is this side's then."""

    @property
    def folder(self) -> Path:
        return Path(self.python).parent.parent

    def environ(self) -> dict[str, str]:
        """What a process in it needs beside its interpreter."""
        search = os.pathsep.join([str(Path(self.python).parent), os.environ.get("PATH", os.defpath)])
        return {"PATH": search, "VIRTUAL_ENV": str(self.folder)} if self.own else {"PATH": search}


def create(python: str, folder: Path, key: str, log: Path, environ: Mapping[str, str]) -> Environment:
    """An environment for the project in this folder, made with this interpreter; the cached one where
    there is one for the same declarations and ``key``. pip runs with ``environ``, into ``log``.

    Raises:
        EnvironmentFailed: with the last line of what pip said.
    """
    identity = json.dumps([os.path.realpath(python), declared(folder), key, *_pins()])
    name = hashlib.sha256(identity.encode()).hexdigest()[:16]
    place = Path(platformdirs.user_cache_dir("concurbench")) / "environments" / name
    environment = Environment(str(place / "bin" / "python"), own=True)
    ready = place / "ready"
    if ready.exists():
        return environment
    shutil.rmtree(place, ignore_errors=True)
    run([python, "-m", "venv", str(place)], folder, log, environ)
    constraints = [f"--constraint={path}" for path in sorted(folder.glob("constraints*.txt"))]
    pip = [environment.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, *constraints, *requirements(folder)], folder, log, environ)
    if not _has_benchmarks(environment.python):
        run([*pip, *_pins()], folder, log, environ)
    ready.touch()
    return environment


def set_up(
    command: str, environment: Environment, folder: Path, log: Path, environ: Mapping[str, str]
) -> None:
    """Run the user's command in a side's checkout and environment.

    Raises:
        EnvironmentFailed: with the last line of what it said.
    """
    run(["/bin/sh", "-c", command], folder, log, {**environ, **environment.environ()}, told=command)


def _pins() -> list[str]:
    """The pytest and pytest-benchmark of this environment: for a project that names none."""
    return [f"{name}=={importlib.metadata.version(name)}" for name in ("pytest", "pytest-benchmark")]


def _has_benchmarks(python: str) -> bool:
    asked = [python, "-c", "import pytest_benchmark"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0
