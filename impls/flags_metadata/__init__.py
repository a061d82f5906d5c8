"""How fast do files come that take two requests each, and where should the bound be held?

Download flags, and name them as the server says: two requests a country, the second for the name.

The unit of work is one country: its image, then its ``metadata.json``, and the image saved under the
name found there, spaces as underscores: ``Viet_Nam.gif``. The second request begins when the first is
answered, so no country takes less than two delays, however many are in flight.

The name comes from the server, which is not trusted: it never chooses a place outside the destination.
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from dataclasses import dataclass

import httpx

from impls import Resources, flags
from impls._traced import traced
from impls.flags import Case, Outcome, client_options

__all__ = ["Case", "Outcome", "client_options"]  # those of flags, for the models

QUESTION = "How fast do files come that take two requests each, and where should the bound be held?"

CASES = flags.CASES

LONGEST_NAME = 200
"""Bytes of a file's name, less its suffix: file systems allow 255."""

PUNCTUATION = "_-.,'’()&"
"""What may stand in a file's name beside letters, their marks, and digits."""

DEVICES = frozenset("CON PRN AUX NUL".split()) | {
    f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)
}
"""Names that are no files on Windows, whatever their suffix."""

UNSEEN = frozenset("\u034f\u0337\u0338\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Marks and letters that show nothing, or draw a slash over the letter before."""


@dataclass(frozen=True)
class Job(flags.Job):
    """Which countries, from where, to where: as for flags."""

    @traced("code")
    def metadata_url(self, code: str) -> str:
        """The address of what the server tells of a country, its name among it."""
        return f"{self.base_url}/{code}/metadata.json".lower()


def job(case: Case, resources: Resources) -> Job:
    """The countries of a case; needs ``base_url`` and ``destination``."""
    base_url, destination = resources.need("base_url"), resources.need("destination")
    return Job(case.codes, base_url, destination, resources.initializer)


class UnsafeName(ValueError):
    """A name that no file gets; the message says why."""


def safe_name(country: object) -> str:
    """The name of a country's file, less its suffix.

    Raises:
        UnsafeName: it is no text, or one that could be anything but a plain file in the destination, on
            any system.
    """
    if not isinstance(country, str):
        raise UnsafeName(f"no text: {country!r:.40}")
    name = unicodedata.normalize("NFC", country).replace(" ", "_")
    if not any(map(str.isalnum, name)):
        raise UnsafeName(f"no letter and no digit: {country!r:.40}")
    for character in name:
        allowed = character in PUNCTUATION or unicodedata.category(character)[0] in "LMN"
        if not allowed or character in UNSEEN:
            raise UnsafeName(f"{character!a} in {country!r:.40}")
    if name[0] in ".-" or name[-1] == ".":
        raise UnsafeName(f"a dot or a dash at one end: {country!r:.40}")
    # Windows takes the small figures of COM¹ for those of COM1.
    if unicodedata.normalize("NFKC", name).partition(".")[0].upper() in DEVICES:
        raise UnsafeName(f"a device of Windows: {country!r:.40}")
    if len(name.encode()) > LONGEST_NAME:
        raise UnsafeName(f"{len(name.encode())} bytes, {LONGEST_NAME} is the most: {country!r:.40}")
    return name


@traced()
def failed(error: httpx.HTTPError) -> Outcome:
    """The outcome of a country for one of whose requests there was no answer, or not the right one."""
    if isinstance(error, httpx.HTTPStatusError):
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return Outcome("not found")
        return Outcome("error", reason=f"status {error.response.status_code}")
    return flags.failed(error)


@traced()
def keep(job: Job, image: httpx.Response, metadata: httpx.Response) -> Outcome:
    """Check what the server answered, save the image under the country's name, say what became of it.

    It appears under that name only when it is whole, and never in the place of another country's.
    """
    for response in (image, metadata):
        if response.status_code != httpx.codes.OK:
            return Outcome("error", reason=f"status {response.status_code}")
    if not flags.is_whole(image.content):
        return Outcome("error", reason=flags.NO_IMAGE)
    try:
        told = json.loads(metadata.content)
        name = safe_name(told["country"] if isinstance(told, dict) else None)
    except KeyError:
        return Outcome("error", reason="metadata without a country")
    except (ValueError, RecursionError) as error:  # nested deep enough, JSON is more than Python bears
        return Outcome("error", reason=f"{type(error).__name__}: {error}")
    partial, whole = job.destination / f"{name}.part", job.destination / f"{name}.gif"
    taken = Outcome("error", reason=f"another country is called {name}")
    try:
        file = partial.open("xb")
    except FileExistsError:
        return taken
    try:
        with file:
            file.write(image.content)
        # From "xb" to here the name is ours alone, so nobody can come between these two.
        if whole.exists():
            partial.unlink()
            return taken
        os.replace(partial, whole)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return Outcome("ok", len(image.content))


def expected(codes: tuple[str, ...]) -> dict[str, Outcome]:
    """What ``run`` must return for these countries."""
    return flags.expected(codes)


def check(job: Job, answers: object) -> None:
    """Every outcome is right, and every file bears its country's name and is, byte for byte, its flag.

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
    site = flags.site()
    for code in right:
        country = json.loads(site[f"{code}/metadata.json".lower()])["country"]
        name = f"{country.replace(' ', '_')}.gif"
        body = on_disk.pop(name, None)
        assert body is not None, f"{code}: no file {name} in the destination"
        sent = site[f"{code}/{code}.gif".lower()]
        assert hashlib.sha256(body).digest() == hashlib.sha256(sent).digest(), f"{code}: wrong bytes"
    assert not on_disk, f"files nobody asked for: {sorted(on_disk)}"


REQUESTS = 2
"""How many requests a country takes."""


def waiting(items: int, workers: int, *, delay: float) -> float:
    """The shortest possible waiting time in seconds: that of flags with REQUESTS per country, and never
    less than their delays, because the second request of a country waits for the first.
    """
    return max(flags.waiting(REQUESTS * items, workers, delay=delay), REQUESTS * delay)
