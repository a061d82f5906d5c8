"""Interpreters with a Counter each, merged at the end.

Execution unit: threads, each with its own interpreter, in an ``InterpreterPoolExecutor``. They share
the process but no objects, so they cannot count into one dict at all.
Costs an interpreter for each worker, and pickling one Counter for each of them.
Choose it from Python 3.14 on, with the interpreter lock, if the pool lasts longer than one job.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.shared import Batch, Job, events

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> Counter[int]:
    # A new interpreter starts with the initial sys.path of this process: pass the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    parts = [job.batches[worker::workers] for worker in range(workers)]
    total: Counter[int] = Counter()
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        for counts in pool.map(count, parts):
            total.update(counts)
    return total


def count(batches: Sequence[Batch]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for batch in batches:
        counts.update(events(batch))
    return counts
