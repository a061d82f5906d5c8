"""Rounds of one row in a control group of its own: ``python -m studies.costs.inside TASK``.

The group's counters, which the kernel keeps by itself, are read right around the round, and the costs
around that.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import platform
import struct
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import impls
from benchmarks.processes import end_fork_server
from concurbench import machine
from concurbench.machine.cgroups import mounts
from concurbench.measure import cost
from concurbench.measure.cost import Costs
from impls import Resources, flags
from servers import cluster as clusters
from servers.local import Local, lay_out
from studies.costs.touching import held

PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}
"""Machine -> the number of the system call, for which Python has no function."""

CONTEXT_SWITCHES = struct.pack("IIQQQQQ", 1, 112, 3, 0, 0, 0, 0).ljust(112, b"\0")
"""``struct perf_event_attr`` of the software event: type, size and number."""

OF_A_GROUP = 4
"""The flag of perf_event_open for a control group instead of a process."""


def group_of(parent: int) -> Path:
    """The control group for the rows of the study that process ``parent`` makes.

    Raises:
        OSError: the system has no control groups of version 2.
    """
    points = [each.point for each in mounts(machine.Host.here()) if each.kind == "cgroup2"]
    if not points:
        raise OSError("no control groups of version 2")
    return Path(points[0]) / f"concurbench-{parent}"


class ControlGroup:
    """The control group of this process, and of the processes that it starts from now on. Whoever
    started this process removes the group."""

    def __init__(self) -> None:
        path = group_of(os.getppid())
        path.mkdir(exist_ok=True)
        self._stat = os.open(path / "cpu.stat", os.O_RDONLY)
        folder, number = os.open(path, os.O_RDONLY), PERF_EVENT_OPEN.get(platform.machine())
        cores, call = range(os.cpu_count() or 0), ctypes.CDLL(None).syscall
        found = [
            call(number, CONTEXT_SWITCHES, folder, core, -1, OF_A_GROUP) for core in cores if number
        ]
        self._events = found if min(found, default=-1) >= 0 else []
        (path / "cgroup.procs").write_text(str(os.getpid()))

    def read(self) -> tuple[bytes, ...]:
        """The counters as the kernel has them: reading them must be cheap."""
        time.process_time()  # else the kernel adds the time since the last timer tick only later
        return os.pread(self._stat, 4096, 0), *(os.read(each, 8) for each in self._events)

    @staticmethod
    def used(before: tuple[bytes, ...], after: tuple[bytes, ...]) -> dict[str, float]:
        """The CPU seconds between two readings, and the switches if the kernel counts them."""
        one, two = (
            {name: int(value) for name, value in map(bytes.split, each[0].splitlines())}
            for each in (before, after)
        )
        kinds = {"cpu_seconds": b"usage_usec", "cpu_user": b"user_usec", "cpu_system": b"system_usec"}
        used = {name: (two[field] - one[field]) / 1e6 for name, field in kinds.items()}
        if len(after) > 1:
            counts = [[struct.unpack("Q", count)[0] for count in each[1:]] for each in (before, after)]
            used["switches"] = float(sum(counts[1]) - sum(counts[0]))
        return used


@contextlib.contextmanager
def row(task: Mapping[str, Any]) -> Iterator[tuple[Callable[[], Callable[[], Any]], Any, Any]]:
    """What prepares a round and returns it, the model and the server."""
    workload, case = import_module(f"impls.{task['workload']}"), task["case"]
    model = impls.find(task["workload"], task["model"])
    workers, server = task["workers"], None
    with ExitStack() as stack:
        run = stack.enter_context(impls.loaded(task["workload"], task["model"]))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        resources = {"workers": workers}
        if task["workload"] == "flags":
            lay_out(flags.site(), folder / "site")
            server = stack.enter_context(Local(folder / "site", 0.01))
            resources |= {"base_url": server.url}
        group = ControlGroup()
        if model.cluster:
            cluster = stack.enter_context(
                clusters.fitting(model.cluster, workers, machine.usable_cores())
            )
            resources |= {"cluster": cluster.address}
        stack.callback(end_fork_server)

        def prepared() -> Callable[[], Any]:
            destination = Path(tempfile.mkdtemp(dir=folder))
            job = workload.job(workload.CASES[case], Resources(**resources, destination=destination))
            gc.collect()
            return lambda: workload.check(job, run(job, workers=workers))

        prepared()()
        yield prepared, (group, model), server


def accounted(task: Mapping[str, Any]) -> dict[str, Any]:
    """The costs of the row by the suite and by the kernel, on average over the rounds."""
    idle = cost.idle_processes(None)
    with row(task) as (prepared, (group, model), server):
        costs = Costs(None, model.start_method)
        costs.leave_out(idle, server)
        kernel: dict[str, float] = {}
        for _ in range(task["rounds"]):
            a_round = prepared()
            costs.start()
            before = group.read()
            a_round()
            after = group.read()
            costs.stop()
            for name, value in group.used(before, after).items():
                kernel[name] = kernel.get(name, 0.0) + value / task["rounds"]
        kept, unknown = costs.kept()
        return {
            "ours": {name: each["values"][0] for name, each in kept.items()},
            "kernel": kernel,
            "unknown": unknown,
        }


def paired(task: Mapping[str, Any]) -> dict[str, Any]:
    """The seconds of rounds with the accounting and of rounds without, taken in turn: with, without,
    without, with, and then the other way round."""
    idle = cost.idle_processes(None)
    with row(task) as (prepared, (_, model), server):
        costs = Costs(None, model.start_method)
        costs.leave_out(idle, server)
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for number in range(task["rounds"]):
            first = not number % 2
            for accounting in (first, not first, not first, first):
                a_round = prepared()
                if accounting:
                    costs.start()
                start = time.perf_counter()
                a_round()
                seconds[accounting].append(time.perf_counter() - start)
                if accounting:
                    costs.stop()
        return {"with": seconds[True], "without": seconds[False]}


if __name__ == "__main__":
    # Child processes import the main module of their parent; an empty one takes its place.
    functions = {"accounted": accounted, "paired": paired, "held": held}
    sys.modules["__main__"] = types.ModuleType("__main__")
    asked = json.loads(sys.argv[1])
    print(json.dumps(functions[asked["what"]](asked)))
