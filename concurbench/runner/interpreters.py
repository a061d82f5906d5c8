"""Which Pythons this machine has, and which of them are worth a lane."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from findpython.providers import ALL_PROVIDERS
from findpython.providers.path import PathProvider
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from concurbench.errors import ConcurbenchError

ASK = """
import json, platform, sys, sysconfig
print(json.dumps({
    "path": sys.executable,
    "implementation": platform.python_implementation(),
    "version": platform.python_version().rstrip("+"),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "virtual": sys.prefix != getattr(sys, "base_prefix", sys.prefix),
}))
"""
"""What an interpreter is asked about itself."""

NAME = re.compile(r"(python)?\d+\.\d+t?")
"""A minor version and build."""

PATIENCE = 20.0
"""Seconds for it to answer."""

PLACES = ("/opt/*/bin",)
"""Where interpreters are beside those places that findpython knows: PATH, pyenv, asdf, rye, uv."""


class NoSuchInterpreter(ConcurbenchError):
    """It is not there or cannot be used; the message says which, and what to do."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that starts."""

    path: Path
    version: Version
    free_threaded: bool
    implementation: str = "CPython"
    virtual: bool = False
    """Whether it belongs to an environment that somebody made."""

    @property
    def name(self) -> str:
        """Its minor version and build, as in ``3.13t``."""
        return f"{self.version.major}.{self.version.minor}{'t' if self.free_threaded else ''}"

    @property
    def told(self) -> str:
        """Its version and build to the last digit."""
        return f"{self.version}{'t' if self.free_threaded else ''}"


@dataclass(frozen=True)
class Found:
    """What a search found."""

    taken: list[Interpreter]
    """One for each minor version and build, the oldest first."""
    passed_over: list[tuple[Interpreter, str]] = field(default_factory=list)
    """The others, with the reason."""


def candidates() -> list[str]:
    """The paths of everything on this machine that looks like an interpreter, each file once."""
    providers = [each.create() for each in ALL_PROVIDERS.values()]
    known = [python for each in providers if each is not None for python in each.find_pythons()]
    more = [
        python
        for place in PLACES
        for folder in sorted(Path("/").glob(place.lstrip("/")))
        for python in PathProvider([folder]).find_pythons()
    ]
    distinct: dict[tuple[Path, bool], str] = {}
    for path in (each.executable for each in (*known, *more)):
        # The interpreter of a virtual environment is a link to another's, and not the same.
        distinct.setdefault((path.resolve(), (path.parents[1] / "pyvenv.cfg").exists()), str(path))
    return list(distinct.values())


@functools.cache
def ask(path: str) -> Interpreter | None:
    """The interpreter at this path, or None where nothing that answers as one is there."""
    try:
        done = subprocess.run(
            [path, "-I", "-c", ASK], capture_output=True, timeout=PATIENCE, text=True, check=True
        )
        said: dict[str, Any] = json.loads(done.stdout)
        return Interpreter(
            path=Path(said["path"]),
            version=Version(said["version"]),
            free_threaded=said["free_threaded"],
            implementation=said["implementation"],
            virtual=said["virtual"],
        )
    except (OSError, subprocess.SubprocessError, ValueError, LookupError):
        return None


def find(
    needed: str,
    paths: Callable[[], Iterable[str]] = candidates,
    ask: Callable[[str], Interpreter | None] = ask,
) -> Found:
    """The interpreters here that fit ``needed``, a specifier of versions such as ``>=3.11``."""
    with ThreadPoolExecutor() as pool:  # some are scripts that take their time to find another
        answered = [each for each in pool.map(ask, paths()) if each is not None]
    # One and the same is found under many names.
    distinct = {each.path.resolve() if not each.virtual else each.path: each for each in answered}
    newest_first = sorted(distinct.values(), key=lambda each: each.version, reverse=True)
    taken: dict[str, Interpreter] = {}
    passed_over = []
    for each in newest_first:
        if why := _unfit(each, needed):
            passed_over.append((each, why))
        elif each.name in taken:
            other = taken[each.name]
            newer = f"{other.told} is newer" if other.version > each.version else "it is there twice"
            passed_over.append((each, newer))
        else:
            taken[each.name] = each
    return Found(sorted(taken.values(), key=_age), sorted(passed_over, key=lambda each: _age(each[0])))


def named(asked: str, needed: str, paths: Callable[[], Iterable[str]] = candidates) -> Interpreter:
    """The one that a user means: by a name as in ``3.13t`` or ``python3.13t`` the newest of that minor
    version and build, or a command, or a path.

    Raises:
        NoSuchInterpreter: there is none, or it is unfit.
    """
    if NAME.fullmatch(asked):
        found = find(needed, paths).taken
        name = asked.removeprefix("python")
        for each in found:
            if each.name == name:
                return each
        there = ", ".join(each.name for each in found) or "none"
        raise NoSuchInterpreter(f"no CPython {name} is here that fits {needed}; there are: {there}")
    command = shutil.which(asked)
    interpreter = ask(command) if command else None
    if interpreter is None:
        raise NoSuchInterpreter(f"{asked} is no interpreter: name a version as in 3.13t, or its path")
    if interpreter.implementation != "CPython" or not _fits(interpreter, needed):
        described = f"{interpreter.implementation} {interpreter.told}"
        raise NoSuchInterpreter(f"{asked} is {described}; needed is CPython {needed}")
    return interpreter


def _fits(interpreter: Interpreter, needed: str) -> bool:
    return SpecifierSet(needed).contains(interpreter.version, prereleases=True)


def _unfit(interpreter: Interpreter, needed: str) -> str:
    if interpreter.implementation != "CPython":
        return f"{interpreter.implementation}, not CPython"
    if not _fits(interpreter, needed):
        return f"needed is {needed}"
    return "a virtual environment" if interpreter.virtual else ""


def _age(interpreter: Interpreter) -> tuple[int, int, bool, Version]:
    version = interpreter.version
    return version.major, version.minor, interpreter.free_threaded, version
