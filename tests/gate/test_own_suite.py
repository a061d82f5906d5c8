"""The gate set of this project, stepped like that of any other suite."""

from __future__ import annotations

from pathlib import Path

import pytest

import impls
from concurbench.gate.comparison import Comparison
from concurbench.gate.prepare import Question

ROOT = Path(__file__).parents[2]


def marked() -> set[str]:
    """Workload, model and case of each row that the files of the models put into the gate set."""
    return {
        f"{model.workload} {model.name} {case}"
        for workload in impls.workloads()
        for model in impls.models(workload)
        for case in model.gate
    }


def test_the_gate_set_has_at_least_eight_rows_of_two_workloads() -> None:
    question = Question(str(ROOT), str(ROOT), ROOT)
    with Comparison(question) as comparison:
        rows = comparison.rows
    assert len(rows) >= 8
    assert {"test_flags", "test_primes"} <= {row.rpartition("::")[2].partition("[")[0] for row in rows}
    for each in marked():
        workload, model, case = each.split()
        assert any(f"test_{workload}[{model}-" in row and f"-{case}-" in row for row in rows), each


@pytest.mark.slow
def test_the_mark_selects_the_same_rows_and_one_can_be_measured() -> None:
    question = Question(str(ROOT), str(ROOT), ROOT, ("-m", "gate", "-k", "primes and sequential"))
    with Comparison(question) as comparison:
        [row] = comparison.rows
        assert "sequential-below_50k" in row
        block = comparison.block("first", comparison.rows)
        assert block.quads.keys() == {row}
        assert not comparison.unmeasured
