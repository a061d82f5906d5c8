"""The run to compare with: which one, which rows are comparable, and what else differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from concurbench import machine
from concurbench.errors import ConcurbenchError
from concurbench.results import index, runs
from concurbench.results.drift import relative
from concurbench.results.row import Metric, Row
from concurbench.results.runs import Run, short_name


@dataclass(frozen=True)
class RunComparison:
    """Ratios are run / baseline: above 1 is slower."""

    baseline: Run
    other_machine: bool = False
    """Whether the baseline was measured on another machine."""
    yardsticks: Mapping[str, float] = field(default_factory=dict)
    """Yardstick -> its ratio, between two machines: CPU-bound rows are divided by it."""

    def before(self, row: Row) -> Row | None:
        """The row of the baseline that did the same work, if there is one."""
        before = self.baseline.by_id.get(row.id)
        return before if before and before.fingerprint == row.fingerprint else None

    def ratio(self, row: Row) -> float | None:
        """The ratio of the medians; None if they are not comparable."""
        if before := self.before(row):
            return row.median / before.median / self.yardsticks.get(row.yardstick or "", 1.0)
        return None

    def metric_ratio(self, row: Row, metric: Metric) -> float | None:
        """The ratio of a metric's medians; None if they are not comparable or the baseline's is 0."""
        before = self.before(row)
        earlier = before.metric(metric.name) if before else None
        return metric.median / earlier.median if earlier and earlier.median else None


def choose(asked: str | bool, folder: Path) -> tuple[Run | None, list[str]]:
    """The run that ``--benchmark-compare`` names, and notes about the choice for the user.

    ``asked`` is True for the last complete run in the machine's ``folder``, or the number or name of a
    run there, or a file's path.

    Raises:
        ConcurbenchError: the run does not exist or cannot be read.
    """
    if isinstance(asked, bool):
        run, notes = runs.last_complete(folder)
        if run is None:
            notes.append(f"nothing to compare with yet: no complete run in {folder}")
        return run, notes
    if Path(asked).is_dir() or asked.endswith(".py") or "::" in asked:
        # The option's value is optional, so it takes the argument after it.
        raise ConcurbenchError(
            f"{asked!r} was taken for the run to compare with: "
            f"put the option last, as in: pytest {asked} --benchmark-compare"
        )
    found = [Path(asked)] if Path(asked).is_file() else runs.matching(asked, folder)
    if not found:
        raise ConcurbenchError(f"no run {asked!r} in {folder}{index.listed(folder.parent)}")
    return runs.read(found[-1]), []


def compare(run: Run, baseline: Run) -> RunComparison:
    """The run beside its baseline, with the yardsticks' ratios if that is of another machine."""
    if _machine(run) == _machine(baseline) and not _other_processor(run, baseline):
        return RunComparison(baseline)
    return RunComparison(baseline, True, relative(baseline.readings, run.readings))


def differences(run: Run, baseline: Run | None) -> list[str]:
    """Sentences about what differs besides the times: rows of other work, and facts about the machine.

    None without a baseline.
    """
    if baseline is None:
        return []
    found = [
        f"not compared, because the work differs: {short_name(row.id)}"
        for row in run.rows
        if (before := baseline.by_id.get(row.id)) and before.fingerprint != row.fingerprint
    ]
    facts = machine.differences(baseline.machine, run.machine)
    return found + ([f"compared despite differences: {', '.join(facts)}"] if facts else [])


def _machine(run: Run) -> str:
    """The folder of its machine, without the numbers of the processor: older files lack them there."""
    return re.sub(r"-\d+(\.\d+)+(?=-[\d.]+c\b)", "", run.home)


def _other_processor(run: Run, baseline: Run) -> bool:
    """Whether the processors differ although the hypervisor gives both the same name."""
    numbers = {each.machine.get("cpu_family", machine.UNKNOWN) for each in (run, baseline)}
    return len(numbers - {machine.UNKNOWN}) > 1
