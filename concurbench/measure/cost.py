"""What a row costs beside its time: CPU time and switches in its timed rounds, peaks in untimed ones.

Costs are those of this process with all its descendants, but for servers and helpers of the session.
Timed rounds are accounted for from outside: the system's counters are read before the timer starts and
after it has stopped. Peaks need samples, which would disturb a timed round. So they are of rounds of
their own. Of a process that runs a whole model, all memory counts, as that of any worker process does.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing.resource_tracker
import os
import platform
import statistics
from collections.abc import Callable, Collection, Iterator
from typing import Any

from concurbench.machine import processes
from concurbench.machine.processes import Peaks, Sampler, Usage
from concurbench.results.row import MetricInfo

LONGEST_OBSERVED = 2.0
"""Seconds of the longest round that is repeated, untimed, to observe its peaks."""

LONGEST_OBSERVED_AGAIN = 0.7
"""The same in further passes: a verdict by memory needs several, and a run has little time for it."""

OBSERVED_SECONDS = 0.05
"""Seconds of untimed rounds to observe, at least."""

MOST_OBSERVED = 3
"""Untimed rounds to observe, at most."""

MIN_SAMPLES = 2
"""Samples of a row without which its peaks are unknown."""

ACCOUNTED: dict[str, Callable[[Usage], float]] = {
    "cpu_seconds": lambda used: used.seconds,
    "cpu_user": lambda used: used.user,
    "cpu_system": lambda used: used.system,
    "voluntary_switches": lambda used: used.voluntary,
    "involuntary_switches": lambda used: used.involuntary,
}
"""Cost -> its value in one timed round."""

UNITS = {"cpu_seconds": "s", "cpu_user": "s", "cpu_system": "s", "peak_memory": "B"}
"""Cost -> its unit; the others are counts."""

SWITCHES = ("voluntary_switches", "involuntary_switches")

OBSERVED: dict[str, Callable[[Peaks], float]] = {
    "peak_memory": lambda peaks: peaks.memory,
    "peak_threads": lambda peaks: peaks.threads,
    "peak_processes": lambda peaks: peaks.processes,
    "peak_descriptors": lambda peaks: peaks.descriptors,
}
"""Cost -> its value in the observed rounds."""


WITH_TRACKER = ("spawn", "forkserver")
"""Start methods whose programs have a resource tracker."""


class Costs:
    """The costs of one row, whose processes start by ``start_method``.

    ``sampler`` returns the process that observes; with None, no round is observed. Neither are those
    longer than ``longest`` seconds.
    """

    def __init__(
        self, sampler: Callable[[], Sampler] | None = None, start_method: str | None = None,
        longest: float = LONGEST_OBSERVED,
    ) -> None:  # fmt: skip
        self._sampler = sampler
        self._without: set[int] = set()
        self._own: set[int] = set()
        self._start_method = start_method
        self._longest = longest
        self._before: tuple[Usage, Usage] | None = None
        self._used: list[Usage] = []
        self._peaks = Peaks()
        self._unknown: dict[str, str] = {}
        if sampler is None:
            self._lack(OBSERVED, "observed in the first passes only")

    def leave_out(self, idle: set[int], server: Any = None) -> None:
        """Do not count the processes ``idle``, which were there before this visit of the row, but for
        those that an earlier visit has started; nor that of its server."""
        process = getattr(server, "process", None)
        self._without = (idle - self._own) | ({process.pid} if process else set())

    def start(self) -> None:
        """A timed round starts now."""
        self._before = None
        with self._noting(ACCOUNTED):
            others = processes.usage_of_others(self._without)
            # Own usage last, so that the reading itself does not count.
            self._before = others, processes.own_usage()

    def stop(self) -> None:
        """The timed round has ended."""
        if self._before is None:
            return
        with self._noting(ACCOUNTED):
            own = processes.own_usage()  # first, for the same reason
            others = processes.usage_of_others(self._without)
            self._used.append(others.since(self._before[0]) + own.since(self._before[1]))
        if not processes.LINUX and processes.descendants(os.getpid(), self._without):
            # Waiting for a child is what a fork server does. Other live processes have none.
            lacking = ACCOUNTED if self._start_method == "forkserver" else SWITCHES
            self._lack(lacking, f"{platform.system()} does not report it of a process in between")

    def rounds_to_observe(self, seconds: float) -> int:
        """The number of untimed rounds to observe if one takes ``seconds``."""
        if self._sampler is None:
            return 0
        if seconds > self._longest:
            self._lack(OBSERVED, f"rounds of more than {self._longest:g} s are not observed")
            return 0
        return max(1, min(MOST_OBSERVED, math.ceil(OBSERVED_SECONDS / seconds)))

    @contextlib.contextmanager
    def observed(self) -> Iterator[None]:
        """An untimed round lasts as long as this block, and is observed."""
        assert self._sampler is not None
        with contextlib.ExitStack() as watching:
            peaks = Peaks()
            with self._noting(OBSERVED):
                peaks = watching.enter_context(self._sampler().watching(self._without))
            yield
            with self._noting(OBSERVED):
                watching.close()
                self._peaks = self._peaks.with_peaks_of(peaks)

    def kept(self) -> tuple[dict[str, MetricInfo], dict[str, str]]:
        """The costs as the file holds them, and why others are unknown, at the end of a visit.

        Of the timed rounds it is the mean: the system counts in ticks of about a hundredth of a second
        what processes have used that a live one waited for, and these add up correctly.
        """
        self._own |= {*processes.descendants(os.getpid(), self._without)}
        values: dict[str, float] = {}
        if self._peaks.samples >= MIN_SAMPLES:
            values |= {name: of(self._peaks) for name, of in OBSERVED.items()}
        else:
            self._lack(OBSERVED, f"fewer than {MIN_SAMPLES} samples in its rounds")
        if self._used:
            values |= {name: statistics.mean(map(of, self._used)) for name, of in ACCOUNTED.items()}
        if self._start_method == "forkserver":
            self._lack(SWITCHES, "the system does not report those of a fork server's ended children")
        kept: dict[str, MetricInfo] = {
            name: {"unit": UNITS.get(name, "count"), "better": "lower", "values": [value]}
            for name, value in values.items()
            if name not in self._unknown
        }
        return kept, self._unknown

    @contextlib.contextmanager
    def _noting(self, names: Collection[str]) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._lack(names, str(error))

    def _lack(self, names: Collection[str], reason: str) -> None:
        for name in names:
            self._unknown.setdefault(name, reason)


def idle_processes(start_method: str | None, own: Any = None) -> set[int]:
    """The descendants of this process before a row whose processes start by ``start_method``: they are
    not the row's.

    ``own.process`` is the row's, though it runs already. So is the resource tracker of multiprocessing
    if its processes need one, even if an earlier row started it.
    """
    found = {*processes.descendants(os.getpid())}
    if process := getattr(own, "process", None):
        found.discard(process.pid)
    if start_method in WITH_TRACKER:
        tracker: Any = multiprocessing.resource_tracker
        found.discard(tracker._resource_tracker._pid)
    return found
