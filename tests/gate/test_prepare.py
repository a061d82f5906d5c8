"""What the arms of a gate get before they start: their environment variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from concurbench.gate.checkout import Checkout
from concurbench.gate.prepare import _environ
from concurbench.runner.workspace import Workspace


def test_folders_of_the_project_on_the_path_are_those_of_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, copy, other = (tmp_path / name for name in ("project", "copy", "other"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(project / "lib"), "", str(other)]))
    with Workspace() as workspace:
        environ = _environ(workspace, "base", Checkout("base", copy, copy, project))
    assert environ["PYTHONPATH"].split(os.pathsep) == [str(copy), str(copy / "lib"), str(other)]
