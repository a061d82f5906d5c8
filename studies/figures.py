"""Figures of a committed run for the pages.

A page calls these functions in a block that cog fills in (``make docs``).
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from rich.console import Group

import impls
from concurbench import machine, units
from concurbench.report.losses import losses_shown
from concurbench.report.text import COLUMNS, as_text
from concurbench.results import runs
from concurbench.results.row import Metric, Row
from concurbench.results.runs import Run
from concurbench.verdicts.curve import Curve, curves
from concurbench.verdicts.law import law
from concurbench.verdicts.pairs import compare
from studies.blocks import print_code

RUN = Path(__file__).parents[1] / "results" / "linux-kvm-amd-epyc-25.17.1-2c-cpython-3.11"
"""The machine of the figures; its newest run is shown."""


LEVEL = 0.95
"""Of the interval of a ratio."""


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
    found = [each for each in run().rows if runs.short_name(each.id).startswith(prefix)]
    if not found:
        raise LookupError(f"{run().path.name} has no row {name}")
    return found[0]


def evidence(*names: str, metric: str | None = None) -> None:
    """Print a quoted line: the times of these rows of one group, or their ``metric``, the best first,
    and the ratio of the worst to the best."""
    rows = [row(name) for name in names]
    found = [(each, each.metric(metric) if metric else None) for each in rows]
    if metric and (without := [each.id for each, measured in found if measured is None]):
        raise LookupError(f"no metric {metric} in {', '.join(without)}")
    highest = any(measured and measured.better == "higher" for _, measured in found)
    found.sort(key=lambda each: (each[1] or each[0]).median, reverse=highest)
    shown = ", ".join(f"`{each.model}` {_shown(each, measured)}" for each, measured in found)
    small, large = sorted((measured or each).median for each, measured in (found[0], found[-1]))
    times = f": {_times(large / small)} times" if len(found) > 1 and small else ""
    what = f", {metric.replace('_', ' ')}" if metric else ""
    print(f"> {rows[0].group}{what}: {shown}{times}.")


def workers(group: str, *sweeps: str) -> None:
    """Print a list of the models of a group: how many workers are enough, and the scalability law.

    ``sweeps`` are names of runs with several numbers of workers, beside the machine's other runs.

    Raises:
        LookupError: there is no such run, or it has no curve of this group.
    """
    print(f"> {group}:\n>")
    for sweep in sweeps:
        found = curves([each for each in _saved(sweep).rows if each.group == group])
        if not found:
            raise LookupError(f"{sweep} has no curve of {group}")
        for curve in found:
            print(f"> - `{curve.model}`: {_enough(curve)}{_law(curve)}")


def losses(group: str, name: str) -> None:
    """Print the table of where the rows of a group lose time; ``name`` is that of a run with
    ``--losses``, beside the machine's other runs.

    Raises:
        LookupError: there is no such run, or it has no losses of this group.
    """
    shown = [*losses_shown([each for each in _saved(name).rows if each.group == group])]
    if not shown:
        raise LookupError(f"{name} has no losses of {group}")
    print_code(as_text(Group(*shown), COLUMNS))


def groups(*cases: str, runs: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Heading -> run and group, for ``ratios``: these cases of flags on the local server, in each of
    these runs that has them. The heading has the case, and the time that a connection costs."""
    found = {}
    for saved, case in itertools.product(runs, cases):
        group = f"flags · local server · {case}"
        rows = json.loads((RUN / f"{saved}.json").read_text(encoding="utf-8"))["benchmarks"]
        delays = {each["extra_info"].get("connect_delay") for each in rows if each["group"] == group}
        for seconds in delays:
            cost = f" + {units.time(seconds)}" if seconds else ""
            found[f"`{case}`{cost}"] = saved, group
    return found


