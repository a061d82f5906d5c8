"""``make`` and ``.ci/run`` on pretended machines: which commands they run, and what they report."""

from __future__ import annotations

import importlib.metadata
import itertools
import os
import re
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
"""Every tool that the Makefile's rules use besides Python."""


MAKES = """#!/bin/sh
case "$*" in
    "-m venv .venv")
        mkdir -p .venv/bin
        printf '#!/bin/sh\\necho "$@" >> .venv/asked; exit 1\\n' > .venv/bin/python
        chmod +x .venv/bin/python ;;
esac
"""


CONCURBENCH = """#!/bin/sh
if [ "$1 $2" = "matrix --names" ]; then echo 3.11; echo 3.99; else echo "$@" >> {log}; fi
"""
"""Finds two interpreters, and logs every other command."""


def make(folder: Path, *arguments: str) -> str:
    """The output of make on a machine that has only the tools and what a test puts next to them."""
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
    """Put a program of this name on the machine."""
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
def test_an_unsuitable_interpreter_is_reported_with_what_to_do(
    tmp_path: Path, interpreter: str | None, sentence: str
) -> None:
    if interpreter is not None:
        pretend(tmp_path, "python3", interpreter)
    assert sentence in make(tmp_path, "test")
    assert not list(tmp_path.glob(".venv*"))


def test_without_a_suitable_python3_make_uses_the_interpreter_asked_for(tmp_path: Path) -> None:
    pretend(tmp_path, "python3", OLD)
    pretend(tmp_path, "python3.12", MAKES)
    make(tmp_path, "test", "PYTHON=python3.12")
    # The new environment runs everything else.
    assert (tmp_path / ".venv/asked").read_text().splitlines() == [
        "-m pip install --quiet --disable-pip-version-check --only-binary=:all: --no-binary=curio "
        "-c constraints.txt -e .[dev]",
    ]


def test_the_own_environment_makes_the_one_for_another_interpreter(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in ("concurbench", "python"):
        pretend(tmp_path, f"../.venv/bin/{name}", f'#!/bin/sh\necho "{name} $@" >> {log}\n')
    ready = tmp_path / ".venv/ready"
    ready.touch()
    later = time.time() + 60  # newer than the copied files
    os.utime(ready, (later, later))
    make(tmp_path, "bench", "PYTHON=python3.13t")
    assert log.read_text() == (
        "python -m concurbench.matrix.environment python3.13t --folder .venv-3.13t\n"
    )


@pytest.fixture
def ci(tmp_path: Path) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Run .ci/run on a machine with Python 3.11 and 3.99, where make only logs its arguments."""
    for name in (".ci/run", ".ci/expected-skips/3.11"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    run = tmp_path / "results/machine/0001_x.json"
    run.parent.mkdir(parents=True)
    run.touch()
    pretend(tmp_path, "../.venv/bin/python", "#!/bin/sh\necho 3.11\n")
    pretend(tmp_path, "../.venv/bin/concurbench", CONCURBENCH.format(log=tmp_path / "commands"))
    pretend(tmp_path, "tmux", "#!/bin/sh\n")  # otherwise .ci/run would install it
    pretend(tmp_path, "make", f'#!/bin/sh\necho "$@" >> {tmp_path / "log"}\n')
    return lambda: subprocess.run(
        ["bash", ".ci/run"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PATH": f"{tmp_path / 'tools'}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip


def test_ci_fails_where_an_interpreter_has_no_list_of_expected_skips(
    tmp_path: Path, ci: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    done = ci()
    assert done.returncode == 1
    assert "no list of expected skips for Python 3.99: run make test PYTHON=3.99" in done.stdout
    assert "bench" not in (tmp_path / "log").read_text()


def test_ci_benchmarks_and_tests_each_interpreter_with_its_own_list(
    tmp_path: Path, ci: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / ".ci/expected-skips/3.99").touch()
    done = ci()
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "log").read_text().splitlines()
    for python, lines in (
        ("3.99", [line for line in asked if "PYTHON=3.99" in line]),
        ("3.11", [line for line in asked if "--expected" in line and "PYTHON=" not in line]),
    ):
        assert [line.split()[0] for line in lines] == ["bench", "test"]
        assert all(f"--expected-skips=.ci/expected-skips/{python}" in line for line in lines)
    assert asked[0] == "check"
    assert "docs-check" in asked
    assert "test-slow ARGS=-q" in asked
    assert asked[-1].startswith("test ARGS=")  # pytest's summary comes last
    commands = (tmp_path / "commands").read_text().splitlines()
    assert commands == ["summary results/machine/0001_x.json"]
    # The wall time of each part.
    for name in ("check", "documentation", "benchmarks, Python 3.99", "slow tests"):
        assert re.search(rf"^== {name}: \d+ s$", done.stdout, re.MULTILINE)


def test_the_tests_that_ci_selects_exist() -> None:
    text = (ROOT / ".ci/run").read_text(encoding="utf-8")
    named = set(re.findall(r"tests/[\w/.]*\w", text))
    assert "tests/machine" in named
    assert all((ROOT / name).exists() for name in named)


def test_make_without_a_target_prints_the_help(tmp_path: Path) -> None:
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


def test_the_extra_dev_includes_every_other_extra_but_niquests_which_replaces_urllib3() -> None:
    extras = pyproject.read(ROOT)["project"]["optional-dependencies"]

    def included(name: str) -> set[str]:
        own = [Requirement(each) for each in extras[name] if each.startswith("concurbench[")]
        return {name}.union(*(included(other) for each in own for other in each.extras))

    assert included("dev") == {*extras} - {"niquests"}
    urllib3 = pytest.importorskip("urllib3")
    assert urllib3.__version__ == importlib.metadata.version("urllib3"), "uninstall niquests"
