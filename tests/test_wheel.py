"""The wheel in somebody else's project: what it contains, what it needs, which commands work there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import concurbench
from concurbench import pyproject

ROOT = Path(__file__).parents[1]

MAX_BYTES = 400_000

TIMEOUT = 300.0
"""Seconds for one command; reached only if it hangs."""

FOREIGN = {
    "pyproject.toml": """
        [project]
        name = "parcel"
        version = "1"

        [tool.pytest.ini_options]
        asyncio_mode = "auto"
        pythonpath = ["src"]
        testpaths = ["tests"]
        """,
    "src/parcel/__init__.py": """
        import asyncio

        def pack(items):
            return sorted(items)

        async def send(items):
            await asyncio.sleep(0)
            return len(items)
        """,
    "tests/conftest.py": """
        import pytest

        @pytest.fixture
        def items():
            return list(range(1000, 0, -1))
        """,
    "tests/test_parcel.py": """
        import parcel

        def test_pack(benchmark, items):
            assert benchmark(parcel.pack, items)[0] == 1

        async def test_send(aio_benchmark, items):
            assert await aio_benchmark(parcel.send, items) == 1000
        """,
}

SHORT = ("--", "--benchmark-max-time=0.05")
"""pytest's arguments for short rows."""

Run = Callable[..., subprocess.CompletedProcess[str]]


def dedent(text: str) -> str:
    lines = text.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines) + "\n"


def run(*command: str | Path, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command as in a plain terminal; its state and caches go beside ``cwd``."""
    home = str(cwd.parent)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "CONCURBENCH", "XDG_", "COV_")) and name != "PYTHONPATH"
    }
    environ = {
        **clean,
        "XDG_STATE_HOME": f"{home}/state",
        "XDG_CACHE_HOME": f"{home}/cache",
        "CONCURBENCH_LOCK": home,  # the other versions are tested at the same time
    }
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=environ, capture_output=True, text=True, timeout=TIMEOUT,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An interpreter in an empty virtual environment."""
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=ROOT)
    return tmp_path / "venv/bin/python"


@pytest.fixture
def wheel(tmp_path: Path, python: Path) -> Path:
    """The wheel, built from a copy: setuptools leaves a build folder in the sources."""
    sources = tmp_path / "sources"
    shutil.copytree(
        ROOT / "concurbench", sources / "concurbench", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path / "dist", sources, cwd=tmp_path)
    [file] = (tmp_path / "dist").glob("*.whl")
    return file


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A repository with a benchmark suite that does not know this project."""
    folder = tmp_path / "parcel"
    for name, text in FOREIGN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text), encoding="utf-8")
    (folder / ".gitignore").write_text("results/\n__pycache__/\n", encoding="utf-8")
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.invalid")
    run(*git, "init", "--quiet", cwd=folder)
    run(*git, "add", ".", cwd=folder)
    run(*git, "commit", "--quiet", "--message", "Start", cwd=folder)
    return folder


def floors() -> list[str]:
    """A constraint for each dependency of the wheel that has a floor: the floor itself."""
    project = pyproject.read(ROOT)["project"]
    extras = project["optional-dependencies"]
    named = [*project["dependencies"], *extras["gate"], *extras["matrix"]]
    constraints = []
    for requirement in map(Requirement, named):
        [floor] = requirement.specifier
        assert floor.operator == ">=", requirement
        constraints.append(f"{requirement.name}=={floor.version}")
    return constraints


def test_the_public_names_are_these() -> None:
    assert concurbench.__all__ == ["Row", "Run", "read", "version"]
    for name in concurbench.__all__:
        assert getattr(concurbench, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'other'"):
        _ = concurbench.other  # type: ignore[attr-defined]  # mypy finds the same


@pytest.mark.slow
def test_the_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"concurbench"}
    assert len(top) == 2
    packaged = {name for name in names if name.startswith("concurbench/")}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "concurbench").rglob("*.py")}
    assert packaged == sources
    assert wheel.stat().st_size < MAX_BYTES


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
@pytest.mark.parametrize("versions", ["oldest", "pinned"])
def test_every_command_works_in_a_foreign_suite(
    wheel: Path, python: Path, suite: Path, tmp_path: Path, versions: str
) -> None:
    command = python.with_name("concurbench")
    constraints = ROOT / "constraints.txt"
    if versions == "oldest":
        constraints = tmp_path / "oldest.txt"
        constraints.write_text("\n".join(floors()), encoding="utf-8")
    install: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    install += ["--only-binary=:all:", f"--constraint={constraints}"]
    run(*install, wheel, "pytest-asyncio", cwd=suite)

    # Without the extra: one sentence.
    error = run(command, "matrix", cwd=suite, code=2).stderr
    assert error.startswith("Error: ")
    assert error.endswith(": pip install 'concurbench[matrix]'\n")
    assert error.count("\n") == 1

    # aio_benchmark is there without a line in conftest.py.
    assert "2 passed" in run(python, "-m", "pytest", *SHORT[1:], cwd=suite).stdout

    said = run(command, "run", "--passes=2", *SHORT, cwd=suite).stdout
    [saved] = suite.glob("results/*/0001_*.json")
    assert "test_pack" in said
    assert "test_send" in said
    assert "test_send" in run(command, "summary", saved, cwd=suite).stdout
    ask = "import concurbench, pathlib, sys; run = concurbench.read(pathlib.Path(sys.argv[1])); "
    models = run(python, "-c", ask + "print(*[row.model for row in run.rows])", saved, cwd=suite).stdout
    assert sorted(models.split()) == ["test_pack", "test_send"]
    card = json.loads(run(command, "machine", "--json", cwd=suite).stdout)
    assert card

    run(*install, f"{wheel}[gate,matrix]", cwd=suite)
    judged = run(command, "gate", "HEAD", "--threshold=90%", "--json=gate.json", *SHORT, cwd=suite)
    assert "unchanged" in judged.stdout
    noise = run(command, "calibrate", "--blocks=3", "--json=noise.json", *SHORT, cwd=suite)
    assert "pack" in noise.stdout
    table = run(command, "matrix", f"--python={python}", "--passes=1", *SHORT, cwd=suite)
    assert "test_send" in table.stdout
