"""``python -m programs.watch``: any workload, its calls, its metrics, and whether it is right."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

import impls
from impls import digests
from programs.watch import DEFAULTS, WORKLOADS, _print_summary, _summarize
from tests.conftest import load
from tests.programs.conftest import Run


def test_workloads_without_a_program_of_their_own_can_be_watched(run: Run) -> None:
    result = run("watch", "--list")
    assert [line.split()[0] for line in result.stdout.splitlines() if line[0] != " "] == WORKLOADS
    assert set(DEFAULTS) == set(WORKLOADS)
    for workload, (model, case) in DEFAULTS.items():
        assert impls.find(workload, model).has(case)


@pytest.mark.parametrize(
    ("workload", "options", "calls", "line"),
    [
        ("digests", ["--model=multiprocess", "--workers=2"], 16, "the answers are right"),
        ("saving", [], 32, "stood_still: "),
        ("switching", ["--case=interval_500us"], 27, "latency: "),
        ("throttle", ["--case=uncontended"], 0, "acquire_release: "),
        ("units", ["--workers=3"], 3, "start: "),
    ],
)
def test_each_call_is_printed_and_then_the_metrics_and_the_verdict(
    run: Run, workload: str, options: list[str], calls: int, line: str
) -> None:
    result = run("watch", workload, *options)
    assert result.exit_code == 0, result.output
    call = r"^ +[\d.]+ s +[\d.]+ ms  (?:main|thread|process)"
    assert len(re.findall(call, result.stdout, re.MULTILINE)) == calls
    assert f"\n{calls} traced calls, total " in result.stdout
    assert f"\n{line}" in result.stdout
    assert "\nthe answers are right\n" in result.stdout


def test_a_model_in_a_process_of_its_own_is_watched_there(run: Run) -> None:
    load("switching", "gevent_idle")
    output = run("watch", "switching", "--model=gevent_idle").stdout
    assert "\nonly the workload's own functions are traced: gevent_idle has" in output
    assert re.search(r" process 1  +wait\(\) .*\n.* process 1, task 1  +compute\(\) ", output)
    assert "\nthe answers are right\n" in output


def test_steps_show_how_a_coroutine_suspends_and_who_resumes_it(run: Run) -> None:
    output = run("watch", "coroutines", "--model=classic", "--steps").stdout
    assert "\n0 traced calls, total " in output
    assert "\ncall: " in output
    assert "  1  run starts (by asyncio.events.Handle._run)\n" in output
    assert "  2    successors suspends\n  2    successors resumes (by run)\n" in output


def test_answers_that_are_wrong_have_no_metrics_and_fail(capsys: pytest.CaptureFixture[str]) -> None:
    job = digests.Job((b"x" * 1000,))
    summary = _summarize("digests", job, [], seconds=1.0)
    assert summary == "expected 1 buffers, got 0"
    assert _print_summary(SimpleNamespace(METRICS={}), summary)
    assert capsys.readouterr().out.startswith("the answers are wrong: expected 1")
