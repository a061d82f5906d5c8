"""Base and head side by side: checked out, collected, proven, ready to be measured block by block."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

from concurbench import pyproject
from concurbench.errors import ConcurbenchError
from concurbench.gate import environment
from concurbench.gate.block import NotMeasured, Stepper
from concurbench.gate.checkout import Checkout, CheckoutError, check_out
from concurbench.gate.environment import Environment
from concurbench.gate.samples import Block, Quads
from concurbench.gate.worker import Place, Side, SideError
from concurbench.measure.lock import SessionLock, Taken
from concurbench.runner import addopts
from concurbench.runner.installing import EnvironmentFailed
from concurbench.runner.workspace import Workspace

SIDES = ("base", "head")


class CannotCompare(ConcurbenchError):
    """Nothing can be said of these two; the message says why in one sentence."""


@dataclass(frozen=True)
class Question:
    """What is to be compared, and how."""

    base: str | None
    head: str | None
    """A revision or a directory; None is the working tree."""
    where: Path
    arguments: Sequence[str] = ()
    """For pytest."""
    python: str = sys.executable
    setup: str | None = None
    patience: float = 120.0
    """Seconds that a side may be silent."""
    slower: Mapping[str, float] = field(default_factory=dict)
    """Row or pattern -> share by which head is made slower, to see whether it is found."""


def matches(row: str, pattern: str) -> bool:
    """Whether a row's id is meant by this pattern: shell wildcards, brackets as they are; it may leave
    out what comes before."""
    return fnmatchcase(row, "*" + pattern.replace("[", "[[]"))


NO_SHARE = "a threshold is a share between 0 and 1, as in 0.05"


def is_share(value: object) -> bool:
    """Whether this is a number between 0 and 1."""
    return isinstance(value, int | float) and 0 < value < 1


def with_cure(told: str) -> str:
    """What went wrong, with what to do where that is known."""
    cure = "; both sides run at once, so what listens must take port 0"
    return told + cure if os.strerror(errno.EADDRINUSE) in told else told


class Comparison:
    """A context manager. ``rows`` are those that both sides have, in head's order."""

    def __init__(self, question: Question, tell: Callable[[str], None] = lambda _: None) -> None:
        self._question = question
        self._tell = tell
        self._stack = ExitStack()
        self._number = 0
        self.labels: dict[str, str] = {}
        self.rows: tuple[str, ...] = ()
        self.thresholds: dict[str, float] = {}
        """What the marks of head's rows say."""
        self.missing: dict[str, str] = {}
        """Rows that head has not, or does not run -> why."""
        self.new: dict[str, str] = {}
        """Rows that base has not, or does not run -> why."""
        self.idle: dict[str, str] = {}
        """Rows that neither side measures -> why."""
        self.failed: dict[str, str] = {}
        """Rows whose test failed -> where and why."""
        self.notes: list[str] = []
        self.head_folder = Path()
        """Head's copy of the project."""
        self.python = ""
        """The interpreter's implementation, version and build, as the names of folders have it."""

    def __enter__(self) -> Self:
        try:
            self._prepare()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # -- before the first block -----------------------------------------------------------------------

    def _prepare(self) -> None:
        self._take_lock()
        self._workspace = self._stack.enter_context(Workspace())
        try:
            checkouts = self._check_out()
            self._places = self._environments(checkouts)
        except (CheckoutError, EnvironmentFailed) as error:
            raise CannotCompare(str(error)) from None
        self.labels = {side: checkout.label for side, checkout in checkouts.items()}
        self.head_folder = checkouts["head"].folder
        self._tell("collecting")
        self._collect(checkouts)
        unknown = [p for p in self._question.slower if not any(matches(row, p) for row in self.rows)]
        if unknown:
            raise CannotCompare(f"no row is meant by {unknown[0]!r}; there are: {', '.join(self.rows)}")
        shares = self._question.slower.items()
        self.stepper = Stepper(
            {row: share for row in self.rows for pattern, share in shares if matches(row, pattern)}
        )

    def _take_lock(self) -> None:
        lock = SessionLock()
        try:
            lock.acquire(f"a gate, started {time.strftime('%H:%M:%S')}")
        except Taken as error:
            raise CannotCompare(str(error)) from None
        except OSError as error:
            self.notes.append(f"no lock against a second session: {error}")
        self._stack.callback(lock.release)

    def _check_out(self) -> dict[str, Checkout]:
        question = self._question
        asked = {"base": question.base, "head": question.head}
        self._tell("checking out")
        # Paths of equal length: they are in tracebacks, caches and environment variables.
        return {
            side: check_out(what, question.where, self._workspace.folder / side)
            for side, what in asked.items()
        }

    def _environments(self, checkouts: Mapping[str, Checkout]) -> dict[str, Place]:
        question = self._question
        same = len({pyproject.declared(checkout.folder) for checkout in checkouts.values()}) == 1
        places = {}
        for side, checkout in checkouts.items():
            other = next(each for name, each in checkouts.items() if name != side)
            environ = self._environ(side, checkout)
            if same and question.setup is None:
                chosen = Environment(question.python, own=False)
            else:
                log = self._workspace.folder / f"{side}.environment"
                key = f"{side}: {question.setup}" if question.setup else ""
                self._tell(f"making {side}'s environment")
                chosen = environment.create(question.python, checkout.folder, key, log, environ)
                if question.setup is not None:
                    self._tell(f"{side}: {question.setup}")
                    environment.set_up(question.setup, chosen, checkout.folder, log, environ)
            own = [checkout.top, *([chosen.folder] if chosen.own and question.setup else [])]
            others = {other.top, *(each.origin for each in checkouts.values())}
            places[side] = Place(
                name=side,
                folder=checkout.folder,
                python=chosen.python,
                environ={**environ, **chosen.environ()},
                arguments=["-o", f"addopts={addopts.kept(checkout.folder)}", *question.arguments],
                own=[os.path.realpath(path) for path in own],
                others=[os.path.realpath(path) for path in others],
                names=sorted(checkout.names),
            )
        if not same:
            self.notes.append("dependencies differ: each side has an environment of its own")
        return places

    def _environ(self, side: str, checkout: Checkout) -> Mapping[str, str]:
        path = [str(root) for root in checkout.roots]
        for entry in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
            # What lies within the user's project is to come from the copy.
            with contextlib.suppress(ValueError):
                entry = str(checkout.top / Path(entry).resolve().relative_to(checkout.origin))
            path.append(entry)
        room = self._workspace.folder / f"{side}.room"
        room.mkdir()
        return self._workspace.environ(
            PYTHONPATH=os.pathsep.join(path),
            CONCURBENCH_LOCK=str(room),  # ours is held; a suite that takes it too is measured by us
            TMPDIR=str(room),
        )

    def _start(self, stack: ExitStack) -> tuple[dict[str, Side], dict[str, dict[str, Any]]]:
        # In pairs of blocks, for who steps first changes with every block.
        order = SIDES if self._number // 2 % 2 == 0 else SIDES[::-1]
        sides = {
            side: stack.enter_context(
                Side(
                    self._places[side],
                    self._workspace.folder / f"{side}.output",
                    str(self._number),
                    self._question.patience,
                )
            )
            for side in order
        }
        for each in sides.values():
            self._workspace.started(each.process)
        collected = {}
        for side in SIDES:
            collected[side] = sides[side].expect("collected")
            self._check_origins(side, collected[side])
        return sides, collected

    def _check_origins(self, side: str, message: Mapping[str, Any]) -> None:
        for module, file in message["foreign"].items():
            raise CannotCompare(
                f"{side} does not run its own code: module {module} came from {file}; "
                "--setup 'pip install .' installs each side into an environment of its own"
            )

    def _collect(self, checkouts: Mapping[str, Checkout]) -> None:
        with ExitStack() as stack:
            try:
                sides, collected = self._start(stack)
                for side in SIDES:
                    sides[side].ask("finished", run=[], slower={})
            except SideError as error:
                raise CannotCompare(with_cure(str(error))) from None
        for side in SIDES:
            if broken := collected[side]["broken"]:
                more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
                raise CannotCompare(f"{side} does not collect: {broken[0]}{more}")
            if not collected[side]["own"]:
                raise CannotCompare(f"{side}: nothing of its checkout was imported")
        self.python = collected["head"]["python"]
        described = {side: {row["id"]: row for row in collected[side]["rows"]} for side in SIDES}
        base, head = self._gate_set(described, checkouts["head"].folder)
        if not base and not head:
            tests = collected["head"]["tests"]
            raise CannotCompare(f"no benchmarks on either side (head collected {tests} tests)")
        self.rows = tuple(row for row in head if row in base)
        self.missing = {row: "not in head" for row in base if row not in head}
        self.new = {row: "not in base" for row in head if row not in base}
        marked = {row: described["head"][row]["threshold"] for row in self.rows}
        for row, value in marked.items():
            if value is not None and not is_share(value):
                raise CannotCompare(f"{row}, @pytest.mark.gate: {NO_SHARE}, not {value}")
        self.thresholds = {row: value for row, value in marked.items() if value is not None}

    def _gate_set(
        self, described: Mapping[str, Mapping[str, Mapping[str, Any]]], folder: Path
    ) -> tuple[list[str], list[str]]:
        """The rows to compare, of base and of head: those marked ``gate``, if there are any and the
        user named none."""
        marked = {
            side: [id for id, row in rows.items() if row["gate"]] for side, rows in described.items()
        }
        if not marked["head"] or self._chosen(folder):
            return list(described["base"]), list(described["head"])
        head = marked["head"]
        dropped = [row for row in marked["base"] if row not in head and row in described["head"]]
        self.notes += [f"no longer marked as gate: {row}" for row in dropped]
        base = [row for row in described["base"] if row in head or row in marked["base"]]
        return [row for row in base if row not in dropped], head

    def _chosen(self, folder: Path) -> bool:
        """Whether pytest's arguments choose tests."""
        for argument in self._question.arguments:
            path = folder / argument.partition("::")[0]
            if argument.startswith(("-m", "-k")) or path.is_dir() or path.suffix == ".py":
                return True
        return False

    # -- the blocks -----------------------------------------------------------------------------------

    def block(
        self,
        stage: str,
        rows: Sequence[str],
        on_row: Callable[[str, Block], None] = lambda _, __: None,
        number: int | None = None,
    ) -> Block:
        """Measure these rows in a pair of fresh processes; what became of those without quads is in
        ``failed``, ``missing``, ``new`` or ``idle``, and they are not in ``rows`` any more.

        ``on_row`` hears of each row measured, with the block as it is by then. ``number`` is the next
        one by default; it sets who starts, who steps first, the order of rows, and the hash seed.

        Raises:
            CannotCompare: a side broke down.
        """
        self._number = self._number + 1 if number is None else number
        quads: dict[str, Quads] = {}
        row = "its start"
        try:
            with ExitStack() as stack:
                sides, collected = self._start(stack)
                for side in SIDES:
                    there = {each["id"] for each in collected[side]["rows"]}
                    if lost := [each for each in rows if each not in there]:
                        raise CannotCompare(f"{side} does not collect {lost[0]} every time")
                steps = self.stepper.block(sides["base"], sides["head"], rows, self._number)
                for row, measured in steps:
                    if isinstance(measured, NotMeasured):
                        self._drop(row, measured)
                    else:
                        quads[row] = measured
                        on_row(row, Block(self._number, stage, dict(quads)))
                for side in SIDES:
                    self._check_origins(side, sides[side].expect("finished"))
        except SideError as error:
            where = f"block {self._number}, after {row}"
            raise CannotCompare(with_cure(f"{error} ({where})")) from None
        return Block(self._number, stage, quads)

    def _drop(self, row: str, why: NotMeasured) -> None:
        self.rows = tuple(each for each in self.rows if each != row)
        if why.failed:
            self.failed[row] = with_cure(str(why))
        elif why.base and why.head:
            self.idle[row] = str(why)
        elif why.head:
            self.missing[row] = why.head
        else:
            self.new[row] = why.base or ""
