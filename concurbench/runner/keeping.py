"""What becomes of the passes once they are over: one run, compared, and saved where it is complete."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pytest_benchmark.logger import Logger
from pytest_benchmark.utils import get_tag

from concurbench import machine
from concurbench.results import runs
from concurbench.results.baseline import differences
from concurbench.results.merge import changed, merge
from concurbench.results.runs import Run, short_name
from concurbench.results.storage import Storage, default_path, write_or_rescue
from concurbench.runner.run import Passes


class Check(Protocol):
    """What ``--benchmark-compare-fail`` asks of a row, as pytest-benchmark reads it."""

    def fails(self, current: Mapping[str, Any], compared: Mapping[str, Any]) -> str | None:
        """Why these times are too slow beside those; None where they are not."""


@dataclass(frozen=True)
class Kept:
    """A run and what is to be said of it."""

    run: Run
    remarks: Sequence[str]
    """What follows from a comparison, and why it is no baseline."""
    regressions: Sequence[str]
    saved: Path | None
    trouble: str | None
    """Why it is not saved where it should be."""


def check_storage(storage: Path) -> None:
    """Whether runs could be saved there.

    Raises:
        OSError: they could not.
    """
    _storage(storage).check_writable()


def keep(
    passes: Passes,
    storage: Path,
    earlier: Run | None,
    checks: Sequence[Check],
    name: str | None,
    json_file: Path | None,
) -> Kept | None:
    """Make one run of the passes, and save it if it is complete, or was given a ``name``; one that
    ended early is kept apart from the others. None where nothing was timed.

    A row that was changed while it was measured has failed.
    """
    for row in changed(passes.contents):
        passes.failed.setdefault(row, "it was changed while it was measured")
    good = [_without(content, passes.failed) for content in passes.contents]
    if not any(content["benchmarks"] for content in good):
        return None
    content = merge(good)
    regressions = list(_regressions(content, earlier, checks)) if earlier else []
    content[runs.OURS].update(_completeness(passes, content[runs.OURS], bool(regressions)))
    incomplete = content[runs.OURS]["incomplete"]
    place = _storage(storage)
    place.complete = not incomplete
    saved, trouble = None, None
    if not incomplete or name:
        place.save(content, name or get_tag())
        saved = place.saved
    elif len(passes.contents) < passes.asked:  # minutes of work, and nobody wanted it to end
        saved, trouble = write_or_rescue(
            default_path("runs", storage.resolve().parent.name), json.dumps(content, indent=1)
        )
    if json_file:
        _, trouble = write_or_rescue(json_file, json.dumps(content, indent=1))
    run = runs.parse(content, saved or place.folder / "run.json")
    how = "" if saved else " (--benchmark-save=NAME would save it all the same)"
    remarks = differences(run, earlier)
    if incomplete:
        remarks.append(f"not a complete run, so no baseline{how}: {'; '.join(incomplete)}")
    return Kept(run, remarks, regressions, saved, place.trouble or trouble)


def _storage(folder: Path) -> Storage:
    return Storage(folder, Logger(Logger.QUIET), default_machine_id=machine.folder())


def _without(content: Mapping[str, Any], failed: Mapping[str, str]) -> Mapping[str, Any]:
    rows = [row for row in content["benchmarks"] if row["fullname"] not in failed]
    return {**content, "benchmarks": rows}


def _completeness(passes: Passes, ours: Mapping[str, Any], slower: bool) -> dict[str, Any]:
    reasons = list(ours["incomplete"])
    if passes.failed:
        # Each pass has said so of its own.
        reasons = [why for why in reasons if "rows failed" not in why and "exit code" not in why]
        reasons.append(f"{len(passes.failed)} of {len(passes.rows)} rows failed")
    if len(passes.contents) < passes.asked:
        reasons.append(f"{len(passes.contents)} of {passes.asked} passes")
    if passes.errors and not reasons:
        reasons.append(passes.errors[0])
    if slower:
        reasons.append("slower than --benchmark-compare-fail allows")
    return {"incomplete": reasons, "complete": not reasons}


def _regressions(content: Mapping[str, Any], earlier: Run, checks: Sequence[Check]) -> Iterator[str]:
    for row in content["benchmarks"]:
        before = earlier.by_id.get(row["fullname"])
        if before is None or before.fingerprint != row["extra_info"].get("fingerprint"):
            continue
        for check in checks:
            if told := check.fails(row["stats"], earlier.stats[row["fullname"]]):
                yield f"{short_name(row['fullname'])}: {told}"
