"""Progress: a session's line for each row, and a command's status line."""

from __future__ import annotations

import io

from concurbench.report.progress import RowProgress, StatusLine, TimeLeft


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_time_left_follows_an_earlier_run_at_the_speed_of_this_one() -> None:
    left = TimeLeft(["a", "b", "c"], {"a": 1.0, "b": 10.0, "c": 20.0})
    assert left.seconds() == 31.0
    left.done("a", 2.0)
    assert left.seconds() == 60.0
    left.done("b", 9.0)
    left.done("c", 9.0)
    assert left.seconds() == 0.0


def test_a_row_that_the_earlier_run_lacks_is_taken_as_average() -> None:
    assert TimeLeft(["a", "b", "new"], {"a": 1.0, "b": 3.0}).seconds() == 6.0


def test_without_an_earlier_run_the_estimate_comes_from_finished_rows() -> None:
    left = TimeLeft(["a", "b", "c"], {})
    assert left.seconds() is None
    left.done("a", 4.0)
    assert left.seconds() == 8.0


def test_the_line_of_a_row_is_written_when_it_starts_and_completed_when_it_ends() -> None:
    written: list[str] = []
    progress = RowProgress(["x", "y"], {}, written.append, live=False)
    progress.start("first")
    assert "".join(written).startswith("[1/2] first")
    progress.end("x", 1.0, "done")
    progress.start("second")
    progress.interrupted()
    progress.interrupted()
    lines = "".join(written).split("\n")
    assert [line.split() for line in lines] == [
        ["[1/2]", "first", "done,", "about", "1", "s", "left"],
        ["[2/2]", "second"],
        [],
    ]


def test_a_live_line_shows_the_time_left_and_is_overwritten() -> None:
    written: list[str] = []
    progress = RowProgress(["x"], {"x": 65.0}, written.append, live=True)
    progress.start("first")
    assert written[-1].endswith("about 1 min 5 s left")
    progress.end("x", 1.0, "done")
    assert written[-1].startswith("\r\x1b[2K[1/1] first")
    assert written[-1].endswith("done\n")


def show(stream: io.StringIO) -> str:
    status = StatusLine(stream)
    status.step("collecting")
    status.block("first", 1, 10, ["t.py::test_a[x]", "b"], 65.0)
    status.row("t.py::test_a[x]")
    status.block("confirmation", 2, 10, ["b"], 0)
    status.end()
    return stream.getvalue()


def test_a_status_line_is_overwritten_in_a_terminal_and_removed_at_the_end() -> None:
    erase = "\r\x1b[2K"
    block = "block 1 of at most 10: 2 rows, at most 1 min 5 s left"
    assert show(Terminal()).split(erase) == [
        "", "collecting …", block, f"{block} · 1/2 a[x]",
        "confirmation, block 2 of at most 10: 1 row", "",
    ]  # fmt: skip


def test_outside_a_terminal_each_step_is_a_line_and_rows_are_not_shown() -> None:
    assert show(io.StringIO()).splitlines() == [
        "collecting …",
        "block 1 of at most 10: 2 rows, at most 1 min 5 s left",
        "confirmation, block 2 of at most 10: 1 row",
    ]


def test_a_status_line_never_wraps() -> None:
    stream = Terminal()
    StatusLine(stream).now("x" * 200)
    assert stream.getvalue() == "\r\x1b[2K" + "x" * 79
