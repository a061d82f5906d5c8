"""A Dask cluster: its start and end, and clusters that are refused because of their workers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from servers import dask_cluster
from servers.dask_cluster import Cluster, Unfit, threads_of
from tests.conftest import ROOT, Suite
from tests.measure.test_session import said

pytest.importorskip("distributed", reason="no package distributed")

WORKER = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-dashboard", "--no-nanny"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with Cluster(processes=1, threads=1) as running:
        yield running.address


@contextmanager
def worker(address: str, folder: Path, python_path: Path | None) -> Iterator[None]:
    """An additional worker of a cluster, started separately in this folder."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if python_path is not None:
        environ["PYTHONPATH"] = str(python_path)
    with subprocess.Popen(
        [*WORKER, address, "--local-directory", str(folder)],
        cwd=folder, env=environ, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        try:
            assert any("Registered to" in line for line in process.stderr)
            yield
        finally:
            process.kill()


def test_it_starts_the_requested_processes_and_threads_and_ends_them_all() -> None:
    with Cluster(processes=2, threads=3) as running:
        assert list(threads_of(running.address, "impls").values()) == [3, 3]
        processes = psutil.Process(running.process.pid).children(recursive=True)
    gone, left = psutil.wait_procs(processes, timeout=30)
    assert len(gone) >= 2
    assert not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]


def test_its_workers_end_when_it_is_killed() -> None:
    with Cluster(processes=1, threads=1) as running:
        processes = psutil.Process(running.process.pid).children(recursive=True)
        running.process.kill()
        _, left = psutil.wait_procs(processes, timeout=30)
    assert not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]


def test_a_worker_without_the_project_is_refused(address: str, tmp_path: Path) -> None:
    # An empty package shadows the project, should it be installed.
    (tmp_path / "impls.py").write_text("raise ImportError('not here')", encoding="utf-8")
    with (
        worker(address, tmp_path, tmp_path),
        pytest.raises(Unfit, match=r"worker tcp://\S+ has no impls \(ImportError: not here\)"),
    ):
        threads_of(address, "impls")


def test_a_worker_with_another_version_of_the_project_is_refused(address: str, tmp_path: Path) -> None:
    (tmp_path / "impls").mkdir()
    (tmp_path / "impls" / "__init__.py").write_text('"""Another."""', encoding="utf-8")
    with (
        worker(address, tmp_path, tmp_path),
        pytest.raises(Unfit, match=r"worker tcp://\S+ has another version of impls"),
    ):
        threads_of(address, "impls")


def test_a_worker_with_a_copy_of_the_project_is_accepted(address: str, tmp_path: Path) -> None:
    with worker(address, tmp_path, ROOT):
        assert len(threads_of(address, "impls")) == 2


def test_a_worker_on_another_python_is_refused() -> None:
    here = {"python": "3.14.1", "content": "c", "error": ""}
    with pytest.raises(Unfit, match=r"worker w runs on Python 3.14.1t, but this is 3.14.1:"):
        dask_cluster._compare({"w": {**here, "python": "3.14.1t"}}, here, "impls")


def test_a_scheduler_that_does_not_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 0.2)
    with pytest.raises(Unfit, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 "):
        threads_of("tcp://127.0.0.1:9", "impls")


@pytest.mark.slow
def test_a_row_starts_its_own_cluster_unless_an_existing_one_is_given(checkout: Suite) -> None:
    checkout.add_workload("flags")
    options = ("--models=dask_distributed", "--http-server=local", "--benchmark-disable")
    result = checkout.run(*options)
    result.assert_outcomes(passed=1)
    with Cluster(processes=1, threads=2) as running:
        result = checkout.run(*options, f"--dask-scheduler={running.address}")
    # Its workers import the complete project, and this checkout has only a part of it.
    assert "has another version of impls" in said(result)
    result.assert_outcomes(errors=1)


def test_a_scheduler_without_workers_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            lines = (re.search(r"Scheduler at: +(tcp://\S+)", line) for line in process.stderr)
            address = next(found[1] for found in lines if found)
            with pytest.raises(Unfit, match=f"the Dask scheduler at {address} has no workers"):
                threads_of(address, "impls")
        finally:
            process.kill()


def test_modules_and_data_files_decide_whether_a_package_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "made_up_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    seen = {dask_cluster.identity("made_up_package")["content"]}
    for name in ("more.py", "data.tsv"):
        (folder / name).write_text("something", encoding="utf-8")
        seen.add(dask_cluster.identity("made_up_package")["content"])
    assert len(seen) == 3
