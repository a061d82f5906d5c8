"""How fast do many small files come from a server that takes its time to answer?

Download the flags of the world: many small files from a server with a delay.

The unit of work is one flag: ``GET {base_url}/{code}/{code}.gif`` in lower case, follow redirects,
check the status and that the image is complete, save it as ``CODE.gif``. Nearly all of its time is
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
from typing import Literal

import httpx

from impls import Resources
from impls._traced import traced
from impls.flags import _world

QUESTION = "How fast do many small files come from a server that takes its time to answer?"
OVERVIEW = {"local-all194": "downloads, 50 in flight"}
SURPRISES = (
    (
        "asyncio_keep_all",
        "asyncio_gather",
        "time",
        1.5,
        "httpx's pool scans all connections; a new one is nearly free",
    ),
    ("*_new_client", "threaded", "time", 2.0, "each new client builds a TLS context"),
    ("multiprocess", "threaded", "time", 1.5, "each process starts and imports the client"),
)

TIMEOUT = 30.0
"""The default timeout of a request in seconds: well above the largest delay of a benchmark."""

NO_IMAGE = "status 200, but no complete GIF"
"""The reason of an error if the body is not an image, or only a part of one."""


@dataclass(frozen=True)
class Case:
    """A size of the work: which flags, and how many requests in flight."""

    codes: tuple[str, ...]
    workers: int
    scale: float = 1.0
    servers: tuple[str, ...] | None = None
    possible_servers: tuple[str, ...] | None = None
    protocol: Literal["http", "https", "h2"] = "http"
    """``h2``: over TLS, HTTP/2 or HTTP/1.1, as each client chooses."""

    @property
    def items(self) -> int:
        return len(self.codes)


_ALL = tuple(_world.countries())

CASES = {
    # The twenty most populous countries, the largest first.
    "pop20": Case(
        tuple("CN IN US ID BR PK NG BD RU JP MX PH VN ET EG DE IR TR CD FR".split()), workers=20
    ),
    # The mock shows no more of it than of the first case, and needs ten seconds for it in turn.
    "all194": Case(_ALL, workers=50, scale=5.0, servers=("local",)),
    # Only if they are named: other servers, and as much time as the case before.
    "all194_tls": Case(
        _ALL, workers=50, scale=8.0, servers=(), possible_servers=("local",), protocol="https"
    ),
    "all194_h2": Case(
        _ALL, workers=50, scale=8.0, servers=(), possible_servers=("local",), protocol="h2"
    ),
}


@dataclass(frozen=True)
class Job:
    """Flags to download from ``base_url`` into the folder ``destination``.

    A model calls ``initializer`` once in each process that it starts, before any request: it installs
    the mock there. It is picklable, and None for a real server. ``cluster`` is the address of a
    cluster's scheduler, for the models that use a cluster. A request fails after ``timeout`` seconds
    without an answer. ``authority`` is the file of a certificate authority to trust besides the public
    ones, in PEM format, or None.
    """

    codes: tuple[str, ...]
    base_url: str
    destination: Path
    initializer: Callable[[], None] | None = None
    cluster: str | None = None
    timeout: float = TIMEOUT
    authority: Path | None = None

    @property
    def preload(self) -> list[str]:
        """The modules that a fork server must import, so that no process imports them for the
        ``initializer`` again."""
        return [self.initializer.__module__] if self.initializer is not None else []

    @traced("code")
    def url(self, code: str) -> str:
        """The URL of a country's image; ``code`` has two letters."""
        return f"{self.base_url}/{code}/{code}.gif".lower()


def job(case: Case, resources: Resources) -> Job:
    """The flags of a case; needs ``base_url`` and ``destination``."""
    return Job(
        case.codes,
        resources.need("base_url"),
        resources.need("destination"),
        resources.initializer,
        resources.cluster,
        authority=resources.authority,
    )


