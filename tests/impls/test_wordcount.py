"""The text of wordcount, its files, its correct answers, and its check."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from impls import wordcount
from impls.wordcount import Job

CASE = wordcount.CASES["words_100k"]


def test_the_text_is_the_same_on_every_machine() -> None:
    digest = hashlib.sha256("".join(CASE.chapters).encode()).hexdigest()
    assert digest[:16] == "167b98eb306531ce"


def test_a_text_is_generated_once_and_has_the_words_of_its_case() -> None:
    assert CASE.chapters is CASE.chapters
    assert len(CASE.chapters) == CASE.items
    assert sum(len(chapter.split()) for chapter in CASE.chapters) == CASE.words


def test_the_longest_chapter_has_four_times_the_words_of_the_shortest() -> None:
    sizes = [len(chapter.split()) for chapter in CASE.chapters]
    assert max(sizes) / min(sizes) == pytest.approx(3.8, rel=0.01)
    assert len(set(sizes)) == len(sizes)


def test_a_word_is_as_frequent_as_the_inverse_of_its_rank() -> None:
    first, second, *others = Counter(wordcount.expected(CASE.chapters)).most_common()
    assert first[1] / second[1] == pytest.approx(2, rel=0.05)
    assert first[1] / others[97][1] == pytest.approx(100, rel=0.2)
    assert sum(times == 1 for _, times in others) > len(others) / 3


def test_words_begin_in_capitals_and_small_letters() -> None:
    words = {word for chapter in CASE.chapters for word in chapter.split()}
    assert len(words) > 1.1 * len({word.lower() for word in words})


def test_the_files_have_the_text_of_the_chapters(tmp_path: Path) -> None:
    job = wordcount.written(Job(("Ä b\n", "c"), tmp_path))
    assert [path.read_bytes() for path in job.paths] == ["Ä b\n".encode(), b"c"]
    assert job.book.read_bytes() == "Ä b\nc".encode()
    assert {*tmp_path.iterdir()} == {*job.paths, job.book}


def test_shares_are_of_nearly_the_same_size() -> None:
    shares = wordcount.shares(CASE.chapters, 3)
    assert sorted(chapter for share in shares for chapter in share) == sorted(CASE.chapters)
    sizes = [sum(map(len, share)) for share in shares]
    assert max(sizes) / min(sizes) < 1.1


def test_no_share_is_empty() -> None:
    assert wordcount.shares(["a", "b c"], 3) == [["b c"], ["a"]]


def test_correct_counts_pass() -> None:
    job = Job(("A b", "b"), Path())
    wordcount.check(job, Counter(a=1, b=2))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda right: dict(right), "expected a Counter, got dict"),
        (lambda right: Counter(right, b=1), "'b': expected 2, got 3"),
        (lambda right: Counter(a=1), "'b': expected 2, got 0"),
        (lambda right: Counter(right, A=1, c=0), "2 unexpected words, the first is 'A'"),
    ],
)
def test_wrong_counts_are_rejected(spoil: Callable[[Counter[str]], object], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        wordcount.check(Job(("A b", "b"), Path()), spoil(Counter(a=1, b=2)))
