"""Puts the rooms together for pytest: options, and the servers that benchmarks and tests talk to."""

from __future__ import annotations

import argparse
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import impls
from concurbench.measure.rounds import ALONE, MOST, ONE_OF_SEVERAL
from concurbench.measure.session import SESSION
from servers import BASE_PYTHON, LOOPBACK, NAMES, PYTHON, capacity
from servers.local import Local, lay_out
from servers.process import ServerDied

# pytester is for the tests: pytest lets only this file, the topmost, ask for it.
pytest_plugins = ["concurbench.plugin", "pytester"]

DELAY = 0.05
LONGEST_DELAY = 10.0  # seconds; well below impls.flags.TIMEOUT, after which a client gives up
LONGEST_DNS_DELAY = 1.0  # seconds; well below what resolvers wait until they ask again
LONGEST_TMPDIR = 70  # characters; a fork server puts a socket there, whose path has 107 at most
SERVER_NEEDS = "uvicorn and httptools (another interpreter: --server-python)"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("concurbench", "concurbench: which rows to run")
    group.addoption(
        "--models", default="default", metavar="NAME,…", type=_names,
        help="models to run by name, 'default', or 'all'",
    )  # fmt: skip
    group.addoption(
        "--cases", default=None, metavar="NAME,…", type=_names,
        help="cases to run by name, 'all' (the default), or 'smallest': the first of each workload "
        "(the default with --benchmark-disable)",
    )  # fmt: skip
    group.addoption(
        "--workers", default=None, metavar="N,…", type=_counts,
        help="how many units in flight, instead of each case's own number",
    )  # fmt: skip
    group.addoption(
        "--seconds-per-row", default=None, metavar="SECONDS", type=_seconds,
        help=f"how long to time each row, in at most {MOST} rounds (default: {ALONE.seconds:g}, and "
        f"{ONE_OF_SEVERAL.seconds:g} in each pass of concurbench run)",
    )  # fmt: skip
    group.addoption(
        "--http-server", default="both", choices=[*NAMES, "both"],
        help="where flags come from: mocked inside the process, a real server, or both (the default)",
    )  # fmt: skip
    group.addoption(
        "--http-delay", default=DELAY, metavar="SECONDS", type=_delay,
        help="how long a flag server waits before it answers (default: %(default)s)",
    )  # fmt: skip
    group.addoption(
        "--http-host", default=LOOPBACK, metavar="ADDRESS",
        help="where the local flag server listens: an address that a cluster's other hosts can reach "
        "(default: %(default)s)",
    )  # fmt: skip
    group.addoption(
        "--dns-delay", default=DELAY, metavar="SECONDS", type=_dns_delay,
        help="how long the DNS server waits before it answers (default: %(default)s)",
    )  # fmt: skip
    group.addoption(
        "--server-python", default=PYTHON, metavar="PATH",
        help="the interpreter that runs the local servers, so that they are the same under all "
        f"(default: what {BASE_PYTHON} says, or this one)",
    )  # fmt: skip
    group.addoption(
        "--dask-scheduler", default=None, metavar="ADDRESS", type=_address,
        help="a Dask cluster that exists, for the models that use one; without it each of their rows "
        "gets worker processes on this machine",
    )  # fmt: skip


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("expected one name or several, with commas between")
    return names


def _address(text: str) -> str:
    if ":" not in text:
        raise argparse.ArgumentTypeError(f"expected an address as in tcp://host:8786, got {text!r}")
    return text


def _counts(text: str) -> list[int]:
    counts = [int(count) if count.strip().isdecimal() else 0 for count in text.split(",")]
    if 0 in counts:
        raise argparse.ArgumentTypeError(f"expected whole numbers from 1, got {text!r}")
    return counts


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan  # within no bounds


def _seconds(text: str) -> float:
    seconds = _float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0, got {text!r}")
    return seconds


def _delay(text: str, longest: float = LONGEST_DELAY) -> float:
    seconds = _float(text)
    if not 0 <= seconds <= longest:
        raise argparse.ArgumentTypeError(f"expected seconds from 0 to {longest}, got {text!r}")
    return seconds


def _dns_delay(text: str) -> float:
    return _delay(text, LONGEST_DNS_DELAY)


