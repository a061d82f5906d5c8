"""An environment for each interpreter: what cannot do without must be there, what can may be missing.

Third-party packages come as wheels only, but for those that a project names: to build one can take
longer than all the measurements, and needs compilers and headers that nobody should have to have. A
package without a wheel for an interpreter costs the rows that need it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from concurbench import pyproject
from concurbench.results.storage import write_atomic
from concurbench.runner.installing import EnvironmentFailed, Unreachable, run
from concurbench.runner.interpreters import Interpreter

PINNED = ("pytest", "pytest-benchmark")
"""What every lane has in this very version, unless the project says otherwise."""

STAMP = "concurbench.json"
"""The file in an environment that says what was put into it."""

Run = Callable[[list[str], str], None]
"""Runs a command, given what to call it; raises EnvironmentFailed."""


@dataclass(frozen=True)
class Wanted:
    """What a project's environments are to hold."""

    required: tuple[str, ...]
    """What pip takes, in one go: the project itself, editable, and requirements."""
    optional: tuple[str, ...]
    """Requirements that a lane can do without."""
    constraints: tuple[str, ...]
    from_source: tuple[str, ...]
    """Packages that may be built: the others come as wheels, or not at all."""
    identity: str
    """What tells whether an environment is still right."""


@dataclass(frozen=True)
class Made:
    """An environment as it is."""

    python: Path
    missing: Mapping[str, str]
    """Optional package -> why it could not be had."""

    @property
    def told(self) -> str:
        """What could not be had and what follows, in one line; empty where nothing is missing."""
        if not self.missing:
            return ""
        names = ", ".join(self.missing)
        return f"not to be had as a wheel: {names}; rows that need one of them are skipped"


def wanted(folder: Path, extras: Sequence[str] | None = None) -> Wanted:
    """What to install for the project in this folder: as ``[tool.concurbench.environment]`` in its
    ``pyproject.toml`` says, or else everything for its tests. ``extras`` are required in place of those
    that it names, without what is optional.

    Raises:
        EnvironmentFailed: what it says are no lists of extras that there are.
    """
    content = pyproject.read(folder)
    said = content.get("tool", {}).get("concurbench", {}).get("environment", {})
    known = content.get("project", {}).get("optional-dependencies", {})
    needed = said.get("required", sorted(known.keys() & pyproject.TEST_EXTRAS))
    optional = said.get("optional", [])
    from_source = _names(said.get("from_source", []))
    for name in [*_names(needed), *_names(optional), *(extras or ())]:
        if name not in known:
            there = ", ".join(known) or "none"
            raise EnvironmentFailed(f"pyproject.toml has no extra {name!r}; there are: {there}")
    optional_packages = [each for name in optional for each in pyproject.extra(content, name)]
    extra_packages = [each for name in extras or needed for each in pyproject.extra(content, name)]
    required = [*extra_packages, *pyproject.test_groups(content), *_pins(content)]
    required = [each for each in dict.fromkeys(required) if each not in optional_packages]
    if "project" in content or (folder / "setup.py").exists():
        # Only the dependencies would do for pytest, but not for the processes that a benchmark starts.
        required = ["-e", ".", *required]
    parts = [pyproject.declared(folder), required, optional_packages, from_source]
    return Wanted(
        required=tuple(required),
        optional=tuple(dict.fromkeys(optional_packages)),
        constraints=tuple(path.name for path in sorted(folder.glob("constraints*.txt"))),
        from_source=tuple(from_source),
        identity=hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16],
    )


def _names(said: Any) -> list[str]:
    if isinstance(said, list) and all(isinstance(each, str) for each in said):
        return said
    raise EnvironmentFailed(
        "pyproject.toml, [tool.concurbench.environment]: required and optional are lists of extras, "
        f"from_source of packages, "
        f"not {said!r}"
    )


def _pins(content: Mapping[str, Any]) -> list[str]:
    # A project that names them knows better, and its constraints may.
    text = json.dumps([content.get("project"), content.get("dependency-groups")])
    return [f"{name}=={importlib.metadata.version(name)}" for name in PINNED if f'"{name}' not in text]


def place(folder: Path, name: str) -> Path:
    """The folder of a lane's environment in a project."""
    return folder / f".venv-{name}"


def ensure(
    interpreter: Interpreter,
    into: Path,
    folder: Path,
    what: Wanted,
    tell: Callable[[str], None],
    run: Run | None = None,
) -> Made:
    """The environment in the folder ``into`` for the project in ``folder``; made anew unless it is
    there and right. One that this very process runs in is completed.

    Raises:
        EnvironmentFailed: it could not be made.
    """
    python = into / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    identity = f"{interpreter.told} {what.identity}"
    stamp = _read(into / STAMP)
    if stamp.get("identity") == identity and python.exists():
        return Made(python, stamp["missing"])
    with tempfile.TemporaryDirectory(prefix="concurbench-") as temporary:
        run = run or _runner(folder, Path(temporary) / "log")
        if into.resolve() != Path(sys.prefix).resolve():
            _check_is_environment(into)
            tell(f"making {into.name} with Python {interpreter.told}")
            make = [sys.executable, "-m", "virtualenv", "--quiet", "--clear"]
            run([*make, "--python", str(interpreter.path), str(into)], "virtualenv")
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
        pip += ["--only-binary=:all:", *(f"--constraint={name}" for name in what.constraints)]
        pip += [f"--no-binary={name}" for name in what.from_source]
        run([*pip, *what.required], "pip install")
        made = Made(python, _optional(pip, what.optional, run))
    write_atomic(into / STAMP, json.dumps({"identity": identity, **asdict(made)}, default=str))
    return made


def _optional(pip: list[str], packages: Sequence[str], run: Run) -> dict[str, str]:
    """Install what can be had; what cannot, with the reason."""
    if not packages:
        return {}
    try:
        run([*pip, *packages], "pip install")
    except Unreachable:
        raise
    except EnvironmentFailed:
        missing = {}
        for each in packages:
            try:
                run([*pip, each], "pip install")
            except Unreachable:
                raise  # what cannot be asked for is not missing
            except EnvironmentFailed as error:
                missing[each.partition(";")[0].strip()] = str(error).rpartition(": ")[2]
        return missing
    return {}


def _runner(folder: Path, log: Path) -> Run:
    # Paths and options of the environment we run in are not those of the one that is made.
    unwanted = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_PREFIX", "PIP_TARGET", "PIP_USER")
    environ = {name: value for name, value in os.environ.items() if name not in unwanted}
    return lambda command, told: run(command, folder, log, environ, told)


def _check_is_environment(into: Path) -> None:
    empty = not into.exists() or (into.is_dir() and not any(into.iterdir()))
    if not empty and not (into / "pyvenv.cfg").exists():
        raise EnvironmentFailed(
            f"{into} is there and no environment: remove it, or name another folder"
        )


def _read(stamp: Path) -> dict[str, Any]:
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("missing"), dict) else {}
