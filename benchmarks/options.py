"""A pytest plugin: the options that choose the rows and the servers."""

from __future__ import annotations

import argparse
import math
import os
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from importlib import import_module

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
    "http_connect_delay": 0.0,
    "http_host": LOOPBACK,
    "losses": False,
    "dns_delay": DELAY,
    "dask_scheduler": None,
}
"""Option -> its value in a plain run, or words one of which its list contains in a plain run. With
another value the run is not complete."""


def pytest_addoption(parser: pytest.Parser) -> None:
    add = parser.getgroup("concurbench", "concurbench: which rows to run").addoption
    # fmt: off
    add("--models", default=["default"], type=_names, metavar="NAME,…",
        help="models to run by name, 'default', or 'all'")
    add("--cases", type=_names, metavar="NAME,…",
        help="cases to run by name, 'all' but those that run only if they are named (the default), or "
        "'smallest': the first of each workload (the default with --benchmark-disable)")
    add("--workers", type=_counts, metavar="N,…",
        help="how many units in flight, instead of each case's own number")
    add("--seconds-per-row", type=_seconds, metavar="SECONDS",
        help=f"how long to time each row, in at most {MAX_ROUNDS} rounds (default: "
        f"{SESSION_BUDGET.seconds:g}, and {PASS_BUDGET.seconds:g} in each pass of concurbench run)")
    add("--http-server", default="both", choices=[*NAMES, "both"],
        help="where flags come from: mocked inside the process, a real server, or both (the default)")
    add("--http-delay", default=DELAY, type=partial(_seconds, longest=MAX_HTTP_DELAY),
        metavar="SECONDS", help="how long a flag server waits before it answers (default: %(default)s)")
    add("--http-connect-delay", default=0.0, type=partial(_seconds, longest=MAX_HTTP_DELAY),
        metavar="SECONDS", help="how much later the first answer on a new connection to the local flag "
        "server comes; the mock has no connections (default: %(default)s)")
    add("--http-host", default=LOOPBACK, metavar="ADDRESS",
        help="where the local flag server listens: an address that a cluster's other hosts can reach "
        "(default: %(default)s)")
    add("--losses", action="store_true",
        help="also measure where downloads lose time: rows of flags on the local server get a round "
        "without each of their parts")
    add("--dns-delay", default=DELAY, type=partial(_seconds, longest=MAX_DNS_DELAY), metavar="SECONDS",
        help="how long the DNS server waits before it answers (default: %(default)s)")
    add("--server-python", default=PYTHON, metavar="PATH",
        help="the interpreter that runs the local servers, so that they are the same for all "
        f"interpreters under test (default: {ENV_SERVER_PYTHON}, or this one)")
    add("--dask-scheduler", type=_address, metavar="ADDRESS",
        help="an existing Dask cluster for the models that use one; without it each of their rows gets "
        "worker processes on this machine")
    # fmt: on


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
    if cases := set(option.cases) - {"all", "smallest"}:
        workloads = [import_module(f"impls.{name}") for name in impls.workloads()]
        _check_known("cases", cases, {case for workload in workloads for case in workload.CASES})
    if option.losses and (reason := _without_losses(option)):
        raise ConcurbenchError(f"--losses: no part can be replaced {reason}")
    _check_known("models", set(option.models) - {"default", "all"}, _all_models())
    session.outcomes.narrowed += narrowed(option)
    if option.seconds_per_row:
        session.budget = replace(session.budget, seconds=option.seconds_per_row)


def _without_losses(option: argparse.Namespace) -> str:
    """Why no part of a download has a substitute with these options; empty if it has one."""
    for workload in impls.workloads():
        for name, case in import_module(f"impls.{workload}").CASES.items():
            if name in option.cases and getattr(case, "protocol", "http") != "http":
                return f"over TLS: leave out --cases={name}"
    if option.http_connect_delay:
        return "if connections are delayed: leave out --http-connect-delay"
    return ""


def narrowed(option: argparse.Namespace) -> list[str]:
    """The options with other values than in a plain run, as on the command line."""
    found = []
    for name, plain in PLAIN.items():
        value = getattr(option, name)
        if not (plain & set(value) if isinstance(plain, set) else value == plain):
            text = ",".join(map(str, value)) if isinstance(value, list) else value
            found.append(f"--{name.replace('_', '-')}{'' if value is True else f'={text}'}")
    return found


def _check_known(option: str, asked: set[str], known: set[str]) -> None:
    if unknown := asked - known:
        raise ConcurbenchError(
            f"--{option}: no {min(unknown)!r}: choose from {', '.join(sorted(known))}"
        )


def _all_models() -> set[str]:
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
    return {model.name for model in models}


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


def _seconds(text: str, longest: float | None = None) -> float:
    """Seconds above 0, or from 0 to ``longest``."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan  # outside all bounds
    fits, expected = 0 < seconds < math.inf, "above 0"
    if longest is not None:
        fits, expected = 0 <= seconds <= longest, f"from 0 to {longest}"
    if not fits:
        raise argparse.ArgumentTypeError(f"expected seconds {expected}, got {text!r}")
    return seconds
