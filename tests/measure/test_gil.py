"""The GIL of a free-threaded interpreter: off, or on with the name of what switched it on."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from concurbench import machine
from concurbench.measure import gil
from concurbench.measure.gil import GilCheck
from tests.conftest import Suite
from tests.measure.test_session import said

NEEDS_THE_LOCK = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_the_lock", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_needs_the_lock(void) { return PyModule_Create(&module); }
"""


@pytest.fixture
def free_threaded(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As on a free-threaded build, the lock off."""
    monkeypatch.setattr(machine, "free_threaded", lambda: True)
    monkeypatch.setattr(machine, "gil_enabled", lambda: False)
    return monkeypatch


def test_a_session_without_the_lock_is_no_trouble(free_threaded: pytest.MonkeyPatch) -> None:
    check = GilCheck()
    assert check.finish() == ""
    assert (check.start, check.end, check.switched_on_by) == (False, False, [])


def test_a_build_that_has_the_lock_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_threaded", lambda: False)
    monkeypatch.setattr(machine, "gil_enabled", lambda: True)
    check = GilCheck()
    assert check.finish() == ""
    assert (check.start, check.end, check.switched_on_by) == (True, True, [])


def test_what_switched_the_lock_on_in_the_middle_is_named(free_threaded: pytest.MonkeyPatch) -> None:
    check = GilCheck()
    free_threaded.setattr(machine, "gil_enabled", lambda: True)
    free_threaded.setattr(gil, "extensions", lambda: [("fine", "f.so"), ("bad", "b.so")])
    free_threaded.setattr(gil, "switches_on", lambda name, path: (name, path) == ("bad", "b.so"))
    assert check.finish() == (
        "a free-threaded Python ran with its GIL on after some row, switched on by bad"
    )


def test_a_lock_that_no_module_switched_on_was_asked_for(free_threaded: pytest.MonkeyPatch) -> None:
    free_threaded.setattr(machine, "gil_enabled", lambda: True)
    free_threaded.setattr(gil, "extensions", lambda: [])
    assert GilCheck().finish() == (
        "a free-threaded Python ran with its GIL on from the start, switched on by PYTHON_GIL or -X gil"
    )


@pytest.mark.parametrize("on", [True, False])
def test_an_extension_that_switches_the_lock_on_is_found_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, on: bool
) -> None:
    monkeypatch.setattr(gil, "PROBE", f"print({on})")
    assert gil.switches_on("some", "some.so") is on


def test_the_extension_modules_loaded_here_are_known() -> None:
    loaded = dict(gil.extensions())
    assert any(name.startswith("psutil.") for name in loaded)
    assert "pytest" not in loaded
    assert all(Path(path).is_file() for path in loaded.values())


def test_a_saved_run_says_whether_the_lock_was_on(suite: Suite) -> None:
    suite.run_here()
    held = machine.gil_enabled()
    saved = suite.load("0001_*")
    assert saved["concurbench"]["gil"] == {"start": held, "end": held, "switched_on_by": []}
    assert {row["extra_info"]["gil_enabled"] for row in saved["benchmarks"]} == {held}


@pytest.mark.skipif(not machine.free_threaded(), reason="not a free-threaded build")
def test_a_lock_that_the_environment_switched_on_is_blamed_on_no_module(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_GIL", "1")
    assert "from the start, switched on by PYTHON_GIL or -X gil" in said(suite.run())


@pytest.mark.skipif(not machine.free_threaded(), reason="not a free-threaded build")
def test_a_model_that_switches_the_lock_on_spoils_the_run_and_its_extension_is_named(
    suite: Suite,
) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    module = suite.path / f"needs_the_lock{sysconfig.get_config_var('EXT_SUFFIX')}"
    source = suite.write("needs_the_lock.c", NEEDS_THE_LOCK)
    include = sysconfig.get_paths()["include"]
    subprocess.run([compiler, "-shared", "-fPIC", f"-I{include}", source, "-o", module], check=True)
    suite.write(
        "impls/toy/unready.py",
        '''
        """Needs the lock."""
        import needs_the_lock

        def run(job, *, workers):
            return sum(job.numbers)
        ''',
    )
    result = suite.run()
    assert "with its GIL on after some row, switched on by needs_the_lock" in said(result)
    assert suite.saved == []
    result = suite.run("--benchmark-disable", f"--expected-skips={suite.write('skips', '# none')}")
    assert result.ret == 1
    assert "switched on by needs_the_lock" in said(result)
    suite.run("--benchmark-save=marked")
    marked = suite.load("marked.json")
    assert marked["concurbench"]["gil"] == {
        "start": False, "end": True, "switched_on_by": ["needs_the_lock"],
    }  # fmt: skip
    locked = [row["extra_info"]["gil_enabled"] for row in marked["benchmarks"]]
    assert locked == [False, False, True, True, True, True]  # unready's row is the third
