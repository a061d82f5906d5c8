"""The line a row, and how much longer it says a run will take."""

from __future__ import annotations

from concurbench.report.progress import Progress, TimeLeft


def test_the_time_left_follows_an_earlier_run_at_the_speed_of_this_one() -> None:
    left = TimeLeft(["a", "b", "c"], {"a": 1.0, "b": 10.0, "c": 20.0})
    assert left.seconds() == 31.0
    left.done("a", 2.0)
    assert left.seconds() == 60.0
    left.done("b", 9.0)
    left.done("c", 9.0)
    assert left.seconds() == 0.0


def test_a_row_nobody_has_seen_is_taken_for_an_average_one() -> None:
    assert TimeLeft(["a", "b", "new"], {"a": 1.0, "b": 3.0}).seconds() == 6.0


def test_without_an_earlier_run_it_guesses_from_what_is_done() -> None:
    left = TimeLeft(["a", "b", "c"], {})
    assert left.seconds() is None
    left.done("a", 4.0)
    assert left.seconds() == 8.0


def test_a_line_is_written_when_its_row_starts_and_completed_when_it_ends() -> None:
    written: list[str] = []
    progress = Progress(["x", "y"], {}, written.append, live=False)
    progress.start("first")
    assert "".join(written).startswith("[1/2] first")
    progress.end("x", 1.0, "told")
    progress.start("second")
    progress.interrupted()
    progress.interrupted()
    lines = "".join(written).split("\n")
    assert [line.split() for line in lines] == [
        ["[1/2]", "first", "told,", "about", "1", "s", "left"],
        ["[2/2]", "second"],
        [],
    ]


def test_a_live_line_shows_the_time_left_and_is_written_over() -> None:
    written: list[str] = []
    progress = Progress(["x"], {"x": 65.0}, written.append, live=True)
    progress.start("first")
    assert written[-1].endswith("about 1 min 5 s left")
    progress.end("x", 1.0, "told")
    assert written[-1].startswith("\r\x1b[2K[1/1] first")
    assert written[-1].endswith("told\n")
