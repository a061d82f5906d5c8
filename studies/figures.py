"""Figures of a committed run for the pages.

A page calls these functions in a block that cog fills in (``make docs``).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

import impls
from concurbench import machine, units
from concurbench.results import runs
from concurbench.results.row import Row
from concurbench.results.runs import Run

RUN = Path(__file__).parents[1] / "results" / "linux-kvm-amd-epyc-25.17.1-2c-cpython-3.11"
"""The machine of the figures; its newest run is shown."""


@cache
def run() -> Run:
    """The newest committed run of the machine."""
    return runs.read(runs.numbered(RUN)[0])


def row(name: str) -> Row:
    """A row by its short name without its workers: ``flags[threaded-local-all194]``.

    Raises:
        LookupError: the run has no such row.
    """
    prefix = f"{name.removesuffix(']')}-w"
    for each in run().rows:
        if runs.short_name(each.id).startswith(prefix):
            return each
    raise LookupError(f"{run().path.name} has no row {name}")


def evidence(*names: str, metric: str | None = None) -> None:
    """Print a quoted line: the times of these rows of one group, or their ``metric``, the best first,
    and the ratio of the worst to the best."""
    rows = [row(name) for name in names]
    values = [_value(each, metric) for each in rows]
    better = _better(rows[0], metric)
    ordered = sorted(
        zip(values, rows, strict=True), key=lambda each: each[0], reverse=better == "higher"
    )
    shown = ", ".join(f"`{each.model}` {_shown(each, value, metric)}" for value, each in ordered)
    best, worst = ordered[0][0], ordered[-1][0]
    times = (
        ""
        if len(rows) < 2 or not min(best, worst)
        else f": {_times(max(best, worst) / min(best, worst))} times"
    )
    what = f", {metric.replace('_', ' ')}" if metric else ""
    print(f"> {rows[0].group}{what}: {shown}{times}.")


def _value(each: Row, metric: str | None) -> float:
    if metric is None:
        return each.median
    found = each.metric(metric)
    if found is None:
        raise LookupError(f"{runs.short_name(each.id)} has no metric {metric}")
    return found.median


def _better(each: Row, metric: str | None) -> str:
    found = each.metric(metric) if metric else None
    return found.better if found else "lower"


def _shown(each: Row, value: float, metric: str | None) -> str:
    found = each.metric(metric) if metric else None
    if found is None:
        limit = (
            f" ({each.efficiency:.0%} of the limit)"
            if each.efficiency and not each.limit_check and each.model != "sequential"
            else ""
        )
        return f"{units.time(value)}{limit}"
    unit = units.unit_of([value], found.unit)
    return f"{unit.text(value)} {unit.symbol}".strip()


def cases(workload: str) -> None:
    """Print a list of a workload's cases: units of work and workers."""
    for name, case in import_module(f"impls.{workload}").CASES.items():
        print(f"- `{name}`: {units.counted(case.items, 'unit')}, {_workers(case.workers)}")


def models(workload: str) -> None:
    """Print the names of a workload's models, the default ones first."""
    found = impls.models(workload)
    for heading, default in (("By default", True), ("With `--models=all`", False)):
        names = ", ".join(f"`{each.name}`" for each in found if bool(each.default) == default)
        print(f"- {heading}: {names}.")


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def minutes() -> str:
    """How long the run took, from its first yardstick reading of each pass to the last one."""
    ends = [
        max(when for readings in each.values() for when, _ in readings) for each in run().yardsticks
    ]
    return f"{sum(ends) / 60:.0f} minutes"


def workloads() -> None:
    """Print a table of the workloads and their questions, with links to their pages."""
    print("| workload | question |\n| --- | --- |")
    for name in impls.workloads():
        print(f"| [{name}](workloads/{name}.md) | {import_module(f'impls.{name}').QUESTION} |")


def card_fields() -> None:
    """Print a table of the identity card's fields by kind."""
    meanings = {
        "identity": "they are in different folders",
        "context": "a note names it",
        "volatile": "nothing: these always change",
    }
    card = machine.card()
    print("| kind | fields | when two runs differ in it |\n| --- | --- | --- |")
    for kind in machine.Kind:
        # Part of the identity only if one CPU name covers several, which depends on this machine.
        kinds = {field.name: field.kind for field in card.fields} | {
            "cpu_family": machine.Kind.IDENTITY
        }
        names = ", ".join(f"`{name}`" for name in kinds if kinds[name] == kind)
        print(f"| {kind} | {names} | {meanings[kind]} |")


def _workers(workers: int | None) -> str:
    return units.counted(workers, "worker") if workers else "a worker for each usable core"
