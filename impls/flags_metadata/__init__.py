"""How fast do files come that take two requests each, and where should the bound be held?

Download flags, and save them under the names that the server gives them.

The unit of work is one country: request its image, then its ``metadata.json``, and save the image under
the name found there, with underscores for spaces: ``Viet_Nam.gif``. The second request begins after the
first answer, so each country takes at least two delays.

The name comes from the server, which is not trusted: it can never name a place outside the destination.
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from dataclasses import dataclass, replace

import httpx

from impls import Resources, flags
from impls._traced import traced
from impls.flags import Case, Outcome, tls_context

__all__ = ["Case", "Outcome", "tls_context"]  # from flags, for the models

QUESTION = "How fast do files come that take two requests each, and where should the bound be held?"
OVERVIEW: dict[str, str] = {}

# The mock shows no more of them, and needs as much time.
CASES = {
    name: replace(case, servers=("local",))
    for name, case in flags.CASES.items()
    if case.protocol == "http"
}

MAX_NAME = 200
"""The longest name of a file, without its suffix, in bytes; file systems allow 255 with the suffix."""

PUNCTUATION = "_-.,'’()&"
"""The characters allowed in a file's name besides letters, their marks, and digits."""

DEVICES = frozenset("CON PRN AUX NUL".split()) | {
    f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)
}
"""Names of devices on Windows, with any suffix."""

INVISIBLE = frozenset("\u034f\u0337\u0338\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Marks and letters that are invisible, or draw a slash over the letter before them."""


@dataclass(frozen=True)
class Job(flags.Job):
    """The same fields as a job of ``flags``."""

    @traced("code")
    def metadata_url(self, code: str) -> str:
        """The URL of a country's metadata, which contain its name."""
        return f"{self.base_url}/{code}/metadata.json".lower()


def job(case: Case, resources: Resources) -> Job:
    """The countries of a case; needs ``base_url`` and ``destination``."""
    base_url, destination = resources.need("base_url"), resources.need("destination")
    return Job(case.codes, base_url, destination, resources.initializer, authority=resources.authority)


class UnsafeName(ValueError):
    """A name that is not safe for a file; the message is the reason."""


def safe_name(country: object) -> str:
    """The name of a country's file, without its suffix.

    Raises:
        UnsafeName: it is not text, or on some system not the name of a plain file in the destination.
    """
    if not isinstance(country, str):
        raise UnsafeName(f"not text: {country!r:.40}")
    name = unicodedata.normalize("NFC", country).replace(" ", "_")
    if not any(map(str.isalnum, name)):
        raise UnsafeName(f"neither letters nor digits: {country!r:.40}")
    for character in name:
        allowed = character in PUNCTUATION or unicodedata.category(character)[0] in "LMN"
        if not allowed or character in INVISIBLE:
            raise UnsafeName(f"character {character!a} in {country!r:.40}")
    if name[0] in ".-" or name[-1] == ".":
        raise UnsafeName(f"a dot or a dash at the start, or a dot at the end: {country!r:.40}")
    # Windows reads the superscript digit of COM¹ like the 1 of COM1.
    if unicodedata.normalize("NFKC", name).partition(".")[0].upper() in DEVICES:
        raise UnsafeName(f"the name of a device on Windows: {country!r:.40}")
    if len(name.encode()) > MAX_NAME:
        raise UnsafeName(f"{len(name.encode())} bytes, more than {MAX_NAME}: {country!r:.40}")
    return name


@traced()
def failed(error: httpx.HTTPError) -> Outcome:
    """The outcome of a country if one of its requests failed."""
    if isinstance(error, httpx.HTTPStatusError):
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return Outcome("not found")
        return Outcome("error", reason=f"status {error.response.status_code}")
    return flags.failed(error)


@traced()
def keep(job: Job, image: httpx.Response, metadata: httpx.Response) -> Outcome:
    """Check both answers, save the image under the country's name, and return the outcome.

    The file gets that name only when it is complete, and never replaces another country's file.
    """
    for response in (image, metadata):
        if response.status_code != httpx.codes.OK:
            return Outcome("error", reason=f"status {response.status_code}")
    if not flags.is_complete(image.content):
        return Outcome("error", reason=flags.NO_IMAGE)
    try:
        facts = json.loads(metadata.content)
        name = safe_name(facts["country"] if isinstance(facts, dict) else None)
    except KeyError:
        return Outcome("error", reason="metadata without a country")
    except (ValueError, RecursionError) as error:  # RecursionError: the JSON is nested too deeply
        return Outcome("error", reason=f"{type(error).__name__}: {error}")
    partial, complete = job.destination / f"{name}.part", job.destination / f"{name}.gif"
    taken = Outcome("error", reason=f"another country is called {name}")
    try:
        file = partial.open("xb")
    except FileExistsError:
        return taken
    try:
        with file:
            file.write(image.content)
        # Until the file is renamed, "xb" fails for all others, so no other country saves this name now.
        if complete.exists():
            partial.unlink()
            return taken
        os.replace(partial, complete)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return Outcome("ok", len(image.content))


def expected(codes: tuple[str, ...]) -> dict[str, Outcome]:
    """The correct outcomes for these countries: code -> outcome."""
    return flags.expected(codes)


def check(job: Job, answers: object) -> None:
    """Check that every outcome is right, and that each flag is saved under its country's name.

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
    site = flags.site()
    for code in right:
        country = json.loads(site[f"{code}/metadata.json".lower()])["country"]
        name = f"{country.replace(' ', '_')}.gif"
        body = on_disk.pop(name, None)
        assert body is not None, f"{code}: no file {name} in the destination"
        sent = site[f"{code}/{code}.gif".lower()]
        assert hashlib.sha256(body).digest() == hashlib.sha256(sent).digest(), f"{code}: wrong bytes"
    assert not on_disk, f"unexpected files: {sorted(on_disk)}"


REQUESTS = 2
"""Requests for each country."""


def waiting(items: int, workers: int, *, delay: float, connect_delay: float = 0.0) -> float:
    """The shortest possible waiting time in seconds: ``delay`` per wave of ``workers`` requests, but at
    least ``REQUESTS`` delays, because a country's second request waits for its first answer; and once
    ``connect_delay``, because every connection is new to the first wave."""
    waves = max(flags.waiting(REQUESTS * items, workers, delay=delay), REQUESTS * delay)
    return connect_delay + waves
