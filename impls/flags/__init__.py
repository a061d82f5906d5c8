"""How fast do many small files come from a server that takes its time to answer?

Download the flags of the world: many small files from a server that takes its time.

The unit of work is one flag: ``GET {base_url}/{code}/{code}.gif`` in lower case, follow redirects,
check the status and that it is a whole image, save it as ``CODE.gif``. Nearly all of its time is
waiting, so the best possible time is the server's delay, once for each wave of requests in flight.
"""

from __future__ import annotations

import functools
import hashlib
import math
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypedDict

import httpx

from impls import Resources
from impls._traced import traced
from impls.flags import _world

QUESTION = "How fast do many small files come from a server that takes its time to answer?"

TIMEOUT = 30.0
"""Seconds before a request is given up, unless the job says otherwise: well above any delay that a
benchmark may ask for."""

NO_IMAGE = "status 200, but no whole GIF"
"""The reason of a flag for which something else came, or a part of it."""


@dataclass(frozen=True)
class Case:
    """So many flags, so many requests in flight."""

    codes: tuple[str, ...]
    workers: int
    scale: float = 1.0

    @property
    def items(self) -> int:
        return len(self.codes)


CASES = {
    # The twenty most populous countries of the notes, in their order.
    "pop20": Case(
        tuple("CN IN US ID BR PK NG BD RU JP MX PH VN ET EG DE IR TR CD FR".split()), workers=20
    ),
    "all194": Case(tuple(_world.countries()), workers=50, scale=5.0),
}


@dataclass(frozen=True)
class Job:
    """What to download, from where, to where.

    ``initializer`` is to be run once in each process a model starts, before any request: with a
    mocked server it installs the mock there. It can be pickled, and is None where nothing is due.
    ``cluster`` is the address of a cluster's scheduler, for the models that hand their work to one.
    After ``timeout`` seconds without an answer a request is given up.
    """

    codes: tuple[str, ...]
    base_url: str
    destination: Path
    initializer: Callable[[], None] | None = None
    cluster: str | None = None
    timeout: float = TIMEOUT

    @traced("code")
    def url(self, code: str) -> str:
        """The address of the image of a country, given by its two-letter code."""
        return f"{self.base_url}/{code}/{code}.gif".lower()


def job(case: Case, resources: Resources) -> Job:
    """The flags of a case; needs ``base_url`` and ``destination``."""
    return Job(
        case.codes,
        resources.need("base_url"),
        resources.need("destination"),
        resources.initializer,
        resources.cluster,
    )


@dataclass(frozen=True)
class Outcome:
    """What became of one flag; ``size`` in bytes of the image, 0 where there is none.

    ``reason`` says more of an error; outcomes that differ in nothing else are equal.
    """

    status: Literal["ok", "not found", "error"]
    size: int = 0
    reason: str = field(default="", compare=False)


@traced()
def failed(error: Exception) -> Outcome:
    """The outcome of a request that got no answer, or not the whole of it."""
    # Not every error says more than its name.
    return Outcome("error", reason=": ".join(filter(None, (type(error).__name__, str(error)))))


def is_whole(image: bytes) -> bool:
    """Whether this begins and ends as a GIF does: enough to tell it from any page, and from a part."""
    return image.startswith((b"GIF87a", b"GIF89a")) and image.endswith(b";")


@traced("code")
def keep(job: Job, code: str, status_code: int, body: bytes) -> Outcome:
    """Check what the server answered, save the image, say what became of it.

    The image appears under its final name only when it is whole.
    """
    if status_code == httpx.codes.NOT_FOUND:
        return Outcome("not found")
    if status_code != httpx.codes.OK:
        return Outcome("error", reason=f"status {status_code}")
    if not is_whole(body):
        return Outcome("error", reason=NO_IMAGE)
    partial = job.destination / f"{code}.part"
    try:
        partial.write_bytes(body)
        os.replace(partial, job.destination / f"{code}.gif")
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return Outcome("ok", len(body))


class ClientOptions(TypedDict):
    """What every httpx client is made with, here."""

    verify: ssl.SSLContext
    timeout: float
    follow_redirects: bool
    limits: httpx.Limits


def client_options(job: Job, workers: int) -> ClientOptions:
    """How to make an httpx client for this job that has ``workers`` requests in flight."""
    return {
        "verify": tls_context(),
        "timeout": job.timeout,
        "follow_redirects": True,
        # As many connections as requests in flight, all kept. With the default, 20 kept, those beyond
        # are closed and opened again and again, and among threads now and then while another thread is
        # about to use one: one request in about 5,000 failed that way (httpcore's issue 1110).
        "limits": httpx.Limits(max_connections=workers, max_keepalive_connections=workers),
    }


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The TLS context of this process, for all its clients.

    Making one costs more CPU time than dozens of requests, and every client makes its own unless
    it is given one, even for plain ``http://``.
    """
    return httpx.create_ssl_context()


def site() -> Mapping[str, bytes]:
    """All files of the flag server: path -> body, an image and ``metadata.json`` a country."""
    return _world.site()


def expected(codes: tuple[str, ...]) -> dict[str, Outcome]:
    """What ``run`` must return for these countries."""
    files = site()
    return {code: Outcome("ok", len(files[_world.image_path(code)])) for code in codes}


def check(job: Job, answers: object) -> None:
    """Every outcome is right, and every file on disk is, byte for byte, what the server has.

    Raises:
        AssertionError: naming the first country that is wrong.
    """
    right = expected(job.codes)
    assert isinstance(answers, dict), f"expected code -> outcome, got {type(answers).__name__}"
    for code, outcome in right.items():
        got = answers.get(code)
        assert got == outcome, f"{code}: expected {outcome}, got {got}"
    assert len(answers) == len(right), f"outcomes nobody asked for: {sorted(set(answers) - set(right))}"
    on_disk = {path.name: path.read_bytes() for path in job.destination.iterdir()}
    for code in right:
        body = on_disk.pop(f"{code}.gif", None)
        assert body is not None, f"{code}: no file {code}.gif in the destination"
        sent = site()[_world.image_path(code)]
        assert hashlib.sha256(body).digest() == hashlib.sha256(sent).digest(), f"{code}: wrong bytes"
    assert not on_disk, f"files nobody asked for: {sorted(on_disk)}"


def waiting(items: int, workers: int, *, delay: float) -> float:
    """The shortest possible waiting time in seconds: ``delay`` per wave of ``workers`` requests."""
    return math.ceil(items / workers) * delay
