"""The parts that a round of downloads can do without."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx
import pytest

import impls
from benchmarks.losses import client, network, pool
from impls import flags
from servers.local import Local

Use = Callable[[], None]
"""To be called where a substitute takes the place of a part."""


@dataclass
class Part:
    """A part of the work of a model that talks to this server."""

    name: str
    model: ModuleType
    server: Local
    used: bool = False
    """Whether a round without it has shown that the model has this part."""

    @contextmanager
    def removed(self, job: flags.Job) -> Iterator[None]:
        """A round of the job does without this part as long as this block lasts."""
        with (
            pytest.MonkeyPatch.context() as patch,
            SUBSTITUTES[self.name](patch, self.model, self.server, job, self._use),
        ):
            yield

    def check(self, job: flags.Job, answers: object) -> None:
        """Check the answers of such a round: they are the same without any part.

        Raises:
            AssertionError: an outcome is wrong.
        """
        assert answers == flags.expected(job.codes), f"without {self.name}: wrong outcomes"

    def _use(self) -> None:
        self.used = True


def parts(model: impls.Model, server: Any) -> Mapping[str, Part]:
    """The parts of a model by name; none if it does its work in other processes, or talks to no server.

    The model must be loaded.
    """
    if model.start_method or model.cluster or not isinstance(server, Local):
        return {}
    module = sys.modules[f"{impls.__name__}.{model.workload}.{model.name}"]
    return {name: Part(name, module, server) for name in SUBSTITUTES}


@contextmanager
def _client(
    patch: pytest.MonkeyPatch, model: ModuleType, server: Local, job: flags.Job, use: Use
) -> Iterator[None]:
    """Send and read bytes that are known beforehand, through the same connections and pool."""
    client.install(patch, use)
    yield


@contextmanager
def _pool(
    patch: pytest.MonkeyPatch, model: ModuleType, server: Local, job: flags.Job, use: Use
) -> Iterator[None]:
    """Keep idle connections on a stack."""
    pool.install(patch, use)
    yield


@contextmanager
def _connecting(
    patch: pytest.MonkeyPatch, model: ModuleType, server: Local, job: flags.Job, use: Use
) -> Iterator[None]:
    """Take connections that the server has already accepted."""
    # A request that is sent again needs another connection.
    with network.connected(server, 2 * len(job.codes)) as sockets:
        network.install_connected(patch, sockets, use)
        yield


@contextmanager
def _saving(
    patch: pytest.MonkeyPatch, model: ModuleType, server: Local, job: flags.Job, use: Use
) -> Iterator[None]:
    """Check images, and save none."""

    def unsaved(job: flags.Job, code: str, status_code: int, body: bytes) -> flags.Outcome:
        use()
        if status_code == httpx.codes.OK and flags.is_complete(body):
            return flags.Outcome("ok", len(body))
        return flags.Outcome("error")

    if hasattr(model, flags.keep.__name__):
        patch.setattr(model, flags.keep.__name__, unsaved)
    yield


@contextmanager
def _server(
    patch: pytest.MonkeyPatch, model: ModuleType, server: Local, job: flags.Job, use: Use
) -> Iterator[None]:
    """Answer within the client's process, as soon as the server's delay is over."""
    network.install_answering(patch, network.answers(server, flags.site()), server.delay, use)
    yield


SUBSTITUTES = {
    "client": _client,
    "pool": _pool,
    "connecting": _connecting,
    "saving": _saving,
    "server": _server,
}
"""Part -> what takes its place."""
