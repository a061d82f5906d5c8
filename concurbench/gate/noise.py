"""The noise of each row on this machine, as ``concurbench calibrate`` measured it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from concurbench import machine
from concurbench.errors import ConcurbenchError
from concurbench.gate import decision
from concurbench.results.storage import write_atomic

FILE = "noise.json"


@dataclass(frozen=True)
class Noise:
    """How much identical code differs, as shares: 0.05 is 5 %."""

    deviation: float
    """The standard deviation of a block's log-ratio."""
    floor: float
    """The smallest useful threshold (``decision.noise_floor``)."""
    blocks: int
    measured: str
    """The day."""


def file(project: Path, python: str) -> Path:
    """The noise file of a project on this machine; ``python`` is an interpreter, as in folder names."""
    results = project / "results"
    return (results if results.is_dir() else project / ".benchmarks") / machine.folder(python) / FILE


def measured(log_ratios: Mapping[str, Sequence[float]]) -> dict[str, Noise]:
    """The noise of each row with enough blocks of base against itself."""
    today = time.strftime("%Y-%m-%d")
    return {
        row: Noise(decision.deviation(each), decision.noise_floor(each), len(each), today)
        for row, each in log_ratios.items()
        if len(each) >= decision.MIN_BLOCKS
    }


def read(path: Path) -> dict[str, Noise]:
    """Row -> noise; empty if the file does not exist.

    Raises:
        ConcurbenchError: the file is not a noise file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        noises = {row: Noise(**noise) for row, noise in content.items()}
        for each in noises.values():
            if not isinstance(each.floor, float) or not isinstance(each.deviation, float):
                raise ValueError("floor and deviation must be numbers")
        return noises
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConcurbenchError(
            f"cannot read {path} ({error}): remove it, then run concurbench calibrate again"
        ) from None


def write(path: Path, noises: Mapping[str, Noise]) -> None:
    """Add these rows to the file, or replace them there.

    Raises:
        ConcurbenchError: the file is not a noise file.
        OSError: the file cannot be written.
    """
    merged = {**read(path), **noises}
    content = {row: asdict(noise) for row, noise in sorted(merged.items())}
    write_atomic(path, json.dumps(content, indent=1) + "\n")
