"""The pages: links resolve, blocks are up to date, and the commands and options they name exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cogapp import Cog

from concurbench.command import PytestCommand
from studies import blocks

ROOT = Path(__file__).parents[1]

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

MAX_WORDS, MAX_WORDS_README = 15_000, 900
"""In all pages but the changelog, blocks included, and in the first page that people read."""

SLOW = {"evidence.md": "the report of the gate study simulates thousands of gates"}

COG = ("-P", "-p", "from studies import blocks, figures")
"""The options that make docs gives to cog."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"<!-- \[\[\[cog .*?\[\[\[end\]\]\] -->", re.DOTALL)
START = re.compile(r"(?:\$ )?((?:concurbench|make|pytest|python3? -m) .*)")
END = re.compile(r" (?:#|\||&&|>|<|;) ?|[…;]")
"""What ends a command: a comment, a pipe, the next command, an omission."""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def words(page: Path) -> int:
    return len(text_of(page).split())


def test_the_pages_stay_short() -> None:
    assert words(ROOT / "README.md") <= MAX_WORDS_README
    assert sum(words(page) for page in PAGES if page.name != "CHANGELOG.md") <= MAX_WORDS


# -- links --------------------------------------------------------------------------------------------


def links(page: Path) -> Iterator[str]:
    """The targets of all links and pictures, without those in code."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text_of(page)))
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(page: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in plain}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_or_a_heading(page: Path) -> None:
    broken = []
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_a_heading_has_the_anchor_that_github_gives_it(tmp_path: Path) -> None:
    page = tmp_path / "x.md"
    page.write_text("# What `it` found, here?\n```sh\n# no heading\n```\n## [A b](c.md)\n")
    assert anchors(page) == {"what-it-found-here", "a-b"}


# -- blocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.slow if page.name in SLOW else [], id=name_of(page))
        for page in PAGES
        if "[[[cog" in text_of(page)
    ],
)
def test_blocks_that_measure_nothing_are_up_to_date(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv(blocks.MEASURE, raising=False)
    options = ["--check", "--diff", *COG]
    code = Cog().main(["cog", *options, str(page)])
    assert code == 0, f"make docs refreshes it: {capsys.readouterr()}"


def test_a_block_that_measures_stays_as_it_is_unless_measuring_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "x.md"
    block = '<!-- [[[cog blocks.live("python -m x") ]]] -->\nas measured\n<!-- [[[end]]] -->\n'
    page.write_text(block)
    monkeypatch.setattr(blocks, "_run", lambda command: f" {command} \n\n")
    arguments = ["cog", "-r", *COG, str(page)]
    monkeypatch.delenv(blocks.MEASURE, raising=False)
    assert Cog().main(arguments) == 0
    assert page.read_text() == block
    monkeypatch.setenv(blocks.MEASURE, "1")
    assert Cog().main(arguments) == 0
    assert page.read_text() == block.replace("as measured", "```text\n python -m x\n```")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("ls -l", "expected concurbench or python -m"),
        ("python -m nonsense", "no module nonsense"),
        ("python -m pytest", "has no click command"),
        ("concurbench summary nowhere", "concurbench summary nowhere: exit code 2: .*nowhere"),
    ],
)
def test_a_block_with_a_command_that_fails_is_an_error_that_names_it(
    command: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((LookupError, RuntimeError), match=f"(?s){sentence}"):
        blocks.output(command)


@pytest.mark.parametrize("command", ["concurbench", "python -m programs.naps"])
def test_a_block_with_help_calls_the_program_by_its_command(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks.output(f"{command} --help")
    assert f"Usage: {command} [OPTIONS]" in capsys.readouterr().out


# -- commands -----------------------------------------------------------------------------------------


def commands(text: str) -> Iterator[str]:
    """The command lines in code blocks and in code spans, without the output in blocks."""
    text = OUTPUT.sub("", text)
    code = "".join(code for _, code in FENCE.findall(text)).replace("\\\n", "")
    spans = re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    for line in (*code.splitlines(), *spans):
        if found := START.fullmatch(line.strip()):
            yield END.split(found[1])[0].strip()


def options_of(command: click.Command) -> set[str]:
    return {"--help", *(name for each in command.params for name in (*each.opts, *each.secondary_opts))}


def wrong(line: str, pytest_options: set[str]) -> str | None:
    """Why this command line cannot be run; None if it can."""
    words = shlex.split(line)
    words = ["python", *words[1:]] if words[0].startswith("python") else words
    if words[0] == "make":
        return wrong_make(words[1:])
    if words[0] == "pytest":
        return unknown_options(words[1:], pytest_options)
    try:
        command, arguments = blocks.entry_point(words)
    except LookupError as error:
        return str(error)
    while isinstance(command, click.Group) and arguments and arguments[0][:1].islower():
        name = arguments.pop(0)
        if name not in command.commands:
            return f"no command {name}"
        command = command.commands[name]
    if command is None:
        return None
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    known = options_of(command) | (pytest_options if isinstance(command, PytestCommand) else set())
    return unknown_options(own, known)


def unknown_options(words: list[str], known: set[str]) -> str | None:
    names = [word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)]
    unknown = [name for name in names if name not in known]
    return f"no option {', '.join(unknown)}" if unknown else None


def wrong_make(words: list[str]) -> str | None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", text, re.MULTILINE))
    variables = set(re.findall(r"^(?:export )?([A-Z]+) \?=", text, re.MULTILINE))
    for word in words:
        name, assignment, _ = word.partition("=")
        if name not in (variables if assignment else targets):
            return f"no {'variable' if assignment else 'target'} {name}"
    return None


@pytest.fixture(scope="module")
def pytest_options(request: pytest.FixtureRequest) -> set[str]:
    """The long options of pytest in this project."""
    parser = request.config._parser
    groups = [*parser._groups, parser._anonymous]
    return {name for group in groups for each in group.options for name in each.names()} | {"--help"}


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name_of
)  # it names commands that are gone
def test_the_commands_and_options_on_a_page_exist(page: Path, pytest_options: set[str]) -> None:
    found = {line: wrong(line, pytest_options) for line in commands(text_of(page))}
    assert {line: why for line, why in found.items() if why} == {}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("make nonsense", "no target nonsense"),
        ("make bench NONSENSE=1", "no variable NONSENSE"),
        ("concurbench nonsense", "no command nonsense"),
        ("concurbench summary --nonsense", "no option --nonsense"),
        ("concurbench summary --group x", None),
        ("concurbench gate main -- --benchmark-compare", None),
        ("python -m studies.gate --from x --nonsense=1", "no option --nonsense"),
        ("python -m nonsense", "no module nonsense"),
        ("pytest --benchmark-compare --nonsense", "no option --nonsense"),
        ("make bench PYTHON=3.13 ARGS=--x", None),
    ],
)
def test_a_command_or_option_that_does_not_exist_is_found(
    line: str, why: str | None, pytest_options: set[str]
) -> None:
    assert wrong(line, pytest_options) == why


def test_commands_are_found_in_code_blocks_and_spans_but_not_in_output() -> None:
    text = (
        "```sh\n$ make bench  # all\nconcurbench run | tee x\n```\nSee `python -m x.y --z` and `run`.\n"
        "<!-- [[[cog x ]]] -->\n```text\nmake this\n```\n<!-- [[[end]]] -->\n"
    )
    assert list(commands(text)) == ["make bench", "concurbench run", "python -m x.y --z"]
