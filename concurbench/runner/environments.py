"""Environments made by uv: one for each interpreter of a matrix, and cached ones for a gate.

For a matrix, third-party packages come as wheels only, apart from those that a project names: a build
can take longer than all measurements, and needs compilers and headers. An optional package without a
wheel costs the rows that need it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from concurbench import pyproject
from concurbench.errors import ConcurbenchError
from concurbench.results.storage import write_atomic

PINNED = ("pytest", "pytest-benchmark")
"""What each environment has in the version of this one, unless the project installs another."""

STAMP = "concurbench.json"
"""The file in an environment that says for what it was made."""

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
    name: str = ""
    """Where a command uses several: the interpreter's minor version and build, as in ``3.13t``."""
    own: bool = True
    """Whether it was made for the project; otherwise it is one that was there."""
    missing: tuple[str, ...] = ()
    """Optional packages without a wheel for this interpreter."""

    @property
    def folder(self) -> Path:
        return self.python.parents[1]

    @property
    def note(self) -> str:
        """What is missing, and the consequence; empty if nothing is."""
        if not self.missing:
            return ""
        names = ", ".join(self.missing)
        return f"no wheel for this interpreter: {names} (rows that need it are skipped)"

    def environ(self) -> dict[str, str]:
        """The variables of an activated environment."""
        search = os.pathsep.join([str(self.python.parent), os.environ.get("PATH", os.defpath)])
        return {"PATH": search, **({"VIRTUAL_ENV": str(self.folder)} if self.own else {})}


@dataclass(frozen=True)
class Requirements:
    """The packages of a project's environments."""

    required: tuple[str, ...]
    """Arguments for ``uv pip install``: the project itself, editable, with extras and groups."""
    optional: tuple[str, ...]
    """Requirements that an environment may lack."""
    options: tuple[str, ...]
    """How both are installed: constraints, wheels only."""
    identity: str
    """A digest of all this; an environment of another identity is out of date."""


def wanted(folder: Path, extras: Sequence[str] | None = None) -> Requirements:
    """What to install for the project in this folder: what ``[tool.concurbench.environment]`` in its
    ``pyproject.toml`` says, or else everything for its tests.

    Args:
        extras: required in place of those that the project configures.

    Raises:
        ConcurbenchError: the configuration is not made of lists of extras that exist.
    """
    content = pyproject.read(folder)
    configured = content.get("tool", {}).get("concurbench", {}).get("environment", {})
    known = content.get("project", {}).get("optional-dependencies", {})
    required = _names(configured.get("required", pyproject.extras_of_tests(content)))
    optional = _names(configured.get("optional", []))
    from_source = _names(configured.get("from_source", []))
    for name in [*required, *optional, *(extras or ())]:
        if name not in known:
            there = ", ".join(known) or "none"
            raise ConcurbenchError(f"pyproject.toml has no extra {name!r}; it has: {there}")
    arguments = []
    if "project" in content or (folder / "setup.py").exists():
        # Its dependencies alone would do for pytest, but not for the processes that a benchmark starts.
        with_extras = f"[{','.join(extras or required)}]" if extras or required else ""
        arguments = ["-e", f".{with_extras}", *pyproject.group_options(content)]
    packages = [each for name in optional for each in pyproject.extra(content, name)]
    options = ["--only-binary=:all:", *(f"--no-binary={name}" for name in from_source)]
    options += [f"--constraint={path.name}" for path in sorted(folder.glob("constraints*.txt"))]
    parts = [pyproject.declared(folder), arguments, packages, options]
    return Requirements(
        required=tuple(arguments),
        optional=tuple(dict.fromkeys(packages)),
        options=tuple(options),
        identity=_digest(parts),
    )


def _names(value: Any) -> list[str]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise ConcurbenchError(
        "pyproject.toml, [tool.concurbench.environment]: expected required and optional as lists of "
        f"extras, and from_source as a list of packages, got {value!r}"
    )


def place(folder: Path, name: str) -> Path:
    """The folder of an interpreter's environment in a project."""
    return folder / f".venv-{name}"


def ensure(
    interpreter: Path, version: str, into: Path, folder: Path, what: Requirements,
    on_step: Callable[[str], None],
) -> Environment:  # fmt: skip
    """The environment in the folder ``into`` for the project in ``folder``. It is made again if it is
    out of date; the one that this process runs in is only completed.

    Args:
        version: the full version and build of the interpreter.
        on_step: called with a line before it is made.

    Raises:
        EnvironmentFailed: it could not be made.
    """
    python = _python(into)
    identity = f"{version} {what.identity}"
    stamp = _read(into / STAMP)
    if stamp.get("identity") == identity and python.exists():
        return Environment(python, missing=tuple(stamp["missing"]))
    if into.resolve() != Path(sys.prefix).resolve():
        _check_replaceable(into)
        on_step(f"making {into.name} with Python {version}")
        _make(str(interpreter), into, folder)
    _install(python, [*what.options, *what.required], folder)
    missing = _install_optional(python, what, folder)
    write_atomic(into / STAMP, json.dumps({"identity": identity, "missing": missing}))
    return Environment(python, missing=tuple(missing))


