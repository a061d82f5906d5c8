"""The Python interpreter: which, how it was built, and how it was started."""

from __future__ import annotations

import multiprocessing
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass

from concurbench.machine.field import NOT_TOLD, Field, context, identity

NOT_BUILT = "not built"


@dataclass(frozen=True)
class Interpreter:
    """A Python interpreter, as far as it matters to how fast it is."""

    implementation: str
    version: str
    compiler: str
    build: str
    """What it was compiled with, as in ``-O3, PGO, LTO``."""
    debug: bool
    free_threaded: bool
    lock_forced: bool
    """Whether a free-threaded one was told to take its global lock, from the start."""
    gil_enabled: bool
    jit: str
    """``on``, ``off``, or ``not built``."""
    allocator: str
    usual_allocator: str
    """The one that such a build has when nobody asks for another."""
    start_method: str
    """How the processes of ``multiprocessing`` start where a program does not say."""
    switch_interval: float
    """Seconds."""
    cores: int | None
    """How many it counts for those who ask it, as pools do."""

    @classmethod
    def here(cls) -> Interpreter:
        """The one this runs in, as it is now."""
        return cls(
            implementation=platform.python_implementation(),
            version=platform.python_version(),
            compiler=platform.python_compiler(),
            build=build(_config("CONFIG_ARGS"), _config("PY_CFLAGS")),
            debug=hasattr(sys, "gettotalrefcount"),
            free_threaded=free_threaded(),
            lock_forced=free_threaded() and getattr(sys.flags, "gil", None) == 1,
            gil_enabled=gil_enabled(),
            jit=_jit(),
            allocator=allocator(_environ(), dev_mode=sys.flags.dev_mode),
            usual_allocator=allocator({}),
            start_method=_start_method(),
            switch_interval=sys.getswitchinterval(),
            # From Python 3.13 on it can be set, and knows the affinity.
            cores=getattr(os, "process_cpu_count", os.cpu_count)(),
        )

    @property
    def minor(self) -> str:
        """The version without its last part."""
        return ".".join(self.version.split(".")[:2])

    @property
    def name(self) -> str:
        """As folders have it: ``CPython-3.13t``, and what makes another one of the same version."""
        marks = {
            "gil": self.lock_forced,
            "jit": self.jit == "on",
            "debug": self.debug,
            self.allocator: self.allocator != self.usual_allocator,
        }
        build = "t" if self.free_threaded else ""
        plain = f"{self.implementation}-{self.minor}{build}"
        return "-".join([plain, *(mark for mark, there in marks.items() if there)])


def fields(python: Interpreter) -> list[Field]:
    return [
        identity("python_implementation", "implementation", python.implementation),
        identity("python_minor", "version", python.minor),
        context("python_version", "release", python.version),
        context("python_compiler", "compiler", python.compiler),
        context("python_build", "built with", python.build),
        identity("debug_build", "debug build", python.debug),
        identity("free_threaded", "free-threaded", python.free_threaded),
        identity("gil_forced", "GIL forced on", python.lock_forced),
        context("gil_enabled", "GIL enabled", python.gil_enabled),
        identity("jit", "JIT", python.jit),
        identity("allocator", "allocator", python.allocator),
        context("start_method", "start method", python.start_method),
        context("switch_interval_seconds", "switch interval, s", python.switch_interval),
        context("python_cores", "cores it counts", python.cores or NOT_TOLD),
    ]


def free_threaded() -> bool:
    """Whether this interpreter was built to run without its global lock."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def gil_enabled() -> bool:
    """Whether the global lock is held right now: importing an extension can switch it on."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def _config(name: str) -> str:
    """What Python's makefile says; empty where there is none, as on Windows."""
    return str(sysconfig.get_config_var(name) or "")


def _environ() -> Mapping[str, str]:
    """The variables that Python heeds."""
    return {} if sys.flags.ignore_environment else os.environ


def build(arguments: str, flags: str) -> str:
    """How a build was optimized, from the arguments it was configured with and the compiler's flags."""
    # Of two levels of optimization the compiler takes the last. Who makes packages may profile, or
    # optimize across files, without saying so here.
    levels = re.findall(r"(?<!\S)-O\S*", flags)
    told = [*levels[-1:]]
    told += ["PGO"] if "--enable-optimizations" in arguments else []
    told += ["LTO"] if "--with-lto" in arguments and "--with-lto=no" not in arguments else []
    return ", ".join(told) or NOT_TOLD


def _jit() -> str:
    if platform.python_implementation() != "CPython":
        return NOT_TOLD
    switch = getattr(sys, "_jit", None)
    if switch is not None:
        return ("on" if switch.is_enabled() else "off") if switch.is_available() else NOT_BUILT
    return jit_of_313(_config("CONFIG_ARGS"), _environ().get("PYTHON_JIT", ""))


def jit_of_313(arguments: str, switch: str) -> str:
    """For want of ``sys._jit``: how it was configured, which the variable overrides."""
    said = re.search(r"--enable-experimental-jit(?:=([\w-]+))?", arguments)
    how = (said.group(1) or "yes") if said else "no"
    if not how.startswith("yes"):
        return NOT_BUILT  # "interpreter" is one without machine code
    return "on" if (switch != "0" if how == "yes" else switch not in ("", "0")) else "off"


def allocator(environ: Mapping[str, str], *, dev_mode: bool = False) -> str:
    """What hands out the memory of small objects."""
    asked = environ.get("PYTHONMALLOC", "")
    if platform.python_implementation() != "CPython":
        return NOT_TOLD
    usual = "mimalloc" if free_threaded() else "pymalloc"
    if sysconfig.get_config_var("WITH_PYMALLOC") == 0 and not free_threaded():
        usual = "malloc"
    if asked in ("", "default"):
        checked = dev_mode or hasattr(sys, "gettotalrefcount")
        asked = "debug" if checked and asked == "" else ""
    return f"{usual}_debug" if asked == "debug" else asked or usual


def _start_method() -> str:
    # Asked for without a word, it would be fixed from then on.
    return (
        multiprocessing.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0]
    )
