"""The command ``concurbench summary``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from concurbench import machine
from concurbench.cli import main
from tests.conftest import stats


def summary(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["summary", *map(str, arguments)])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A saved run of two groups."""
    rows = [
        {
            "fullname": f"test_{group}[{model}]",
            "name": model,
            "group": group,
            "extra_info": {"model": model, "workers": 2},
            "stats": stats(seconds, seconds),
        }
        for group in ("flags", "primes")
        for model, seconds in (("threaded", 1.0), ("sequential", 4.0))
    ]
    path = tmp_path / "0001_x.json"
    content = {"machine_info": {}, "benchmarks": rows, "concurbench": {"complete": True}}
    path.write_text(json.dumps(content))
    return path


def test_it_shows_a_saved_run_or_the_last_one_of_a_folder(run: Path) -> None:
    shown = summary(run)
    assert shown.exit_code == 0
    assert shown.output.count("→ threaded") == 2
    assert summary(run.parent).output == shown.output
    assert summary(run.parent / "1").output == shown.output


def test_a_pipe_gets_80_columns_without_colours_and_without_blanks_at_the_ends_of_lines(
    run: Path,
) -> None:
    content = json.loads(run.read_text())
    content["concurbench"]["notes"] = ["a long one, bent between words " * 5]
    run.write_text(json.dumps(content))
    shown = summary(run).output
    assert "note: a long one" in shown
    assert "\x1b" not in shown
    for line in shown.splitlines():
        assert len(line) <= 80
        assert line == line.rstrip()


def test_a_terminal_gets_colours_unless_no_color_is_set(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    colour = re.compile(r"\x1b\[(?:\d+;)*3\d")
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colour.search(summary(run).output)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour.search(summary(run).output)


def test_it_shows_only_the_groups_asked_for(run: Path) -> None:
    shown = summary(run, "--group", "prim").output
    assert "primes" in shown
    assert "flags" not in shown


def test_what_is_no_run_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    for arguments, sentence in (
        ([tmp_path / "nowhere"], "no run 'nowhere' in"),
        ([tmp_path / "x.json"], "not a saved run"),
        ([tmp_path], "has no complete run"),
    ):
        result = summary(*arguments)
        assert result.exit_code == 2
        assert sentence in result.output
        assert "Traceback" not in result.output


def test_a_group_without_rows_is_an_error(run: Path) -> None:
    assert "no group of" in summary(run, "--group", "other").output


def test_a_number_alone_is_a_run_of_this_machine_and_no_run_the_last_one(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run.parent / "results" / machine.folder()
    folder.mkdir(parents=True)
    for number, model in (("0001", "older"), ("0002", "newer")):
        (folder / f"{number}_x.json").write_text(run.read_text().replace("threaded", model))
    monkeypatch.chdir(run.parent)
    assert "older" in summary("0001").output
    assert "newer" in summary().output
    assert "vs 0001" in summary("0002", "--compare", "0001").output
    missing = summary("0003")
    assert missing.exit_code == 2
    assert "no run '0003'" in missing.output
