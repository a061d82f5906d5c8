"""The time line for a terminal, line by line."""

from __future__ import annotations

import pytest

from concurbench.trace.chart import MOST, chart
from concurbench.trace.rows import Row, rows
from concurbench.trace.span import Kind, Span
from concurbench.trace.unit import Unit

ONE = Unit("one")
WIDTH = len("one  ") + 20
"""Twenty columns for the time."""


def span(begin: float, end: float, label: str = "", kind: Kind = Kind.WAITS) -> Span:
    return Span(ONE, label, begin, end, kind)


def lines(*spans: Span, width: int = WIDTH) -> list[str]:
    return chart(rows(spans), width).plain.splitlines()


@pytest.mark.parametrize(
    ("spans", "row"),
    [
        # Ten seconds are twenty columns.
        ([span(0, 10)], "├──────────────────┤"),
        ([span(0, 10, "FR")], "├FR────────────────┤"),
        ([span(0, 4, "FR"), span(5, 10, "DE")], "├FR────┤  ├DE──────┤"),
        ([span(0, 2, "FR"), span(8, 10, "long name")], "├FR┤            ├──┤"),
        ([span(0, 0.5, "x"), span(9, 10, "y")], "│                 ├┤"),
        ([span(0, 0.2), span(0.3, 0.4), span(9, 10)], "▒                 ├┤"),
        ([span(0, 5), span(5, 10)], "├────────┤├────────┤"),
        ([span(0, 5.2), span(5.2, 10)], "├─────────┤├───────┤"),
        ([span(0, 10, "", Kind.COMPUTES)], "┣━━━━━━━━━━━━━━━━━━┫"),
        ([span(0, 10, "", Kind.FAILS)], "├××××××××××××××××××┤"),
        ([span(0, 10, "", Kind.HOLDS)], "╞══════════════════╡"),
        ([span(0, 10, "", Kind.LATE)], "├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┤"),
        ([span(0, 1, "", Kind.FAILS), span(9.5, 10, "", Kind.FAILS)], "├┤                 ×"),
    ],
)
def test_a_row_is_drawn(spans: list[Span], row: str) -> None:
    assert lines(*spans)[0] == f"one  {row}"


@pytest.mark.parametrize(
    ("seconds", "columns", "axis"),
    [
        (8.0, 60, "0              2.000 s        4.000 s        6.000 s 8.000 s"),
        (0.0006, 60, "0              150.0 µs       300.0 µs              600.0 µs"),
        (8.0, 20, "0    2.000 s 8.000 s"),
        (8.0, 12, "0    8.000 s"),
    ],
)
def test_the_axis_tells_times_as_far_as_there_is_room(seconds: float, columns: int, axis: str) -> None:
    assert lines(span(0, seconds), width=len("one  ") + columns)[1] == "     " + axis


def test_the_time_begins_with_the_first_span_of_all() -> None:
    other = Span(Unit("two"), "", 95.0, 100.0)
    drawn = [line.rstrip() for line in lines(span(90.0, 95.0), other)]
    assert drawn[:2] == ["one  ├────────┤", "two            ├────────┤"]


def test_below_it_stands_what_the_signs_mean_that_are_there() -> None:
    assert lines(span(0, 10))[-1] == "├─┤ waits  a column is 0.500 s"
    told = lines(span(0, 10, "", Kind.COMPUTES), span(10, 10.001), span(10.002, 10.003))[-1]
    assert told.startswith("├─┤ waits  ┣━┫ computes  ▒ several in a column  a column is")


def test_a_moment_is_drawn_too() -> None:
    assert lines(span(5, 5))[0].split() == ["one", "│"]


def test_of_very_many_rows_the_first_are_drawn_and_the_others_counted() -> None:
    def many(number: int) -> list[Row]:
        return [Row(f"task {task}", (span(0, 1),)) for task in range(number)]

    told = chart(many(MOST + 2), 80).plain.splitlines()
    assert told[MOST - 1].startswith(f"task {MOST - 1}")
    assert told[MOST] == "… and 2 more rows: --svg FILE draws them all"
    assert "… and 1 more row:" in chart(many(MOST + 1), 80).plain
    assert "…" not in chart(many(MOST), 80).plain


def test_a_terminal_that_is_too_narrow_for_the_names_is_no_error() -> None:
    assert lines(span(0, 10), width=3)[0] == "one  ├──────────┤"
