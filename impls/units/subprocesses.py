"""Separate programs: one more Python each.

Execution unit: processes, started by ``subprocess``. They share only the files of the interpreter, and
know nothing of this program. Input and output pass through pipes, as bytes.
Costs the start of an interpreter for each, without imports.
Choose it for programs by other authors or in other languages. ``processes_spawn`` does the same, but
calls a function and passes objects.
"""

import subprocess
import sys

from impls.units import Job, Life

DEFAULT = False
CASES = ("one", "hundred")

IDLE = "import os; print(os.getpid(), flush=True); input()"


def run(job: Job, *, workers: int) -> Life:
    programs = []
    life = Life(job)
    try:
        for _ in range(job.units):
            command = [sys.executable, "-c", IDLE]
            program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            programs.append(program)
        life.all_up([program.stdout.readline() for program in programs if program.stdout])
    finally:
        for program in programs:
            program.communicate(b"\n")
    return life.all_gone()
