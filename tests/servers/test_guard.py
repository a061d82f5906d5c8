"""What a process leaves behind is cleaned up, however it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from servers.guard import guarding, members
from tests.conftest import ROOT, until

SLEEPER = """
import subprocess, sys
inner = subprocess.Popen(["sleep", "60"], process_group=0, env={})
print(inner.pid, flush=True)
inner.wait()
"""
"""A program with a child that has another process group and no environment."""

GUARDED = """
import subprocess, sys
from pathlib import Path
from servers.guard import guarding
with guarding(Path(sys.argv[1])) as guard:
    outer = subprocess.Popen(
        [sys.executable, "-c", sys.argv[2]], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    print(outer.pid, file=guard.stdin)
    print(outer.stdout.readline(), flush=True)
    input()
"""


@pytest.mark.parametrize("killed", [False, True], ids=["ended", "killed"])
def test_all_processes_of_a_session_end_with_their_owner(tmp_path: Path, killed: bool) -> None:
    folder = tmp_path / "guarded"
    (folder / "more").mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", GUARDED, str(folder), SLEEPER],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as owner:  # fmt: skip
        assert owner.stdout is not None
        assert owner.stdin is not None
        sleeper = psutil.Process(int(owner.stdout.readline()))
        if killed:
            owner.kill()
        else:
            owner.stdin.close()
            owner.wait()
            assert not folder.exists()
        until(lambda: not sleeper.is_running() or sleeper.status() == psutil.STATUS_ZOMBIE)
        until(lambda: not folder.exists())


def test_a_process_of_another_session_goes_on(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        with guarding(tmp_path / "folder"):
            pass
        assert [process.pid for process in members([other.pid])] == [other.pid]
        other.kill()
