"""One buffer after the other.

Execution unit: none but the main thread. Costs nothing: it is what the others are compared with.
"""

from impls.digests import Job, Packed, pack

WORKERS = 1
GATE = ("buffers_150k",)


def run(job: Job, *, workers: int) -> list[Packed]:
    return [pack(buffer) for buffer in job.buffers]
