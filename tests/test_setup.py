"""``make`` on machines that lack something: a sentence that names the cure."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from concurbench import project

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make")

OLD = """#!/bin/sh
case "$1" in
    -V) echo Python 3.10.2 ;;
    *) exit 1 ;;
esac
"""

WITHOUT_VENV = """#!/bin/sh
case "$*" in
    -V) echo Python 3.12.1 ;;
    *venv*) exit 1 ;;
esac
"""


def make(folder: Path, *arguments: str) -> str:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    done = subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == (0 if arguments in ((), ("help",)) else 2)
    return done.stdout


@pytest.mark.parametrize(
    ("interpreter", "sentence"),
    [
        (OLD, "Python 3.10.2 is too old: concurbench needs 3.11 or newer"),
        (
            WITHOUT_VENV,
            "Python 3.12.1 has no venv module: install it (Debian, Ubuntu: apt install python3-venv)",
        ),
        (None, "install Python 3.11 or newer"),
    ],
)
def test_an_unfit_interpreter_is_told_with_its_cure(
    tmp_path: Path, interpreter: str | None, sentence: str
) -> None:
    python = tmp_path / "python"
    if interpreter is not None:
        python.write_text(interpreter)
        python.chmod(0o755)
    assert sentence in make(tmp_path, "test", f"PYTHON={python}")
    assert not list(tmp_path.glob(".venv*"))


def test_help_is_what_make_does_first(tmp_path: Path) -> None:
    assert make(tmp_path) == make(tmp_path, "help")
    for target in ("bench", "test", "check"):
        assert f"make {target}" in make(tmp_path)


def test_constraints_pin_every_dependency_and_name_no_address() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    pinned = {line.partition("==")[0] for line in text.splitlines() if "==" in line}
    declared = project.read(ROOT)["project"]
    extras = declared["optional-dependencies"]
    named = {*declared["dependencies"], *itertools.chain(*extras.values())}
    packages = {Requirement(each).name for each in named} - {"concurbench"}
    assert packages <= pinned


def test_what_the_checks_need_holds_all_that_anything_else_needs() -> None:
    extras = project.extra(project.read(ROOT), "dev")
    named = {*extras}
    for name in project.read(ROOT)["project"]["optional-dependencies"]:
        assert named >= {*project.extra(project.read(ROOT), name)}, name
