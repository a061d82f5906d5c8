"""Base and head before the first block: locked, checked out, with environments, and collected."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from concurbench import pyproject
from concurbench.errors import ConcurbenchError
from concurbench.gate.checkout import Checkout, check_out
from concurbench.measure.lock import ENV_LOCK, SessionLock
from concurbench.runner import environments
from concurbench.runner.environments import Environment
from concurbench.runner.worker import Worker, WorkerSpec
from concurbench.runner.workspace import Workspace, temporary

ARMS = ("base", "head")

Collected = Mapping[str, Mapping[str, Any]]
"""Arm -> the message of its worker about what it collected."""


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


def matches(row: str, pattern: str) -> bool:
    """Whether a pattern matches a row's id, or the end of it; brackets are no wildcards."""
    return fnmatchcase(row, "*" + pattern.replace("[", "[[]"))


NO_SHARE = "a threshold is a share between 0 and 1, as in 0.05"


def is_share(value: object) -> bool:
    """Whether this is a number between 0 and 1."""
    return isinstance(value, int | float) and 0 < value < 1


@dataclass(frozen=True)
class Prepared:
    """Two arms ready to run."""

    workspace: Workspace
    specs: Mapping[str, WorkerSpec]
    labels: Mapping[str, str]
    """Arm -> what the user named, with its commit."""
    head_folder: Path
    """Head's copy of the project."""
    timeout: float

    def start(self, stack: ExitStack, number: int) -> tuple[dict[str, Worker], Collected]:
        """Start the workers of block ``number``, until ``stack`` closes, and let them collect.

        Raises:
            ConcurbenchError: a worker does not collect, or imports the code of another arm.
        """
        # Who starts first changes every two blocks, because who steps first changes every block.
        order = ARMS if number // 2 % 2 == 0 else ARMS[::-1]
        workers = {
            arm: stack.enter_context(Worker(self.specs[arm], self.workspace, str(number), self.timeout))
            for arm in order
        }
        collected = {}
        for arm in ARMS:
            collected[arm] = workers[arm].expect("collected")
            check_origins(arm, collected[arm])
        return workers, collected

    def collect(self) -> Collected:
        """What both arms collect.

        Raises:
            ConcurbenchError: an arm does not collect all its files, or none of its own.
        """
        with ExitStack() as stack:
            workers, collected = self.start(stack, 0)
            for arm in ARMS:
                workers[arm].ask("finished", run=[], slower={})
        for arm, message in collected.items():
            if broken := message["broken"]:
                more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
                raise ConcurbenchError(f"{arm} does not collect: {broken[0]}{more}")
            if not message["own"]:
                raise ConcurbenchError(f"{arm}: no module of its checkout was imported")
        return collected


def check_origins(arm: str, message: Mapping[str, Any]) -> None:
    """Check that an arm has imported its own code.

    Raises:
        ConcurbenchError: a module of the project came from elsewhere.
    """
    for module, file in message["foreign"].items():
        raise ConcurbenchError(
            f"{arm} does not run its own code: module {module} came from {file}; "
            "--setup 'pip install .' installs each arm into an environment of its own"
        )


def prepare(
    question: Question, stack: ExitStack, on_step: Callable[[str], None], note: Callable[[str], None]
) -> Prepared:
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
    same = len({pyproject.declared(checkout.folder) for checkout in checkouts.values()}) == 1
    if not same:
        note("dependencies differ: base and head each have an environment of their own")
    specs = {}
    for arm, checkout in checkouts.items():
        environ = _environ(workspace, arm, checkout)
        environment = _environment(question, arm, checkout, environ, same, on_step)
        own = [checkout.top, *([environment.folder] if environment.own and question.setup else [])]
        others = {each.top for each in checkouts.values() if each is not checkout}
        others |= {each.origin for each in checkouts.values()}
        specs[arm] = WorkerSpec(
            name=arm,
            folder=checkout.folder,
            python=str(environment.python),
            environ={**environ, **environment.environ()},
            arguments=question.arguments,
            own=[os.path.realpath(path) for path in own],
            others=[os.path.realpath(path) for path in others],
            names=sorted(checkout.names),
        )
    labels = {arm: checkout.label for arm, checkout in checkouts.items()}
    return Prepared(workspace, specs, labels, checkouts["head"].folder, question.timeout)


