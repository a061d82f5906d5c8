"""``python -m programs.primes``: numbers and whether they are prime."""

from __future__ import annotations

import pytest

from tests.conftest import load
from tests.programs.conftest import Run


def test_each_number_is_printed_with_the_unit_that_tested_it(run: Run) -> None:
    result = run("primes", "97", "91", "2", "--model=threaded", "--timeline")
    assert result.exit_code == 0, result.output
    lines = {line.split()[0]: line for line in result.stdout.splitlines()[1:4]}
    assert {number: " P " in line for number, line in lines.items()} == {
        "97": True,
        "91": False,
        "2": True,
    }
    assert any(line.endswith("thread 1") for line in lines.values())
    assert "2 primes among 3 numbers tested" in result.stdout
    assert "\nthread 1  " in result.stdout  # a line of the timeline


@pytest.mark.slow
def test_the_primes_of_a_model_without_traced_calls_are_counted(run: Run) -> None:
    load("primes", "numba_prange")
    result = run("primes", "97", "91", "2", "--model=numba_prange")
    assert "2 primes among 3 numbers tested" in result.stdout


def test_below_tests_all_smaller_numbers(run: Run) -> None:
    result = run("primes", "--below=10", "--model=sequential")
    assert result.stdout.startswith("10 numbers, sequential, 1 at a time\n")
    assert "4 primes among 10 numbers tested" in result.stdout
