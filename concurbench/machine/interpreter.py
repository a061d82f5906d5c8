"""The Python interpreter: its version, its build and the options it was started with."""

from __future__ import annotations

import multiprocessing
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping

from concurbench.machine.card import UNKNOWN, Field, context, identity

NOT_BUILT = "not built"


def fields() -> list[Field]:
    """The properties of this interpreter that affect its speed."""
    # From Python 3.13 on this respects the affinity and can be overridden. Pools use it as their size.
    cores = getattr(os, "process_cpu_count", os.cpu_count)()
    return [
        identity("python_implementation", "implementation", platform.python_implementation()),
        identity("python_minor", "version", ".".join(platform.python_version_tuple()[:2])),
        context("python_version", "release", platform.python_version()),
        context("python_compiler", "compiler", platform.python_compiler()),
        context("python_build", "optimizations", build(_config("CONFIG_ARGS"), _config("PY_CFLAGS"))),
        identity("debug_build", "debug build", hasattr(sys, "gettotalrefcount")),
        identity("free_threaded", "free-threaded", free_threaded()),
        identity("gil_forced", "GIL forced on", free_threaded() and getattr(sys.flags, "gil", 0) == 1),
        context("gil_enabled", "GIL enabled", gil_enabled()),
        identity("jit", "JIT", _jit()),
        identity("allocator", "allocator", allocator(_environ(), dev_mode=sys.flags.dev_mode)),
        context("start_method", "start method", _start_method()),
        context("switch_interval_seconds", "switch interval, s", sys.getswitchinterval()),
        context("python_cores", "cores it reports", cores or UNKNOWN),
    ]


def name(fields: Iterable[Field]) -> str:
    """The interpreter's name in folders, as ``CPython-3.13t``, with the options that matter."""
    value = {field.name: field.value for field in fields}
    marks = {
        "gil": value["gil_forced"],
        "jit": value["jit"] == "on",
        "debug": value["debug_build"],
        value["allocator"]: value["allocator"] != allocator({}),
    }
    build = "t" if value["free_threaded"] else ""
    plain = f"{value['python_implementation']}-{value['python_minor']}{build}"
    return "-".join([plain, *(str(mark) for mark, there in marks.items() if there)])


def free_threaded() -> bool:
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def gil_enabled() -> bool:
    """Whether the GIL is enabled right now: importing an extension can enable it."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def _config(name: str) -> str:
    """A variable of Python's makefile; empty where there is no makefile, as on Windows."""
    return str(sysconfig.get_config_var(name) or "")


def _environ() -> Mapping[str, str]:
    return {} if sys.flags.ignore_environment else os.environ


def build(arguments: str, flags: str) -> str:
    """A build's optimizations, from its configure arguments and compiler flags."""
    # The compiler uses the last of several levels. A distribution may use PGO or LTO without these
    # arguments.
    levels = re.findall(r"(?<!\S)-O\S*", flags)
    parts = [*levels[-1:]]
    parts += ["PGO"] if "--enable-optimizations" in arguments else []
    parts += ["LTO"] if "--with-lto" in arguments and "--with-lto=no" not in arguments else []
    return ", ".join(parts) or UNKNOWN


def _jit() -> str:
    if platform.python_implementation() != "CPython":
        return UNKNOWN
    switch = getattr(sys, "_jit", None)
    if switch is not None:
        return ("on" if switch.is_enabled() else "off") if switch.is_available() else NOT_BUILT
    return jit_of_313(_config("CONFIG_ARGS"), _environ().get("PYTHON_JIT", ""))


def jit_of_313(arguments: str, switch: str) -> str:
    """The state of the JIT in Python 3.13, which has no ``sys._jit``.

    It follows the configure argument, which ``PYTHON_JIT`` overrides.
    """
    found = re.search(r"--enable-experimental-jit(?:=([\w-]+))?", arguments)
    how = (found.group(1) or "yes") if found else "no"
    if not how.startswith("yes"):
        return NOT_BUILT  # "interpreter" builds one without machine code
    return "on" if (switch != "0" if how == "yes" else switch not in ("", "0")) else "off"


def allocator(environ: Mapping[str, str], *, dev_mode: bool = False) -> str:
    """The memory allocator of small objects."""
    chosen = environ.get("PYTHONMALLOC", "")
    if platform.python_implementation() != "CPython":
        return UNKNOWN
    without = sysconfig.get_config_var("WITH_PYMALLOC") == 0
    usual = "mimalloc" if free_threaded() else "malloc" if without else "pymalloc"
    if chosen == "debug" or (not chosen and (dev_mode or hasattr(sys, "gettotalrefcount"))):
        return f"{usual}_debug"
    return usual if chosen in ("", "default") else chosen


def _start_method() -> str:
    chosen = multiprocessing.get_start_method(allow_none=True)  # otherwise, reading would fix it
    return chosen or multiprocessing.get_all_start_methods()[0]
