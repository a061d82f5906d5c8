"""Environments made by uv: one for each interpreter of a matrix, and cached ones for a gate.

For a matrix, third-party packages come as wheels only, apart from those that a project names: a build
can take longer than all measurements, and needs compilers and headers. An optional package without a
wheel costs the rows that need it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import platformdirs

from concurbench import pyproject
from concurbench.errors import ConcurbenchError
from concurbench.results.storage import write_atomic

PINNED = ("pytest", "pytest-benchmark")
"""What each environment has in the version of this one, unless the project installs another."""

STAMP = "concurbench.txt"
"""The file in an environment that says for what it was made, and then what is missing."""

UNWANTED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""Variables of the current environment that would reach into the one that uv makes."""

UNREACHABLE = re.compile(r"Request failed|Failed to fetch|client error|network was disabled")
"""What uv prints if the package index does not answer."""

UNSOLVABLE = "No solution found"
"""What uv prints if a package has no version, or no wheel, that fits."""


class EnvironmentFailed(ConcurbenchError):
    """An environment could not be made; one sentence says why. A matrix goes on without it."""


class NoWheel(EnvironmentFailed):
    """A package has no wheel for this interpreter."""


@dataclass(frozen=True)
class Environment:
    """An interpreter with packages."""

    python: Path
    own: bool = True
    """Whether it was made for the project, not found."""
    missing: tuple[str, ...] = ()
    """Optional packages without a wheel for this interpreter."""

    @property
    def folder(self) -> Path:
        return self.python.parents[1]

    @property
    def note(self) -> str:
        """What is missing, and the consequence; empty if nothing is."""
        names = ", ".join(self.missing)
        note = f"no wheel for this interpreter: {names} (rows that need it are skipped)"
        return note if names else ""

    def environ(self) -> dict[str, str]:
        """The variables of an activated environment."""
        search = os.pathsep.join([str(self.python.parent), os.environ.get("PATH", os.defpath)])
        return {"PATH": search, **({"VIRTUAL_ENV": str(self.folder)} if self.own else {})}


@dataclass(frozen=True)
class Packages:
    """What to install, as arguments for ``uv pip install``."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    """Requirements that an environment may lack."""
    options: tuple[str, ...] = ()
    """How both are installed: constraints, wheels only."""


def packages(folder: Path) -> Packages:
    """The project in this folder, editable, with what ``[tool.concurbench.environment]`` in its
    ``pyproject.toml`` says, or else everything for its tests.

    Raises:
        ConcurbenchError: the configuration is not made of lists of extras that exist.
    """
    content = pyproject.read(folder)
    configured = content.get("tool", {}).get("concurbench", {}).get("environment", {})
    extras = content.get("project", {}).get("optional-dependencies", {})
    required = _names(configured.get("required", pyproject.extras_of_tests(content)))
    optional = _names(configured.get("optional", []))
    for name in [*required, *optional]:
        if name not in extras:
            there = ", ".join(extras) or "none"
            raise ConcurbenchError(f"pyproject.toml has no extra {name!r}; it has: {there}")
    project = []
    if "project" in content or (folder / "setup.py").exists():
        # Its dependencies alone would do for pytest, but not for the processes that a benchmark starts.
        with_extras = f"[{','.join(required)}]" if required else ""
        project = ["-e", f".{with_extras}", *pyproject.group_options(content)]
    from_source = [f"--no-binary={name}" for name in _names(configured.get("from_source", []))]
    return Packages(
        required=tuple(project),
        optional=tuple(dict.fromkeys(each for name in optional for each in extras[name])),
        options=("--only-binary=:all:", *from_source, *_constraints(folder)),
    )


def dependencies(folder: Path) -> Packages:
    """The dependencies of the project in this folder and of its tests, without the project itself."""
    content = pyproject.read(folder)
    required: list[str] = []
    if "project" in content:
        extras = [f"--extra={name}" for name in pyproject.extras_of_tests(content)]
        required = ["-r", "pyproject.toml", *extras, *pyproject.group_options(content)]
    elif any((folder / name).exists() for name in ("pyproject.toml", "setup.py")):
        required = ["."]
    return Packages(tuple(required), options=tuple(_constraints(folder)))


def place(folder: Path, name: str) -> Path:
    """The folder of an interpreter's environment in a project."""
    return folder / f".venv-{name}"


