"""Base and head, measured block by block."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from concurbench.errors import ConcurbenchError
from concurbench.gate.block import NotMeasured, Stepper
from concurbench.gate.prepare import (
    ARMS,
    Question,
    check_origins,
    gate_set,
    matches,
    prepare,
    selects,
)
from concurbench.gate.samples import Block, Quads


def with_remedy(error: str) -> str:
    """An error, with what to do about it if that is known."""
    remedy = "; base and head run at the same time: let servers listen on port 0"
    return error + remedy if os.strerror(errno.EADDRINUSE) in error else error


class Comparison:
    """A context manager. ``rows`` are those of both arms, in head's order."""

    def __init__(self, question: Question, on_step: Callable[[str], None] = lambda _: None) -> None:
        self._question = question
        self._on_step = on_step
        self._stack = ExitStack()
        self._number = 0
        self.labels: dict[str, str] = {}
        self.rows: tuple[str, ...] = ()
        self.thresholds: dict[str, float] = {}
        """Row -> the threshold of head's mark."""
        self.missing: dict[str, str] = {}
        """Rows that head lacks or does not run -> why."""
        self.new: dict[str, str] = {}
        """Rows that base lacks or does not run -> why."""
        self.idle: dict[str, str] = {}
        """Rows that neither arm measures -> why."""
        self.failed: dict[str, str] = {}
        """Rows whose test failed -> where and why."""
        self.notes: list[str] = []
        self.head_folder = Path()
        """Head's copy of the project."""
        self.python = ""
        """The interpreter's implementation, version and build, as in names of folders."""

    def __enter__(self) -> Self:
        try:
            self._prepare()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _prepare(self) -> None:
        question = self._question
        self._arms = prepare(question, self._stack, self._on_step, self.notes.append)
        self.labels, self.head_folder = dict(self._arms.labels), self._arms.head_folder
        self._on_step("collecting")
        try:
            collected = self._arms.collect()
        except ConcurbenchError as error:
            raise ConcurbenchError(with_remedy(str(error))) from None
        self.python = collected["head"]["python"]
        chosen = gate_set(collected, selects(question.arguments, self.head_folder))
        self.rows, self.thresholds = chosen.rows, dict(chosen.thresholds)
        self.missing, self.new = dict(chosen.missing), dict(chosen.new)
        self.notes += chosen.notes
        for pattern in question.slower:
            if not any(matches(row, pattern) for row in self.rows):
                raise ConcurbenchError(f"no row matches {pattern!r}; rows: {', '.join(self.rows)}")
        shares = question.slower.items()
        self.stepper = Stepper(
            {row: share for row in self.rows for pattern, share in shares if matches(row, pattern)}
        )

    def block(
        self,
        stage: str,
        rows: Sequence[str],
        on_row: Callable[[str, Block], None] = lambda _, __: None,
        number: int | None = None,
    ) -> Block:
        """Measure these rows in a pair of fresh processes. Rows that cannot be measured move from
        ``rows`` to ``failed``, ``missing``, ``new`` or ``idle``.

        Args:
            on_row: called after each measured row, with the block so far.
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
                workers, collected = self._arms.start(stack, self._number)
                for arm in ARMS:
                    there = {each["id"] for each in collected[arm]["rows"]}
                    if lost := [each for each in rows if each not in there]:
                        raise ConcurbenchError(f"{arm} does not collect {lost[0]} every time")
                steps = self.stepper.block(workers["base"], workers["head"], rows, self._number)
                for row, measured in steps:
                    if isinstance(measured, NotMeasured):
                        self._drop(row, measured)
                    else:
                        quads[row] = measured
                        on_row(row, Block(self._number, stage, dict(quads)))
                for arm in ARMS:
                    check_origins(arm, workers[arm].expect("finished"))
        except ConcurbenchError as error:
            where = f"block {self._number}, after {row}"
            raise ConcurbenchError(with_remedy(f"{error} ({where})")) from None
        return Block(self._number, stage, quads)

    def _drop(self, row: str, why: NotMeasured) -> None:
        self.rows = tuple(each for each in self.rows if each != row)
        if why.failed:
            self.failed[row] = with_remedy(str(why))
        elif why.base and why.head:
            self.idle[row] = str(why)
        elif why.head:
            self.missing[row] = why.head
        else:
            self.new[row] = why.base or ""
