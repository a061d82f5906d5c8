"""Threads with a queue of work and a queue of results.

Execution unit: instances of ``threading.Thread`` that the program starts itself. They share everything:
two queues, and the interpreter lock. So they compute in turn, like the pool of ``threaded``.
Costs what a pool does for you. The program sends one sentinel per worker, restores the order of the
results, and passes errors on. Without that it would wait for a missing result.
Choose it if new work appears during the work, or if workers keep their own state. For a list of tasks,
a pool does this in two lines.
"""

from collections.abc import Sequence
from queue import SimpleQueue
from threading import Thread

from impls.primes import Job, primes_in

DEFAULT = False

Tasks = SimpleQueue[tuple[int, Sequence[int]] | None]
Results = SimpleQueue[tuple[int, list[int], BaseException | None]]


def run(job: Job, *, workers: int) -> list[list[int]]:
    tasks, results = Tasks(), Results()
    threads = [Thread(target=work, args=(tasks, results), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for task in enumerate(job.batches):
        tasks.put(task)
    for _ in threads:
        tasks.put(None)
    told = [results.get() for _ in job.batches]
    for thread in threads:
        thread.join()
    for _, _, error in told:
        if error is not None:
            raise error
    return [primes for _, primes, _ in sorted(told)]


def work(tasks: Tasks, results: Results) -> None:
    while (task := tasks.get()) is not None:
        index, batch = task
        try:
            results.put((index, primes_in(batch), None))
        except BaseException as error:  # any error: answer each task, or the caller waits forever
            results.put((index, [], error))
