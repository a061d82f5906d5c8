"""The records of sorting, and the check of their order."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from impls import sorting

CASE = sorting.CASES["records_10k"]
FIRST, SECOND, THIRD = ({"time": time, "name": name} for time, name in ((1, "b"), (2, "a"), (2, "c")))


def test_the_records_are_the_same_on_every_machine() -> None:
    assert hashlib.sha256(repr(CASE.parts).encode()).hexdigest()[:16] == "5b033201408c3240"


def test_the_records_of_a_case_are_generated_once_in_parts_of_one_size() -> None:
    assert CASE.parts is CASE.parts
    assert {len(part) for part in CASE.parts} == {CASE.records / CASE.items}


@pytest.mark.parametrize("case", sorting.CASES.values(), ids=sorting.CASES)
def test_times_repeat_and_keys_do_not(case: sorting.Case) -> None:
    records = [record for part in case.parts for record in part]
    assert Counter(record["time"] for record in records).most_common(1)[0][1] > 1
    assert len(set(map(sorting.key, records))) == case.records


def test_records_in_order_pass() -> None:
    sorting.check(sorting.Job(((THIRD, FIRST), (SECOND,))), [FIRST, SECOND, THIRD])


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (tuple, "expected a list of records, got tuple"),
        (lambda right: right[:2], "expected 3 records, got 2"),
        (lambda right: right[::-1], r"record 1: \(2, 'a'\) comes after \(2, 'c'\)"),
        (lambda right: [right[0], right[0], right[1]], "record 1: .* comes after"),
        (lambda right: [*right[:2], {**right[2], "more": 1}], "record 2 is not among the input"),
        (lambda right: [*right[:2], {**right[2], "name": "d"}], "record 2 is not among the input"),
    ],
)
def test_a_wrong_order_is_rejected(spoil: Callable[[Any], object], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        sorting.check(sorting.Job(((THIRD, FIRST), (SECOND,))), spoil([FIRST, SECOND, THIRD]))
