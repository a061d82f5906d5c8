"""A coroutine that does nothing, timed by pyperf: ``python -m studies.agreement.script.in_loop FILE``.

pyperf starts a process for the timing. The median of its values is written to the file.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

import pyperf

OPTIONS = ("--quiet", "--processes=1", "--values=5", "--warmups=1", "--min-time=0.1")
"""Options for about as much time as the other timer takes; pyperf chooses the number of loops."""


async def nothing() -> None: ...


def main(answer: Path) -> None:
    """Time the coroutine, and write the median to the file."""
    runner = pyperf.Runner(program_args=(__file__, str(answer)))
    runner.parse_args([*OPTIONS, *sys.argv[2:]])
    timed = runner.bench_async_func("empty", nothing)
    if not runner.args.worker:
        answer.write_text(json.dumps([statistics.median(timed.get_values())]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
