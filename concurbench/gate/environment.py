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
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

TEST_EXTRAS = frozenset(("test", "tests", "testing", "dev", "bench", "benchmark", "benchmarks"))
"""Extras and dependency groups of these names are installed with a project's own dependencies."""

FILES = ("requirements*.txt", "requirements/*.txt", "constraints*.txt", "setup.py", "setup.cfg")
"""What declares dependencies beside ``pyproject.toml``."""


class EnvironmentFailed(Exception):
    """It could not be made; the message says why in one sentence."""


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


def declared(folder: Path) -> str:
    """All that a project says about what it needs, in one text to compare."""
    content = _pyproject(folder)
    project = content.get("project", {})
    said = {
        "project": {
            name: project.get(name)
            for name in ("requires-python", "dependencies", "optional-dependencies")
        },
        "groups": content.get("dependency-groups"),
        "build": content.get("build-system"),
        "poetry": {
            name: value
            for name, value in content.get("tool", {}).get("poetry", {}).items()
            if name in ("dependencies", "group", "extras")
        },
        "files": {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
            for pattern in FILES
            for path in sorted(folder.glob(pattern))
        },
    }
    return json.dumps(said, sort_keys=True)


def requirements(folder: Path) -> list[str]:
    """What pip is to install for a project's benchmarks: its dependencies, and those for its tests,
    without the project itself as far as it says so in ``pyproject.toml``."""
    content = _pyproject(folder)
    project = content.get("project", {})
    if "dependencies" in project.get("dynamic", []) or not project:
        return [str(folder)]
    name = canonicalize_name(project.get("name", ""))
    extras = project.get("optional-dependencies", {})
    wanted = list(project.get("dependencies", []))
    for extra in sorted(extras.keys() & TEST_EXTRAS):
        wanted += extras[extra]
    groups = content.get("dependency-groups", {})
    for group in sorted(groups.keys() & TEST_EXTRAS):
        wanted += _group(groups, group)
    return list(dict.fromkeys(_without_itself(wanted, name, extras)))


def _group(groups: Mapping[str, list[Any]], name: str) -> Iterator[str]:
    for entry in groups.get(name, []):
        if isinstance(entry, str):
            yield entry
        else:
            yield from _group(groups, entry.get("include-group", ""))


def _without_itself(wanted: list[str], name: str, extras: Mapping[str, list[str]]) -> Iterator[str]:
    for text in wanted:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield text  # pip will say what is wrong with it
            continue
        if canonicalize_name(requirement.name) != name:
            yield text
        for extra in requirement.extras if canonicalize_name(requirement.name) == name else ():
            yield from _without_itself(extras.get(extra, []), name, extras)


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
    _run([python, "-m", "venv", str(place)], folder, log, environ)
    constraints = [f"--constraint={path}" for path in sorted(folder.glob("constraints*.txt"))]
    pip = [environment.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, *constraints, *requirements(folder)], folder, log, environ)
    if not _has_benchmarks(environment.python):
        _run([*pip, *_pins()], folder, log, environ)
    ready.touch()
    return environment


def set_up(
    command: str, environment: Environment, folder: Path, log: Path, environ: Mapping[str, str]
) -> None:
    """Run the user's command in a side's checkout and environment.

    Raises:
        EnvironmentFailed: with the last line of what it said.
    """
    _run(["/bin/sh", "-c", command], folder, log, {**environ, **environment.environ()}, told=command)


def _pins() -> list[str]:
    """The pytest and pytest-benchmark of this environment: for a project that names none."""
    return [f"{name}=={importlib.metadata.version(name)}" for name in ("pytest", "pytest-benchmark")]


def _has_benchmarks(python: str) -> bool:
    asked = [python, "-c", "import pytest_benchmark"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _run(
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


def _pyproject(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
