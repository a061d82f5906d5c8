"""A Ray cluster: only this machine reaches it, and nothing of it is left."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from servers import ray_cluster
from servers.ray_cluster import MAX_FOLDER, Cluster, command, parent_of_folder
from tests.conftest import Suite, until

pytest.importorskip("ray", reason="no package ray")

TOKEN = "CONCURBENCH_TEST_OF_RAY"


def carriers(token: str) -> Iterator[psutil.Process]:
    """The live processes with this token in their environment."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(TOKEN) == token and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except psutil.Error:
            pass


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    """The token of all processes that the test starts."""
    token = uuid.uuid4().hex
    monkeypatch.setenv(TOKEN, token)
    return token


def test_a_folder_whose_name_is_too_long_for_sockets_is_made_elsewhere() -> None:
    for temporary, parent in (("/short", "/short"), ("/long" * 20, "/tmp")):
        assert parent_of_folder(temporary) == parent
        assert len(f"{parent_of_folder(temporary)}/ray12345678") <= MAX_FOLDER


def test_it_starts_without_dashboard_and_statistics_for_this_machine_only() -> None:
    words = command(Path("/folder"), 3)
    assert {"--node-ip-address=127.0.0.1", "--num-cpus=3", "--temp-dir=/folder"} <= set(words)
    assert {"--include-dashboard=false", "--disable-usage-stats"} <= set(words)
    assert Cluster.fitting(3, cores=1).arguments() == ["--workers", "3"]
    assert ray_cluster.ENVIRON["RAY_USAGE_STATS_ENABLED"] == "0"


@pytest.mark.slow
def test_only_this_machine_reaches_it_and_nothing_of_it_is_left(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    import ray

    with tempfile.TemporaryDirectory() as temporary:
        monkeypatch.setenv("TMPDIR", temporary)
        with (
            Cluster(workers=1) as running,
            ray.init(address=running.address, log_to_driver=False, configure_logging=False),
        ):
            assert ray.get(ray.remote(lambda: os.getpid()).remote()) != os.getpid()
            sockets = [each for process in carriers(token) for each in process.net_connections()]
            listening = [each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN]
            assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}
            assert len(list(Path(temporary).iterdir())) == 1
        assert list(carriers(token)) == []
        assert list(Path(temporary).iterdir()) == []


@pytest.mark.slow
def test_a_killed_benchmark_leaves_nothing_of_it(checkout: Suite, token: str) -> None:
    checkout.add_workload("primes")
    row = "benchmarks/test_primes.py::test_primes[ray_tasks-large-w02]"
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--models=ray_tasks", row],
        cwd=checkout.path, stdout=subprocess.DEVNULL,
    ) as benchmark:  # fmt: skip
        until(lambda: any("ray::primes_in" in process.cmdline()[0:1] for process in carriers(token)))
        benchmark.kill()
    until(lambda: list(carriers(token)) == [])
    assert list(checkout.temporary.glob("ray*")) == []
