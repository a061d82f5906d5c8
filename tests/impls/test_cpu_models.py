"""Every model of the CPU-bound workloads: correct, silent, bounded, and leaving nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import pytest

import impls
from impls import digests, primes, sorting, wordcount
from tests.probe import Probe, Undecodable, peak, times_tested

TOO_SLOW = {("multiprocess_per_number", "below_50k")}
"""Models and cases that take half a minute; the other case and the small jobs test these models."""

THREADS_AND_COROUTINES = (
    "sequential", "threaded", "asyncio_gather", "asyncio_to_thread", "joblib_threads",
)  # fmt: skip
"""The models of digests that work in this process and interpreter."""

CREATE_BLOCKS = ("multiprocess_pickle5", "multiprocess_shared_memory")
"""The models that create blocks of shared memory."""

Run = Callable[..., Any]


def models_of(*workloads: str) -> pytest.MarkDecorator:
    rows = [(workload, model.name) for workload in workloads for model in impls.models(workload)]
    return _parametrize(("workload", "name"), rows)


def cases_of(workload: str, cases: Any) -> pytest.MarkDecorator:
    rows = [(workload, model.name, case) for model in impls.models(workload) for case in cases]
    return _parametrize(("workload", "name", "case"), [row for row in rows if row[1:] not in TOO_SLOW])


def _parametrize(names: tuple[str, ...], rows: list[Any]) -> pytest.MarkDecorator:
    def marks(workload: str, name: str, *_: str) -> list[pytest.MarkDecorator]:
        # Ray takes seconds to start, and one or two for each call of a model.
        return [pytest.mark.slow] if impls.find(workload, name).cluster == "ray" else []

    parameters = [pytest.param(*row, id="-".join(row), marks=marks(*row)) for row in rows]
    return pytest.mark.parametrize(names, parameters)


@pytest.mark.slow
@cases_of("primes", primes.CASES)
def test_a_primes_model_finds_every_prime(
    run: Run, case: str, cluster: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    job = primes.Job(primes.CASES[case].batches, cluster)
    primes.check(job, run(job, workers=2))
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@cases_of("digests", digests.CASES)
def test_a_digests_model_packs_every_buffer(
    run: Run, case: str, cluster: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    job = digests.Job(digests.CASES[case].buffers, cluster)
    digests.check(job, run(job, workers=2))
    assert capfd.readouterr() == ("", "")


@models_of("primes")
@pytest.mark.parametrize("workers", [1, 3])
def test_a_primes_model_returns_answers_in_the_order_of_the_batches(
    run: Run, cluster: str | None, workers: int, tmp_path: Path
) -> None:
    slow: Any = (2, Probe(tmp_path))
    job = primes.Job((slow, range(20, 30), range(0), (2,), range(5), range(8, 11)), cluster)
    assert run(job, workers=workers) == [[2], [23, 29], [], [2], [2, 3], []]


def choices(workload: str) -> pytest.MarkDecorator:
    """Its models without references, which may do the work in another way."""
    names = [model.name for model in impls.models(workload) if not model.reference]
    return _parametrize(("workload", "name"), [(workload, name) for name in names])


@choices("primes")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_primes_model_has_no_more_in_flight_than_its_workers(
    run: Run, cluster: str | None, workers: int, tmp_path: Path
) -> None:
    batches: Any = [(Probe(tmp_path),) for _ in range(8)]
    assert run(primes.Job(tuple(batches), cluster), workers=workers) == [[]] * 8
    assert times_tested(tmp_path) == 8
    assert peak(tmp_path) <= workers


def test_compiled_code_has_no_more_threads_than_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba", reason="no package numba")
    run = import_module("impls.primes.numba_prange").run  # not in a process of its own
    limit = numba.config.NUMBA_NUM_THREADS
    threads: list[int] = []
    monkeypatch.setattr(numba, "set_num_threads", threads.append)
    job = primes.Job((range(100), (), (97,)))
    for workers in (1, limit, 10_000):
        primes.check(job, run(job, workers=workers))
    assert threads == [1, limit, limit]


@pytest.mark.parametrize(("workload", "name"), [("primes", "interpreters")])
def test_a_new_interpreter_inherits_the_current_module_path(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("class Number(int): ...", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    number = import_module("only_here").Number
    assert run(primes.Job(((number(7), number(8)),)), workers=1) == [[7]]


@pytest.mark.parametrize("workload", ["digests"])
@pytest.mark.parametrize("name", THREADS_AND_COROUTINES)
def test_a_digests_model_has_no_more_in_flight_than_its_workers(
    run: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pack(buffer: bytes) -> digests.Packed:
        assert Probe(tmp_path) < 2
        return digests.pack(buffer)

    monkeypatch.setattr(import_module(f"impls.digests.{name}"), "pack", pack)
    run(digests.Job((bytes(10),) * 8), workers=2)
    assert times_tested(tmp_path) == 8
    assert peak(tmp_path) <= 2


@models_of("wordcount")
@pytest.mark.parametrize("workers", [1, 3])
def test_a_wordcount_model_counts_words_of_any_alphabet(run: Run, workers: int, tmp_path: Path) -> None:
    chapters = ("Ärger und ärger\n", "日本 \t und\n", "", "Und noch\nein und", "x")
    job = wordcount.written(wordcount.Job(chapters, tmp_path))
    counts = {"ärger": 2, "und": 4, "日本": 1, "noch": 1, "ein": 1, "x": 1}
    assert run(job, workers=workers) == counts


@pytest.mark.parametrize("workload", ["wordcount"])
@pytest.mark.parametrize("name", ["sequential", "threaded", "threaded_combiner"])
def test_a_wordcount_model_has_no_more_in_flight_than_its_workers(
    run: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(chapter: str, *total: Any) -> Any:
        assert Probe(tmp_path) < 2
        return wordcount.count(chapter, *total)

    monkeypatch.setattr(import_module(f"impls.wordcount.{name}"), "count", count)
    assert run(wordcount.Job(("a b",) * 8, tmp_path), workers=2) == {"a": 8, "b": 8}
    assert times_tested(tmp_path) == 8
    assert peak(tmp_path) <= 2


@models_of("digests", "primes", "sorting", "wordcount")
def test_an_error_in_the_work_reaches_the_caller_and_leaves_nothing_behind(
    run: Run, workload: str, cluster: str | None, blocks: list[str], nothing_left: None, tmp_path: Path
) -> None:
    wrong: Any
    if workload == "primes":
        wrong = primes.Job(((2, 3), ("x",), (5, 7)), cluster)  # type: ignore[arg-type]  # the wrong type is the point
    elif workload == "digests":
        wrong = digests.Job((b"a", "x", b"b"), cluster)  # type: ignore[arg-type]  # the wrong type is the point
    elif workload == "sorting":
        early, late = ({"time": 1, "name": "a"}, {"time": "x", "name": "b"})
        wrong = sorting.Job(((early,), (early, late)))
    else:
        wrong = wordcount.written(wordcount.Job(("a", Undecodable("x"), "b"), tmp_path))
    with pytest.raises(UnicodeError if workload == "wordcount" else TypeError):
        run(wrong, workers=2)


@models_of("digests", "primes", "sorting", "wordcount")
def test_a_small_job_is_done_silently_and_leaves_nothing_behind(
    run: Run, workload: str, cluster: str | None, blocks: list[str], nothing_left: None,
    tmp_path: Path, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    job: Any = {
        "primes": primes.Job(((2, 3), (5, 7)), cluster),
        "digests": digests.Job((b"a" * 99, b"b" * 99), cluster),
        "sorting": sorting.Job(tuple(({"time": 5 - n, "name": str(n)},) for n in range(4))),
        "wordcount": wordcount.written(wordcount.Job(("a b", "b"), tmp_path)),
    }[workload]
    import_module(f"impls.{workload}").check(job, run(job, workers=2))
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def blocks(workload: str, name: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the shared memory blocks that the model creates."""
    names: list[str] = []

    class Recorded(SharedMemory):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            names.append(self.name)

    model = import_module(f"impls.{workload}.{name}")
    if hasattr(model, "SharedMemory"):
        monkeypatch.setattr(model, "SharedMemory", Recorded)
    return names


@pytest.fixture
def nothing_left(nothing_left: None, name: str, blocks: list[str]) -> Iterator[None]:
    """Check that no block of shared memory is left, either."""
    yield
    assert bool(blocks) == (name in CREATE_BLOCKS)
    for block in blocks:
        with pytest.raises(FileNotFoundError):
            SharedMemory(block)
