"""Text for seconds, bytes, shares and counts."""

from __future__ import annotations

import pytest

from concurbench import units


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (12.3456, "12.346 s"),
        (0.1, "0.100 s"),
        (0.0712, "71.2 ms"),
        (6e-4, "600.0 µs"),
        (5e-6, "5.0 µs"),
        (2e-8, "20.0 ns"),
    ],
)
def test_a_time_is_shown_in_the_largest_unit_that_shows_three_digits(seconds: float, text: str) -> None:
    assert units.time(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (59.0, "59 s"), (80.0, "1 min 20 s"), (120, "2 min 0 s")]
)
def test_a_duration_is_rounded_up_to_seconds(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


@pytest.mark.parametrize(
    ("measures", "unit", "text"),
    [
        ([0.02, 0.3], "s", "20.0 ms"),
        ([83e-9], "s", "83.0 ns"),
        ([0.0], "s", "0.000 s"),
        ([12.5 * 2**20, 2**21], "B", "12.5 MiB"),
        ([1536, 2**21], "B", "1.5 KiB"),
        ([100.0], "B", "100 B"),
        ([0.975], "share", "97.5 %"),
        ([1.0], "share", "100 %"),
        ([1.0, 1.015], "share", "100 %"),
        ([1234.5], "1/s", "1,234 /s"),
        ([0.25], "1/s", "0.25 /s"),
        ([5.0], "count", "5 "),
        ([2.5], "count", "2.5 "),
    ],
)
def test_each_measure_has_its_unit(measures: list[float], unit: str, text: str) -> None:
    shown_as = units.unit_of(measures, unit)
    assert f"{shown_as.text(measures[0])} {shown_as.symbol}" == text


def test_a_count_has_its_noun_in_singular_or_plural() -> None:
    shown = [units.counted(number, "row") for number in (0, 1, 1000)]
    assert shown == ["0 rows", "1 row", "1,000 rows"]


def test_a_share_is_shown_in_whole_percent() -> None:
    assert [units.percent(share) for share in (0.831, 1.0)] == ["83 %", "100 %"]
