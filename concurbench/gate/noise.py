"""The noise of each row on this machine, as ``concurbench calibrate`` found it."""

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
    """What identical code differed by. Shares: 0.05 is 5 %."""

    deviation: float
    """The standard deviation of a block's log-ratio."""
    floor: float
    """The least threshold that makes sense (see ``decision.noise_floor``)."""
    blocks: int
    measured: str
    """The day."""


class NoiseError(ConcurbenchError):
    """The file cannot be used; the message says why."""


def file(project: Path, python: str | None = None) -> Path:
    """Where the noise of a project's rows is kept, for this machine and the interpreter of this name
    (the one at hand by default)."""
    results = project / "results"
    return (results if results.is_dir() else project / ".benchmarks") / machine.folder(python) / FILE


def measured(log_ratios: Mapping[str, Sequence[float]]) -> dict[str, Noise]:
    """The noise of these rows, from blocks of base against itself."""
    today = time.strftime("%Y-%m-%d")
    return {
        row: Noise(decision.deviation(each), decision.noise_floor(each), len(each), today)
        for row, each in log_ratios.items()
        if len(each) >= decision.FEWEST
    }


def read(path: Path) -> dict[str, Noise]:
    """Row -> noise; empty where nothing has been calibrated.

    Raises:
        NoiseError: the file is not one of ours.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        noises = {row: Noise(**noise) for row, noise in content.items()}
        for each in noises.values():
            if not isinstance(each.floor, float) or not isinstance(each.deviation, float):
                raise ValueError("a number is none")
        return noises
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise NoiseError(
            f"{path} cannot be read ({error}): remove it, and concurbench calibrate makes it anew"
        ) from None


def write(path: Path, noises: Mapping[str, Noise]) -> None:
    """Keep these, beside those of other rows.

    Raises:
        NoiseError, OSError: the file cannot be read or written.
    """
    together = {**read(path), **noises}
    content = {row: asdict(noise) for row, noise in sorted(together.items())}
    write_atomic(path, json.dumps(content, indent=1) + "\n")
