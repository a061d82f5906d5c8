"""The commands ``concurbench``, ``summary`` and ``list``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from concurbench import machine
from concurbench.cli import main
from concurbench.command import SUITE_OPTIONS
from concurbench.report.text import as_text
from concurbench.results import index
from concurbench.runner import listing
from concurbench.runner.child import CollectedRow
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
    assert [line for line in shown.output.splitlines() if "threaded" in line] == [
        "flags   threaded, sequential 4.0 ×",
        "primes  threaded, sequential 4.0 ×",
    ]
    assert summary(run.parent).output == shown.output
    assert summary(f"{run.parent}/1").output == shown.output


def test_a_pipe_gets_80_columns_without_colours_and_without_blanks_at_the_ends_of_lines(
    run: Path,
) -> None:
    content = json.loads(run.read_text())
    content["concurbench"]["notes"] = ["a long one, bent between words " * 5]
    run.write_text(json.dumps(content))
    assert summary(run).output.endswith("tables and 1 note: add --all\n")
    shown = summary(run, "--all").output
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


@pytest.fixture
def decided(run: Path) -> Path:
    """A saved run of three passes: threads are faster, processes need less memory."""
    rows = [
        {
            "fullname": f"test_flags[{model}]",
            "name": model,
            "group": "flags",
            "extra_info": {
                "model": model,
                "metrics": {"memory": {"unit": "B", "better": "lower", "values": [memory]}},
                "passes": [{"number": n, "seconds": [seconds] * 3} for n in (1, 2, 3)],
            },
            "stats": stats(seconds, seconds, seconds),
        }
        for model, seconds, memory in (("threaded", 1.0, 2e6), ("processes", 1.08, 1e6))
    ]
    content = {**json.loads(run.read_text()), "benchmarks": rows}
    path = run.with_name("0002_x.json")
    path.write_text(json.dumps(content))
    return path


def test_it_says_what_to_take_by_time_or_by_another_criterion(decided: Path) -> None:
    assert summary(decided).output.splitlines()[1:3] == [
        "flags                 threaded",
        "  not processes: 1.08 × slower",
    ]
    by_memory = summary(decided, "--by", "memory").output.splitlines()
    assert by_memory[1:3] == [
        "flags                 processes",
        "  memory 977 KiB · not threaded: 1.9 MiB",
    ]
    done = summary(decided, "--by", "nonsense")
    assert done.exit_code == 2
    assert "choose from time, memory" in done.output
    for given in (("--by", "time"), ("--margin", "5%")):
        assert f"{given[0]} is for a single run" in summary(decided, decided, *given).output


def test_a_larger_margin_makes_more_models_as_good(decided: Path) -> None:
    assert "or processes (as good)" in summary(decided, "--margin", "10%").output
    assert "expected a share" in summary(decided, "--margin", "5").output


def test_all_also_shows_the_tables_before_the_overview(decided: Path) -> None:
    shown = summary(decided, "--all").output
    assert (
        shown.index("× best") < shown.index("all intervals of a group") < shown.index("not processes")
    )
    assert "× best" not in summary(decided).output


def test_what_cannot_be_shown_is_one_sentence_and_exit_code_2(run: Path, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    (tmp_path / "empty").mkdir()
    for arguments, sentence in (
        ([tmp_path / "x.json"], "not a saved run"),
        ([tmp_path / "empty"], "no complete run in"),
        ([run, "--group", "other"], "it has flags, primes"),
        ([run, run, run], "expected a run, or BASE and HEAD"),
    ):
        done = summary(*arguments)
        assert done.exit_code == 2
        assert sentence in done.output
        assert "Traceback" not in done.output


@pytest.fixture
def results(run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results folder of the current folder; it has no runs yet."""
    monkeypatch.chdir(run.parent)
    folder = run.parent / "results"
    folder.mkdir()
    return folder


def save(run: Path, folder: Path, number: str, model: str) -> None:
    folder.mkdir(exist_ok=True)
    file = folder / f"{number}_abc_20261124_041943.json"
    file.write_text(run.read_text().replace("threaded", model))


