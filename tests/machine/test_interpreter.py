"""The interpreter's name and options."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from concurbench.machine import interpreter
from tests.machine.recorded import python


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "CPython-3.11"),
        ({"python_minor": "3.15", "jit": "off"}, "CPython-3.15"),
        ({"free_threaded": True, "gil_enabled": False}, "CPython-3.11t"),
        ({"free_threaded": True}, "CPython-3.11t"),
        ({"free_threaded": True, "gil_forced": True}, "CPython-3.11t-gil"),
        ({"jit": "on"}, "CPython-3.11-jit"),
        ({"debug_build": True}, "CPython-3.11-debug"),
        ({"allocator": "malloc"}, "CPython-3.11-malloc"),
        ({"python_implementation": "PyPy"}, "PyPy-3.11"),
    ],
)
def test_the_name_contains_every_option_that_makes_another_interpreter(
    values: dict[str, object], name: str
) -> None:
    assert interpreter.name(python(**values)) == name


def test_this_interpreter_is_described() -> None:
    here = {field.name: field.value for field in interpreter.fields()}
    assert here["python_minor"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert here["python_cores"] in range(1, 1 + (os.cpu_count() or 0))
    assert here["switch_interval_seconds"] == sys.getswitchinterval()
    assert "/" not in str(here["python_build"])


@pytest.mark.parametrize(("built", "gil"), [(True, 1), (True, 0), (True, None), (False, 1)])
def test_only_a_free_threaded_build_can_be_started_with_its_gil(
    monkeypatch: pytest.MonkeyPatch, built: bool, gil: int | None
) -> None:
    monkeypatch.setattr(interpreter, "free_threaded", lambda: built)
    flags = SimpleNamespace(gil=gil, ignore_environment=False, dev_mode=False)
    monkeypatch.setattr("sys.flags", flags)
    [forced] = [field.value for field in interpreter.fields() if field.name == "gil_forced"]
    assert forced is (built and gil == 1)


def test_reading_the_start_method_does_not_fix_it() -> None:
    code = (
        "import multiprocessing\n"
        "from concurbench.machine import facts\n"
        "print(facts()['start_method'])\n"
        "multiprocessing.set_start_method('spawn')\n"
        "print(facts()['start_method'])\n"
        "multiprocessing.set_start_method('spawn', force=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    default, chosen = done.stdout.split()
    assert default in ("fork", "forkserver", "spawn")
    assert chosen == "spawn"


@pytest.mark.parametrize(
    ("arguments", "switch", "jit"),
    [
        ("", "1", "not built"),
        ("'--enable-experimental-jit=no'", "1", "not built"),
        ("'--enable-experimental-jit=interpreter'", "1", "not built"),
        ("'--enable-experimental-jit'", "", "on"),
        ("'--enable-experimental-jit=yes'", "0", "off"),
        ("'--enable-experimental-jit=yes-off'", "", "off"),
        ("'--enable-experimental-jit=yes-off'", "1", "on"),
    ],
)
def test_the_jit_of_python_3_13_follows_configuration_and_variable(
    arguments: str, switch: str, jit: str
) -> None:
    assert interpreter.jit_of_313(arguments, switch) == jit


@pytest.mark.parametrize(
    ("arguments", "flags", "build"),
    [
        ("'--prefix=/usr'", "-Wall -DNDEBUG -g -O3 -Wall", "-O3"),
        ("'--disable-gil' 'CFLAGS=-O2'", "-DNDEBUG -g -O3 -Wall -O2", "-O2"),
        ("'--enable-optimizations' '--with-lto=thin'", "-O3", "-O3, PGO, LTO"),
        ("'--with-lto=no'", "-O3", "-O3"),
        ("", "", "unknown"),
    ],
)
def test_the_build_comes_from_the_makefile(arguments: str, flags: str, build: str) -> None:
    assert interpreter.build(arguments, flags) == build


def test_the_variable_selects_the_allocator() -> None:
    usual = interpreter.allocator({})
    assert interpreter.allocator({"PYTHONMALLOC": "default"}) == usual
    assert interpreter.allocator({"PYTHONMALLOC": "malloc"}) == "malloc"
    assert interpreter.allocator({"PYTHONMALLOC": "debug"}) == f"{usual}_debug"
    assert interpreter.allocator({}, dev_mode=True) == f"{usual}_debug"
    assert interpreter.allocator({"PYTHONMALLOC": "default"}, dev_mode=True) == usual


@pytest.mark.parametrize(
    ("variables", "usual"),
    [({}, "pymalloc"), ({"WITH_PYMALLOC": 0}, "malloc"), ({"Py_GIL_DISABLED": 1}, "mimalloc")],
)
def test_the_usual_allocator_depends_on_the_build(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, int], usual: str
) -> None:
    monkeypatch.setattr("sysconfig.get_config_var", variables.get)
    monkeypatch.delattr("sys.gettotalrefcount", raising=False)
    assert interpreter.allocator({}) == usual
