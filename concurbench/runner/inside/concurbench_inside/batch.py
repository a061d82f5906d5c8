"""Batch mode: the chosen rows in the given order, and what became of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .rows import Reporter, described, is_benchmark


class Batch(Reporter):
    """The pytest plugin; ``run`` lists the ids of the rows in order, None for all rows."""

    def __init__(self, messages: Path, run: list[str] | None) -> None:
        def send(**message: object) -> None:
            with messages.open("a", encoding="utf-8") as file:  # each message is complete in it at once
                file.write(json.dumps(message) + "\n")

        super().__init__(send)
        self._run = run

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        config = session.config
        storage = str(config.getoption("benchmark_storage", "")).removeprefix("file://")
        self.send(kind="started", root=str(config.rootpath), storage=str(Path(storage).absolute()))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        rows = {item.nodeid: item for item in items if is_benchmark(item)}
        if self._run is not None:
            rows = {id: rows[id] for id in self._run if id in rows}
        items[:] = rows.values()  # not reported as deselected: the user did not narrow the selection
        described_rows = [described(item) for item in rows.values()]
        self.send(kind="collected", rows=described_rows, broken=self.broken)
