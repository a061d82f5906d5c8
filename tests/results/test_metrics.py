"""Metrics: figures of a row other than its time."""

from __future__ import annotations

import math
from typing import Any

import pytest

from concurbench.results.row import Metric, Row
from tests.results.test_runs import benchmark, several


def gap(*values: float) -> dict[str, Any]:
    return {"gap": {"unit": "s", "better": "lower", "values": list(values)}}


def test_of_a_single_pass_each_round_is_a_value() -> None:
    row = Row.read(benchmark("t", metrics=gap(0.2, 0.1)))
    assert row.metrics == (Metric("gap", "s", "lower", (0.2, 0.1)),)


def test_of_several_passes_each_counts_by_its_median() -> None:
    [found] = several(metrics=[gap(1, 2, 9), gap(4), {}]).metrics
    assert (found.values, found.passes) == ((2.0, 4.0), 3)


def test_the_connections_that_a_server_counted_are_one_beside_those_of_the_workload() -> None:
    saw = {"served": 20, "peak": 2, "cpu_seconds": [0.1, 0.1]}
    row = Row.read(benchmark("t", metrics=gap(0.2), server_saw={**saw, "connections": [2, 3]}))
    assert row.metrics == (
        Metric("gap", "s", "lower", (0.2,)),
        Metric("connections", "count", "lower", (2.0, 3.0)),
    )
    # A mock has none, and older files do not say.
    assert Row.read(benchmark("t", server_saw={**saw, "connections": []})).metrics == ()
    assert Row.read(benchmark("t", server_saw=saw)).metrics == ()


def test_its_spread_is_that_of_times() -> None:
    values = (1.0, 2.0, 3.0, 4.0, 5.0)
    rounds, passes = Metric("x", "s", "lower", values), Metric("x", "s", "lower", values, passes=5)
    assert (rounds.median, rounds.spread, passes.spread) == (3.0, (2.0, 4.0), (1.0, 5.0))


@pytest.mark.parametrize(
    "metrics",
    [
        {"x": {"unit": "ells", "better": "lower", "values": [1]}},
        {"x": {"unit": "s", "better": "lower", "values": [math.nan]}},
        {"x": {}},
        {"x": []},
    ],
)
def test_a_broken_metric_in_a_file_is_refused(metrics: Any) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        Row.read(benchmark("t", metrics=metrics))


def test_a_metric_without_values_is_left_out() -> None:
    assert Row.read(benchmark("t", metrics=gap())).metrics == ()
    assert Row.read(benchmark("t")).metric("gap") is None


def seconds(value: float) -> dict[str, Any]:
    return {"cpu_seconds": {"unit": "s", "better": "lower", "values": [value]}}


def test_costs_are_metrics_of_a_row_and_unknown_ones_have_their_reason() -> None:
    why = {"cost_unknown": {"peak_memory": "observed in the first passes only"}}
    found = several(cost=[seconds(1), seconds(3), seconds(4)], **{k: [v, v, v] for k, v in why.items()})
    assert found.cost is not None
    assert found.cost.cpu_seconds == Metric("cpu_seconds", "s", "lower", (1.0, 3.0, 4.0), 3)
    assert found.metric("cpu_seconds") == found.cost.cpu_seconds
    assert [each.metrics["cpu_seconds"] for each in found.by_pass] == [(1,), (3,), (4,)]
    assert (found.cost.peak_memory, found.cost.unknown) == (None, why["cost_unknown"])


def test_a_cost_that_one_pass_observed_is_known() -> None:
    memory = {"peak_memory": {"unit": "B", "better": "lower", "values": [7]}}
    lacking = {"peak_memory": "observed in the first passes only"}
    found = several(
        cost=[seconds(1) | memory, seconds(2), seconds(3)], cost_unknown=[{}, lacking, lacking]
    )
    assert found.cost is not None
    assert found.cost.peak_memory is not None
    assert found.cost.peak_memory.values == (7.0,)
    assert found.cost.unknown == {}


def test_a_row_of_an_older_file_has_no_costs() -> None:
    row = Row.read(benchmark("t", metrics=gap(0.2)))
    assert row.cost is None
    assert row.metric("cpu_seconds") is None
