"""Metrics are checked when a row records them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.measure.row import recorded

GAP = {"longest_gap": ("s", "lower")}


def test_a_row_records_unit_direction_and_the_value_of_each_round() -> None:
    kept = recorded(GAP, [{"longest_gap": 0.2}, {"longest_gap": 0.1}])
    assert kept == {"longest_gap": {"unit": "s", "better": "lower", "values": [0.2, 0.1]}}


@pytest.mark.parametrize(
    ("declared", "values", "message"),
    [
        ({"gap": ("ms", "lower")}, {"gap": 1.0}, "metric gap: expected a unit .*, got .'ms', 'lower'."),
        ({"gap": ("s", "less")}, {"gap": 1.0}, "a direction .lower or higher., got"),
        (GAP, {}, r"measured metrics \[\], but METRICS declares \['longest_gap'\]"),
        (GAP, {"longest_gap": 1.0, "more": 2.0}, r"measured metrics \['longest_gap', 'more'\]"),
        (GAP, {"longest_gap": math.nan}, "metric longest_gap: expected a finite number, got nan"),
        (GAP, {"longest_gap": "x"}, "metric longest_gap: expected a finite number, got 'x'"),
        ({"gap": "s"}, {"gap": 1.0}, "metric gap: expected a unit .*, got 's'"),
    ],
)
def test_a_wrong_metric_is_refused_with_its_name(
    declared: Any, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConcurbenchError, match=message):
        recorded(declared, [values])


def test_a_metric_measured_once_a_pass_has_one_value() -> None:
    declared = {**GAP, "memory": ("B", "lower")}
    kept = recorded(declared, [{"longest_gap": 0.2}, {"longest_gap": 0.1}], {"memory": 5.0})
    assert [each["values"] for each in kept.values()] == [[0.2, 0.1], [5.0]]
    with pytest.raises(ConcurbenchError, match="METRICS declares"):
        recorded(GAP, [{"longest_gap": 0.2}], {"memory": 5.0})
    with pytest.raises(ConcurbenchError, match="METRICS declares"):
        recorded(declared, [{"longest_gap": 0.2, "memory": 1.0}], {"memory": 5.0})
