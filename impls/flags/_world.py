"""The countries of the world and a flag for each: made up, but always the same bytes.

The images stand in for the 194 of the original exercise: valid GIFs with the same spread of sizes,
drawn here from the country's code, so that nothing needs to be downloaded or stored.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

SIZES = (
    (0.0, 1_200),
    (0.05, 3_200),
    (0.25, 6_600),
    (0.5, 10_000),
    (0.75, 15_500),
    (0.95, 27_500),
    (1.0, 36_000),
)
"""How large flags are: share of the flags -> bytes, as in the original set (about 2.35 MB in all)."""


@functools.cache
def countries() -> Mapping[str, Mapping[str, str]]:
    """Two-letter code -> code, country, capital, continent, for the 193 members of the United
    Nations and the Holy See. Codes and names are those of ISO 3166."""
    with Path(__file__).with_name("_countries.tsv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file, delimiter="\t")}


@functools.cache
def site() -> Mapping[str, bytes]:
    """Path -> body of every file that the flag server offers."""
    files: dict[str, bytes] = {}
    for code, country in countries().items():
        files[image_path(code)] = gif(code, _size(code))
        files[f"{code.lower()}/metadata.json"] = json.dumps(country).encode()
    return files


def image_path(code: str) -> str:
    """Where the server has the image of a country."""
    return f"{code}/{code}.gif".lower()


def gif(code: str, size: int) -> bytes:
    """A GIF of about ``size`` bytes: three stripes in colours drawn from the country's code.

    The pixels are stored, not compressed, so that the size follows from the dimensions: codes of
    eight bits each, with a clear code before the decoder would widen them (the GIF 89a
    specification, appendix F).
    """
    digest = hashlib.sha256(code.encode()).digest()
    colours = digest[:9] + bytes(3 * 128 - 9)
    pixels = (size - len(colours)) * 125 / 127
    height = max(4, math.isqrt(round(pixels * 2 / 3)))
    width = round(pixels / height)
    stripe = [3 * row // height for row in range(height)]
    if digest[9] % 2:
        image = b"".join(bytes([row]) * width for row in stripe)
    else:
        line = bytes(3 * column // width for column in range(width))
        image = line * height
    clear, end = b"\x80", b"\x81"
    codes = b"".join(clear + bytes(chunk) for chunk in _chunks(image, 126)) + end
    blocks = b"".join(bytes([len(chunk)]) + bytes(chunk) for chunk in _chunks(codes, 255))
    screen = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    colour_table_of_128 = b"\xf6\x00\x00"
    header = b"GIF89a" + screen + colour_table_of_128 + colours
    descriptor = b"\x2c" + bytes(4) + screen + b"\x00"
    return header + descriptor + b"\x07" + blocks + b"\x00\x3b"


def _chunks(data: bytes, length: int) -> Iterator[bytes]:
    return (data[start : start + length] for start in range(0, len(data), length))


@functools.cache
def _ranks() -> Mapping[str, float]:
    """Code -> its place from 0 to 1 in an order that has nothing to do with the alphabet."""
    shuffled = sorted(countries(), key=lambda code: hashlib.sha256(code.encode()).digest())
    return {code: place / (len(shuffled) - 1) for place, code in enumerate(shuffled)}


def _size(code: str) -> int:
    rank = _ranks()[code]
    for (low, small), (high, large) in itertools.pairwise(SIZES):
        if rank <= high:
            return round(small * math.pow(large / small, (rank - low) / (high - low)))
    raise AssertionError(f"{code} has rank {rank}, beyond 1")
