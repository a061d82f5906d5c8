"""The interpreters that a matrix measures; made-up ones."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.version import Version

from concurbench.errors import ConcurbenchError
from concurbench.matrix import interpreters
from concurbench.matrix.interpreters import InstalledInterpreter, find, inspect, named


def python(path: str, version: str, **more: object) -> InstalledInterpreter:
    more = {"free_threaded": False, **more}
    return InstalledInterpreter(Path(path), Version(version), **more)  # type: ignore[arg-type]  # the tests pass the right ones


MADE_UP = {
    "/a/python3.11": python("/a/python3.11", "3.11.2"),
    "/b/python3.11": python("/b/python3.11", "3.11.7"),
    "/c/python3.13": python("/c/python3.13", "3.13.1"),
    "/c/python3.13t": python("/c/python3.13t", "3.13.1", free_threaded=True),
    "/d/python3.10": python("/d/python3.10", "3.10.9"),
    "/e/python3.16": python("/e/python3.16", "3.16.0a1"),
    "/f/pypy3": python("/f/pypy3", "3.11.13", implementation="PyPy"),
    "/g/bin/python": python("/g/bin/python", "3.12.1", virtual=True),
    "/h/broken": None,
}


def here(patch: pytest.MonkeyPatch, found: Mapping[str, InstalledInterpreter | None]) -> None:
    patch.setattr(interpreters, "candidates", lambda: found)
    patch.setattr(interpreters, "inspect", found.get)


def test_the_newest_of_each_minor_version_and_build_is_taken_the_oldest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here(monkeypatch, MADE_UP)
    found = find(">=3.11")
    assert [(each.name, str(each.path)) for each in found.taken] == [
        ("3.11", "/b/python3.11"),
        ("3.13", "/c/python3.13"),
        ("3.13t", "/c/python3.13t"),
        ("3.16", "/e/python3.16"),
    ]


def test_interpreters_that_are_passed_over_have_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch, MADE_UP)
    assert {str(each.path): why for each, why in find(">=3.11").passed_over} == {
        "/a/python3.11": "3.11.7 is newer",
        "/d/python3.10": "not >=3.11",
        "/f/pypy3": "PyPy, not CPython",
        "/g/bin/python": "in a venv",
    }


def test_an_interpreter_with_two_names_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("/b/python3", "/b/python3.11")
    here(monkeypatch, dict.fromkeys(names, python("/b/python3.11", "3.11.7")))
    found = find(">=3.11")
    assert len(found.taken) == 1
    assert not found.passed_over


def test_an_interpreter_reports_its_own_version() -> None:
    this = inspect(sys.executable)
    assert this is not None
    assert this.version.release[:2] == sys.version_info[:2]
    assert this.virtual is (sys.prefix != sys.base_prefix)


def test_a_program_that_is_not_an_interpreter_is_ignored(tmp_path: Path) -> None:
    file = tmp_path / "python3.12"
    file.write_text("#!/bin/sh\necho hello\n")
    file.chmod(0o755)
    assert inspect(str(file)) is None
    assert inspect(str(tmp_path / "nothing")) is None


@pytest.mark.parametrize("asked", ["3.13t", "python3.13t"])
def test_a_name_means_the_newest_of_that_version_and_build(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch, MADE_UP)
    assert named(asked, ">=3.11").full_version == "3.13.1t"


def test_a_path_names_that_interpreter() -> None:
    assert named(sys.executable, ">=3.11").path == Path(sys.executable)


@pytest.mark.parametrize(
    ("asked", "needed", "sentence"),
    [
        ("3.99", ">=3.11", "no CPython 3.99 that fits >=3.11 on this machine; there are: none"),
        ("snake", ">=3.11", "snake is not an interpreter: name a version as 3.13t, or a path"),
        (sys.executable, ">=4", r"is CPython 3\..*, but CPython >=4 is required"),
    ],
)
def test_an_interpreter_that_is_missing_or_unfit_is_one_sentence(
    asked: str, needed: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "candidates", list)
    with pytest.raises(ConcurbenchError, match=sentence):
        named(asked, needed)


def test_folders_that_findpython_does_not_search_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some/bin").mkdir(parents=True)
    python = tmp_path / "some/bin/python3.99"
    python.write_text("")
    python.chmod(0o755)
    monkeypatch.setattr(interpreters, "MORE", f"{tmp_path}/*/bin")
    assert str(python) in interpreters.candidates()
