"""Sessions of pytest that measure nothing: what a command does with their results needs no process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from concurbench import machine
from concurbench.cli import main
from concurbench.results import runs
from concurbench.runner import run as runner
from concurbench.runner.child import ChildResult, CollectedRow
from tests.conftest import stats

MODELS = ("sequential", "threaded", "processes")


def row(model: str) -> str:
    return f"test_x.py::test_x[{model}]"


def collected(models: Sequence[str] = MODELS) -> list[CollectedRow]:
    return [CollectedRow(row(model), model, "test_x.py::test_x") for model in models]


def content(times: Mapping[str, float], home: str = "", **ours: Any) -> dict[str, Any]:
    """What pytest-benchmark saves of a session: row -> seconds of each round."""
    benchmarks = [
        {
            "fullname": id, "name": id, "group": "x · small", "stats": stats(seconds, seconds),
            "extra_info": {"model": id.partition("[")[2][:-1], "workers": 2, "fingerprint": "f"},
        }
        for id, seconds in times.items()
    ]  # fmt: skip
    common = {
        "home": home or machine.folder(), "passes": 1, "complete": True, "incomplete": [],
        "skipped": {}, "left_out": 0, "yardsticks": [], "notes": [],
        "gil": {"start": True, "end": True, "switched_on_by": []},
    }  # fmt: skip
    return {
        "machine_info": {"python_version": "3.11.7"},
        "benchmarks": benchmarks,
        runs.OURS: {**common, **ours},
    }


def result(
    rows: Sequence[str], times: Mapping[str, float], *, home: str = "",
    ours: Mapping[str, Any] | None = None, failed: Mapping[str, str] | None = None,
    skipped: Mapping[str, str] | None = None, **more: Any,
) -> ChildResult:  # fmt: skip
    """A session that was to measure these rows: those in ``times`` passed."""
    outcomes = {id: ("passed", "") for id in rows if id in times}
    outcomes |= {id: ("failed", why) for id, why in (failed or {}).items()}
    outcomes |= {id: ("skipped", why) for id, why in (skipped or {}).items()}
    passed = {id: times[id] for id in rows if id in times and outcomes[id][0] == "passed"}
    saved = content(passed, home, **(ours or {})) if passed else None
    return ChildResult(collected(), outcomes, saved, took=dict.fromkeys(passed, 1.0), **more)


@dataclass
class Suite:
    """Takes the place of ``PytestSuite``; ``answer`` makes the result of a session from its number,
    its interpreter and its rows."""

    answer: Callable[[int, str, Sequence[str]], ChildResult]
    rows: Mapping[str, ChildResult] = field(default_factory=dict)
    """Interpreter -> what collecting with it returns, where that is not all rows."""
    root: Path = Path()
    storage: str = ""
    visits: list[tuple[str, list[str]]] = field(default_factory=list)
    """The interpreter and the models of each session."""
    arguments: Sequence[str] = ()
    on_row: object = None

    def collect(self, python: Path) -> ChildResult:
        usual = ChildResult(
            collected(), root=str(self.root), storage=self.storage or str(self.root / "results")
        )
        return self.rows.get(python.name, usual)

    def measure(
        self, python: Path, rows: Sequence[str], seconds: float, *, observe: float
    ) -> ChildResult:
        self.visits.append((python.name, [id.partition("[")[2][:-1] for id in rows]))
        return self.answer(len(self.visits), python.name, rows)


@contextmanager
def installed(suite: Suite, patch: pytest.MonkeyPatch) -> Iterator[Suite]:
    """While this suite takes the place of pytest."""

    def made(_: object, __: object, arguments: Sequence[str], *___: object) -> Suite:
        suite.arguments = arguments
        return suite

    @contextmanager
    def workspace() -> Iterator[None]:
        yield

    with patch.context() as context:
        context.setattr(runner, "PytestSuite", made)
        context.setattr(runner, "Workspace", workspace)
        yield suite


Answer = Callable[[int, str, Sequence[str]], ChildResult]


class Command:
    """Calls the command ``run`` or ``matrix`` in a folder, with fake sessions."""

    def __init__(self, name: str, folder: Path, patch: pytest.MonkeyPatch, answer: Answer) -> None:
        self.name, self.folder, self._patch, self._answer = name, folder, patch, answer
        self.rows: dict[str, ChildResult] = {}
        self.storage = ""
        """What the suite's configuration names."""
        patch.chdir(folder)
        patch.setenv("CONCURBENCH_LOCK", str(folder))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.delenv("CONCURBENCH_SERVER_PYTHON", raising=False)

    def __call__(self, *arguments: str, answer: Answer | None = None) -> Result:
        self.suite = Suite(answer or self._answer, self.rows, self.folder, self.storage)
        with installed(self.suite, self._patch):
            return CliRunner().invoke(main, [self.name, *arguments], catch_exceptions=False)

    @property
    def saved(self) -> list[str]:
        """The saved runs: folder of the machine and file."""
        found = self.folder.glob("results/*/*.json")
        return sorted(f"{path.parent.name}/{path.name}" for path in found)

    @property
    def aside(self) -> list[Path]:
        """The runs in the user's state folder."""
        return list((self.folder / "state").glob("concurbench/runs/*.json"))

    def load(self, pattern: str) -> dict[str, Any]:
        [path] = self.folder.glob(f"results/*/{pattern}")
        loaded: dict[str, Any] = json.loads(path.read_text())
        return loaded
