"""The environments of the two sides; the interpreter that makes them is a pretended one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from concurbench.gate import environment
from concurbench.gate.comparison import CannotCompare, Comparison
from concurbench.gate.environment import create
from concurbench.pyproject import declared, requirements
from concurbench.runner.installing import EnvironmentFailed
from tests.gate.conftest import Project

Make = Callable[[str], Project]
Compare = Callable[..., Comparison]

PRETENDED = """\
#!/bin/sh
echo "$@" >> {log}
case "$1 $2" in
    "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip") {pip} ;;
esac
"""


@pytest.fixture
def interpreter(tmp_path: Path) -> Callable[..., str]:
    """Call it for a program that writes down what it is asked to do."""

    def make(pip: str = "true") -> str:
        path = tmp_path / "python"
        path.write_text(PRETENDED.format(log=tmp_path / "asked", pip=pip))
        path.chmod(0o755)
        return str(path)

    return make


def asked(tmp_path: Path) -> list[str]:
    return (tmp_path / "asked").read_text().splitlines()


DECLARED = """
[project]
name = "Some.Project"
dependencies = ["httpx>=0.28", "rich"]

[project.optional-dependencies]
test = ["pytest", "some-project[fast]"]
fast = ["uvloop"]
docs = ["sphinx"]

[dependency-groups]
dev = ["coverage", {include-group = "more"}]
more = ["attrs"]
"""


def test_a_projects_dependencies_are_installed_with_those_of_its_tests_and_without_itself(
    project: Make,
) -> None:
    made = project("x")
    made.write("pyproject.toml", DECLARED)
    assert requirements(made.folder) == ["httpx>=0.28", "rich", "pytest", "uvloop", "coverage", "attrs"]


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\ndynamic = ['dependencies']\n"])
def test_a_project_that_computes_its_dependencies_is_installed_as_it_is(
    project: Make, text: str
) -> None:
    made = project("x")
    made.write("pyproject.toml", text)
    assert requirements(made.folder) == [str(made.folder)]


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        ("pyproject.toml", DECLARED, DECLARED.replace("0.28", "0.29"), False),
        ("pyproject.toml", DECLARED, DECLARED.replace('"attrs"', '"attrs<30"'), False),
        ("pyproject.toml", DECLARED, DECLARED + "\n[tool.ruff]\nline-length = 3\n", True),
        ("requirements.txt", "a", "b", False),
        ("requirements/test.txt", "a", "b", False),
        ("constraints.txt", "a==1", "a==2", False),
        ("setup.py", "1", "2", False),
        ("module.py", "1", "2", True),
    ],
)
def test_what_counts_as_other_dependencies(
    project: Make, file: str, old: str, new: str, same: bool
) -> None:
    base, head = project("base"), project("head")
    base.write(file, old)
    head.write(file, new)
    assert (declared(base.folder) == declared(head.folder)) is same


def test_the_same_declarations_get_the_cached_environment(
    project: Make, interpreter: Callable[..., str], tmp_path: Path
) -> None:
    python = interpreter()
    base, head, other = project("base"), project("head"), project("other")
    for each in (base, head):
        each.write("pyproject.toml", DECLARED)
    other.write("pyproject.toml", DECLARED.replace("rich", "poor"))
    log, environ = tmp_path / "log", dict(os.environ)
    first = create(python, base.folder, "", log, environ)
    count = len(asked(tmp_path))
    assert create(python, head.folder, "", log, environ) == first
    assert len(asked(tmp_path)) == count
    assert create(python, other.folder, "", log, environ) != first
    assert create(python, base.folder, "base: make", log, environ) != first


def test_constraints_of_the_project_hold(
    project: Make, interpreter: Callable[..., str], tmp_path: Path
) -> None:
    made = project("x")
    made.write("pyproject.toml", DECLARED)
    made.write("constraints.txt", "rich==15")
    create(interpreter(), made.folder, "", tmp_path / "log", dict(os.environ))
    [pip] = [line for line in asked(tmp_path) if "httpx>=0.28" in line]
    assert f"--constraint={made.folder}/constraints.txt" in pip


def test_an_environment_that_could_not_be_made_is_told_and_not_kept(
    project: Make, interpreter: Callable[..., str], tmp_path: Path
) -> None:
    made = project("x")
    made.write("pyproject.toml", DECLARED)
    failing = interpreter(pip="echo 'ERROR: No matching distribution found for httpx'; exit 1")
    told = r"^python -m pip install: exit 1: No matching distribution found for httpx$"
    with pytest.raises(EnvironmentFailed, match=told):
        create(failing, made.folder, "", tmp_path / "log", dict(os.environ))
    create(interpreter(), made.folder, "", tmp_path / "log", dict(os.environ))


def test_an_interpreter_that_is_not_there_is_told(project: Make, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed, match="does not start: No such file"):
        create(str(tmp_path / "nothing"), project("x").folder, "", tmp_path / "log", dict(os.environ))


def test_sides_with_the_same_dependencies_share_the_environment_at_hand(
    project: Make, compare: Compare
) -> None:
    both = project("both").with_clock()
    with compare(both, both) as comparison:
        assert comparison.rows
        assert not comparison.notes


def test_a_setup_command_runs_in_each_sides_copy(
    project: Make, compare: Compare, monkeypatch: pytest.MonkeyPatch, python: str, tmp_path: Path
) -> None:
    # What is made for a side cannot be tested without a network: the one at hand takes its place.
    at_hand = environment.Environment(python, own=False)
    monkeypatch.setattr(environment, "create", lambda *_: at_hand)
    both = project("both")
    both.write("test_x.py", "import made\ndef test_x(benchmark):\n    benchmark(int)\n")
    command = f"echo 'VALUE = 1' > made.py; pwd >> {tmp_path}/where"
    with compare(both, both, setup=command) as comparison:
        assert comparison.rows == ("test_x.py::test_x",)
    where = (tmp_path / "where").read_text().split()
    assert [Path(each).name for each in where] == ["base", "head"]
    assert not (both.folder / "made.py").exists()


def test_a_setup_command_that_fails_is_told(
    project: Make, compare: Compare, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    at_hand = environment.Environment(python, own=False)
    monkeypatch.setattr(environment, "create", lambda *_: at_hand)
    both = project("both").with_clock()
    with (
        pytest.raises(CannotCompare, match=r"echo oh no; exit 4: exit 4: oh no"),
        compare(both, both, setup="echo oh no; exit 4"),
    ):
        pass
