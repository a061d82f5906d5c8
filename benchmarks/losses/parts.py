"""The parts that a round of downloads can do without."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx
import pytest

import impls
from benchmarks.losses import client, network, pool
from impls import flags
from servers.local import Local


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
            ExitStack() as stack,
        ):
            SUBSTITUTES[self.name](self, job, patch, stack)
            yield

    def check(self, job: flags.Job, answers: object) -> None:
        """Check the answers of such a round: they are the same without any part.

        Raises:
            AssertionError: an outcome is wrong.
        """
        assert answers == flags.expected(job.codes), f"without {self.name}: wrong outcomes"

    def use(self) -> None:
        """To be called where a substitute takes the place of this part."""
        self.used = True


def parts(model: impls.Model, server: Any) -> Mapping[str, Part]:
    """The parts of a model by name; none if it does its work in other processes, or talks to no server.

    The model must be loaded.
    """
    if model.start_method or model.cluster or not isinstance(server, Local):
        return {}
    module = sys.modules[f"{impls.__name__}.{model.workload}.{model.name}"]
    return {name: Part(name, module, server) for name in SUBSTITUTES}


def unsaved(job: flags.Job, code: str, status_code: int, body: bytes) -> flags.Outcome:
    """As ``flags.keep``, but without a file."""
    if status_code == httpx.codes.OK and flags.is_complete(body):
        return flags.Outcome("ok", len(body))
    return flags.Outcome("error")


def _client(part: Part, job: flags.Job, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    """Send and read bytes that are known beforehand, through the same connections and pool."""
    client.install(patch, part.use)


def _pool(part: Part, job: flags.Job, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    """Keep idle connections on a stack."""
    pool.install(patch, part.use)


def _connecting(part: Part, job: flags.Job, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    """Take connections that the server has already accepted."""
    # A request that is sent again needs another connection.
    sockets = stack.enter_context(network.connected(part.server, 2 * len(job.codes)))
    network.install_connected(patch, sockets, part.use)


def _saving(part: Part, job: flags.Job, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    """Check images, and save none."""

    def keep(*given: Any) -> flags.Outcome:
        part.use()
        return unsaved(*given)

    patch.setattr(part.model, flags.keep.__name__, keep, raising=False)


def _server(part: Part, job: flags.Job, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    """Answer within the client's process, as soon as the server's delay is over."""
    known = network.answers(part.server, flags.site())
    network.install_answering(patch, known, part.server.delay, part.use)


SUBSTITUTES = {
    "client": _client,
    "pool": _pool,
    "connecting": _connecting,
    "saving": _saving,
    "server": _server,
}
"""Part -> what lets something take its place, until the patch is undone and the stack is closed."""
