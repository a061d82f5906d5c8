"""Programs of their own: one more Python each.

Execution unit: processes, started by ``subprocess``. They share nothing but the files of the
interpreter, and know nothing of this program: what goes in and out goes through pipes, as bytes. Costs
the start of an interpreter for each, and no imports. Choose it for programs of other people, and of
other languages; ``processes_spawn`` is this with a function to call and objects to hand over.
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
