"""One row: the model, case and server that it measures, and what it saves beside the times."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import inspect
import itertools
import math
import statistics
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from concurbench import machine
from concurbench.errors import ConcurbenchError
from concurbench.machine.processes import MEMORY_KIND
from concurbench.measure import cost
from concurbench.measure.rounds import Part, Rounds
from concurbench.measure.session import Session
from concurbench.measure.speed import capacity
from concurbench.measure.turns import Visited
from concurbench.results.row import BETTER, METRIC_UNITS, MetricInfo, RowInfo
from concurbench.results.runs import SurpriseInfo, WorkloadInfo

FINGERPRINT_LENGTH = 16

BOUNDS = {
    "waiting": "the time that the work waits, with all workers busy",
    "server": "the time that the server needs to answer all requests",
}
"""The lower bounds of a row's time -> what they mean."""


class BenchmarkRow:
    """A row of the benchmarks, to be measured once.

    Its times go to pytest-benchmark's fixture ``benchmark``, and all else to that fixture's
    ``extra_info``. ``workload`` is a module like ``impls.flags``. ``model`` is an ``impls.Model``: what
    is known about the model before it is imported as ``run``. With ``capacity_here`` false, its workers
    run on other hosts, whose parallel capacity is unknown. If the row takes turns with others, it is
    measured several times: each time it has another object of this class, and the same rounds.
    """

    def __init__(
        self, session: Session, benchmark: Any, workload: Any, model: Any,
        run: Callable[..., Any], case: str, workers: int, server: str | None = None, *,
        capacity_here: bool = True,
    ) -> None:  # fmt: skip
        self.workload = workload
        self.model = model
        self.case = workload.CASES[case]
        self.workers = workers
        self._session = session
        self._benchmark = benchmark
        self._run = run
        # A stepped session has no time between its rounds.
        between = benchmark.enabled and not session.stepped
        self._measures_capacity = between and capacity_here
        self._idle: set[int] | None = None
        """The processes that are not this row's; None if its costs are not measured."""
        if between and capacity_here:
            self._idle = cost.idle_processes(model.start_method, run)
        self._info: RowInfo = {
            "workload": model.workload,
            "model": model.name,
            "case": case,
            "workers": workers,
            "server": server,
            "items": self.case.items,
            "start_method": model.start_method,
            "source": fingerprint(model.file.read_bytes()),
            "reference": model.reference,
        }
        benchmark.group = group_of(model.workload, server, case)

    def measure(self, resources: object, **how: Any) -> None:
        """Measure the row with these resources; ``how`` is described at ``_rounds``."""
        with self._rounds(resources, **how) as rounds:
            rounds.measure(self._benchmark)

    async def measure_in_loop(self, resources: object, **how: Any) -> None:
        """The same for a model that is a coroutine, inside the running loop."""
        with self._rounds(resources, **how) as rounds:
            await rounds.measure_in_loop(self._benchmark)

    @contextlib.contextmanager
    def _rounds(
        self,
        resources: object,
        *,
        work: Iterable[object],
        waiting: float | None = None,
        yardstick: str | None = None,
        server: Any = None,
        requests: int = 1,
        once: Mapping[str, Callable[[], float]] = MappingProxyType({}),
        without: Mapping[str, Part] = MappingProxyType({}),
        **info: Any,
    ) -> Iterator[Rounds]:
        """The rounds of this row. Afterwards, what was measured beside the times is saved.

        ``work`` is everything that defines the work beside the question, the check and the delays of
        the server. ``waiting`` is the shortest possible time in seconds that the work waits. A
        CPU-bound row names the ``yardstick`` most like its work. An item takes ``requests`` requests to
        the ``server``. ``once`` maps each metric that rounds do not measure to a function that measures
        it. ``without`` are parts of the work that further rounds do without, to see what each costs.
        ``info`` is saved with the row.
        """
        workload, own = self.workload, self._info
        metrics: Mapping[str, tuple[str, str]] = getattr(workload, "METRICS", {})
        parts = [workload.QUESTION, workload.check, *work]
        if metrics:
            parts += [metrics, workload.metrics]
        bounds = {} if waiting is None else {"waiting": waiting}
        if server is not None:
            parts.append(server.delay)
            own["delay"] = server.delay
            if connect_delay := getattr(server, "connect_delay", 0.0):
                parts.append(("connect_delay", connect_delay))
                own["connect_delay"] = connect_delay
            own["server_capacity"] = limit = getattr(server, "capacity", None)
            if limit:
                bounds["server"] = requests * self.case.items / limit
        own |= {"bounds": bounds, "fingerprint": fingerprint(*parts), "yardstick": yardstick}
        extra: dict[str, Any] = self._benchmark.extra_info
        extra |= {**own, **info}
        known = self._session.workloads.get(self.model.workload, {})
        self._session.workloads[self.model.workload] = {
            "question": workload.QUESTION,
            "criterion": next(iter(metrics), "time"),
            "bound": getattr(workload, "BOUND", None),
            "cost_question": getattr(workload, "COST_QUESTION", False),
            "explanations": {
                **known.get("explanations", {}), **{name: BOUNDS[name] for name in bounds},
            },
            **described(workload, self.model.workload),
        }  # fmt: skip
        visited = self._session.visited(self._benchmark.fullname)
        rounds = visited.rounds if visited and visited.rounds else self._new_rounds()
        rounds.resources, rounds.server, rounds.requests = resources, server, requests
        if visited:
            visited.rounds = rounds
            rounds.takes_turns = not visited.alone
        first = not rounds.turns
        if self._idle is not None:
            rounds.costs = rounds.costs or self._costs()
            rounds.costs.leave_out(self._idle, server)
        if not self._session.stepped:
            rounds.parts = without
        yield rounds
        if rounds.without:
            # In the order in which they were declared; each visit measures them in another one.
            extra["without"] = {
                name: rounds.without[name] for name in rounds.parts if name in rounds.without
            }
        if rounds.costs:
            extra["cost"], extra["cost_unknown"] = rounds.costs.kept()
            extra.setdefault("memory_is", MEMORY_KIND)
        if self._measures_capacity and yardstick:
            extra["capacity_near"] = self._capacity(rounds, visited)
        if visited:
            extra["turns"] = list(rounds.turns)
        if metrics:
            if first:
                enabled = self._benchmark.enabled
                rounds.once = {name: each() if enabled else 0.0 for name, each in once.items()}
            extra["metrics"] = recorded(metrics, rounds.observed, rounds.once)
        if rounds.seen:
            extra["server_saw"] = {
                "served": rounds.seen[-1].served,
                "peak": max(seen.peak for seen in rounds.seen),
                **counted(rounds.seen, "cpu_seconds", "connections"),
            }
        # At the end, because importing the model may have switched the GIL on.
        extra["gil_enabled"] = machine.gil_enabled()

    def _new_rounds(self) -> Rounds:
        return Rounds(self.workload, self._run, self.case, None, self.workers, self._session.budget)

    def _costs(self) -> cost.Costs:
        longest = self._session.longest_observed
        sampler = (lambda: self._session.sampler) if longest else None
        return cost.Costs(sampler, self.model.start_method, longest)

    def _capacity(self, rounds: Rounds, visited: Visited | None) -> float:
        """The parallel capacity near the row: on a shared machine it changes by the second."""
        occupied = min(self.workers, self.case.items)
        if visited and visited.goes_on:
            return visited.group.capacity(occupied, rounds.a_round)
        both = (False, True)
        readings = [capacity.measure(occupied, rounds.a_round, backwards=each) for each in both]
        return statistics.mean(readings)


