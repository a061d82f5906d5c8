"""The passes of one run, one after another, each in a fresh process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from concurbench.runner import schedule
from concurbench.runner.child import ChildResult


@dataclass
class Passes:
    """What has been measured so far."""

    rows: Sequence[str]
    """All rows, as they were collected."""
    asked: int
    """How many passes it is to be."""
    contents: list[Mapping[str, Any]] = field(default_factory=list)
    """What each pass that ended in order has saved."""
    failed: dict[str, str] = field(default_factory=dict)
    """Row -> why it failed."""
    errors: list[str] = field(default_factory=list)
    """What else went wrong."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Row -> the median of its rounds in the first pass."""
    took: dict[str, float] = field(default_factory=dict)
    """Row -> how long it kept the first pass busy, seconds."""

    def visited(self, number: int) -> list[str]:
        """The rows of this pass, from 1, in order."""
        return schedule.visited(self.rows, number, self.asked, self.seconds)

    def left(self, number: int, done: int = 0) -> float | None:
        """Seconds from here to the end, when so many rows of this pass are done; None before anything
        is known."""
        if not self.took:
            return None
        ahead = self.visited(number)[done:]
        for later in range(number + 1, self.asked + 1):
            ahead += self.visited(later)
        return sum(self.took.get(row, 0.0) for row in ahead)

    def add(self, ended: ChildResult) -> None:
        """One more pass has ended."""
        for row, (outcome, why) in ended.outcomes.items():
            if outcome == "failed":
                self.failed.setdefault(row, why)
                self.seconds.pop(row, None)
        wrong = [*ended.errors, *filter(None, [ended.trouble])]
        if ended.code and not wrong and not self.failed:
            wrong.append(f"pytest ended with exit code {ended.code}")
        self.errors += [error for error in wrong if error not in self.errors]
        if ended.content is None:
            return
        if not self.contents:
            self.took = dict(ended.took)
            self.seconds = {
                row["fullname"]: row["stats"]["median"]
                for row in ended.content["benchmarks"]
                if row["fullname"] not in self.failed
            }
        self.contents.append(ended.content)


def measure(
    passes: Passes,
    session: Callable[[Sequence[str] | None], ChildResult],
    tell: Callable[[int], None],
) -> None:
    """Make all passes; ``session`` makes one, and ``tell`` is told which one starts.

    Ends early where a pass saved nothing: then the next ones would not either.
    """
    for number in range(1, passes.asked + 1):
        tell(number)
        before = len(passes.contents)
        # The first in the order of collection, whatever that is in the session itself.
        passes.add(session(passes.visited(number) if number > 1 else None))
        if len(passes.contents) == before:
            return
