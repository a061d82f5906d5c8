"""What became of each row of a session, and whether all of them together make a complete run."""

from __future__ import annotations

from collections.abc import Collection


class Tally:
    """Counts rows by their ids, as pytest reports them."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.narrowed: list[str] = []
        """Why this session has fewer rows, or other ones, than a plain one."""
        self.left_out = 0
        """How many rows a plain session leaves out, for they are not default."""
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.skipped: dict[str, str] = {}
        """Row -> the reason it was skipped for."""

    @property
    def proven(self) -> set[str]:
        """The rows whose every answer was right and whose end went well too."""
        return self.passed - self.failed

    def why_incomplete(self, exit_code: int, timed: Collection[str]) -> list[str]:
        """The reasons why this is no complete run; none where it is one.

        A complete run has timed every row that a plain session would, or skipped it with its reason,
        and ended well; ``timed`` are the ids of the rows it has times of.
        """
        reasons = list(dict.fromkeys(self.narrowed))
        left = len(self.rows) - len(self.passed | self.failed | self.skipped.keys())
        if self.failed:
            reasons.append(f"{len(self.failed)} of {len(self.rows)} rows failed")
        if left:
            reasons.append(f"{left} of {len(self.rows)} rows never ran")
        if untimed := self.proven - set(timed):
            reasons.append(f"{len(untimed)} of {len(self.rows)} rows timed nothing")
        if not reasons and exit_code:
            reasons.append(f"pytest ends with exit code {exit_code}")
        if not reasons and not timed:
            reasons.append("nothing was timed")
        return reasons
