"""Within a session that a command runs: keeps pytest to the rows it is to have, in the order it is to
have them in, and says what becomes of each.

Alone in its folder, for that is put on the path of interpreters that know nothing else of this package.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "CONCURBENCH_CHILD"
"""The environment variable with what it is to do: the rows to keep, in order, or null for all of them,
and the file to tell."""


class Inside:
    """Its methods are pytest's hooks; it tells a line of JSON for each thing that happens."""

    def __init__(self, only: list[str] | None, told: Path) -> None:
        self._only = only
        self._told = told

    def tell(self, **message: object) -> None:
        with self._told.open("a", encoding="utf-8") as file:
            file.write(json.dumps(message) + "\n")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.tell(kind="broken", id=report.nodeid, why=crash(report))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        rows = [item for item in items if "benchmark" in getattr(item, "fixturenames", ())]
        if self._only is not None:
            place = {id: number for number, id in enumerate(self._only)}
            rows = sorted(
                (item for item in rows if item.nodeid in place), key=lambda item: place[item.nodeid]
            )
        items[:] = rows  # not reported as deselected: nobody narrowed what was asked for
        for item in rows:
            self.tell(kind="row", id=item.nodeid, **described(item))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.tell(kind="failed", id=report.nodeid, why=crash(report))
        elif report.skipped:
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.tell(kind="skipped", id=report.nodeid, why=why)
        elif report.when == "call":
            self.tell(kind="passed", id=report.nodeid, why="", took=report.duration)


def described(item: pytest.Item) -> dict[str, Any]:
    """What of a row is known before it runs: its model, and what is the same for all models of its
    group."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if "model" not in parameters:
        return {"model": item.name, "group": item.nodeid.partition("::")[0]}
    same = [f"{name}={value}" for name, value in parameters.items() if name not in ("model", "workers")]
    return {
        "model": str(parameters["model"]),
        "group": " ".join([item.nodeid.partition("[")[0], *sorted(same)]),
    }


def crash(report: Any) -> str:
    """Why it failed, in a line."""
    where = getattr(report.longrepr, "reprcrash", None)
    text = where.message if where is not None else str(report.longrepr)
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it does not say why"]
    return lines[-1] if lines[0].startswith("File ") else lines[0]  # of a syntax error, the error


def pytest_configure(config: pytest.Config) -> None:
    instructions = json.loads(os.environ[VARIABLE])
    inside = Inside(instructions["only"], Path(instructions["told"]))
    config.pluginmanager.register(inside, "concurbench-child")
    inside.tell(kind="root", path=str(config.rootpath))
