"""What is left of a suite's own options."""

from __future__ import annotations

from pathlib import Path

import pytest

from concurbench.runner.addopts import kept


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("", ""),
        ("-q --strict-markers -p plugin", "-q --strict-markers -p plugin"),
        ("-n 4 -q", "-q"),
        ("-n4 --dist=loadfile -nauto", ""),
        ("-q --maxfail", "-q --maxfail"),
        ("-xvs -qn4 -vn 2 --reruns 3", "-vs -q -v"),
        ("--cov --cov-report=html --cov=src -q", "-q"),
        ("--benchmark-disable --benchmark-json x.json -v", "-v"),
        ("--benchmark-disable-gc --benchmark-timer=time.process_time",
         "--benchmark-disable-gc --benchmark-timer=time.process_time"),
        ("-x --maxfail=2 --lf --random-order --timeout 30", ""),
        ("-k 'not slow' -m \"a or b\"", "-k 'not slow' -m 'a or b'"),
        ("--import-mode=importlib tests", "--import-mode=importlib tests"),
    ],
)  # fmt: skip
def test_options_that_hinder_stepping_are_left_out(tmp_path: Path, said: str, left: str) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {said}\n")
    assert kept(tmp_path) == left


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", "[pytest]\naddopts = -q -n 2"),
        (".pytest.ini", "[pytest]\naddopts =\n    -q\n    -n 2"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '-q -n 2'"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = ['-q', '-n', '2']"),
        ("pyproject.toml", "[tool.pytest]\naddopts = ['-q', '-n', '2']"),
        ("pytest.toml", "[pytest]\naddopts = ['-q', '-n2']"),
        ("tox.ini", "[tox]\n[pytest]\naddopts = -q -n 2"),
        ("setup.cfg", "[metadata]\nname=x\n[tool:pytest]\naddopts = -q -n 2"),
    ],
)
def test_they_are_read_from_wherever_pytest_reads_them(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)
    assert kept(tmp_path) == "-q"


def test_the_first_file_that_configures_pytest_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'")
    (tmp_path / "tox.ini").write_text("[pytest]\naddopts = -v")
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\naddopts = -q")
    assert kept(tmp_path) == "-v"


@pytest.mark.parametrize("text", ["not toml at all [", "[tool]\npytest = 3"])
def test_a_broken_file_is_pytests_affair(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert kept(tmp_path) == ""


def test_a_configuration_further_up_counts(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -v -n 3")
    (tmp_path / "part").mkdir()
    assert kept(tmp_path / "part") == "-v"
