"""Batch mode: the chosen rows in the given order, and what became of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .rows import Reporter, described, is_benchmark


class File:
    """A file of messages; each is complete in it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, **message: object) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(message) + "\n")


class Batch(Reporter):
    """The pytest plugin; ``run`` lists the ids of the rows in order, None for all rows."""

    def __init__(self, messages: Path, run: list[str] | None) -> None:
        super().__init__(File(messages))
        self._run = run

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        config = session.config
        storage = str(config.getoption("benchmark_storage", "")).removeprefix("file://")
        self.channel.send(
            kind="started", root=str(config.rootpath), storage=str(Path(storage).absolute())
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        rows = {item.nodeid: item for item in items if is_benchmark(item)}
        if self._run is not None:
            rows = {id: rows[id] for id in self._run if id in rows}
        items[:] = rows.values()  # not reported as deselected: the user did not narrow the selection
        self.channel.send(
            kind="collected",
            rows=[described(item) for item in rows.values()],
            broken=self.broken,
        )
