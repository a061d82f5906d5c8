"""A coroutine that does nothing, timed by the fixture ``aio_benchmark`` where pytest runs this file, or
by pyperf: ``python -m studies.agreement.in_loop FILE`` writes the median to the file."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pyperf's process does not import the tool
    from concurbench.aio import AioBenchmark

OPTIONS = ("--quiet", "--processes=1", "--values=5", "--warmups=1", "--min-time=0.1")
"""Options for about as much time as the other timer takes; pyperf chooses the number of loops."""


async def nothing() -> None: ...


async def test_empty(aio_benchmark: AioBenchmark) -> None:
    await aio_benchmark(nothing)


def main(answer: Path) -> None:
    """Time the coroutine in a process that pyperf starts."""
    import pyperf

    runner = pyperf.Runner(program_args=(__file__, str(answer)))
    runner.parse_args([*OPTIONS, *sys.argv[2:]])
    timed = runner.bench_async_func("empty", nothing)
    if not runner.args.worker:
        answer.write_text(json.dumps([statistics.median(timed.get_values())]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
