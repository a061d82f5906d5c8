"""Nobody computes: the naps alone.

Execution unit: none but the main thread. It shares the GIL with no other thread, so its lateness is the
operating system's: a timer, and the scheduling on a core. Costs nothing. Choose it to see which part of
the other models' latency is the operating system's.
"""

from impls.switching import Answers, Job, switch_interval, wait

WORKERS = 1
DEFAULT = ("interval_5ms",)


def run(job: Job, *, workers: int) -> Answers:
    with switch_interval(job.interval):
        return Answers(wait(job))