def group_of(workload: str, server: str | None, case: str) -> str:
    """The name of the group of rows that do this work."""
    return " · ".join(filter(None, [workload, server and f"{server} server", case]))


def described(workload: Any, name: str) -> WorkloadInfo:
    """What the overview says of a workload, as its module declares it (see ``impls``)."""
    found: WorkloadInfo = {
        "words": getattr(workload, "WORDS", {}),
        "surprises": [surprise(*each) for each in getattr(workload, "SURPRISES", ())],
    }
    if hasattr(workload, "OVERVIEW"):
        parts = {each.rpartition("-"): title for each, title in workload.OVERVIEW.items()}
        found["overview"] = {
            group_of(name, server, case): title for (server, _, case), title in parts.items()
        }
    if hasattr(workload, "FINDING"):
        metrics, models = workload.FINDING
        found["finding"] = {"metrics": metrics, "models": models}
    return found


def surprise(model: str, than: str, by: str, at_least: float, sentence: str) -> SurpriseInfo:
    """A sentence that explains a row, as a file holds it."""
    return {"model": model, "than": than, "by": by, "at_least": at_least, "sentence": sentence}


def counted(seen: Sequence[Any], *names: str) -> dict[str, list[float]]:
    """Name -> what the server counted in each round; a server may lack some of these counts."""
    found = {name: [getattr(each, name, None) for each in seen] for name in names}
    return {name: [value for value in values if value is not None] for name, values in found.items()}


def recorded(
    declared: Mapping[str, tuple[str, str]],
    rounds: Sequence[Mapping[str, float]],
    once: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, MetricInfo]:
    """The metrics of a row as the file holds them.

    ``declared`` maps each name to its unit and to which way is better, ``rounds`` holds the values of
    each round, and ``once`` those measured a single time in a pass.

    Raises:
        ConcurbenchError: a unit or direction is unknown, a metric is missing or was not declared, or a
            value is not a finite number.
    """
    for observed in rounds:
        if sorted([*observed, *once]) != sorted(declared):
            measured = sorted({*observed, *once})
            raise ConcurbenchError(
                f"measured metrics {measured}, but METRICS declares {sorted(declared)}"
            )
    kept: dict[str, MetricInfo] = {}
    for name, kind in declared.items():
        if kind not in itertools.product(METRIC_UNITS, BETTER):
            raise ConcurbenchError(
                f"metric {name}: expected a unit ({', '.join(METRIC_UNITS)}) and a direction "
                f"({' or '.join(BETTER)}), got {kind!r}"
            )
        values = [once[name]] if name in once else [observed[name] for observed in rounds]
        for value in values:
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise ConcurbenchError(f"metric {name}: expected a finite number, got {value!r}")
        kept[name] = {"unit": kind[0], "better": kind[1], "values": values}
    return kept


def fingerprint(*parts: object) -> str:
    """The digest of everything that defines the work: numbers, texts, bytes and functions.

    A function counts by its syntax tree without docstrings and decorators: a stricter check is
    different work, a comment is not. Other objects count by their ``repr``.
    """
    digest = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else repr(part).encode()
        if inspect.isfunction(part):
            content = repr(_tree(ast.parse(textwrap.dedent(inspect.getsource(part))))).encode()
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()[:FINGERPRINT_LENGTH]


def _tree(node: object) -> object:
    """A syntax tree as tuples, without what does not change the meaning.

    Like ``ast.dump``, but the same under all versions of Python: these differ in which empty fields
    they have and show.
    """
    if isinstance(node, list):
        return [_tree(each) for each in node]
    if not isinstance(node, ast.AST):
        return node
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        del fields["decorator_list"]
        if ast.get_docstring(node, clean=False) is not None:
            fields["body"] = fields["body"][1:]
    kept = {name: _tree(value) for name, value in fields.items() if value is not None and value != []}
    return type(node).__name__, kept
