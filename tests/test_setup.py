"""``make`` on machines that lack something: a sentence that names the cure."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

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
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert "concurbench[gate]" in extras["dev"]
    named = {*project["dependencies"], *extras["dev"], *extras["gate"]} - {"concurbench[gate]"}
    assert named <= pinned
