"""The commands ``gate`` and ``calibrate``: most over a fake comparison, a few with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil
import pytest
from click.testing import CliRunner, Result

from concurbench import machine
from concurbench.cli import main
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.gate import decision
from concurbench.gate.block import Kind, Unmeasured
from concurbench.gate.decision import RULES, Rules
from concurbench.measure.lock import SessionLock
from concurbench.runner import reaper
from concurbench.runner.workspace import PREFIX, Workspace
from tests.conftest import heed_signals, until
from tests.gate.conftest import Project
from tests.gate.fakes import FakeComparison, read_blocks

ROOT = Path(__file__).parents[2]
Make = Callable[[str], Project]
Gate = Callable[..., Result]
Invoke = Callable[..., Result]

UNUSED = ("cacheprovider", "asyncio", "anyio", "xdist", "xdist.looponfail", "respx", "concurbench.aio")
OPTIONS = ["--", *(part for plugin in UNUSED for part in ("-p", f"no:{plugin}"))]
"""Plugins that the made-up suites do not need: each process starts in half the time without them."""

X, Y = "test_toy.py::test_toy[x]", "test_toy.py::test_toy[y]"


# -- over a fake comparison ---------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The current directory of the commands."""
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest.fixture
def questions() -> list[Any]:
    """What the commands asked a comparison."""
    return []


