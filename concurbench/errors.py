"""What ends a command or a session early."""

from __future__ import annotations


class ConcurbenchError(Exception):
    """A mistake of the user's, or something missing: one sentence that says what happened, with which
    input, and what to do. A command prints it and exits with 2; pytest shows it as a usage error."""


class Interrupted(BaseException):
    """A signal asked for the end; ``number`` is the signal's."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.exit_code = 128 + number
        """The command's exit code, as in shells."""
