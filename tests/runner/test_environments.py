"""The environments of lanes; what makes and fills them is pretended."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.version import Version

from concurbench.runner import environments, installing
from concurbench.runner.environments import Made, ensure, wanted
from concurbench.runner.installing import EnvironmentFailed, Unreachable
from concurbench.runner.interpreters import Interpreter

PYTHON = Interpreter(Path("/somewhere/python3.13t"), Version("3.13.1"), free_threaded=True)

PROJECT = """
[project]
name = "some-project"
dependencies = ["httpx"]

[project.optional-dependencies]
test = ["pytest", "pytest-benchmark", "pillow"]
fast = ["uvloop; sys_platform != 'win32'", "trio"]
all = ["mypy", "some-project[test,fast]"]

[tool.concurbench.environment]
required = ["test"]
optional = ["fast"]
"""


class Pip:
    """Writes down what it is asked to do; has no wheel of some packages."""

    def __init__(self, without: tuple[str, ...] = ()) -> None:
        self.without = without
        self.asked: list[list[str]] = []

    def __call__(self, command: list[str], told: str) -> None:
        self.asked.append(command)
        if "virtualenv" in command:
            python = Path(command[-1]) / "bin/python"
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
            (python.parents[1] / "pyvenv.cfg").touch()
        for name in self.without:
            if any(part.partition(";")[0] == name for part in command):
                raise EnvironmentFailed(f"{told}: exit 1: no distribution of {name}")

    def installed(self) -> list[list[str]]:
        return [command[6:] for command in self.asked if "pip" in command]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "constraints.txt").write_text("trio==1")
    return tmp_path


@pytest.fixture
def make(folder: Path) -> Callable[[Pip], Made]:
    return lambda pip: ensure(
        PYTHON, folder / ".venv-3.13t", folder, wanted(folder), lambda _: None, pip
    )


def test_it_is_made_with_that_interpreter_and_holds_what_the_project_says(
    folder: Path, make: Callable[[Pip], Made]
) -> None:
    pip = Pip()
    made = make(pip)
    assert made.python == folder / ".venv-3.13t/bin/python"
    assert not made.missing
    assert pip.asked[0][-3:] == ["--python", "/somewhere/python3.13t", str(folder / ".venv-3.13t")]
    required, optional = pip.installed()
    assert required == [
        "--constraint=constraints.txt",
        "-e",
        ".",
        "pytest",
        "pytest-benchmark",
        "pillow",
    ]
    assert optional[1:] == ["uvloop; sys_platform != 'win32'", "trio"]


def test_third_party_packages_are_never_built(make: Callable[[Pip], Made]) -> None:
    pip = Pip()
    make(pip)
    assert all("--only-binary=:all:" in command for command in pip.asked if "install" in command)


def test_a_package_without_a_wheel_costs_only_itself(make: Callable[[Pip], Made]) -> None:
    pip = Pip(without=("uvloop",))
    made = make(pip)
    assert made.missing == {"uvloop": "no distribution of uvloop"}
    assert made.told == "not to be had as a wheel: uvloop; rows that need one of them are skipped"
    assert pip.installed()[-1][-1] == "trio"


def test_without_what_is_required_there_is_no_environment(
    folder: Path, make: Callable[[Pip], Made]
) -> None:
    with pytest.raises(EnvironmentFailed, match="no distribution of pillow"):
        make(Pip(without=("pillow",)))
    pip = Pip()
    make(pip)
    assert pip.asked, "it passed for one that is ready"


def test_what_is_there_and_right_stays_and_still_says_what_it_lacks(
    make: Callable[[Pip], Made],
) -> None:
    first = make(Pip(without=("uvloop",)))
    pip = Pip()
    assert make(pip) == first
    assert not pip.asked


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", PROJECT.replace("pillow", "attrs")),
        ("pyproject.toml", PROJECT.replace('optional = ["fast"]', "")),
        ("constraints.txt", "trio==2"),
    ],
)
def test_other_declarations_make_it_anew(
    folder: Path, make: Callable[[Pip], Made], file: str, text: str
) -> None:
    make(Pip())
    (folder / file).write_text(text)
    pip = Pip()
    make(pip)
    assert "--clear" in pip.asked[0]


def test_a_folder_that_is_no_environment_is_left_alone(
    folder: Path, make: Callable[[Pip], Made]
) -> None:
    (folder / ".venv-3.13t").mkdir()
    (folder / ".venv-3.13t/thesis.txt").touch()
    with pytest.raises(EnvironmentFailed, match="is there and no environment"):
        make(Pip())


def test_the_environment_one_runs_in_is_completed_not_made(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "own"))
    pip = Pip()
    ensure(PYTHON, tmp_path / "own", folder, wanted(folder, ["all"]), lambda _: None, pip)
    assert not [command for command in pip.asked if "virtualenv" in command]
    required, optional = pip.installed()
    assert required[3:] == ["mypy", "pytest", "pytest-benchmark", "pillow"]
    assert "trio" in optional


def test_a_project_that_says_nothing_gets_what_its_tests_need(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT.partition("[tool")[0])
    assert wanted(tmp_path).required == ("-e", ".", "pytest", "pytest-benchmark", "pillow")
    assert wanted(tmp_path).optional == ()


def test_a_suite_that_is_no_package_gets_pytest_in_our_versions(tmp_path: Path) -> None:
    assert [each.partition("==")[0] for each in wanted(tmp_path).required] == [*environments.PINNED]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('"test"', "from_source of packages, not 'test'"),
        ('["tset"]', "has no extra 'tset'; there are: test, fast, all"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(folder: Path, said: str, sentence: str) -> None:
    (folder / "pyproject.toml").write_text(PROJECT.replace('["test"]\nopt', f"{said}\nopt"))
    with pytest.raises(EnvironmentFailed, match=sentence):
        wanted(folder)


def test_what_nobody_could_ask_for_is_not_missing(folder: Path, make: Callable[[Pip], Made]) -> None:
    class Offline(Pip):
        def __call__(self, command: list[str], told: str) -> None:
            super().__call__(command, told)
            if "trio" in command:
                raise Unreachable("the package index does not answer")

    with pytest.raises(Unreachable):
        make(Offline())
    assert not (folder / ".venv-3.13t" / environments.STAMP).exists()


def test_a_package_index_that_does_not_answer_is_told_as_such(tmp_path: Path) -> None:
    said = "WARNING: Retrying (Retry(total=4)) after connection broken\nERROR: No matching distribution"
    command = [sys.executable, "-c", f"import sys; sys.exit(print({said!r}) or 1)"]
    with pytest.raises(Unreachable, match="the package index does not answer"):
        installing.run(command, tmp_path, tmp_path / "log", os.environ, "pip install")


def test_what_pip_says_of_a_missing_wheel_is_told_in_short() -> None:
    said = (
        "The conflict is caused by:\n    The user requested (constraint) x==1\n\n"
        "Additionally, some packages in these conflicts have no matching distributions available "
        "for your environment:\n    x\n    y\n\nERROR: ResolutionImpossible: for help visit\n"
    )
    assert installing.reason(said) == "no distribution of x, y for this interpreter"


def test_what_is_missing_is_kept_with_the_environment(
    folder: Path, make: Callable[[Pip], Made]
) -> None:
    make(Pip(without=("trio",)))
    content = json.loads((folder / ".venv-3.13t" / environments.STAMP).read_text())
    assert content["missing"] == {"trio": "no distribution of trio"}
