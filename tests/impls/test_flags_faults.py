"""Outcomes of flags if the server fails: the same in every model, and others are not affected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import impls
from impls import flags, flags_metadata
from impls.flags import Outcome
from impls.flags._world import image_path
from servers.faults import KINDS
from servers.local import Local
from servers.profiles import PROFILES

CODES = flags.CASES["pop20"].codes
OF_IMAGE = dict(zip(CODES, KINDS, strict=False))
OF_METADATA = dict(zip(CODES[len(KINDS) :], KINDS, strict=False))
"""Code -> the fault of its image, and of its metadata."""
FAULTS = {"flags": OF_IMAGE, "flags_metadata": OF_IMAGE | OF_METADATA}
"""Workload -> code -> the fault of one of its requests."""

SHORT_TIMEOUT = 0.1
"""The timeout of requests that get no answer, in seconds. No other request has it."""

REASONS = {
    "404": "",
    "418": "status 418",
    "503": "status 503",
    "timeout": ".*(Timeout|Operation timed out).*",
    # Clients name a cut connection differently; some name only the operation that failed.
    "reset": ".*(reset by peer|ReadError|closed connection without response).*",
    "short": ".*(without sending complete|ContentLengthError|payload is not completed|IncompleteRead|"
    "end of file before message length reached|end of response with [0-9]+ bytes missing).*",
    "wrong": "status 200, but no complete GIF|JSONDecodeError.*",
}

WORKLOADS = ("flags", "flags_metadata")
MODELS = [model for workload in WORKLOADS for model in impls.models(workload)]
each_model = pytest.mark.parametrize(
    ("workload", "name"), [(model.workload, model.name) for model in MODELS]
)
FAST = ("asyncio_aiohttp", "asyncio_small_pools", "threaded", "threaded_client_per_thread")


def metadata_path(code: str) -> str:
    return f"{code}/metadata.json".lower()


@pytest.fixture(scope="module")
def failing(flag_site: Path) -> Iterator[Local]:
    """A server with a fault of each kind, of an image and of metadata."""
    faults = {image_path(code): kind for code, kind in OF_IMAGE.items()}
    faults |= {metadata_path(code): kind for code, kind in OF_METADATA.items()}
    with Local(flag_site, 0.0, faults=faults) as server:
        yield server


@pytest.fixture(scope="module")
def drawn(flag_site: Path) -> Iterator[Local]:
    """A server with the faults of the profile ``error``, without its delays."""
    with Local(flag_site, 0.0, faults=PROFILES["error"].faults(flags.site())) as server:
        yield server


def job_of(
    workload: str, codes: tuple[str, ...], server: Local, destination: Path, cluster: str | None,
    timeout: float = flags.TIMEOUT,
) -> flags.Job:  # fmt: skip
    kind = flags_metadata.Job if workload == "flags_metadata" else flags.Job
    return kind(codes, server.url, destination, cluster=cluster, timeout=timeout)


def file_name(workload: str, code: str) -> str:
    if workload == "flags":
        return f"{code}.gif"
    country = json.loads(flags.site()[metadata_path(code)])["country"]
    return f"{flags_metadata.safe_name(country)}.gif"


def check(
    workload: str, job: flags.Job, outcomes: Mapping[str, Outcome], faults: Mapping[str, str]
) -> None:
    """Check that failed flags have their reasons, and that exactly the others are saved."""
    assert list(outcomes) == list(job.codes)
    good = tuple(code for code in job.codes if code not in faults)
    assert {code: outcomes[code] for code in good} == flags.expected(good)
    for code in set(job.codes) - set(good):
        kind, outcome = faults[code], outcomes[code]
        assert outcome == Outcome("not found" if kind == "404" else "error"), (code, kind)
        assert re.fullmatch(REASONS[kind], outcome.reason), (code, kind, outcome.reason)
    assert {path.name: path.read_bytes() for path in job.destination.iterdir()} == {
        file_name(workload, code): flags.site()[image_path(code)] for code in good
    }


@each_model
def test_it_reports_which_flags_failed_and_has_all_others(
    run: impls.Run, workload: str, failing: Local, cluster: str | None, tmp_path: Path
) -> None:
    faults = FAULTS[workload]
    codes = tuple(code for code in CODES if faults.get(code) != "timeout")
    failing.reset()
    job = job_of(workload, codes, failing, tmp_path, cluster)
    check(workload, job, run(job, workers=3), faults)
    seen = failing.seen()
    # Failed requests are not counted as served, and a model sends no needless requests.
    images = [code for code in codes if code not in OF_IMAGE]
    asked = [code for code in codes if OF_IMAGE.get(code, "wrong") == "wrong"]
    metadata = [code for code in asked if code not in OF_METADATA]
    assert seen.served == len(images) + (len(metadata) if workload == "flags_metadata" else 0)
    assert 1 <= seen.peak <= 3


@each_model
def test_it_reports_a_timeout_if_no_answer_comes(
    run: impls.Run, workload: str, failing: Local, cluster: str | None, tmp_path: Path
) -> None:
    faults = FAULTS[workload]
    codes = tuple(code for code in CODES if faults.get(code) == "timeout")
    job = job_of(workload, codes, failing, tmp_path, cluster, SHORT_TIMEOUT)
    check(workload, job, run(job, workers=2), faults)


@pytest.mark.parametrize("workload", ["flags"])
@pytest.mark.parametrize("name", FAST)
def test_with_a_failing_server_it_loses_only_the_failed_files(
    run: impls.Run, workload: str, drawn: Local, tmp_path: Path
) -> None:
    images = {image_path(code): code for code in flags.CASES["all194"].codes}
    faults = {images[path]: kind for path, kind in drawn.faults.items() if path in images}
    assert set(faults.values()) == set(KINDS)
    # Without files that never come, which would take the default timeout.
    codes = tuple(code for code in images.values() if faults.get(code) != "timeout")
    job = job_of(workload, codes, drawn, tmp_path, None)
    check(workload, job, run(job, workers=20), faults)
