"""Rows of a group take turns: sessions of a suite in which each call of a model is noted."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from concurbench.measure import rounds, turns
from concurbench.measure.rounds import Budget, in_turn
from concurbench.measure.speed import capacity
from concurbench.measure.turns import Group, Turns, Visited
from tests.conftest import Suite

MODEL = '''
"""Notes its calls."""
from pathlib import Path

def run(job, *, workers):
    with Path("calls").open("a") as file:
        file.write("{name}\\n")
    {more}
    return sum(job.numbers)
'''


@pytest.fixture
def noted(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Run a session with a model for each keyword, and return the calls; its value is a line of the
    model. Each turn has one round, and each row three turns."""
    monkeypatch.setattr(rounds, "TURN", 0.0)
    monkeypatch.setattr(turns, "FAR", 1e9)
    monkeypatch.setattr(Budget, "turns", lambda self, seconds, rows: 3)

    def run(*arguments: str, **models: str) -> list[str]:
        (suite.path / "calls").unlink(missing_ok=True)
        for name, more in models.items():
            suite.write(f"impls/toy/{name}.py", MODEL.format(name=name, more=more))
        run.result = suite.run_here(  # type: ignore[attr-defined]  # for the tests
            "--cases=few", f"--models={','.join(models)}", "--benchmark-save=kept", *arguments
        )
        return (suite.path / "calls").read_text().split()

    return run


def test_rows_take_turns_after_one_untimed_round_and_another_one_is_first_each_time(
    noted: Callable[..., list[str]], suite: Suite
) -> None:
    assert noted(a="", b="") == ["a", "a", "b", "b", "a", "b", "a", "b"]
    saved = suite.load("kept.json")["benchmarks"]
    assert [len(row["stats"]["data"]) for row in saved] == [3, 3]
    assert [row["extra_info"]["turns"] for row in saved] == [[1, 1, 1], [1, 1, 1]]


def test_a_row_that_turns_wrong_in_a_later_turn_has_no_time_and_the_others_go_on(
    noted: Callable[..., list[str]], suite: Suite
) -> None:
    wrong = "assert Path('calls').read_text().count('b') < 3, 'worn out'"
    assert noted(a="", b=wrong, c="").count("b") == 3
    saved = suite.load("kept.json")["benchmarks"]
    assert [row["extra_info"]["model"] for row in saved] == ["a", "c"]
    assert [len(row["stats"]["data"]) for row in saved] == [3, 3]
    assert "worn out" in noted.result.stdout.str()  # type: ignore[attr-defined]  # see the fixture
    noted.result.assert_outcomes(passed=2, failed=1)  # type: ignore[attr-defined]


def test_a_row_with_long_rounds_is_visited_once(
    noted: Callable[..., list[str]], suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count()
    monkeypatch.setattr(rounds, "time", SimpleNamespace(perf_counter=lambda: float(next(clock))))
    assert noted("--seconds-per-row=0.1", a="", b="") == ["a"] * 3 + ["b"] * 3
    assert all(len(row["extra_info"]["turns"]) == 1 for row in suite.load("kept.json")["benchmarks"])


def test_a_row_that_is_far_slower_than_the_fastest_takes_few_turns(
    noted: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "FAR", 1.5)
    taken = {"a": 0.1, "b": 0.3}
    monkeypatch.setattr(rounds.Rounds, "a_round", property(lambda self: taken[self.run.name]))
    calls = noted(a="run.name = 'a'", b="run.name = 'b'")
    assert [calls.count(name) for name in "ab"] == [1 + 3, 1 + rounds.MIN_TURNS]


def test_a_single_row_and_a_disabled_session_take_no_turns(
    noted: Callable[..., list[str]], suite: Suite
) -> None:
    noted(a="")
    [row] = suite.load("kept.json")["benchmarks"]
    assert "turns" not in row["extra_info"]
    assert noted("--benchmark-disable", a="", b="") == ["a", "b"]


def test_what_the_rows_share_is_torn_down_once_and_an_error_in_it_is_an_error_of_the_last_row(
    noted: Callable[..., list[str]], suite: Suite
) -> None:
    toy = (suite.path / "benchmarks/test_toy.py").read_text()
    suite.write(
        "benchmarks/test_toy.py",
        toy
        + """
import pytest

@pytest.fixture(scope="module", autouse=True)
def shared():
    print("shared", "set up")
    yield
    raise OSError("the module cannot be torn down")
""",
    )
    noted("-s", a="", b="")
    output = noted.result.stdout.str()  # type: ignore[attr-defined]  # see the fixture
    assert output.count("shared set up") == 1
    assert "ERROR benchmarks/test_toy.py::test_toy[b-few-w02] - OSError" in output


def test_each_row_comes_first_and_the_order_is_turned_round() -> None:
    rows: Any = ["a", "b", "c"]
    orders = ["".join(in_turn(rows, turn)) for turn in range(1, 7)]
    assert orders == ["abc", "acb", "cab", "cba", "bca", "bac"]


def test_the_number_of_turns_follows_from_the_time_for_each_row() -> None:
    budget = Budget(seconds=0.2, min_rounds=1)
    assert budget.turns(seconds=0.1, rows=4) == 8
    assert budget.turns(seconds=10.0, rows=4) == rounds.MIN_TURNS
    assert budget.turns(seconds=1e-6, rows=4) == rounds.MAX_TURNS


def test_parallel_capacity_is_read_once_a_turn_and_its_median_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = iter([1.5, 1.9, 1.7])
    monkeypatch.setattr(capacity, "measure", lambda *_, **__: next(readings))
    group = Group(turn=1)
    assert [group.capacity(2, 0.1), group.capacity(2, 0.1)] == [1.5, 1.5]
    group.turn = 2
    assert group.capacity(2, 0.1) == pytest.approx(1.7)
    group.turn = 3
    assert group.capacity(2, 0.1) == 1.7


def test_the_rows_of_a_group_are_measured_when_the_first_one_comes() -> None:
    taking = Turns(list, lambda: Budget(1.0, 1))
    group = Group()
    group.rows = [Visited(SimpleNamespace(nodeid=name), group) for name in "ab"]  # type: ignore[arg-type]
    taking._visited = {each.item.nodeid: each for each in group.rows}
    assert [taking.together(name) for name in ("a", "x")] == [["a", "b"], ["x"]]
    group.over = True
    assert [taking.together(name) for name in "ab"] == [[], []]
