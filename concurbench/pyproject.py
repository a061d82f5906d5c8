"""What a project's ``pyproject.toml`` declares: its dependencies, and how to measure it."""

from __future__ import annotations

import importlib.metadata
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from concurbench.errors import ConcurbenchError

TEST_EXTRAS = frozenset(("test", "tests", "testing", "dev", "bench", "benchmark", "benchmarks"))
"""Extras and dependency groups of these names are installed with a project's own dependencies."""

FILES = ("requirements*.txt", "requirements/*.txt", "constraints*.txt", "setup.py", "setup.cfg")
"""Files that declare dependencies, beside ``pyproject.toml``."""


def read(folder: Path) -> dict[str, Any]:
    """The content of ``pyproject.toml`` in this folder; empty if it cannot be read."""
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def timed(folder: Path) -> list[str]:
    """The packages whose versions belong to the project's runs, as ``[tool.concurbench]`` lists them.

    Raises:
        ConcurbenchError: ``timed`` is not a list of names.
    """
    table = read(folder).get("tool", {}).get("concurbench", {})
    names = table.get("timed", []) if isinstance(table, dict) else table
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConcurbenchError(
            f"pyproject.toml, [tool.concurbench]: expected timed as a list of packages, got {names!r}"
        )
    return list(dict.fromkeys([*names, "pytest-benchmark"]))


def requires_python(folder: Path) -> str:
    """The versions of Python that a project runs on; those of concurbench if it does not say."""
    declared = read(folder).get("project", {}).get("requires-python")
    return str(declared or importlib.metadata.metadata("concurbench")["Requires-Python"])


def declared(folder: Path) -> str:
    """Everything that a project declares about its dependencies, as one text to compare."""
    content = read(folder)
    project = content.get("project", {})
    poetry = content.get("tool", {}).get("poetry", {})
    files = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for pattern in FILES
        for path in folder.glob(pattern)
    }
    parts = [
        [project.get(name) for name in ("requires-python", "dependencies", "optional-dependencies")],
        [content.get(name) for name in ("dependency-groups", "build-system")],
        [poetry.get(name) for name in ("dependencies", "group", "extras")],
        files,
    ]
    return json.dumps(parts, sort_keys=True)


def extras_of_tests(content: Mapping[str, Any]) -> list[str]:
    """The extras for a project's tests."""
    return sorted(content.get("project", {}).get("optional-dependencies", {}).keys() & TEST_EXTRAS)


def group_options(content: Mapping[str, Any]) -> list[str]:
    """Options that make uv install the dependency groups for a project's tests."""
    names = content.get("dependency-groups", {}).keys() & TEST_EXTRAS
    return [f"--group={name}" for name in sorted(names)]
