"""The model's own process, as the program sees it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from concurbench.watching.inside import Performance, Told, everything
from concurbench.watching.process import ModelProcess


def twice(job: int, *, workers: int) -> int:
    return 2 * job


def load() -> Callable[..., Any]:
    return twice


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="a system without sessions")
def test_ctrl_c_while_the_model_starts_is_for_the_program_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # What a terminal sends to all processes of its foreground reaches this one before its own session.
    early = f"import os, signal\nos.kill(os.getpid(), {int(signal.SIGINT)})\n"
    (tmp_path / "sitecustomize.py").write_text(early)
    performance = Performance(load, 21, 1, tell=everything)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    with ModelProcess(performance, {"PYTHONPATH": path}) as process:
        list(process.calls(lambda: None, lambda: False))
    assert process.told == Told(42)
    assert capfd.readouterr().err == ""
