"""The run to compare with: which one, which rows are comparable, and what else differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from concurbench import machine
from concurbench.errors import ConcurbenchError
from concurbench.results import runs
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
        """The same row in the baseline, if it is there."""
        return self.baseline.by_id.get(row.id)

    def same_work(self, row: Row) -> bool:
        """Whether the baseline has the row, and it did the same work."""
        before = self.before(row)
        return before is not None and before.fingerprint == row.fingerprint

    def ratio(self, row: Row) -> float | None:
        """The ratio of the medians; None if they are not comparable."""
        before = self.before(row)
        if before is None or not self.same_work(row):
            return None
        return row.median / before.median / self.yardsticks.get(row.yardstick or "", 1.0)

    def metric_ratio(self, row: Row, metric: Metric) -> float | None:
        """The ratio of a metric's medians; None if they are not comparable or the baseline's is 0."""
        before = self.before(row)
        earlier = before.metric(metric.name) if before and self.same_work(row) else None
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
    return named(asked, folder), []


def named(asked: str, folder: Path) -> Run:
    """The run of this number or name in a machine's ``folder``, or the one in the file of this path.

    Raises:
        ConcurbenchError: it does not exist or cannot be read.
    """
    found = [Path(asked)] if Path(asked).is_file() else runs.matching(asked, folder)
    if not found:
        raise ConcurbenchError(f"no run {asked!r} in {folder}: {_alternatives(folder)}")
    return runs.read(found[-1])


def compare(run: Run, baseline: Run) -> RunComparison:
    """The run beside its baseline, with the yardsticks' ratios if that is of another machine."""
    if run.home == baseline.home and not _other_processor(run, baseline):
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


def _alternatives(folder: Path) -> str:
    if numbers := [runs.label(path) for path in reversed(runs.numbered(folder))]:
        return f"complete runs there: {', '.join(numbers)}"
    machines = [each.name for each in sorted(folder.parent.glob("*/")) if runs.numbered(each)]
    return f"it has no complete run; folders that have one: {', '.join(machines) or 'none'}"


def _other_processor(run: Run, baseline: Run) -> bool:
    """Whether the processors differ although the hypervisor gives both the same name."""
    # The numbers that distinguish them are part of the folder's name, except in older files.
    numbers = {each.machine.get("cpu_family", machine.UNKNOWN) for each in (run, baseline)}
    return len(numbers - {machine.UNKNOWN}) > 1
