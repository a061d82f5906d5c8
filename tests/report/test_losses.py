"""The table of losses."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Group

from concurbench.report.losses import BAR, losses_shown
from concurbench.report.text import as_text
from concurbench.results.row import Row
from tests.verdicts.fakes import row


def measured(model: str, seconds: float, **without: float) -> Row:
    found = row(model, [[seconds]] * 5)
    parts = {part: (each,) for part, each in without.items()}
    by_pass = tuple(replace(each, without=parts) for each in found.by_pass)
    return replace(found, by_pass=by_pass, limit=0.2)


PARTS = {"client": 0.3, "pool": 0.38, "connecting": 0.35, "saving": 0.39, "server": 0.36}


def shown(*rows: Row) -> list[str]:
    return as_text(Group(*losses_shown(rows)), 80).splitlines()


def test_each_row_has_its_losses_and_the_rest_and_what_it_lacks_is_a_dash() -> None:
    lines = shown(measured("slow", 0.4, **PARTS), measured("fast", 0.32, client=0.2))
    text = [line for line in lines if line]
    assert text[0] == "time lost, ms: saved without this part alone (± at 95 %)"
    assert text[1].split() == ["model", "time", *PARTS, "rest"]
    assert text[2].split() == ["fast", "320", "120", *["–"] * 4, "0"]
    assert text[4].split() == ["slow", *"400 100 20 50 10 40 −20".split()]


def test_the_bar_has_the_limit_and_the_parts_to_scale_and_no_more_than_the_time() -> None:
    lines = shown(measured("slow", 0.4, **PARTS), measured("fast", 0.32, client=0.2))
    fast, slow = (line.split()[0] for line in lines if line.startswith("█"))
    assert (len(fast), len(slow)) == (round(BAR * 0.32 / 0.4), BAR)
    assert slow.count("█") == BAR // 2
    assert slow.index("▒") == round(BAR * 3 / 4)  # the second part, behind the limit and the client


def test_lines_fit_a_terminal_and_rows_without_losses_have_no_table() -> None:
    long = measured("threaded_client_per_thread", 9.234, **PARTS)
    text = "\n".join(shown(long))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert shown(row("plain", [[1.0]] * 3)) == []
