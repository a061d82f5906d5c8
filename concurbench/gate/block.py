"""One block: two fresh processes, one of base and one of head, stepped in turn through their rows.

It knows no statistics. Of an arm it knows only the messages of its worker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean
from typing import Any

from concurbench.gate.samples import Quad, Quads
from concurbench.runner.worker import Worker

SLICE = 0.02
"""The seconds of a slice, or one round if that takes longer. Short rounds are slower right after the
other arm ran, so a slice takes several of them."""

MAX_QUADS = 9
"""Quads of a row in a block."""

ROW_SECONDS = 0.8
"""The seconds of rounds of a row in a block. Long rounds get fewer quads, at least one. More blocks say
more than more quads: what differs between two processes stays different for as long as they live."""


class Kind(StrEnum):
    """What a row is that has no quads."""

    MISSING = "missing in head"
    FAILED = "failed"
    NEW = "new in head"
    IDLE = "not measured"


@dataclass(frozen=True)
class Unmeasured:
    """Why a row has no quads."""

    kind: Kind
    why: str

    @classmethod
    def of(cls, base: str | None, head: str | None) -> Unmeasured:
        """From what happened to its test in each arm that is the cause."""
        if not base and head and not head.startswith("failed"):
            return cls(Kind.MISSING, head)
        if not head and base and not base.startswith("failed"):
            return cls(Kind.NEW, base)
        reasons = {"base": base, "head": head}
        why = ", ".join(f"{reason} in {arm}" for arm, reason in reasons.items() if reason)
        if base == head:
            why = f"{base} in base and head"
        return cls(Kind.FAILED if why.startswith("failed") else Kind.IDLE, why)

    def remark(self, row: str) -> str:
        """A sentence for the report of a gate."""
        if self.kind in (Kind.MISSING, Kind.NEW):
            return f"{self.kind}: {row} ({self.why})"
        return f"{self.kind}: {row}: {self.why}"


@dataclass(frozen=True)
class Pace:
    """How a row is stepped, the same in every block: iterations a round, rounds a slice."""

    iterations: int
    rounds: int
    seconds: float
    """The time of a round when the pace was set."""


class _Stopped(Exception):
    """A row cannot be stepped further. The arguments are why, and arm -> the message with the outcome
    of its test, if the test has ended."""


@dataclass
class Stepper:
    """Steps rows, and remembers the pace of each row from its first block on."""

    slow_down: Mapping[str, float]
    """Row -> the share by which head is slowed down, to test whether the gate finds it."""
    on_slice: Callable[[str, str, list[float], float | None], None] = lambda *_: None
    paces: dict[str, Pace] = field(default_factory=dict)

    def block(
        self, base: Worker, head: Worker, rows: Sequence[str], number: int
    ) -> Iterator[tuple[str, Quads | Unmeasured]]:
        """Step through the rows, in an order that rotates from block to block."""
        turn = number % len(rows)
        order = [*rows[turn:], *rows[:turn]]
        base.send(run=order, slower={})
        head.send(run=order, slower=dict(self.slow_down))
        for row in order:
            head_first = (number + rows.index(row)) % 2 == 1
            yield row, self._measure(row, {"A": base, "B": head}, head_first=head_first)

    def _measure(self, row: str, arms: dict[str, Worker], *, head_first: bool) -> Quads | Unmeasured:
        messages = {name: arm.expect("ready", "outcome") for name, arm in arms.items()}
        quads: Quads = ()
        reasons: dict[str, str] = {}
        if all(message["kind"] == "ready" for message in messages.values()):
            allowed = [each["rounds"] for each in messages.values() if each["rounds"] is not None]
            try:
                quads = tuple(self.quads(row, arms, min(allowed, default=math.inf), head_first))
            except _Stopped as stopped:
                why, ended = stopped.args
                messages |= ended
                # In one arm, because it had its turn first: the other runs the same rounds.
                reasons = dict.fromkeys(arms, why)
        else:
            uncalled = [name for name, message in messages.items() if message["kind"] == "outcome"]
            reasons = dict.fromkeys(uncalled, "called no benchmark")
        for name, message in messages.items():
            if message["kind"] == "ready":
                messages[name] = arms[name].ask("outcome", do="next")
        for outcome in ("skipped", "failed"):  # a failure is the reason that counts
            reasons = {
                name: f"{outcome}: {message['reason']}"
                for name, message in messages.items()
                if message["outcome"] == outcome
            } or reasons
        return Unmeasured.of(reasons.get("A"), reasons.get("B")) if reasons else quads

    def quads(self, row: str, arms: dict[str, Worker], left: float, head_first: bool) -> Iterator[Quad]:
        """Step a row that is ready in both arms; neither runs more than ``left`` rounds of it."""
        pace = self.paces.get(row)
        if pace:
            iterations = pace.iterations
        else:
            iterations = _ask(arms, "A", "calibrated", do="calibrate")["iterations"]

        def turn(name: str, rounds: int, core: int = 0) -> float:
            # Cores of a shared machine differ for minutes, and the system seldom moves a process.
            # So both arms of a quad run on the same core, where the system lets us choose it.
            step = {"rounds": rounds, "iterations": iterations, "core": core}
            answer = _ask(arms, name, "times", do="rounds", **step)
            if min(answer["seconds"]) <= 0:
                raise _Stopped("failed: its timer said 0 s", {})
            self.on_slice(row, name, answer["seconds"], answer.get("bare"))
            return fmean(answer["seconds"])

        first = "BA" if head_first else "AB"
        if left >= 3:  # warm up, if a round can be spared for it
            warm = {name: turn(name, 1) for name in first}
            left -= 1
            seconds = max(warm.values()) * iterations  # one arm may be far slower
        else:
            seconds = pace.seconds if pace else SLICE
        if pace is None:
            wanted = round(SLICE / seconds)
            pace = self.paces[row] = Pace(iterations, max(1, int(min(wanted, left // 2))), seconds)
        if left == math.inf and pace.rounds > 1:
            for name in first:
                turn(name, pace.rounds)
        rounds = max(1, int(min(pace.rounds, left)))
        orders = [first]
        if left >= 2 * rounds:
            affordable = round(ROW_SECONDS / (4 * rounds * pace.seconds))
            count = int(max(1, min(MAX_QUADS, affordable, left // (2 * rounds))))
            orders = [("ABBA", "BAAB")[(head_first + number) % 2] for number in range(count)]
        for core, order in enumerate(orders):
            times: dict[str, list[float]] = {"A": [], "B": []}
            for name in order:
                times[name].append(turn(name, rounds, core))
            yield Quad(order, tuple(times["A"]), tuple(times["B"]))


def _ask(arms: dict[str, Worker], name: str, answer: str, **message: object) -> dict[str, Any]:
    arms[name].send(**message)
    reply = arms[name].expect(answer, "outcome")
    if reply["kind"] == "outcome":
        raise _Stopped("raised while it was timed", {name: reply})
    return reply
