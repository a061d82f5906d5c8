"""What a pytest process reports about its rows, in both modes."""

from __future__ import annotations

from typing import Any, Protocol

import pytest


class Sender(Protocol):
    """Where messages go."""

    def send(self, **message: object) -> None: ...


class Reporter:
    """Sends what became of each row; its methods are pytest's hooks."""

    def __init__(self, channel: Sender) -> None:
        self.channel = channel
        self.broken: list[str] = []
        """The files that could not be collected, each with the error."""
        self._outcome: dict[str, Any] = {"outcome": "passed", "reason": ""}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(f"{report.nodeid}: {last_error(report)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._outcome["seconds"] = report.duration
        if report.failed:  # a row may pass and fail in its teardown
            self._outcome.update(outcome="failed", reason=last_error(report))
        elif report.skipped and self._outcome["outcome"] == "passed":
            self._outcome.update(outcome="skipped", reason=skip_reason(report))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.channel.send(kind="outcome", row=nodeid, **self._outcome)
        self._outcome = {"outcome": "passed", "reason": ""}


def is_benchmark(item: pytest.Item) -> bool:
    """Whether a test uses pytest-benchmark's fixture, directly or through another fixture."""
    return "benchmark" in getattr(item, "fixturenames", ())


def described(item: pytest.Item) -> dict[str, Any]:
    """What is known of a row before it runs: its id, its model, the group of rows that do the same
    work, and what its ``gate`` mark says."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if "model" in parameters:
        same = [
            f"{name}={value}" for name, value in parameters.items() if name not in ("model", "workers")
        ]
        model, group = (
            str(parameters["model"]),
            " ".join([item.nodeid.partition("[")[0], *sorted(same)]),
        )
    else:
        model, group = item.name, item.nodeid.partition("::")[0]
    mark = item.get_closest_marker("gate")
    threshold = mark.kwargs.get("threshold") if mark else None
    plain = threshold is None or isinstance(threshold, (int, float))
    return {
        "id": item.nodeid,
        "model": model,
        "group": group,
        "gate": mark is not None,
        "threshold": threshold if plain else repr(threshold),
    }


def skip_reason(report: pytest.TestReport) -> str:
    """Why a test was skipped, or is expected to fail."""
    longrepr = report.longrepr
    reason: str = longrepr[2] if isinstance(longrepr, tuple) else getattr(report, "wasxfail", "")
    return reason.removeprefix("Skipped: ")


def last_error(report: pytest.CollectReport | pytest.TestReport) -> str:
    """The one line that says best why a test or a collection failed."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = report.longreprtext if crash is None else crash.message
    marked = [line[1:] for line in text.splitlines() if crash is None and line.startswith("E ")]
    lines = [line.strip() for line in marked or text.splitlines()]
    lines = [line for line in lines if line] or ["no reason given"]
    if crash is not None and not lines[0].startswith("File "):  # as a syntax error's does
        line = lines[0]
    else:
        errors = [line for line in lines if line.partition(":")[0].endswith(("Error", "Exception"))]
        line = (errors or lines)[-1]
    return "".join(each for each in line if each.isprintable())
