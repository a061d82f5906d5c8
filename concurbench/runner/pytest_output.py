"""What a pytest process said last: the one line worth repeating."""

from __future__ import annotations

import re
from pathlib import Path

TELLING = re.compile(r"(?:E  |ERROR: |.*?: error: )(.+)")
"""Lines in which pytest says what is wrong."""


def last_words(output: Path) -> str:
    """The line of a pytest's output that says best what went wrong."""
    lines = [line for line in output.read_text(errors="replace").splitlines() if line.strip()]
    told = [match[1] for line in lines if (match := TELLING.match(line))]
    return (told or lines or ["nothing"])[-1].strip()
