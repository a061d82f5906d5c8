"""Clusters for the models that need one: each kind is a module, named after the model's ``CLUSTER``.

``dask_cluster``  a scheduler and worker processes
``ray_cluster``   a node of its own, with an object store in memory

Such a module offers ``Cluster``. A cluster runs in a process of its own, or a benchmark would time its
start and its scheduler, too.
"""

from __future__ import annotations

import dataclasses
import functools
import signal
import threading
from abc import abstractmethod
from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar, Self

from servers.process import ServerProcess, end_with


class ClusterProcess(ServerProcess):
    """A cluster on this machine while a ``with`` block lasts."""

    gentle: ClassVar[bool] = True  # it must end the processes of its workers

    @classmethod
    @abstractmethod
    def fitting(cls, workers: int, cores: int) -> Self:
        """A cluster that can run ``workers`` tasks at once, on a machine with ``cores`` cores."""

    def started(self, line: str) -> None:
        self.address = line
        """The address that clients connect to."""


def ended_by_signal(parent: int | None) -> threading.Event:
    """An event that SIGTERM and SIGINT set; this process ends with the process ``parent``, if given."""
    if parent is not None:
        end_with(parent)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended


def fitting(kind: str, workers: int, cores: int) -> ClusterProcess:
    """A cluster of this kind that can run ``workers`` tasks at once."""
    engine: type[ClusterProcess] = import_module(f"servers.{kind}_cluster").Cluster
    return engine.fitting(workers, cores)


Load = Callable[[], Callable[..., Any]]
"""Imports a model and returns its ``run``."""


def given(load: Load, kind: str | None, cores: int) -> Load:
    """A picklable function that loads the same model and, if ``kind`` is not None, starts a cluster for
    each run of it."""
    return load if kind is None else functools.partial(_on_cluster, load, kind, cores)


def _on_cluster(load: Load, kind: str, cores: int) -> Callable[..., Any]:
    run = load()

    def clustered(job: Any, *, workers: int) -> Any:
        with fitting(kind, workers, cores) as cluster:
            return run(dataclasses.replace(job, cluster=cluster.address), workers=workers)

    return clustered
