"""``python -m programs.naps``: the story of some naps, and when the caller has the results."""

from __future__ import annotations

import re

import pytest

from tests.programs.conftest import Run

SHORT = ["--tasks=3", "--unit=0.1"]

IN_ORDER = ["result 0: 0", "result 1: 10", "result 2: 20"]


def events(story: str) -> list[str]:
    """The events, without their times."""
    return re.findall(r"^ +[\d.]+ s  +(.*)$", story, re.MULTILINE)


def results(story: str) -> list[str]:
    """The results, in the order in which the caller had them."""
    return [event for event in events(story) if event.startswith("result")]


def test_each_task_naps_and_is_done_and_then_the_caller_has_its_result(run: Run) -> None:
    result = run("naps", *SHORT, "--model=asyncio_gather")
    assert result.exit_code == 0, result.output
    for number, seconds in enumerate(["0", "0.1", "0.2"]):
        of_task = [each for each in events(result.stdout) if re.match(rf"\w+ {number}\b", each)]
        assert of_task == [
            f"task {number} naps for {seconds} s",
            f"task {number} is done",
            f"result {number}: {number * 10}",
        ]
    assert "3 results after" in result.stdout
    for drawn in ("caller", "task 1"):
        assert re.search(rf"^{drawn} +[├│▒]", result.stdout, re.MULTILINE)


def test_the_lines_of_a_task_are_indented_by_its_number(run: Run) -> None:
    output = run("naps", *SHORT, "--no-timeline").stdout
    columns = [
        next(line.index("result") for line in output.splitlines() if line.endswith(result))
        for result in IN_ORDER
    ]
    assert columns[1] - columns[0] == columns[2] - columns[1] == 4
    assert "waits" not in output  # no timeline


@pytest.mark.parametrize(
    ("model", "received", "order"),
    [
        ("threaded", IN_ORDER, "they came in the order of the tasks"),
        ("threaded_as_completed", IN_ORDER[::-1], "they came in this order: 2 1 0"),
    ],
)
def test_map_returns_results_in_order_and_as_completed_when_they_are_ready(
    run: Run, model: str, received: list[str], order: str
) -> None:
    output = run("naps", "--tasks=3", "--unit=0.5", "--longest-first", f"--model={model}").stdout
    assert results(output) == received
    assert order in output
    assert events(output).index("task 2 is done") < events(output).index("task 0 is done")
