"""Glue for pytest: the plugins, and what benchmarks and tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.local import lay_out

# pytester is for the tests: pytest accepts it only in the topmost conftest.py.
pytest_plugins = ["concurbench.plugin", "benchmarks.options", "pytester"]


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
