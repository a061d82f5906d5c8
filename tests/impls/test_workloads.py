"""Flags, primes and digests: their data, their correct answers, and their checks."""

from __future__ import annotations

import hashlib
import io
import json
import statistics
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from impls import digests, flags, flags_metadata, primes
from impls.flags import _world


def images() -> dict[str, bytes]:
    return {path: body for path, body in flags.site().items() if path.endswith(".gif")}


def test_there_are_194_countries_with_names_and_capitals() -> None:
    countries = _world.countries()
    assert len(countries) == 194
    assert all(country["code"] == code for code, country in countries.items())
    assert all(all(country.values()) for country in countries.values())
    assert len({country["country"] for country in countries.values()}) == 194
    assert countries["FR"] == {
        "code": "FR", "country": "France", "capital": "Paris", "continent": "Europe",
    }  # fmt: skip


def test_every_flag_is_a_valid_and_unique_image() -> None:
    pixels = set()
    for path, body in images().items():
        with Image.open(io.BytesIO(body)) as picture:
            assert picture.format == "GIF"
            picture.load()
            colours = picture.getcolors()
            assert colours is not None, path
            assert len(colours) == 3, path
            pixels.add((picture.size, picture.convert("RGB").tobytes()))
    assert len(pixels) == 194


def test_flags_are_as_large_as_the_real_ones() -> None:
    sizes = [len(body) for body in images().values()]
    assert min(sizes) == pytest.approx(1_200, rel=0.05)
    assert max(sizes) == pytest.approx(36_000, rel=0.05)
    assert statistics.median(sizes) == pytest.approx(10_000, rel=0.05)
    assert sum(sizes) == pytest.approx(2_350_000, rel=0.02)


def test_flags_are_the_same_bytes_on_every_machine() -> None:
    digest = hashlib.sha256(b"".join(flags.site().values())).hexdigest()
    assert digest[:16] == "489e0df8de5a365a"


def test_the_metadata_of_each_flag_have_country_and_capital() -> None:
    metadata = json.loads(flags.site()["fr/metadata.json"])
    assert (metadata["country"], metadata["capital"]) == ("France", "Paris")


def test_urls_are_in_lower_case() -> None:
    job = flags.Job(("FR",), "http://host", Path())
    assert job.url("FR") == "http://host/fr/fr.gif"


def test_all_clients_of_a_process_share_one_tls_context() -> None:
    assert flags.tls_context() is flags_metadata.tls_context(None) is flags.tls_context()


def test_the_waiting_time_of_flags_is_a_delay_for_each_wave() -> None:
    assert flags.waiting(194, 50, delay=0.05) == pytest.approx(0.2)
    assert flags.waiting(20, 20, delay=0.05) == pytest.approx(0.05)
    assert flags.waiting(20, 1, delay=0.05) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("status", "outcome", "files"),
    [
        (200, flags.Outcome("ok", 8), ["FR.gif"]),
        (404, flags.Outcome("not found"), []),
        (503, flags.Outcome("error"), []),
    ],
)
def test_only_a_valid_answer_is_saved(
    tmp_path: Path, status: int, outcome: flags.Outcome, files: list[str]
) -> None:
    assert flags.keep(flags.Job(("FR",), "", tmp_path), "FR", status, b"GIF89a.;") == outcome
    assert [path.name for path in tmp_path.iterdir()] == files


def test_a_flag_is_never_partially_written_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        "os.replace", lambda old, new: seen.append((Path(old).read_bytes(), Path(new).exists()))
    )
    flags.keep(flags.Job(("FR",), "", tmp_path), "FR", 200, b"GIF89a whole;")
    assert seen == [(b"GIF89a whole;", False)]


@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><p>Hello;", b"GIF89a, cut", b"GIF90a;", b"\x89PNG;", b" GIF89a;"]
)
def test_an_incomplete_image_is_an_error_and_not_saved(tmp_path: Path, body: bytes) -> None:
    outcome = flags.keep(flags.Job(("FR",), "", tmp_path), "FR", 200, body)
    assert (outcome.status, outcome.reason) == ("error", "status 200, but no complete GIF")
    assert list(tmp_path.iterdir()) == []


def test_a_flag_that_cannot_be_saved_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        flags.keep(flags.Job(("FR",), "", tmp_path), "FR", 200, b"GIF89a;")
    assert list(tmp_path.iterdir()) == []


def test_an_error_without_a_message_is_reported_by_its_name() -> None:
    assert flags.failed(TimeoutError()).reason == "TimeoutError"
    assert flags.failed(OSError("no route")).reason == "OSError: no route"


@pytest.fixture
def downloaded(tmp_path: Path) -> flags.Job:
    """A job whose flags are all saved."""
    job = flags.Job(("FR", "DE"), "", tmp_path)
    for code in job.codes:
        (tmp_path / f"{code}.gif").write_bytes(flags.site()[f"{code}/{code}.gif".lower()])
    return job


