"""One thread per task.

Execution unit: threads, a new one for each task. They share everything. A semaphore enforces the bound.
The program acquires it before it starts a thread, so no more threads run than the bound allows. Each
thread reports its own result, so results arrive as soon as they are ready. The program must pass errors
on itself.
Costs the start and the end of a thread for each task.
Choose it for few, long tasks. A pool does the same and reuses its threads.
"""

from threading import Semaphore, Thread

from impls.naps import Job, Results, Task, nap

DEFAULT = False
CASES = ("tasks_5_longest_first", "tasks_5", "tasks_10", "tasks_1k", "tasks_10k")


def run(job: Job, *, workers: int) -> Results:
    results = Results(in_order=False)
    errors: list[BaseException] = []
    free = Semaphore(workers)

    def work(task: Task) -> None:
        try:
            results.take(nap(task))
        except BaseException as error:
            errors.append(error)
        finally:
            free.release()

    threads = []
    for task in job.tasks:
        free.acquire()
        if errors:
            break
        threads.append(Thread(target=work, args=(task,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
