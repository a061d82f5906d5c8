"""Metrics: figures of a row beside its time."""

from __future__ import annotations

import math
from typing import Any

import pytest

from concurbench.results import metric
from concurbench.results.metric import Metric, MetricError, recorded

GAP = {"longest_gap": ("s", "lower")}


def test_a_row_keeps_unit_direction_and_the_value_of_each_round() -> None:
    kept = recorded(GAP, [{"longest_gap": 0.2}, {"longest_gap": 0.1}])
    assert kept == {"longest_gap": {"unit": "s", "better": "lower", "values": [0.2, 0.1]}}
    assert list(metric.read(kept, 1)) == [Metric("longest_gap", "s", "lower", (0.2, 0.1))]


@pytest.mark.parametrize(
    ("declared", "values", "told"),
    [
        ({"gap": ("ms", "lower")}, {"gap": 1.0}, "metric gap: .'ms', 'lower'. is not a unit"),
        ({"gap": ("s", "less")}, {"gap": 1.0}, "which way is better .lower or higher."),
        (GAP, {}, r"metrics \[\] were measured, \['longest_gap'\] are declared"),
        (GAP, {"longest_gap": 1.0, "more": 2.0}, r"\['longest_gap', 'more'\] were measured"),
        (GAP, {"longest_gap": math.nan}, "metric longest_gap: nan is no measure"),
        (GAP, {"longest_gap": "x"}, "metric longest_gap: 'x' is no measure"),
        ({"gap": "s"}, {"gap": 1.0}, "metric gap: 's' is not a unit"),
    ],
)
def test_what_a_workload_says_wrong_is_told(declared: Any, values: dict[str, Any], told: str) -> None:
    with pytest.raises(MetricError, match=told):
        recorded(declared, [values])


def test_what_is_measured_once_has_one_value() -> None:
    declared = {**GAP, "memory": ("B", "lower")}
    kept = recorded(declared, [{"longest_gap": 0.2}, {"longest_gap": 0.1}], {"memory": 5.0})
    assert [each["values"] for each in kept.values()] == [[0.2, 0.1], [5.0]]
    with pytest.raises(MetricError, match="are declared"):
        recorded(GAP, [{"longest_gap": 0.2}], {"memory": 5.0})
    with pytest.raises(MetricError, match="are declared"):
        recorded(declared, [{"longest_gap": 0.2, "memory": 1.0}], {"memory": 5.0})


def test_a_pass_counts_by_its_median() -> None:
    passes = [recorded(GAP, [{"longest_gap": value} for value in each]) for each in ((1, 2, 9), (4,))]
    assert metric.merged(passes)["longest_gap"]["values"] == [2, 4]


def test_its_spread_is_that_of_times() -> None:
    rounds = Metric("x", "s", "lower", (1.0, 2.0, 3.0, 4.0, 5.0))
    assert (rounds.median, rounds.spread, rounds.interval) == (3.0, (2.0, 4.0), None)
    passes = Metric("x", "s", "lower", (1.0, 2.0, 3.0, 4.0, 5.0), passes=5)
    assert passes.interval is not None
    assert passes.spread == (passes.interval.low, passes.interval.high) == (1.0, 5.0)


@pytest.mark.parametrize(
    "kept",
    [
        {"x": {"unit": "ells", "better": "lower", "values": [1]}},
        {"x": {"unit": "s", "better": "lower", "values": [math.nan]}},
        {"x": {}},
        {"x": []},
    ],
)
def test_what_is_no_metric_is_found(kept: dict[str, dict[str, object]]) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        list(metric.read(kept, 1))


def test_what_was_not_measured_is_none() -> None:
    assert list(metric.read(recorded(GAP, []), 1)) == []
