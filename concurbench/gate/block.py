"""One block: two fresh processes, stepped in turn through the rows that both have.

Knows no statistics; and of a side only that it can be told and asked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Protocol

from concurbench.errors import ConcurbenchError
from concurbench.gate.samples import Unit, Visit

SLICE = 0.02
"""Seconds a slice takes about, or else one round: short rounds run slower right after a hand-off."""

UNITS = 9
"""ABBA units a visit, where rounds are short enough."""

VISIT = 0.8
"""Seconds of rounds a visit takes about; long rounds get fewer units, at least one. More blocks say
more than longer visits: what differs between two processes differs for as long as they live."""


class Stepped(Protocol):
    """A side, as a block needs it."""

    def tell(self, **message: object) -> None: ...
    def ask(self, answer: str, **message: object) -> dict[str, Any]: ...
    def expect(self, *kinds: str) -> dict[str, Any]: ...


@dataclass(frozen=True)
class NotMeasured:
    """Why a row has no pairs in a block: what became of its test on the sides that are to blame."""

    base: str | None
    head: str | None
    failed: bool
    """Whether it failed there; otherwise it was skipped, or called no benchmark."""

    def __str__(self) -> str:
        if self.base == self.head:
            return f"{self.base} on both sides"
        told = {"base": self.base, "head": self.head}
        return ", ".join(f"{reason} in {side}" for side, reason in told.items() if reason)


@dataclass(frozen=True)
class Pace:
    """How a row is stepped, in every block the same: iterations a round, rounds a slice."""

    iterations: int
    rounds: int
    seconds: float
    """What a round took when this was found out."""


@dataclass
class Stepper:
    """Steps rows; remembers each row's pace from its first visit on."""

    slow_down: Mapping[str, float]
    """Row -> share by which head is made slower, to see whether it is found."""
    on_slice: Callable[[str, str, list[float], float | None], None] = lambda *_: None

    def __post_init__(self) -> None:
        self.paces: dict[str, Pace] = {}

    def block(
        self, base: Stepped, head: Stepped, rows: Sequence[str], number: int
    ) -> Iterator[tuple[str, Visit | NotMeasured]]:
        """Visit the rows, in an order that turns from block to block."""
        turn = number % len(rows)
        order = [*rows[turn:], *rows[:turn]]
        head_slower = {row: share for row, share in self.slow_down.items() if row in rows}
        base.tell(run=order, slower={})
        head.tell(run=order, slower=head_slower)
        for row in order:
            head_first = (number + rows.index(row)) % 2 == 1
            yield row, self._visit(row, {"A": base, "B": head}, head_first=head_first)

    def _visit(self, row: str, sides: dict[str, Stepped], *, head_first: bool) -> Visit | NotMeasured:
        came = {which: side.expect("ready", "outcome") for which, side in sides.items()}
        ready = {which: message for which, message in came.items() if message["kind"] == "ready"}
        units: list[Unit] = []
        broke = ""
        if len(ready) == len(sides):
            caps = [message["rounds"] for message in ready.values() if message["rounds"] is not None]
            try:
                units += self.units(row, sides, min(caps, default=None), head_first)
            except RoundFailed as failure:
                came[failure.which] = failure.outcome
                del ready[failure.which]
                broke = "raised while it was timed"
            except NoTime:
                broke = "failed: its timer said 0 s"
        for which in ready:
            came[which] = sides[which].ask("outcome", do="next")
        for result in ("failed", "skipped"):
            told = {w: f"{result}: {o['reason']}" for w, o in came.items() if o["outcome"] == result}
            if told:
                return NotMeasured(told.get("A"), told.get("B"), failed=result == "failed")
        if broke:  # on one side, in its turn: the other would have had the same chance
            return NotMeasured(broke, broke, failed=broke.startswith("failed"))
        if not units:
            idle = {which: "called no benchmark" for which in sides if which not in ready}
            return NotMeasured(idle.get("A"), idle.get("B"), failed=False)
        return tuple(units)

    def units(
        self, row: str, sides: dict[str, Stepped], cap: int | None, head_first: bool
    ) -> Iterator[Unit]:
        """Step a row whose both sides are ready; no side runs more than ``cap`` rounds of it."""
        pace = self.paces.get(row)
        if pace:
            iterations = pace.iterations
        else:
            iterations = self._ask(sides, "A", "calibrated", do="calibrate")["iterations"]
        left = math.inf if cap is None else cap

        def turn(which: str, rounds: int, core: int = 0) -> float:
            # Cores of a shared machine differ for minutes, and the system leaves a process where it
            # is: both sides of a unit run on the same one, as far as it is for us to say.
            step = {"rounds": rounds, "iterations": iterations, "core": core}
            answer = self._ask(sides, which, "times", do="rounds", **step)
            if min(answer["seconds"]) <= 0:
                raise NoTime
            self.on_slice(row, which, answer["seconds"], answer.get("bare"))
            return fmean(answer["seconds"])

        first = "BA" if head_first else "AB"
        if left >= 3:  # warm up, where a round can be spared for it
            warm = {which: turn(which, 1) for which in first}
            left -= 1
            seconds = max(warm.values()) * iterations  # one side may be far slower
        else:
            seconds = pace.seconds if pace else SLICE
        if pace is None:
            wanted = round(SLICE / seconds)
            pace = self.paces[row] = Pace(iterations, max(1, int(min(wanted, left // 2))), seconds)
        if cap is None and pace.rounds > 1:
            for which in first:
                turn(which, pace.rounds)
        rounds = max(1, int(min(pace.rounds, left)))
        if left < 2 * rounds:
            base_and_head = {which: (turn(which, rounds),) for which in first}
            yield Unit(first, base_and_head["A"], base_and_head["B"])
            return
        affordable = round(VISIT / (4 * rounds * pace.seconds))
        units = int(max(1, min(UNITS, affordable, left // (2 * rounds))))
        orders = itertools.cycle(["BAAB", "ABBA"] if head_first else ["ABBA", "BAAB"])
        for core, order in enumerate(itertools.islice(orders, units)):
            times: dict[str, list[float]] = {"A": [], "B": []}
            for which in order:
                times[which].append(turn(which, rounds, core))
            yield Unit(order, tuple(times["A"]), tuple(times["B"]))

    def _ask(
        self, sides: dict[str, Stepped], which: str, answer: str, **message: object
    ) -> dict[str, Any]:
        sides[which].tell(**message)
        came = sides[which].expect(answer, "outcome")
        if came["kind"] == "outcome":
            raise RoundFailed(which, came)
        return came


class NoTime(ConcurbenchError):
    """A round took no time at all, as its timer has it."""


class RoundFailed(ConcurbenchError):
    """A round raised, and its test ended with this outcome."""

    def __init__(self, which: str, outcome: dict[str, Any]) -> None:
        super().__init__(outcome["reason"])
        self.which = which
        self.outcome = outcome