@dataclass(frozen=True)
class Outcome:
    """The result for one flag: ``size`` is that of the image in bytes, 0 without an image.

    ``reason`` describes an error; it does not count when outcomes are compared.
    """

    status: Literal["ok", "not found", "error"]
    size: int = 0
    reason: str = field(default="", compare=False)


@traced()
def failed(error: Exception) -> Outcome:
    """The outcome of a request without a complete answer."""
    # Some errors have no message.
    return Outcome("error", reason=": ".join(filter(None, (type(error).__name__, str(error)))))


def is_complete(image: bytes) -> bool:
    """Whether this begins and ends like a GIF; a web page or a part of an image does not."""
    return image.startswith((b"GIF87a", b"GIF89a")) and image.endswith(b";")


@traced("code")
def keep(job: Job, code: str, status_code: int, body: bytes) -> Outcome:
    """Check the answer, save the image, and return the outcome.

    The file gets its final name only when it is complete.
    """
    if status_code == httpx.codes.NOT_FOUND:
        return Outcome("not found")
    if status_code != httpx.codes.OK:
        return Outcome("error", reason=f"status {status_code}")
    if not is_complete(body):
        return Outcome("error", reason=NO_IMAGE)
    partial = job.destination / f"{code}.part"
    try:
        partial.write_bytes(body)
        os.replace(partial, job.destination / f"{code}.gif")
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return Outcome("ok", len(body))


def tls_context(authority: Path | None = None) -> ssl.SSLContext:
    """The TLS context of this process, for all its clients. It trusts ``authority``, too.

    Creating one costs more CPU time than dozens of requests. Otherwise every client would create one,
    even for plain ``http://``.
    """
    return _tls_context(authority)


@functools.cache
def _tls_context(authority: Path | None) -> ssl.SSLContext:
    if authority is None:
        return new_tls_context()
    context = _tls_context(None)  # a child of a fork server has it already
    context.load_verify_locations(authority)
    return context


def new_tls_context(authority: Path | None = None) -> ssl.SSLContext:
    """A TLS context as ``httpx.get`` would create one. It trusts ``authority``, too."""
    context = httpx.create_ssl_context()
    if authority is not None:
        context.load_verify_locations(authority)
    return context


def site() -> Mapping[str, bytes]:
    """All files of the flag server: path -> body. Each country has an image and ``metadata.json``."""
    return _world.site()


def expected(codes: tuple[str, ...]) -> dict[str, Outcome]:
    """The correct outcomes for these countries: code -> outcome."""
    files = site()
    return {code: Outcome("ok", len(files[_world.image_path(code)])) for code in codes}


def check(job: Job, answers: object) -> None:
    """Check that every outcome is right, and that the files on disk are those of the server.

    Raises:
        AssertionError: the message names the first wrong country.
    """
    right = expected(job.codes)
    assert isinstance(answers, dict), f"expected code -> outcome, got {type(answers).__name__}"
    for code, outcome in right.items():
        got = answers.get(code)
        assert got == outcome, f"{code}: expected {outcome}, got {got}"
    assert len(answers) == len(right), f"unexpected outcomes: {sorted(set(answers) - set(right))}"
    on_disk = {path.name: path.read_bytes() for path in job.destination.iterdir()}
    for code in right:
        body = on_disk.pop(f"{code}.gif", None)
        assert body is not None, f"{code}: no file {code}.gif in the destination"
        sent = site()[_world.image_path(code)]
        assert hashlib.sha256(body).digest() == hashlib.sha256(sent).digest(), f"{code}: wrong bytes"
    assert not on_disk, f"unexpected files: {sorted(on_disk)}"


def waiting(items: int, workers: int, *, delay: float, connect_delay: float = 0.0) -> float:
    """The shortest possible waiting time in seconds: ``delay`` per wave of ``workers`` requests, and
    once ``connect_delay``, because every connection is new to the first wave."""
    return connect_delay + math.ceil(items / workers) * delay