def _environment(
    question: Question, arm: str, checkout: Checkout, environ: Mapping[str, str], same: bool,
    on_step: Callable[[str], None],
) -> Environment:  # fmt: skip
    """Both arms share the given interpreter's environment if they declare the same dependencies and
    there is no setup command, which may install anything."""
    if same and question.setup is None:
        return Environment(Path(question.python), own=False)
    on_step(f"making {arm}'s environment")
    key = f"{arm}: {question.setup}" if question.setup else ""
    environment = environments.cached(question.python, checkout.folder, key, environ)
    if question.setup is not None:
        on_step(f"{arm}: {question.setup}")
        environments.set_up(question.setup, environment, checkout.folder, environ)
    return environment


def _environ(workspace: Workspace, arm: str, checkout: Checkout) -> Mapping[str, str]:
    path = [str(root) for root in checkout.roots]
    for entry in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        # Folders within the user's project are replaced by those of the copy.
        with contextlib.suppress(ValueError):
            entry = str(checkout.top / Path(entry).resolve().relative_to(checkout.origin))
        path.append(entry)
    own = workspace.folder / f"{arm}.tmp"
    own.mkdir()
    # The gate holds the lock. A suite that takes it, too, needs another one.
    more = {"PYTHONPATH": os.pathsep.join(path), ENV_LOCK: str(own)}
    return workspace.environ(**temporary(own), **more)


@dataclass(frozen=True)
class GateSet:
    """The rows to compare, and why others are not compared."""

    rows: tuple[str, ...]
    """Those of both arms, in head's order."""
    missing: Mapping[str, str]
    """Rows without one in head -> why."""
    new: Mapping[str, str]
    """Rows without one in base -> why."""
    thresholds: Mapping[str, float]
    """Row -> the threshold of head's mark."""
    notes: tuple[str, ...]


def gate_set(collected: Collected, selected: bool) -> GateSet:
    """The gate set: rows marked ``gate``, if head has any; otherwise, or if the user has ``selected``
    tests, all rows.

    Raises:
        ConcurbenchError: there are no benchmarks, or a mark has no valid threshold.
    """
    rows = {arm: {row["id"]: row for row in collected[arm]["rows"]} for arm in ARMS}
    base, head = list(rows["base"]), list(rows["head"])
    dropped: list[str] = []
    marked = {arm: [id for id, row in rows[arm].items() if row["gate"]] for arm in ARMS}
    if marked["head"] and not selected:
        head = marked["head"]
        dropped = [row for row in marked["base"] if row not in head and row in rows["head"]]
        base = [row for row in base if row in head or row in {*marked["base"]} - {*dropped}]
    if not base and not head:
        tests = collected["head"]["tests"]
        raise ConcurbenchError(f"no benchmarks in base or head (head collected {tests} tests)")
    both = tuple(row for row in head if row in base)
    thresholds = {row: rows["head"][row]["threshold"] for row in both}
    for row, value in thresholds.items():
        if value is not None and not is_share(value):
            raise ConcurbenchError(f"{row}, @pytest.mark.gate: {NO_SHARE}, not {value}")
    return GateSet(
        rows=both,
        missing={row: "not in head" for row in base if row not in head},
        new={row: "not in base" for row in head if row not in base},
        thresholds={row: value for row, value in thresholds.items() if value is not None},
        notes=tuple(f"no longer marked as gate: {row}" for row in dropped),
    )


def selects(arguments: tuple[str, ...], folder: Path) -> bool:
    """Whether pytest's arguments select tests of the project in this folder."""
    for argument in arguments:
        path = folder / argument.partition("::")[0]
        if argument.startswith(("-m", "-k")) or path.is_dir() or path.suffix == ".py":
            return True
    return False
