"""Which interpreters make a lane; they are made up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from packaging.version import Version

from concurbench.runner import interpreters
from concurbench.runner.interpreters import Interpreter, NoSuchInterpreter, ask, find, named


def python(path: str, version: str, **more: object) -> Interpreter:
    more = {"free_threaded": False, **more}
    return Interpreter(Path(path), Version(version), **more)  # type: ignore[arg-type]  # as a test says


HERE = {
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


def test_the_newest_of_each_minor_version_and_build_is_taken_the_oldest_first() -> None:
    found = find(">=3.11", lambda: HERE, HERE.get)
    assert [(each.name, str(each.path)) for each in found.taken] == [
        ("3.11", "/b/python3.11"),
        ("3.13", "/c/python3.13"),
        ("3.13t", "/c/python3.13t"),
        ("3.16", "/e/python3.16"),
    ]


def test_what_is_passed_over_has_its_reason() -> None:
    found = find(">=3.11", lambda: HERE, HERE.get)
    assert {str(each.path): why for each, why in found.passed_over} == {
        "/a/python3.11": "3.11.7 is newer",
        "/d/python3.10": "needed is >=3.11",
        "/f/pypy3": "PyPy, not CPython",
        "/g/bin/python": "a virtual environment",
    }


def test_one_interpreter_under_two_names_is_one() -> None:
    names = {name: python("/b/python3.11", "3.11.7") for name in ("/b/python3", "/b/python3.11")}
    found = find(">=3.11", lambda: names, names.get)
    assert len(found.taken) == 1
    assert not found.passed_over


def test_an_interpreter_is_known_by_what_it_says_of_itself() -> None:
    this = ask(sys.executable)
    assert this is not None
    assert this.version.release[:2] == sys.version_info[:2]
    assert this.virtual is (sys.prefix != sys.base_prefix)


def test_what_is_no_interpreter_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "python3.12"
    file.write_text("#!/bin/sh\necho hello\n")
    file.chmod(0o755)
    assert ask(str(file)) is None
    assert ask(str(tmp_path / "nothing")) is None


@pytest.mark.parametrize("asked", ["3.13t", "python3.13t"])
def test_a_name_means_the_newest_of_that_kind(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "find", lambda *_: find(">=3.11", lambda: HERE, HERE.get))
    assert named(asked, ">=3.11").told == "3.13.1t"


def test_a_path_is_taken_as_it_is() -> None:
    assert named(sys.executable, ">=3.11").path == Path(sys.executable)


@pytest.mark.parametrize(
    ("asked", "needed", "sentence"),
    [
        ("3.99", ">=3.11", "no CPython 3.99 is here that fits >=3.11; there are: none"),
        ("snake", ">=3.11", "snake is no interpreter: name a version as in 3.13t, or its path"),
        (sys.executable, ">=4", r"is CPython 3\..*; needed is CPython >=4"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(asked: str, needed: str, sentence: str) -> None:
    with pytest.raises(NoSuchInterpreter, match=sentence):
        named(asked, needed, lambda: [])


def test_places_that_the_library_does_not_know_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some/bin").mkdir(parents=True)
    python = tmp_path / "some/bin/python3.99"
    python.write_text("")
    python.chmod(0o755)
    monkeypatch.setattr(interpreters, "PLACES", (f"{tmp_path}/*/bin",))
    assert str(python) in interpreters.candidates()
