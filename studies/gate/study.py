"""The measurements of a gate study, and their file."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from concurbench.errors import ConcurbenchError
from concurbench.gate.samples import Block
from concurbench.results import records
from concurbench.results.records import Entry
from studies.gate.resample import Observed

KIND = "gate study"

INJECTED = 0.10
"""The share by which rows are slowed down."""


@dataclass(frozen=True)
class GateStudy:
    """All measurements."""

    machine: Mapping[str, Any]
    threshold: float
    injected_share: float
    seconds: float
    """How long the measurements took."""
    hand_off: Mapping[str, float]
    """A round's length in words -> the median ratio of a round right after a hand-off to later ones."""
    identical: Sequence[Observed]
    """Log-ratios of blocks of identical code."""
    injected: Sequence[Observed]
    """Log-ratios of blocks in which every row of head was slowed down."""
    block_seconds: float
    """The median time of a block."""
    checked: Mapping[str, float]
    """Row -> the measured ratio of its slowed-down rounds to what they took without."""
    gates: Sequence[Mapping[str, Any]]
    """Real gates: the row slowed down, the exit code, the rows found slower, blocks, seconds."""


def read(path: Path) -> GateStudy:
    """The study that this file holds.

    Raises:
        ConcurbenchError: the file cannot be read, or the study is not complete.
    """
    header, entries = records.read(path, KIND)
    try:
        study = parse(header, entries)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ConcurbenchError(f"{path} has an entry that cannot be read: {error!r}") from None
    parts: dict[str, Any] = {
        "hand-off": study.hand_off, "identical blocks": study.identical[1:],
        "injected blocks": study.injected[1:], "gates": study.gates,
    }  # fmt: skip
    if missing := [name for name, part in parts.items() if not part]:
        raise ConcurbenchError(f"{path} has no {', no '.join(missing)}: continue it with --more")
    return study


def parse(header: Entry, entries: Sequence[Entry]) -> GateStudy:
    """The study of these entries, complete or not."""
    hand_offs, identical, injected, gates = (
        [entry for entry in entries if entry["what"] == what]
        for what in ("hand-off", "identical", "injected", "gate")
    )
    ratios = defaultdict(list)
    for entry in injected:
        for row, ratio in entry.get("checked", {}).items():
            ratios[row].append(ratio)
    return GateStudy(
        machine=header["machine"],
        threshold=header["threshold"],
        injected_share=header["injected"],
        seconds=entries[-1]["elapsed"] if entries else 0.0,
        hand_off=hand_offs[-1]["ratios"] if hand_offs else {},
        identical=[Block.from_json(entry["block"]).log_ratios for entry in identical],
        injected=[Block.from_json(entry["block"]).log_ratios for entry in injected],
        block_seconds=statistics.median(entry["seconds"] for entry in identical) if identical else 0.0,
        checked={row: statistics.median(each) for row, each in ratios.items()},
        gates=[entry["gate"] for entry in gates],
    )
