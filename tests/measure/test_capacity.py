"""How much work a machine gets done at the same time."""

from __future__ import annotations

import itertools
import threading
from types import SimpleNamespace

import pytest

from concurbench.measure.speed import capacity

MOMENT = 1e-9
"""A window in which each thread begins one piece."""


def test_one_thread_does_the_work_of_one() -> None:
    assert capacity.measure(1, 0.1) == 1.0


def test_capacity_is_the_work_of_all_over_that_of_one() -> None:
    assert capacity.measure(4, 0.1, rate=lambda workers, _: {1: 100.0, 4: 250.0}[workers]) == 2.5


@pytest.mark.parametrize(("backwards", "order"), [(False, [1, 2]), (True, [2, 1])])
def test_one_thread_and_all_of_them_come_first_in_turn(backwards: bool, order: list[int]) -> None:
    asked = []

    def rate(workers: int, _: float) -> float:
        asked.append(workers)
        return 100.0 * workers

    assert capacity.measure(2, 0.1, rate, backwards=backwards) == 2.0
    assert asked == order


@pytest.mark.parametrize(
    ("seconds", "window"), [(1e-4, capacity.WINDOW), (0.1, 0.1), (10.0, capacity.LONGEST)]
)
def test_it_is_measured_for_as_long_as_a_round_takes(seconds: float, window: float) -> None:
    windows = []

    def rate(workers: int, window: float) -> float:
        windows.append(window)
        return 1.0

    capacity.measure(2, seconds, rate)
    assert windows == [window, window]


def test_the_threads_work_at_the_same_time_and_all_of_their_work_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = threading.Barrier(3)
    pieces = []

    def piece() -> None:
        together.wait(timeout=30)
        pieces.append(threading.get_ident())

    monkeypatch.setattr(capacity, "piece", piece)
    assert capacity.rate(3, window=MOMENT) > 0
    assert len(set(pieces)) == len(pieces) == 3


def test_a_thread_begins_its_last_piece_within_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    # Opened at 10 s, and each piece takes 2 s: the third one begins at 14 s.
    clock = SimpleNamespace(perf_counter=itertools.count(10, 2).__next__)
    monkeypatch.setattr(capacity, "time", clock)
    assert capacity.rate(1, window=5) == 3 / 6


def test_the_work_is_real() -> None:
    assert capacity.rate(2, window=MOMENT) > 0
    assert 50_000 < len(capacity._text()) < 70_000
