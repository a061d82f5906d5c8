"""Which rows each process visits, in which order."""

from __future__ import annotations

from concurbench.runner.schedule import LONG, MAX_SLICE, due, slices, visits

ROWS = list("abcdef")
SHORT = dict.fromkeys(ROWS, LONG / 10)
GROUPS = dict.fromkeys(ROWS, "group")


def order(number: int, passes: int = 5, **seconds: float) -> str:
    return "".join(due(ROWS, number, passes, {**SHORT, **seconds}))


def test_the_first_pass_visits_all_rows_as_they_were_collected() -> None:
    assert due(ROWS, 1, 5, {}) == ROWS


def test_each_pass_starts_at_another_row_and_every_second_pass_runs_backwards() -> None:
    assert [order(number) for number in (2, 3, 4, 5)] == ["bafedc", "cdefab", "dcbafe", "efabcd"]


def test_no_row_is_visited_first_or_last_twice() -> None:
    orders = [order(number, passes=6) for number in range(1, 7)]
    assert len({each[0] for each in orders}) == 6
    assert len({each[-1] for each in orders}) == 6


def test_a_long_row_is_visited_in_every_second_pass() -> None:
    assert ["c" in order(number, c=LONG) for number in (1, 2, 3, 4, 5)] == [True, False] * 2 + [True]


def test_if_all_rows_are_long_each_pass_visits_them() -> None:
    long = dict.fromkeys(ROWS, LONG)
    assert all(sorted(due(ROWS, number, 5, long)) == ROWS for number in (2, 3, 4, 5))


def test_a_row_that_the_first_pass_could_not_time_is_not_visited_again() -> None:
    assert due(ROWS, 2, 5, {"a": 0.1}) == ["a"]
    assert due(ROWS, 3, 5, {}) == []


def test_a_single_interpreter_measures_each_pass_in_one_process() -> None:
    assert list(visits(["3.11"], GROUPS, 1, 5, {})) == [("3.11", ROWS)]


def test_a_slice_has_rows_of_one_group_and_at_most_the_maximum() -> None:
    groups = {f"{group}{number}": group for number in range(MAX_SLICE + 2) for group in "ab"}
    parts = slices(list(groups), groups)
    assert sorted(map(len, parts)) == [2, 2, MAX_SLICE, MAX_SLICE]
    assert all(len({id[0] for id in part}) == 1 for part in parts)
    assert sorted(id for part in parts for id in part) == sorted(groups)


def test_a_slice_goes_through_all_interpreters_and_none_is_always_first() -> None:
    groups = {"a": "a", "b": "b"}
    first, second = (
        [(name, part[0]) for name, part in visits(["3.11", "3.13t"], groups, number, 2, groups_short)]
        for number, groups_short in ((1, {}), (2, dict.fromkeys("ab", 0.1)))
    )
    assert first == [("3.11", "a"), ("3.13t", "a"), ("3.13t", "b"), ("3.11", "b")]
    assert sorted(second) == sorted(first)
    assert second[0][0] == "3.13t"
