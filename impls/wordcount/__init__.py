"""What does it cost to hand big inputs to workers, and to get big results back?

Count the words of a text: map and reduce, CPU-bound work in pure Python.

The unit of work is one chapter: put it into lower case, split it, and count its words in a ``Counter``.
The answer is one ``Counter`` of all chapters. A model that counts each chapter for itself also has to
merge the counts. Models differ in how the chapters reach their workers, and in how many counts come
back. The chapters are in memory, and in files: one for each, and one book of all.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import re
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from impls import Resources
from impls._traced import traced

QUESTION = "What does it cost to hand big inputs to workers, and to get big results back?"
OVERVIEW = {"words_500k": "big inputs and results"}
SURPRISES = (
    ("threaded", "sequential", "time", 1.1, "to merge the counts of chapters takes time, too"),
    ("multiprocess", "multiprocess_combiner", "time", 1.2, "16 dicts come back, not one a worker"),
)

CHAPTERS = 16
VOCABULARY = 50_000
"""Different words: about as many as in a million words of English texts."""


@dataclass(frozen=True)
class Case:
    """A size of the work: how many words, in all chapters. Workers: one per usable core."""

    words: int
    scale: float = 1.0
    workers: None = None

    @property
    def items(self) -> int:
        return CHAPTERS

    @property
    def chapters(self) -> tuple[str, ...]:
        return _chapters(self.words)


CASES = {
    "words_100k": Case(100_000),
    "words_500k": Case(500_000, scale=6.0),
    "words_1m": Case(1_000_000, scale=12.0),
}


@dataclass(frozen=True)
class Job:
    """Chapters whose words to count, in any order.

    The folder has the same text in UTF-8: a file for each chapter, and the book, which is all chapters
    in one file without anything between them.
    """

    chapters: tuple[str, ...] = field(repr=False)
    folder: Path

    @property
    def paths(self) -> list[Path]:
        """The file of each chapter."""
        return [self.folder / f"{number:02}.txt" for number in range(len(self.chapters))]

    @property
    def book(self) -> Path:
        """The file of all chapters."""
        return self.folder / "book.txt"


def job(case: Case, resources: Resources) -> Job:
    """The chapters of a case, and their files, which are written to ``destination``."""
    return written(Job(case.chapters, resources.need("destination")))


def written(job: Job) -> Job:
    """The job, once its files are written."""
    with job.book.open("wb") as book:
        for chapter, path in zip(job.chapters, job.paths, strict=True):
            text = chapter.encode()
            book.write(text)
            path.write_bytes(text)
    return job


@traced("chapter")
def count(chapter: str, total: Counter[str] | None = None) -> Counter[str]:
    """Count the words of a chapter: the unit of work.

    They are added to ``total``, or to a new ``Counter``, which is returned.
    """
    counts: Counter[str] = Counter() if total is None else total
    counts.update(chapter.lower().split())
    return counts


def merge(counts: Iterable[Counter[str]]) -> Counter[str]:
    """The sum of the counts of several chapters."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def shares(chapters: Sequence[str], workers: int) -> list[list[str]]:
    """The chapters in a share for each worker: the longest first, each to the smallest share so far."""
    found: list[list[str]] = [[] for _ in range(workers)]
    for chapter in sorted(chapters, key=len, reverse=True):
        min(found, key=lambda share: sum(map(len, share))).append(chapter)
    return [share for share in found if share]


@functools.cache
def expected(chapters: tuple[str, ...]) -> dict[str, int]:
    """Word -> how often it is in the chapters, without the functions that models use."""
    counts: dict[str, int] = {}
    for chapter in chapters:
        for word in re.findall(r"\S+", chapter):
            counts[word.lower()] = counts.get(word.lower(), 0) + 1
    return counts


def check(job: Job, answers: object) -> None:
    """Check the count of every word.

    Raises:
        AssertionError: the message names the first wrong word.
    """
    right = expected(job.chapters)
    assert isinstance(answers, Counter), f"expected a Counter, got {type(answers).__name__}"
    for word, times in right.items():
        assert answers[word] == times, f"{word!r}: expected {times}, got {answers[word]}"
    unexpected = sorted(map(repr, answers.keys() - right))
    assert not unexpected, f"{len(unexpected)} unexpected words, the first is {unexpected[0]}"


@functools.cache
def _chapters(words: int) -> tuple[str, ...]:
    """Chapters of this many words together, always the same; the longest has four times the shortest.

    A word is as frequent as the inverse of its rank (Zipf's law).
    """
    vocabulary = _vocabulary()
    slots = [word for rank, word in enumerate(vocabulary, 1) for _ in range(VOCABULARY // rank)]
    picks = hashlib.shake_128(f"{words} words".encode()).digest(4 * words)
    text = [slots[pick % len(slots)] for (pick,) in struct.iter_unpack("<I", picks)]
    # 7 has no factor in common with the number of chapters: long and short ones are mixed.
    sizes = [CHAPTERS + 3 * (7 * number % CHAPTERS) for number in range(CHAPTERS)]
    ends = [words * size // sum(sizes) for size in itertools.accumulate(sizes, initial=0)]
    return tuple(_lines(text[start:end]) for start, end in itertools.pairwise(ends))


def _lines(words: list[str]) -> str:
    """A text with twelve words a line, each line begins with a capital letter."""
    lines = (words[start : start + 12] for start in range(0, len(words), 12))
    return "".join(" ".join(line).capitalize() + "\n" for line in lines)


def _vocabulary() -> list[str]:
    """Different words, the most frequent first; frequent words are shorter."""
    words: dict[str, None] = {}
    for number in itertools.count():
        letters = hashlib.shake_128(f"word {number}".encode()).digest(12)
        size = 2 + len(words).bit_length() // 2 + letters[-1] % 3
        words[bytes(ord("a") + letter % 26 for letter in letters[:size]).decode()] = None
        if len(words) == VOCABULARY:
            return list(words)
    raise AssertionError("unreachable")
