"""Sessions of pytest that measure nothing: what a command does with their results needs no process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from concurbench import machine
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
    return ChildResult(1.0, collected(), outcomes, saved, took=dict.fromkeys(passed, 1.0), **more)


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
            1.0, collected(), root=str(self.root), storage=self.storage or str(self.root / "results")
        )
        return self.rows.get(python.name, usual)

    def measure(self, python: Path, rows: Sequence[str]) -> ChildResult:
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
