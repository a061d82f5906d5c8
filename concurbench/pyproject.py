"""What a project says about itself: what it needs, and how it wants to be measured."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from concurbench.errors import ConcurbenchError

TEST_EXTRAS = frozenset(("test", "tests", "testing", "dev", "bench", "benchmark", "benchmarks"))
"""Extras and dependency groups of these names are installed with a project's own dependencies."""

FILES = ("requirements*.txt", "requirements/*.txt", "constraints*.txt", "setup.py", "setup.cfg")
"""What declares dependencies beside ``pyproject.toml``."""


class ProjectError(ConcurbenchError):
    """A project says something that cannot be; the message says what and where."""


def read(folder: Path) -> dict[str, Any]:
    """The project's ``pyproject.toml``; empty where there is none that can be read."""
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def timed(folder: Path) -> list[str]:
    """The packages whose versions belong to the project's runs, as ``[tool.concurbench]`` lists them.

    Raises:
        ProjectError: what is there is not a list of names.
    """
    said = read(folder).get("tool", {}).get("concurbench", {})
    names = said.get("timed", []) if isinstance(said, dict) else said
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ProjectError(
            f"pyproject.toml: timed in [tool.concurbench] is no list of packages: {names!r}"
        )
    return list(dict.fromkeys([*names, "pytest-benchmark"]))


def declared(folder: Path) -> str:
    """All that a project says about what it needs, in one text to compare."""
    content = read(folder)
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
    content = read(folder)
    project = content.get("project", {})
    if "dependencies" in project.get("dynamic", []) or not project:
        return [str(folder)]
    wanted = list(project.get("dependencies", []))
    for name in sorted(project.get("optional-dependencies", {}).keys() & TEST_EXTRAS):
        wanted += extra(content, name)
    wanted += test_groups(content)
    return list(dict.fromkeys(_without_itself(wanted, content)))


def extra(content: Mapping[str, Any], name: str) -> list[str]:
    """What an extra of this ``pyproject.toml`` needs, that of other extras included."""
    wanted = content.get("project", {}).get("optional-dependencies", {}).get(name, [])
    return list(dict.fromkeys(_without_itself(wanted, content)))


def test_groups(content: Mapping[str, Any]) -> list[str]:
    """What the dependency groups for its tests need."""
    groups = content.get("dependency-groups", {})
    names = sorted(groups.keys() & TEST_EXTRAS)
    return [requirement for name in names for requirement in _group(groups, name)]


def _group(groups: Mapping[str, list[Any]], name: str) -> Iterator[str]:
    for entry in groups.get(name, []):
        if isinstance(entry, str):
            yield entry
        else:
            yield from _group(groups, entry.get("include-group", ""))


def _without_itself(wanted: Iterable[str], content: Mapping[str, Any]) -> Iterator[str]:
    name = canonicalize_name(content.get("project", {}).get("name", ""))
    for text in wanted:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield text  # pip will say what is wrong with it
            continue
        if canonicalize_name(requirement.name) != name:
            yield text
            continue
        for each in sorted(requirement.extras):
            yield from extra(content, each)
