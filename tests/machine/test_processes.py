"""What a tree of processes has used and holds: of live processes, ended ones, and what servers hold."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from concurbench.machine import processes
from concurbench.machine.processes import Observation, Sampler, Usage, usage_of_others

BURNT = 0.1
"""Seconds of CPU time that a process burns."""

SIZE = 16 * 2**20
"""Bytes that a process touches."""

PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-S", "-c", sys.argv[1]], check=True)
print("waited for it", flush=True)
sys.stdin.read()
"""

BURN = f"""
import time
while time.process_time() < {BURNT}: pass
"""

pytestmark = pytest.mark.skipif(not psutil.LINUX, reason="other systems do not report it")


@contextmanager
def parent_of(child: str) -> Iterator[subprocess.Popen[str]]:
    """A live process that has started another one and waited for it."""
    command = [sys.executable, "-S", "-c", PARENT, child]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "waited for it\n"
        yield parent
        parent.communicate()


def test_time_of_an_ended_grandchild_counts_whether_its_parent_lives_or_has_ended() -> None:
    before = usage_of_others()
    with parent_of(BURN) as parent:
        alive = usage_of_others().since(before)
        without = usage_of_others([parent.pid]).since(before)
    ended = usage_of_others().since(before)
    assert alive.seconds > 0.8 * BURNT  # it counts in ticks
    assert without.seconds < 0.5 * BURNT
    assert ended.seconds > BURNT
    assert alive.voluntary > 0
    assert ended.voluntary >= alive.voluntary


def test_switches_of_an_ended_process_are_counted_once_and_those_of_an_ended_thread_are_lost() -> None:
    before = Usage(voluntary=10, tasks={(1, 1): (5, 50), (2, 2): (7, 70), (2, 3): (9, 90)})
    # Process 1 has ended with 8 switches, 3 of them since, and thread 3 of the live process 2.
    after = Usage(voluntary=18, involuntary=60, tasks={(2, 2): (8, 72), (4, 4): (1, 1)})
    assert after.since(before) == Usage(voluntary=3 + 1 + 1, involuntary=10 + 2 + 1)


@pytest.mark.parametrize("shared", [True, False])
def test_shared_memory_counts_once_and_private_memory_for_each_process(shared: bool) -> None:
    context = multiprocessing.get_context("fork")
    touched, end = context.Semaphore(0), context.Event()

    def touch(memory: mmap.mmap) -> None:
        memory[:: mmap.PAGESIZE] = bytes(SIZE // mmap.PAGESIZE)
        touched.release()
        end.wait()

    flags = mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE
    memory = mmap.mmap(-1, SIZE, flags | mmap.MAP_ANONYMOUS)
    others = processes.descendants(os.getpid())
    observation = Observation(os.getpid(), others)
    workers = [context.Process(target=touch, args=(memory,)) for _ in range(2)]
    for worker in workers:
        worker.start()
        touched.acquire()
    observation.sample()
    end.set()
    for worker in workers:
        worker.join()
    peaks = observation.peaks
    assert (1 if shared else 2) * SIZE < peaks.memory < (1 if shared else 2) * SIZE + SIZE / 2
    assert (peaks.processes, peaks.samples) == (3, 1)


def test_a_thread_that_was_there_before_counts_only_if_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    main = os.getpid()
    tasks = {(main, main): (5, 0), (main, 2): (7, 1), (main, 3): (9, 0)}
    monkeypatch.setattr(processes, "_switches", lambda _: dict(tasks))
    observation = Observation(main, processes.descendants(main))
    observation.sample()
    assert observation.peaks.threads == 1
    tasks |= {(main, 3): (10, 0), (main, 4): (0, 0)}  # thread 3 has run, thread 4 is new
    observation.sample()
    assert observation.peaks.threads == 3


def test_a_sampler_sees_threads_and_files_and_does_not_count_itself() -> None:
    # Other helpers of pytest may live here.
    others = processes.descendants(os.getpid())
    with Sampler() as sampler:
        for _ in range(2):  # it serves several blocks
            with sampler.watching(others) as peaks, parent_of("pass") as parent:
                assert parent.pid in processes.descendants(os.getpid())
            assert peaks.samples > 0
            assert peaks.processes == peaks.threads >= 2
            assert peaks.descriptors > 0
        sampler._process.kill()
        with pytest.raises(OSError, match=r"does not answer|Broken pipe"), sampler.watching():
            pass
