"""How fast is this machine, and is it the same all along? Small works of known size, measured in every
session between its rows.

``yardsticks`` takes the readings, in sweeps, and owns what must live on from one to the next. Each
yardstick is a plain function that takes one reading, in seconds: ``computing``, ``starting``, ``echo``
and ``writing`` hold them, ``timing`` is how they look at the clock. ``speed`` says what readings mean;
it knows no clock.
"""

from __future__ import annotations

TITLES = {
    "python_loop": "pure Python loop",
    "c_code": "C code, one thread",
    "c_code_all_cores": "C code, a thread a core",
    "loopback_round_trip": "round trip over loopback",
    "thread_start": "start of a thread",
    "process_start_fork": "start of a process, fork",
    "process_start_forkserver": "start of a process, fork server",
    "process_start_spawn": "start of a process, spawn",
    "pickle_1mb": "pickle 1 MB, and back",
    "file_write": "write a file",
    "file_write_fsync": "write a file, fsync",
    "timer_resolution": "resolution of the timer",
}
"""Yardstick -> what a person calls it, in the order to show. A system may lack some. Seconds, all."""