def pytest_configure(config: pytest.Config) -> None:
    option, session = config.option, config.stash[SESSION]
    models = _all_models()
    if os.name == "posix" and len(tempfile.gettempdir()) > LONGEST_TMPDIR:
        raise pytest.UsageError(
            f"the path of the temporary folder is too long for a fork server's socket: "
            f"{tempfile.gettempdir()}; set TMPDIR to one of at most {LONGEST_TMPDIR} characters"
        )
    if shutil.which(option.server_python) is None:
        raise pytest.UsageError(
            f"--server-python, or {BASE_PYTHON}: no interpreter {option.server_python}"
        )
    if option.cases is None:
        option.cases = ["smallest"] if option.benchmark_disable else ["all"]
    narrowed = session.tally.narrowed
    _check_known("--cases", option.cases, {"all", "smallest"}, _all_cases)
    _check_known(
        "--models", option.models, {"default", "all"}, lambda: {model.name for model in models}
    )
    if "all" not in option.cases:
        narrowed.append(f"--cases={','.join(option.cases)}")
    if not {"all", "default"} & set(option.models):
        narrowed.append(f"--models={','.join(option.models)}")
    if option.workers:
        narrowed.append("--workers")
    if option.seconds_per_row:
        session.plan = replace(session.plan, seconds=option.seconds_per_row)
        narrowed.append(f"--seconds-per-row={option.seconds_per_row}")
    if option.http_server != "both":
        narrowed.append(f"--http-server={option.http_server}")
    if option.http_delay != DELAY:
        narrowed.append(f"--http-delay={option.http_delay}")
    if option.http_host != LOOPBACK:
        narrowed.append(f"--http-host={option.http_host}")
    if option.dns_delay != DELAY:
        narrowed.append(f"--dns-delay={option.dns_delay}")
    if option.dask_scheduler:
        narrowed.append(f"--dask-scheduler={option.dask_scheduler}")


def _all_models() -> list[impls.Model]:
    try:
        models = [model for workload in impls.workloads() for model in impls.models(workload)]
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    for model in models:
        if unknown := set(model.servers or ()) - set(NAMES):
            file = f"{model.workload}/{model.name}.py"
            raise pytest.UsageError(
                f"{file}: SERVERS names {unknown.pop()!r}; there are: {', '.join(NAMES)}"
            )
    return models


def _check_known(option: str, asked: list[str], words: set[str], known: Callable[[], set[str]]) -> None:
    names = set(asked) - words
    if unknown := names and names - known():
        there = ", ".join(sorted(known()))
        raise pytest.UsageError(f"{option}: no {sorted(unknown)[0]!r}; there are: {there}")


def _all_cases() -> set[str]:
    workloads = [import_module(f"impls.{name}") for name in impls.workloads()]
    return {case for workload in workloads for case in workload.CASES}


@pytest.fixture(scope="session", autouse=True)
def environment_of_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """What every process of a model finds, however it starts.

    No proxy comes between it and its server. And it imports this checkout, also where another one is
    installed: a fork server of Python 3.11 looks nowhere else for what it is to import beforehand.
    """
    path = os.pathsep.join(filter(None, [str(request.config.rootpath), os.environ.get("PYTHONPATH")]))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"NO_PROXY": "*", "no_proxy": "*", "PYTHONPATH": path}.items():
            patch.setitem(os.environ, name, value)
        yield


@pytest.fixture(scope="session")
def flag_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that flag servers serve."""
    from impls import flags

    site = tmp_path_factory.mktemp("site")
    lay_out(flags.site(), site)
    return site


def _capacity(site: Path, python: str, host: str) -> float | None:
    # Of a server that does not wait: one that does is measured by its clients' patience.
    with Local(site, 0.0, python, host) as undelayed:
        return capacity.highest(undelayed)


@pytest.fixture(scope="session")
def local_server(request: pytest.FixtureRequest, flag_site: Path) -> Iterator[Callable[[], Local]]:
    """Call it for the one local server of this session; where that died, for a new one."""
    option = request.config.option
    running: list[Local] = []
    with ExitStack() as stack:

        def get() -> Local:
            if not running or not running[-1].alive:
                where = (option.server_python, option.http_host)
                try:
                    measured = running[-1].capacity if running else _capacity(flag_site, *where)
                    server = Local(flag_site, option.http_delay, *where, measured)
                    running.append(stack.enter_context(server))
                except ServerDied as error:
                    pytest.fail(
                        f"{error}; {option.server_python} must have {SERVER_NEEDS}", pytrace=False
                    )
                request.config.stash[SESSION].facts["local_server"] = dict(server.runs_on)
            return running[-1]

        yield get
