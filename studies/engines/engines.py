"""The engines, each as a context manager for a connected client."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from servers import cluster as clusters

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Client:
    """``submit(function, argument)`` starts a task, and ``results`` waits for those of several tasks.

    ``cluster_seconds`` is how long the start of its cluster took, before the client existed.
    """

    submit: Callable[[Function, Any], Any]
    results: Callable[[list[Any]], Sequence[Any]]
    cluster_seconds: float | None = None


def _results(futures: list[Any]) -> list[Any]:
    return [future.result() for future in futures]


@contextlib.contextmanager
def processes(workers: int) -> Iterator[Client]:
    """``ProcessPoolExecutor``."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["studies.engines.tasks"])
    with ProcessPoolExecutor(workers, context) as pool:
        yield Client(pool.submit, _results)


@contextlib.contextmanager
def dill(workers: int) -> Iterator[Client]:
    """A pool of multiprocess; the unit of work is a closure, which pickle cannot send."""
    import multiprocess

    with multiprocess.get_context("fork").Pool(workers) as pool:

        def submit(function: Function, argument: Any) -> Any:
            return pool.apply_async(lambda given: function(given), (argument,))

        yield Client(submit, lambda tasks: [task.get() for task in tasks])


@contextlib.contextmanager
def loky(workers: int) -> Iterator[Client]:
    """The processes of joblib, without its batches of short tasks."""
    from joblib.externals.loky import get_reusable_executor

    pool = get_reusable_executor(max_workers=workers)
    try:
        yield Client(pool.submit, _results)
    finally:
        pool.shutdown()


@contextlib.contextmanager
def dask(workers: int) -> Iterator[Client]:
    """A client of a Dask cluster on this machine, with one thread in each worker process."""
    from distributed import Client as DaskClient

    with _cluster("dask", workers) as (address, seconds), DaskClient(address) as client:
        yield Client(
            # pure=False: otherwise the scheduler would reuse the answer of an earlier task.
            lambda function, argument: client.submit(function, argument, pure=False),
            client.gather,
            seconds,
        )


@contextlib.contextmanager
def ray(workers: int) -> Iterator[Client]:
    """A client of a Ray cluster on this machine."""
    import ray

    with (
        _cluster("ray", workers) as (address, seconds),
        ray.init(address=address, log_to_driver=False, configure_logging=False),
    ):
        remote: dict[Function, Any] = {}

        def submit(function: Function, argument: Any) -> Any:
            if function not in remote:
                remote[function] = ray.remote(function)
            return remote[function].remote(argument)

        yield Client(submit, ray.get, seconds)


@contextlib.contextmanager
def _cluster(kind: str, workers: int) -> Iterator[tuple[str, float]]:
    start = time.perf_counter()
    with clusters.fitting(kind, workers, workers) as cluster:
        yield cluster.address, time.perf_counter() - start


ENGINES: Mapping[str, tuple[str, Callable[[int], contextlib.AbstractContextManager[Client]]]] = {
    "ProcessPoolExecutor": ("", processes),
    "multiprocess, dill": ("multiprocess", dill),
    "loky (joblib)": ("joblib.externals.loky", loky),
    "Dask": ("distributed", dask),
    "Ray": ("ray", ray),
}
"""Name -> the module of another package that it needs, if any, and its context manager."""
