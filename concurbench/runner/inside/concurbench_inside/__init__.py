"""Inside a pytest process that concurbench starts: choose the rows, report on them, step their rounds.

``pytest -p concurbench_inside`` in whatever environment a suite has. So this package imports only the
standard library, pytest and pytest-benchmark, and is alone in its folder: put on ``PYTHONPATH``, it
brings nothing else along. It has two modes:

- ``batch`` runs the chosen rows in the given order; its messages go to a file.
- ``stepped`` runs each round when the gate asks for it; messages go over an inherited socket.

Messages are JSON, one per line, the same in both modes where they mean the same.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from .options import without_obstacles

ENV_INSTRUCTIONS = "CONCURBENCH_INSIDE"
"""The environment variable with the instructions as JSON: for ``batch`` the ids of the rows to ``run``
in order (null for all) and the file ``messages``; for ``stepped`` the descriptor ``socket``, the
``names`` of the project's top-level modules, the folders of its ``own`` files and of ``others``."""

INSTRUCTIONS: dict[str, Any] = json.loads(os.environ.pop(ENV_INSTRUCTIONS, "{}"))


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, None, None]:
    """Drop options of the suite's configuration that would keep its benchmarks from being measured.

    A wrapper, so that it runs before pytest-cov reads the options and starts.
    """
    if INSTRUCTIONS:
        configured = len(args) - len(early_config.invocation_params.args)
        args[:configured] = without_obstacles(args[:configured])
        early_config.known_args_namespace = parser.parse_known_args(
            args, namespace=copy.copy(early_config.option)
        )
    yield


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not INSTRUCTIONS:
        return  # loaded by a process that the suite started
    if "socket" in INSTRUCTIONS:
        from .fixture import replace_fixture
        from .stepped import Channel, Stepped

        mode = Stepped(Channel(INSTRUCTIONS["socket"]), INSTRUCTIONS)
        replace_fixture(mode)
        config.pluginmanager.register(mode, "concurbench-stepped")  # concurbench.plugin asks for it
    else:
        from .batch import Batch

        batch = Batch(Path(INSTRUCTIONS["messages"]), INSTRUCTIONS["run"])
        config.pluginmanager.register(batch)
