"""The commands from outside: exit codes, files and sentences; the projects' time is made up."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest
from click.testing import Result

from concurbench import machine
from concurbench.gate.decision import RULES
from concurbench.gate.record import read_blocks
from concurbench.runner import reaper
from concurbench.runner.workspace import PREFIX, Workspace
from tests.conftest import heed_signals, until
from tests.gate.conftest import Project

ROOT = Path(__file__).parents[2]
Make = Callable[[str], Project]
Gate = Callable[..., Result]

OPTIONS = ["--", "-p", "no:cacheprovider"]


@pytest.fixture
def repository(project: Make) -> Project:
    made = project("repository").with_clock(0.03, ("x", "y"))
    made.commit()
    return made


def test_no_regression_is_exit_0(
    repository: Project, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    files = {name: tmp_path / f"gate.{name}" for name in ("markdown", "json", "junit")}
    asked = [part for name, file in files.items() for part in (f"--{name}", str(file))]
    done = gate(repository, "gate", "HEAD", *asked, *OPTIONS)
    assert done.exit_code == 0, done.output
    assert "No regression: 2 unchanged." in done.output
    assert max(map(len, done.output.splitlines())) <= 80 or str(tmp_path) in done.output
    blocks = read_blocks(files["json"])
    assert len(blocks) == RULES.looks[0]
    assert len(blocks[0].visits["test_toy.py::test_toy[x]"]) > 1
    content = json.loads(files["json"].read_text())
    assert content["exit"] == 0
    assert files["markdown"].read_text().startswith("### ✅ No regression")
    assert summary.read_text() == "before\n" + files["markdown"].read_text()
    suite = ElementTree.parse(files["junit"]).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "0")


def test_a_regression_is_exit_1_and_named(repository: Project, gate: Gate, tmp_path: Path) -> None:
    repository.with_clock(0.036, ("x", "y"))
    done = gate(repository, "gate", "main", "--json", str(tmp_path / "x.json"), *OPTIONS)
    assert done.exit_code == 1, done.output
    assert "2 of 2 rows slower: a regression." in done.output
    assert done.output.count("SLOWER") == 2
    stages = [block.stage for block in read_blocks(tmp_path / "x.json")]
    assert stages == ["first"] * RULES.looks[0] + ["confirmation"] * RULES.confirmation


def test_what_is_faster_is_no_regression(repository: Project, gate: Gate) -> None:
    repository.with_clock(0.02, ("x", "y"))
    done = gate(repository, "gate", "main", *OPTIONS)
    assert done.exit_code == 0
    assert done.output.count("faster") >= 2


def test_a_row_missing_in_head_is_exit_2_and_a_new_one_is_told(repository: Project, gate: Gate) -> None:
    repository.with_clock(0.03, ("x", "z"))
    done = gate(repository, "gate", "main", *OPTIONS)
    assert done.exit_code == 2
    assert "Not able to judge: missing in head: test_toy.py::test_toy[y]" in done.output
    assert "new: test_toy.py::test_toy[z]" in done.output


def test_a_regression_beside_a_missing_row_is_a_regression(repository: Project, gate: Gate) -> None:
    repository.with_clock(0.04, ("x",))
    assert gate(repository, "gate", "main", *OPTIONS).exit_code == 1


def test_a_row_that_fails_is_exit_2(repository: Project, gate: Gate) -> None:
    repository.write("toyclock.py", (repository.folder / "toyclock.py").read_text() + "work = None\n")
    done = gate(repository, "gate", "main", *OPTIONS)
    assert done.exit_code == 2
    assert "TypeError" in done.output
    assert "Traceback" not in done.output


def test_out_of_time_is_exit_2_not_green(repository: Project, gate: Gate) -> None:
    done = gate(repository, "gate", "main", "--max-time", "1", *OPTIONS)
    assert done.exit_code == 2
    assert "out of time before it could be judged" in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonsense"], "no revision and no directory 'nonsense'"),
        (["main", "./nowhere"], "no directory './nowhere'"),
        (["main", "--setup", "exit 3"], ""),
        (["main", "--threshold", "5"], "expected a share between 0 and 1"),
        (["main", "--threshold", "many"], "expected a share between 0 and 1"),
        (["main", "--plant", "row"], "expected ROW=SHARE"),
        (["main", "--plant", "row=0"], "expected a share between 0 and 1"),
        (["main", "--json", "no/such/folder.json"], "cannot write no/such/folder.json"),
        (["main", "--python", "no-such-python"], "no-such-python"),
        (["main", "--", "no_such_file.py"], "file or directory not found: no_such_file.py"),
        (["main", "--", "test_toy.py::nothing"], "not found"),
        (["main", "--", "--collect-only"], "base: "),
        (["main", "--json", "/dev/null"], "/dev/null: not a regular file"),
        (["main", "--", "--no-such-option"], "unrecognized arguments: --no-such-option"),
        ([], "Missing argument 'BASE'"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_2(
    repository: Project, gate: Gate, arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_environment(*_: object) -> None:
        from concurbench.runner.environments import EnvironmentFailed

        raise EnvironmentFailed("no network in a test")

    monkeypatch.setattr("concurbench.runner.environments.cached", no_environment)
    done = gate(repository, "gate", *arguments)
    assert done.exit_code == 2
    assert told in done.output
    assert "Traceback" not in done.output


def test_without_scipy_it_is_said_how_to_get_it(
    repository: Project, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "scipy" else real(name, *more)
    )
    done = gate(repository, "gate", "main")
    assert done.exit_code == 2
    assert done.output == "Error: this needs scipy: pip install 'concurbench[gate]'\n"


def test_the_command_line_works_without_scipy() -> None:
    code = "import sys; sys.modules['scipy'] = None; from concurbench.cli import main; main(['--help'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "calibrate" in done.stdout


def test_a_threshold_of_a_row_stands_in_the_configuration(repository: Project, gate: Gate) -> None:
    repository.with_clock(0.036, ("x", "y"))
    repository.write(
        "pyproject.toml",
        """
        [tool.concurbench.gate]
        threshold = 0.15
        [tool.concurbench.gate.thresholds]
        "test_toy[[]x]" = 0.5
        "test_toy[y]" = 0.5
        """,
    )
    repository.commit("configured")
    repository.with_clock(0.0432, ("x", "y"))
    done = gate(repository, "gate", "main", *OPTIONS)
    assert done.exit_code == 1
    assert "1 of 2 rows slower" in done.output
    told = gate(repository, "gate", "main", "--threshold", "30%", *OPTIONS)
    assert told.exit_code == 0


@pytest.mark.parametrize("value", ["'5%'", "5", "0", "true"])
def test_a_configured_threshold_that_is_none_is_told(
    repository: Project, gate: Gate, value: str
) -> None:
    repository.write("pyproject.toml", f"[tool.concurbench.gate]\nthreshold = {value}\n")
    done = gate(repository, "gate", "main", *OPTIONS)
    assert done.exit_code == 2
    assert "a threshold is a share between 0 and 1" in done.output


def test_calibrating_keeps_the_noise_and_the_gate_uses_it(repository: Project, gate: Gate) -> None:
    done = gate(repository, "calibrate", "--blocks", "3", *OPTIONS)
    assert done.exit_code == 0, done.output
    assert "blocks for 10.0 %" in done.output
    kept = repository.folder / ".benchmarks" / machine.folder() / "noise.json"
    noises = json.loads(kept.read_text())
    assert noises.keys() == {"test_toy.py::test_toy[x]", "test_toy.py::test_toy[y]"}
    noises["test_toy.py::test_toy[x]"]["floor"] = 0.3
    kept.write_text(json.dumps(noises))
    repository.with_clock(0.036, ("x", "y"))
    judged = gate(repository, "gate", "main", *OPTIONS)
    assert judged.exit_code == 1
    assert "1 of 2 rows slower" in judged.output
    assert "threshold raised to this machine's noise: toy[x] at 30.0 %" in judged.output


@pytest.mark.parametrize("text", ["gate = 5", "gate.thresholds = 0.1"])
def test_a_configuration_that_is_no_table_is_told(repository: Project, gate: Gate, text: str) -> None:
    repository.write("pyproject.toml", f"[tool.concurbench]\n{text}\n")
    done = gate(repository, "gate", "main", *OPTIONS)
    assert done.exit_code == 2
    assert "[tool.concurbench.gate] and its thresholds are tables" in done.output


def test_what_nobody_foresaw_is_no_regression(
    repository: Project, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("concurbench.gate.comparison.check_out", broken)
    assert gate(repository, "gate", "main").exit_code == 2


def test_the_verdict_stands_where_its_summary_cannot_be_written(
    repository: Project, gate: Gate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "such" / "folder"))
    done = gate(repository, "gate", "main", *OPTIONS)
    assert done.exit_code == 0
    assert "could not be printed or written" in done.output


@pytest.mark.parametrize("floor", ['"b"', "null", "[]"])
def test_noise_whose_numbers_are_none_is_told(repository: Project, gate: Gate, floor: str) -> None:
    noise = f'{{"deviation": 0.1, "floor": {floor}, "blocks": 3, "measured": ""}}'
    repository.write(f".benchmarks/{machine.folder()}/noise.json", f'{{"x": {noise}}}')
    assert gate(repository, "gate", "main", *OPTIONS).exit_code == 2


def test_noise_that_cannot_be_read_is_told(repository: Project, gate: Gate) -> None:
    kept = repository.write(f".benchmarks/{machine.folder()}/noise.json", "nonsense")
    for command in (["gate", "main"], ["calibrate"]):
        done = gate(repository, *command, *OPTIONS)
        assert done.exit_code == 2
        assert "concurbench calibrate makes it anew" in done.output
    assert kept.read_text() == "nonsense"


# -- however it ends ----------------------------------------------------------------------------------


def started(repository: Project, tmp_path: Path, said: str) -> subprocess.Popen[str]:
    """A gate under way, after it has said a line with this in it."""
    code = "from concurbench.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "gate", "main", "--json", str(tmp_path / "x.json"), *OPTIONS],
        cwd=repository.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    )
    assert process.stderr
    while said not in (line := process.stderr.readline()):
        assert line, f"it ended without saying {said!r}"
    return process


def folders() -> list[Path]:
    return list(Path(os.environ["TMPDIR"]).glob(f"{PREFIX}*"))


def gone(left: list[Path]) -> bool:
    return not folders() and not any(reaper.carriers(folder) for folder in left)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("said", ["", "block 2 "])
def test_nothing_is_left_of_a_gate_that_was_killed_or_interrupted(
    repository: Project, tmp_path: Path, number: signal.Signals, said: str
) -> None:
    status = repository.git("status", "--porcelain")
    process = started(repository, tmp_path, said)
    left = folders()
    process.send_signal(number)
    process.wait()
    until(lambda: gone(left))
    killed = number is signal.SIGKILL
    assert process.returncode == (-number if killed else 128 + number)
    assert repository.git("status", "--porcelain") == status
    if said:  # the first block at least had been measured
        assert len(read_blocks(tmp_path / "x.json")) >= 1
        assert killed or "the pairs so far are in" in process.stderr.read()  # type: ignore[union-attr]
    # The lock is free, and another gate can run.
    from concurbench.measure.lock import SessionLock

    lock = SessionLock()
    lock.acquire("a test")
    lock.release()


def test_a_second_gate_at_the_same_time_is_told_of_the_first(
    repository: Project, gate: Gate, tmp_path: Path
) -> None:
    process = started(repository, tmp_path, said="block 1 ")
    try:
        done = gate(repository, "gate", "main", *OPTIONS)
        assert done.exit_code == 2
        assert (
            f"another benchmark session is running on this machine (process {process.pid}"
            in done.output
        )
    finally:
        process.terminate()
        process.wait()
    until(lambda: gone([]))


def test_a_process_that_has_cleared_its_environment_ends_with_the_gate() -> None:
    with Workspace() as workspace:
        leader = psutil.Popen(["sleep", "600"], env={}, start_new_session=True)
        workspace.started(leader.pid)
    assert leader.wait() == -signal.SIGKILL


def test_what_a_gate_and_its_keeper_left_when_both_were_killed_is_swept_by_the_next(
    tmp_path: Path,
) -> None:
    left = Path(os.environ["TMPDIR"]) / f"{PREFIX}left"
    left.mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (left / "owner").write_text(str(ended.pid))
    orphan = subprocess.Popen(["sleep", "600"], env={**os.environ, reaper.ENV_WORKSPACE: left.name})
    with Workspace() as workspace:
        assert folders() == [workspace.folder]
    assert not psutil.pid_exists(orphan.pid)


def test_a_folder_into_which_a_stranger_still_writes_goes_when_he_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    tries = iter(["stays", "stays", "goes"])

    def remove(path: Path, **more: bool) -> None:
        if next(tries) == "goes":
            path.rmdir()

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", remove)
        reaper.clean_up(folder)
    assert not folder.exists()
    assert list(tries) == []


def test_a_folder_of_a_gate_that_runs_is_not_swept() -> None:
    with Workspace() as first, Workspace() as second:
        assert {*folders()} == {first.folder, second.folder}


def test_processes_that_a_suite_leaves_behind_end_with_the_gate(tmp_path: Path) -> None:
    with Workspace() as workspace:
        orphan = psutil.Popen(["sleep", "600"], env=dict(workspace.environ()), start_new_session=True)
    assert orphan.wait() == -signal.SIGKILL