def cached(python: str, folder: Path, key: str, environ: Mapping[str, str]) -> Environment:
    """An environment for the project in this folder, without the project itself; from the cache if one
    was made for the same interpreter, declarations, and ``key``.

    Args:
        environ: the environment in which uv runs.

    Raises:
        EnvironmentFailed: it could not be made.
    """
    name = _digest([os.path.realpath(python), pyproject.declared(folder), key, _pins(PINNED)])
    into = Path(platformdirs.user_cache_dir("concurbench")) / "environments" / name
    environment = Environment(_python(into))
    ready = into / "ready"
    if not ready.exists():
        shutil.rmtree(into, ignore_errors=True)
        _make(python, into, folder, environ)
        constraints = [f"--constraint={path.name}" for path in sorted(folder.glob("constraints*.txt"))]
        _install(environment.python, [*constraints, *_dependencies(folder)], folder, environ)
        ready.touch()
    return environment


def _dependencies(folder: Path) -> list[str]:
    """Arguments for ``uv pip install``: a project's dependencies and those of its tests."""
    content = pyproject.read(folder)
    if "project" in content:
        extras = [f"--extra={name}" for name in pyproject.extras_of_tests(content)]
        return ["-r", "pyproject.toml", *extras, *pyproject.group_options(content)]
    packaged = any((folder / name).exists() for name in ("pyproject.toml", "setup.py"))
    return ["."] if packaged else []


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


def uv(*arguments: str, folder: Path, environ: Mapping[str, str] | None = None) -> None:
    """Run uv in a folder.

    Raises:
        ConcurbenchError: there is no uv.
        NoWheel: a package has no version or wheel that fits.
        EnvironmentFailed: it failed for another reason.
    """
    environ = {name: value for name, value in (environ or os.environ).items() if name not in UNWANTED}
    command = [_uv(), "--color=never", "--no-progress", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environ, check=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
    )  # fmt: skip
    if done.returncode:
        what = " ".join(["uv", *arguments[:2]])
        if UNREACHABLE.search(done.stderr):
            raise EnvironmentFailed(
                f"{what}: the package index does not answer: try again with a network "
                "(uv reads UV_DEFAULT_INDEX, not pip's configuration)"
            )
        kind = NoWheel if UNSOLVABLE in done.stderr else EnvironmentFailed
        raise kind(f"{what}: {reason(done.stderr)}")


def reason(output: str) -> str:
    """The part of uv's output that says best why it failed."""
    if match := re.search(r"cause: Because (.+?)(?: and you require|, we can conclude)", output):
        return match[1]
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
    return ": ".join([*errors[-1:], *causes[-1:]]) or (lines or ["no output"])[-1]


def _uv() -> str:
    if importlib.util.find_spec("uv") is not None:
        from uv import find_uv_bin

        return str(find_uv_bin())
    if (found := shutil.which("uv")) is None:
        raise ConcurbenchError("uv is not installed; it makes the environments: pip install uv")
    return found


def _make(python: str, into: Path, folder: Path, environ: Mapping[str, str] | None = None) -> None:
    # With pip, which users and their setup commands expect in an environment.
    uv("venv", "--seed", "--clear", "--python", python, str(into), folder=folder, environ=environ)


def _install(
    python: Path, arguments: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
) -> None:
    """Install this, and what is missing then of pytest and pytest-benchmark."""
    pip = ("pip", "install", "--python", str(python))
    if any(not argument.startswith("--") for argument in arguments):
        uv(*pip, *arguments, folder=folder, environ=environ)
    missing = []
    for name in PINNED:
        try:
            uv("pip", "show", "--python", str(python), name, folder=folder, environ=environ)
        except EnvironmentFailed:
            missing.append(name)
    if missing:
        uv(*pip, *_pins(missing), folder=folder, environ=environ)


def _install_optional(python: Path, what: Requirements, folder: Path) -> list[str]:
    """Install the optional packages that have wheels; the names of the others."""
    pip = ("pip", "install", "--python", str(python), *what.options)
    missing = []
    if what.optional:
        try:
            uv(*pip, *what.optional, folder=folder)
        except NoWheel:
            for each in what.optional:
                try:
                    uv(*pip, each, folder=folder)
                except NoWheel:
                    missing.append(each.partition(";")[0].strip())
    return missing


def _python(into: Path) -> Path:
    return into / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _pins(names: Sequence[str]) -> list[str]:
    return [f"{name}=={importlib.metadata.version(name)}" for name in names]


def _digest(parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _check_replaceable(into: Path) -> None:
    empty = not into.exists() or (into.is_dir() and not any(into.iterdir()))
    if not empty and not (into / "pyvenv.cfg").exists():
        raise EnvironmentFailed(
            f"{into} exists and is not an environment: remove it, or name another folder"
        )


def _read(stamp: Path) -> dict[str, Any]:
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("missing"), list) else {}
