"""The study of costs: what its report says of measurements that are given."""

from __future__ import annotations

import platform
import struct
from typing import Any

import pytest

from concurbench.errors import ConcurbenchError
from studies.costs import __main__ as study
from studies.costs.inside import ControlGroup

FACTS = {
    "system": "linux", "cpu": "a CPU", "usable_cores": 2, "python_implementation": "CPython",
    "python_version": platform.python_version(),
}  # fmt: skip


def entry(row: str, **more: Any) -> dict[str, Any]:
    return {"row": row, "what": "accounted", "workload": "primes", "model": row, **more}


def test_each_cost_is_beside_the_kernel_s_and_says_by_how_much_it_is_off() -> None:
    ours = {"cpu_seconds": 0.21, "cpu_user": 0.2, "cpu_system": 0.01}
    switches = {"voluntary_switches": 90.0, "involuntary_switches": 9.0}
    kernel = {"cpu_seconds": 0.2, "cpu_user": 0.2, "cpu_system": 0.0, "switches": 100.0}
    found = study.report(
        {"machine": FACTS},
        [
            entry("fork", ours=ours | switches, kernel=kernel, unknown={}),
            entry("forkserver", ours=ours, kernel=kernel, unknown={}),
            entry("interpreters", unavailable="needs Python >=3.14"),
        ],
    )
    assert "|`primes/fork`|0.2100|0.2000|+5.0%|99|100|-1.0%|" in found
    assert "|`primes/forkserver`|0.2100|0.2000|+5.0%|–|–|–|" in found
    assert "|`primes/interpreters`|needs Python >=3.14|" in found


def test_a_row_that_is_a_hundredth_slower_with_the_accounting_shows_that() -> None:
    pairs = {"with": [1.01, 1.01, 1.0105, 1.0105] * 5, "without": [1.0, 1.0, 1.0005, 1.0005] * 5}
    found = study.report({"machine": FACTS}, [entry("a row", **pairs) | {"what": "paired"}])
    assert "|`primes/a row`|10|+1.00%|+1.00%|+1.00%|" in found


@pytest.mark.parametrize(
    ("shared", "line"),
    [(False, "private|100|190.0|-5.0%"), (True, "shared|100|190.0|+90.0%")],
)
def test_shared_memory_is_expected_once_and_private_memory_of_each_worker(
    shared: bool, line: str
) -> None:
    touched = {"what": "held", "method": "fork", "shared": shared, "size": 100 * 2**20, "workers": 2}
    found = study.report({"machine": FACTS}, [touched | {"bytes": 190 * 2**20}])
    assert f"|fork|{line}|" in found


def test_the_kernel_s_counters_of_all_cores_are_added() -> None:
    def reading(microseconds: int, *switches: int) -> tuple[bytes, ...]:
        stat = (
            f"usage_usec {3 * microseconds}\nuser_usec {2 * microseconds}\nsystem_usec {microseconds}\n"
        )
        return stat.encode(), *(struct.pack("Q", each) for each in switches)

    used = ControlGroup.used(reading(1_000_000, 5, 7), reading(1_500_000, 6, 9))
    assert used == {"cpu_seconds": 1.5, "cpu_user": 1.0, "cpu_system": 0.5, "switches": 3.0}
    assert "switches" not in ControlGroup.used(reading(1), reading(2))


def test_a_row_that_fails_ends_the_study_and_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(study, "ROWS", {"none": ("primes", "no_such_model", "below_50k", 2)})
    monkeypatch.setattr(study, "PAIRED", {})
    with pytest.raises(ConcurbenchError, match="primes/no_such_model: "):
        study.measured(2, "", tmp_path / "costs.jsonl", None)
