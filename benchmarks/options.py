"""A pytest plugin: the options that choose the rows and the servers."""

from __future__ import annotations

import argparse
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

import impls
from concurbench.errors import ConcurbenchError
from concurbench.measure.rounds import MAX_ROUNDS, PASS_BUDGET, SESSION_BUDGET
from concurbench.measure.session import SESSION, usage_errors
from servers import ENV_SERVER_PYTHON, LOOPBACK, NAMES, PYTHON

DELAY = 0.05

MAX_HTTP_DELAY = 10.0
"""Seconds; well below impls.flags.TIMEOUT, after which a client gives up."""

MAX_DNS_DELAY = 1.0
"""Seconds; well below the time after which resolvers ask again."""

MAX_TMPDIR = 70
"""Characters; a fork server puts a socket there, whose path has at most 107."""

PLAIN: dict[str, Collection[str] | object] = {
    "cases": {"all"},
    "models": {"all", "default"},
    "workers": None,
    "seconds_per_row": None,
    "http_server": "both",
    "http_delay": DELAY,
    "http_host": LOOPBACK,
    "dns_delay": DELAY,
    "dask_scheduler": None,
}
"""Option -> its value in a plain run, or words one of which its list contains in a plain run. With
another value the run is not complete."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("concurbench", "concurbench: which rows to run")

    def add(name: str, default: Any, metavar: str | None, help: str, **how: Any) -> None:
        group.addoption(name, default=default, metavar=metavar, help=help, **how)

    add("--models", ["default"], "NAME,…", "models to run by name, 'default', or 'all'", type=_names)
    add(
        "--cases", None, "NAME,…",
        "cases to run by name, 'all' (the default), or 'smallest': the first of each workload (the "
        "default with --benchmark-disable)",
        type=_names,
    )  # fmt: skip
    add(
        "--workers", None, "N,…", "how many units in flight, instead of each case's own number",
        type=_counts,
    )  # fmt: skip
    add(
        "--seconds-per-row", None, "SECONDS",
        f"how long to time each row, in at most {MAX_ROUNDS} rounds (default: "
        f"{SESSION_BUDGET.seconds:g}, and {PASS_BUDGET.seconds:g} in each pass of concurbench run)",
        type=_seconds,
    )  # fmt: skip
    add(
        "--http-server", "both", None,
        "where flags come from: mocked inside the process, a real server, or both (the default)",
        choices=[*NAMES, "both"],
    )  # fmt: skip
    add(
        "--http-delay", DELAY, "SECONDS",
        "how long a flag server waits before it answers (default: %(default)s)",
        type=_http_delay,
    )  # fmt: skip
    add(
        "--http-host", LOOPBACK, "ADDRESS",
        "where the local flag server listens: an address that a cluster's other hosts can reach "
        "(default: %(default)s)",
    )  # fmt: skip
    add(
        "--dns-delay", DELAY, "SECONDS",
        "how long the DNS server waits before it answers (default: %(default)s)",
        type=_dns_delay,
    )  # fmt: skip
    add(
        "--server-python", PYTHON, "PATH",
        "the interpreter that runs the local servers, so that they are the same for all interpreters "
        f"under test (default: {ENV_SERVER_PYTHON}, or this one)",
    )  # fmt: skip
    add(
        "--dask-scheduler", None, "ADDRESS",
        "an existing Dask cluster for the models that use one; without it each of their rows gets "
        "worker processes on this machine",
        type=_address,
    )  # fmt: skip


@usage_errors()
def pytest_configure(config: pytest.Config) -> None:
    option, session = config.option, config.stash[SESSION]
    if os.name == "posix" and len(tempfile.gettempdir()) > MAX_TMPDIR:
        raise ConcurbenchError(
            f"the path of the temporary folder is too long for a fork server's socket: "
            f"{tempfile.gettempdir()}: set TMPDIR to one of at most {MAX_TMPDIR} characters"
        )
    if shutil.which(option.server_python) is None:
        raise ConcurbenchError(
            f"--server-python, or {ENV_SERVER_PYTHON}: no interpreter {option.server_python}"
        )
    if option.cases is None:
        option.cases = ["smallest"] if option.benchmark_disable else ["all"]
    _check_known("cases", option.cases, {"all", "smallest"}, _all_cases)
    models = _all_models()
    _check_known("models", option.models, {"default", "all"}, lambda: {each.name for each in models})
    session.outcomes.narrowed += narrowed(option)
    if option.seconds_per_row:
        session.budget = replace(session.budget, seconds=option.seconds_per_row)


def narrowed(option: argparse.Namespace) -> list[str]:
    """The options with other values than in a plain run, as on the command line."""
    found = []
    for name, plain in PLAIN.items():
        value = getattr(option, name)
        is_plain = plain & set(value) if isinstance(plain, set) else value == plain
        if not is_plain:
            text = ",".join(map(str, value)) if isinstance(value, list) else value
            found.append(f"--{name.replace('_', '-')}={text}")
    return found


def _check_known(option: str, asked: list[str], words: set[str], known: Callable[[], set[str]]) -> None:
    names = set(asked) - words
    if unknown := names and names - known():
        raise ConcurbenchError(
            f"--{option}: no {sorted(unknown)[0]!r}: choose from {', '.join(sorted(known()))}"
        )


def _all_cases() -> set[str]:
    workloads = [import_module(f"impls.{name}") for name in impls.workloads()]
    return {case for workload in workloads for case in workload.CASES}


def _all_models() -> list[impls.Model]:
    try:
        models = [model for workload in impls.workloads() for model in impls.models(workload)]
    except ValueError as error:
        raise ConcurbenchError(str(error)) from None
    for model in models:
        if unknown := set(model.servers or ()) - set(NAMES):
            file = f"{model.workload}/{model.name}.py"
            raise ConcurbenchError(
                f"{file}: SERVERS has {unknown.pop()!r}: choose from {', '.join(NAMES)}"
            )
    return models


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("expected names, separated by commas")
    return names


def _counts(text: str) -> list[int]:
    counts = [int(count) if count.strip().isdecimal() else 0 for count in text.split(",")]
    if 0 in counts:
        raise argparse.ArgumentTypeError(f"expected whole numbers from 1, got {text!r}")
    return counts


def _address(text: str) -> str:
    if ":" not in text:
        raise argparse.ArgumentTypeError(f"expected an address such as tcp://host:8786, got {text!r}")
    return text


def _seconds(text: str) -> float:
    seconds = _float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got {text!r}")
    return seconds


def _http_delay(text: str) -> float:
    return _delay(text, MAX_HTTP_DELAY)


def _dns_delay(text: str) -> float:
    return _delay(text, MAX_DNS_DELAY)


def _delay(text: str, limit: float) -> float:
    seconds = _float(text)
    if not 0 <= seconds <= limit:
        raise argparse.ArgumentTypeError(f"expected seconds from 0 to {limit}, got {text!r}")
    return seconds


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan  # outside all bounds
