"""``python -m programs.spinner``: a spinner that keeps moving or stands still."""

from __future__ import annotations

import re

from tests.programs.conftest import Run, Terminal


def test_the_summary_names_the_units_of_spinner_and_slow_part(run: Run) -> None:
    result = run("spinner", "--work=wait", "--seconds=1.5", "--model=threaded")
    assert result.exit_code == 0, result.output
    assert re.search(r"frames shown  \d+ of \d+ that were due, by thread 1\n", result.stdout)
    assert "s in main thread: 47 is prime" in result.stdout
    assert re.search(r"^the spinner (kept moving: each has its own|stood still)", result.stdout, re.M)


def test_a_computing_coroutine_stops_the_spinner(run: Run) -> None:
    result = run("spinner", "--model=asyncio_task", "--timeline")
    assert result.exit_code == 0, result.output
    assert "frames shown  none" in result.stdout
    assert "the spinner stood still: it shares the slow part's thread" in result.stdout
    assert "task  ┣slow━" in result.stdout


def test_a_terminal_shows_the_spinner_and_is_clean_after_ctrl_c(terminal: Terminal) -> None:
    terminal.run("programs.spinner", "--work=wait", "--seconds=600")
    frames = set()

    def has_moved(screen: str) -> bool:
        frames.update(re.findall(r"(\S) pondering!.*frame \d+,", screen))
        return len(frames) >= 2

    terminal.wait_for(has_moved)
    assert len(frames) >= 2
    terminal.press("C-c")
    screen = terminal.ended()
    assert "exit code 130" in screen
    assert "pondering" not in screen
    assert "interrupted after" in screen
    assert terminal.has_cursor()