@pytest.fixture
def invoke(folder: Path, questions: list[Any], monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Call it with the ratios of the rows, or with a fake comparison, and a command line."""
    monkeypatch.chdir(folder)

    def call(compared: dict[str, float] | FakeComparison, *arguments: str) -> Result:
        fake = compared if isinstance(compared, FakeComparison) else FakeComparison(compared, folder)

        def comparison(question: object, _: object) -> FakeComparison:
            questions.append(question)
            return fake

        with monkeypatch.context() as patched:
            patched.setattr("concurbench.gate.command.Comparison", comparison)
            return CliRunner().invoke(main, list(arguments), catch_exceptions=False)

    return call


@pytest.mark.parametrize(
    ("ratios", "code", "sentence"),
    [
        ({X: 1.0, Y: 1.0}, 0, "No regression: 2 unchanged."),
        ({X: 1.0, Y: 0.8}, 0, "No regression: 1 unchanged, 1 faster."),
        ({X: 1.0, Y: 1.2}, 1, "1 of 2 rows slower by more than 5 %."),
        ({}, 2, "No answer: nothing was measured"),
    ],
)
def test_the_exit_code_is_the_verdict(
    invoke: Invoke, ratios: dict[str, float], code: int, sentence: str
) -> None:
    done = invoke(ratios, "gate", "main")
    assert done.exit_code == code
    assert f"{sentence}  exit {code}" in done.output


def test_the_result_goes_to_markdown_the_job_summary_and_junit(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary, markdown, junit = (tmp_path / name for name in ("summary.md", "gate.md", "gate.xml"))
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    done = invoke({X: 1.0, Y: 1.2}, "gate", "main", "--markdown", str(markdown), "--junit", str(junit))
    assert done.exit_code == 1
    assert markdown.read_text().startswith("### ❌ 1 of 2 rows slower by more than 5 %.")
    assert summary.read_text() == "before\n" + markdown.read_text()
    suite = ElementTree.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_the_raw_pairs_are_kept_a_block_a_line_and_the_result_last(
    invoke: Invoke, tmp_path: Path
) -> None:
    path = tmp_path / "gate.json"
    done = invoke({X: 1.0, Y: 1.2}, "gate", "main", "--json", str(path))
    assert f"raw pairs: {path}" in done.output
    blocks = read_blocks(path)
    assert [each.stage for each in blocks] == (
        ["first"] * RULES.analyses[0] + ["confirmation"] * RULES.confirmation
    )
    header, *_, last = map(json.loads, path.read_text().splitlines())
    assert (header["base"], header["head"]) == ("main (4f2c1ab)", "working tree")
    assert last["exit"] == 1
    assert last["judgements"][Y]["verdict"] == "slower"


def test_raw_pairs_without_a_file_go_to_the_state_folder(invoke: Invoke) -> None:
    done = invoke({X: 1.0}, "gate", "main")
    path = Path(done.output.partition("raw pairs: ")[2].strip())
    assert path.is_relative_to(os.environ["XDG_STATE_HOME"])
    assert len(read_blocks(path)) == RULES.analyses[0]


def test_missing_new_and_failed_rows_are_reported_and_are_no_answer(
    invoke: Invoke, folder: Path
) -> None:
    fake = FakeComparison({X: 1.0, Y: 1.0}, folder)
    fake.fails_in = {3: Y}
    fake.unmeasured = {
        "a.py::test_a": Unmeasured(Kind.MISSING, "not in head"),
        "b.py::test_b": Unmeasured(Kind.NEW, "not in base"),
    }
    done = invoke(fake, "gate", "main")
    assert done.exit_code == 2
    assert "missing in head: a.py::test_a (not in head)" in done.output
    assert f"failed: {Y}: failed: TypeError: x in head" in done.output
    assert "new in head: b.py::test_b (not in base)" in done.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gate", "main", "--threshold", "5"], "expected a share between 0 and 1"),
        (["gate", "main", "--threshold", "many"], "expected a share between 0 and 1"),
        (["gate", "main", "--inject", "row"], "expected ROW=SHARE"),
        (["gate", "main", "--inject", "row=0"], "expected a share between 0 and 1"),
        (["gate", "main", "--json", "no/such/folder.json"], "no/such/folder.json"),
        (["gate", "main", "--markdown", "no/such/folder.md"], "no/such/folder.md"),
        (["gate", "main", "--junit", "/dev/null"], "/dev/null"),
        (["calibrate", "--json", "no/such/folder.json"], "no/such/folder.json"),
        (["gate", "main", "--timeout", "inf"], "expected a number of seconds, got 'inf'"),
        (["gate", "main", "--max-time", "nan"], "expected a number of seconds, got 'nan'"),
        (["gate"], "Missing argument 'BASE'"),
        (["calibrate", "--blocks", "2"], "2 is not in the range"),
    ],
)
def test_a_mistake_in_the_command_line_is_a_sentence_and_exit_2(
    invoke: Invoke, questions: list[Any], arguments: list[str], sentence: str
) -> None:
    done = invoke({X: 1.0}, *arguments)
    assert done.exit_code == 2
    assert sentence in done.output
    assert not questions  # before anything is checked out


def test_the_options_say_what_is_compared(invoke: Invoke, questions: list[Any], folder: Path) -> None:
    options = ["--python", "other", "--setup", "make", "--timeout", "7", "--inject", "test_x*=10%"]
    invoke({X: 1.0}, "gate", "v1", "v2", *options, "--", "tests", "-k", "parse")
    [question] = questions
    assert (question.base, question.head, question.where) == ("v1", "v2", folder)
    assert question.arguments == ("tests", "-k", "parse")
    assert (question.python, question.setup, question.timeout) == ("other", "make", 7.0)
    assert question.slower == {"test_x*": 0.1}
    invoke({X: 1.0}, "calibrate", "main")
    assert (questions[1].base, questions[1].head) == ("main", "main")


def test_a_relative_path_of_an_interpreter_is_the_same_in_each_copy(
    invoke: Invoke, questions: list[Any], folder: Path
) -> None:
    (folder / "python").write_text("#!/bin/sh\n")
    (folder / "python").chmod(0o755)
    invoke({X: 1.0}, "gate", "v1", "--python", "./python")
    [question] = questions
    assert question.python == str(folder / "python")


@pytest.mark.parametrize("command", [["gate", "main"], ["calibrate"]])
def test_a_system_that_is_not_posix_is_a_sentence(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr("concurbench.gate.command.os.name", "nt")
    done = invoke({X: 1.0}, *command)
    monkeypatch.undo()
    assert done.exit_code == 2
    assert done.output == "Error: this command needs a POSIX system: on Windows, run it in WSL\n"


def test_the_command_line_works_without_scipy() -> None:
    code = "import sys; sys.modules['scipy'] = None; from concurbench.cli import main; main(['--help'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "calibrate" in done.stdout


def test_thresholds_come_from_the_configuration_of_head_and_the_option(
    invoke: Invoke, folder: Path
) -> None:
    (folder / "pyproject.toml").write_text(
        "[tool.concurbench.gate]\nthreshold = 0.15\n"
        '[tool.concurbench.gate.thresholds]\n"test_toy[[]x]" = 0.5\n"test_toy[y]" = 0.5\n'
    )
    done = invoke({X: 1.2, Y: 1.2}, "gate", "main")
    assert done.exit_code == 1
    assert "1 of 2 rows slower by more than 15 %" in done.output
    assert invoke({X: 1.2, Y: 1.2}, "gate", "main", "--threshold", "30%").exit_code == 0


@pytest.mark.parametrize(
    ("configuration", "sentence"),
    [
        ("gate.threshold = '5%'", "a threshold is a share between 0 and 1"),
        ("gate.threshold = 5", "a threshold is a share between 0 and 1"),
        ("gate.threshold = 0", "a threshold is a share between 0 and 1"),
        ("gate.threshold = true", "a threshold is a share between 0 and 1"),
        ("gate.thresholds.x = 2", "a threshold is a share between 0 and 1"),
        ("gate = 5", "[tool.concurbench.gate]: it and its thresholds must be tables"),
        ("gate.thresholds = 0.1", "[tool.concurbench.gate]: it and its thresholds must be tables"),
    ],
)
def test_an_invalid_configuration_is_a_sentence_and_exit_2(
    invoke: Invoke, folder: Path, configuration: str, sentence: str
) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.concurbench]\n{configuration}\n")
    done = invoke({X: 1.0}, "gate", "main")
    assert done.exit_code == 2
    assert sentence in done.output


def test_calibrate_keeps_the_noise_and_the_gate_raises_thresholds_to_it(
    invoke: Invoke, folder: Path
) -> None:
    done = invoke({X: 1.0, Y: 1.0}, "calibrate", "--blocks", "3")
    assert done.exit_code == 0, done.output
    assert "blocks for 10.0 %" in done.output
    kept = folder / ".benchmarks" / machine.folder("cpython-3.11") / "noise.json"
    assert f"noise: {kept}" in done.output
    assert len(read_blocks(Path(done.output.partition("raw pairs: ")[2].strip()))) == 3
    noises = json.loads(kept.read_text())
    assert noises.keys() == {X, Y}
    noises[X]["floor"] = 0.3
    kept.write_text(json.dumps(noises))
    judged = invoke({X: 1.2, Y: 1.2}, "gate", "main")
    assert judged.exit_code == 1
    assert "1 of 2 rows slower by more than 5 %" in judged.output
    assert "threshold raised to the noise floor of this machine: toy[x] to 30.0 %" in judged.output


def test_calibrate_without_a_row_that_can_be_measured_is_exit_2(invoke: Invoke, folder: Path) -> None:
    fake = FakeComparison({X: 1.0}, folder)
    fake.fails_in = {1: X}
    done = invoke(fake, "calibrate")
    assert done.exit_code == 2
    assert f"not measured: {X}: failed: TypeError: x in head" in done.output
    assert "no row could be measured" in done.output
    assert fake.blocks == 1
    assert not (folder / ".benchmarks").exists()


@pytest.mark.parametrize(
    "text",
    ["nonsense", "[]", '{"x": {"deviation": 0.1, "floor": null, "blocks": 3, "measured": ""}}'],
)
@pytest.mark.parametrize("command", [["gate", "main"], ["calibrate"]])
def test_an_unreadable_noise_file_is_a_sentence_and_is_left_as_it_is(
    invoke: Invoke, folder: Path, command: list[str], text: str
) -> None:
    kept = folder / ".benchmarks" / machine.folder("cpython-3.11") / "noise.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(text)
    done = invoke({X: 1.0}, *command)
    assert done.exit_code == 2
    assert "remove it, then run concurbench calibrate again" in done.output
    assert kept.read_text() == text


def test_a_job_summary_that_cannot_be_written_does_not_change_the_exit_code(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "such" / "folder"))
    done = invoke({X: 1.2}, "gate", "main")
    assert done.exit_code == 1
    assert "could not be printed or written" in done.output


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ConcurbenchError("base: pytest ended"), 2, "Error: base: pytest ended"),
        (OSError(28, "No space left on device"), 2, "no space left on device"),
        (Interrupted(signal.SIGINT), 130, "interrupted"),
        (Interrupted(signal.SIGTERM), 143, "interrupted"),
        (RuntimeError("a defect"), 2, "RuntimeError: a defect"),
    ],
)
@pytest.mark.parametrize("command", [["gate", "main"], ["calibrate"]])
def test_however_it_ends_the_complete_blocks_are_kept(
    invoke: Invoke,
    folder: Path,
    tmp_path: Path,
    command: list[str],
    error: BaseException,
    code: int,
    sentence: str,
) -> None:
    fake = FakeComparison({X: 1.0, Y: 1.0}, folder)
    fake.raises_in = {3: error}
    path = tmp_path / "x.json"
    done = invoke(fake, *command, "--json", str(path))
    assert done.exit_code == code
    assert sentence in done.output
    assert f"raw pairs so far: {path}" in done.output
    assert [block.number for block in read_blocks(path)] == [1, 2]


# -- with real processes ------------------------------------------------------------------------------


@pytest.fixture
def repository(project: Make) -> Project:
    made = project("repository").with_clock(0.03, ("x", "y"))
    made.commit()
    return made


def test_a_real_slow_down_is_found_and_the_repository_is_untouched(
    repository: Project, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As few blocks as possible: the made-up clocks have little noise.
    monkeypatch.setattr(decision, "RULES", Rules(analyses=(3,), confirmation=3))
    repository.with_clock(0.036, ("x", "y"))  # in the working tree only
    status = repository.git("status", "--porcelain")
    path = tmp_path / "x.json"
    done = gate(repository, "gate", "main", "--json", str(path), *OPTIONS)
    assert done.exit_code == 1, done.output
    assert "2 of 2 rows slower by more than 5 %.  exit 1" in done.output
    assert [block.stage for block in read_blocks(path)] == ["first"] * 3 + ["confirmation"] * 3
    assert len(read_blocks(path)[0].quads[X]) > 1
    assert repository.git("status", "--porcelain") == status


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "code"), [(0.03, 0), (0.036, 1), (0.02, 0)])
def test_a_change_of_the_working_tree_is_found_with_the_default_rules(
    repository: Project, gate: Gate, seconds: float, code: int
) -> None:
    repository.with_clock(seconds, ("x", "y"))
    done = gate(repository, "gate", "main", *OPTIONS)
    assert done.exit_code == code, done.output


@pytest.mark.slow
def test_rows_that_come_go_and_fail_are_reported(repository: Project, gate: Gate) -> None:
    repository.with_clock(0.03, ("x", "z"))
    clock = (repository.folder / "toyclock.py").read_text()
    done = gate(repository, "gate", "main", "--max-time", "1", *OPTIONS)
    assert done.exit_code == 2
    assert f"missing in head: {Y}" in done.output
    assert "new in head: test_toy.py::test_toy[z]" in done.output
    repository.write("toyclock.py", clock + "work = None\n")
    done = gate(repository, "gate", "main", *OPTIONS)
    assert done.exit_code == 2
    assert "TypeError" in done.output
    assert "Traceback" not in done.output


@pytest.mark.slow
def test_calibrate_measures_real_noise(repository: Project, gate: Gate) -> None:
    done = gate(repository, "calibrate", "--blocks", "3", *OPTIONS)
    assert done.exit_code == 0, done.output
    kept = repository.folder / ".benchmarks" / machine.folder() / "noise.json"
    assert json.loads(kept.read_text()).keys() == {X, Y}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nonsense"], "'nonsense'"),
        (["main", "./nowhere"], "'./nowhere'"),
        (["main", "--python", "no-such-python"], "no-such-python"),
        (["main", "--", "no_such_file.py"], "file or directory not found: no_such_file.py"),
        *(
            pytest.param(arguments, sentence, marks=pytest.mark.slow)
            for arguments, sentence in (
                (["main", "--", "test_toy.py::nothing"], "not found"),
                (["main", "--", "--collect-only"], "base: "),
                (["main", "--", "--no-such-option"], "unrecognized arguments: --no-such-option"),
                (["main", "--inject", "nothing=10%"], "'nothing'"),
            )
        ),
    ],
)
def test_revisions_that_cannot_be_compared_are_a_sentence_and_exit_2(
    repository: Project, gate: Gate, arguments: list[str], sentence: str
) -> None:
    done = gate(repository, "gate", *arguments)
    assert done.exit_code == 2
    assert sentence in done.output
    assert "Traceback" not in done.output


def test_a_second_session_on_the_machine_is_refused(repository: Project, gate: Gate) -> None:
    lock = SessionLock()
    lock.acquire("a test")
    try:
        done = gate(repository, "gate", "main", *OPTIONS)
    finally:
        lock.release()
    assert done.exit_code == 2
    assert "another benchmark session is running on this machine" in done.output
    assert f"process {os.getpid()}" in done.output


def started(repository: Project, tmp_path: Path, line: str) -> subprocess.Popen[str]:
    """A gate in a process of its own, after it has printed a line that contains ``line``."""
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
    while line not in (printed := process.stderr.readline()):
        assert printed, f"it ended without printing {line!r}"
    return process


def folders() -> list[Path]:
    return list(Path(os.environ["TMPDIR"]).glob(f"{PREFIX}*"))


def gone(left: list[Path]) -> bool:
    return not folders() and not any(reaper.carriers(folder) for folder in left)


ENDS = [
    (number, line)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL)
    for line in ("block 2 ", "")
]


@pytest.mark.parametrize(
    ("number", "line"),
    [pytest.param(*end, marks=[pytest.mark.slow] if number else []) for number, end in enumerate(ENDS)],
)
def test_nothing_is_left_of_a_gate_that_was_killed_or_interrupted(
    repository: Project, tmp_path: Path, number: signal.Signals, line: str
) -> None:
    status = repository.git("status", "--porcelain")
    process = started(repository, tmp_path, line)
    left = folders()
    process.send_signal(number)
    process.wait()
    until(lambda: gone(left))
    killed = number is signal.SIGKILL
    assert process.returncode == (-number if killed else 128 + number)
    assert repository.git("status", "--porcelain") == status
    if line:  # the first block at least had been measured
        assert len(read_blocks(tmp_path / "x.json")) >= 1
        assert killed or "raw pairs so far: " in process.stderr.read()  # type: ignore[union-attr]
    # The lock is free: another gate can run.
    lock = SessionLock()
    lock.acquire("a test")
    lock.release()


def test_a_process_that_has_cleared_its_environment_ends_with_the_gate() -> None:
    with Workspace() as workspace:
        leader = psutil.Popen(["sleep", "600"], env={}, start_new_session=True)
        workspace.started(leader.pid)
    assert leader.wait() == -signal.SIGKILL


def test_what_a_gate_and_its_reaper_left_when_both_were_killed_is_swept_by_the_next() -> None:
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


def test_processes_that_a_suite_leaves_behind_end_with_the_gate() -> None:
    with Workspace() as workspace:
        orphan = psutil.Popen(["sleep", "600"], env=dict(workspace.environ()), start_new_session=True)
    assert orphan.wait() == -signal.SIGKILL
