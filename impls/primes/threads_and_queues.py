"""Threads with a queue of work and a queue of results.

Execution unit: ``threading.Thread``, started by hand. They share everything: two queues, and the
interpreter lock, so they compute by turns like the pool of ``threaded``. Costs what a pool does for
you: one sentinel for each worker to end by, results put back in order, and errors carried over by
hand, or the program would wait for a result that never comes. Choose it where work appears while
other work is done, or workers keep something of their own; where there is a list of tasks, a pool is
this in two lines.
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
        except BaseException as error:  # whatever it is: each task is answered, or the caller waits
            results.put((index, [], error))
