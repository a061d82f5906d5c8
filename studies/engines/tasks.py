"""The tasks of the study, in a module that workers import and that imports nothing else."""

from __future__ import annotations

import os
import time


def nothing(argument: object) -> None:
    """Take an argument and do nothing."""


def produce(size: int) -> bytes:
    """A result of ``size`` bytes."""
    return bytes(size)


def process(seconds: float) -> int:
    """The number of the worker's process, after a nap that leaves tasks to the other workers."""
    time.sleep(seconds)
    return os.getpid()