def ratios(models: Mapping[str, Sequence[str]], places: Mapping[str, tuple[str, str]]) -> None:
    """Print a table: the times of some models in some groups, each followed by how many times as long
    other models take there, with intervals.

    ``models`` maps each model to those that are compared with it. ``places`` maps a heading to the name
    of a run beside the machine's other runs, and a group in it.

    Raises:
        LookupError: there is no such run, or the group has no such model.
    """
    print(f"|model|{'|'.join(places)}|")
    print(f"|:--|{'--:|' * len(places)}")
    for baseline, others in models.items():
        cells = {model: [f"`{model}`"] for model in (baseline, *others)}
        for saved, group in places.values():
            rows = {each.model: each for each in _saved(saved).rows if each.group == group}
            if missing := sorted(set(cells) - set(rows)):
                raise LookupError(f"{saved} has no row of {missing[0]} in {group}")
            pairs = compare([rows[model] for model in cells])
            assert pairs is not None, "rows of a run have passes in common"
            cells[baseline].append(units.time(rows[baseline].median))
            for model in others:
                pair = pairs[rows[model].id, rows[baseline].id]
                margin = pair.margin((1 - LEVEL) / 2)
                middle, low, high = (math.exp(pair.mean + each) for each in (0.0, -margin, margin))
                cells[model].append(f"×{middle:.2f} ({low:.2f}–{high:.2f})")
        for line in cells.values():
            print(f"|{'|'.join(line)}|")


def _saved(name: str) -> Run:
    """A run that was saved under a name, beside the machine's other runs."""
    path = RUN / f"{name}.json"
    if not path.is_file():
        raise LookupError(f"no run {path}")
    return runs.read(path)


def _enough(curve: Curve) -> str:
    """As in ``32 workers (16 to 32), 20.1 times the throughput of 1``."""
    found, chosen = curve.enough, curve.chosen
    more = " or more" if chosen is curve.rows[-1] else ""
    between = f" ({found.low} to {found.high})" if found.low < found.high else ""
    times = f"{curve.speed_up(chosen):.1f} times the throughput of {curve.rows[0].workers}"
    return f"{units.counted(found.workers, 'worker')}{more}{between}, {times}"


def _law(curve: Curve) -> str:
    fitted = law(curve)
    if fitted is None:
        return ""
    if not fitted.fits:
        return "; no law fits"
    each = fitted.contention
    return f"; contention {each.value:.1%} ({each.low:.1%} to {each.high:.1%})"


def _shown(each: Row, measured: Metric | None) -> str:
    if measured:
        unit = units.unit_of([measured.median], measured.unit)
        return f"{unit.text(measured.median)} {unit.symbol}".strip()
    sure = each.efficiency and not each.limit_check and each.model != "sequential"
    limit = f" ({each.efficiency:.0%} of the limit)" if sure else ""
    return f"{units.time(each.median)}{limit}"


def cases(workload: str) -> None:
    """Print a list of a workload's cases: units of work and workers."""
    for name, case in import_module(f"impls.{workload}").CASES.items():
        each = "a worker for each usable core"
        workers = units.counted(case.workers, "worker") if case.workers else each
        named = ", only by name" if getattr(case, "servers", None) == () else ""
        print(f"- `{name}`: {units.counted(case.items, 'unit')}, {workers}{named}")


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def minutes() -> str:
    """How long the run took, from its first yardstick reading of each pass to the last one."""
    ends = (max(when for each in one.values() for when, _ in each) for one in run().yardsticks)
    return f"{sum(ends) / 60:.0f} minutes"


def workloads() -> None:
    """Print a list of the workloads and their questions, with links to their pages."""
    for name in impls.workloads():
        print(f"- [{name}](workloads/{name}.md): {import_module(f'impls.{name}').QUESTION}")


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
        kinds = {field.name: field.kind for field in card.fields}
        kinds["cpu_family"] = machine.Kind.IDENTITY
        names = ", ".join(f"`{name}`" for name in kinds if kinds[name] == kind)
        print(f"| {kind} | {names} | {meanings[kind]} |")
