"""One chapter after the other, into one Counter.

Execution unit: the main thread only. There is nothing to merge.
Costs nothing. The other models are compared with it.
"""

from collections import Counter

from impls.wordcount import Job, count

DEFAULT = ("words_500k",)
WORKERS = 1


def run(job: Job, *, workers: int) -> Counter[str]:
    total: Counter[str] = Counter()
    for chapter in job.chapters:
        count(chapter, total)
    return total
