"""Flags with names from the server: the workload, its checks of names, and each of its models."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

import impls
from impls import flags, flags_metadata
from impls.flags_metadata import Job, Outcome, UnsafeName, keep, safe_name
from servers import Server
from servers.local import Local
from tests.conftest import Suite
from tests.measure.test_session import said

MODELS = [model.name for model in impls.models("flags_metadata")]
each_model = pytest.mark.parametrize("name", MODELS)

IMAGE = b"GIF89a, more or less;"

UNSAFE = {
    "up": "../../etc/passwd",
    "just up": "..",
    "here": ".",
    "down": "a/b",
    "absolute": "/etc/passwd",
    "backslash": "a\\b",
    "drive": "C:\\x",
    "drive alone": "C:",
    "stream": "France:hidden",
    "NUL": "\0",
    "NUL behind": "France\0.gif",
    "newline": "Fra\nnce",
    "escape": "\x1b[2J",
    "written backwards": "\u202efig.exe",
    "half a character": "\ud800",
    "looks like a slash": "a\u2215b",
    "a letter with a slash": "a\u0338b",
    "a letter that shows nothing": "\u3164",
    "option": "-rf",
    "nothing": "",
    "blank": "   ",
    "hidden": ".profile",
    "dots": "...",
    "dot at the end": "France.",
    "pattern": "*",
    "device": "NUL",
    "device with a suffix": "con.France",
    "device in small letters": "lpt1",
    "device with a small figure": "COM¹",
    "300 characters": "x" * 300,
    "300 bytes": "é" * 150,
    "number": 7,
    "list": ["France"],
    "none": None,
    "true": True,
}
BAD_METADATA = {
    **{why: json.dumps({"country": name}).encode() for why, name in UNSAFE.items()},
    "no country": b"{}",
    "no object": b'["country"]',
    "text": b'"country"',
    "no JSON": b"{country: France}",
    "no bytes": b"",
    "no UTF-8": b'{"country": "\xff"}',
    "nested": b"[" * 200_000,
}


def codes_of(bad: dict[str, bytes]) -> dict[str, str]:
    return {f"x{number}": why for number, why in enumerate(bad)}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """A server with France, Germany, countries with bad metadata, two countries of the same name, and
    one with only an image."""
    site = tmp_path_factory.mktemp("hostile")
    files = {path: body for path, body in flags.site().items() if path[:3] in ("fr/", "de/")}
    for code, why in codes_of(BAD_METADATA).items():
        files |= {f"{code}/{code}.gif": IMAGE, f"{code}/metadata.json": BAD_METADATA[why]}
    for code in ("t1", "t2"):
        files |= {f"{code}/{code}.gif": IMAGE, f"{code}/metadata.json": b'{"country": "Twin"}'}
    files["im/im.gif"] = IMAGE
    for path, body in files.items():
        (site / path).parent.mkdir(exist_ok=True)
        (site / path).write_bytes(body)
    with Local(site, 0.0) as server:
        yield server


@pytest.fixture
def workload() -> str:
    return "flags_metadata"


def answer(status: int, body: bytes) -> httpx.Response:
    return httpx.Response(status, content=body)


def good(country: object) -> httpx.Response:
    return answer(200, json.dumps({"country": country}).encode())


# -- the models --


@each_model
def test_it_downloads_every_flag_under_its_countrys_name(
    run: impls.Run,
    server: Server,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    nothing_left: None,
) -> None:
    codes = flags_metadata.CASES["pop20"].codes
    job = Job(codes, server.url, tmp_path, server.initializer)
    flags_metadata.check(job, run(job, workers=3))
    seen = server.seen()
    assert seen.served == 2 * len(codes)
    assert 1 <= seen.peak <= 3
    assert (tmp_path / "Russian_Federation.gif").exists()
    assert capfd.readouterr() == ("", "")


@each_model
def test_countries_that_fail_do_not_affect_others(
    run: impls.Run, hostile: Local, tmp_path: Path
) -> None:
    destination = tmp_path / "a" / "b" / "destination"
    destination.mkdir(parents=True)
    bad = codes_of(BAD_METADATA)
    job = Job(("FR", *bad, "XX", "IM", "DE"), hostile.url, destination)
    outcomes = run(job, workers=4)
    assert list(outcomes) == list(job.codes)
    assert {why: outcomes[code].status for code, why in bad.items()} == dict.fromkeys(
        bad.values(), "error"
    )
    missing = Outcome("not found")
    right = flags_metadata.expected(("FR", "DE"))
    assert {code: outcomes[code] for code in ("FR", "DE", "XX", "IM")} == {
        **right, "XX": missing, "IM": missing,
    }  # fmt: skip
    below = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(below) == ["a/b/destination/France.gif", "a/b/destination/Germany.gif"]


@each_model
def test_of_two_countries_with_the_same_name_one_is_saved_and_one_reports_it(
    run: impls.Run, hostile: Local, tmp_path: Path
) -> None:
    outcomes = run(Job(("t1", "t2"), hostile.url, tmp_path), workers=2)
    assert sorted(outcome.status for outcome in outcomes.values()) == ["error", "ok"]
    [error] = [outcome for outcome in outcomes.values() if outcome.status == "error"]
    assert error.reason == "another country is called Twin"
    assert [path.name for path in tmp_path.iterdir()] == ["Twin.gif"]


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("asyncio_long_hold", "fr.gif metadata.json de.gif metadata.json it.gif metadata.json"),
        ("asyncio_short_holds", "fr.gif de.gif it.gif metadata.json metadata.json metadata.json"),
    ],
)
def test_a_short_hold_fetches_all_images_first_and_a_long_hold_country_by_country(
    run: impls.Run, order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def site(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)  # let the other tasks wait for the semaphore
        asked.append(request.url.path.rpartition("/")[2])
        return answer(200, flags.site()[request.url.path.lstrip("/")])

    client = partial(httpx.AsyncClient, transport=httpx.MockTransport(site))
    monkeypatch.setattr(httpx, "AsyncClient", client)
    outcomes = run(Job(("FR", "DE", "IT"), "http://here", tmp_path), workers=1)
    assert {outcome.status for outcome in outcomes.values()} == {"ok"}
    assert asked == order.split()


@each_model
def test_it_reports_an_error_for_each_country_if_no_server_listens(
    run: impls.Run, tmp_path: Path
) -> None:
    job = Job(("FR", "DE"), "http://127.0.0.1:9", tmp_path)
    assert run(job, workers=2) == dict.fromkeys(job.codes, Outcome("error"))


@each_model
def test_more_workers_than_countries_work(
    run: impls.Run, undelayed_local: Server, tmp_path: Path
) -> None:
    job = Job(("FR",), undelayed_local.url, tmp_path)
    flags_metadata.check(job, run(job, workers=4))


@each_model
def test_an_unexpected_error_reaches_the_caller_and_leaves_nothing_behind(
    run: impls.Run, undelayed_local: Server, tmp_path: Path, nothing_left: None
) -> None:
    # Saving fails, because there is no such folder.
    job = Job(("FR", "DE", "IN"), undelayed_local.url, tmp_path / "nowhere")
    with pytest.raises((FileNotFoundError, ExceptionGroup)) as caught:
        run(job, workers=2)
    error: BaseException = caught.value
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, FileNotFoundError)
    gc.collect()  # tasks never awaited report their errors now, not in a later test


def test_a_model_that_requests_a_file_twice_fails(checkout: Suite) -> None:
    for name in ("flags", "flags_metadata"):
        checkout.add_workload(name)
    checkout.write(
        "impls/flags_metadata/cheating.py",
        '''
        """Asks for the first country once more."""
        import httpx
        from impls.flags_metadata import threaded

        def run(job, *, workers):
            httpx.get(job.url(job.codes[0]))
            return threaded.run(job, workers=workers)
        ''',
    )
    arguments = ("--models=cheating", "--cases=pop20", "--http-server=mock", "--benchmark-disable")
    assert "the server served 41 requests, expected 40" in said(
        checkout.run(*arguments, "--http-delay=0")
    )


# -- names --


@pytest.mark.parametrize("name", UNSAFE.values(), ids=UNSAFE)
def test_a_name_that_is_not_a_plain_file_name_is_refused(name: object) -> None:
    with pytest.raises(UnsafeName):
        safe_name(name)


@pytest.mark.parametrize(
    ("country", "name"),
    [
        ("France", "France"),
        ("Viet Nam", "Viet_Nam"),
        ("Côte d'Ivoire", "Côte_d'Ivoire"),
        ("Côte d’Ivoire", "Côte_d’Ivoire"),  # a combining accent becomes part of its letter
        ("St. Lucia", "St._Lucia"),
        ("日本", "日本"),
        ("भारत", "भारत"),
        ("Congo (Democratic Republic of the)", "Congo_(Democratic_Republic_of_the)"),
        ("Nullarbor", "Nullarbor"),
        ("COM10", "COM10"),
        ("x" * 200, "x" * 200),
    ],
)
def test_a_name_with_spaces_accents_and_brackets_is_kept(country: str, name: str) -> None:
    assert safe_name(country) == name


def test_every_country_has_a_unique_name() -> None:
    metadata = [body for path, body in flags.site().items() if path.endswith(".json")]
    names = [safe_name(json.loads(body)["country"]) for body in metadata]
    assert len({name.casefold() for name in names}) == len(names) == 194


# -- saving --


@pytest.mark.parametrize("status", [204, 206])
@pytest.mark.parametrize("which", [0, 1])
def test_only_complete_answers_are_saved(tmp_path: Path, status: int, which: int) -> None:
    answers = [answer(200, IMAGE), good("France")]
    answers[which] = answer(status, answers[which].content)
    assert keep(Job(("FR",), "", tmp_path), *answers) == Outcome("error")
    assert list(tmp_path.iterdir()) == []


def test_a_flag_is_never_partially_written_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        "os.replace", lambda old, new: seen.append((Path(old).read_bytes(), Path(new).exists()))
    )
    keep(Job(("FR",), "", tmp_path), answer(200, IMAGE), good("France"))
    assert seen == [(IMAGE, False)]


@pytest.mark.parametrize("body", [b"", b"<!doctype html>", b"GIF89a, cut"])
def test_an_incomplete_image_is_an_error_and_not_saved(tmp_path: Path, body: bytes) -> None:
    outcome = keep(Job(("FR",), "", tmp_path), answer(200, body), good("France"))
    assert (outcome.status, outcome.reason) == ("error", "status 200, but no complete GIF")
    assert list(tmp_path.iterdir()) == []


def test_a_flag_that_cannot_be_saved_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        keep(Job(("FR",), "", tmp_path), answer(200, IMAGE), good("France"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["France.gif", "France.part"])
def test_no_existing_file_is_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_bytes(b"another's")
    assert keep(Job(("FR",), "", tmp_path), answer(200, IMAGE), good("France")) == Outcome("error")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(there, b"another's")]


@pytest.mark.parametrize(
    ("status", "outcome"), [(404, "not found"), (500, "error"), (403, "error"), (302, "error")]
)
def test_the_status_of_the_answer_decides_the_outcome(status: int, outcome: str) -> None:
    response = httpx.Response(status, request=httpx.Request("GET", "http://host/"))
    with pytest.raises(httpx.HTTPStatusError) as caught:
        response.raise_for_status()
    got = flags_metadata.failed(caught.value)
    assert got.status == outcome
    assert got.reason == ("" if status == 404 else f"status {status}")


# -- the check, the addresses and the limit --


@pytest.fixture
def downloaded(tmp_path: Path) -> Job:
    """A job whose flags are all saved."""
    job = Job(("FR", "VN"), "", tmp_path)
    for code, name in {"FR": "France", "VN": "Viet_Nam"}.items():
        (tmp_path / f"{name}.gif").write_bytes(flags.site()[f"{code}/{code}.gif".lower()])
    return job


def test_correct_flags_pass(downloaded: Job) -> None:
    flags_metadata.check(downloaded, flags_metadata.expected(downloaded.codes))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda folder: (folder / "France.gif").write_bytes(b"x"), "FR: wrong bytes"),
        (lambda folder: (folder / "Viet_Nam.gif").unlink(), "VN: no file Viet_Nam.gif"),
        (
            lambda folder: (folder / "Viet_Nam.gif").rename(folder / "VN.gif"),
            "VN: no file Viet_Nam.gif",
        ),
        (lambda folder: (folder / "Chad.part").touch(), "unexpected files: .*Chad.part"),
    ],
)
def test_wrong_files_are_rejected(
    downloaded: Job, spoil: Callable[[Path], object], complaint: str
) -> None:
    spoil(downloaded.destination)
    with pytest.raises(AssertionError, match=complaint):
        flags_metadata.check(downloaded, flags_metadata.expected(downloaded.codes))


def test_wrong_outcomes_are_rejected(downloaded: Job) -> None:
    right = flags_metadata.expected(downloaded.codes)
    for wrong in (
        {**right, "FR": Outcome("error")},
        {"FR": right["FR"]},
        {**right, "XX": Outcome("error")},
        None,
    ):
        with pytest.raises(AssertionError):
            flags_metadata.check(downloaded, wrong)


def test_image_and_metadata_have_the_same_folder() -> None:
    job = Job(("FR",), "http://host", Path())
    assert (job.url("FR"), job.metadata_url("FR")) == (
        "http://host/fr/fr.gif", "http://host/fr/metadata.json",
    )  # fmt: skip


def test_the_waiting_time_is_that_of_twice_the_requests_and_at_least_two_delays() -> None:
    waiting = flags_metadata.waiting
    assert waiting(194, 50, delay=0.05) == pytest.approx(0.4)
    assert waiting(20, 20, delay=0.05) == pytest.approx(0.1)
    assert waiting(20, 1, delay=0.05) == pytest.approx(2.0)
    assert waiting(20, 1, delay=0.05, connect_delay=0.5) == pytest.approx(2.5)
