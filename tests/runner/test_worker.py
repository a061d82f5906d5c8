"""A stepped worker that goes wrong; its interpreter is a shell script."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.runner.worker import Worker, WorkerSpec
from concurbench.runner.workspace import Workspace


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo 'E   ValueError: wrong'; exit 3", r"^head: pytest ended \(exit 3\): ValueError: wrong$"),
        (
            "echo started; exec sleep 600",
            r"^head: no response for 1 s \(raise --timeout\); last output: started$",
        ),
    ],
)
def test_a_worker_that_does_not_answer_is_one_sentence(
    tmp_path: Path, script: str, sentence: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    spec = WorkerSpec("head", tmp_path, str(python), os.environ)
    with (
        Workspace() as workspace,
        pytest.raises(ConcurbenchError, match=sentence),
        Worker(spec, workspace, "1", timeout=1.0) as worker,
    ):
        worker.expect("collected")


def test_an_interpreter_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    spec = WorkerSpec("head", tmp_path, str(tmp_path / "nothing"), os.environ)
    with (
        Workspace() as workspace,
        pytest.raises(ConcurbenchError, match=r"^head: .*nothing does not start: No such file"),
    ):
        Worker(spec, workspace, "1", timeout=1.0)