def ensure(
    python: str | Path, version: str, into: Path, folder: Path, what: Packages,
    on_step: Callable[[str], object] = lambda _: None, environ: Mapping[str, str] = os.environ,
) -> Environment:  # fmt: skip
    """The environment in the folder ``into`` for the project in ``folder``. It is made again if it is
    out of date; the one that this process runs in is only completed.

    Args:
        version: the full version and build of the interpreter.
        on_step: called with a line before it is made.
        environ: the environment in which uv runs.

    Raises:
        EnvironmentFailed: it could not be made.
    """
    identity = _identity(version, folder, what)
    made, stamp = into / "bin/python", into / STAMP
    stamped = stamp.read_text(encoding="utf-8").splitlines() if stamp.exists() else []
    if stamped[:1] == [identity] and made.exists():
        return Environment(made, missing=tuple(stamped[1:]))
    if into.resolve() != Path(sys.prefix).resolve():
        on_step(f"making {into.name} with Python {version}")
        clear = ["--clear"] if (into / "pyvenv.cfg").exists() else []
        # With pip, which users and their setup commands expect in an environment.
        uv("venv", "--seed", *clear, "--python", str(python), str(into), folder=folder, environ=environ)
    missing = _install(made, what, folder, environ)
    write_atomic(stamp, "\n".join([identity, *missing]))
    return Environment(made, missing=tuple(missing))


def cached(python: str, folder: Path, key: str, environ: Mapping[str, str]) -> Environment:
    """An environment with the dependencies of the project in this folder; from the cache if one was
    made for the same interpreter, declarations, and ``key``.

    Args:
        environ: the environment in which uv runs.

    Raises:
        EnvironmentFailed: it could not be made.
    """
    what, version = dependencies(folder), f"{os.path.realpath(python)} {key}"
    name = _identity(version, folder, what)
    into = Path(platformdirs.user_cache_dir("concurbench")) / "environments" / name
    return ensure(python, version, into, folder, what, environ=environ)


def set_up(command: str, environment: Environment, folder: Path, environ: Mapping[str, str]) -> None:
    """Run the user's command in the folder and environment of an arm.

    Raises:
        EnvironmentFailed: it failed, with the last line of its output.
    """
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env={**environ, **environment.environ()}, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    )  # fmt: skip
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no output"])[-1]
        raise EnvironmentFailed(f"{command}: exit {done.returncode}: {last}")


def uv(*arguments: str, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Run uv in a folder.

    Raises:
        ConcurbenchError: there is no uv.
        NoWheel: a package has no version or wheel that fits.
        EnvironmentFailed: it failed for another reason.
    """
    try:
        from uv import find_uv_bin
    except ImportError:
        raise ConcurbenchError(
            "uv is not installed; it makes the environments: pip install uv"
        ) from None
    done = subprocess.run(
        [find_uv_bin(), "--color=never", "--no-progress", *arguments], cwd=folder,
        env={name: value for name, value in environ.items() if name not in UNWANTED}, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, errors="replace",
    )  # fmt: skip
    if done.returncode == 0:
        return
    what = " ".join(["uv", *arguments[:2]])
    if UNREACHABLE.search(done.stderr):
        raise EnvironmentFailed(
            f"{what}: the package index does not answer: try again with a network "
            "(uv reads UV_DEFAULT_INDEX, not pip's configuration)"
        )
    kind = NoWheel if UNSOLVABLE in done.stderr else EnvironmentFailed
    raise kind(f"{what}: {_reason(done.stderr)}")


def _reason(output: str) -> str:
    """The last cause that uv prints, or else its last error, or else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for start in ("cause: ", "error: ", ""):
        for line in reversed(lines):
            if line.startswith(start):
                return line.removeprefix(start)
    return "no output"


def _install(python: Path, what: Packages, folder: Path, environ: Mapping[str, str]) -> list[str]:
    """Install the packages, and what is missing then of ``PINNED``; the names of the optional packages
    without a wheel."""

    def pip(command: str, *arguments: str) -> None:
        uv("pip", command, "--python", str(python), *arguments, folder=folder, environ=environ)

    if what.required:
        pip("install", *what.options, *what.required)
    for name, pinned in zip(PINNED, _pins(), strict=True):
        try:
            pip("show", name)
        except EnvironmentFailed:
            pip("install", pinned)
    missing = []
    for each in what.optional:
        try:
            pip("install", *what.options, each)
        except NoWheel:
            missing.append(each.partition(";")[0].strip())
    return missing


def _names(value: Any) -> list[str]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise ConcurbenchError(
        "pyproject.toml, [tool.concurbench.environment]: expected required and optional as lists of "
        f"extras, and from_source as a list of packages, got {value!r}"
    )


def _constraints(folder: Path) -> list[str]:
    return [f"--constraint={path.name}" for path in sorted(folder.glob("constraints*.txt"))]


def _pins() -> list[str]:
    return [f"{name}=={importlib.metadata.version(name)}" for name in PINNED]


def _identity(version: str, folder: Path, what: Packages) -> str:
    """A digest of what an environment is made of; one of another identity is out of date."""
    parts = [version, pyproject.declared(folder), astuple(what), _pins()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
