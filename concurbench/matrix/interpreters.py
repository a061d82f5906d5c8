"""The interpreters of this machine, and which of them a matrix measures."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from concurbench.errors import ConcurbenchError

FACTS = """
import json, platform, sys, sysconfig
print(json.dumps({
    "path": sys.executable,
    "implementation": platform.python_implementation(),
    "version": platform.python_version().rstrip("+"),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "virtual": sys.prefix != getattr(sys, "base_prefix", sys.prefix),
}))
"""
"""The program in which an interpreter reports on itself."""

NAME = re.compile(r"(python)?\d+\.\d+t?")
"""A minor version and build."""

TIMEOUT = 20.0
"""Seconds an interpreter may take to report on itself."""

MORE = "/opt/*/bin"
"""Folders with interpreters that findpython does not search; it knows PATH, pyenv, asdf, rye and uv."""


@dataclass(frozen=True)
class InstalledInterpreter:
    """A Python that starts."""

    path: Path
    version: Version
    free_threaded: bool
    implementation: str = "CPython"
    virtual: bool = False
    """Whether it belongs to a virtual environment."""

    @property
    def name(self) -> str:
        """Its minor version and build, as in ``3.13t``."""
        return f"{self.version.major}.{self.version.minor}{'t' if self.free_threaded else ''}"

    @property
    def full_version(self) -> str:
        """Its full version and build, as in ``3.13.1t``."""
        return f"{self.version}{'t' if self.free_threaded else ''}"


@dataclass(frozen=True)
class Found:
    """The result of a search."""

    taken: list[InstalledInterpreter]
    """One for each minor version and build, the oldest first."""
    passed_over: list[tuple[InstalledInterpreter, str]] = field(default_factory=list)
    """The others, each with the reason."""


def candidates() -> list[str]:
    """The paths of all files on this machine that look like an interpreter, each file once."""
    from findpython.providers import ALL_PROVIDERS
    from findpython.providers.path import PathProvider

    providers = [each.create() for each in ALL_PROVIDERS.values()]
    more = PathProvider(sorted(Path("/").glob(MORE.lstrip("/"))))
    distinct: dict[tuple[Path, bool], str] = {}
    for provider in filter(None, [*providers, more]):
        for path in (each.executable for each in provider.find_pythons()):
            # The interpreter of a virtual environment is a link to another one, with other packages.
            virtual = (path.parents[1] / "pyvenv.cfg").exists()
            distinct.setdefault((path.resolve(), virtual), str(path))
    return list(distinct.values())


@functools.cache
def inspect(path: str) -> InstalledInterpreter | None:
    """The interpreter at this path; None if there is none that works."""
    try:
        done = subprocess.run(
            [path, "-I", "-c", FACTS], capture_output=True, timeout=TIMEOUT, text=True, check=True
        )
        facts: dict[str, Any] = json.loads(done.stdout)
        where, version = Path(facts.pop("path")), Version(facts.pop("version"))
        return InstalledInterpreter(where, version, **facts)
    except (OSError, subprocess.SubprocessError, ValueError, LookupError):
        return None


def find(needed: str) -> Found:
    """The interpreters of this machine that fit ``needed``, a version specifier such as ``>=3.11``."""
    with ThreadPoolExecutor() as pool:  # some are scripts that search for another, slowly
        answered = [each for each in pool.map(inspect, candidates()) if each is not None]
    # One interpreter has several names.
    distinct = {each.path if each.virtual else each.path.resolve(): each for each in answered}
    taken: dict[str, InstalledInterpreter] = {}
    passed_over = []
    for each in sorted(distinct.values(), key=lambda each: each.version, reverse=True):
        if why := _unfit(each, needed):
            passed_over.append((each, why))
        elif (other := taken.setdefault(each.name, each)) is not each:
            newer = f"{other.full_version} is newer" if other.version > each.version else "found twice"
            passed_over.append((each, newer))
    return Found(sorted(taken.values(), key=_age), sorted(passed_over, key=lambda each: _age(each[0])))


def named(asked: str, needed: str) -> InstalledInterpreter:
    """The interpreter that a user names: by ``3.13t`` or ``python3.13t`` the newest of that minor
    version and build, or a command, or a path.

    Raises:
        ConcurbenchError: there is none, or it does not fit.
    """
    if NAME.fullmatch(asked):
        name, found = asked.removeprefix("python"), {each.name: each for each in find(needed).taken}
        if name in found:
            return found[name]
        raise ConcurbenchError(
            f"no CPython {name} that fits {needed} on this machine; "
            f"there are: {', '.join(found) or 'none'}"
        )
    command = shutil.which(asked)
    interpreter = inspect(command) if command else None
    if interpreter is None:
        raise ConcurbenchError(f"{asked} is not an interpreter: name a version as 3.13t, or a path")
    if interpreter.implementation != "CPython" or not _fits(interpreter, needed):
        described = f"{interpreter.implementation} {interpreter.full_version}"
        raise ConcurbenchError(f"{asked} is {described}, but CPython {needed} is required")
    return interpreter


def _fits(interpreter: InstalledInterpreter, needed: str) -> bool:
    return SpecifierSet(needed).contains(interpreter.version, prereleases=True)


def _unfit(interpreter: InstalledInterpreter, needed: str) -> str:
    if interpreter.implementation != "CPython":
        return f"{interpreter.implementation}, not CPython"
    if not _fits(interpreter, needed):
        return f"not {needed}"
    return "in a venv" if interpreter.virtual else ""


def _age(interpreter: InstalledInterpreter) -> tuple[int, int, bool, Version]:
    version = interpreter.version
    return version.major, version.minor, interpreter.free_threaded, version
