"""Nobody computes: the naps alone.

Execution unit: none but the main thread. It shares its lock with nobody, so what it is late is the
operating system's: a timer, and the way onto a core. Costs nothing. Choose it to see how much of the
others' latency is not theirs.
"""

from impls.switching import Answers, Job, switch_interval, wait

WORKERS = 1
DEFAULT = ("interval_5ms",)


def run(job: Job, *, workers: int) -> Answers:
    with switch_interval(job.interval):
        return Answers(wait(job))
