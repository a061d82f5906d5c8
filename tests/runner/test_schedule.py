"""Which rows a pass visits, and in which order."""

from __future__ import annotations

from concurbench.runner.schedule import LONG, visited

ROWS = list("abcdef")
SHORT = dict.fromkeys(ROWS, LONG / 10)


def order(number: int, passes: int = 5, **seconds: float) -> str:
    return "".join(visited(ROWS, number, passes, {**SHORT, **seconds}))


def test_the_first_pass_visits_all_rows_as_they_were_collected() -> None:
    assert visited(ROWS, 1, 5, {}) == ROWS


def test_each_pass_starts_elsewhere_and_every_second_one_goes_backwards() -> None:
    assert [order(number) for number in (2, 3, 4, 5)] == ["bafedc", "cdefab", "dcbafe", "efabcd"]


def test_no_row_is_visited_first_or_last_twice() -> None:
    orders = [order(number, passes=6) for number in range(1, 7)]
    assert len({each[0] for each in orders}) == 6
    assert len({each[-1] for each in orders}) == 6


def test_a_long_row_is_visited_in_every_second_pass() -> None:
    assert ["c" in order(number, c=LONG) for number in (1, 2, 3, 4, 5)] == [True, False] * 2 + [True]


def test_where_all_rows_are_long_each_pass_visits_them() -> None:
    long = dict.fromkeys(ROWS, LONG)
    assert all(sorted(visited(ROWS, number, 5, long)) == ROWS for number in (2, 3, 4, 5))


def test_what_the_first_pass_could_not_time_is_not_visited_again() -> None:
    assert visited(ROWS, 2, 5, {"a": 0.1}) == ["a"]
    assert visited(ROWS, 3, 5, {}) == []
