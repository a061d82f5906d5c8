"""A Dask cluster: started on this machine, or an existing one.

The scheduler and its workers run in separate processes. ``LocalCluster`` would run the scheduler in the
client's process, and a benchmark would time both.
"""

from __future__ import annotations

import hashlib
import importlib
import math
import platform
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

import click

from servers.cluster import ClusterProcess, ended_by_signal

TIMEOUT = 10.0
"""Seconds within which a scheduler and its workers must answer."""


class Unfit(Exception):
    """A cluster that cannot do the work; the message says why, and what to do."""


class Cluster(ClusterProcess):
    """A scheduler and ``processes`` workers of ``threads`` threads each, on this machine."""

    title: ClassVar[str] = "Dask cluster"
    module: ClassVar[str] = "servers.dask_cluster"

    def __init__(self, processes: int, threads: int) -> None:
        self.processes = processes
        self.threads = threads
        self.python = sys.executable

    @classmethod
    def fitting(cls, workers: int, cores: int) -> Self:
        """A cluster of at least ``workers`` threads, in at most one process per core."""
        processes = min(workers, cores)
        return cls(processes, math.ceil(workers / processes))

    def arguments(self) -> Sequence[str]:
        return ["--processes", str(self.processes), "--threads", str(self.threads)]


def threads_of(address: str, package: str) -> Mapping[str, int]:
    """Worker -> number of threads, after a check that each worker can run this checkout's ``package``.

    Raises:
        Unfit: the scheduler does not answer or has no workers, or a worker lacks the package, has
            another version of it, or runs on another Python.
    """
    import cloudpickle
    import distributed

    here = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(here)  # otherwise workers would import this module
    try:
        with distributed.Client(address, timeout=TIMEOUT, set_as_default=False) as client:
            workers = {
                name: worker["nthreads"]
                for name, worker in client.scheduler_info(n_workers=-1)["workers"].items()
            }
            identities = client.run(identity, package)
    except (OSError, TimeoutError, ValueError) as error:
        raise Unfit(f"no Dask scheduler answers at {address} ({error})") from error
    finally:
        cloudpickle.unregister_pickle_by_value(here)
    if not workers:
        raise Unfit(f"the Dask scheduler at {address} has no workers: dask worker {address}")
    _compare(identities, identity(package), package)
    return workers


def identity(package: str) -> dict[str, str]:
    """The properties that all workers must share: Python's version, the hash of the package's files,
    and the error if it cannot be imported."""
    build = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    found = {"python": f"{platform.python_version()}{build}", "content": "", "error": ""}
    try:
        folder = Path(str(importlib.import_module(package).__file__)).parent
    except ImportError as error:
        return {**found, "error": f"{type(error).__name__}: {error}"}
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".tsv"))
    content = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return {**found, "content": content}


def _compare(workers: Mapping[str, Mapping[str, str]], here: Mapping[str, str], package: str) -> None:
    for worker, found in sorted(workers.items()):
        if found["error"]:
            raise Unfit(
                f"the Dask worker {worker} has no {package} ({found['error']}): "
                f"start it with PYTHONPATH set to this checkout, or a copy of it"
            )
        if found["content"] != here["content"]:
            raise Unfit(
                f"the Dask worker {worker} has another version of {package}: "
                f"start it with PYTHONPATH set to this checkout, or a copy of it"
            )
        if found["python"] != here["python"]:
            raise Unfit(
                f"the Dask worker {worker} runs on Python {found['python']}, "
                f"but this is {here['python']}: start it with the same version"
            )


@click.command()
@click.option("--processes", type=click.IntRange(1), required=True)
@click.option("--threads", type=click.IntRange(1), required=True, help="Threads in each process.")
@click.option("--parent", type=int, help="End when the process with this id does.")
def main(processes: int, threads: int, parent: int | None) -> None:
    """Run a Dask cluster on this machine until a signal; print its scheduler's address when ready."""
    from distributed import LocalCluster

    ended = ended_by_signal(parent)
    with LocalCluster(
        n_workers=processes,
        threads_per_worker=threads,
        processes=True,
        dashboard_address=None,
    ) as cluster:
        click.echo(cluster.scheduler_address)
        ended.wait()


if __name__ == "__main__":
    main()
