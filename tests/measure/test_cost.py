"""The costs of a row: what is kept, and why something is unknown."""

from __future__ import annotations

import contextlib
import multiprocessing.resource_tracker
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from concurbench.machine import processes
from concurbench.machine.processes import Peaks, Usage
from concurbench.measure import cost
from concurbench.measure.cost import LONGEST_OBSERVED_AGAIN, Costs

ROUNDS = [(0.25, 0.0625, 4, 1), (0.5, 0.125, 8, 3)]
"""What each of two timed rounds uses."""


def sampler(peaks: Peaks) -> Callable[[], Any]:
    """What starts a sampler that finds these peaks."""

    @contextlib.contextmanager
    def watching(without: object) -> Iterator[Peaks]:
        yield peaks

    return lambda: SimpleNamespace(watching=watching)


def failing() -> Any:
    raise OSError("no process can be started")


def measured(patch: pytest.MonkeyPatch, seconds: float = 0.1, **how: Any) -> tuple[Any, Any]:
    """The values that are kept of two timed rounds and those to observe, and why others are unknown."""
    # Of each round, the usage of others and the own one, before and after.
    others = iter([each for used in ROUNDS for each in (Usage(1.0, 1.0, 9, 9), Usage(*_sum(used)))])
    patch.setattr(processes, "usage_of_others", lambda without: next(others))
    patch.setattr(processes, "own_usage", Usage)
    patch.setattr(processes, "descendants", lambda root, without=(): [])
    patch.setattr(processes, "LINUX", True)
    costs = Costs(**how)
    for _ in ROUNDS:
        costs.start()
        costs.stop()
    for _ in range(costs.rounds_to_observe(seconds)):
        with costs.observed():
            pass
    kept, unknown = costs.kept()
    assert {each["better"] for each in kept.values()} == {"lower"}
    return {name: each["values"] for name, each in kept.items()}, unknown


def _sum(used: tuple[float, float, int, int]) -> Any:
    return 1.0 + used[0], 1.0 + used[1], 9 + used[2], 9 + used[3]


def test_the_mean_of_the_timed_rounds_and_the_highest_sample_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Peaks(2**20, threads=4, processes=2, descriptors=7, samples=9)
    assert measured(monkeypatch, sampler=sampler(found)) == (
        {
            "cpu_seconds": [0.46875], "cpu_user": [0.375], "cpu_system": [0.09375],
            "voluntary_switches": [6], "involuntary_switches": [2], "peak_memory": [2**20],
            "peak_threads": [4], "peak_processes": [2], "peak_descriptors": [7],
        },
        {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({}, "observed in the first passes only"),
        ({"sampler": failing}, "no process can be started"),
        (
            {"sampler": sampler(Peaks(samples=0))},
            f"fewer than {cost.MIN_SAMPLES} samples in its rounds",
        ),
        (
            {"sampler": sampler(Peaks(samples=9)), "seconds": 3.0},
            "rounds of more than 2 s are not observed",
        ),
    ],
)
def test_peaks_that_were_not_observed_are_unknown_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, how: dict[str, Any], reason: str
) -> None:
    kept, unknown = measured(monkeypatch, **how)
    assert kept.keys() == {*cost.ACCOUNTED}
    assert unknown == dict.fromkeys(cost.OBSERVED, reason)


def test_switches_of_rows_with_a_fork_server_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, unknown = measured(monkeypatch, start_method="forkserver")
    assert kept.keys() == {*cost.ACCOUNTED} - {*cost.SWITCHES}
    assert {unknown[name] for name in cost.SWITCHES} == {
        "the system does not report those of a fork server's ended children"
    }


def test_usage_that_the_system_does_not_report_is_unknown_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lacking(without: object) -> None:
        raise OSError("Windows does not report it")

    monkeypatch.setattr(processes, "usage_of_others", lacking)
    costs = Costs()
    costs.start()
    costs.stop()
    kept, unknown = costs.kept()
    assert kept == {}
    assert {unknown[name] for name in cost.ACCOUNTED} == {"Windows does not report it"}


@pytest.mark.parametrize(
    ("start_method", "lacking"), [(None, cost.SWITCHES), ("forkserver", tuple(cost.ACCOUNTED))]
)
def test_other_systems_do_not_report_what_live_processes_have_waited_for(
    monkeypatch: pytest.MonkeyPatch, start_method: str | None, lacking: tuple[str, ...]
) -> None:
    monkeypatch.setattr(processes, "usage_of_others", lambda without: Usage())
    monkeypatch.setattr(processes, "descendants", lambda root, without: [7])
    monkeypatch.setattr(processes, "LINUX", False)
    costs = Costs(start_method=start_method)
    costs.start()
    costs.stop()
    _, unknown = costs.kept()
    assert {*unknown} - {*cost.OBSERVED} == {*lacking}


@pytest.mark.parametrize(("seconds", "number"), [(1e-4, 3), (0.03, 2), (1.0, 1), (2.5, 0)])
def test_short_rounds_are_observed_several_times_and_long_ones_never(
    seconds: float, number: int
) -> None:
    assert Costs(sampler(Peaks())).rounds_to_observe(seconds) == number
    assert Costs().rounds_to_observe(seconds) == 0


def test_further_passes_leave_out_rounds_that_are_not_quite_short() -> None:
    costs = Costs(sampler(Peaks()), longest=LONGEST_OBSERVED_AGAIN)
    assert costs.rounds_to_observe(0.5) == 1
    assert costs.rounds_to_observe(1.0) == 0
    assert costs.kept()[1]["peak_memory"] == "rounds of more than 0.7 s are not observed"


def test_a_resource_tracker_is_the_row_s_if_its_processes_need_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracker: Any = multiprocessing.resource_tracker
    monkeypatch.setattr(tracker._resource_tracker, "_pid", 7)
    monkeypatch.setattr(processes, "descendants", lambda root, without=(): [6, 7])
    assert cost.idle_processes("fork") == cost.idle_processes(None) == {6, 7}
    assert cost.idle_processes("spawn") == cost.idle_processes("forkserver") == {6}


def test_a_process_that_a_row_started_in_an_earlier_visit_counts_and_its_server_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left_out: list[set[int]] = []

    def used(without: set[int]) -> Usage:
        left_out.append(without)
        return Usage()

    live = [1]
    monkeypatch.setattr(processes, "usage_of_others", used)
    monkeypatch.setattr(
        processes, "descendants", lambda root, without: [pid for pid in live if pid not in without]
    )
    costs, server = Costs(), SimpleNamespace(process=SimpleNamespace(pid=9))
    for idle, started in (({1}, [2]), ({1, 2, 3}, [3])):  # another row has started process 3
        costs.leave_out(idle, server)
        live += started
        costs.start()
        costs.kept()
    assert left_out == [{1, 9}, {1, 3, 9}]


def test_the_process_of_a_model_is_its_rows_and_idle_in_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "descendants", lambda root: [7, 8])
    own = SimpleNamespace(process=SimpleNamespace(pid=7))
    assert cost.idle_processes(None, own) == {8}
    assert cost.idle_processes(None, measured) == {7, 8}
