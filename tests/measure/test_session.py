"""What a session of benchmarks checks, saves and shows; most of them run in this process."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from concurbench import machine
from concurbench.measure import session
from concurbench.measure.lock import SessionLock
from tests.conftest import Suite

COMPLETE = re.compile(r"\d{4}_.*\.json")

WRONG = '''
    """Wrong on purpose."""

    def run(job, *, workers):
        return -1
    '''


def said(result: pytest.RunResult) -> str:
    """All that a session printed, without the folders of this machine."""
    return result.stdout.str() + result.stderr.str()


def numbers(suite: Suite) -> list[str]:
    return [name[:4] for name in suite.saved if COMPLETE.fullmatch(name)]


# -- saving --


def test_complete_runs_are_numbered_in_turn(suite: Suite) -> None:
    assert suite.run_here().ret == 0
    assert suite.run_here("benchmarks").ret == 0
    assert numbers(suite) == ["0001", "0002"]


def test_a_saved_run_holds_every_round_and_the_facts_of_each_row(suite: Suite) -> None:
    suite.run_here()
    run = suite.load("0001_*")
    assert [path.name for path in suite.path.glob("results/*")] == [machine.folder()]
    assert run["concurbench"]["complete"] is True
    assert "hz_actual" not in json.dumps(run["machine_info"])
    [row] = [row for row in run["benchmarks"] if row["param"] == "threaded-few-w02"]
    assert len(row["stats"]["data"]) == row["stats"]["rounds"]
    info = row["extra_info"]
    assert (info["workload"], info["model"], info["case"], info["workers"]) == (
        "toy",
        "threaded",
        "few",
        2,
    )
    assert (info["server"], info["items"], info["start_method"]) == (None, 3, None)
    assert len(info["fingerprint"]) == 16
    assert (info["bounds"], info["capacity_near"], info["yardstick"]) == ({}, 2.0, "c_code")
    assert run["concurbench"]["workloads"] == {
        "toy": {
            "question": "What does it cost to add numbers?", "criterion": "time", "bound": None,
            "cost_question": False, "explanations": {}, "words": {}, "surprises": [],
        }
    }  # fmt: skip
    assert not {"limit", "efficiency", "doubt", "disturbed"} & info.keys()


def test_parallel_capacity_is_that_of_the_workers_but_of_no_more_than_there_are_items(
    suite: Suite,
) -> None:
    suite.run_here("--models=threaded", "--cases=few", "--workers=2,64", "--benchmark-save=kept")
    rows = suite.load("kept.json")["benchmarks"]
    assert [row["extra_info"]["capacity_near"] for row in rows] == [2.0, 3.0]


def test_nothing_else_is_measured_where_the_gate_controls_the_rounds(suite: Suite) -> None:
    suite.write(
        "stepping.py",
        """
        def pytest_configure(config):
            config.pluginmanager.register(object(), "concurbench-stepped")
        """,
    )
    suite.run_here("-p", "stepping", "--cases=few", "--benchmark-save=kept")
    run = suite.load("kept.json")
    assert run["concurbench"]["yardsticks"] == []
    assert not any("capacity_near" in row["extra_info"] for row in run["benchmarks"])


def test_a_narrowed_run_is_not_saved_and_names_each_way_it_was_narrowed(suite: Suite) -> None:
    result = suite.run_here(
        "-k", "few", "benchmarks/test_toy.py::test_toy", "--ignore=nothing", "--cases=smallest",
        "--models=sequential,threaded", "--workers=3", "--seconds-per-row=1", "--http-server=mock",
        "--http-delay=0.01", "-o", "python_files=test_*.py", "--benchmark-timer=time.process_time",
        "--benchmark-disable-gc", "--losses",
    )  # fmt: skip
    assert result.ret == 0
    assert suite.saved == []
    [note] = [line for line in result.stdout.lines if line.startswith("note: not a complete run")]
    assert note.endswith(
        "--cases=smallest; --models=sequential,threaded; --workers=3; --seconds-per-row=1.0; "
        "--http-server=mock; --http-delay=0.01; --losses; only some paths were selected; "
        "files were ignored; the configuration was overridden; measured with --benchmark-timer; "
        "measured with --benchmark-disable-gc"
    )


@pytest.mark.parametrize(
    "argument", ["--deselect=benchmarks/test_toy.py::test_toy[threaded-few-w02]", "-ktoy"]
)
def test_only_a_selection_that_leaves_rows_out_narrows(suite: Suite, argument: str) -> None:
    narrowed = "rows were deselected" in said(suite.run_here(argument))
    assert narrowed is argument.startswith("--deselect")
    assert numbers(suite) == ([] if narrowed else ["0001"])


def test_a_narrowed_run_is_saved_on_request_without_a_number(suite: Suite) -> None:
    suite.run_here("--models=threaded", "--benchmark-save=0007_mine")
    assert suite.saved == ["partial_0007_mine.json"]
    assert suite.load("*.json")["concurbench"]["complete"] is False


def test_a_complete_run_saved_under_a_name_is_numbered_as_well(suite: Suite) -> None:
    suite.run_here("--benchmark-save=mine")
    assert suite.saved == ["0001_mine.json"]


def test_a_failed_run_is_no_baseline(suite: Suite) -> None:
    suite.write("impls/toy/wrong.py", WRONG)
    result = suite.run_here()
    assert result.ret == 1
    assert suite.saved == []
    assert "2 of 6 rows failed" in said(result)
    assert "\nFAILED benchmarks/test_toy.py::test_toy[wrong-few-w02]" in said(result)


def test_a_run_stopped_at_its_first_failure_counts_the_rows_that_never_ran(suite: Suite) -> None:
    suite.write("impls/toy/aaa_wrong.py", WRONG)
    result = suite.run_here("-x")
    assert "1 of 6 rows failed; 5 of 6 rows never ran" in said(result)


def test_an_interrupted_run_is_no_baseline_and_shows_what_it_has(suite: Suite) -> None:
    suite.write(
        "impls/toy/zzz_interrupted.py",
        '''
        """Ctrl-C, in the middle of the second round."""
        calls = []

        def run(job, *, workers):
            calls.append(job)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return sum(job.numbers)
        ''',
    )
    result = suite.run_here("--benchmark-save=kept")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "never ran" in said(result)
    saved = {row["param"] for row in suite.load("kept.json")["benchmarks"]}
    assert saved == {"sequential-few-w01", "threaded-few-w02"}


def test_nothing_is_lost_when_the_folder_fails_at_the_end(suite: Suite) -> None:
    suite.write(
        "impls/toy/zzz_saboteur.py",
        '''
        """Puts a file in the way of the results."""
        from pathlib import Path

        def run(job, *, workers):
            results = Path("results")
            if results.is_dir():
                results.rmdir()
                results.write_text("in the way")
            return sum(job.numbers)
        ''',
    )
    result = suite.run_here()
    assert "cannot write" in said(result)
    [kept] = suite.temporary.glob("concurbench-*/*.json")
    assert len(json.loads(kept.read_text())["benchmarks"]) == 6


# -- right before fast --


def test_a_wrong_answer_leaves_no_time_anywhere(suite: Suite) -> None:
    suite.write("impls/toy/wrong.py", WRONG)
    result = suite.run_here("--benchmark-save=kept")
    assert "expected 3, got -1" in said(result)
    models = {row["extra_info"]["model"] for row in suite.load("kept.json")["benchmarks"]}
    assert models == {"sequential", "threaded"}
    # pytest's own summary tells the whole failure again where CI is set.
    before_pytests_summary = said(result).partition("short test summary")[0]
    after_the_failures = before_pytests_summary.rpartition("assert -1 == ")[2]
    assert "toy · few" in after_the_failures
    assert "toy[threaded-" in after_the_failures
    assert not re.search(r"^(toy\[)?wrong", after_the_failures, re.MULTILINE)


def test_an_answer_that_turns_wrong_in_a_later_round_leaves_no_time(suite: Suite) -> None:
    suite.write(
        "impls/toy/tiring.py",
        '''
        """Right three times."""
        calls = []

        def run(job, *, workers):
            calls.append(job)
            return sum(job.numbers) if len(calls) <= 3 else 0
        ''',
    )
    result = suite.run_here("--models=tiring", "--benchmark-save=kept", "--cases=few")
    assert result.ret == 1
    assert suite.saved == []
    assert "Name (time" not in said(result)


def test_disabled_benchmarks_run_each_model_once_and_check_it(suite: Suite) -> None:
    suite.write(
        "impls/toy/counting.py",
        '''
        """Leaves a mark for each call."""

        def run(job, *, workers):
            with open("calls", "a") as file:
                file.write("x")
            return sum(job.numbers)
        ''',
    )
    assert suite.run_here("--benchmark-disable").ret == 0
    assert (suite.path / "calls").read_text() == "x"
    suite.write("impls/toy/wrong.py", WRONG)
    assert suite.run_here("--benchmark-disable").ret == 1
    assert suite.saved == []


def test_a_row_that_times_nothing_costs_no_other_row_its_time(suite: Suite) -> None:
    suite.write("benchmarks/test_idle.py", "def test_idle(benchmark):\n    pass")
    result = suite.run_here("--benchmark-save=kept")
    assert "1 of 5 rows timed nothing" in said(result)
    assert len(suite.load("kept.json")["benchmarks"]) == 4


def test_with_asserts_disabled_nothing_is_measured(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    optimized = SimpleNamespace(flags=SimpleNamespace(optimize=1))
    monkeypatch.setattr(session, "sys", optimized)
    result = suite.run_here()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "python -O disables assert, so answers would not be checked: run without -O" in said(result)


# -- models that cannot run --


def test_a_missing_package_costs_one_row_and_the_run_is_complete(suite: Suite) -> None:
    suite.write(
        "impls/toy/lacking.py",
        '''
        """Needs what is not there."""
        import no_such_package

        REQUIRES = ("no_such_package",)
        ''',
    )
    result = suite.run_here()
    assert result.ret == 0
    assert "2 rows skipped: 2 × no package no_such_package" in said(result)
    assert numbers(suite) == ["0001"]
    assert set(suite.load("0001_*")["concurbench"]["skipped"].values()) == {
        "no package no_such_package"
    }


def test_a_mistyped_import_is_an_error_not_a_skip(suite: Suite) -> None:
    suite.write("impls/toy/mistyped.py", '"""Mistyped."""\nfrom concurrent import futuresss')
    result = suite.run_here("--models=mistyped", "--cases=few")
    assert result.ret == 1
    result.assert_outcomes(failed=1)


def test_dropping_in_one_file_adds_its_rows(suite: Suite) -> None:
    suite.write("impls/toy/new.py", (suite.path / "impls/toy/threaded.py").read_text())
    result = suite.run_here("--collect-only", "-q", "--workers=5")
    assert "test_toy[new-few-w05]" in said(result)
    assert "test_toy[new-many-w05]" in said(result)


def test_models_that_are_not_default_run_only_when_selected(suite: Suite) -> None:
    suite.write(
        "impls/toy/rare.py", '"""Rare."""\nDEFAULT = False\n\ndef run(job, *, workers):\n    pass'
    )
    assert "rare" not in said(suite.run_here("--collect-only", "-q"))
    assert "rare" in said(suite.run_here("--collect-only", "-q", "--models=all"))


def test_a_model_has_no_row_in_a_case_that_makes_no_sense_for_it(suite: Suite) -> None:
    suite.write("impls/toy/small.py", """
        '''Made up.'''
        CASES = ("few",)
    """)  # fmt: skip
    collected = said(suite.run_here("--collect-only", "-q", "--models=all"))
    assert "small-few" in collected
    assert "small-many" not in collected
    assert "threaded-many" in collected


def test_a_model_may_be_default_in_some_cases_and_the_rows_left_out_are_counted(suite: Suite) -> None:
    suite.write(
        "impls/toy/some.py",
        '"""Some."""\nDEFAULT = ("few",)\n\ndef run(job, *, workers):\n    return sum(job.numbers)',
    )
    output = said(suite.run_here())
    assert "toy[some-few-w" in output
    assert "toy[some-many-w" not in output
    assert "Default models only; 1 more row with --models=all" in output
    assert "by default" not in said(suite.run_here("--models=all"))
    assert suite.saved[0].startswith("0001_")


# -- comparing --


def test_comparing_without_a_run_is_a_note_not_an_error(suite: Suite) -> None:
    result = suite.run_here("--benchmark-compare")
    assert result.ret == 0
    assert "nothing to compare with yet" in said(result)


def test_comparing_takes_the_last_complete_run(suite: Suite) -> None:
    suite.run_here()
    [path] = suite.path.glob("results/*/0001_*")
    (path.parent / "later.json").write_text(path.read_text())
    result = suite.run_here("--benchmark-compare")
    assert result.ret == 0
    assert "vs 0001" in said(result)
    assert "(NOW)" in said(result)
    assert "compared despite" not in said(result)


def test_saving_and_comparing_work_from_another_folder(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.run_here()
    monkeypatch.chdir(suite.path / "impls")
    result = suite.run_here("../benchmarks", "--benchmark-compare")
    assert result.ret == 0
    assert "vs 0001" in said(result)
    assert numbers(suite) == ["0001", "0002"]


def test_comparing_names_what_changed_about_the_machine(suite: Suite) -> None:
    suite.run_here()
    [path] = suite.path.glob("results/*/0001_*")
    run = json.loads(path.read_text())
    run["machine_info"]["packages"]["httpx"] = "0.1"
    run["machine_info"]["kernel"] = "other"
    path.write_text(json.dumps(run))
    result = suite.run_here("--benchmark-compare=0001")
    assert re.search(
        r"compared despite differences: kernel: other → .*, packages.httpx: 0.1 → ", said(result)
    )


def test_rows_of_different_work_are_not_compared(suite: Suite) -> None:
    suite.run_here()
    workload = suite.path / "impls/toy/__init__.py"
    workload.write_text(workload.read_text().replace("Case(3, 2)", "Case(4, 2)"))
    output = said(suite.run_here("--benchmark-compare"))
    assert "not compared, because the work differs: toy[threaded-few-w02]" in output
    assert "toy[threaded-many-w02] (NOW)" in output.replace(f"w{machine.usable_cores():02}", "w02")
    assert "toy[threaded-few-w02] (0001" not in output


def test_a_corrupt_result_is_named_and_skipped(suite: Suite) -> None:
    suite.run_here()
    [path] = suite.path.glob("results/*/0001_*")
    (path.parent / "0002_broken.json").write_text('{"benchmarks": [')
    (path.parent / "0003_other.json").write_text('{"benchmarks": [{}], "machine_info": {}}')
    result = suite.run_here("--benchmark-compare")
    assert result.ret == 0
    assert re.search(r"note: \S*0002_broken.json: not a saved run", said(result))
    assert re.search(r"note: \S*0003_other.json: not a saved run", said(result))
    assert "vs 0001" in said(result)
    assert numbers(suite) == ["0001", "0002", "0003", "0004"]


def test_a_run_that_got_too_slow_fails_and_is_no_baseline(suite: Suite) -> None:
    suite.run_here()
    [path] = suite.path.glob("results/*/0001_*")
    run = json.loads(path.read_text())
    for row in run["benchmarks"]:
        row["stats"]["median"] = 1e-12
    path.write_text(json.dumps(run))
    result = suite.run_here("--benchmark-compare", "--benchmark-compare-fail=median:5%")
    assert result.ret == 1
    assert numbers(suite) == ["0001"]
    assert "slower than --benchmark-compare-fail allows: toy[threaded-few-w02]" in said(result)
    assert "Traceback" not in said(result)


# -- usage errors: one sentence, exit code 4 --


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("--cases=som", "--cases: no 'som': choose from few, many"),
        ("--models=som", "--models: no 'som': choose from sequential, threaded"),
        ("--workers=0", "expected whole numbers from 1, got '0'"),
        ("--http-connect-delay=-1", "expected seconds from 0 to 10.0, got '-1'"),
        ("--http-delay=nan", "expected seconds from 0 to 10.0, got 'nan'"),
        ("--dask-scheduler=", "expected an address such as tcp://host:8786, got ''"),
        ("--server-python=/nowhere/python", "no interpreter /nowhere/python"),
        ("--seconds-per-row=0", "expected seconds above 0, got '0'"),
        ("--http-server=other", "invalid choice"),
        ("--benchmark-compare=0007", "--benchmark-compare: no run '0007' in"),
        ("--benchmark-json=/nowhere/x.json", "--benchmark-json: cannot write /nowhere/x.json"),
        ("--benchmark-storage=", "--benchmark-storage needs a folder"),
        ("--benchmark-compare-fail=median:5%", "--benchmark-compare-fail needs --benchmark-compare"),
    ],
)
def test_a_wrong_option_is_one_sentence(suite: Suite, argument: str, sentence: str) -> None:
    result = suite.run_here(argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert sentence in said(result)
    assert "Traceback" not in said(result)


def test_a_path_after_the_compare_option_is_an_error(suite: Suite) -> None:
    result = suite.run_here("--benchmark-compare", "benchmarks")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "pytest benchmarks --benchmark-compare" in said(result)


def test_results_that_cannot_be_written_are_an_error_before_measuring(suite: Suite) -> None:
    (suite.path / "results").write_text("a file, where a folder should be")
    result = suite.run_here()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "cannot save the run to" in said(result)
    assert "--benchmark-storage=DIRECTORY" in said(result)
    assert "Traceback" not in said(result)


def test_a_second_session_is_refused_while_one_measures(suite: Suite) -> None:
    lock = SessionLock(suite.temporary)
    lock.acquire("somewhere else")
    try:
        result = suite.run_here()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "another benchmark session is running" in said(result)
        assert "somewhere else" in said(result)
        assert suite.run_here("--benchmark-disable").ret == 0
    finally:
        lock.release()


# -- what is shown --


def test_each_row_has_a_line_with_its_number_and_the_time_left(suite: Suite) -> None:
    output = said(suite.run_here())
    assert re.search(r"\[2/4\] toy\[threaded-few-w02\] .* rounds, about \d+ s left\n", output)
    assert re.search(r"\[1/4\] toy\[sequential-few-w01\] +[\d.]+ .?s, \d+ rounds", output)
    assert "[4/4]" in output


def test_a_session_ends_with_the_file_and_the_overview_and_has_tables_where_it_is_verbose(
    suite: Suite,
) -> None:
    output = said(suite.run_here())
    assert "best possible" not in output
    assert re.search(r"saved results/\S+/0001_\S+\.json", output)
    about, few, many, *_ = output.rpartition(".json")[2].split("\n")[2:]
    assert about.endswith("1 pass")
    assert few.startswith("toy · few   ")
    assert many.startswith("toy · many  ")
    verbose = said(suite.run_here("-v"))
    assert verbose.index("× best") < verbose.index("saved results") < verbose.rindex("toy · many  ")


def test_a_suite_without_benchmarks_is_left_alone(suite: Suite) -> None:
    suite.write("tests/test_plain.py", "def test_plain():\n    assert True")
    output = said(suite.run_here("tests"))
    assert "1 passed" in output
    assert "note:" not in output
    assert not Path(suite.path / "results").exists() or not any((suite.path / "results").iterdir())


# -- unexpected skips --


def test_an_unexpected_skip_fails_the_session(suite: Suite) -> None:
    suite.write("impls/toy/lacking.py", '"""Lacks."""\nREQUIRES = ("no_such_package",)')
    expected = suite.write("expected", "# for this one\nno package no_such_.*")
    assert suite.run_here("--benchmark-disable", f"--expected-skips={expected}").ret == 0
    expected.write_text("no package no_such\n")
    result = suite.run_here(f"--expected-skips={expected}", "--color=yes")
    assert result.ret == 1
    assert suite.saved == []
    red = "\x1b[31merror: unexpected skip: benchmarks/test_toy.py::test_toy[lacking-few-w02]"
    assert red in said(result)
