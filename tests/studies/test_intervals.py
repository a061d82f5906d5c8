"""How often intervals hold, from measured or made-up runs."""

from __future__ import annotations

import pytest

from concurbench.results.statistics import claim
from studies import intervals


def test_each_run_is_asked_what_it_said_of_the_next_one() -> None:
    runs = [
        {"a": [[1.0], [2.0], [3.0]]},
        {"a": [[2.0], [2.5], [2.9]]},  # its median is within the first one's range
        {"a": [[9.0], [9.0], [9.0]]},  # outside the second one's
    ]
    tried = intervals.tried(intervals.over_passes, runs, "a")
    assert tried is not None
    assert (tried.held, tried.tried) == (1, 2)
    assert tried.claimed == pytest.approx(claim(3))


def test_over_all_rounds_the_rounds_of_all_passes_are_taken_together() -> None:
    runs = [{"a": [[1.0, 2.0], [3.0]]}, {"a": [[2.5], [2.5]]}]
    tried = intervals.tried(intervals.over_all_rounds, runs, "a")
    assert tried is not None
    assert (tried.held, tried.width) == (1, 0.4)


def test_over_one_pass_only_the_first_pass_of_each_run_counts() -> None:
    runs = [{"a": [[1.0, 2.0, 3.0], [50.0]]}, {"a": [[2.0, 2.0, 2.0], [99.0]]}]
    tried = intervals.tried(intervals.over_one_pass, runs, "a")
    assert tried is not None
    assert (tried.held, tried.tried, tried.width) == (1, 1, 0.5)


def test_a_row_with_too_few_observations_is_not_counted() -> None:
    assert intervals.tried(intervals.over_one_pass, [{"a": [[1.0], [1.0], [1.0]]}] * 3, "a") is None
    assert intervals.together([None, None]) is None


def test_the_report_has_a_line_a_row_and_the_share_of_all_together() -> None:
    runs = [{"test_x.py::test_x[a-w02]": [[1.0, 1.1, 1.2], [1.0], [1.1]]}] * 4
    text = intervals.report({"runs": runs, "passes": 3, "machine": "a machine", "took": "1 min"})
    assert "| `x[a-w02]` | 60% | 100% |" in text
    assert "Over passes: 3 of 3 held, 100.0% (44% to 100%" in text