def test_correct_flags_pass(downloaded: flags.Job) -> None:
    flags.check(downloaded, flags.expected(downloaded.codes))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda folder: (folder / "FR.gif").write_bytes(b"x"), "FR: wrong bytes"),
        (lambda folder: (folder / "FR.gif").unlink(), "FR: no file FR.gif"),
        (lambda folder: (folder / "DE.part").touch(), "unexpected files: .*DE.part"),
    ],
)
def test_wrong_files_are_rejected(downloaded: flags.Job, spoil: object, complaint: str) -> None:
    assert callable(spoil)
    spoil(downloaded.destination)
    with pytest.raises(AssertionError, match=complaint):
        flags.check(downloaded, flags.expected(downloaded.codes))


def test_wrong_outcomes_are_rejected(downloaded: flags.Job) -> None:
    right = flags.expected(downloaded.codes)
    for wrong in (
        {**right, "FR": flags.Outcome("error")},
        {"FR": right["FR"]},
        {**right, "XX": flags.Outcome("error")},
        None,
    ):
        with pytest.raises(AssertionError):
            flags.check(downloaded, wrong)


def test_there_are_5133_primes_below_50000() -> None:
    batches = primes.CASES["below_50k"].batches
    assert len(batches) == 16
    assert [number for batch in batches for number in batch] == list(range(50_000))
    assert sum(map(len, primes.expected(batches))) == 5_133


def test_trial_division_handles_edge_cases() -> None:
    assert primes.primes_in(range(-3, 30)) == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]


@pytest.mark.parametrize("table", [primes.MEDIUM, primes.LARGE])
def test_the_large_numbers_match_the_table(table: Mapping[int, int | None]) -> None:
    for number, factor in table.items():
        assert miller_rabin(number) is (factor is None)
        if factor is not None:
            assert number % factor == 0
            assert miller_rabin(factor)
            assert factor < number // factor


@pytest.mark.parametrize("case", ["medium", "large"])
def test_the_costs_of_large_numbers_differ_a_hundredfold(case: str) -> None:
    table = {"medium": primes.MEDIUM, "large": primes.LARGE}[case]
    costs = [factor or int(number**0.5) for number, factor in table.items()]
    assert max(costs) > 100 * min(costs)
    assert primes.CASES[case].batches == tuple((number,) for number in table)
    assert len(table) == 20


def test_wrong_primes_are_rejected() -> None:
    job = primes.Job(((2, 3, 4), (5, 6)))
    primes.check(job, [[2, 3], [5]])
    for wrong in ([[2, 3], [5, 6]], [[2, 3]], [[3, 2], [5]], [[2, 3], [5], []], None):
        with pytest.raises(AssertionError):
            primes.check(job, wrong)


def test_buffers_are_the_same_bytes_on_every_machine() -> None:
    digest = hashlib.sha256(b"".join(digests.CASES["buffers_150k"].buffers)).hexdigest()
    assert digest[:16] == "e54607000e4bcaf4"


@pytest.mark.parametrize("case", digests.CASES.values(), ids=digests.CASES)
def test_buffers_are_unique_have_their_size_and_compress_to_about_a_third(case: digests.Case) -> None:
    assert len(set(case.buffers)) == len(case.buffers) == case.items == case.count
    assert {len(buffer) for buffer in case.buffers} == {case.size}
    assert len(digests.pack(case.buffers[0]).compressed) == pytest.approx(0.3 * case.size, rel=0.1)


def test_buffers_are_generated_once() -> None:
    case = digests.CASES["buffers_150k"]
    assert case.buffers is case.buffers


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda right: [right[0]], "expected 2 buffers, got 1"),
        (lambda right: [*right, right[0]], "expected 2 buffers, got 3"),
        (lambda right: right[::-1], "buffer 0 of 300 bytes: expected digest"),
        (lambda right: [right[0], right[1]._replace(digest="0")], "buffer 1 of 200 bytes: .* got 0"),
        (
            lambda right: [right[0], right[1]._replace(compressed=right[0].compressed)],
            "buffer 1 of 200 bytes: wrong compressed bytes",
        ),
        (
            lambda right: [right[0]._replace(compressed=right[0].compressed[:-4]), right[1]],
            "buffer 0 of 300 bytes: wrong compressed bytes",
        ),
        (
            lambda right: [right[0]._replace(compressed=zlib.compress(b"a" * 300, 0)), right[1]],
            "buffer 0 of 300 bytes: not compressed",
        ),
        (lambda right: [None, right[1]], "buffer 0 of 300 bytes: expected Packed, got NoneType"),
        (lambda right: None, "expected a list of packed buffers, got NoneType"),
    ],
)
def test_wrongly_packed_buffers_are_rejected(wrong: Callable[[Any], Any], complaint: str) -> None:
    job = digests.Job((b"a" * 300, b"b" * 200))
    right = [digests.pack(buffer) for buffer in job.buffers]
    digests.check(job, right)
    with pytest.raises(AssertionError, match=complaint):
        digests.check(job, wrong(right))


def miller_rabin(number: int) -> bool:
    """Whether a number below 3.3e24 is prime: these bases are enough (Sorenson and Webster, 2015)."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41):
        if number % base == 0:
            return number == base
        power = pow(base, odd, number)
        if power not in (1, number - 1) and all(
            (power := power * power % number) != number - 1 for _ in range(twos - 1)
        ):
            return False
    return True
