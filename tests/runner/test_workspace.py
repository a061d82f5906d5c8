"""The temporary folder of a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from concurbench.runner.workspace import MAX_TEMPORARY, Workspace, temporary

MAKES = "import tempfile; print(tempfile.mkdtemp(prefix='pymp-'), end='')"


def test_temporary_files_of_its_processes_lie_in_the_workspace_and_go_with_it() -> None:
    with Workspace() as workspace:
        made = subprocess.run(
            [sys.executable, "-c", MAKES],
            env=workspace.environ(), check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        assert Path(made).parent == workspace.folder
    assert not Path(made).exists()


def test_a_folder_whose_name_is_too_long_for_sockets_is_not_the_temporary_folder() -> None:
    longest = Path("/" + "x" * (MAX_TEMPORARY - 1))
    assert temporary(longest) == {"TMPDIR": str(longest)}
    assert temporary(Path(f"{longest}x")) == {}
