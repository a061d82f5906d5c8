"""Counting together: exact, bounded, silent, and leaving nothing behind."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

import impls
from impls import shared
from impls.shared import Batch, Job

MODELS = [model.name for model in impls.models("shared")]
THREADED = [name for name in MODELS if name.startswith("threaded_")]
LOCKED = ("threaded_lock_per_batch", "threaded_one_lock", "threaded_sharded_locks")
"""The models that read and write the shared counts in two steps."""

Run = Callable[..., Counter[int]]


def models_of(names: Any) -> pytest.MarkDecorator:
    rows = [pytest.param("shared", name, id=name) for name in names]
    return pytest.mark.parametrize(("workload", "name"), rows)


@models_of(MODELS)
def test_every_event_is_counted_once_with_fewer_batches_than_workers(
    run: Run, capfd: pytest.CaptureFixture[str], nothing_left: None
) -> None:
    job = Job((Batch(1, 3_000, bits=4), Batch(2, 500, bits=12)))
    shared.check(job, run(job, workers=3))
    assert capfd.readouterr() == ("", "")


@models_of(MODELS)
def test_an_error_in_a_batch_reaches_the_caller_and_leaves_nothing_behind(
    run: Run, nothing_left: None
) -> None:
    wrong: Any = Batch("x", 1, bits=4)  # type: ignore[arg-type]  # the wrong type is the point
    with pytest.raises(TypeError):
        run(Job((Batch(1, 9, bits=4), wrong, Batch(2, 9, bits=4))), workers=2)


@models_of(THREADED)
def test_no_more_batches_are_in_flight_than_workers(
    run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, in_flight, peaks = threading.Lock(), [0], []

    def events(batch: Batch) -> Iterator[int]:
        with lock:
            in_flight[0] += 1
            peaks.append(in_flight[0])
        time.sleep(0.001)
        yield from shared.events(batch)
        with lock:
            in_flight[0] -= 1

    monkeypatch.setattr(import_module(f"impls.shared.{name}"), "events", events)
    run(Job(tuple(Batch(seed, 3, bits=4) for seed in range(1, 9))), workers=2)
    assert len(peaks) == 8
    assert max(peaks) <= 2


class Interrupted(Counter[int]):
    """A Counter that lets other threads run between the reading of a count and its writing."""

    def __getitem__(self, key: int) -> int:
        count = super().__getitem__(key)
        time.sleep(0.001)
        return count

    def get(self, key: int, default: Any = None) -> Any:
        count = super().get(key, default)
        time.sleep(0.001)
        return count


@models_of(LOCKED)
def test_a_thread_that_is_interrupted_between_reading_and_writing_loses_no_event(
    run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module(f"impls.shared.{name}"), "Counter", Interrupted)
    job = Job(tuple(Batch(seed, 4, bits=0) for seed in range(1, 6)))
    shared.check(job, run(job, workers=2))


def test_counting_without_a_lock_loses_events() -> None:
    both = threading.Barrier(2)

    class Read(Counter[int]):
        def __missing__(self, key: int) -> int:
            both.wait()  # until the other thread has read the count, too
            return 0

    counts = Read()

    def count() -> None:
        counts[0] += 1

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job = Job((Batch(1, 2, bits=0),))
    lost = "of 2 events 1 were lost and 0 counted twice: key 0: expected 2, got 1"
    with pytest.raises(AssertionError, match=lost):
        shared.check(job, counts)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda right: {**right, 3: right[3] + 2}, "0 were lost and 2 counted twice: key 3"),
        (lambda right: {key: right[key] for key in right if key != 3}, "key 3: expected .*, got 0"),
        (lambda right: {**right, 16: 1}, "unknown key: 16"),
        (lambda right: list(right), "expected a dict of counts, got list"),
    ],
)
def test_wrong_counts_are_rejected(wrong: Callable[[Any], Any], complaint: str) -> None:
    job = Job((Batch(1, 500, bits=4),))
    right = shared.expected(job.batches)
    shared.check(job, dict(right))
    with pytest.raises(AssertionError, match=complaint):
        shared.check(job, wrong(right))


def test_events_are_the_same_on_every_machine_and_use_every_key() -> None:
    keys = list(shared.events(Batch(1, 1_000, bits=4)))
    assert set(keys) == set(range(16))
    assert hashlib.sha256(bytes(keys)).hexdigest()[:16] == "b1194fe0a11b184e"
