"""The pytest plugin: ``pytest_plugins = ["concurbench.plugin"]`` in a suite's top ``conftest.py``."""

from __future__ import annotations

import pytest

from concurbench.report import Report
from concurbench.session import SESSION, Session


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Before pytest-benchmark's own, which computes the machine's name and loads the run to compare with
    # in one go.
    session = config.stash[SESSION] = Session(config)
    config.pluginmanager.register(session, "concurbench-session")
    config.pluginmanager.register(Report(session), "concurbench-report")
