"""Stepped mode: the gate says which rows run, and when each round of them runs."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
import sys
import sysconfig
from collections.abc import Mapping
from typing import Any

import pytest

from .rows import Reporter, described, is_benchmark


class Channel:
    """Messages to and from the gate, over an inherited socket."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # processes that the suite starts must not hold it open
        self._socket = socket.socket(fileno=descriptor)
        self._lines = self._socket.makefile("r", encoding="utf-8")

    def send(self, **message: object) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionError):  # receive() ends the session
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        with contextlib.suppress(ConnectionError):
            if line := self._lines.readline():
                message: dict[str, Any] = json.loads(line)
                return message
        pytest.exit("the gate that stepped this suite has ended")


class Stepped(Reporter):
    """The pytest plugin; ``instructions`` has ``own``, ``others`` and ``names``."""

    def __init__(self, channel: Channel, instructions: Mapping[str, Any]) -> None:
        super().__init__(channel.send)
        self.channel = channel
        self._instructions = instructions
        self.slower: dict[str, float] = {}
        """Row -> the share by which its rounds are slowed down."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "gate: a row that concurbench gate compares")
        if not config.pluginmanager.hasplugin("benchmark"):
            self.send(kind="cannot", why="no pytest-benchmark in its environment")
            pytest.exit("no pytest-benchmark")
        # Also where an argument asks for it: nothing is switched off, profiled, saved or compared.
        for name, value in {
            "disable": False, "skip": False, "enable": True, "only": False, "cprofile": None,
            "save": None, "autosave": None, "json": None, "compare": None, "compare_fail": None,
            "histogram": None,
        }.items():  # fmt: skip
            setattr(config.option, f"benchmark_{name}", value)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        rows = {item.nodeid: item for item in items if is_benchmark(item)}
        described_rows = [described(item) for item in rows.values()]
        self.send(
            kind="collected", rows=described_rows, broken=self.broken, tests=len(items),
            python=interpreter(), **self._origins(),
        )  # fmt: skip
        selection = self.channel.receive()
        self.slower = selection["slower"]
        items[:] = [rows[id] for id in selection["run"]]

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self) -> bool:
        return True  # pytest-timeout must not end a row that waits for its turn

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        getattr(session.config, "_benchmarksession").benchmarks.clear()  # noqa: B009 - not typed
        self.send(kind="finished", **self._origins())

    def _origins(self) -> dict[str, object]:
        """Where the project's modules were imported from: how many from its own files, and which from
        elsewhere."""
        own, foreign = 0, {}
        for name, module in list(sys.modules.items()):
            file, top = getattr(module, "__file__", None), name.partition(".")[0]
            if not isinstance(file, str) or top == __name__.partition(".")[0]:
                continue
            path = os.path.realpath(file)
            installed = _within(path, [os.path.realpath(sys.prefix)])
            if _within(path, self._instructions["own"]):
                own += 1
            elif top in self._instructions["names"] or (
                _within(path, self._instructions["others"]) and not installed
            ):
                foreign[name] = path
        return {"own": own, "foreign": foreign}


def _within(path: str, folders: list[str]) -> bool:
    return any(path.startswith(folder + os.sep) for folder in folders)


def interpreter() -> str:
    """This interpreter's implementation, version and build, as in ``CPython-3.13t``."""
    build = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return f"{platform.python_implementation()}-{sys.version_info[0]}.{sys.version_info[1]}{build}"
