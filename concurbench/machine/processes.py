"""What the system reports of a process with all its descendants, and a sampler of its peaks.

The CPU time of an ended process goes to the parent that waited for it. So the time of a tree is that of
its live processes plus, for each of them, that of the children it waited for. Nothing is counted twice
when a process ends. Only the time of a process whose parent did not wait for it is lost.

This file is also the program of the sampler, ``python processes.py``. It needs nothing of this project.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import select
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import psutil

if sys.platform != "win32":
    import resource

LINUX = psutil.LINUX

MEMORY_KIND = "pss" if LINUX else "uss"
"""The kind of memory that is added up over processes. On Linux it is PSS, which divides shared pages
between the processes. Elsewhere it is USS, which leaves out shared pages."""

ATTEMPTS = 5
"""How often a tree is read again because a process ended meanwhile."""

SHORTEST_PAUSE = 0.001
"""Seconds between two samples, at least; a sampler sleeps as long as its last sample took."""

TIMEOUT = 30.0
"""Seconds for the sampler to answer."""

GONE = (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError)
"""The errors of reading a process that has ended."""

Tasks = dict[tuple[int, int], tuple[int, int]]
"""A thread, by the id of its process and its own -> its switches, voluntary and not."""


@dataclass(frozen=True)
class Usage:
    """What processes have used: CPU time in seconds, and context switches. Only differences mean
    anything."""

    user: float = 0.0
    system: float = 0.0
    voluntary: int = 0
    """Switches because a thread waited."""
    involuntary: int = 0
    """Switches because another thread was given the core."""
    tasks: Tasks = field(default_factory=dict)
    """Those of live descendants."""

    @property
    def seconds(self) -> float:
        return self.user + self.system

    def __add__(self, other: Usage) -> Usage:
        """The usage of other processes, added, without ``tasks``."""
        return Usage(
            self.user + other.user, self.system + other.system,
            self.voluntary + other.voluntary, self.involuntary + other.involuntary,
        )  # fmt: skip

    def since(self, earlier: Usage) -> Usage:
        """What was used between the two, without ``tasks``: their switches are added."""
        alive = {pid for pid, _ in self.tasks}
        voluntary = self.voluntary - earlier.voluntary
        involuntary = self.involuntary - earlier.involuntary
        for task in {*earlier.tasks, *self.tasks}:
            # The parent of an ended process has its switches. Those of an ended thread are lost.
            if task in self.tasks or task[0] not in alive:
                before, now = earlier.tasks.get(task, (0, 0)), self.tasks.get(task, (0, 0))
                voluntary += now[0] - before[0]
                involuntary += now[1] - before[1]
        user, system = self.user - earlier.user, self.system - earlier.system
        return Usage(user, system, max(0, voluntary), max(0, involuntary))


def own_usage() -> Usage:
    """What this process has used, without its children; errors as for the others."""
    return _rusage(ended=False)


def usage_of_others(without: Collection[int] = ()) -> Usage:
    """What the descendants of this process have used, live or ended, but for the live processes
    ``without`` and their descendants.

    Other systems than Linux do not report the children that a live process has waited for, nor the
    switches of live processes.

    Raises:
        OSError: the system does not report it.
    """
    for _ in range(ATTEMPTS):
        found = descendants(os.getpid(), without)
        ended = _rusage(ended=True)
        user, system, tasks, read = ended.user, ended.system, Tasks(), 0
        for pid in found:
            with contextlib.suppress(*GONE, psutil.Error):
                times = _cpu_times(pid)
                user, system, read = user + times[0], system + times[1], read + 1
                tasks |= _switches(pid)
        # One that ended meanwhile might be missing, or there twice.
        if read == len(found) and found == descendants(os.getpid(), without):
            break
    return Usage(user, system, ended.voluntary, ended.involuntary, tasks)


def descendants(root: int, without: Collection[int] = ()) -> list[int]:
    """The live processes below ``root``, but for those ``without`` and their descendants."""
    found: list[int] = []
    for child in _children(root):
        if child not in without:
            found += [child, *descendants(child, without)]
    return found


def _children(pid: int) -> list[int]:
    try:
        # Much faster than looking at all processes; some kernels lack it.
        files = [f"/proc/{pid}/task/{task}/children" for task in _listed(f"/proc/{pid}/task")]
        return [int(child) for file in files for child in _read(file).split()]
    except OSError:
        try:
            return [child.pid for child in psutil.Process(pid).children()]
        except psutil.Error:
            return []


def _listed(folder: str) -> list[str]:
    return os.listdir(folder)  # noqa: PTH208 - half the time of a Path


def _read(path: str) -> str:
    with open(path) as file:  # noqa: PTH123 - half the time of a Path
        return file.read()


def _rusage(*, ended: bool) -> Usage:
    """What this process has used, or the ended children that it has waited for."""
    if sys.platform == "win32":
        raise OSError(f"{platform.system()} does not report the CPU time of ended processes")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN if ended else resource.RUSAGE_SELF)
    return Usage(usage.ru_utime, usage.ru_stime, usage.ru_nvcsw, usage.ru_nivcsw)


def _cpu_times(pid: int) -> tuple[float, float]:
    """The user's and the system's time of a process, and of the children that it has waited for."""
    if not LINUX:
        times = psutil.Process(pid).cpu_times()
        return times.user + times.children_user, times.system + times.children_system
    # The name may hold spaces and parentheses.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    user, system, of_children, system_of_children = (
        int(each) / os.sysconf("SC_CLK_TCK") for each in fields[11:15]
    )
    # The file counts in ticks of a hundredth of a second. A process's clock is exact, but counts both
    # kinds together: clock_getcpuclockid(3) makes its number like this.
    with contextlib.suppress(OSError):
        user = max(0.0, time.clock_gettime(~pid << 3 | 2) - system)
    return user + of_children, system + system_of_children


def _switches(pid: int) -> Tasks:
    """The switches of a process's live threads; empty where the system does not report them."""
    found: Tasks = {}
    if LINUX:
        for task in map(int, _listed(f"/proc/{pid}/task")):
            with contextlib.suppress(*GONE):
                lines = _read(f"/proc/{pid}/task/{task}/status").splitlines()
                voluntary, involuntary = (int(line.split()[1]) for line in lines[-2:])
                found[pid, task] = voluntary, involuntary
    return found


