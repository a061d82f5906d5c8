"""A coroutine that does nothing, timed by pyperf: ``python -m`` with this module's name and a file.

pyperf times it in a process that it starts for that; the median of what it found goes into the file.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

import pyperf

OPTIONS = ("--quiet", "--processes=1", "--values=5", "--warmups=1", "--min-time=0.1")
"""As long as the other timer takes, of its own choice of loops."""


async def nothing() -> None: ...


def main(answer: Path) -> None:
    """Time it, and write the median down."""
    runner = pyperf.Runner(program_args=(__file__, str(answer)))
    runner.parse_args([*OPTIONS, *sys.argv[2:]])
    timed = runner.bench_async_func("empty", nothing)
    if not runner.args.worker:
        answer.write_text(json.dumps([statistics.median(timed.get_values())]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
