"""Base and head, measured block by block."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

from concurbench.errors import ConcurbenchError
from concurbench.gate.block import Kind, Stepper, Unmeasured
from concurbench.gate.prepare import ARMS, Question, prepare
from concurbench.gate.samples import Block, Quads
from concurbench.runner.worker import Worker

Collected = Mapping[str, Mapping[str, Any]]
"""Arm -> the message of its worker about what it collected."""


def matches(row: str, pattern: str) -> bool:
    """Whether a pattern matches a row's id, or the end of it; brackets are no wildcards."""
    return fnmatchcase(row, "*" + pattern.replace("[", "[[]"))


def check_threshold(value: object, where: str) -> None:
    """Check that a threshold is a number between 0 and 1.

    Raises:
        ConcurbenchError: it is something else; the message begins with ``where`` it was found.
    """
    if not isinstance(value, int | float) or not 0 < value < 1:
        raise ConcurbenchError(
            f"{where}: a threshold is a share between 0 and 1, as in 0.05, not {value!r}"
        )


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


def with_remedy(error: str) -> str:
    """An error, with what to do about it if that is known."""
    remedy = "; base and head run at the same time: let servers listen on port 0"
    return error + remedy if os.strerror(errno.EADDRINUSE) in error else error


def selects(arguments: Sequence[str], folder: Path) -> bool:
    """Whether pytest's arguments select tests of the project in this folder."""
    paths = [folder / argument.partition("::")[0] for argument in arguments]
    return any(argument.startswith(("-m", "-k")) for argument in arguments) or any(
        path.is_dir() or path.suffix == ".py" for path in paths
    )


class Comparison:
    """A context manager. ``rows`` are those of both arms, in head's order."""

    def __init__(self, question: Question, on_step: Callable[[str], None] = lambda _: None) -> None:
        self._question = question
        self._on_step = on_step
        self._number = 0
        self.rows: tuple[str, ...] = ()
        self.thresholds: dict[str, float] = {}
        """Row -> the threshold of head's mark."""
        self.unmeasured: dict[str, Unmeasured] = {}
        self.notes: list[str] = []

    def __enter__(self) -> Self:
        question = self._question
        with ExitStack() as stack:
            self._workspace, checkouts, self._specs = prepare(
                question, stack, self._on_step, self.notes.append
            )
            self.labels = {arm: checkout.label for arm, checkout in checkouts.items()}
            self.head_folder = checkouts["head"].folder
            self._on_step("collecting")
            try:
                collected = self._collect()
            except ConcurbenchError as error:
                raise ConcurbenchError(with_remedy(str(error))) from None
            self.python: str = collected["head"]["python"]
            """The interpreter's implementation, version and build, as in names of folders."""
            self.choose(collected, selected=selects(question.arguments, self.head_folder))
            slower: dict[str, float] = {}
            for pattern, share in question.slower.items():
                found = [row for row in self.rows if matches(row, pattern)]
                if not found:
                    raise ConcurbenchError(f"no row matches {pattern!r}; rows: {', '.join(self.rows)}")
                slower |= dict.fromkeys(found, share)
            self.stepper = Stepper(slower)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack, number: int) -> tuple[dict[str, Worker], Collected]:
        """Start the workers of a block, until ``stack`` closes, and let them collect."""
        # Who starts first changes every two blocks, because who steps first changes every block.
        order = ARMS if number // 2 % 2 == 0 else ARMS[::-1]
        workers = {
            arm: stack.enter_context(
                Worker(self._specs[arm], self._workspace, str(number), self._question.timeout)
            )
            for arm in order
        }
        collected = {arm: workers[arm].expect("collected") for arm in ARMS}
        for arm in ARMS:
            check_origins(arm, collected[arm])
        return workers, collected

    def _collect(self) -> Collected:
        with ExitStack() as stack:
            workers, collected = self._start(stack, 0)
            for arm in ARMS:
                workers[arm].ask("finished", run=[], slower={})
        for arm, message in collected.items():
            if broken := message["broken"]:
                more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
                raise ConcurbenchError(f"{arm} does not collect: {broken[0]}{more}")
            if not message["own"]:
                raise ConcurbenchError(f"{arm}: no module of its checkout was imported")
        return collected

    def choose(self, collected: Collected, *, selected: bool) -> None:
        """Choose the gate set: rows marked ``gate``, if head has any; otherwise, or if the user has
        ``selected`` tests, all rows.

        Raises:
            ConcurbenchError: there are no benchmarks, or a mark has no valid threshold.
        """
        rows = {arm: {row["id"]: row for row in collected[arm]["rows"]} for arm in ARMS}
        marked = {arm: [id for id, row in rows[arm].items() if row["gate"]] for arm in ARMS}
        base, head = list(rows["base"]), list(rows["head"])
        if marked["head"] and not selected:
            head = marked["head"]
            unmarked = [row for row in marked["base"] if row not in head and row in rows["head"]]
            self.notes += [f"no longer marked as gate: {row}" for row in unmarked]
            gone = [row for row in marked["base"] if row not in rows["head"]]
            base = [row for row in base if row in head or row in gone]
        if not base and not head:
            tests = collected["head"]["tests"]
            raise ConcurbenchError(f"no benchmarks in base or head (head collected {tests} tests)")
        self.rows = tuple(row for row in head if row in base)
        missing = [row for row in base if row not in head]
        new = [row for row in head if row not in base]
        self.unmeasured |= dict.fromkeys(missing, Unmeasured(Kind.MISSING, "not in head"))
        self.unmeasured |= dict.fromkeys(new, Unmeasured(Kind.NEW, "not in base"))
        for row in self.rows:
            if (threshold := rows["head"][row]["threshold"]) is not None:
                check_threshold(threshold, f"{row}, @pytest.mark.gate")
                self.thresholds[row] = threshold

    def block(
        self,
        stage: str,
        rows: Sequence[str],
        on_row: Callable[[str], None] = lambda _: None,
        number: int | None = None,
    ) -> Block:
        """Measure these rows in a pair of fresh processes. Rows that cannot be measured move from
        ``rows`` to ``unmeasured``.

        Args:
            on_row: called after each measured row.
            number: of the block, by default the next one; it decides which arm starts, which steps
                first, the order of the rows, and the hash seed.

        Raises:
            ConcurbenchError: a worker ended or does not respond.
        """
        self._number = self._number + 1 if number is None else number
        quads: dict[str, Quads] = {}
        row = "its start"
        try:
            with ExitStack() as stack:
                workers, collected = self._start(stack, self._number)
                for arm in ARMS:
                    there = {each["id"] for each in collected[arm]["rows"]}
                    if lost := [each for each in rows if each not in there]:
                        raise ConcurbenchError(f"{arm} does not collect {lost[0]} every time")
                steps = self.stepper.block(workers["base"], workers["head"], rows, self._number)
                for row, measured in steps:
                    if isinstance(measured, Unmeasured):
                        self.rows = tuple(each for each in self.rows if each != row)
                        self.unmeasured[row] = replace(measured, why=with_remedy(measured.why))
                    else:
                        quads[row] = measured
                        on_row(row)
                for arm in ARMS:
                    check_origins(arm, workers[arm].expect("finished"))
        except ConcurbenchError as error:
            where = f"block {self._number}, after {row}"
            raise ConcurbenchError(with_remedy(f"{error} ({where})")) from None
        return Block(self._number, stage, quads)
