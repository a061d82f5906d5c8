"""Base and head before the first block: locked, checked out, and with environments."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from concurbench import pyproject
from concurbench.gate.checkout import Checkout, check_out
from concurbench.measure.lock import ENV_LOCK, SessionLock
from concurbench.runner import environments
from concurbench.runner.environments import Environment
from concurbench.runner.worker import WorkerSpec
from concurbench.runner.workspace import Workspace, temporary

ARMS = ("base", "head")


@dataclass(frozen=True)
class Question:
    """What to compare, and how."""

    base: str | None
    head: str | None
    """A revision or a directory; None is the working tree."""
    where: Path
    arguments: tuple[str, ...] = ()
    """For pytest."""
    python: str = sys.executable
    setup: str | None = None
    timeout: float = 120.0
    """Seconds to wait for a worker's response."""
    slower: Mapping[str, float] = field(default_factory=dict)
    """Row or pattern -> share by which head is slowed down, to see whether the gate detects it."""


def prepare(
    question: Question, stack: ExitStack, on_step: Callable[[str], None], note: Callable[[str], None]
) -> tuple[Workspace, dict[str, Checkout], dict[str, WorkerSpec]]:
    """Take the lock, check out both arms, and make their environments.

    Args:
        stack: closes what is opened.
        on_step: called with each step.
        note: called with each fact that the report shows.

    Raises:
        ConcurbenchError: another session runs, a revision could not be checked out, or an environment
            could not be made.
    """
    lock = SessionLock()
    try:
        lock.acquire(f"a gate, started {time.strftime('%H:%M:%S')}")
    except OSError as error:
        note(f"no lock against a second session: {error}")
    stack.callback(lock.release)
    workspace = stack.enter_context(Workspace())
    on_step("checking out")
    # Paths of equal length: they appear in tracebacks, caches and environment variables.
    checkouts = {
        arm: check_out(asked, question.where, workspace.folder / arm)
        for arm, asked in zip(ARMS, (question.base, question.head), strict=True)
    }
    base, head = checkouts.values()
    same = pyproject.declared(base.folder) == pyproject.declared(head.folder)
    if not same:
        note("dependencies differ: base and head each have an environment of their own")
    specs = {}
    for name, checkout in checkouts.items():
        environ = _environ(workspace, name, checkout)
        own = [checkout.top]
        if same and question.setup is None:
            environment = Environment(Path(question.python), own=False)
        else:
            on_step(f"making {name}'s environment")
            key = f"{name}: {question.setup}" if question.setup else ""
            environment = environments.cached(question.python, checkout.folder, key, environ)
        if question.setup is not None:  # it may install anything, so each arm has an environment
            on_step(f"{name}: {question.setup}")
            environments.set_up(question.setup, environment, checkout.folder, environ)
            own.append(environment.folder)
        others = {base.top, head.top, base.origin, head.origin} - {checkout.top}
        specs[name] = WorkerSpec(
            name=name,
            folder=checkout.folder,
            python=str(environment.python),
            environ={**environ, **environment.environ()},
            arguments=question.arguments,
            own=[os.path.realpath(path) for path in own],
            others=[os.path.realpath(path) for path in others],
            names=sorted(checkout.names),
        )
    return workspace, checkouts, specs


def _environ(workspace: Workspace, name: str, checkout: Checkout) -> Mapping[str, str]:
    path = [str(root) for root in checkout.roots]
    for entry in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        # Folders within the user's project are replaced by those of the copy.
        with contextlib.suppress(ValueError):
            entry = str(checkout.top / Path(entry).resolve().relative_to(checkout.origin))
        path.append(entry)
    own = workspace.folder / f"{name}.tmp"
    own.mkdir()
    # The gate holds the lock. A suite that takes it, too, needs another one.
    more = {"PYTHONPATH": os.pathsep.join(path), ENV_LOCK: str(own)}
    return workspace.environ(**temporary(own), **more)
