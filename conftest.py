"""Glue for pytest: the plugins, and the flag servers that benchmarks and tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from concurbench.measure.session import SESSION
from servers import capacity
from servers.local import Local, lay_out
from servers.process import ServerDied

# pytester is for the tests: pytest accepts it only in the topmost conftest.py.
pytest_plugins = ["concurbench.plugin", "benchmarks.options", "pytester"]

SERVER_NEEDS = "uvicorn and httptools (another interpreter: --server-python)"


@pytest.fixture(scope="session", autouse=True)
def environment_of_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """The environment of the models' processes: no proxies, and this checkout first.

    A fork server of Python 3.11 finds what it imports beforehand only through PYTHONPATH.
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


@pytest.fixture(scope="session")
def local_server(request: pytest.FixtureRequest, flag_site: Path) -> Iterator[Callable[[], Local]]:
    """A function that returns the session's local server, or a new one if that has died."""
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


def _capacity(site: Path, python: str, host: str) -> float | None:
    # Without a delay: with one, the number of connections would limit it.
    with Local(site, 0.0, python, host) as undelayed:
        return capacity.highest(undelayed)
