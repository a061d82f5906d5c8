"""How the arms of a block are stepped: fakes with made-up times, on a machine whose speed changes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from concurbench.gate.block import MAX_QUADS, ROW_SECONDS, SLICE, Kind, Stepper, Unmeasured
from concurbench.gate.samples import Block, Quads
from concurbench.runner.worker import Worker


def log_ratio(quads: Quads) -> float:
    return Block(1, "first", {"row": quads}).log_ratios["row"]


@dataclass
class Machine:
    """The machine of both arms: its speed changes with each slice."""

    slices: int = 0
    log: list[tuple[str, str, int, int]] = field(default_factory=list)
    """Arm, row, rounds and core of each slice."""
    disturbance: Callable[[int], float] = lambda _: 1.0

    def run(self, arm: str, row: str, rounds: int, core: int) -> float:
        self.slices += 1
        self.log.append((arm, row, rounds, core))
        return self.disturbance(self.slices)


@dataclass
class Benchmark:
    """A row of an arm: seconds a call, and the rounds it allows a process."""

    seconds: float
    rounds: int | None = None
    iterations: int = 1
    outcome: tuple[str, str] = ("passed", "")
    breaks_at: int | None = None
    """The round, from 1, in which it raises."""
    calls: bool = True
    swallows: bool = False
    """Whether its test passes although a round raised."""


class FakeArm:
    """Answers like a live process."""

    def __init__(self, name: str, machine: Machine, rows: Mapping[str, Benchmark]) -> None:
        self.name = name
        self.machine = machine
        self.rows = rows
        self.order: Sequence[str] = ()
        self.slower: Mapping[str, float] = {}
        self.answers: deque[dict[str, Any]] = deque()
        self.rounds: dict[str, int] = {}
        self.iterations: list[int] = []

    def send(self, **message: Any) -> None:
        if "run" in message:
            self.order, self.slower = deque(message["run"]), message["slower"]
            self._next()
        elif message["do"] == "calibrate":
            self._answer(kind="calibrated", iterations=self.rows[self.row].iterations)
        elif message["do"] == "next":
            self._outcome()
        else:
            self._run(**{name: message[name] for name in ("rounds", "iterations", "core")})

    def ask(self, answer: str, **message: Any) -> dict[str, Any]:
        self.send(**message)
        return self.expect(answer)

    def expect(self, *kinds: str) -> dict[str, Any]:
        message = self.answers.popleft()
        assert message["kind"] in kinds, (message, kinds)
        return message

    def _next(self) -> None:
        if self.order:
            self.row = self.order.popleft()  # type: ignore[attr-defined]  # it is a deque by now
            self.rounds[self.row] = 0
            if self.rows[self.row].calls and self.rows[self.row].outcome[0] == "passed":
                self._answer(kind="ready", rounds=self.rows[self.row].rounds)
            else:
                self._outcome()

    def _outcome(self, **broken: str) -> None:
        outcome, reason = self.rows[self.row].outcome
        self._answer(kind="outcome", **{"outcome": outcome, "reason": reason, **broken})
        self._next()

    def _run(self, rounds: int, iterations: int, core: int) -> None:
        row = self.rows[self.row]
        self.rounds[self.row] += rounds
        self.iterations.append(iterations)
        if row.breaks_at and self.rounds[self.row] >= row.breaks_at:
            if row.swallows:
                self._outcome()
            else:
                self._outcome(outcome="failed", reason="AssertionError: wrong")
            return
        speed = self.machine.run(self.name, self.row, rounds, core)
        seconds = row.seconds * speed * (1 + self.slower.get(self.row, 0.0))
        self._answer(kind="times", seconds=[seconds] * rounds)

    def _answer(self, **message: object) -> None:
        self.answers.append(message)


class Pair:
    """Two arms on one machine."""

    def __init__(
        self,
        base: Mapping[str, Benchmark],
        head: Mapping[str, Benchmark] | None = None,
        slow_down: Mapping[str, float] | None = None,
        disturbance: Callable[[int], float] = lambda _: 1.0,
    ) -> None:
        self.machine = Machine(disturbance=disturbance)
        self.base = FakeArm("A", self.machine, base)
        self.head = FakeArm("B", self.machine, base if head is None else head)
        self.stepper = Stepper(slow_down or {})

    def block(self, number: int = 0, rows: Sequence[str] = ("row",)) -> dict[str, Quads | Unmeasured]:
        base, head = cast("tuple[Worker, Worker]", (self.base, self.head))
        return dict(self.stepper.block(base, head, rows, number))

    def quads(self, number: int = 0) -> Quads:
        quads = self.block(number)["row"]
        assert isinstance(quads, tuple), quads
        return quads

    def turns(self) -> Iterator[str]:
        """The arm of each slice after the warm-up."""
        return (arm for arm, *_ in self.machine.log[2:])


def test_arms_take_turns_in_the_order_abba_then_baab() -> None:
    pair = Pair({"row": Benchmark(SLICE)})
    quads = pair.quads()
    assert len(quads) == MAX_QUADS
    assert [quad.order for quad in quads[:3]] == ["ABBA", "BAAB", "ABBA"]
    assert "".join(pair.turns()).startswith("ABBABAABABBA")


def test_the_first_arm_alternates_over_blocks_and_rows() -> None:
    pair = Pair({"x": Benchmark(0.03), "y": Benchmark(0.03)})
    first = [
        {row: quads[0].order[0] for row, quads in pair.block(number, ["x", "y"]).items()}  # type: ignore[index]
        for number in range(4)
    ]
    assert all(block["x"] != block["y"] for block in first)
    assert {block["x"] for block in first} == {"A", "B"}


def test_the_order_of_rows_rotates_from_block_to_block() -> None:
    pair = Pair({row: Benchmark(0.03) for row in "xyz"})
    assert [list(pair.block(number, "xyz")) for number in range(3)] == [
        ["x", "y", "z"], ["y", "z", "x"], ["z", "x", "y"],
    ]  # fmt: skip


def test_both_arms_of_a_quad_run_on_the_same_core_and_each_quad_on_the_next() -> None:
    pair = Pair({"row": Benchmark(SLICE)})
    pair.quads()
    cores = [core for *_, core in pair.machine.log[2:]]
    quads = [cores[start : start + 4] for start in range(0, len(cores), 4)]
    assert [set(quad) for quad in quads] == [{number} for number in range(MAX_QUADS)]


def test_a_slower_head_has_a_ratio_above_1() -> None:
    pair = Pair({"row": Benchmark(0.03)}, {"row": Benchmark(0.036)})
    assert log_ratio(pair.quads()) == pytest.approx(math.log(1.2))


def test_only_head_is_slowed_down() -> None:
    pair = Pair({"row": Benchmark(0.03)}, slow_down={"row": 0.1})
    assert log_ratio(pair.quads()) == pytest.approx(math.log(1.1))
    assert pair.base.slower == {}
    assert pair.head.slower == {"row": 0.1}


@pytest.mark.parametrize(
    "disturbance",
    [
        lambda slices: 1.01**slices,
        lambda slices: 1 / 1.01**slices,
        # The first arm after a pause is faster: a bias of fixed positions.
        lambda slices: 0.9 if slices % 2 else 1.0,
    ],
    ids=["getting slower", "getting faster", "every other slice is quicker"],
)
def test_a_machine_whose_speed_changes_favours_neither_arm(disturbance: Callable[[int], float]) -> None:
    pair = Pair({"row": Benchmark(0.03)}, disturbance=disturbance)
    ratios = [log_ratio(pair.quads(number)) for number in range(2)]
    assert sum(ratios) / 2 == pytest.approx(0, abs=0.002)


def test_a_slice_has_several_short_rounds() -> None:
    pair = Pair({"row": Benchmark(SLICE / 40)})
    pair.quads()
    assert {rounds for _, _, rounds, _ in pair.machine.log[2:]} == {40}


def test_both_arms_use_the_iterations_that_base_calibrated() -> None:
    pair = Pair({"row": Benchmark(1e-6, iterations=500)}, {"row": Benchmark(1e-6, iterations=3)})
    pair.quads()
    assert {*pair.base.iterations, *pair.head.iterations} == {500}


def test_a_row_keeps_its_pace_in_later_blocks() -> None:
    pair = Pair({"row": Benchmark(SLICE / 10)})
    pair.quads()
    pair.base.rows = pair.head.rows = {"row": Benchmark(SLICE, iterations=7)}
    pair.machine.log.clear()
    pair.quads(2)
    assert {rounds for _, _, rounds, _ in pair.machine.log[4:]} == {10}
    assert set(pair.head.iterations) == {1}


@pytest.mark.parametrize("rounds", range(1, 45))
@pytest.mark.parametrize("seconds", [1e-5, 0.004, 0.03, 2.0])
def test_no_process_runs_more_rounds_than_its_test_declares(rounds: int, seconds: float) -> None:
    pair = Pair({"row": Benchmark(seconds, rounds=rounds)}, {"row": Benchmark(seconds, rounds=100)})
    for number in range(2):
        quads = pair.quads(number)
        assert 1 <= pair.base.rounds["row"] <= rounds
        assert pair.head.rounds["row"] <= rounds
        assert all(len(quad.base) == len(quad.head) for quad in quads)


@pytest.mark.parametrize(("rounds", "slices"), [(2, 4), (3, 6)])
def test_a_slice_of_each_arm_warms_up_if_a_round_can_be_spared(rounds: int, slices: int) -> None:
    pair = Pair({"row": Benchmark(0.03, rounds=rounds)})
    pair.quads()
    assert len(pair.machine.log) == slices


def test_with_one_round_a_process_the_arms_swap_places_from_block_to_block() -> None:
    pair = Pair({"row": Benchmark(0.03, rounds=1)})
    assert [pair.quads(number)[0].order for number in range(4)] == ["AB", "BA", "AB", "BA"]


def test_long_rounds_get_fewer_quads_but_at_least_one() -> None:
    assert len(Pair({"row": Benchmark(ROW_SECONDS / 8)}).quads()) == 2
    assert len(Pair({"row": Benchmark(30.0)}).quads()) == 1


FINE, BAD = Benchmark(0.03), Benchmark(0.03, outcome=("failed", "ValueError: no"))
SKIPPED = Benchmark(0.03, outcome=("skipped", "no trio"))


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (FINE, BAD, Unmeasured(Kind.FAILED, "failed: ValueError: no in head")),
        (BAD, FINE, Unmeasured(Kind.FAILED, "failed: ValueError: no in base")),
        (BAD, BAD, Unmeasured(Kind.FAILED, "failed: ValueError: no in base and head")),
        (FINE, SKIPPED, Unmeasured(Kind.MISSING, "skipped: no trio")),
        (SKIPPED, SKIPPED, Unmeasured(Kind.IDLE, "skipped: no trio in base and head")),
        (SKIPPED, BAD, Unmeasured(Kind.FAILED, "failed: ValueError: no in head")),
        (Benchmark(0.03, calls=False), FINE, Unmeasured(Kind.NEW, "called no benchmark")),
        (
            FINE,
            Benchmark(0.03, breaks_at=4),
            Unmeasured(Kind.FAILED, "failed: AssertionError: wrong in head"),
        ),
    ],
)
def test_a_row_that_an_arm_cannot_measure_has_a_reason_and_the_next_row_is_measured(
    base: Benchmark, head: Benchmark, expected: Unmeasured
) -> None:
    pair = Pair({"row": base, "next": FINE}, {"row": head, "next": FINE})
    measured = pair.block(0, ["row", "next"])
    assert measured["row"] == expected
    assert isinstance(measured["next"], tuple)
    assert not pair.base.answers
    assert not pair.head.answers


def test_a_timer_that_stands_still_is_a_failure() -> None:
    pair = Pair({"row": Benchmark(0.0), "next": FINE})
    measured = pair.block(0, ["row", "next"])
    why = "failed: its timer said 0 s"
    assert measured["row"] == Unmeasured(Kind.FAILED, f"{why} in base and head")
    assert isinstance(measured["next"], tuple)


def test_a_round_that_raises_in_a_test_that_still_passes_counts_for_both_arms() -> None:
    row = Benchmark(0.03, breaks_at=1, swallows=True)
    why = "raised while it was timed"
    assert Pair({"row": row}).block()["row"] == Unmeasured(Kind.IDLE, f"{why} in base and head")


def test_a_far_slower_head_gets_one_round_a_slice() -> None:
    pair = Pair({"row": Benchmark(SLICE / 40)}, {"row": Benchmark(1.0)})
    [quad] = pair.quads()
    assert quad.order == "ABBA"
    assert {rounds for _, _, rounds, _ in pair.machine.log} == {1}
