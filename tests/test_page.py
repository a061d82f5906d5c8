"""Pages that show what programs print."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from concurbench.cli import main
from concurbench.page import Failed, Page, printed

SHOWING = """\
# A page

<!-- program: python -c 'print("one ")' -->
as it was
<!-- /program -->

between

<!-- program: python -m two -->
<!-- /program -->
"""


def test_a_page_has_the_commands_of_its_programs_in_order() -> None:
    page = Page(Path("page.md"), SHOWING)
    assert page.commands == ["""python -c 'print("one ")'""", "python -m two"]


def test_what_is_printed_takes_the_place_of_what_was_there_and_nothing_else_changes() -> None:
    page = Page(Path("page.md"), SHOWING).renewed(lambda command: f"\n{len(command)}  \n  more\n\n")
    assert page.text == SHOWING.replace("as it was\n", "```text\n25\n  more\n```\n").replace(
        "two -->\n", "two -->\n```text\n13\n  more\n```\n"
    )


def test_a_page_can_be_renewed_again_and_again() -> None:
    page = Page(Path("page.md"), SHOWING).renewed(lambda command: "once")
    assert page.renewed(lambda command: "once") == page


def test_a_program_runs_in_a_pipe_of_80_columns_without_colours() -> None:
    said = printed("""python -c 'import os; print(os.environ["COLUMNS"], os.environ["NO_COLOR"])'""")
    assert said == "80 1\n"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("ls -l", "only commands that start with python"),
        ("""python -c 'raise SystemExit("no luck")'""", r"no luck \(exit code 1\)"),
        ("python -c pass", "it printed nothing"),
    ],
)
def test_what_cannot_be_shown_is_an_error_that_says_which_command(command: str, why: str) -> None:
    with pytest.raises(Failed, match=why) as caught:
        printed(command)
    assert str(caught.value).startswith(command)


def test_the_command_renews_the_pages_that_show_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.md").write_text("<!-- program: python -c 'print(7)' -->\n<!-- /program -->\n")
    Path("none.md").write_text("no program\n")
    result = CliRunner().invoke(main, ["docs", "one.md", "none.md"])
    assert (result.exit_code, result.stdout) == (0, "one.md: 1 program\n")
    assert "```text\n7\n```\n" in Path("one.md").read_text()
    assert Path("none.md").read_text() == "no program\n"


def test_a_page_stays_as_it_was_when_one_of_its_programs_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (
        "<!-- program: python -c 'print(7)' -->\n<!-- /program -->\n"
        "<!-- program: python -c 'raise SystemExit(3)' -->\n<!-- /program -->\n"
    )
    Path("two.md").write_text(text)
    result = CliRunner().invoke(main, ["docs", "two.md"])
    assert result.exit_code == 2
    assert "two.md is as it was" in result.stderr
    assert Path("two.md").read_text() == text


def test_no_page_with_a_program_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "none.md").write_text("no program\n")
    result = CliRunner().invoke(main, ["docs", str(tmp_path / "none.md")])
    assert result.exit_code == 2
    assert "no page that shows a program" in result.stderr
