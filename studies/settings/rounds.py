"""Rounds of a model of flags on the local server, with another value of one setting."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import shutil
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import httpx
import pytest

import impls
from benchmarks.losses.parts import unsaved
from benchmarks.options import DELAY
from benchmarks.processes import end_fork_server
from concurbench.measure.rounds import only_own_garbage
from impls import flags
from impls.flags import new_tls_context
from servers.local import Local, lay_out
from studies.settings.comparisons import Value, models

ROOT = Path(__file__).parents[2]

CLIENTS = ("Client", "AsyncClient")


@dataclass(frozen=True)
class Measured:
    """What one round came to."""

    seconds: float
    connections: int
    requests: int
    lost: int
    """Requests without a right answer."""


@dataclass(frozen=True)
class Bench:
    """Flag servers with a delay, and a folder for the flags."""

    server: Callable[[str, float], Local]
    """A server by its protocol and the seconds that a connection costs."""
    folder: Path

    def round(self, model: str, case: str, value: Value) -> Measured:
        """Time one round of this model with this value."""
        model = value.model or model
        run = impls.load("flags", model)
        size, server = flags.CASES[case], self.server(value.protocol, value.connect_delay)
        job = flags.Job(
            size.codes, server.url, self.folder, authority=server.authority,
            timeout=value.timeout,  # type: ignore[arg-type]  # None: no timeout
        )  # fmt: skip
        with using(model, value):
            if impls.find("flags", model).start_method:
                end_fork_server()
                run(replace(job, codes=size.codes[:1]), workers=1)
            shutil.rmtree(self.folder)
            self.folder.mkdir()
            server.reset()
            if value.collects:
                gc.collect()
            start = time.perf_counter()
            answers = run(job, workers=value.workers or size.workers)
            seconds = time.perf_counter() - start
        right = flags.expected(size.codes)
        lost = sum(answers.get(code) != outcome for code, outcome in right.items())
        return Measured(seconds, server.seen().connections or 0, len(size.codes), lost)


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """A bench whose models start their processes as they do in the benchmark."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
        for name, text in {"NO_PROXY": "*", "no_proxy": "*", "PYTHONPATH": path}.items():
            patch.setenv(name, text)
        site, destination = Path(folder, "site"), Path(folder, "flags")
        lay_out(flags.site(), site)
        destination.mkdir()
        for model in models():
            impls.load("flags", model)  # now, so that the collector leaves out what they import
        try:
            with contextlib.ExitStack() as stack, only_own_garbage():

                @functools.cache
                def server(protocol: str, connect_delay: float) -> Local:
                    local = Local(site, DELAY, protocol=protocol, connect_delay=connect_delay)
                    return stack.enter_context(local)

                yield Bench(server, destination)
        finally:
            end_fork_server()


@contextlib.contextmanager
def using(model: str, value: Value) -> Iterator[None]:
    """While the model runs with this value."""
    module = import_module(f"impls.flags.{model}")
    with pytest.MonkeyPatch.context() as patch:
        if value.limits is not None:
            for name in CLIENTS:
                patch.setattr(httpx, name, partial(_limited, getattr(httpx, name), value.limits))
        if value.own_contexts:
            patch.setattr(module, "tls_context", new_tls_context)
        if not value.saves:
            patch.setattr(module, "keep", unsaved)
        if not value.preloads:
            patch.setattr(BaseContext, "set_forkserver_preload", lambda *_: None)
        yield


def _limited(kind: Any, given: httpx.Limits, **options: Any) -> Any:
    return kind(**{**options, "limits": given})
