"""One thread a task.

Execution unit: threads, a new one for each task. They share everything. A semaphore holds the bound,
and the next thread starts when it has let somebody go: no more are there than may work. Each thread
hands over its own result, so results come as they are ready; an error has to be carried out by hand.
Costs the start and the end of a thread for each task. Choose it where tasks are few and last long;
a pool is this, with the threads used again.
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
