"""The pytest plugin: ``pytest_plugins = ["concurbench.plugin"]`` in a suite's top ``conftest.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from concurbench.aio import aio_benchmark  # noqa: F401 - pytest finds the fixture here
from concurbench.measure.outcomes import ExpectedSkips, read_expected
from concurbench.measure.session import SESSION, Session, usage_errors
from concurbench.report.terminal import Report


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("concurbench").addoption(
        "--expected-skips",
        metavar="FILE",
        type=Path,
        help="fail if a test is skipped for a reason that matches no line of this file",
    )


@pytest.hookimpl(tryfirst=True)
@usage_errors()
def pytest_configure(config: pytest.Config) -> None:
    # Before pytest-benchmark's own hook, which computes the machine's name and loads the baseline.
    session = config.stash[SESSION] = Session(config)
    config.pluginmanager.register(session, "concurbench-session")
    config.pluginmanager.register(Report(session), "concurbench-report")
    if config.option.expected_skips:
        expected = read_expected(config.option.expected_skips)
        config.pluginmanager.register(ExpectedSkips(expected), "concurbench-skips")