def test_a_number_is_a_run_of_this_machine_and_two_runs_are_baseline_and_head(
    run: Path, results: Path
) -> None:
    save(run, results / machine.folder(), "0001", "older")
    save(run, results / machine.folder(), "0002", "newer")
    assert "older" in summary("0001").output
    assert "newer" in summary("2").output
    assert "newer" in summary().output
    both = summary("0001", "0002").output
    assert "vs 0001" in both
    assert "newer" in both
    assert "older" in summary(f"{machine.folder()}/1").output


def test_a_run_that_does_not_exist_is_answered_with_those_that_do(run: Path, results: Path) -> None:
    assert "holds no runs" in summary("0003").output
    save(run, results / "other-machine", "0001", "threaded")
    for asked in ("0003", "nowhere", "other-machine/0003"):
        done = summary(asked)
        assert done.exit_code == 2
        assert f"no run '{asked}'" in done.output
        assert "other-machine/0001, 2026-11-24, 4 rows" in done.output


@pytest.mark.parametrize("asked", [".", "results", "results/empty"])
def test_a_folder_without_a_run_of_its_own_is_answered_with_the_runs_that_exist(
    run: Path, results: Path, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(run, results / "other-machine", "0001", "threaded")
    (results / "empty").mkdir()
    if asked == ".":
        monkeypatch.chdir(results)
    done = summary(asked)
    assert done.exit_code == 2
    assert f"no complete run in {asked}" in done.output
    assert "other-machine/0001, 2026-11-24, 4 rows" in done.output


def test_without_a_run_of_this_machine_the_newest_of_another_one_is_shown(
    run: Path, results: Path
) -> None:
    assert "make one with: concurbench run" in summary().output
    save(run, results / "other-machine", "0001", "threaded")
    done = summary()
    assert done.exit_code == 0
    first, _, rest = done.output.partition("\n")
    assert first.startswith("note: no run of this machine yet; this is 0001 of other-machine")
    assert "make one with: concurbench run" in first
    assert "primes  threaded, sequential" in rest


def test_without_arguments_it_says_what_it_is_and_names_the_commands_in_the_order_of_use() -> None:
    done = CliRunner().invoke(main, [], terminal_width=80)
    assert done.exit_code == 0
    assert "Threads, processes, asyncio" in done.output
    lines = done.output.partition("Commands:\n")[2].splitlines()
    names = ["list", "run", "summary", "matrix", "gate", "calibrate", "machine"]
    assert [line.split()[0] for line in lines] == names
    assert not [line for line in lines if line.endswith("...") or len(line) > 80]


@pytest.mark.parametrize("name", ["list", "run", "summary", "matrix", "gate", "machine"])
def test_each_command_says_its_exit_codes_and_gives_examples(name: str) -> None:
    text = CliRunner().invoke(main, [name, "--help"], terminal_width=80).output
    assert "Exit codes: 0" in text
    assert f"Examples: concurbench {name}" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", ["list", "run", "matrix"])
def test_a_command_that_runs_the_suite_shows_the_options_of_the_suite(name: str) -> None:
    text = CliRunner().invoke(main, [name, "--help"], terminal_width=80).output
    for option, _, _ in SUITE_OPTIONS:
        assert option in text
    assert "[-- PYTEST ARGUMENTS]" in text
    assert "--timeout" in text


def test_workloads_are_listed_with_their_models_cases_and_servers() -> None:
    rows = [
        CollectedRow(
            f"b.py::test_toy[{model}-{case}]", model, f"b.py::test_toy case={case} server=mock"
        )
        for model in ("sequential", "threaded")
        for case in ("few", "many")
    ]
    text = as_text(listing.workloads(rows), 80)
    assert text.split() == (
        "toy 4 rows models sequential, threaded cases few, many servers mock".split()
    )


def test_the_saved_runs_are_listed(run: Path, results: Path) -> None:
    assert "concurbench run makes one" in as_text(listing.saved_runs([]), 80)
    save(run, results / "other-machine", "0001", "threaded")
    text = as_text(listing.saved_runs(index.saved(results)), 80)
    assert text.splitlines()[1].split() == ["other-machine", "0001", "2026-11-24", "4"]
