"""The fingerprint of a row's work."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from concurbench.measure.row import described, fingerprint

CHECK = '''
def check(job, answers):
    """Check the answers."""
    def right(answer):
        """Whether an answer is right."""
        return answer == job.number  # as it was asked
    assert all(map(right, answers)), f"expected {job.number}"
    assert None is not answers
'''


@pytest.fixture
def function(tmp_path: Path) -> Callable[[str], Any]:
    """Call it for the function ``check`` of a source text."""

    def load(text: str) -> Any:
        path = tmp_path / f"module{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.check

    return load


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # as it was asked", ""),
        ('"""Check the answers."""', '"""Other words."""'),
        ('    """Check the answers."""\n', ""),
        ('        """Whether an answer is right."""\n', ""),
        ("\ndef check", "\ndef same(function):\n    return function\n\n@same\ndef check"),
        ('f"expected {job.number}"', "f'expected {job.number}'"),
    ],
)
def test_comments_docstrings_and_decorators_do_not_change_it(
    function: Callable[[str], Any], old: str, new: str
) -> None:
    assert CHECK.replace(old, new) != CHECK
    assert fingerprint(function(CHECK.replace(old, new))) == fingerprint(function(CHECK))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("answer == job.number", "answer >= job.number"),
        ('f"expected {job.number}"', '"expected another"'),
        ("    assert None is not answers\n", ""),
        ("None is not", "True is not"),
    ],
)
def test_a_different_check_changes_it(function: Callable[[str], Any], old: str, new: str) -> None:
    assert CHECK.replace(old, new) != CHECK
    assert fingerprint(function(CHECK.replace(old, new))) != fingerprint(function(CHECK))


def test_it_is_the_same_under_all_versions_of_python(function: Callable[[str], Any]) -> None:
    assert fingerprint(function(CHECK)) == "1663442071daf52d"


def test_each_part_counts_and_so_does_its_place() -> None:
    parts = ("question", 1, b"x")
    assert fingerprint(*parts) == fingerprint(*parts)
    assert len({fingerprint(*parts), fingerprint("question", 2, b"x"), fingerprint("question", 1)}) == 3
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


class Method:
    """A class with a method, whose source is indented."""

    def method(self) -> int:
        """Return one."""
        return 1


def test_methods_have_one() -> None:
    assert fingerprint(Method.method) != fingerprint(fingerprint)


def test_what_a_workload_declares_for_the_overview_is_saved_by_the_names_of_its_groups() -> None:
    declared = SimpleNamespace(
        OVERVIEW={"large": "long work", "local-small": "downloads"},
        WORDS={"gap": "the loop stands still"},
        FINDING=(("gap",), {"threads": "thread"}),
        SURPRISES=(("slow*", "quick", "time", 2.0, "why"),),
    )
    assert described(declared, "toy") == {
        "overview": {"toy · large": "long work", "toy · local server · small": "downloads"},
        "words": {"gap": "the loop stands still"},
        "finding": {"metrics": ("gap",), "models": {"threads": "thread"}},
        "surprises": [
            {"model": "slow*", "than": "quick", "by": "time", "at_least": 2.0, "sentence": "why"}
        ],
    }


def test_a_workload_that_declares_nothing_leaves_its_groups_to_the_overview() -> None:
    assert described(SimpleNamespace(), "toy") == {"words": {}, "surprises": []}
