"""One buffer after the other.

Execution unit: the main thread only.
Costs nothing. The other models are compared with it.
"""

from impls.digests import Job, Packed, pack

DEFAULT = ("buffers_150k", "buffers_500k")
WORKERS = 1
GATE = ("buffers_150k",)


def run(job: Job, *, workers: int) -> list[Packed]:
    return [pack(buffer) for buffer in job.buffers]
