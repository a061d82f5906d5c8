"""The mutations that are drawn, and the verdicts on them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from studies import mutations


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("x = a < b", {"x = (a <= b)"}),
        ("x = a in b", {"x = (a not in b)"}),
        ("x = a and b", {"x = (a or b)"}),
        ("x = 'é' + a - b", {"x = ('é' + a + b)", "x = ('é' - a) - b"}),
        ("x = 3", {"x = (3 + 1)"}),
        ("x = True", {"x = False"}),
        ("if a:\n    b()\n", {"if (not (a)):\n    b()\n", "if a:\n    pass\n"}),
        ("while a: break", {"while (not (a)): break", "while a: continue"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("if a: raise b", {"if (not (a)): raise b", "if a: pass"}),
        ("x += a", {"pass"}),
    ],
)
def test_each_kind_of_error_changes_its_place_only(text: str, changed: set[str]) -> None:
    assert {each.apply(text) for each in mutations.mutations(Path("x.py"), text)} == changed


@pytest.mark.parametrize(
    "text",
    [
        "x: 'a < b' = y",
        "def f(x: Literal[1]) -> Literal[2]: ...",
        "x = f'{a + b}'",
        "if TYPE_CHECKING:\n    import x\n",
        "return",
        "return None",
    ],
)
def test_annotations_f_strings_imports_for_type_checkers_and_returns_of_nothing_stay(text: str) -> None:
    assert mutations.mutations(Path("x.py"), text) == []


def test_all_packages_are_drawn_from() -> None:
    drawn = mutations.draw(mutations.ROOT, 60, 1)
    assert {each.path.parts[0] for each in drawn} == set(mutations.PACKAGES)
    assert len({each.path.parts[1] for each in drawn if each.path.parts[0] == "concurbench"}) > 6


def test_the_same_seed_draws_the_same_mutations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutations, "PACKAGES", ("servers",))
    first, again, other = (mutations.draw(mutations.ROOT, 30, seed) for seed in (1, 1, 2))
    places = [[(each.path, each.node.lineno, each.replacement) for each in x] for x in (first, again)]
    assert places[0] == places[1]
    assert {each.path for each in first} != {each.path for each in other}


def test_only_files_whose_path_begins_so_are_changed() -> None:
    drawn = mutations.draw(mutations.ROOT, 20, 1, "concurbench/gate/")
    assert {each.path.parent for each in drawn} == {Path("concurbench/gate")}
    assert mutations.draw(mutations.ROOT, 20, 1, "concurbench/gat/") == []


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [
        ("concurbench/results/merge.py", "tests/results/test_merge.py", "tests/results"),
        ("concurbench/cli.py", "tests/test_cli.py", "tests/test_cli.py"),
        ("programs/flags.py", "tests/programs/test_flags.py", "tests/programs"),
        ("servers/dns.py", "tests/servers/test_servers.py", "tests/servers"),
    ],
)
def test_a_file_has_the_tests_with_its_name_first_and_then_those_of_its_package(
    path: str, first: str, last: str
) -> None:
    tests = mutations.tests_of(Path(path), mutations.ROOT)
    assert (tests[0], tests[-1]) == (first, last)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project whose tests check one of two functions."""
    for name, text in {
        "servers/add.py": "def add(a, b):\n    return a + b\n\ndef untested(a, b):\n    return a * b\n",
        "tests/servers/test_add.py": (
            "from servers.add import add\n\ndef test_add():\n    assert add(1, 2) == 3\n"
        ),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(mutations, "ROOT", tmp_path)
    return tmp_path


def test_what_no_test_notices_survives_and_the_checkout_stays_as_it_was(checkout: Path) -> None:
    before = (checkout / "servers/add.py").read_text()
    done = CliRunner().invoke(mutations.main, ["--count", "2", "--seed", "3"])
    assert done.exit_code == 1
    assert "SURVIVED  servers/add.py:5\n    -    return a * b\n" in done.output
    assert "caught  servers/add.py:2\n    -    return a + b\n" in done.output
    assert (checkout / "servers/add.py").read_text() == before


def test_tests_that_fail_without_a_mutation_are_no_answer(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutations, "outcome", lambda root, tests, timeout: 1)
    done = CliRunner().invoke(mutations.main, ["--count", "1"])
    assert done.exit_code == 2
    assert "without a mutation, these fail: tests/servers/test_add.py tests/servers" in done.output
