"""The interpreter's name and options."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from concurbench.machine import Interpreter, interpreter
from tests.machine.recorded import PLAIN


@pytest.mark.parametrize(
    ("python", "name"),
    [
        (PLAIN, "CPython-3.11"),
        (replace(PLAIN, version="3.15.0b1", jit="off"), "CPython-3.15"),
        (replace(PLAIN, free_threaded=True, gil_enabled=False), "CPython-3.11t"),
        (replace(PLAIN, free_threaded=True), "CPython-3.11t"),
        (replace(PLAIN, free_threaded=True, lock_forced=True), "CPython-3.11t-gil"),
        (replace(PLAIN, jit="on"), "CPython-3.11-jit"),
        (replace(PLAIN, debug=True), "CPython-3.11-debug"),
        (replace(PLAIN, allocator="malloc"), "CPython-3.11-malloc"),
        (replace(PLAIN, implementation="PyPy"), "PyPy-3.11"),
    ],
)
def test_the_name_contains_every_option_that_makes_another_interpreter(
    python: Interpreter, name: str
) -> None:
    assert python.name == name


def test_this_interpreter_is_described() -> None:
    here = Interpreter.here()
    assert here.minor == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert here.cores
    assert here.switch_interval == sys.getswitchinterval()
    assert "/" not in here.build


def test_reading_the_start_method_does_not_fix_it() -> None:
    code = (
        "import multiprocessing\n"
        "from concurbench.machine import Interpreter\n"
        "print(Interpreter.here().start_method)\n"
        "multiprocessing.set_start_method('spawn')\n"
        "print(Interpreter.here().start_method)\n"
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
