"""Imports point one way, so that each room can be read, and a model file copied, by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ROOMS = {"benchmarks", "concurbench", "conftest", "impls", "programs", "servers", "studies", "tests"}

MAY_IMPORT = {
    "impls": set[str](),
    "servers": set[str](),
    "concurbench": set[str](),
    "benchmarks": {"impls", "servers", "concurbench"},
    "programs": {"impls", "servers", "concurbench"},
    "studies": {"impls", "servers", "concurbench", "benchmarks"},
}
"""Room -> the others it may import. conftest.py and __main__.py put rooms together: they may any."""


def files() -> Iterator[Path]:
    for room in MAY_IMPORT:
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.name not in ("conftest.py", "__main__.py"):
                yield path


def imported_rooms(path: Path) -> set[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return {name.partition(".")[0] for name in names} & ROOMS


@pytest.mark.parametrize("path", list(files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert imported_rooms(path) <= MAY_IMPORT[room] | {room}


def test_what_is_imported_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(
        "import httpx\nfrom servers.mock import Mock\n\ndef f():\n    import concurbench.units\n"
    )
    assert imported_rooms(file) == {"servers", "concurbench"}


def test_measuring_knows_no_pytest_in_the_models() -> None:
    for path in (ROOT / "impls").rglob("*.py"):
        assert "pytest" not in path.read_text(encoding="utf-8"), path
