"""Projects to compare, in folders of their own; how fast they are is made up."""

from __future__ import annotations

import subprocess
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from concurbench.cli import main
from concurbench.gate.comparison import Comparison
from concurbench.gate.prepare import Question

CLOCK = '''
    """A project whose time is made up: working moves its clock."""
    import os
    import random

    SECONDS = {seconds}
    _noise = random.Random(os.environ["PYTHONHASHSEED"] + os.getcwd())


    class Clock:
        now = 0.0

        def __call__(self):
            return self.now


    clock = Clock()


    def work(seconds=SECONDS):
        clock.now += seconds * _noise.gauss(1, 0.01)
'''

BENCHMARKS = """
    import pytest
    from toyclock import clock, work

    pytestmark = pytest.mark.benchmark(timer=clock)

    @pytest.mark.parametrize("row", {rows})
    def test_toy(benchmark, row):
        benchmark.pedantic(work, rounds=30)
"""


class Project:
    """A project in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def with_clock(self, seconds: float = 0.03, rows: tuple[str, ...] = ("x",)) -> Project:
        """Benchmarks that say they take so long."""
        self.write("toyclock.py", CLOCK.format(seconds=seconds))
        self.write("test_toy.py", BENCHMARKS.format(rows=rows))
        return self

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false"]
        identity += ["-c", "maintenance.auto=false"]  # in the background, it would write when it likes
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, message: str = "a commit") -> str:
        if not (self.folder / ".git").exists():
            self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Locks, caches and temporary folders of these gates are their own."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    # Short, for a fork server puts its socket there; what was ended may still be tidying up in it.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folders = {"CONCURBENCH_LOCK": "lock", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state"}
        for name, folder in folders.items():
            (tmp_path / folder).mkdir()
            monkeypatch.setenv(name, str(tmp_path / folder))
        monkeypatch.setenv("TMPDIR", temporary)
        monkeypatch.setattr("tempfile.tempdir", None)  # what was found before is not to be kept
        yield
        monkeypatch.setattr("tempfile.tempdir", None)


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str], Project]:
    """Call it for a project of this name."""
    return lambda name: Project(tmp_path / "projects" / name)


@pytest.fixture
def compare(tmp_path: Path) -> Callable[..., Comparison]:
    """Call it with base and head for what compares them."""

    def of(base: Project, head: Project, *arguments: str, **how: object) -> Comparison:
        question = Question(
            str(base.folder), str(head.folder), tmp_path, ("-p", "no:cacheprovider", *arguments), **how  # type: ignore[arg-type]
        )  # fmt: skip
        return Comparison(question)

    return of


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call it with the directory to be in and the command's arguments."""

    def run(where: Project, *arguments: str) -> Result:
        monkeypatch.chdir(where.folder)
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False)

    return run
