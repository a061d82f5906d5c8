"""Files written from a coroutine: the check, the metrics, and every model."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import impls
from impls import bridges, saving
from impls.saving import Job, Served
from tests.errors import leaves
from tests.probe import Probe, peak, times_tested

each_model = pytest.mark.parametrize("name", [model.name for model in impls.models("saving")])
CONTENTS = (b"a", b"bc" * 9_000, b"", b"def")
SIZES = [1, 18_000, 0, 3]
BEATS = [1.0, 1.5, 1.75]


@pytest.fixture
def workload() -> str:
    return "saving"


@pytest.fixture
def saved(tmp_path: Path) -> Job:
    """A job whose files are written."""
    job = Job(CONTENTS, tmp_path)
    assert [saving.save(job, place) for place in range(len(CONTENTS))] == SIZES
    return job


def test_the_files_of_a_case_are_all_different() -> None:
    contents = saving.CASES["small"].contents
    assert len(set(contents)) == saving.CASES["small"].items
    assert {len(content) for content in contents} == {saving.FLAG}


def test_it_uses_the_heart_of_bridges() -> None:
    assert saving.Heart is bridges.Heart
    assert saving.METRICS is bridges.METRICS


def test_a_correct_answer_passes(saved: Job) -> None:
    saving.check(saved, Served(SIZES, BEATS))


@pytest.mark.parametrize(
    ("sizes", "beats", "complaint"),
    [
        (SIZES[:3], BEATS, "expected 4 sizes, got 3"),
        ([2, *SIZES[1:]], BEATS, "0000.bin: expected 1 bytes, got 2"),
        (SIZES, BEATS[:1], "start and end of the work"),
        (SIZES, BEATS[::-1], "not in order of time"),
    ],
)
def test_a_wrong_answer_is_rejected(
    saved: Job, sizes: list[int], beats: list[float], complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        saving.check(saved, Served(sizes, beats))


def test_an_answer_of_another_type_is_rejected(saved: Job) -> None:
    with pytest.raises(AssertionError, match="got list"):
        saving.check(saved, SIZES)


def test_a_missing_file_is_rejected(saved: Job) -> None:
    saved.path(1).unlink()
    with pytest.raises(AssertionError, match=r"no file 0001\.bin"):
        saving.check(saved, Served(SIZES, BEATS))


def test_a_file_with_wrong_content_is_rejected(saved: Job) -> None:
    saved.path(3).write_bytes(b"deg")
    with pytest.raises(AssertionError, match=r"0003\.bin: wrong bytes"):
        saving.check(saved, Served(SIZES, BEATS))


@pytest.mark.parametrize("name", ["0001.part", "0004.bin"])
def test_an_additional_file_is_rejected(saved: Job, name: str) -> None:
    (saved.destination / name).touch()
    with pytest.raises(AssertionError, match=f"unexpected files: .*{name}"):
        saving.check(saved, Served(SIZES, BEATS))


def test_a_file_gets_its_name_when_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(source: Path, target: Path) -> None:
        there.append((source.read_bytes(), target.exists()))

    there: list[tuple[bytes, bool]] = []
    monkeypatch.setattr(os, "replace", replace)
    saving.save(Job(CONTENTS, tmp_path), 3)
    assert there == [(b"def", False)]


def test_the_longest_stall_is_the_longest_gap_between_two_beats(tmp_path: Path) -> None:
    served = Served(SIZES, [1.0, 1.5, 1.75, 3.0])
    assert saving.metrics(Job(CONTENTS, tmp_path), served, 0.5) == {
        "stood_still": 1.25,
        "throughput": 8.0,
    }


@each_model
@pytest.mark.parametrize("synced", [False, True], ids=["", "synced"])
def test_it_writes_every_file_and_leaves_nothing_behind(
    run: Callable[..., Any],
    synced: bool,
    tmp_path: Path,
    no_idle_threads: None,
    nothing_left: None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    on_disk: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: on_disk.append(os.fstat(file).st_size))
    job = Job(CONTENTS, tmp_path, synced)
    saving.check(job, run(job, workers=2))
    # The complete size: buffered bytes are not on the disk yet.
    assert sorted(on_disk) == (sorted(SIZES) if synced else [])
    assert capfd.readouterr() == ("", "")


@each_model
@pytest.mark.parametrize("workers", [1, 2])
def test_it_has_no_more_files_in_flight_than_its_workers(
    run: Callable[..., Any],
    name: str,
    workers: int,
    no_idle_threads: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probes, destination = tmp_path / "probes", tmp_path / "destination"
    probes.mkdir()
    destination.mkdir()

    def sync(_: int) -> None:
        assert Probe(probes) < 2

    monkeypatch.setattr(os, "fsync", sync)
    job = Job(CONTENTS, destination, synced=True)
    run(job, workers=workers)
    assert times_tested(probes) == len(CONTENTS)
    assert peak(probes) <= workers


@each_model
def test_an_error_in_a_write_reaches_the_caller_and_leaves_nothing_behind(
    run: Callable[..., Any], tmp_path: Path, no_idle_threads: None, nothing_left: None
) -> None:
    with pytest.raises((FileNotFoundError, ExceptionGroup)) as caught:
        run(Job(CONTENTS, tmp_path / "nowhere"), workers=2)
    assert {type(error) for error in leaves(caught.value)} == {FileNotFoundError}


@each_model
def test_only_the_models_named_blocking_block_the_loop(
    run: Callable[..., Any],
    name: str,
    no_idle_threads: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[threading.Thread] = []
    monkeypatch.setattr(os, "fsync", lambda _: threads.append(threading.current_thread()))
    run(Job(CONTENTS, tmp_path, synced=True), workers=2)
    assert (threading.main_thread() in threads) == name.startswith("blocking")
