"""The naps alone, without a computing thread.

Execution unit: the main thread only. It shares its lock with no other thread, so its latency comes from
the operating system: a timer, and scheduling onto a core.
Costs nothing.
Choose it to see which part of the latency of the other models comes from the system.
"""

from impls.switching import Answers, Job, switch_interval, wait

WORKERS = 1
REFERENCE = True
DEFAULT = ("interval_5ms",)


def run(job: Job, *, workers: int) -> Answers:
    with switch_interval(job.interval):
        return Answers(wait(job))
