"""The command ``run`` from outside, on a suite that takes no time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from concurbench.cli import main
from concurbench.measure.lock import SessionLock
from concurbench.runner.child import PytestSuite
from concurbench.runner.workspace import PREFIX
from tests.conftest import ROOT, Suite, heed_signals, until

SLOW = '''
    """Sleeps."""
    import time

    def run(job, *, workers):
        time.sleep(0.2)
        return sum(job.numbers)
    '''

WRONG_LATER = '''
    """Right in the first pass, wrong in the later ones."""
    from pathlib import Path

    def run(job, *, workers):
        seen = Path(__file__).with_suffix(".seen")
        with seen.open("a") as file:
            file.write(".")
        return sum(job.numbers) if len(seen.read_text()) < 3 else -1
    '''


NOTING = '''
    """Notes in which process it is, and how many numbers it is given."""
    import os
    from pathlib import Path

    def run(job, *, workers):
        with Path(__file__).with_suffix(".log").open("a") as file:
            file.write(f"{os.getpid()} {len(job.numbers)}\\n")
        return sum(job.numbers)
    '''


@pytest.fixture(autouse=True)
def here(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(suite.path)
    monkeypatch.setattr("tempfile.tempdir", None)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", *arguments], catch_exceptions=False)


def noted(suite: Suite) -> dict[str, list[str]]:
    """Process -> the counts that its rounds have noted, in order."""
    by_process: dict[str, list[str]] = {}
    for line in (suite.path / "impls/toy/threaded.log").read_text().splitlines():
        process, count = line.split()
        by_process.setdefault(process, []).append(count)
    return by_process


def passes(saved: dict[str, Any], row: str) -> list[int]:
    [found] = [each for each in saved["benchmarks"] if f"[{row}]" in each["fullname"]]
    return [each["number"] for each in found["extra_info"]["passes"]]


def test_several_passes_are_saved_as_one_run_that_can_be_compared_with(suite: Suite) -> None:
    done = run("--passes", "3")
    assert done.exit_code == 0, done.output
    assert "± 60 % prediction interval of the next run's median (3 passes)" in done.output
    assert [name[:5] for name in suite.saved] == ["0001_"]
    saved = suite.load("0001_*")
    assert saved["concurbench"]["complete"] is True
    assert passes(saved, "sequential-few-w01") == [1, 2, 3]
    result = suite.run("--benchmark-compare")
    assert "vs 0001" in result.stdout.str()
    again = run("--passes", "3", "--benchmark-compare")
    assert again.exit_code == 0, again.output
    assert "vs 0002" in again.output
    assert [name[:5] for name in suite.saved] == ["0001_", "0002_", "0003_"]


def test_a_plain_session_says_that_it_is_one_pass(suite: Suite) -> None:
    assert "± spread of the rounds in one pass" in suite.run().stdout.str()


def test_each_pass_is_a_process_of_its_own_and_has_another_order(suite: Suite) -> None:
    suite.write("impls/toy/threaded.py", NOTING)
    run("--passes", "3")
    first, _, third = noted(suite).values()
    assert (first[-1], third[-1]) == ("30", "3")


def test_the_untimed_round_is_of_the_smallest_case(suite: Suite) -> None:
    suite.write("impls/toy/threaded.py", NOTING)
    run("--passes", "1", "--cases=many", "--models=threaded")
    [[first, *others]] = noted(suite).values()
    assert (first, {*others}) == ("3", {"30"})


def test_a_row_that_fails_in_one_pass_is_in_no_run(suite: Suite) -> None:
    suite.write("impls/toy/wrong_later.py", WRONG_LATER)
    done = run("--passes", "3", "--cases=few")
    assert done.exit_code == 1
    assert "FAILED benchmarks/test_toy.py::test_toy[wrong_later-few-w02]" in done.output
    assert "wrong_later  " not in done.output
    assert suite.saved == []
    assert "1 of 3 rows failed" in done.output


def test_a_row_that_failed_is_not_visited_again(suite: Suite) -> None:
    suite.write("impls/toy/threaded.py", NOTING.replace("return sum(job.numbers)", "return -1"))
    run("--passes", "3", "--cases=few")
    assert len(noted(suite)) == 1


def test_where_all_rows_take_long_each_is_visited_in_each_pass(suite: Suite) -> None:
    suite.write("impls/toy/slow.py", SLOW.replace("0.2", "1.0"))
    done = run("--passes", "2", "--models=slow", "--cases=few", "--benchmark-save=x")
    assert done.exit_code == 0
    assert passes(suite.load("x.json"), "slow-few-w02") == [1, 2]


def test_a_model_that_is_edited_between_two_passes_has_failed(suite: Suite) -> None:
    suite.write(
        "impls/toy/threaded.py",
        '''
        """Edits itself."""
        from pathlib import Path

        def run(job, *, workers):
            with Path(__file__).open("a") as file:
                file.write("# edited\\n")
            return sum(job.numbers)
        ''',
    )
    done = run("--passes", "2", "--cases=few")
    assert done.exit_code == 1
    assert "[threaded-few-w02]: it was changed while it was measured" in done.output


def test_the_folder_of_results_may_be_named_in_the_configuration(suite: Suite) -> None:
    text = (suite.path / "pyproject.toml").read_text()
    option = '"--benchmark-name=short",'
    suite.write("pyproject.toml", text.replace(option, f'{option} "--benchmark-storage=file://kept",'))
    assert run("--passes", "1").exit_code == 0
    assert [path.name[:5] for path in suite.path.glob("kept/*/*.json")] == ["0001_"]


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        ("def pytest_sessionfinish(session):\n    session.exitstatus = 1", "ended with exit code 1"),
        (
            "import pytest\n\ndef pytest_runtest_setup(item):\n"
            "    if 'many' in item.name:\n        pytest.skip('lost')",
            "skipped, and not expected to be",
        ),
    ],
)
def test_a_pass_that_fails_for_another_reason_than_a_row_fails_the_run(
    suite: Suite, plugin: str, told: str
) -> None:
    suite.write("fails.py", plugin)
    suite.write("expected", "nothing")
    done = run("--passes", "1", "-p", "fails", "--expected-skips=expected")
    assert done.exit_code == 1
    assert told in done.output
    assert suite.saved == []


def test_what_is_not_complete_is_saved_on_request_without_a_number(suite: Suite) -> None:
    done = run("--passes", "1", "--cases=few", "--benchmark-save=mine")
    assert done.exit_code == 0
    assert suite.saved == ["mine.json"]
    assert "not a complete run, so no baseline: --cases=few" in done.output


def test_arguments_it_does_not_know_go_to_pytest(suite: Suite) -> None:
    done = run("--passes", "1", "-k", "few and threaded", "--benchmark-json=out.json", "-q")
    assert done.exit_code == 0, done.output
    [row] = json.loads((suite.path / "out.json").read_text())["benchmarks"]
    assert row["param"] == "threaded-few-w02"


def test_what_got_slower_than_is_allowed_fails_and_is_no_baseline(suite: Suite) -> None:
    assert run("--passes", "1").exit_code == 0
    suite.write("impls/toy/threaded.py", SLOW)
    done = run("--passes", "1", "--benchmark-compare", "--benchmark-compare-fail=median:500%")
    assert done.exit_code == 1
    assert "slower than --benchmark-compare-fail allows: toy[threaded-few-w02]" in done.output
    assert len(suite.saved) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["-k", "nothing"], "no benchmarks to measure"),
        (["--models=nobody"], "--models: no 'nobody'"),
        (["--benchmark-compare=7"], "--benchmark-compare: no run '7'"),
        (["--benchmark-compare-fail=median:5%"], "needs --benchmark-compare beside it"),
        (["--benchmark-compare", "--benchmark-compare-fail=x"], "expected an expression as median:10%"),
        (["--benchmark-json=nowhere/x.json"], "nowhere/x.json cannot be written"),
        (["--passes", "0"], "0 is not in the range"),
        (["--benchmark-save=x/y"], "--benchmark-save: Must not contain"),
        (["--benchmark-save="], "--benchmark-save: Can't be empty"),
        (["--collect-only"], "--collect-only: nothing would be timed"),
        (["-n", "2"], "-n: nothing would be timed"),
        (
            ["--benchmark-compare", "--benchmark-compare-fail=median:5%"],
            "--benchmark-compare-fail: nothing to compare with yet",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence_before_anything_is_measured(
    suite: Suite, arguments: list[str], sentence: str
) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert sentence in done.output
    assert "Traceback" not in done.output
    assert "pass 1" not in done.output
    assert suite.saved == []


def test_nobody_else_measures_between_two_passes(suite: Suite) -> None:
    lock = SessionLock()
    lock.acquire("a test")
    try:
        done = run("--passes", "1")
    finally:
        lock.release()
    assert done.exit_code == 2
    assert "another benchmark session is running" in done.output


def test_a_run_of_two_passes_shows_both_and_claims_nothing(suite: Suite) -> None:
    done = run("--passes", "2", "--cases=few")
    assert "± range of the passes: a prediction interval needs at least 3" in done.output


def test_a_row_visited_once_has_no_spread(suite: Suite) -> None:
    suite.write("impls/toy/slow.py", SLOW.replace("0.2", "1.0"))
    done = run("--passes", "2", "--models=slow,threaded", "--cases=few")
    [line] = [line for line in done.output.splitlines() if line.startswith("slow ")]
    assert "±" not in line


def test_the_folder_of_results_may_be_named_as_pytest_benchmark_names_it(suite: Suite) -> None:
    assert run("--passes", "1", f"--benchmark-storage=file://{suite.path / 'mine'}").exit_code == 0
    assert [path.name[:5] for path in suite.path.glob("mine/*/*.json")] == ["0001_"]


def test_a_run_that_breaks_off_keeps_the_passes_that_are_complete(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(suite.path / "state"))
    suite.write(
        "impls/toy/breaks.py",
        '''
        """Ends its process in the second pass."""
        import os
        from pathlib import Path

        def run(job, *, workers):
            seen = Path(__file__).with_suffix(".seen")
            with seen.open("a") as file:
                file.write(f"{os.getpid()}\\n")
            if len(set(seen.read_text().split())) > 1:
                os._exit(3)
            return sum(job.numbers)
        ''',
    )
    done = run("--passes", "3")
    assert done.exit_code == 1
    assert "1 of 3 passes" in done.output
    [kept] = (suite.path / "state").glob("concurbench/runs/*.json")
    assert f"saved {kept.relative_to(suite.path)}" in done.output
    assert suite.saved == []


def test_ctrl_c_keeps_what_is_complete_and_leaves_nothing_behind(suite: Suite) -> None:
    suite.write("impls/toy/slow.py", SLOW)
    code = "from concurbench.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "run", "--passes=9", "--benchmark-save=cut", "--cases=few"],
        cwd=suite.path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    )
    assert process.stderr
    while "pass 3 of 9" not in (line := process.stderr.readline()):
        assert line, "it ended too early"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "2 of 9 passes" in output
    assert suite.saved == ["cut.json"]
    until(lambda: not list(suite.temporary.glob(f"{PREFIX}*")))


def test_a_disk_that_fails_between_two_passes_loses_none_that_is_complete(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(suite.path / "state"))
    measure = PytestSuite.measure

    def fails_later(self: PytestSuite, python: Any, rows: Any = None) -> Any:
        if rows is not None:
            raise OSError(28, "No space left on device")
        return measure(self, python)

    monkeypatch.setattr(PytestSuite, "measure", fails_later)
    done = run("--passes", "3")
    assert done.exit_code == 1
    assert "No space left on device" in done.output
    assert "1 of 3 passes" in done.output
    assert [*(suite.path / "state").glob("concurbench/runs/*.json")]