@dataclass
class Peaks:
    """The highest readings of a tree while it was observed. Memory and descriptors are those above the
    root process alone, right before; threads and processes include the root's own one. A thread that
    the root had before counts only if it has run since: it may be that of a library, or of a helper."""

    memory: int = 0
    """Bytes of the kind ``MEMORY_KIND``, of all processes together."""
    threads: int = 0
    processes: int = 0
    descriptors: int = 0
    """Open files, sockets and pipes."""
    samples: int = 0

    def with_peaks_of(self, other: Peaks) -> Peaks:
        """The peaks of both; the samples are added."""
        higher = {name: max(one, vars(other)[name]) for name, one in vars(self).items()}
        return Peaks(**{**higher, "samples": self.samples + other.samples})


class Observation:
    """The samples of the process ``root`` and its descendants, but for ``without`` and theirs."""

    def __init__(self, root: int, without: Collection[int] = ()) -> None:
        self._root, self._without = root, without
        self._memory, self._descriptors = memory(root), _descriptors(root)
        self._threads, self._switches = _threads(root), _switches(root)
        self.peaks = Peaks()

    def sample(self) -> None:
        """Take a sample of all processes."""
        held = threads = processes = descriptors = 0
        for pid in (self._root, *descendants(self._root, self._without)):
            with contextlib.suppress(*GONE, psutil.Error):
                held += memory(pid)
                threads += _threads(pid) if pid != self._root else self._threads_that_ran()
                descriptors += _descriptors(pid)
                processes += 1
        above = (threads, processes, descriptors - self._descriptors)
        self.peaks = self.peaks.with_peaks_of(Peaks(held - self._memory, *above, samples=1))

    def _threads_that_ran(self) -> int:
        """The root's main thread, its new threads, and where the system reports switches, those that
        have run since the observation began."""
        if not LINUX:
            return 1 + _threads(self._root) - self._threads
        main, now = (self._root, self._root), _switches(self._root)
        return sum(task == main or self._switches.get(task) != now[task] for task in now)


def memory(pid: int) -> int:
    """The bytes of a process, of the kind ``MEMORY_KIND``.

    Raises:
        OSError, psutil.Error: it has ended, or the system does not report it.
    """
    if LINUX:
        with contextlib.suppress(FileNotFoundError):  # an old kernel, or a process that has ended
            lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    size: int = getattr(psutil.Process(pid).memory_full_info(), MEMORY_KIND)
    return size


def _threads(pid: int) -> int:
    return len(_listed(f"/proc/{pid}/task")) if LINUX else psutil.Process(pid).num_threads()


def _descriptors(pid: int) -> int:
    return len(_listed(f"/proc/{pid}/fd")) if LINUX else psutil.Process(pid).num_fds()


class Sampler:
    """A context manager: a process of its own that samples this one while a block of ``watching``
    lasts. It ends with this process."""

    def __enter__(self) -> Self:
        # -P: the modules beside this file have common names. Ctrl-C must not reach a new session.
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        self.pid = self._process.pid
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    @contextlib.contextmanager
    def watching(self, without: Collection[int] = ()) -> Iterator[Peaks]:
        """Sample this process and its descendants but for ``without``. The peaks have their values
        after the block.

        Raises:
            OSError: the system does not report them, or the sampler does not answer.
        """
        peaks = Peaks()
        self._ask({"root": os.getpid(), "without": [*without, self.pid]})
        try:
            yield peaks
        finally:
            vars(peaks).update(self._ask(None))

    def _ask(self, request: object) -> dict[str, int]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout  # noqa: PT018 - both are pipes
        stdin.write(f"{json.dumps(request)}\n")
        stdin.flush()
        # One line is sent for each request, so nothing is in the buffer.
        answer = stdout.readline() if select.select([stdout], [], [], TIMEOUT)[0] else ""
        if not answer:
            raise OSError("the sampler does not answer")
        found: dict[str, Any] = json.loads(answer)
        if "error" in found:
            raise OSError(found["error"])
        return found


def _sampler() -> None:
    """Answer requests: a root, upon which samples are taken, and null, which ends that."""
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        try:
            observation = Observation(asked["root"], asked["without"])
        except (OSError, psutil.Error) as error:
            print(json.dumps({"error": f"{platform.system()} does not report it: {error}"}), flush=True)
            continue
        print("{}", flush=True)
        pause = 0.0
        while not select.select([sys.stdin], [], [], pause)[0]:
            start = time.perf_counter()
            observation.sample()
            pause = max(SHORTEST_PAUSE, time.perf_counter() - start)
        sys.stdin.readline()
        print(json.dumps(asdict(observation.peaks)), flush=True)


if __name__ == "__main__":
    _sampler()
