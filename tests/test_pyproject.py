"""What a project's ``pyproject.toml`` declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from concurbench import pyproject

DECLARED = """
[project]
requires-python = ">=3.12"
dependencies = ["httpx"]
[project.optional-dependencies]
test = ["respx"]
docs = ["sphinx"]
bench = ["pyperf"]
[dependency-groups]
tests = ["pytest"]
dev = ["ruff"]
lint = ["mypy"]
[tool.concurbench]
timed = ["uvloop", "httpx", "uvloop"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(DECLARED)
    return tmp_path


def test_extras_and_groups_for_tests_are_installed_and_no_others(project: Path) -> None:
    content = pyproject.read(project)
    assert pyproject.extras_of_tests(content) == ["bench", "test"]
    assert pyproject.group_options(content) == ["--group=dev", "--group=tests"]
    assert pyproject.extras_of_tests({}) == pyproject.group_options({}) == []


def test_the_timed_packages_are_those_listed_and_pytest_benchmark(
    project: Path, tmp_path: Path
) -> None:
    assert pyproject.timed(project) == ["uvloop", "httpx", "pytest-benchmark"]
    assert pyproject.timed(tmp_path / "missing") == ["pytest-benchmark"]


def test_the_versions_of_python_are_those_of_the_project_or_of_concurbench(project: Path) -> None:
    assert pyproject.requires_python(project) == ">=3.12"
    (project / "pyproject.toml").write_text("not toml")
    assert pyproject.requires_python(project).startswith(">=3.")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", DECLARED.replace('"httpx"]', '"httpx>=1"]', 1)),
        ("pyproject.toml", DECLARED.replace('"ruff"', '"ruff>=1"')),
        ("pyproject.toml", DECLARED + '[tool.poetry.dependencies]\nhttpx = "1"\n'),
        ("requirements/tests.txt", "httpx"),
        ("constraints.txt", "httpx<1"),
    ],
)
def test_declared_dependencies_differ_with_every_file_that_declares_some(
    project: Path, file: str, text: str
) -> None:
    before = pyproject.declared(project)
    (project / file).parent.mkdir(exist_ok=True)
    (project / file).write_text(text)
    assert pyproject.declared(project) != before


def test_declared_dependencies_stay_the_same_with_other_changes(project: Path) -> None:
    before = pyproject.declared(project)
    (project / "pyproject.toml").write_text(DECLARED.replace("uvloop", "trio"))
    (project / "README.md").write_text("other words")
    assert pyproject.declared(project) == before
