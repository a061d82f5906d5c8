"""The model of flags with niquests, in a process of its own: niquests replaces urllib3."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ("test_contract.py", "test_flags_faults.py", "test_flags_models.py")


@pytest.mark.slow
def test_the_model_with_niquests_passes_the_tests_of_every_model(tmp_path: Path) -> None:
    python = [sys.executable, "-m"]
    install = [
        *python,
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary=:all:",
    ]
    install += [f"--constraint={ROOT / 'constraints.txt'}", f"--target={tmp_path}", "niquests"]
    subprocess.run(install, check=True)
    tests = [str(ROOT / "tests/impls" / name) for name in TESTS]
    run = [*python, "pytest", *tests, "-q", "-p", "no:cacheprovider", "-k", "asyncio_niquests"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
