"""``make`` and CI on machines that are pretended: what is missing is told, with its cure."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from concurbench import pyproject
from concurbench.report.text import COLUMNS

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


TOOLS = ("sh", "echo", "grep", "sed", "expand", "touch", "mkdir", "chmod")
"""All that the Makefile's rules use beside Python."""


MAKES = """#!/bin/sh
case "$*" in
    "-m venv .venv")
        mkdir -p .venv/bin
        printf '#!/bin/sh\\necho "$@" >> .venv/asked; exit 1\\n' > .venv/bin/python
        chmod +x .venv/bin/python ;;
esac
"""


def make(folder: Path, *arguments: str) -> str:
    """What it says, on a machine that has nothing but the tools and what a test puts beside them."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name in TOOLS:
        where = shutil.which(name)
        if where is not None and not (tools / name).exists():
            (tools / name).symlink_to(where)
    program = shutil.which("make")
    assert program is not None
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True,
        env={"PATH": str(tools)},
    )  # fmt: skip
    assert done.returncode == (0 if arguments in ((), ("help",)) else 2)
    return done.stdout


def pretend(folder: Path, name: str, text: str) -> None:
    """A program of this name on that machine."""
    program = folder / "tools" / name
    program.parent.resolve().mkdir(parents=True, exist_ok=True)
    program.resolve().write_text(text)
    program.resolve().chmod(0o755)


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
    if interpreter is not None:
        pretend(tmp_path, "python3", interpreter)
    assert sentence in make(tmp_path, "test")
    assert not list(tmp_path.glob(".venv*"))


def test_where_python3_will_not_do_the_one_asked_for_takes_its_place(tmp_path: Path) -> None:
    pretend(tmp_path, "python3", OLD)
    pretend(tmp_path, "python3.12", MAKES)
    make(tmp_path, "test", "PYTHON=python3.12")
    # All else is asked of the environment that it made.
    assert (tmp_path / ".venv/asked").read_text().splitlines() == [
        "-m pip install --quiet --disable-pip-version-check --only-binary=:all: --no-binary=curio "
        "-c constraints.txt -e .[dev]",
    ]


def test_another_interpreter_gets_an_environment_of_its_own_from_the_own_one(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in ("concurbench", "python"):
        pretend(tmp_path, f"../.venv/bin/{name}", f'#!/bin/sh\necho "{name} $@" >> {log}\n')
    ready = tmp_path / ".venv/ready"
    ready.touch()
    later = time.time() + 60  # than the files that are put there now
    os.utime(ready, (later, later))
    make(tmp_path, "bench", "PYTHON=python3.13t")
    assert log.read_text() == (
        "python -m concurbench.matrix.environment python3.13t --folder .venv-3.13t\n"
    )


@pytest.fixture
def ci(tmp_path: Path) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Runs .ci/run on a machine with Python 3.11 and 3.99; make only notes what it is asked."""
    for name in (".ci/run", ".ci/expected-skips/3.11"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for file in (ROOT / "tests").rglob("test_*.py"):
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
    pretend(tmp_path, "../.venv/bin/python", "#!/bin/sh\necho 3.11\n")
    pretend(tmp_path, "../.venv/bin/concurbench", "#!/bin/sh\necho 3.11; echo 3.99\n")
    pretend(tmp_path, "tmux", "#!/bin/sh\n")  # else it would be installed
    pretend(tmp_path, "make", f'#!/bin/sh\necho "$@" >> {tmp_path / "log"}\n')
    return lambda: subprocess.run(
        ["bash", ".ci/run"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PATH": f"{tmp_path / 'tools'}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip


def test_ci_knows_what_each_python_may_skip_or_fails(
    tmp_path: Path, ci: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    done = ci()
    assert done.returncode == 1
    assert "Python 3.99 is here, and nobody has said what it may skip" in done.stdout
    assert "bench" not in (tmp_path / "log").read_text()


def test_ci_holds_every_python_it_finds_to_its_own_list(
    tmp_path: Path, ci: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / ".ci/expected-skips/3.99").touch()
    assert ci().returncode == 0
    asked = (tmp_path / "log").read_text().splitlines()
    for python, lines in (
        ("3.99", [line for line in asked if "PYTHON=3.99" in line]),
        ("3.11", [line for line in asked if "ARGS" in line and "PYTHON=" not in line]),
    ):
        assert [line.split()[0] for line in lines] == ["bench", "test"]
        assert all(f"--expected-skips=.ci/expected-skips/{python}" in line for line in lines)


def test_help_is_what_make_does_first(tmp_path: Path) -> None:
    assert make(tmp_path) == make(tmp_path, "help")
    for target in ("bench", "test", "check"):
        assert f"make {target}" in make(tmp_path)
    assert max(map(len, make(tmp_path).splitlines())) <= COLUMNS


def test_constraints_pin_every_dependency_and_name_no_address() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    pinned = {line.partition("==")[0] for line in text.splitlines() if "==" in line}
    declared = pyproject.read(ROOT)["project"]
    extras = declared["optional-dependencies"]
    named = {*declared["dependencies"], *itertools.chain(*extras.values())}
    packages = {Requirement(each).name for each in named} - {"concurbench"}
    assert packages <= pinned


def test_what_the_checks_need_holds_all_that_anything_else_needs() -> None:
    extras = pyproject.extra(pyproject.read(ROOT), "dev")
    named = {*extras}
    for name in pyproject.read(ROOT)["project"]["optional-dependencies"]:
        assert named >= {*pyproject.extra(pyproject.read(ROOT), name)}, name
