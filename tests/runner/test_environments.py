"""The environments of a matrix and of a gate; uv is a fake that records its arguments."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from concurbench.errors import ConcurbenchError
from concurbench.matrix import environment as command
from concurbench.pyproject import declared
from concurbench.runner import environments
from concurbench.runner.environments import (
    Environment,
    EnvironmentFailed,
    NoWheel,
    cached,
    ensure,
    packages,
    set_up,
)

PYTHON = Path("/somewhere/python3.13t")

PROJECT = """
[project]
name = "Some.Project"
dependencies = ["httpx>=0.28", "rich"]

[project.optional-dependencies]
test = ["pytest", "pytest-benchmark", "pillow"]
fast = ["uvloop; sys_platform != 'win32'", "trio"]
docs = ["sphinx"]

[dependency-groups]
dev = ["coverage", {include-group = "other"}]
other = ["attrs"]

[tool.concurbench.environment]
required = ["test"]
optional = ["fast"]
from_source = ["curio"]
"""


class Uv:
    """Records its arguments; has no wheel of some packages, and no index for others."""

    def __init__(self) -> None:
        self.no_wheel: tuple[str, ...] = ()
        self.unreachable: tuple[str, ...] = ()
        self.installed: tuple[str, ...] = ("pytest", "pytest-benchmark")
        self.calls: list[list[str]] = []

    def __call__(self, *arguments: str, folder: Path, environ: Mapping[str, str]) -> None:
        self.calls.append([*arguments])
        if arguments[0] == "venv":
            python = Path(arguments[-1]) / "bin/python"
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
            (python.parents[1] / "pyvenv.cfg").touch()
        if "show" in arguments and arguments[-1] not in self.installed:
            raise EnvironmentFailed("not installed")
        for each in arguments:
            if each.partition(";")[0] in self.unreachable:
                raise EnvironmentFailed("the package index does not answer")
            if each.partition(";")[0] in self.no_wheel:
                raise NoWheel("no usable wheels")

    @property
    def installs(self) -> list[list[str]]:
        """The arguments of each installation, after the interpreter."""
        return [call[4:] for call in self.calls if call[:2] == ["pip", "install"]]


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Uv:
    fake = Uv()
    monkeypatch.setattr(environments, "uv", fake)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return fake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "constraints.txt").write_text("trio==1")
    return project


Make = Callable[[], Environment]


@pytest.fixture
def make(folder: Path, uv: Uv) -> Make:
    into = folder / ".venv-3.13t"
    return lambda: ensure(PYTHON, "3.13.1t", into, folder, packages(folder))


def test_the_environment_of_an_interpreter_has_what_the_project_configures(
    folder: Path, make: Make, uv: Uv
) -> None:
    made = make()
    into = folder / ".venv-3.13t"
    assert made == Environment(into / "bin/python")
    assert made.note == ""
    assert uv.calls[0] == [
        "venv", "--seed", "--python", "/somewhere/python3.13t", str(into)
    ]  # fmt: skip
    options = ["--only-binary=:all:", "--no-binary=curio", "--constraint=constraints.txt"]
    assert uv.installs == [
        [*options, "-e", ".[test]", "--group=dev"],
        [*options, "uvloop; sys_platform != 'win32'"],
        [*options, "trio"],
    ]


def test_an_optional_package_without_a_wheel_costs_only_itself(make: Make, uv: Uv) -> None:
    uv.no_wheel = ("uvloop",)
    made = make()
    assert made.missing == ("uvloop",)
    assert made.note == "no wheel for this interpreter: uvloop (rows that need it are skipped)"
    assert uv.installs[-1][-1] == "trio"


def test_without_a_required_package_there_is_no_environment(make: Make, uv: Uv) -> None:
    uv.no_wheel = (".[test]",)
    with pytest.raises(EnvironmentFailed, match="no usable wheels"):
        make()
    uv.no_wheel, uv.calls = (), []
    make()
    assert uv.calls


def test_a_package_is_not_missing_because_the_index_does_not_answer(
    folder: Path, make: Make, uv: Uv
) -> None:
    uv.no_wheel, uv.unreachable = ("uvloop",), ("trio",)
    with pytest.raises(EnvironmentFailed, match="index does not answer"):
        make()
    assert not (folder / ".venv-3.13t" / environments.STAMP).exists()


def test_an_environment_that_is_up_to_date_stays_and_remembers_what_it_lacks(
    make: Make, uv: Uv
) -> None:
    uv.no_wheel = ("uvloop",)
    first = make()
    uv.calls = []
    assert make() == first
    assert not uv.calls


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", PROJECT.replace("pillow", "attrs")),
        ("pyproject.toml", PROJECT.replace('optional = ["fast"]', "")),
        ("constraints.txt", "trio==2"),
    ],
)
def test_other_declarations_make_it_again(
    folder: Path, make: Make, uv: Uv, file: str, text: str
) -> None:
    make()
    (folder / file).write_text(text)
    uv.calls = []
    make()
    assert "--clear" in uv.calls[0]


def test_a_folder_that_is_not_an_environment_is_left_alone(folder: Path) -> None:
    (folder / "thesis").mkdir()
    (folder / "thesis/thesis.txt").touch()
    with pytest.raises(EnvironmentFailed, match="A directory already exists at"):
        ensure(sys.executable, "3.11", folder / "thesis", folder, packages(folder))
    assert (folder / "thesis/thesis.txt").exists()


def test_the_environment_of_this_process_is_completed_not_made(
    folder: Path, make: Make, uv: Uv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(folder / ".venv-3.13t"))
    make()
    assert uv.installs
    assert not [call for call in uv.calls if call[0] == "venv"]


def test_a_project_without_a_configuration_gets_the_extras_of_its_tests(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(PROJECT.partition("[tool")[0])
    assert packages(folder).required == ("-e", ".[test]", "--group=dev")
    assert packages(folder).optional == ()


def test_a_suite_that_is_not_a_package_gets_pytest_in_our_versions(
    folder: Path, make: Make, uv: Uv
) -> None:
    (folder / "pyproject.toml").write_text("")
    uv.installed = ()
    make()
    assert [each[0].partition("==")[0] for each in uv.installs] == ["pytest", "pytest-benchmark"]


@pytest.mark.parametrize(
    ("configured", "sentence"),
    [
        ('"test"', "from_source as a list of packages, got 'test'"),
        ('["tset"]', "has no extra 'tset'; it has: test, fast, docs"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(folder: Path, configured: str, sentence: str) -> None:
    (folder / "pyproject.toml").write_text(PROJECT.replace('["test"]\nopt', f"{configured}\nopt"))
    with pytest.raises(ConcurbenchError, match=sentence):
        packages(folder)


def test_the_maintainers_command_makes_the_environment_of_an_interpreter(
    folder: Path, uv: Uv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    uv.no_wheel = ("trio",)
    done = CliRunner().invoke(command.main, [sys.executable, "--folder", ".venv-mine"])
    assert done.exit_code == 0, done.output
    assert "making .venv-mine with Python 3." in done.output
    assert "no wheel for this interpreter: trio" in done.output


# -- what uv prints ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "kind", "sentence"),
    [
        (
            "error: No solution found when resolving dependencies\n  cause: Because curio==1.6 has no "
            "usable wheels and you require curio==1.6, we can conclude that your requirements are "
            "unsatisfiable.\n\nhint: Wheels are required for `curio`",
            NoWheel,
            "uv pip install: Because curio==1.6 has no usable wheels and you require curio==1.6, we "
            "can conclude that your requirements are unsatisfiable.",
        ),
        (
            "error: No solution found when resolving dependencies\n  cause: Because x was not found in "
            "the cache and you require x, we can conclude that your requirements are unsatisfiable.\n"
            "\nhint: Packages were unavailable because the network was disabled.",
            EnvironmentFailed,
            "uv pip install: the package index does not answer: try again with a network "
            "(uv reads UV_DEFAULT_INDEX, not pip's configuration)",
        ),
        (
            "error: Request failed after 3 retries in 4.5s\n  cause: Failed to fetch: `x`\n",
            EnvironmentFailed,
            "uv pip install: the package index does not answer: try again with a network "
            "(uv reads UV_DEFAULT_INDEX, not pip's configuration)",
        ),
        (
            "error: No interpreter found at path `/nowhere`\n",
            EnvironmentFailed,
            "uv pip install: No interpreter found at path `/nowhere`",
        ),
        ("", EnvironmentFailed, "uv pip install: no output"),
    ],
)
def test_a_failure_of_uv_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, kind: type[Exception], sentence: str
) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 2, stderr=output)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(EnvironmentFailed) as raised:
        environments.uv("pip", "install", "x", folder=tmp_path)
    assert type(raised.value) is kind
    assert str(raised.value) == sentence


def test_without_uv_the_message_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(ConcurbenchError, match="makes the environments: pip install uv"):
        environments.uv("venv", folder=tmp_path)


@pytest.mark.slow
def test_uv_makes_an_environment_without_a_network(tmp_path: Path) -> None:
    into = tmp_path / "environment"
    environments.uv("venv", "--python", sys.executable, str(into), folder=tmp_path)
    python = str(into / "bin/python")
    with pytest.raises(EnvironmentFailed):
        environments.uv("pip", "show", "--python", python, "pytest", folder=tmp_path)
    environ = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_OFFLINE": "1"}
    with pytest.raises(EnvironmentFailed, match="index does not answer"):
        environments.uv("pip", "install", "--python", python, "x", folder=tmp_path, environ=environ)


# -- the environments of a gate ------------------------------------------------------------------------


def test_a_gate_installs_the_dependencies_of_a_project_and_its_tests_without_the_project(
    folder: Path, uv: Uv
) -> None:
    made = cached("/some/python", folder, "", os.environ)
    assert made.own
    assert uv.calls[0][:4] == ["venv", "--seed", "--python", "/some/python"]
    assert uv.installs == [
        ["--constraint=constraints.txt", "-r", "pyproject.toml", "--extra=test", "--group=dev"]
    ]


def test_a_project_without_a_project_table_is_installed(folder: Path, uv: Uv) -> None:
    (folder / "pyproject.toml").write_text("[tool.poetry]\n")
    uv.installed = ("pytest",)
    cached("/some/python", folder, "", os.environ)
    assert uv.installs[0] == ["--constraint=constraints.txt", "."]
    assert uv.installs[1][0].startswith("pytest-benchmark==")


def test_the_same_declarations_get_the_cached_environment(folder: Path, uv: Uv) -> None:
    first = cached("/some/python", folder, "", os.environ)
    uv.calls = []
    assert cached("/some/python", folder, "", os.environ) == first
    assert not uv.calls
    assert cached("/some/python", folder, "base: make", os.environ) != first
    assert cached("/other/python", folder, "", os.environ) != first
    (folder / "pyproject.toml").write_text(PROJECT.replace("rich", "poor"))
    assert cached("/some/python", folder, "", os.environ) != first


def test_an_environment_that_could_not_be_filled_is_not_cached(folder: Path, uv: Uv) -> None:
    uv.no_wheel = ("pyproject.toml",)
    with pytest.raises(EnvironmentFailed):
        cached("/some/python", folder, "", os.environ)
    uv.no_wheel, uv.calls = (), []
    cached("/some/python", folder, "", os.environ)
    assert uv.installs


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        ("pyproject.toml", PROJECT, PROJECT.replace("0.28", "0.29"), False),
        ("pyproject.toml", PROJECT, PROJECT.replace('"attrs"', '"attrs<30"'), False),
        ("pyproject.toml", PROJECT, PROJECT + "\n[tool.ruff]\nline-length = 3\n", True),
        ("requirements.txt", "a", "b", False),
        ("requirements/test.txt", "a", "b", False),
        ("constraints.txt", "a==1", "a==2", False),
        ("setup.py", "1", "2", False),
        ("module.py", "1", "2", True),
    ],
)
def test_which_changes_count_as_other_dependencies(
    tmp_path: Path, file: str, old: str, new: str, same: bool
) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(old)
    before = declared(tmp_path)
    path.write_text(new)
    assert (declared(tmp_path) == before) is same


def test_a_setup_command_runs_in_the_folder_and_environment_of_its_arm(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment/bin/python")
    set_up('echo "$PWD $VIRTUAL_ENV" > where', environment, tmp_path, os.environ)
    where, active = (tmp_path / "where").read_text().split()
    assert (Path(where), Path(active)) == (tmp_path, tmp_path / "environment")


def test_a_setup_command_that_fails_is_one_sentence(tmp_path: Path) -> None:
    environment = Environment(Path(sys.executable), own=False)
    with pytest.raises(EnvironmentFailed, match=r"^echo oh no; exit 4: exit 4: oh no$"):
        set_up("echo oh no; exit 4", environment, tmp_path, os.environ)
