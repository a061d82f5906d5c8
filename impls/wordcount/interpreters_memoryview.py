"""A pool of interpreters that share the text, as views of memory.

Execution unit: threads, each with its own interpreter, in an ``InterpreterPoolExecutor``. They share
the bytes of the chapters: a ``memoryview`` arrives without a copy (PEP 734).
Costs a copy into bytes and one back into a string, because a ``str`` offers no buffer. So it copies
more than ``interpreters``, which hands over the string.
Choose it for arrays, which workers use in place.
"""

import sys
from collections import Counter
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.wordcount import Job, count, merge

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> Counter[str]:
    # A new interpreter starts with the initial sys.path of this process: pass the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    views = [memoryview(chapter.encode()) for chapter in job.chapters]
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        return merge(pool.map(count_view, views))


def count_view(view: memoryview) -> Counter[str]:
    return count(str(view, "utf-8"))
