"""The report of a gate: the table, Markdown and JUnit."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from rich.console import Console

from concurbench.gate import report
from concurbench.gate.block import Kind, Unmeasured
from concurbench.gate.decision import RULES, Judgement, Verdict
from concurbench.gate.gate import GateResult
from concurbench.gate.noise import Noise

SAME = Judgement(Verdict.UNCHANGED, 0.05, RULES.analyses[0], 1.004, 0.991, 1.018, 0.059, flagged=False)
SLOWER = Judgement(Verdict.SLOWER, 0.05, RULES.confirmation, 1.112, 1.079, 1.146, 0.07, flagged=True)
UNSHOWN = Judgement(Verdict.NOT_SHOWN, 0.05, 16, 1.01, 0.93, 1.09, 0.16, flagged=False)
UNTOUCHED = Judgement(Verdict.NOT_SHOWN, 0.05, 1, 1.0, 0.0, math.inf, math.inf, flagged=False)

LONG = "benchmarks/test_flags.py::test_flags[asyncio_gather-local-pop20-w20]"

GREEN = GateResult(
    base="main (4f2c1ab)",
    head="working tree (77aa01c + 2 changed)",
    judgements={LONG: SAME, "test_x.py::test_x": UNSHOWN},
    floors={},
    unmeasured={},
    notes=(),
    blocks=16,
    seconds=139.2,
    out_of_time=False,
)
RED = replace(GREEN, judgements={**GREEN.judgements, "test_y.py::test_y[a|b]": SLOWER})
MISSING = replace(GREEN, unmeasured={"test_z.py::test_z": Unmeasured(Kind.MISSING, "not in head")})
FAILED = replace(
    GREEN, unmeasured={"test_f.py::test_f": Unmeasured(Kind.FAILED, "failed: ValueError: no in head")}
)
LATE = replace(GREEN, judgements={LONG: UNTOUCHED}, out_of_time=True)
UNCONFIRMED = replace(GREEN, judgements={LONG: replace(SLOWER, verdict=Verdict.NOT_SHOWN)})
CUT_SHORT = replace(GREEN, judgements={LONG: replace(SLOWER, blocks=RULES.confirmation - 1)})
NOTHING = replace(GREEN, judgements={})


def shown(result: GateResult) -> str:
    console = Console(width=80, file=io.StringIO(), highlight=False)
    console.print(report.terminal(result))
    text = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    return str(text)


@pytest.mark.parametrize(
    ("result", "code", "sentence"),
    [
        (GREEN, 0, "No regression: 1 unchanged, 1 not shown."),
        (RED, 1, "1 of 3 rows slower by more than 5 %."),
        (MISSING, 2, "No answer: missing in head: test_z.py::test_z (not in head)"),
        (FAILED, 2, "No answer: test_f.py::test_f: failed: ValueError: no in head"),
        (LATE, 2, f"No answer: out of time before it could be judged: {LONG}"),
        (NOTHING, 2, "No answer: nothing was measured"),
        (UNCONFIRMED, 0, "No regression: 1 not shown."),
        (CUT_SHORT, 2, f"No answer: out of time before it could be judged: {LONG}"),
        (replace(RED, unmeasured=MISSING.unmeasured), 1, "1 of 3 rows slower by more than 5 %."),
        (
            replace(GREEN, unmeasured={**MISSING.unmeasured, **FAILED.unmeasured}),
            2,
            "No answer: test_f.py::test_f: failed: ValueError: no in head (and 1 more)",
        ),
    ],
)
def test_the_exit_code_and_its_sentence_agree(result: GateResult, code: int, sentence: str) -> None:
    assert result.exit_code == code
    assert report.conclusion(result) == sentence
    assert f"{sentence} exit {code}" in " ".join(shown(result).split())


def test_rows_slower_than_different_thresholds_name_none() -> None:
    loose = replace(SLOWER, threshold=0.1)
    result = replace(GREEN, judgements={"x": SLOWER, "y": loose})
    assert report.conclusion(result) == "2 of 2 rows slower by more than their thresholds."


def test_the_title_has_base_before_head_and_what_was_measured() -> None:
    _, title, effort, *_ = (line.rstrip() for line in shown(GREEN).splitlines())
    assert title == "gate  main (4f2c1ab) → working tree (77aa01c + 2 changed)"
    assert effort == "2 rows · 16 blocks · 2 min 20 s"


def test_the_table_fits_80_columns_with_full_names() -> None:
    text = shown(RED)
    assert max(map(len, text.splitlines())) <= 80
    assert "flags[asyncio_gather-local-pop20-w20]" in text
    assert "0.991 – 1.018" in text


def test_slower_rows_come_first() -> None:
    rows = [line for line in shown(RED).splitlines() if " – " in line]
    assert "SLOWER" in rows[0]
    assert len(rows) == 3


def test_brackets_and_bars_in_names_are_shown_as_they_are() -> None:
    assert "y[a|b]" in shown(RED)
    assert "`y[a\\|b]`" in report.markdown(RED)


def test_a_flagged_row_that_is_not_slower_again_is_unconfirmed() -> None:
    assert "unconfirmed" in shown(UNCONFIRMED)


def test_two_rows_of_the_same_short_name_are_shown_with_their_ids() -> None:
    rows = ["a.py::test_x", "b.py::test_x", "b.py::test_y"]
    assert list(report.names(rows).values()) == ["a.py::test_x", "b.py::test_x", "y"]


def test_remarks_are_in_the_terminal_and_in_markdown() -> None:
    result = replace(
        GREEN,
        judgements={LONG: replace(SAME, threshold=0.08)},
        floors={LONG: 0.08},
        unmeasured={
            "test_n.py::test_n": Unmeasured(Kind.NEW, "not in base"),
            "test_i.py::test_i": Unmeasured(Kind.IDLE, "skipped: no trio in base and head"),
        },
        notes=["dependencies differ"],
        out_of_time=True,
    )
    for text in (" ".join(shown(result).split()), report.markdown(result)):
        for remark in (
            "new in head: test_n.py::test_n (not in base)",
            "not measured: test_i.py::test_i: skipped: no trio in base and head",
            "threshold raised to the noise floor of this machine: "
            "flags[asyncio_gather-local-pop20-w20] to 8.0 %",
            "time limit reached before every row was decided: raise --max-time",
            "dependencies differ",
        ):
            assert remark in text


def test_markdown_marks_the_regression() -> None:
    text = report.markdown(RED)
    assert text.startswith("### ❌ 1 of 3 rows slower by more than 5 %.")
    assert "| 1.112 | 1.079 – 1.146 | 5.0 % | 7.0 % | **SLOWER** |" in text.replace("\u00a0", " ")
    assert text.count("\n| ") == 2 + 3 - 1 + 1  # a header, its rule, and the rows


@pytest.mark.parametrize(
    ("result", "counts"),
    [
        (GREEN, {"tests": "2", "failures": "0", "errors": "0", "skipped": "0"}),
        (RED, {"tests": "3", "failures": "1", "errors": "0", "skipped": "0"}),
        (MISSING, {"tests": "3", "failures": "0", "errors": "1", "skipped": "0"}),
        (LATE, {"tests": "1", "failures": "0", "errors": "1", "skipped": "0"}),
        (
            replace(GREEN, unmeasured={"test_n.py::test_n": Unmeasured(Kind.NEW, "not in base")}),
            {"tests": "3", "failures": "0", "errors": "0", "skipped": "1"},
        ),
    ],
)
def test_junit_counts_what_became_of_rows(result: GateResult, counts: dict[str, str]) -> None:
    suite = ElementTree.fromstring(report.junit(result))[0]
    assert {name: suite.get(name) for name in counts} == counts


def test_junit_names_the_file_and_the_row() -> None:
    [case] = ElementTree.fromstring(report.junit(replace(RED, judgements={LONG: SLOWER})))[0]
    assert case.get("classname") == "benchmarks/test_flags.py"
    assert case.get("name") == "test_flags[asyncio_gather-local-pop20-w20]"
    assert "1.112" in case[0].get("message", "")


def test_noise_shows_the_blocks_needed_to_find_a_change() -> None:
    console = Console(width=80, file=io.StringIO(), highlight=False)
    noises = {
        LONG: Noise(deviation=0.03, floor=0.02, blocks=12, measured="2026-11-22"),
        "test_x.py::test_loud": Noise(deviation=0.2, floor=0.14, blocks=12, measured="2026-11-22"),
    }
    console.print(report.noise(noises, 0.10, 0.05))
    text = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    quiet, loud = (line for line in text.splitlines() if line.startswith(("flags[", "loud")))
    assert "3.0 %" in quiet
    assert "5.0 %" in quiet
    assert quiet.split()[-1].isdigit()
    assert "14.0 %" in loud
    assert loud.split()[-1] == "never"
